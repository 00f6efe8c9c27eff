"""What the commands share on the command line: the options that stand before or after them, and values they take."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click

from gastown_tui.settings import Settings

GLOBAL_OPTIONS = (
    click.Option(["--town"], metavar="DIR", help="The town's root (else GT_TOWN_ROOT, GT_ROOT, a mayor/ above, ~/gt)."),
    click.Option(["--socket"], metavar="NAME|PATH", help="The town's tmux socket (else GT_TMUX_SOCKET, else derived)."),
    click.Option(["--monitor-dir"], metavar="DIR", help="The automonitor's folder."),
    click.Option(["--config"], metavar="FILE", help="Another config.toml."),
    click.Option(["--backend"], type=click.Choice(["auto", "control", "fork"]), help="How tmux is asked."),
    click.Option(["--read-only"], is_flag=True, default=None, help="Nothing that changes a town."),
)
"""Every command has these very objects: eleven times six, made anew, took three milliseconds of every start."""


def as_json(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--json", "json_wanted", is_flag=True, help="Print JSON, schema 1.")(command)


class Finite(click.FloatRange):
    """A number of its range; `nan` is in none, though no comparison says so."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        return self.fail(f"{value} is no number", param, ctx) if number != number else number


class Command(click.Command):
    """A command that takes the global options too, wherever they stand, and reads the config file before it runs."""

    def __init__(self, name: str | None, *, params: Iterable[click.Parameter], **attributes: Any) -> None:
        super().__init__(name, params=[*GLOBAL_OPTIONS, *params], **attributes)

    def invoke(self, ctx: click.Context) -> Any:
        settings = ctx.ensure_object(Settings)
        settings.take(ctx.params)
        settings.read_config()
        return super().invoke(ctx)
