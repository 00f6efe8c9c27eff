"""The fork backend against real servers."""

from __future__ import annotations

from typing import Any

from gastown_tui.observe.tmux.fork import ForkGateway
from gastown_tui.town.snapshot import Moment

AT = Moment(1000.0, 10.0)


def gateway(tmux: Any, **named: Any) -> ForkGateway:
    return ForkGateway("tmux", tmux.socket, named.pop("env", tmux.env), clock=lambda: AT, **named)


def test_lists_every_field(tmux: Any) -> None:
    pane = tmux.new("al-crew-max", "sleep", "99", env={"GT_ROLE": "alpha/crew/max"}, cwd="/", size="100x30")
    look = gateway(tmux).look_once(full=True)
    assert look.epoch == f"{tmux.pid}:{tmux.get(pane, '#{start_time}')}"
    assert look.version == tmux.get(pane, "#{version}")
    assert look.pulses is None and look.panes is not None and list(look.panes) == [pane]
    seen = look.panes[pane]
    assert seen.session == "al-crew-max" and seen.sessions == ("al-crew-max",) and seen.session_id == "$0"
    assert seen.pid == int(tmux.get(pane, "#{pane_pid}"))
    assert (seen.width, seen.height, seen.cwd, seen.attached, seen.bell, seen.alternate) == (100, 30, "/", 0, False, False)
    assert seen.session_created > 1.6e9 and seen.window_activity >= seen.session_created
    assert (seen.dead, seen.dead_status, seen.dead_signal, seen.dead_time, seen.respawn_hook) == (False, None, None, None, False)
    assert seen.env == {"GT_ROLE": "alpha/crew/max"} and seen.env_source == "session environment"
    assert seen.title == tmux.get(pane, "#{pane_title}")
