"""The base of widgets in which something can be chosen: by a click, or by the wheel one further."""

from __future__ import annotations

from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.message import Message

from .lines import Lines


class Choices(Lines):
    """Lines of which some stand for something. Its screen keeps what is chosen, and is told of clicks and of the wheel."""

    class Chosen(Message):
        """What has this key was clicked, in the widget with the id `place`."""

        def __init__(self, key: str, place: str | None) -> None:
            super().__init__()
            self.key, self.place = key, place

    class Scrolled(Message):
        """The wheel was turned by that many choices, over the widget with the id `place`."""

        def __init__(self, by: int, place: str | None) -> None:
            super().__init__()
            self.by, self.place = by, place

    def key_at(self, y: int) -> str:
        """Returns the key of what stands in a line; empty where nothing can be chosen."""
        return ""

    def on_click(self, event: Click) -> None:
        if key := self.key_at(event.y):
            self.post_message(self.Chosen(key, self.id))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Scrolled(1, self.id))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        self.post_message(self.Scrolled(-1, self.id))
