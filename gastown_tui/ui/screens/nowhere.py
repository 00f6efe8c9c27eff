"""No town yet: what was tried, and what would help. The console goes on looking."""

from __future__ import annotations

from textwrap import wrap
from typing import ClassVar

from textual.app import ComposeResult

from gastown_tui.town.text import safe

from ..ages import Ages
from ..widgets.footer import Footer
from ..widgets.header import Header
from ..widgets.lines import Lines, Run, clip, fit
from .page import Page


class NowhereScreen(Page):
    """Stands above the Town screen until a town is found."""

    SCOPES: ClassVar[tuple[str, ...]] = ()

    def compose(self) -> ComposeResult:
        yield Header("header")
        yield Lines("told")
        yield Footer("footer")

    def on_screen_resume(self) -> None:
        """Gives way to a town that appeared while another screen stood above this one."""
        if self.town is not None and self.is_current:
            self.dismiss()

    def paint(self, ages: Ages) -> None:
        self.query_one(Header).show(self.view, ages, self.style)
        told = self.query_one("#told", Lines)
        width, style = told.size.width, self.style
        told.draw([fit(runs, width, style("text")) for runs in self._lines(width)])

    def _lines(self, width: int) -> list[list[Run]]:
        nowhere, style = self.nowhere, self.style
        if nowhere is None:
            return [[], [(" looking for a town …", style("dim"))]]
        lines: list[list[Run]] = [[], [(f" {clip(safe(nowhere.reason), width - 2)}", style("attention bold"))], []]
        lines += [
            [(" What was tried", style("faint"))],
            *([(f"   {clip(safe(tried), width - 4)}", style("text"))] for tried in nowhere.tried),
        ]
        lines += [[], [(" What helps", style("faint"))]]
        lines += [[(f"   {line}", style("text"))] for line in wrap(safe(nowhere.remedy), max(20, min(width, 100) - 4))]
        return [*lines, [], [(" Still looking: a town that appears is opened here by itself.", style("dim"))]]
