"""What the screens that list agents by place have in common: what is listed, who is chosen, and who is next."""

from __future__ import annotations

from textual import events

from gastown_tui.town.words import need_you

from .. import roster
from ..roster import Wish
from ..view import View
from .page import Page


class Listing(Page):
    """A screen of agents, of which one is chosen, and which typing makes fewer."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.wish = Wish()
        self._chosen, self._at = view.chosen, 0

    @property
    def listed(self) -> int:
        """How many agents are listed."""
        return 0

    def choose(self, key: str) -> None:
        """Moves the choice."""

    async def press(self, event: events.Key) -> None:
        # Any key may lead to another list, which begins with the same choice.
        self.view.chosen = self._chosen
        await super().press(event)

    def on_screen_resume(self) -> None:
        self._chosen = self.view.chosen or self._chosen

    def action_next_calling(self) -> None:
        """Goes to the next agent that needs a person, unfolding its rig; says so where nobody does."""
        agent = roster.next_calling(self.town, self.wish, self.view.now, self._chosen) if self.town else None
        if agent is None:
            hidden = self.town is not None and need_you(self.town, self.view.now)
            self.say("nobody in this list needs you" if hidden else "nobody needs you")
            return
        self.wish = self.wish._replace(folded=self.wish.folded - {roster.group_of(agent)})
        self.choose(agent.id)

    def action_only_problems(self) -> None:
        self.wish = self.wish._replace(only_problems=not self.wish.only_problems)
        self.redraw()

    def action_find(self) -> None:
        self.ask("/", self._filter, self._found, self.wish.query)

    def _filter(self, query: str) -> None:
        self.wish, self._at = self.wish._replace(query=query), 0

    def _found(self) -> str:
        total = len(self.town.agents) if self.town else 0
        return f"{self.listed} of {total} · Enter keeps it, Esc clears it"

    def action_back(self) -> None:
        """Undoes one thing: typing and its filter, then the restriction to problems, then what is told of the settings."""
        if self.typing is not None or self.wish.query:
            self.wish = self.wish._replace(query="")
            self.stop_typing()
        elif self.wish.only_problems:
            self.action_only_problems()
        elif self.view.complaints:
            self.view.complaints = ()
            self.redraw()
