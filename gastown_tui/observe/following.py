"""Follow a file that grows, and is renamed, copied away, cut, rewritten or deleted meanwhile: every whole line once."""

import os
import re
import stat
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

BLOCK = 256 << 10
# What the parser takes of a line; a longer one is told with one byte more, by which the parser knows it.
LONGEST = 1 << 20
ANCHOR_BYTES = 256
# A writer that has the file open goes on in it after it was renamed.
LATE_S = 5.0
TORN_S = 5.0
# Who rewrites a file without its oldest lines is not done when the first of what stays is there.
SETTLE_S = 0.1
# Lines told lately, by which what was told is found again in a file that was rewritten: so many of them in a row.
REMEMBERED = 8192
ENOUGH = 8
SEARCHED_BYTES = 16 << 20
MOST_PLACES = 1024
MOST_GENERATIONS = 64
_GENERATION = r"[._-](\d|old\b)"
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".lz4", ".Z")

Raw = tuple[int, bytes]


class Reading(NamedTuple):
    """Whole lines, without their LF, each with the offset at which it stands in its file; `more`: there is more at once."""

    lines: Sequence[Raw] = ()
    more: bool = False


class _File:
    """An open file, and how far it was read. `anchor` is what stood before `offset`; it must stand there still."""

    def __init__(self, path: str, now: float, *, current: bool = True, sure: bool = True) -> None:
        self.descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        found = os.fstat(self.descriptor)
        if not stat.S_ISREG(found.st_mode):
            os.close(self.descriptor)
            raise OSError("not a regular file")
        self.identity = found.st_dev, found.st_ino
        self.current = current
        self.sure = sure
        self.again(now)

    def again(self, now: float) -> None:
        """Forgets how far it was read: it was rewritten."""
        self.changed = now
        self.placed = self.skipping = False
        self.offset, self.anchor, self.half = 0, b"", b""

    def stand(self, offset: int, *, skipping: bool = False) -> None:
        """Goes on at a byte; with `skipping` at the first line that begins after it."""
        self.placed, self.offset, self.skipping = True, offset, skipping
        before = min(offset, ANCHOR_BYTES)
        self.anchor = os.pread(self.descriptor, before, offset - before)

    def take(self, most: int, now: float) -> Reading | None:
        """Returns the lines of about `most` further bytes; None where what was read before does not stand there any more."""
        data = os.pread(self.descriptor, len(self.anchor) + most, self.offset - len(self.anchor))
        if not data.startswith(self.anchor):
            return None
        fresh = data[len(self.anchor) :]
        more = len(fresh) == most
        if self.skipping:
            return self._skip(fresh, more=more)
        end = fresh.rfind(b"\n") + 1
        if more and not end:
            return self._take_long(fresh) if most > LONGEST else self.take(LONGEST + 1, now)
        if not more and (end or fresh != self.half):
            self.half, self.changed = fresh[end:], now
        lines = tuple(lines_of(self.offset, fresh[:end]))
        self.consume(fresh[:end])
        return Reading(lines, more)

    def _skip(self, fresh: bytes, *, more: bool) -> Reading:
        end = fresh.find(b"\n") + 1
        self.skipping = not end
        self.consume(fresh[: end or None])
        return Reading((), more or not self.skipping)

    def _take_long(self, fresh: bytes) -> Reading:
        """Takes the beginning of a line that is too long. The zeros of a hole, which a writer left before it, are none."""
        zeros = len(fresh) - len(fresh.lstrip(b"\0"))
        if zeros > 1:
            self.consume(fresh[: zeros - 1])
            return Reading((), True)
        line = (self.offset, fresh)
        self.consume(fresh)
        self.skipping = True
        return Reading((line,), True)

    def consume(self, data: bytes) -> None:
        self.offset += len(data)
        self.anchor = (self.anchor + data[-ANCHOR_BYTES:])[-ANCHOR_BYTES:]

    def size(self) -> int:
        return os.fstat(self.descriptor).st_size

    def written(self) -> int:
        return os.fstat(self.descriptor).st_mtime_ns

    def holds(self, offset: int, anchor: bytes) -> bool:
        return os.pread(self.descriptor, len(anchor), offset - len(anchor)) == anchor


