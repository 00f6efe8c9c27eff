"""A stand-in for a coding agent: it plays recorded scenes of one program, and leads a life of them. No model, no network.

Run as `claude -ISB agent.py SEED SPEED BEAD MOOD`, under the name of the program that GT_AGENT says. MOOD: `busy`, `calm` (a
patrol), `asking`, `held` (by a limit), `refused` (its credentials are), `dead` or `zombie`. Beside the town it leaves a line
that says what it plays: its pid, the state, and more. Hundreds run at once, so it imports little, and sleeps from one write
to the next.

A file of `scenes/` is a head of `name: words`, a blank line, and rows. `claude-idle.ansi` is a scene: the rows `from` a recording
of that `width`, untouched; `RECORDED => NOW` in its head is what is said instead when it is played. `claude.ansi` is the program:
which scenes it works, asks, is held or refused with, the frames of what spins, and what it says, block by block: the message that
begins a turn, a tool that has run, then the rest.
"""

import os
import sys
import time

# The town runs a compiled copy of this file, beside which it lays the scenes.
SCENES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scenes")
FAILURE = "\033[31m● API Error: 500 Internal Server Error · the connection was closed while streaming\033[0m"
# What it runs, and what comes of that.
COMMANDS = (
    ("go test ./internal/session/...", "ok    internal/session   0.412s"),
    ("go vet ./...", "(no output)"),
    ("git diff --stat", "internal/session/names.go | 3 ++-"),
    ("git rebase origin/main", "Successfully rebased and updated refs/heads/prefixes."),
    ("make lint", "0 issues."),
)
TICK = 1.7
HELD_S = 2400
# Where nothing moves, it looks at every third beat whether its pane has another size.
QUIET = 3
CYCLES = ("spin", "glyph", "mark", "bar")
MOVES = ("{left}", "{took}", *(f"{{{name}}}" for name in CYCLES))
FILLERS = " ─▀▄"
# What ends so near to the right edge of the recorded pane belongs there.
EDGE = 3
MOST_LINES = 200

Cells = list[tuple[str, str]]
Values = dict[str, str]


class Dice:
    """A small generator, because `random` would cost 300 agents 90 MB."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def roll(self, low: int, high: int) -> int:
        """Returns a whole number from low to high, both possible."""
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return low + (self.state >> 33) % (high - low + 1)


def cells_of(row: str) -> Cells:
    """Returns look and character of each cell. In a file of scenes every look is complete: none builds on the one before."""
    cells, look, at = [], "", 0
    while at < len(row):
        if row[at] == "\033":
            end = row.index("m", at) + 1
            look, at = row[at:end], end
        else:
            cells.append((look, row[at]))
            at += 1
    return cells


def row_of(cells: Cells) -> str:
    row, pen = "", ""
    for look, character in cells:
        row += character if look == pen else (look or "\033[0m") + character
        pen = look
    return f"{row}\033[0m"


def stretched(cells: Cells, by: int) -> Cells:
    """Returns the cells with their longest filling (a rule, or the gap before what stands at the right) longer by so much."""
    longest, start = (2, 0), 0
    for at in range(1, len(cells) + 1):
        if at == len(cells) or cells[at] != cells[start]:
            if cells[start][1] in FILLERS:
                longest = max(longest, (at - start, start))
            start = at
    length, start = longest
    return cells if length < 3 else [*cells[:start], *[cells[start]] * max(2, length + by), *cells[start + length :]]


def fitted(row: str, slack: int, columns: int) -> Cells:
    """Returns a row for another width: one that left hardly any `slack` where it was recorded reaches to the right edge again."""
    cells = cells_of(row)
    return stretched(cells, columns - slack - len(cells)) if slack < EDGE else cells


def wrapped(cells: Cells, columns: int) -> list[Cells]:
    """Returns the rows of a text, broken between words; those below the first stand under its first word."""
    lead = next((at for at, cell in enumerate(cells) if cell[1] not in " ●•⎿✦\xa0"), 0)
    rows = []
    while len(cells) > columns > lead:
        end = next((at for at in range(columns, lead, -1) if cells[at][1] == " "), columns)
        rows.append(cells[:end])
        cells = [("", " ")] * lead + cells[end + (cells[end][1] == " ") :]
    return [*rows, cells]


def span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m {rest}s" if minutes else f"{rest}s"


def write(text: str) -> None:
    os.write(1, text.encode())


class Picture:
    """A file of scenes: what its head says, what in its rows `becomes` something else whenever it is played, and the rest."""

    def __init__(self, name: str) -> None:
        with open(f"{SCENES}/{name}.ansi", encoding="utf-8") as file:
            head, _, self.body = file.read().partition("\n\n")
        self.head = dict(line.split(": ", 1) for line in head.split("\n") if " => " not in line)
        self.becomes = [line.split(" => ") for line in head.split("\n") if " => " in line]
        self.width = int(self.head["width"])

    def slack(self, row: str) -> int:
        """Returns how many columns a recorded row leaves at the right."""
        return self.width - len(cells_of(row))


class Scene(Picture):
    """A recorded piece of a screen. The first of its rows, as many as it `says`, join the transcript when it begins; then as many
    as there are `floats` follow the transcript; the others stand at the bottom of the pane.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        rows, says = [(row, self.slack(row)) for row in self.body.split("\n")[:-1]], int(self.head["says"])
        self.says, self.rows = rows[:says], rows[says:]
        self.floats = int(self.head["floats"])
        x, y = self.head["caret"].split()
        self.caret = int(x), int(y)
        templates = (self.head["title"], *(new for old, new in self.becomes if any(old in row for row, _ in self.rows)))
        self.moves = any(word in template for template in templates for word in MOVES)

    def now(self, row: str, values: Values) -> str:
        for old, new in self.becomes:
            if old in row:
                row = row.replace(old, new.format_map(values))
        return row


