"""The published schema: generated from the models, and true of what the commands really print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from servers import Tmux
from towns import HandTown, gttui
from waiting import wait_for

import gastown_tui
from gastown_tui.schema.__main__ import schemas

FOLDER = Path(gastown_tui.__file__).parent / "schema"


def strict(schema: Any) -> Any:
    """Returns the schema with every other key forbidden: what we print is all documented."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if "properties" in schema else {}
    return {**{key: strict(value) for key, value in schema.items()}, **closed}


def holds(name: str, text: str) -> Any:
    document = json.loads(text)
    jsonschema.validate(document, strict(json.loads((FOLDER / f"{name}.json").read_text("utf-8"))))
    return document


def test_the_published_files_are_the_models() -> None:
    assert schemas() == {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.json")}


def test_every_command_prints_what_is_published(tmux: Tmux) -> None:
    town = HandTown(tmux)
    for session, role, line in (("hq-mayor", "mayor", "claude 3600"), ("al-witness", "alpha/witness", "sh"), ("notes", "", "sh")):
        town.start(session, role, line)
    town.write(".runtime/pids/al-crew-max.pid", "4194000|Sat Nov 21 09:40:01 2026")
    (town.root / "alpha/crew/max").mkdir(parents=True)
    place = ("--town", str(town.root), "--socket", tmux.socket)

    def told() -> Any:
        """A pane that just began may still become its agent: only then is it a zombie's."""
        document = holds("status", gttui(tmux, *place, "status", "--json").stdout)
        return document if {agent["state"] for agent in document["agents"]} >= {"zombie", "dead"} else None

    status = wait_for(told)
    assert status["foreign"]
    assert holds("show", gttui(tmux, *place, "show", "mayor", "--json").stdout)["environment"]
    lines = gttui(tmux, *place, "watch", "--json", "--initial", "--timeout", "3").stdout.splitlines()
    assert len([holds("watch", line) for line in lines]) >= len(status["agents"])
    holds("doctor", gttui(tmux, *place, "doctor", "--json").stdout)
    holds("error", gttui(tmux, *place, "show", "nobody", "--json").stdout)
    (town.root / "config.toml").write_text("speed = 3\nkeys.sort = 'f'\n")
    assert (
        len(holds("config", gttui(tmux, "config", "--json", "--config", str(town.root / "config.toml")).stdout)["complaints"])
        == 2
    )
    event = '{"ts":"2026-02-10T05:45:01Z","level":"INFO","component":"ai","message":"x"}'
    town.write("settings/automonitor/monitor.jsonl", f"{event}\nTraceback\n{event}{event}\n")
    logs = [holds("logs", line) for line in gttui(tmux, *place, "logs", "--json").stdout.splitlines()]
    assert ["raw" in one for one in logs] == [False, True, False] and logs[2]["also"]
    lines = ({"id": f"al-{number}", "title": "\x1b[31m", "status": status} for number, status in enumerate(("open", "hooked")))
    town.write("alpha/.beads/issues.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    # A look has two seconds: on a busy machine none may be left for the beads.
    told = wait_for(lambda: holds("status", gttui(tmux, *place, "status", "--json").stdout)["beads"])
    assert [(one["name"], one["queues"]["ready"], one["queues"]["merge"]) for one in told] == [("alpha", 1, None)]
    holds("beads", gttui(tmux, *place, "beads", "--json").stdout)
    holds("ack", gttui(tmux, *place, "ack", "alpha/crew/max", "mayor", "--json").stdout)


@pytest.mark.parametrize("broken", [{"schema": 2}, {"agents": [{}]}, {"more": 1}])
def test_the_check_can_fail(tmux: Tmux, broken: dict[str, Any]) -> None:
    town = HandTown(tmux)
    town.start("hq-mayor", "mayor")
    document = json.loads(gttui(tmux, "--town", str(town.root), "--socket", tmux.socket, "status", "--json").stdout)
    with pytest.raises(jsonschema.ValidationError):
        holds("status", json.dumps({**document, **broken}))
