"""One bead: all that is known of it, with a choice that moves line by line and leads on to the beads that it hangs on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.strip import Strip

from gastown_tui.town.beads.joins import Roll
from gastown_tui.town.beads.trees import Account
from gastown_tui.town.snapshot import NOTHING, Agent
from gastown_tui.town.text import mask, safe

from .. import keys
from ..ages import Ages
from ..beadsheet import Entry, entries
from ..view import View
from ..widgets.choices import Choices
from ..widgets.footer import Footer
from ..widgets.header import Header
from ..widgets.lines import Lines, Run, beyond, clip, fit
from ..widgets.queues import agent_of, source
from .page import Page

# What is longer is no text that a person wrote.
_LONGEST = 1 << 20


class Entries(Choices):
    """Lines, each of which can be chosen; its key is its number."""

    top = 0
    count = 0

    def key_at(self, y: int) -> str:
        return str(self.top + y) if self.top + y < self.count else ""


class BeadScreen(Page):
    """A title, and below it the account of the bead, read again whenever beads change."""

    SCOPES: ClassVar[tuple[str, ...]] = (keys.BEAD,)

    def __init__(self, view: View, bead_id: str) -> None:
        super().__init__(view)
        self.bead_id = bead_id
        self._account: Account | None = None
        self._detail: Mapping[str, Any] = NOTHING
        self._entries: list[Entry] = []
        self._at = 0
        self._read: int | None = None
        self._is_read = False

    def compose(self) -> ComposeResult:
        yield Header("header")
        yield Lines("about")
        yield Entries("account")
        yield Footer("footer")

    @property
    def agent(self) -> Agent | None:
        """Who has the bead."""
        assignee = self._account.bead.assignee if self._account else ""
        return self._roll.find(assignee) if assignee else None

    @property
    def _roll(self) -> Roll:
        return Roll(self.town.agents if self.town else ())

    @property
    def _chosen(self) -> str:
        """The bead that the chosen line stands for."""
        return self._entries[self._at].bead_id if self._at < len(self._entries) else ""

    def has(self, need: str) -> bool:
        if need == "bead":
            return bool(self._chosen) and self._chosen != self.bead_id
        return need == "id" or super().has(need)

    def paint(self, ages: Ages) -> None:
        self._keep_account()
        self.query_one(Header).show(self.view, ages, self.style)
        about = self.query_one("#about", Lines)
        about.draw([fit(self._about(about.size.width), about.size.width, self.style("text"))])
        self._paint_account(ages)

    def paint_beads(self) -> None:
        self._keep_account()

    def _keep_account(self) -> None:
        version = self.view.eye.beads.version
        if self._read is None or (self._read != version and self.view.held_since is None):
            self._read = version
            self.run_worker(self._read_account(), group="account", exclusive=True)

    async def _read_account(self) -> None:
        self._account = await self.view.eye.beads.account(self.bead_id)
        bead = self._account.bead if self._account else None
        self._detail = bead.detail if bead and len(bead.raw) <= _LONGEST else NOTHING
        self._is_read = True
        self.redraw()

    def _about(self, width: int) -> list[Run]:
        title = self._account.bead.title if self._account else ""
        return [
            (f" {mask(safe(self.bead_id))}", self.style("accent bold")),
            (f"  {clip(mask(safe(title)), width)}", self.style("text bold")),
        ]

    def _paint_account(self, ages: Ages) -> None:
        self._entries = self._told(ages, self.query_one(Entries).size.width)
        self._paint_choice(ages)

    def _paint_choice(self, _: Ages) -> None:
        lines, style = self.query_one(Entries), self.style
        width, height = lines.size
        self._at = max(0, min(self._at, len(self._entries) - 1))
        hidden = len(self._entries) > height > 2
        room = height - hidden
        lines.top = max(0, min(max(min(lines.top, self._at), self._at - room + 1), len(self._entries) - room))
        lines.count = len(self._entries)
        shown = self._entries[lines.top : lines.top + room]
        drawn = [self._line(one, lines.top + index == self._at, width) for index, one in enumerate(shown)]
        if hidden:
            drawn.append(fit(beyond(lines.top, len(self._entries) - lines.top - len(shown), style), width, style("text")))
        lines.draw(drawn)

    def _line(self, entry: Entry, chosen: bool, width: int) -> Strip:
        style = self.console.ink(selected=chosen)
        bar: Run = ("▌" if chosen else " ", style("accent"))
        return fit(
            [bar, *((text, style(token)) for text, token in entry.runs), (" " * width, style("dim"))], width, style("text")
        )

    def _told(self, ages: Ages, width: int) -> list[Entry]:
        if self._account is None:
            why = "no database that was read has this bead" if self._is_read else "reading …"
            return [Entry(((f" {why}", "dim"),))]
        bead, book = self._account.bead, self.view.eye.beads
        blind = bool(self.view.stale("tmux", "process"))
        origin = next((one for one in book.origins if one.rig == self._account.rig), None)
        return entries(
            self._account,
            self._detail,
            ages,
            width,
            who=str(agent_of(bead.assignee, self._roll, blind=blind)) if bead.assignee else "",
            source=f"{origin.name}: {source(origin, ages)}" if origin else "",
            convoy=next((one for one in book.beads.convoys or () if one.bead.id == bead.id), None),
            events=self.town.events if self.town else (),
        )

    @property
    def reach(self) -> int:
        return max(1, self.query_one(Entries).size.height - 1)

    def action_move(self, by: int) -> None:
        self._at = max(0, min(len(self._entries) - 1, self._at + by))
        self.repaint(self._paint_choice)

    async def action_open(self) -> None:
        if self._chosen:
            await self.console.open_bead(self._chosen)

    def action_copy_id(self) -> None:
        self.console.copy(self.bead_id)

    def action_back(self) -> None:
        self.dismiss()

    def on_choices_chosen(self, message: Choices.Chosen) -> None:
        self.action_move(int(message.key) - self._at)

    def on_choices_scrolled(self, message: Choices.Scrolled) -> None:
        self.action_move(message.by)
