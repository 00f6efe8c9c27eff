"""A stand-in for a coding agent: it prints, thinks, falls silent, and fails with 1 when it is interrupted. No model, no network.

Run as `claude -ISB agent.py SEED SPEED BEAD MOOD` (or `codex …`), MOOD being `busy`, `calm` or `failing`. Hundreds run at once,
so it imports little, and sleeps from one write to the next.
"""

import os
import sys
import time

BLOCKS = (
    "● I read the parser first: it cuts a session's name at the first dash, and a prefix may itself hold one.",
    "● \033[1mRead\033[0m(internal/session/names.go)\n  ⎿  Read \033[1m84\033[0m lines",
    "● \033[1mUpdate\033[0m(internal/session/names.go)\n  ⎿  Updated with \033[1m2\033[0m additions and \033[1m1\033[0m removal\n"
    '      26 \033[48;2;61;1;0m-    const Overseer = "overseer"\033[0m\n'
    "      26 \033[48;2;2;40;0m+    // Overseer is the human.\033[0m\n"
    '      27 \033[48;2;2;40;0m+    const Overseer = "hq-overseer"\033[0m',
    "● \033[1mBash\033[0m(go test ./internal/session/...)\n"
    "  ⎿  \033[32mok\033[0m    internal/session   0.412s\n     \033[32mok\033[0m    internal/registry  0.087s",
    '● \033[1mSearch\033[0m(pattern: "ParseSessionName", path: internal)\n  ⎿  Found \033[1m7\033[0m matches in 4 files',
    "● \033[1mBash\033[0m(git diff --stat)\n  ⎿   internal/session/names.go \033[38;5;246m|\033[0m 3 \033[32m++\033[31m-\033[0m",
    "● The registry knows every prefix, so the longest one that fits wins. Names in 日本語 and with é stay whole.",
    "● \033[1mBash\033[0m(go vet ./...)\n  ⎿  \033[38;5;246m(no output)\033[0m",
    "● \033[1mUpdate Todos\033[0m\n  ⎿  \033[9;38;5;246m☒ find where names are cut\033[0m\n"
    "     \033[1m☐ match the longest prefix\033[0m\n     ☐ tell the witness",
)
FAILURE = "\033[31m● API Error: 500 Internal Server Error · the connection was closed while streaming\033[0m"
VERBS = ("Pondering", "Refactoring", "Untangling", "Checking", "Weaving", "Tracing")
TICK = 1.7


