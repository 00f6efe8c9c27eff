"""The databases of a town and what stands in them, by exports and by bd's answers, on bad days too."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from beadtown import DATA, BeadTown, line

from gastown_tui.observe import beads
from gastown_tui.observe.beads import once, quick
from gastown_tui.observe.beads import store as store_module
from gastown_tui.observe.beads.databases import JOURNAL, find
from gastown_tui.observe.beads.dump import Dump
from gastown_tui.observe.beads.export import MOST_LINE, Export, Reading
from gastown_tui.observe.beads.once import read_beads, read_exports
from gastown_tui.observe.beads.rhythm import HEARTBEAT_S, LEAST_S, Rhythm, hint, server_hint
from gastown_tui.observe.beads.store import Seen, Store
from gastown_tui.town.beads.bead import stamp
from gastown_tui.town.facts import SourceFailed
from gastown_tui.town.snapshot import Moment

LONG_AGO = "2026-11-21T09:00:00Z"
NOW = Moment(time.time(), 1000.0)


@pytest.fixture(name="town")
def _town(tmp_path: Path) -> BeadTown:
    return BeadTown(tmp_path)


def seen(store: Store, wall: float = 0.0) -> Seen:
    told = store.look(Moment(wall or time.time(), 1000.0))
    assert told is not None
    return told


def ready(told: Seen) -> dict[str, list[str] | None]:
    return {one.name: one.ready if one.ready is None else [bead.id for bead in one.ready] for one in told.beads.queues}


def standing(told: Seen) -> dict[str, tuple[str | None, str, str]]:
    return {one.name: (one.by, one.state, one.said) for one in told.fact.origins}


def dump(*lines: str, **more: object) -> Dump:
    return Dump(tuple(one.encode() for one in lines), **more)  # type: ignore[arg-type]


# Which databases there are


def test_a_rigs_beads_are_where_it_keeps_them_and_redirects_are_followed(town: BeadTown) -> None:
    town.register("alpha", "beta", "gamma", "..", "a/b")
    town.serve("")
    shutil.rmtree(town.root / "alpha/.beads")
    (town.root / "alpha/mayor/rig/.beads").mkdir(parents=True)
    town.write("alpha/.beads/redirect", "mayor/rig/.beads\n")
    town.write("beta/.beads/redirect", "# kept elsewhere\n\n../elsewhere/.beads\n")
    town.write("elsewhere/.beads/redirect", "../third/.beads")
    (town.root / "third/.beads").mkdir(parents=True)
    town.write("gamma/.beads/redirect", "../nowhere/.beads")
    found = find(str(town.root))
    assert [(one.name, one.rig, os.path.relpath(one.folder, town.root)) for one in found.databases] == [
        ("hq", None, ".beads"),
        ("alpha", "alpha", "alpha/mayor/rig/.beads"),
        ("beta", "beta", "third/.beads"),
        ("gamma", "gamma", "gamma/.beads"),
    ]


def test_a_circle_of_redirects_ends_and_one_database_is_told_once(town: BeadTown) -> None:
    town.register("alpha", "beta", "gamma")
    town.write("alpha/.beads/redirect", "../beta/.beads")
    town.write("beta/.beads/redirect", "../alpha/.beads")
    assert len(find(str(town.root)).databases) <= 3
    (town.root / "alpha/.beads/redirect").unlink()
    # `beta` leads to `alpha`, and `gamma` is another folder of the same database of the same server.
    town.serve("alpha")
    (town.root / "gamma/.beads").mkdir(parents=True)
    shutil.copy(town.root / "alpha/.beads/metadata.json", town.root / "gamma/.beads/metadata.json")
    assert [one.name for one in find(str(town.root)).databases] == ["hq", "alpha"]


def test_what_no_rig_has_any_more_is_told_and_not_read(town: BeadTown) -> None:
    town.serve("", "alpha")
    for name in ("hq", "alpha", "gone"):
        (town.root / f".dolt-data/{name}/.dolt").mkdir(parents=True)
    town.export("left", {"bead_id": "le-1"})
    town.export("alpha", {"bead_id": "al-1"})
    store = Store(str(town.root))
    told = seen(store)
    assert [(one.name, one.orphan, one.by) for one in told.fact.origins if one.orphan] == [
        ("gone", True, None),
        ("left", True, None),
    ]
    assert [one.name for one in told.beads.queues] == ["hq", "alpha"]
    # A rig that is removed leaves its database behind.
    town.register()
    told = seen(store)
    assert [one.name for one in told.beads.queues] == ["hq"] and {one.name for one in told.fact.origins if one.orphan} >= {
        "alpha"
    }


def test_a_store_that_only_an_older_bd_reads_is_named(town: BeadTown) -> None:
    town.write("alpha/.beads/beads.db", "SQLite format 3")
    store = Store(str(town.root))
    (origin,) = [one for one in seen(store).fact.origins if one.name == "alpha"]
    assert origin.state == "error" and "SQLite" in origin.said and "export" in origin.remedy
    assert not store.databases
    # Beside a database of Dolt it is only left over.
    town.serve("alpha")
    assert "SQLite" not in standing(seen(store))["alpha"][2] and store.databases


def test_a_town_without_beads_says_nothing(tmp_path: Path) -> None:
    assert Store(str(tmp_path)).look(NOW) is None
    assert read_exports(str(tmp_path), lambda: NOW, 2000.0) is None and read_beads("", None, {}, lambda: NOW) is None


def test_a_town_that_has_lost_its_beads_says_so(town: BeadTown) -> None:
    town.export("alpha", {"bead_id": "al-1"})
    store = Store(str(town.root))
    assert ready(seen(store))["alpha"] == ["al-1"]
    for place in (".beads", "alpha/.beads"):
        shutil.rmtree(town.root / place)
    told = seen(store)
    assert not told.fact.origins and not told.beads.queues and told.beads.convoys is None
    assert store.look(NOW) is None


# Exports


def test_beads_are_read_the_quick_way_from_when_on_that_pays(town: BeadTown, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read before counts: of two databases of one size, the second is read so, whichever of them says what."""
    glanced, glance = list[bytes](), quick.glance
    monkeypatch.setattr(quick, "glance", lambda raw: glanced.append(raw) or glance(raw))
    for place, bead_id in (("", "hq-1"), ("alpha", "al-1")):
        size = town.export(place, {"bead_id": bead_id}).stat().st_size
    monkeypatch.setattr(store_module, "WORTH_LOADING", size + 1)
    store = Store(str(town.root))
    assert ready(seen(store)) == {"hq": ["hq-1"], "alpha": ["al-1"]}
    assert [json.loads(raw)["id"] for raw in glanced] == ["al-1"]
    store.take(f"{town.root}/.beads", dump(line("hq-2")), time.time())
    assert ready(seen(store)) == {"hq": ["hq-2"], "alpha": ["al-1"]}
    assert [json.loads(raw)["id"] for raw in glanced] == ["al-1", "hq-2"]


