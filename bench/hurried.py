"""A kiosk whose day takes minutes: `python hurried.py TURNS FILE GLOBAL-OPTIONS`.

It is the kiosk on the real observing side, but for its patience: a page's time is over as soon as the page is drawn. After each
of that many turns the file is one byte longer; then it hangs there as it is.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from gastown_tui import ui
from gastown_tui.observe.ports import Eye
from gastown_tui.options import Argument, Parser
from gastown_tui.settings import Settings, clock, state_dir
from gastown_tui.town.snapshot import Moment
from gastown_tui.ui.kiosk import Kiosk
from gastown_tui.ui.stage import play

SECONDS = 20.0
DRAWN_S = 0.03


class Hurried(Kiosk):
    """A kiosk for which 20 s are over whenever it has drawn what it shows."""

    CSS_PATH = Path(ui.__file__).with_name("app.tcss")

    def __init__(self, eye: Eye, turns: int, file: Path) -> None:
        self._turns, self._file, self._done = turns, file, 0
        super().__init__(eye, clock=self._hurry, environ=dict(os.environ), seconds=SECONDS)

    def _hurry(self) -> Moment:
        now = clock()
        return now._replace(mono=now.mono + SECONDS * self._done)

    def on_mount(self) -> None:
        self.set_interval(DRAWN_S, self._turn)

    def _turn(self) -> None:
        if self._done < self._turns and self.page is not None and self.page.is_mounted and self.page.query_one("#plate").size:
            self._done += 1
            with self._file.open("ab") as file:
                file.write(b".")
            self.call_next(self.beat)


def main() -> int:
    takes = (Argument("turns", type=int, metavar="TURNS"), Argument("file", type=Path, metavar="FILE"))
    given = Parser("hurried.py", "A kiosk whose day takes minutes.", takes).parse_args()
    settings = Settings()
    settings.take(vars(given))
    return play(Hurried(settings.stream(keeps_days=True), given.turns, given.file), clock=clock, state_dir=state_dir())


if __name__ == "__main__":
    sys.exit(main())