class Follower:
    """The whole lines of one file, in the order in which they stand there, from `tail_bytes` before its end (None: all).

    Every method uses the disk, never waits, and raises no OSError; none may run beside another. `state` says why there is
    nothing new to read (`absent`, `empty`, `not a regular file`, what the system says) and is empty where all is well. `start`
    is the byte of the present file before which nothing was read.

    A file that was renamed is read to its end, and for five seconds more. In what stands in its place, in a copy that was taken
    before it was cut, and in what was rewritten, reading goes on after the lines told lately, else at the beginning; that is
    decided `settle_s` after it was seen, when who rewrote it is done.
    """

    def __init__(self, path: str | os.PathLike[str], tail_bytes: int | None = None, settle_s: float = SETTLE_S) -> None:
        self.state = ""
        self.start = 0
        self._path = os.fspath(path)
        self._tail = tail_bytes
        self._settle = settle_s
        self._file: _File | None = None
        self._olds: list[_File] = []
        self._recent: deque[int] = deque(maxlen=REMEMBERED)
        self._places: dict[tuple[int, int], tuple[int, bytes]] = {}
        # Whether what there is came while we looked, and not before.
        self._new = False
        # When (ns, by the file system) the file had been written last at the last look that saw all of it.
        self._since: int | None = None
        self._written = 0

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        while self._olds:
            self._leave(self._olds[-1])
        if self._file:
            os.close(self._file.descriptor)
            self._file = None

    def read(self, now: float, most: int = BLOCK) -> Reading:
        """Returns the lines that came since, of about `most` bytes of each file. `now`: seconds of a clock that only grows."""
        self._look(now)
        told: list[Raw] = []
        for old in tuple(self._olds):
            lines, more = self._drain(old, now, most)
            told += lines
            if more:
                return Reading(told, True)
        try:
            lines, more = self._advance(self._file, now, most) if self._file else Reading()
        except OSError as error:
            self._lose(now, _why(error))
            return Reading(told)
        return Reading((*told, *lines), more)

    def settling(self, now: float) -> bool:
        """Returns whether it is to be decided soon where to go on, though nothing more may be written."""
        file = self._file
        return file is not None and not file.placed and now - file.changed < self._settle

    def torn(self, now: float) -> bytes:
        """Returns the half line at the end, if it has not grown for five seconds."""
        file = self._file
        return file.half if file and now - file.changed >= TORN_S else b""

    def _look(self, now: float) -> None:
        """Compares what the path names with what is open, and opens what is new."""
        try:
            found = os.stat(self._path)
            if not stat.S_ISREG(found.st_mode):
                raise OSError("not a regular file")
            if self._file is None or self._file.identity != (found.st_dev, found.st_ino):
                if self._file:
                    # What the path names once it was seen what lies beside is newer than all of that.
                    self._lose(now, "")
                    return self._look(now)
                self._file = self._again_or_new((found.st_dev, found.st_ino), now)
            self._written = found.st_mtime_ns
            self.state = "" if found.st_size else "empty"
        except FileNotFoundError:
            self._lose(now, "absent")
        except OSError as error:
            self._lose(now, _why(error))

    def _again_or_new(self, identity: tuple[int, int], now: float) -> _File:
        for old in self._olds:
            if old.identity == identity:
                self._olds.remove(old)
                old.current = True
                return old
        return _File(self._path, now)

    def _lose(self, now: float, state: str) -> None:
        self.state, self._new = state, True
        if self._since is None and not self._written:
            # What changes from here on, where nothing was ever seen, may be cut or renamed before it is.
            with suppress(OSError):
                self._since = os.stat(os.path.dirname(self._path) or ".").st_mtime_ns + 1
        if file := self._file:
            before = () if file.placed else self._generations(now)
            self._olds += sorted((*before, file), key=_File.written)
            file.changed = now
            self._file, self.start = None, 0

    def _advance(self, file: _File, now: float, most: int) -> Reading:
        first, placed = self._since is None and not self._new, file.placed
        if not (placed or self._place(file, now, first=first)):
            return Reading()
        skipping, changed = file.skipping, file.changed
        taken = file.take(most, now)
        if taken is None:
            file.again(now)
            self.start, self._new = 0, True
            return Reading((), not self._settle)
        # Only what lay beside it before this was read can hold what was cut from it before.
        if not (placed or first) and (olds := self._generations(now, file)):
            file.again(changed)
            self._olds += olds
            return Reading((), True)
        if skipping and not file.skipping and self.start:
            self.start = file.offset
        # Of a file of which nothing was read it cannot be seen that it was cut.
        file.placed = file.offset > 0
        if not taken.more:
            self._since = self._written
        self._remember(taken.lines)
        return taken

    def _place(self, file: _File, now: float, *, first: bool) -> bool:
        """Finds where to begin in the present file. False: it is too early to say."""
        size = file.size()
        if first:
            self._begin(file, size)
            self.start, self._new = file.offset, not size
            return True
        found, last = _after(file.descriptor, size, self._recent)
        if last:
            file.stand(found)
        elif now - file.changed >= self._settle:
            self._go_on(file, size)
        return file.placed

    def _begin(self, file: _File, size: int) -> None:
        if self._tail is None or size <= (SEARCHED_BYTES if self._new else self._tail):
            file.stand(0)
        else:
            file.stand(size - self._tail - 1, skipping=True)

    def _go_on(self, file: _File, size: int) -> None:
        """Goes on where this very file was left, or after the last of the lines told lately, or at the beginning."""
        place = self._places.pop(file.identity, None)
        if place and file.holds(*place):
            file.stand(place[0])
        elif found := _after(file.descriptor, size, self._recent)[0]:
            file.stand(found)
        elif file.sure:
            self._begin(file, size)
        else:
            file.stand(size)

    def _generations(self, now: float, before: _File | None = None) -> list[_File]:
        """Returns what was written beside the file since everything was seen: copies of it, and what bore its name meanwhile.

        `before`: nothing that came after that file.
        """
        folder, name = os.path.split(self._path)
        stem = os.path.splitext(name)[0]
        beside = []
        with suppress(OSError), os.scandir(folder or ".") as entries:
            beside = [
                (entry.stat().st_mtime_ns, entry.path, is_generation(entry.name, name))
                for entry in entries
                if entry.name.startswith(stem) and entry.name != name and self._unread(entry)
            ]
        if before and not self._is_named(before):
            # What bore the name after it lies there too.
            beside = [one for one in beside if one[0] <= before.written()]
        files = []
        for _, path, sure in sorted(beside)[:MOST_GENERATIONS]:
            with suppress(OSError):
                files.append(_File(path, now, current=False, sure=sure))
        return files

    def _is_named(self, file: _File) -> bool:
        with suppress(OSError):
            found = os.stat(self._path)
            return file.identity == (found.st_dev, found.st_ino)
        return False

    def _unread(self, entry: os.DirEntry[str]) -> bool:
        """Whether a file beside may hold lines that were not told."""
        with suppress(OSError):
            found = entry.stat()
            identity = found.st_dev, found.st_ino
            since = self._written if self._since is None else self._since
            here = any(file and file.identity == identity for file in (*self._olds, self._file))
            plain = stat.S_ISREG(found.st_mode) and not entry.name.endswith(_PACKED)
            fresh = plain and not here and since <= found.st_mtime_ns
            return fresh and not self._ends_as_read(entry.path, identity, found.st_size)
        return False

    def _ends_as_read(self, path: str, identity: tuple[int, int], size: int) -> bool:
        """Whether all of a file was read: that very one, since a system gives a deleted file's number to the next."""
        offset, anchor = self._places.get(identity, (0, b""))
        if size != offset or not size:
            return size == offset
        file = _File(path, 0.0)
        try:
            return file.holds(offset, anchor)
        finally:
            os.close(file.descriptor)

    def _drain(self, old: _File, now: float, most: int) -> Reading:
        """Returns what is still to be read of a file that the path names no more, and closes it when nothing comes any more."""
        taken = None
        with suppress(OSError):
            if not old.placed:
                self._go_on(old, old.size())
            taken = old.take(most, now)
        if taken is None:
            self._leave(old)
            return Reading()
        self._remember(taken.lines)
        if taken.more or (old.current and now - old.changed < LATE_S):
            return taken
        # Nobody will finish this line any more.
        last = ((old.offset, old.half),) if old.half else ()
        old.consume(old.half)
        self._leave(old)
        return Reading((*taken.lines, *last))

    def _leave(self, file: _File) -> None:
        self._olds.remove(file)
        os.close(file.descriptor)
        if file.placed:
            self._places[file.identity] = (file.offset, file.anchor)
            if len(self._places) > MOST_PLACES:
                del self._places[next(iter(self._places))]

    def _remember(self, lines: Sequence[Raw]) -> None:
        self._recent.extend(hash(raw) for _, raw in lines[-REMEMBERED:] if raw.strip())