def test_beads_are_read_where_msgspec_is_missing(town: BeadTown, monkeypatch: pytest.MonkeyPatch) -> None:
    town.export("alpha", {"bead_id": "al-1"})
    monkeypatch.setattr(store_module, "WORTH_LOADING", 0)
    monkeypatch.setitem(sys.modules, "msgspec", None)
    monkeypatch.delitem(sys.modules, quick.__name__)
    monkeypatch.delattr(beads, "quick")
    assert ready(seen(Store(str(town.root))))["alpha"] == ["al-1"]
    assert quick.__name__ not in sys.modules


def test_an_export_is_as_old_as_its_state_says(town: BeadTown) -> None:
    town.export("alpha", {"bead_id": "al-1"}, {"bead_id": "al-2", "status": "closed"}, at=LONG_AGO)
    os.utime(town.root / "alpha/.beads/issues.jsonl", (stamp(LONG_AGO),) * 2)
    store = Store(str(town.root))
    told = seen(store)
    assert ready(told) == {"hq": None, "alpha": ["al-1"]} and standing(told)["alpha"] == ("export", "ok", "")
    assert told.fact.origins[1].at == stamp(LONG_AGO)
    assert told.beads.queues[1].merges is None, "an export need not have wisps"
    assert store.look(NOW) is None
    # Its database was written to since.
    town.write("alpha/.beads/last-touched", "al-1")
    assert standing(seen(store))["alpha"] == ("export", "stale", "its database was written to since this export")


def test_a_wisp_in_it_shows_that_it_has_them(town: BeadTown) -> None:
    merge = {"bead_id": "al-wisp-1", "ephemeral": True, "labels": ["gt:merge-request"]}
    town.export("alpha", {"bead_id": "al-1"}, merge)
    queues = seen(Store(str(town.root))).beads.queues[1]
    assert queues.merges is not None and [one.bead.id for one in queues.merges] == ["al-wisp-1"] and queues.escalations == ()


