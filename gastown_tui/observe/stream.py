"""The observing side as the screens see it (`ports.Eye`): finds the town, observes it, and looks for it when it is gone."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

from gastown_tui.town.facts import Fact, Frame, Located
from gastown_tui.town.snapshot import Moment, Nowhere, Town
from gastown_tui.town.text import mask_variable
from gastown_tui.town.wishes import NO_WISHES, Wishes

from .beads.book import Book as Beads
from .beads.source import BeadSource
from .locate import Wanted
from .log_book import Book
from .monitor_log import MonitorFolder
from .monitor_source import MonitorSource
from .observation import Observation
from .ports import AckStore, BeadBook, Capture, Days, Gateway, GatewayError, History, LogBook, Past
from .recording import Recording
from .survey import Survey, listening, survey
from .tmux.source import Rhythm, TmuxSource

LOOK_FOR_TOWN_S = 2.0


@dataclass(slots=True)
class Stream:
    """Observes until cancelled. `backend_wanted` is `auto`, `control` or `fork`; `asks_bd`: whether bd may be asked for beads."""

    wanted: Wanted
    tmux: str
    host: str
    clock: Callable[[], Moment]
    past: Callable[[str, str], Past]
    backend_wanted: str = "auto"
    rhythm: Rhythm = field(default_factory=Rhythm)
    acks: Callable[[str], AckStore] | None = None
    wishes: Wishes = NO_WISHES
    days: Callable[[str], Days] | None = None
    boxed: Callable[[str], Days | None] | None = None
    asks_bd: bool = False
    _on_town: list[Callable[[Town | Nowhere], None]] = field(default_factory=list)
    _on_frame: list[Callable[[Frame], None]] = field(default_factory=list)
    _observation: Observation | None = None
    _interest: Mapping[str, float] = field(default_factory=dict)
    _look_for_town: asyncio.Event = field(default_factory=asyncio.Event)
    _last: Town | Nowhere | None = None
    _first: Future[Survey | Nowhere] | None = None
    _log: Book = field(default_factory=Book)
    _beads: Beads = field(default_factory=Beads)
    _recording: Recording = field(default_factory=Recording)

    @property
    def _source(self) -> TmuxSource | None:
        return self._observation.source if self._observation else None

    @property
    def backend(self) -> str:
        return self._source.name if self._source else "fork"

    @property
    def refused(self) -> str | None:
        """Returns why the control backend is not in use, or None."""
        return self._source.refused if self._source else None

    @property
    def log(self) -> LogBook:
        return self._log

    @property
    def history(self) -> History:
        return self._recording.ribbon

    @property
    def beads(self) -> BeadBook:
        return self._beads

    def on_beads(self, tell: Callable[[], None]) -> None:
        self._beads.on_change(tell)

    def on_log(self, tell: Callable[[], None]) -> None:
        self._log.on_change(tell)

    def subscribe(self, on_town: Callable[[Town | Nowhere], None], on_frame: Callable[[Frame], None]) -> None:
        self._on_town.append(on_town)
        self._on_frame.append(on_frame)

    def begin(self) -> None:
        """Surveys at once, while whoever is to see it is still being loaded."""
        thread = ThreadPoolExecutor(1)
        self._first = thread.submit(self._survey)
        thread.shutdown(wait=False)

    async def run(self) -> None:
        while True:
            begun, self._first = self._first, None
            place = await (asyncio.wrap_future(begun) if begun else asyncio.to_thread(self._survey))
            if isinstance(place, Nowhere):
                self._publish(place)
                self._look_for_town.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_FOR_TOWN_S):
                        await self._look_for_town.wait()
                continue
            # A town in a box ends with its past.
            days = self.boxed if place.ref.demo else self.days
            self._recording = Recording(days(place.ref.root) if days else None)
            self._observation = Observation(
                place,
                clock=self.clock,
                past=self.past(place.ref.root, place.ref.socket or ""),
                acks=self.acks(place.ref.root) if self.acks else None,
                recording=self._recording,
                wishes=self.wishes,
                publish=self._publish,
                find=self._survey,
                scout=self._scout,
                source_at=self._new_source,
                monitor_of=self._new_monitor,
                beads_of=self._new_beads,
            )
            try:
                await self._observation.run()
            finally:
                self._observation = None

    def interest(self, panes: Mapping[str, float]) -> None:
        self._interest = dict(panes)
        if self._source:
            self._source.interest(panes)

    def keyed(self) -> None:
        if self._source:
            self._source.keyed()

    def look_now(self) -> None:
        self._look_for_town.set()
        if self._observation:
            self._observation.look_now()

    async def acknowledge(self, agent_id: str, reason: str) -> None:
        await self._observed().acknowledge(agent_id, reason)

    async def withdraw(self, agent_id: str) -> None:
        await self._observed().withdraw(agent_id)

    def _observed(self) -> Observation:
        if self._observation is None:
            raise OSError(errno.ENOENT, "no town is observed")
        return self._observation

    async def scrollback(self, pane_id: str, lines: int) -> tuple[str, ...]:
        frame = (await (await self._gateway()).frames([Capture(pane_id, lines)])).get(pane_id)
        if frame is None:
            raise GatewayError(f"the pane {pane_id} is gone", remedy="its last screen is all there is")
        return frame.rows

    async def environment(self, session_id: str) -> tuple[tuple[str, str], ...]:
        variables = await (await self._gateway()).environment(session_id)
        return tuple((name, mask_variable(name, value)) for name, value in sorted(variables.items()))

    async def _gateway(self) -> Gateway:
        if self._source is None:
            raise GatewayError("no tmux server of this town is known", remedy="start the town: gt up")
        return await self._source.gateway()

    def _survey(self) -> Survey | Nowhere:
        with ExitStack() as talks:
            place = self._surveyed(talks)
            return place if isinstance(place, Nowhere) else place.with_screens()

    def _surveyed(self, talks: ExitStack | None = None) -> Survey | Nowhere:
        timeout = self.rhythm.timeout
        return survey(self.wanted, tmux=self.tmux, host=self.host, clock=self.clock, timeout=timeout, talks=talks)

    def _scout(self) -> Located | None:
        """Returns what the live servers of the town call for. Where there is more than one, each is asked whom it serves.

        That one listens says too little: a person's own server may get its first agent of this town after days. None where
        one of them does not answer: whom it serves is not known to have changed.
        """
        several = listening(self.wanted)
        if len(several) < 2:
            return Located((), self.clock())
        place = self._surveyed()
        return None if isinstance(place, Nowhere) or {place.probes.get(path) for path in several} != {"live"} else place.located

    def _new_source(self, socket: str, out: Callable[[Fact], None]) -> TmuxSource:
        source = TmuxSource(
            self.tmux, socket, self.wanted.environ, self.clock, out, self._framed, self.backend_wanted, self.rhythm
        )
        source.interest(self._interest)
        return source

    def _new_monitor(self, root: str, out: Callable[[Fact], None]) -> MonitorSource | None:
        path = self.wanted.monitor_folder(root)
        folder = path and MonitorFolder(path, named=self.wanted.monitor_dir is not None)
        return MonitorSource(folder, self.clock, self._log, out) if folder else None

    def _new_beads(self, root: str, out: Callable[[Fact], None]) -> BeadSource | None:
        environ = self.wanted.environ if self.asks_bd else None
        return BeadSource(root, self.clock, self._beads, out, environ) if root else None

    def _framed(self, frame: Frame) -> None:
        for tell in self._on_frame:
            tell(frame)

    def _publish(self, town: Town | Nowhere) -> None:
        if town != self._last:
            self._last = town
            for tell in self._on_town:
                tell(town)
