"""The Problems screen: only what needs a person, by common cause and worst first, and below it what somebody acknowledged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import ClassVar

from textual import events
from textual.app import ComposeResult

from gastown_tui.town.problems import Group, acknowledged, problems
from gastown_tui.town.snapshot import Agent, Finding, State

from .. import keys
from ..ages import Ages
from ..themes import ink
from ..view import View
from ..widgets.choices import Choices
from ..widgets.findings import findings_blocks, key_of, ordered
from ..widgets.footer import Footer
from ..widgets.header import Header
from ..widgets.lines import Run
from ..widgets.problems import Block, Problems, absence, agents_block, heading, quelled
from ..widgets.strip import Rule
from .page import Page

# A look shows what is asked and what was last said; where nothing can be seen or done but to wait, one says that one knows.
_HELPS = {State.HELD: "acknowledge", State.MISSING: "acknowledge"}


class ProblemsScreen(Page):
    """One list of groups; the choice moves from agent to agent."""

    SCOPES: ClassVar[tuple[str, ...]] = (keys.PROBLEMS,)

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._groups: tuple[Group, ...] = ()
        self._findings: Sequence[Finding] = ()
        self._quelled: tuple[Agent, ...] = ()
        self._chosen, self._at, self._called = "", 0, ""

    def compose(self) -> ComposeResult:
        yield Header("header")
        yield Rule("top")
        yield Problems("problems")
        yield Footer("footer")

    @property
    def agents(self) -> list[Agent]:
        """Everybody on the list, in its order."""
        return [*(agent for group in self._groups for agent in group.agents), *self._quelled]

    @property
    def _listed(self) -> Agent | None:
        return next((agent for agent in self.agents if agent.id == self._chosen), None)

    @property
    def _finding(self) -> Finding | None:
        return next((one for one in self._findings if key_of(one) == self._chosen), None)

    @property
    def agent(self) -> Agent | None:
        """The chosen agent, or the first one of the chosen finding."""
        if self._finding and self._finding.agent_ids and self.town:
            return self.town.agent(self._finding.agent_ids[0])
        return self._listed

    @property
    def _bead(self) -> str:
        return (self._finding.bead_id or "") if self._finding else self.bead_of(self._listed)

    def has(self, need: str) -> bool:
        return bool(self._bead) if need == "bead" else super().has(need)

    def concerned(self) -> Sequence[Agent]:
        return [self._listed] if self._listed else []

    def paint(self, ages: Ages) -> None:
        self._groups = problems(self.town, ages.now) if self.town else ()
        self._findings = ordered(self.town.beads.findings) if self.town and self.town.beads else ()
        self._quelled = acknowledged(self.town) if self.town else ()
        for agent in self.town.agents if self.town else ():
            ages.due(agent.expects.overdue_at if agent.expects else None)
        self._keep_choice()
        self.query_one(Header).show(self.view, ages, self.style)
        self.query_one("#top", Rule).across(self.style)
        listed, away = self.query_one(Problems), self.view.away
        width = listed.size.width
        pinned = absence(away, self.town, ages, self.style, width) if away and self.town else []
        listed.show(pinned, list(self._blocks(ages, width)), self._chosen, self.style)

    def _blocks(self, ages: Ages, width: int) -> Iterator[Block]:
        style = self.style
        chosen = partial(ink, self.console.inks, selected=True)
        if not self._groups:
            blind = self.town is None or self.view.stale("tmux", "process")
            yield Block("", [[], [(" nobody is known to need you" if blind else " nobody needs you", style("dim"))]])
        for group in self._groups:
            yield heading(group, ages, style, self._hint(group), width)
            yield from agents_block(group, ages, style, chosen, self._chosen, width)
        if self._findings:
            hint = self._hint_of("to_bead")
            yield from findings_blocks(self._findings, ages, style, chosen, self._chosen, hint, width)
        if self._quelled:
            yield Block("", [[], [(f" {len(self._quelled)} acknowledged", style("faint"))]])
        for agent in self._quelled:
            at = agent.id == self._chosen
            yield quelled(agent, ages, chosen if at else style, width, chosen=at)

    def _hint(self, group: Group) -> list[Run]:
        wanted = _HELPS.get(group.state, "inspect")
        if wanted == "acknowledge" and len(group.agents) > 1:
            wanted = "acknowledge_all"
        return self._hint_of(wanted)

    def _hint_of(self, action: str) -> list[Run]:
        key = next(key for key in self.table if key.action == action)
        return [(key.shown, self.style("text")), (f" {key.label}", self.style("dim"))]

    def _keep_choice(self) -> None:
        """Keeps the choice where it is still listed, else takes the nearest place; so when it was acknowledged: one goes on."""
        ids = self._keys
        calling = sum(len(group.agents) for group in self._groups)
        here = ids.index(self._chosen) if self._chosen in ids else -1
        quelled = self._called == self._chosen and calling > 0 and here >= calling
        if here >= 0 and not quelled:
            self._at = here
        else:
            self._at = max(0, min(self._at, len(ids) - 1))
            self._chosen = ids[self._at] if ids else ""
        self._called = self._chosen if self._at < calling else ""

    @property
    def _keys(self) -> list[str]:
        """What can be chosen, in the order of the list."""
        called = (agent.id for group in self._groups for agent in group.agents)
        return [*called, *map(key_of, self._findings), *(agent.id for agent in self._quelled)]

    def _choose(self, key: str) -> None:
        self._chosen = key
        self.redraw()

    def action_move(self, by: int) -> None:
        if keys_ := self._keys:
            self._choose(keys_[max(0, min(len(keys_) - 1, self._at + by))])

    @property
    def reach(self) -> int:
        return max(1, self.query_one(Problems).size.height - 2)

    async def press(self, event: events.Key) -> None:
        """Takes a key as a sign that what is new was read."""
        read, self.view.away = self.view.away, None
        await super().press(event)
        if read is not None:
            self.redraw()

    async def action_to_bead(self) -> None:
        await self.console.open_bead(self._bead)

    def action_next_calling(self) -> None:
        """Goes to the next agent that needs a person, around the end."""
        calling = [agent.id for group in self._groups for agent in group.agents]
        if not calling:
            self.say("nobody needs you")
            return
        after = calling.index(self._chosen) + 1 if self._chosen in calling else 0
        self._choose(calling[after % len(calling)])

    def action_acknowledge_all(self) -> None:
        """Acknowledges the group of the chosen agent; of the acknowledged it takes all back."""
        groups = [*(group.agents for group in self._groups), self._quelled]
        self.acknowledge(next((agents for agents in groups if self._listed in agents), ()))

    def action_copy_id(self) -> None:
        self.console.copy(self._bead if self._finding else self._chosen)

    def action_back(self) -> None:
        self.dismiss()

    def on_choices_chosen(self, message: Choices.Chosen) -> None:
        self._choose(message.key)

    def on_choices_scrolled(self, message: Choices.Scrolled) -> None:
        self.action_move(message.by)