def test_a_torn_export_leaves_what_was_known(town: BeadTown) -> None:
    store = Store(str(town.root))
    town.export("alpha", {"bead_id": "al-1"}, line("al-2")[:-9])
    told = seen(store)
    assert ready(told)["alpha"] == ["al-1"] and standing(told)["alpha"] == ("export", "stale", "issues.jsonl ends early")
    town.export("alpha", {"bead_id": "al-1"}, line("al-2"))
    assert ready(seen(store, time.time() + 9))["alpha"] == ["al-1", "al-2"]
    for broken in (line("al-3")[:-9], ""):
        town.export("alpha", broken)
        told = seen(store, time.time() + 9)
        assert ready(told)["alpha"] == ["al-1", "al-2"] and standing(told)["alpha"][1] == "stale"
    town.export("alpha", {"bead_id": "al-4"})
    told = seen(store, time.time() + 9)
    assert ready(told)["alpha"] == ["al-4"] and standing(told)["alpha"] == ("export", "ok", "")


def test_what_is_being_written_is_left_alone_until_it_stands_still(town: BeadTown) -> None:
    path = town.export("alpha", {"bead_id": "al-1"})
    export = Export(str(path.parent))
    first = export.look(time.time())
    assert first is not None and len([*first.lines]) == 1
    path.write_text(path.read_text() + line("al-2") + "\n")
    assert export.look(time.time()) is None
    assert isinstance(export.look(time.time()), Reading), "the second look finds it as the first did"


def test_no_export_is_unknown_and_one_that_bd_removed_is_empty(town: BeadTown) -> None:
    store = Store(str(town.root))
    assert ready(seen(store)) == {"hq": None, "alpha": None}
    town.write("alpha/.beads/export-state.json", {"timestamp": LONG_AGO, "issues": 0})
    assert ready(seen(store)) == {"hq": None, "alpha": []}
    town.export("alpha", {"bead_id": "al-1"}, at=LONG_AGO)
    assert ready(seen(store, time.time() + 9))["alpha"] == ["al-1"]
    (town.root / "alpha/.beads/issues.jsonl").unlink()
    told = seen(store)
    assert ready(told)["alpha"] == ["al-1"] and standing(told)["alpha"] == ("export", "stale", "issues.jsonl is gone")
    # Its last bead was deleted while it is watched.
    town.write("alpha/.beads/export-state.json", {"timestamp": "2999-11-21T09:00:00Z", "issues": 0})
    told = seen(store)
    assert ready(told)["alpha"] == [] and standing(told)["alpha"] == ("export", "ok", "")
    assert store.look(NOW) is None


def test_an_empty_file_is_no_export(town: BeadTown) -> None:
    """`gt install` makes one, and where nothing is ever exported it stays: of beads it says nothing, so they are unknown."""
    (town.root / ".beads/issues.jsonl").touch()
    town.write("alpha/.beads/export-state.json", {"timestamp": LONG_AGO, "issues": 4})
    (town.root / "alpha/.beads/issues.jsonl").touch()
    store = Store(str(town.root))
    told = seen(store)
    assert ready(told) == {"hq": None, "alpha": None} and told.beads.convoys is None
    assert standing(told) == dict.fromkeys(("hq", "alpha"), (None, "absent", "no export was written"))
    town.export("alpha", line("al-1")[:-9])
    seen(store, time.time() + 9)
    (town.root / "alpha/.beads/issues.jsonl").write_text("")
    assert standing(seen(store))["alpha"] == ("export", "stale", "issues.jsonl was emptied"), "what was torn is no better by that"


def test_a_line_of_fifty_megabytes_is_skipped_and_counted(town: BeadTown) -> None:
    town.export("alpha", {"bead_id": "al-1"}, line("al-2", description="x" * (50 << 20)) + "\n", {"bead_id": "al-3"})
    told = seen(Store(str(town.root)))
    assert ready(told)["alpha"] == ["al-1", "al-3"]
    assert [one.skipped for one in told.fact.origins] == [0, 1]
    town.export("alpha", line("al-2", description="x" * (MOST_LINE >> 1)) + "\n")
    assert ready(seen(Store(str(town.root))))["alpha"] == ["al-2"]


