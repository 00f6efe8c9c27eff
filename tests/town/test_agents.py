"""Who a session is: what it says of itself, then its name by the prefixes, the old scheme, the legacy names."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gastown_tui.town.agents import Identity, Stranger, from_name, from_role, identify
from gastown_tui.town.facts import Pane, Rig

ROOT = "/home/op/gt"
RIGS = (
    Rig("gastown", "gt", crew=("jack",), polecats=("nux", "bullet-farmer", "gastown")),
    Rig("beads", "bd-", crew=("emma",), polecats=("slit",)),
    Rig("nested", "gt-foo", polecats=("bar",)),
    Rig("widget_shop", "Ws-x", crew=("Zed_1",)),
    Rig("vas", "VAS"),
    Rig("unprefixed", ""),
)
MAYOR, DEACON, BOOT = Identity("mayor", "mayor"), Identity("deacon", "deacon"), Identity("boot", "boot")


def pane(session: str, cwd: str = "", **env: str) -> Pane:
    return Pane("%1", "$1", session, 0.0, 100, 0.0, env=env, cwd=cwd)


def who(found: Identity | Stranger) -> str | None:
    """The address, `(kind)` of a stranger."""
    return found.id if isinstance(found, Identity) else f"({found.kind})"


@pytest.mark.parametrize(
    ("role", "variables", "expected"),
    [
        ("mayor", {}, "mayor"),
        ("mayor/", {}, "mayor"),
        ("deacon", {}, "deacon"),
        ("deacon/boot", {}, "boot"),
        ("boot", {}, "boot"),
        ("overseer", {}, "(overseer)"),
        ("dog", {"GT_DOG_NAME": "rex"}, "dog/rex"),
        ("dog", {}, None),
        ("dogs/rex", {}, "dog/rex"),
        ("deacon/dogs/rex", {}, "dog/rex"),
        ("alpha/witness", {}, "alpha/witness"),
        ("alpha/refinery", {}, "alpha/refinery"),
        ("alpha/crew/max", {}, "alpha/crew/max"),
        ("alpha/polecats/bullet-farmer", {}, "alpha/polecats/bullet-farmer"),
        ("alpha/polecat/nux", {}, "alpha/polecats/nux"),
        ("witness", {"GT_RIG": "alpha"}, "alpha/witness"),
        ("witness", {}, None),
        ("crew", {"GT_RIG": "alpha", "GT_CREW": "max"}, "alpha/crew/max"),
        ("crew", {"GT_RIG": "alpha"}, None),
        ("crew", {"GT_CREW": "max"}, None),
        ("crew", {"GT_RIG": "alpha/crew", "GT_CREW": "max"}, None),
        ("polecat", {"GT_RIG": "alpha", "GT_POLECAT": "nux"}, "alpha/polecats/nux"),
        ("polecat", {"GT_RIG": "alpha", "GT_POLECAT": "a/b"}, None),
        ("", {}, None),
        ("///", {}, None),
        ("plumber", {}, None),
        ("alpha/plumber", {}, None),
        ("alpha/crew/max/more", {}, None),
    ],
)
def test_what_a_session_says_of_itself(role: str, variables: dict[str, str], expected: str | None) -> None:
    found = from_role(role, variables)
    assert (found and who(found)) == expected


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        ("hq-mayor", "mayor"),
        ("hq-deacon", "deacon"),
        ("hq-boot", "boot"),
        ("hq-dog-rex", "dog/rex"),
        ("hq-dog-old-yeller", "dog/old-yeller"),
        ("hq-dog-", "(None)"),
        ("hq-overseer", "(overseer)"),
        ("hq-witness", "(None)"),
        ("gt-witness", "gastown/witness"),
        ("gt-refinery", "gastown/refinery"),
        ("gt-crew-jack", "gastown/crew/jack"),
        ("gt-crew-two-words", "gastown/crew/two-words"),
        ("gt-crew-", "(None)"),
        ("gt-nux", "gastown/polecats/nux"),
        ("gt-bullet-farmer", "gastown/polecats/bullet-farmer"),
        ("gt-51", "gastown/polecats/51"),
        ("gt-", "(None)"),
        ("gt", "(None)"),
        ("gt-polecats", "(None)"),
        ("bd-slit", "beads/polecats/slit"),
        ("Ws-x-crew-Zed_1", "widget_shop/crew/Zed_1"),
        ("Ws-x-witness", "widget_shop/witness"),
        ("Ws-witness", "(None)"),
        ("ws-x-witness", "(None)"),
        ("VAS-crew-furiosa", "vas/crew/furiosa"),
        ("vas-crew-furiosa", "(None)"),
        # Nested prefixes: the longest that is registered wins; without a rest it is a polecat of the shorter one.
        ("gt-foo-bar", "nested/polecats/bar"),
        ("gt-foo-witness", "nested/witness"),
        ("gt-foo", "gastown/polecats/foo"),
        # The scheme of before 2026-02, against known rigs only.
        ("gt-gastown-witness", "gastown/witness"),
        ("gt-beads-crew-emma", "beads/crew/emma"),
        ("gt-beads-slit", "beads/polecats/slit"),
        ("gt-beads-nobody", "gastown/polecats/beads-nobody"),
        ("gt-unprefixed-refinery", "unprefixed/refinery"),
        ("gt-gastown", "gastown/polecats/gastown"),
        ("gt-nowhere-witness", "gastown/polecats/nowhere-witness"),
        # Legacy singletons.
        ("gt-mayor", "mayor"),
        ("gt-deacon", "deacon"),
        ("gt-boot", "boot"),
        ("gt-deacon-boot", "boot"),
        ("gt-witness-beads", "beads/witness"),
        ("gt-refinery-gastown", "gastown/refinery"),
        ("gt-automonitor", "(automonitor)"),
        # Whatever else stands on the socket.
        ("notes", "(None)"),
        ("dotfiles-main", "(None)"),
        ("gs-1923", "(None)"),
        ("gt-crew-my notes", "(None)"),
        ("gt-crew-a/b", "(None)"),
        ("gt-nux\x1b]0;x\x07", "(None)"),
        ("", "(None)"),
    ],
)
def test_names_with_a_registry(session: str, expected: str) -> None:
    assert who(from_name(session, RIGS)) == expected


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        ("hq-mayor", "mayor"),
        ("hq-deacon", "deacon"),
        ("gt-gastown-witness", "gastown/witness"),
        ("gt-gastown-refinery", "gastown/refinery"),
        ("gt-gastown-crew-jack", "gastown/crew/jack"),
        ("gt-automonitor", "(automonitor)"),
        ("gt-gastown-nux", "(None)"),
        ("gt-nux", "(None)"),
        ("gt-witness", "(None)"),
        ("bd-crew-emma", "(None)"),
    ],
)
def test_names_without_a_registry(session: str, expected: str) -> None:
    assert who(from_name(session, ())) == expected


@pytest.mark.parametrize(
    ("session", "cwd", "expected"),
    [
        ("gt-beads-slit", "gastown/polecats/beads-slit/gastown", "gastown/polecats/beads-slit"),
        ("gt-beads-slit", "beads/polecats/slit", "beads/polecats/slit"),
        ("gt-gastown-witness", "gastown/polecats/gastown-witness", "gastown/polecats/gastown-witness"),
        ("gt-gastown-witness", "gastown/polecats/gastown-witness-2", "gastown/witness"),
        ("gt-gastown-witness", "", "gastown/witness"),
    ],
)
def test_where_it_works_settles_which_scheme_a_name_follows(session: str, cwd: str, expected: str) -> None:
    assert who(from_name(session, RIGS, f"{ROOT}/{cwd}", ROOT)) == expected


def test_a_polecats_folder_comes_before_the_old_scheme_and_its_own_folder_before_that() -> None:
    rigs = (Rig("gastown", "gt", polecats=("gastown-witness", "automonitor")),)
    assert who(from_name("gt-gastown-witness", rigs)) == "gastown/polecats/gastown-witness"
    assert who(from_name("gt-gastown-witness", rigs, f"{ROOT}/gastown/witness", ROOT)) == "gastown/witness"
    assert who(from_name("gt-automonitor", rigs)) == "gastown/polecats/automonitor"


def test_a_rig_may_own_the_prefix_of_the_town() -> None:
    rigs = (Rig("headquarters", "hq"),)
    assert who(from_name("hq-witness", rigs)) == "headquarters/witness"
    assert who(from_name("hq-mayor", rigs)) == "mayor"


def test_the_session_is_believed_before_its_name() -> None:
    assert identify(pane("gt-witness", GT_ROLE="alpha/crew/max", GT_ROOT=ROOT), RIGS, ROOT) == Identity("crew", "max", "alpha")
    assert identify(pane("notes", GT_ROLE="mayor"), (), ROOT) == MAYOR
    assert identify(pane("hq-deacon", GT_ROLE="plumber"), RIGS, ROOT) == DEACON
    assert identify(pane("hq-boot", GT_ROLE="dog"), RIGS, ROOT) == BOOT


@pytest.mark.parametrize("variable", ["GT_ROOT", "GT_TOWN_ROOT"])
def test_a_session_of_another_town_is_a_stranger(variable: str) -> None:
    assert identify(pane("hq-mayor", GT_ROLE="mayor", **{variable: "/home/op/other"}), RIGS, ROOT) == Stranger()
    assert identify(pane("hq-mayor", GT_ROLE="mayor", **{variable: f"{ROOT}/"}), RIGS, ROOT) == MAYOR
    assert identify(pane("hq-mayor", **{variable: "/home/op/other"}), RIGS, "") == MAYOR


def test_the_order_is_town_level_first_then_rigs_by_name() -> None:
    ids = ["mayor", "deacon", "boot", "dog/rex", "a/witness", "a/refinery", "a/crew/b", "a/crew/c", "a/polecats/a", "b/witness"]
    found = [from_role(one if one != "boot" else "deacon/boot", {}) for one in reversed(ids)]
    identities = [one for one in found if isinstance(one, Identity)]
    assert [one.id for one in sorted(identities, key=lambda one: one.place)] == ids


WORDS = st.text("abGT_-19", min_size=1, max_size=6)
RIG_NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True).filter(lambda name: name not in ("dog", "dogs", "deacon"))
REGISTRIES = st.lists(
    st.builds(Rig, RIG_NAMES, st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,5}", fullmatch=True), polecats=st.tuples(WORDS)),
    max_size=4,
    unique_by=lambda rig: rig.name,
)
ROLES = st.one_of(
    st.text(),
    st.lists(st.sampled_from(["a", "crew", "dog", "dogs", "deacon", "witness", "polecats", "mayor", ""]), max_size=4).map(
        "/".join
    ),
)
SESSIONS = st.one_of(
    st.text(),
    st.lists(st.sampled_from(["gt", "hq", "crew", "witness", "dog", "boot", "a", "bd"]), max_size=5).map("-".join),
)
VARIABLES = st.fixed_dictionaries(
    {},
    optional={name: st.text(max_size=5) for name in ("GT_RIG", "GT_CREW", "GT_POLECAT", "GT_DOG_NAME", "GT_ROOT")},
)


@given(SESSIONS, ROLES, VARIABLES, REGISTRIES, st.text(max_size=9))
def test_no_text_is_too_strange(session: str, role: str, variables: dict[str, str], rigs: list[Rig], cwd: str) -> None:
    found = identify(pane(session, cwd, GT_ROLE=role, **variables), rigs, ROOT)
    assert isinstance(found, Stranger) or (found.id and found.name and found.place)


@settings(max_examples=50)
@given(st.lists(st.tuples(SESSIONS, ROLES, VARIABLES), max_size=8), REGISTRIES)
def test_an_address_belongs_to_one_agent_alone(sessions: list[tuple[str, str, dict[str, str]]], rigs: list[Rig]) -> None:
    owners: dict[str, Identity] = {}
    for session, role, variables in sessions:
        found = identify(pane(session, GT_ROLE=role, **variables), rigs, ROOT)
        if isinstance(found, Identity):
            assert owners.setdefault(found.id, found) == found


@given(REGISTRIES, WORDS)
def test_a_registered_prefix_reads_its_own_names(rigs: list[Rig], name: str) -> None:
    """Whatever else is registered, `<longest prefix>-crew-<name>` is that rig's crew."""
    rig = max(rigs, key=lambda rig: len(rig.prefix.rstrip("-")), default=None)
    if rig and sum(other.prefix.rstrip("-") == rig.prefix.rstrip("-") for other in rigs) == 1 and rig.prefix.rstrip("-") != "hq":
        assert from_name(f"{rig.prefix.rstrip('-')}-crew-{name}", rigs) == Identity("crew", name, rig.name)
