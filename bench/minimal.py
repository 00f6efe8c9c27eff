"""The least that a Textual application does: the baseline for start, keys and memory. It counts the keys pressed."""

from textual.app import App, ComposeResult
from textual.events import Key
from textual.widgets import Static


class Minimal(App[None]):
    pressed = 0

    def compose(self) -> ComposeResult:
        yield Static("ready")

    def on_key(self, _event: Key) -> None:
        self.pressed += 1
        self.query_one(Static).update(f"pressed {self.pressed}")


if __name__ == "__main__":
    Minimal().run()