def test_what_is_no_file_is_never_waited_for(town: BeadTown) -> None:
    os.mkfifo(town.root / "alpha/.beads/issues.jsonl")
    os.mkfifo(town.root / "alpha/.beads/metadata.json")
    assert standing(seen(Store(str(town.root))))["alpha"] == (None, "error", "issues.jsonl cannot be read: it is no regular file")


def test_odd_graphs_are_no_trouble(town: BeadTown) -> None:
    def needs(bead_id: str, *targets: str) -> dict[str, object]:
        return {"bead_id": bead_id, "dependencies": [{"depends_on_id": one, "type": "blocks"} for one in targets]}

    town.export(
        "alpha", needs("al-1", "al-2"), needs("al-2", "al-1"), needs("al-3", "al-3"), needs("al-4", "missing", "external:x:y")
    )
    store = Store(str(town.root))
    assert ready(seen(store))["alpha"] == ["al-4"]
    told = store.account("al-1")
    assert told is not None and [(one.depth, one.id, one.again) for one in told.needs] == [(0, "al-2", False), (1, "al-1", True)]
    assert [one.id for one in told.needed_by] == ["al-2", "al-1"] and told.held_by == ("al-2",)
    lost = store.account("al-4")
    assert lost is not None and [(one.id, one.status) for one in lost.needs] == [("missing", None), ("external:x:y", None)]
    assert store.account("nobody") is None


# bd's answers


def test_an_answer_of_bd_takes_the_place_of_the_export_until_that_is_newer_and_bd_fails(town: BeadTown) -> None:
    town.serve("alpha")
    town.export("alpha", {"bead_id": "al-1"}, at=LONG_AGO)
    os.utime(town.root / "alpha/.beads/issues.jsonl", (stamp(LONG_AGO),) * 2)
    store = Store(str(town.root))
    seen(store)
    (folder,) = store.databases
    store.take(folder, dump(line("al-1"), line("al-2")), time.time())
    told = seen(store)
    assert ready(told)["alpha"] == ["al-1", "al-2"] and standing(told)["alpha"] == ("dump", "ok", "")
    assert told.beads.queues[1].merges == (), "bd 1.0.0 was asked for wisps, too"
    store.take(folder, Dump(None, "it failed", "mend it"), time.time())
    told = seen(store)
    assert ready(told)["alpha"] == ["al-1", "al-2"] and standing(told)["alpha"] == ("dump", "stale", "it failed")
    town.export("alpha", {"bead_id": "al-9"})
    os.utime(town.root / "alpha/.beads/issues.jsonl", (time.time() + 60,) * 2)
    told = seen(store, time.time() + 99)
    assert ready(told)["alpha"] == ["al-9"] and told.fact.origins[1].by == "export"


@pytest.mark.parametrize(
    ("version", "known"), [("0.57.0", False), ("0.58.0", True), ("1.0.4", True), ("1.1.0", False), ("", False)]
)
def test_whether_an_answer_tells_of_wisps_depends_on_the_version(town: BeadTown, version: str, known: bool) -> None:
    town.serve("alpha", version=version)
    store = Store(str(town.root))
    seen(store)
    (folder,) = store.databases
    store.take(folder, dump(line("al-1")), 1.0)
    assert (seen(store).beads.queues[1].merges is not None) is known
    store.take(folder, dump(line("al-1"), line("al-w", ephemeral=True)), 1.0)
    assert seen(store).beads.queues[1].merges == ()
    store.take(folder, dump(line("al-1"), wisps=False), 1.0)
    assert seen(store).beads.queues[1].merges is None


def test_a_bead_that_was_deferred_becomes_ready_by_itself(town: BeadTown) -> None:
    town.export("alpha", {"bead_id": "al-1", "defer_until": "2026-11-21T10:00:00Z"})
    due, store = stamp("2026-11-21T10:00:00Z") or 0.0, Store(str(town.root))
    assert ready(seen(store, due - 1))["alpha"] == []
    assert store.look(Moment(due - 0.5, 1.0)) is None
    assert ready(seen(store, due))["alpha"] == ["al-1"]