class Screen:
    """The whole pane: a transcript and what stands below it. Only the rows that differ from what is there are written."""

    def __init__(self, head: Values) -> None:
        self.alternate = head["screen"] == "alternate"
        self.ground = f"\033[0;{head['ground']}m" if "ground" in head else ""
        self.size = (0, 0)
        self.lines: list[str] = []
        self.first = 0
        self.drawn: list[str] = []
        self.title = ""
        self.known: dict[str, str] = {}
        write(("\033[?1049h" if self.alternate else "") + ("\033[?25l" if head["caret"] == "hidden" else ""))

    def measure(self) -> None:
        """Begins anew where the pane has another size."""
        columns, rows = os.get_terminal_size(1)
        if (columns, rows) != self.size:
            self.size, self.first, self.drawn, self.known = (columns, rows), 0, [], {}
            write(f"{self.ground}\033[2J")

    def say(self, rows: list[Cells]) -> None:
        """Adds rows to the transcript, and a blank one; they show with the next drawing."""
        for cells in rows:
            self.lines += map(self.row, wrapped(cells, self.size[0]))
        self.lines.append("")
        if len(self.lines) > MOST_LINES:
            cut = MOST_LINES // 2
            self.first = max(0, self.first - cut)
            del self.lines[:cut]

    def row(self, cells: Cells) -> str:
        """Returns a row as it is written. A program with a ground of its own paints every cell."""
        rest = max(0, self.size[0] - len(cells)) if self.ground else 0
        return row_of([*cells[: self.size[0]], *[(self.ground, " ")] * rest])

    def fit(self, row: str, slack: int) -> str:
        if not self.ground and slack >= EDGE and len(row) <= self.size[0]:
            return row
        if row not in self.known:
            if len(self.known) > MOST_LINES:
                self.known.clear()
            self.known[row] = self.row(fitted(row, slack, self.size[0]))
        return self.known[row]

    def draw(self, floats: list[str], bottom: list[str], caret: tuple[int, int], title: str) -> None:
        """Writes what has changed. What leaves the main screen at its top goes into the scrollback, and never comes back."""
        height = self.size[1]
        first = max(0, len(self.lines) + len(floats) + len(bottom) - height, 0 if self.alternate else self.first)
        above = [*self.lines[first:], *floats]
        whole = [*above, *[""] * (height - len(above) - len(bottom)), *bottom]
        frame = whole[-height:]
        text = "" if title == self.title else f"\033]2;{title}\007"
        if self.drawn and not self.alternate and first > self.first:
            up = min(first - self.first, height)
            text += f"\033[{height};1H" + "\n" * up
            self.drawn = [*self.drawn[up:], *[""] * up]
        for at, row in enumerate(frame):
            if row != (self.drawn[at] if self.drawn else ""):
                text += f"\033[{at + 1};1H{self.ground}\033[2K\033[0m{row}"
        x, y = caret
        y += (len(above) if y < len(floats) else len(whole) - len(bottom)) - len(floats) - (len(whole) - height)
        self.first, self.drawn, self.title = first, frame, title
        if text:
            write(f"{text}\033[{max(0, y) + 1};{min(x + 1, self.size[0])}H")


