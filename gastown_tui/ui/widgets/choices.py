"""The base of widgets in which something can be chosen: by a click, or by the wheel one further."""

from __future__ import annotations

from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.message import Message

from .lines import Lines


class Choices(Lines):
    """Lines of which some stand for something. Its screen keeps what is chosen, and is told of clicks and of the wheel."""

    class Chosen(Message):
        """What has this key was clicked."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class Scrolled(Message):
        """The wheel was turned by that many choices."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def key_at(self, y: int) -> str:
        """Returns the key of what stands in a line; empty where nothing can be chosen."""
        return ""

    def on_click(self, event: Click) -> None:
        if key := self.key_at(event.y):
            self.post_message(self.Chosen(key))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Scrolled(1))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        self.post_message(self.Scrolled(-1))