def test_dolt_that_is_down_and_an_import_are_told_at_the_top(town: BeadTown) -> None:
    town.serve("", "alpha", port=3999)
    store = Store(str(town.root))
    seen(store)
    hq, alpha = store.databases
    store.take(hq, Dump(None, "unreachable", "gt dolt start", down=True), 1.0)
    store.take(alpha, dump(line("al-1"), imports=True), 1.0)
    told = {notice.code: notice for notice in seen(store).fact.notices}
    assert set(told) == {"dolt_down", "bd_import_hazard"}
    assert "127.0.0.1:3999" in told["dolt_down"].text and "witnesses" in told["dolt_down"].text
    assert "alpha" in told["bd_import_hazard"].text and "export.auto: false" in told["bd_import_hazard"].remedy
    store.take(hq, dump(), 2.0)
    assert [notice.code for notice in seen(store).fact.notices] == ["bd_import_hazard"]


@pytest.mark.parametrize(
    ("version", "config", "told"),
    [("1.0.4", "", True), ("1.0.5", "", False), ("1.0.3", "", False), ("1.0.4", "export.auto: false\n", False)],
)
def test_a_bd_that_is_known_to_import_is_told_before_it_does(town: BeadTown, version: str, config: str, told: bool) -> None:
    town.serve("alpha", version=version)
    town.export("alpha", {"bead_id": "al-1"})
    town.write("alpha/.beads/config.yaml", config)
    assert [notice.code for notice in seen(Store(str(town.root))).fact.notices] == ["bd_import_hazard"] * told


def test_what_did_not_change_is_kept_as_it_is(town: BeadTown) -> None:
    town.serve("alpha")
    store = Store(str(town.root))
    seen(store)
    (folder,) = store.databases
    store.take(folder, dump(line("al-1"), line("al-2")), 1.0)
    before = seen(store).beads.queues[1].ready or ()
    again = tuple(store.keep(folder)(line(one).encode()) for one in ("al-1", "al-2"))
    store.take(folder, Dump(again), 2.0)
    assert store.look(NOW) is None or [*map(id, seen(store).beads.queues[1].ready or ())] == [*map(id, before)]
    assert again[0] is before[0].raw


# How often


def test_a_bd_that_takes_five_seconds_is_asked_once_in_fifty(town: BeadTown) -> None:
    town.register("alpha", "beta", "gamma")
    for rig in ("beta", "gamma"):
        (town.root / rig / ".beads").mkdir(parents=True)
    town.serve("", "alpha", "beta", "gamma")
    databases = {one.folder: one for one in find(str(town.root)).databases}
    rhythm, now, began = Rhythm(), 1000.0, []
    while now < 2000.0:
        for folder in rhythm.due(databases, now)[:1]:
            began.append(now)
            # Somebody writes all the time.
            os.utime(town.write(f"{os.path.relpath(folder, town.root)}/last-touched", str(now)), (now, now))
            rhythm.asked(folder, databases[folder], Dump(()), (), now, now + 5.0)
        now += 1.0
    gaps = [later - earlier for earlier, later in pairwise(began)]
    assert len(began) > 15 and min(gaps) >= 50


def test_one_that_is_quick_is_asked_when_something_was_written(town: BeadTown) -> None:
    town.serve("alpha")
    (database,) = [one for one in find(str(town.root)).databases if one.known]
    databases, rhythm = {database.folder: database}, Rhythm()
    assert rhythm.due(databases, 0.0) == [database.folder]
    rhythm.asked(database.folder, database, Dump(()), hint(database), 0.0, 0.1)
    assert rhythm.due(databases, LEAST_S) == []
    town.write(f".dolt-data/alpha/{JOURNAL}", "x")
    assert rhythm.due(databases, LEAST_S - 0.1) == [] and rhythm.due(databases, LEAST_S) == [database.folder]
    rhythm.asked(database.folder, database, Dump(()), hint(database), LEAST_S, LEAST_S + 0.1)
    assert rhythm.due(databases, LEAST_S * 3) == []
    assert rhythm.due(databases, LEAST_S + HEARTBEAT_S) == [database.folder]