class Dice:
    """A small generator, because `random` would cost 300 agents 90 MB."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def roll(self, low: int, high: int) -> int:
        """Returns a whole number from low to high, both possible."""
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return low + (self.state >> 33) % (high - low + 1)


class Claude:
    """How Claude Code looks: a spinner row above a composer between two rules; the title says whether it produces."""

    spinner = "·✢✳✶✻✽"
    titles = ("⠂ Claude Code", "⠐ Claude Code")
    rest_title = "✳ Claude Code"

    def status(self, glyph: str, verb: str, seconds: int) -> str:
        return f"\033[38;5;174m{glyph} {verb}… \033[38;5;246m({seconds}s · ↓ {seconds * 37} tokens · esc to interrupt)\033[0m"

    def done(self, seconds: int) -> str:
        return f"\033[38;5;246m✻ Worked for {seconds}s\033[0m"

    def composer(self, width: int) -> tuple[str, ...]:
        rule = f"\033[38;5;244m{'─' * (width - 1)}\033[0m"
        return rule, "❯ ", rule, "  \033[38;5;211m⏵⏵ bypass permissions on\033[38;5;246m (shift+tab to cycle)\033[0m"


class Codex:
    """How codex looks: no rules, a dim placeholder; the title is the folder, with a spinner while it produces."""

    spinner = "•◦"
    rest_title = os.path.basename(os.getcwd())
    titles = (f"⠋ {rest_title}", f"⠹ {rest_title}", f"⠴ {rest_title}")

    def status(self, glyph: str, verb: str, seconds: int) -> str:
        return f"{glyph} \033[1m{verb}\033[0m \033[2m({seconds}s • esc to interrupt)\033[0m"

    def done(self, seconds: int) -> str:
        return f"\033[2m  Worked for {seconds}s\033[0m"

    def composer(self, width: int) -> tuple[str, ...]:
        return "", "\033[1m›\033[0m \033[2mAsk Codex to do anything\033[0m", "", f"\033[2m  default · {self.rest_title}\033[0m"


class Screen:
    """The bottom of the pane: a status row above the composer. Whatever is said scrolls up above them."""

    def __init__(self, look: Claude | Codex) -> None:
        self.look = look
        self.below = 0

    def say(self, text: str, status: str, title: str) -> None:
        composer = self.look.composer(os.get_terminal_size(1).columns)
        wipe = f"\033[{self.below}A\r\033[J" if self.below else ""
        self.below = len(composer)
        write(f"\033]2;{title}\007{wipe}{text}\n\n{status}\n" + "\n".join(composer))

    def tick(self, status: str, title: str) -> None:
        """Redraws the status row alone."""
        write(f"\033]2;{title}\007\033[{self.below}A\r\033[K{status}\033[{self.below}B\r")


def write(text: str) -> None:
    os.write(1, text.encode())


class Agent:
    def __init__(self, seed: int, speed: float, bead: str, mood: str) -> None:
        self.dice = Dice(seed)
        self.speed = speed
        self.bead = bead
        self.calm = mood == "calm"
        self.look = Codex() if os.environ["GT_AGENT"] == "codex" else Claude()
        self.screen = Screen(self.look)

    def nap(self, seconds: float) -> None:
        time.sleep(seconds / self.speed)

    def wait(self) -> None:
        """Sleeps to the next beat, which all agents share: tmux looks at every pane whenever any of them has written."""
        period = TICK / self.speed
        time.sleep(period - time.monotonic() % period)

    def beat(self, state: str) -> None:
        """Writes the heartbeat that Gas Town's own command leaves for crew and polecats."""
        if not self.bead:
            return
        path = f"{os.environ['GT_ROOT']}/.runtime/heartbeats/{os.environ['GT_SESSION']}.json"
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        bead = f',"bead":"{self.bead}"' if state == "working" else ""
        with open(path + ".new", "w") as file:
            file.write(f'{{"timestamp":"{stamp}","state":"{state}"{bead}}}')
        os.replace(path + ".new", path)

    def block(self) -> str:
        return BLOCKS[self.dice.roll(0, len(BLOCKS) - 1)]

    def work(self, ticks: int) -> None:
        verb = VERBS[self.dice.roll(0, len(VERBS) - 1)]
        speak = 0
        for tick in range(ticks):
            status = self.look.status(self.look.spinner[tick % len(self.look.spinner)], verb, int(tick * TICK))
            title = self.look.titles[tick % len(self.look.titles)]
            if tick == speak:
                self.screen.say(self.block(), status, title)
                self.beat("working")
                speak += self.dice.roll(3, 7)
            else:
                self.screen.tick(status, title)
            self.wait()
        self.screen.tick(self.look.done(int(ticks * TICK)), self.look.rest_title)

    def begin(self, state: str) -> None:
        self.screen.say(self.block(), "", self.look.rest_title)
        self.beat(state)

    def live(self) -> None:
        """Works and rests for ever. A calm agent (a patrol) works briefly and rests long."""
        self.begin("idle")
        self.nap(self.dice.roll(0, 30) / (2 if self.calm else 10))
        while True:
            self.work(self.dice.roll(4, 10) if self.calm else self.dice.roll(15, 60))
            self.beat("idle")
            self.nap(self.dice.roll(30, 90) if self.calm else self.dice.roll(8, 50))

    def fail(self) -> None:
        self.screen.say(FAILURE, "", self.look.rest_title)
        write("\n")
        raise SystemExit(1)


def main(seed: str, speed: str, bead: str, mood: str) -> None:
    agent = Agent(int(seed), float(speed), bead.strip("-"), mood)
    try:
        if mood == "failing":
            agent.begin("working")
            agent.fail()
        agent.live()
    except KeyboardInterrupt:
        agent.fail()


if __name__ == "__main__":
    main(*sys.argv[1:])