def _why(error: OSError) -> str:
    return error.strerror or str(error)


def is_generation(name: str, log: str) -> bool:
    """Returns whether a name says that its file bore a log's name before, or is a copy of it: as it was, not packed."""
    stem = os.path.splitext(log)[0]
    numbered = name.startswith(stem) and name != log and re.search(_GENERATION, name[len(stem) :])
    return bool(numbered) and not name.endswith(_PACKED)


def lines_of(offset: int, data: bytes) -> Iterator[Raw]:
    """Yields the lines of data that ends with a LF."""
    for line in data.split(b"\n")[:-1]:
        yield offset, line
        offset += len(line) + 1


def _after(descriptor: int, size: int, recent: Sequence[int]) -> tuple[int, bool]:
    """Returns (where lines told lately end in a file, a row of them or its beginning; 0: nowhere, whether the last does)."""
    known, enough = Counter(recent), min(ENOUGH, len(recent))
    row = end = last = once = 0
    for offset, line in _backwards(descriptor, size) if known else ():
        if times := known[told := hash(line)]:
            if not row:
                end, last, once = offset + len(line) + 1, told, 0
            row += 1
            # A line that is written again and again may well be new.
            once += times == 1
            if once and row >= enough:
                break
        elif line.strip():
            row = 0
    return (end, last == recent[-1]) if row and once else (0, False)


def _backwards(descriptor: int, size: int) -> Iterator[Raw]:
    """Yields the whole lines of a file, the last first, up to about 16 MiB of them."""
    begin, rest = size, b""
    while begin and size - begin < SEARCHED_BYTES:
        step = min(BLOCK, begin)
        begin -= step
        data = os.pread(descriptor, step, begin) + rest
        data = data[: data.rfind(b"\n") + 1]
        cut = data.find(b"\n") + 1 if begin else 0
        rest = data[:cut]
        yield from reversed(tuple(lines_of(begin + cut, data[cut:])))