def test_a_server_that_comes_or_goes_is_asked_about_as_soon_as_the_last_answer_allows(town: BeadTown) -> None:
    town.serve("alpha")
    (database,) = [one for one in find(str(town.root)).databases if one.known]
    databases = {database.folder: database}
    serving = subprocess.Popen(["sleep", "60"])
    pid = town.write("daemon/dolt.pid", str(serving.pid))
    rhythm = Rhythm(partial(server_hint, str(town.root)))
    rhythm.asked(database.folder, database, Dump(()), hint(database), 0.0, 1.0)
    assert rhythm.due(databases, 20.0) == []
    serving.kill()
    serving.wait()
    assert rhythm.due(databases, 9.0) == [] and rhythm.due(databases, 20.0) == [database.folder], "it ended by itself"
    for at in (20.0, 40.0, 80.0):
        rhythm.asked(database.folder, database, Dump(None, down=True), (), at, at + 0.1)
    assert rhythm.due(databases, 90.0) == [], "it fails, and is left alone"
    pid.write_text(str(os.getpid()))
    assert rhythm.due(databases, 90.0) == [database.folder], "it is back"
    rhythm.asked(database.folder, database, Dump(()), hint(database), 90.0, 90.5)
    rhythm.again()
    assert rhythm.due(databases, 94.0) == [] and rhythm.due(databases, 95.0) == [database.folder], "somebody wants it now"


@pytest.mark.parametrize("down", [False, True])
def test_one_that_fails_is_asked_less_and_less(town: BeadTown, down: bool) -> None:
    town.serve("", "alpha")
    databases = {one.folder: one for one in find(str(town.root)).databases}
    rhythm, now, began = Rhythm(), 0.0, dict[str, list[float]]()
    while now < 3000.0:
        for folder in rhythm.due(databases, now)[:1]:
            began.setdefault(folder, []).append(now)
            rhythm.asked(folder, databases[folder], Dump(None, down=down), (), now, now + 0.1)
        now += 1.0
    assert all(len(times) <= 16 for times in began.values())
    every = sorted(time for times in began.values() for time in times)
    if down:
        assert all(later - earlier >= 10 for earlier, later in pairwise(every))
        assert every[-1] - every[-2] >= 300, "one server's failure counts for all of its databases"


# For one command


def test_status_reads_exports_and_starts_nothing(town: BeadTown) -> None:
    town.serve("", "alpha")
    town.export("alpha", *({"bead_id": f"al-{number}"} for number in range(3000)))
    told = read_exports(str(town.root), lambda: NOW, 2000.0)
    assert isinstance(told, Seen) and told.fact.tallies[1].ready == 3000 and told.fact.tallies[0].ready is None
    late = read_exports(str(town.root), lambda: NOW, 1000.0)
    assert isinstance(late, SourceFailed) and late.name == "beads" and not town.asked


def test_beads_asks_bd_once_for_each_database_and_else_reads_the_export(town: BeadTown) -> None:
    town.serve("", "alpha")
    town.export("alpha", {"bead_id": "al-1"})
    town.says((DATA / "alpha.list.json").read_bytes(), place="alpha")
    told = read_beads(str(town.root), None, town.environ, lambda: Moment(time.time(), 1.0))
    assert told is not None and len(town.asked) == 2 and [one.by for one in told.fact.origins] == ["dump", "dump"]
    assert len(told.beads.queues[1].active or ()) == 5
    told = read_beads(str(town.root), "alpha", town.environ, lambda: Moment(time.time(), 1.0))
    assert len(town.asked) == 3
    town.says("", "boom", 1, place="alpha")
    told = read_beads(str(town.root), "alpha", town.environ, lambda: Moment(time.time(), 1.0))
    assert told is not None and ready(told)["alpha"] == ["al-1"] and standing(told)["alpha"] == ("export", "ok", "boom")
    tripped = {"state": "open", "tripped_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    town.write("tmp/beads-circuit/beads-dolt-circuit-127-0-0-1-3307-alpha.json", json.dumps(tripped))
    read_beads(str(town.root), "alpha", town.environ, lambda: Moment(time.time(), 1.0))
    assert len(town.asked) == 4


def test_a_server_that_did_not_answer_is_not_waited_for_again(town: BeadTown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "PATIENCE_S", 0.5)
    town.serve("", "alpha")
    town.export("alpha", {"bead_id": "al-1"})
    town.write("bd/hang", "")
    told = read_beads(str(town.root), None, town.environ, lambda: Moment(time.time(), time.monotonic()))
    assert told is not None and len(town.asked) == 1 and ready(told)["alpha"] == ["al-1"]
    first, second = (origin.said for origin in told.fact.origins)
    assert "did not answer within 0.5 s" in first and "for another database" in second
    town.serve("alpha", port=3308)
    read_beads(str(town.root), None, town.environ, lambda: Moment(time.time(), time.monotonic()))
    assert len(town.asked) == 3, "of another server that tells nothing"
