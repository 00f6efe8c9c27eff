"""What a look says of panes, joined with what was known of them: one that did not change stays the same object."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache

from gastown_tui.observe.ports import Look, Pulse
from gastown_tui.town.facts import Pane


@lru_cache(maxsize=4096)
def _real(path: str) -> str:
    return os.path.realpath(path)


def resolved(look: Look) -> Look:
    """Returns the look with every town root free of symbolic links: a town may be entered by two paths."""
    panes = {pane_id: _with_real_root(pane) for pane_id, pane in (look.panes or {}).items()}
    return look if look.panes is None else look._replace(panes=panes)


def _with_real_root(pane: Pane) -> Pane:
    home = pane.env.get("GT_ROOT") or pane.env.get("GT_TOWN_ROOT")
    if not home or (real := _real(home)) == home:
        return pane
    return pane._replace(env={**pane.env, "GT_ROOT": real})


def merged(old: Mapping[str, Pane], look: Look) -> dict[str, Pane] | None:
    """Returns the panes after another look, the same objects where nothing changed; None if only a full look can tell.

    A light look tells neither who came nor what runs under a new pid.
    """
    if look.panes is not None:
        return {pane_id: _kept(old.get(pane_id), pane) for pane_id, pane in look.panes.items()}
    pulses = look.pulses or {}
    if any(pane_id not in old or pulse.pid not in (0, old[pane_id].pid) for pane_id, pulse in pulses.items()):
        return None
    return {pane_id: _pulsed(old[pane_id], pulse) for pane_id, pulse in pulses.items()}


def _kept(old: Pane | None, new: Pane) -> Pane:
    if old is None:
        return new
    new = new if new.pid else new._replace(pid=old.pid)
    if old == new:
        return old
    return new._replace(env=old.env) if old.env == new.env else new


def _pulsed(pane: Pane, pulse: Pulse) -> Pane:
    same = (
        pane.window_activity == pulse.window_activity
        and pane.title == pulse.title
        and pane.dead == pulse.dead
        and pane.dead_status == pulse.dead_status
        and pane.dead_signal == pulse.dead_signal
    )
    if same:
        return pane
    return pane._replace(
        window_activity=pulse.window_activity,
        title=pulse.title,
        dead=pulse.dead,
        dead_status=pulse.dead_status,
        dead_signal=pulse.dead_signal,
        dead_time=pulse.dead_time,
    )
