"""Finding the town: its root, the sockets that could be its server's, and which of the live ones is."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import Tmux, stopped
from towns import HandTown, clock

from gastown_tui.observe.locate import Wanted, candidates, find_root, probe, socket_folders
from gastown_tui.observe.survey import Survey, survey
from gastown_tui.town.snapshot import Nowhere

HASH = 6


def wanted(cwd: Path, home: Path | None = None, **named: Any) -> Wanted:
    return Wanted(named.pop("environ", {}), cwd, home or cwd / "home", os.getuid(), **named)


def town_at(folder: Path, marker: str = "mayor/town.json") -> Path:
    (folder / marker).parent.mkdir(parents=True, exist_ok=True)
    (folder / marker).write_text("{}")
    return folder


def derived(root: Path, name: str | None = None) -> str:
    return f"{name or root.name}-{hashlib.sha256(os.path.realpath(root).encode()).hexdigest()[:HASH]}"


def look(hand: HandTown, **named: Any) -> Survey | Nowhere:
    cwd = named.pop("cwd", None)
    return survey(hand.wanted(cwd, **named), tmux="tmux", host="here", clock=clock, timeout=1.0)


def place(hand: HandTown, **named: Any) -> Survey:
    found = look(hand, **named)
    assert isinstance(found, Survey), found
    return found


def sessions(found: Survey) -> set[str]:
    assert found.look is not None, found.error
    return {pane.session for pane in (found.look.panes or {}).values()}


@pytest.fixture
def town(tmux: Tmux) -> HandTown:
    """A town whose server has the name that its root implies."""
    made = HandTown(tmux)
    tmux.name = derived(made.root)
    return made


def root_of(wish: Wanted) -> Path | None:
    root = find_root(wish)[0]
    return root and root.real


def test_the_option_comes_first_then_the_environment_then_the_folder_then_home(tmp_path: Path) -> None:
    option, first, second, here = (town_at(tmp_path / name) for name in ("option", "first", "second", "here"))
    home = tmp_path / "home"
    town_at(home / "gt")
    both = {"GT_TOWN_ROOT": str(first), "GT_ROOT": str(second)}
    assert root_of(wanted(here, home, town=str(option), environ=both)) == option
    assert root_of(wanted(here, home, environ=both)) == first
    assert root_of(wanted(here, home, environ={"GT_ROOT": str(second)})) == second
    assert root_of(wanted(here / "mayor", home)) == here
    assert root_of(wanted(tmp_path, home)) == home / "gt"
    assert root_of(wanted(tmp_path, tmp_path)) is None


def test_an_option_that_is_no_folder_is_not_replaced_by_a_guess(tmp_path: Path) -> None:
    town_at(tmp_path)
    assert find_root(wanted(tmp_path, town="nowhere")) == (None, ("--town nowhere (no such folder)",))
    assert root_of(wanted(tmp_path / "mayor", town="..")) == tmp_path


def test_a_variable_that_names_no_town_is_passed_over_and_told(tmp_path: Path) -> None:
    here = town_at(tmp_path / "here")
    root, tried = find_root(wanted(here, environ={"GT_ROOT": str(tmp_path / "old")}))
    assert root is not None and root.real == here
    assert tried[0] == f"GT_ROOT={tmp_path}/old (no mayor/ there)"


def test_the_outermost_marker_wins(tmp_path: Path) -> None:
    # A rig's clone has a mayor/ folder of its own, and may hold a whole town.
    inner = town_at(tmp_path / "town/rig/mayor/rig")
    town_at(tmp_path / "town", "mayor/rigs.json")
    assert root_of(wanted(inner)) == inner
    town_at(tmp_path / "town")
    assert root_of(wanted(inner)) == tmp_path / "town"


def test_the_folder_of_an_automonitor_is_a_marker(tmp_path: Path) -> None:
    (tmp_path / "town/settings/automonitor").mkdir(parents=True)
    assert root_of(wanted(tmp_path / "town/settings")) == tmp_path / "town"


def test_a_loop_of_links_is_no_town(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert root_of(wanted(tmp_path, environ={"GT_ROOT": str(tmp_path / "loop")})) is None
    assert root_of(wanted(tmp_path, town="loop")) is None


@contextlib.contextmanager
def somebody_else() -> Iterator[None]:
    if os.getuid():
        pytest.skip("only root can become somebody else")
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_that_lets_nobody_in_is_no_town(tmux: Tmux) -> None:
    closed = tmux.folder / "closed"
    town_at(closed / "gt")
    closed.chmod(0o700)
    tmux.folder.chmod(0o755)
    with somebody_else():
        root, tried = find_root(wanted(tmux.folder, town=str(closed / "gt")))
        elsewhere = root_of(wanted(tmux.folder, closed, environ={"GT_ROOT": str(closed / "gt")}))
    assert (root, tried) == (None, (f"--town {closed}/gt (no such folder)",))
    assert elsewhere is None


def names(wish: Wanted) -> list[str]:
    return list(dict.fromkeys(Path(one.path).name for one in candidates(find_root(wish)[0], wish)))


def test_the_sockets_that_a_root_implies(tmp_path: Path) -> None:
    root = town_at(tmp_path / "My Town_2")
    town = derived(root, "my-town-2")
    assert names(wanted(root)) == [town, "my-town-2", "default"]
    link = tmp_path / "gtlink"
    link.symlink_to(root)
    assert names(wanted(link)) == [derived(root, "gtlink"), town, "my-town-2", "default"]
    own = [one.own for one in candidates(find_root(wanted(root))[0], wanted(root))]
    assert own[0] and not own[-1]


def test_a_socket_of_the_same_hash_under_another_name_is_tried(tmp_path: Path) -> None:
    root = town_at(tmp_path / "town")
    wish = wanted(root, environ={"TMUX_TMPDIR": str(tmp_path)})
    folder = socket_folders(wish)[0]
    folder.mkdir()
    (folder / derived(root, "oldlink")).touch()
    assert names(wish) == [derived(root), derived(root, "oldlink"), "town", "default"]


@pytest.mark.parametrize("value", ["default", "auto", ""])
def test_default_and_auto_mean_the_name_that_the_root_implies(tmp_path: Path, value: str) -> None:
    root = town_at(tmp_path / "town")
    assert names(wanted(root, environ={"GT_TMUX_SOCKET": value}))[0] == derived(root)


def test_a_named_socket_is_the_only_one(tmp_path: Path) -> None:
    root = town_at(tmp_path / "town")
    assert names(wanted(root, environ={"GT_TMUX_SOCKET": "mine"})) == ["mine"]
    assert names(wanted(root, socket="default", environ={"GT_TMUX_SOCKET": "mine"})) == ["default"]
    paths = [one.path for one in candidates(None, wanted(root, socket="run/s"))]
    assert paths == [str(root / "run/s")]


def test_the_folder_of_tmux_comes_before_the_one_that_gt_believes_in(tmp_path: Path) -> None:
    folder = f"tmux-{os.getuid()}"
    (tmp_path / "tmp").symlink_to("/tmp")
    assert socket_folders(wanted(tmp_path)) == (Path("/tmp") / folder,)
    assert socket_folders(wanted(tmp_path, environ={"TMUX_TMPDIR": str(tmp_path)})) == (tmp_path / folder, Path("/tmp") / folder)
    assert socket_folders(wanted(tmp_path, environ={"TMUX_TMPDIR": str(tmp_path / "tmp")})) == (Path("/tmp") / folder,)


def test_a_probe_tells_who_is_there(tmux: Tmux) -> None:
    path = str(tmux.folder / "s")
    assert probe(path) == "absent"
    assert probe(str(tmux.folder / "x" / "s")) == "absent"
    Path(path).touch()
    assert probe(path) == probe(path + "/s").replace("absent", "stale") == "stale"
    assert probe(str(tmux.folder / ("x" * 120))) == "absent"
    Path(path).unlink()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        assert probe(path) == "stale"
        server.listen(0)
        assert probe(path) == "live"
        Path(path).chmod(0o600)
        tmux.folder.chmod(0o755)
        with somebody_else():
            assert probe(path) == "refused"


def test_a_stopped_server_with_a_full_queue_is_live(tmux: Tmux) -> None:
    path = str(tmux.folder / "s")
    with socket.socket(socket.AF_UNIX) as server, contextlib.ExitStack() as waiting:
        server.bind(path)
        server.listen(0)
        full = False
        for _ in range(10):
            one = waiting.enter_context(socket.socket(socket.AF_UNIX))
            one.setblocking(False)
            full = full or one.connect_ex(path) != 0
        assert full
        assert probe(path) == "live"


def test_a_probe_starts_no_server(town: HandTown) -> None:
    found = place(town, cwd=town.root)
    assert found.error is not None and found.error.absent
    assert not town.tmux.listens and not Path(town.tmux.socket).exists()
    assert found.ref.socket == town.tmux.socket
    assert found.probes[town.tmux.socket] == "absent"


def test_the_derived_server_is_found_from_any_folder_of_the_town(town: HandTown) -> None:
    town.start("hq-mayor", "mayor")
    for cwd in (town.root, town.root / "mayor"):
        found = place(town, cwd=cwd)
        assert (found.ref.socket, sessions(found), found.located.notices) == (town.tmux.socket, {"hq-mayor"}, ())


def test_a_town_entered_through_a_link_has_the_socket_of_that_name(town: HandTown) -> None:
    link = town.tmux.folder / "gtlink"
    link.symlink_to(town.root)
    town.tmux.name = derived(town.root, "gtlink")
    town.start("hq-mayor", "mayor", GT_ROOT=str(link))
    for cwd in (link, town.root):
        found = place(town, cwd=cwd)
        assert (found.ref.socket, found.ref.root) == (town.tmux.socket, str(town.root))
        assert [pane.env["GT_ROOT"] for pane in (found.look.panes or {}).values()] == [str(town.root)] if found.look else False


def test_an_empty_server_of_the_derived_name_is_the_towns(town: HandTown) -> None:
    town.tmux.cmd("start-server", ";", "set-option", "-s", "exit-empty", "off")
    found = place(town, cwd=town.root)
    assert found.ref.socket == town.tmux.socket and sessions(found) == set()


def test_agents_on_the_users_own_server_are_found(town: HandTown) -> None:
    town.tmux.name = "default"
    town.start("hq-mayor", "mayor")
    town.start("notes")
    assert sessions(place(town, cwd=town.root)) == {"hq-mayor", "notes"}


def test_the_users_own_server_is_not_taken_for_the_towns(town: HandTown) -> None:
    town.tmux.name = "default"
    town.start("notes")
    found = place(town, cwd=town.root)
    assert found.look is None and found.ref.socket == str(Path(town.tmux.socket).with_name(derived(town.root)))
    town.start("hq-mayor", "mayor", GT_ROOT="/elsewhere")
    assert place(town, cwd=town.root).look is None


def test_two_live_servers_are_never_chosen_between_in_silence(town: HandTown, new_tmux: Callable[..., Tmux]) -> None:
    old = new_tmux()
    old.name = "town"
    HandTown(old, town.root).start("al-crew-max", "alpha/crew/max")
    town.start("hq-mayor", "mayor")
    found = place(town, cwd=town.root)
    assert sessions(found) == {"hq-mayor"}
    (notice,) = found.located.notices
    assert notice.code == "two_sockets" and notice.remedy
    assert f"{derived(town.root)} and town; shown is {derived(town.root)}" in notice.text
    assert place(town, cwd=town.root, socket="town").located.notices == ()


def test_a_named_socket_alone_says_where_the_town_lies(town: HandTown, tmp_path: Path) -> None:
    town.start("hq-mayor", "mayor")
    for socket_ in (town.tmux.name, town.tmux.socket):
        found = place(town, cwd=tmp_path, socket=socket_)
        assert (found.ref.root, sessions(found)) == (str(town.root), {"hq-mayor"})


def test_a_named_socket_whose_sessions_tell_no_root(town: HandTown, tmp_path: Path) -> None:
    town.start("gt-alpha-witness")
    found = place(town, cwd=tmp_path, socket=town.tmux.name)
    assert (found.ref.root, found.ref.name, sessions(found)) == ("", "", {"gt-alpha-witness"})


def test_a_named_socket_with_two_towns_is_not_chosen_between(town: HandTown, tmp_path: Path) -> None:
    town.start("hq-mayor", "mayor")
    town.start("al-witness", "alpha/witness", GT_ROOT="/elsewhere")
    found = look(town, cwd=tmp_path, socket=town.tmux.name)
    assert isinstance(found, Nowhere) and "more than one town" in found.reason and "--town" in found.remedy
    assert place(town, town=str(town.root), socket=town.tmux.name).ref.root == str(town.root)


def test_a_server_without_a_mayor_folder_is_a_town_too(tmux: Tmux) -> None:
    town = HandTown(tmux, registered=False)
    tmux.name = derived(town.root)
    assert isinstance(look(town, town=str(town.root)), Nowhere)
    town.start("gt-alpha-crew-max")
    found = place(town, town=str(town.root))
    assert not found.files.registered and sessions(found) == {"gt-alpha-crew-max"}


def test_a_named_socket_makes_no_town_of_a_folder(tmux: Tmux) -> None:
    town = HandTown(tmux, registered=False)
    found = look(town, town=str(town.root), socket="nobody")
    assert isinstance(found, Nowhere) and "is no town" in found.reason


def test_what_was_tried_is_told(tmux: Tmux, tmp_path: Path) -> None:
    found = look(HandTown(tmux, registered=False), cwd=tmp_path, socket=tmux.name, GT_ROOT="/elsewhere")
    assert isinstance(found, Nowhere)
    assert found.tried == (
        "GT_ROOT=/elsewhere (no mayor/ there)",
        f"a mayor/ folder in or above {tmp_path}",
        "~/gt",
        f"socket {tmux.name}: absent",
        f"socket {tmux.name}: absent",
    )


def test_the_users_own_server_may_hold_the_agents_while_it_does_not_answer(town: HandTown) -> None:
    town.tmux.name = "default"
    town.start("hq-mayor", "mayor")
    with stopped(town.tmux.pid):
        found = place(town, cwd=town.root)
    assert found.error is not None and not found.error.absent
    assert found.ref.socket == town.tmux.socket


def test_a_server_that_does_not_answer_is_no_absence(town: HandTown) -> None:
    town.start("hq-mayor", "mayor")
    with stopped(town.tmux.pid):
        found = place(town, cwd=town.root)
        nameless = look(town, cwd=town.tmux.folder / "bin", socket=town.tmux.name)
    assert found.look is None and found.error is not None and not found.error.absent
    assert found.ref.socket == town.tmux.socket and found.probes[town.tmux.socket] == str(found.error)
    assert isinstance(nameless, Nowhere) and f"socket {town.tmux.name}: tmux did not answer within 1 s" in nameless.tried
