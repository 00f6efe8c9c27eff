"""What the commands share on the command line: the options that stand before or after them, and values they take."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stderr, suppress
from io import StringIO
from typing import TYPE_CHECKING, Any

import click

from gastown_tui.settings import Settings

if TYPE_CHECKING:
    from gastown_tui.town.snapshot import Agent

GLOBAL_OPTIONS = (
    click.Option(["--town"], metavar="DIR", help="The town's root (else GT_TOWN_ROOT, GT_ROOT, a mayor/ above, ~/gt)."),
    click.Option(["--socket"], metavar="NAME|PATH", help="The town's tmux socket (else GT_TMUX_SOCKET, else derived)."),
    click.Option(["--monitor-dir"], metavar="DIR", help="The automonitor's folder."),
    click.Option(["--config"], metavar="FILE", help="Another config.toml."),
    click.Option(["--backend"], type=click.Choice(["auto", "control", "fork"]), help="How tmux is asked."),
    click.Option(["--read-only"], is_flag=True, default=None, help="Nothing that changes a town."),
)
"""Every command has these very objects: eleven times six, made anew, took two milliseconds of every start."""


def as_json(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--json", "json_wanted", is_flag=True, help="Print JSON, schema 1.")(command)


class Finite(click.FloatRange):
    """A number of its range; `nan` is in none, though no comparison says so."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        return self.fail(f"{value} is no number", param, ctx) if number != number else number


def offer_targets(ctx: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Returns what a shell may offer for a TARGET."""
    return _offered(begun, (agent.id for agent in _agents(ctx)))


def offer_until(ctx: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Returns the same for STATE TARGET; click does not say which of the two is being typed."""
    from gastown_tui.town.snapshot import State

    return _offered(begun, [*(state.value for state in State), *(agent.id for agent in _agents(ctx))])


def offer_sessions(ctx: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Returns what a shell may offer for a session."""
    return _offered(begun, (agent.session for agent in _agents(ctx) if agent.session))


def offer_rigs(ctx: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Returns what a shell may offer for a rig, or for the town as if it were one."""
    from gastown_tui.town.beads.told import TOWN

    return _offered(begun, dict.fromkeys(agent.rig or TOWN for agent in _agents(ctx)))


def _offered(begun: str, names: Iterable[str]) -> list[str]:
    # A name that is not plain is for nobody's fingers, and a shell would read it.
    return [name for name in names if name.startswith(begun) and re.fullmatch(r"[\w./@:-]+", name)]


def _agents(ctx: click.Context) -> Sequence[Agent]:
    """Returns the agents of the town that the line so far means; nobody where that cannot be told, for a shell must not wait."""
    from gastown_tui.observe.once import glance

    settings = Settings()
    with suppress(Exception), redirect_stderr(StringIO()):
        for one in (ctx.parent, ctx):
            settings.take(dict(one.params) if one else {})
        settings.read_config()
        return glance(settings.wanted(), settings.means())
    return ()


class Command(click.Command):
    """A command that takes the global options too, wherever they stand, and reads the config file before it runs."""

    def __init__(self, name: str | None, *, params: Iterable[click.Parameter], **attributes: Any) -> None:
        super().__init__(name, params=[*GLOBAL_OPTIONS, *params], **attributes)

    def invoke(self, ctx: click.Context) -> Any:
        settings = ctx.ensure_object(Settings)
        settings.take(ctx.params)
        settings.read_config()
        return super().invoke(ctx)