class Agent:
    def __init__(self, seed: int, speed: float, bead: str) -> None:
        self.dice = Dice(seed)
        self.speed = speed
        self.bead = bead
        self.program = os.environ["GT_AGENT"]
        self.book = Picture(self.program)
        self.blocks = self.book.body[:-1].split("\n%\n")
        self.scenes: dict[str, Scene] = {}
        self.screen = Screen(self.book.head)
        self.beats = self.dice.roll(5, 90)
        self.block = self.dice.roll(0, len(self.blocks))
        self.until = 0
        here, town = os.getcwd(), os.environ["GT_ROOT"]
        self.values = {"name": os.path.basename(here), "place": "~/gt" + here.removeprefix(town)}
        self.cycles = {name: words.split() for name, words in self.book.head.items() if name in CYCLES}
        self.choose()

    def choose(self) -> None:
        """Takes up something else to do."""
        command, output = COMMANDS[self.dice.roll(0, len(COMMANDS) - 1)]
        self.values.update(command=command, output=output, verb=self.one_of("verb"))

    def one_of(self, name: str) -> str:
        """Returns one of the words that the program's file has under this name."""
        words = self.book.head.get(name, "-").split()
        return words[self.dice.roll(0, len(words) - 1)]

    def moment(self) -> Values:
        """Returns what a scene says now in the place of what was recorded."""
        for name, cycle in self.cycles.items():
            self.values[name] = cycle[self.beats % len(cycle)]
        self.values["took"] = span(self.beats * TICK)
        self.values["tokens"] = str(int(self.beats * TICK * 37))
        self.values["left"] = span(max(0, self.until - time.time()))
        return self.values

    def wait(self, beats: int) -> None:
        """Sleeps to a later beat, which all agents share: tmux looks at every pane whenever any of them has written."""
        period = TICK / self.speed
        time.sleep(beats * period - time.monotonic() % period)
        self.beats += beats

    def put(self, path: str, text: str) -> None:
        with open(path + ".new", "w") as file:
            file.write(text)
        os.replace(path + ".new", path)

    def beat(self, state: str) -> None:
        """Writes the heartbeat that Gas Town's own command leaves for crew and polecats."""
        if self.bead:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            bead = f',"bead":"{self.bead}"' if state == "working" else ""
            path = f"{os.environ['GT_ROOT']}/.runtime/heartbeats/{os.environ['GT_SESSION']}.json"
            self.put(path, f'{{"timestamp":"{stamp}","state":"{state}"{bead}}}')

    def claim(self, plays: str) -> None:
        self.put(f"{os.path.dirname(os.environ['GT_ROOT'])}/plays/{os.environ['GT_SESSION']}", f"{os.getpid()} {plays}\n")

    def say(self, block: str) -> None:
        """Adds a block of the program's file to the transcript."""
        rows = block.format_map(self.moment()).split("\n")
        self.screen.say([fitted(row, self.book.slack(row), self.screen.size[0]) for row in rows])

    def report(self) -> None:
        """Says what comes next of what the program's file has: no two in a row are alike."""
        self.block += 1
        self.say(self.blocks[2 + self.block % (len(self.blocks) - 2)])

    def show(self, scene: Scene) -> None:
        values = self.moment()
        self.screen.measure()
        rows = [self.screen.fit(scene.now(row, values), slack) for row, slack in scene.rows]
        title = scene.head["title"].format_map(values)
        self.screen.draw(rows[: scene.floats], rows[scene.floats :], scene.caret, title)

    def play(self, name: str, beats: int) -> None:
        """Plays a scene for so many beats."""
        if name not in self.scenes:
            self.scenes[name] = Scene(f"{self.program}-{name}")
        scene = self.scenes[name]
        self.values["clock"] = time.strftime("%H:%M", time.localtime())
        values = self.moment()
        self.screen.measure()
        if scene.says:
            rows = [fitted(scene.now(row, values), slack, self.screen.size[0]) for row, slack in scene.says]
            self.screen.say(rows if rows[-1] else rows[:-1])
        end = self.beats + beats
        self.show(scene)
        self.claim(scene.head["plays"].format_map(values))
        while self.beats < end:
            self.wait(1 if scene.moves else QUIET)
            self.show(scene)

    def begin(self) -> None:
        """A turn begins: it is told to go on."""
        self.beats = 0
        self.beat("working")
        self.say(self.blocks[0])

    def ask(self, scene: str) -> None:
        """Waits for a person, who answers at last; what it asked for is then done."""
        self.play(scene, self.dice.roll(40, 90))
        head = self.scenes[scene].head
        if "command" in head:
            self.values.update(command=head["command"], output=head["output"])
            self.say(self.blocks[1])

    def work(self, steps: int) -> None:
        """Thinks and uses tools, and says what came of each."""
        for _ in range(steps):
            self.choose()
            self.beat("working")
            scene = self.one_of("works")
            self.play(scene, self.dice.roll(3, 8))
            if scene == "tool":
                self.say(self.blocks[1])
            else:
                self.report()

    def rest(self, beats: int) -> None:
        self.beat("idle")
        self.play("idle", beats)

    def hold(self, scene: str) -> None:
        """Is held until a full minute that lies ahead, as programs tell it."""
        now, lasts = time.time(), HELD_S / self.speed
        self.until = (int(now + lasts) // 60 + 1) * 60
        self.values.update(
            until=str(self.until),
            until_utc=time.strftime("%I:%M%p", time.gmtime(self.until)).lstrip("0").lower(),
            until_here=time.strftime("%I:%M %p", time.localtime(self.until)).lstrip("0"),
        )
        self.play(scene, int((self.until - now) * self.speed / TICK) + 1)

    def fill(self) -> None:
        """Puts as much on the screen as a long day has."""
        self.screen.measure()
        while len(self.screen.lines) < self.screen.size[1]:
            self.report()
            self.choose()
            self.say(self.blocks[1])

    def live(self, mood: str) -> None:
        """Works and rests for ever; by its mood it is held or asks first. A calm agent (a patrol) works little and rests long."""
        self.fill()
        calm, asks = mood == "calm", self.book.head.get("asks", "").split()
        if calm or mood == "busy":
            # Half of them are at work when somebody looks first.
            self.rest(max(0, self.dice.roll(-15, 15)))
        while True:
            if mood in self.book.head:
                self.hold(self.book.head[mood])
            self.begin()
            if mood == "asking":
                self.ask(asks[0])
                asks.append(asks.pop(0))
            self.work(self.dice.roll(2, 4) if calm else self.dice.roll(3, 9))
            self.rest(self.dice.roll(9, 30) if calm else self.dice.roll(5, 20))

    def fail(self) -> None:
        write(f"\033[?1049l\033[?25h\033[{self.screen.size[1]};1H\n{FAILURE}\n")
        raise SystemExit(1)


def main(seed: str, speed: str, bead: str, mood: str) -> None:
    agent = Agent(int(seed), float(speed), bead.strip("-"))
    try:
        if mood in ("dead", "zombie"):
            agent.fill()
            agent.rest(0)
            agent.claim(mood)
            agent.fail()
        agent.live(mood)
    except KeyboardInterrupt:
        agent.fail()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except FileNotFoundError:
        # Somebody removed the town, and with it the scenes: there is nothing left to play.
        raise SystemExit(1) from None
