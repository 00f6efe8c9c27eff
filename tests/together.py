"""Many recorded cases in one test: each is a matter of a millisecond, and to be a test of its own costs more on every worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Case = TypeVar("Case")


def each(cases: Sequence[Case], name: Callable[[Case], str] = str) -> Callable[[Callable[[Case], None]], Callable[[], None]]:
    """Makes one test of a check: all cases in turn, as `every` does."""

    def decorate(check: Callable[[Case], None]) -> Callable[[], None]:
        return lambda: every(cases, check, name)

    return decorate


def every(cases: Sequence[Case], check: Callable[[Case], None], name: Callable[[Case], str] = str) -> None:
    """Checks every case, those after a failed one too. Raises a group that names all that failed, or what is no failed assertion
    at once, with the name of its case."""
    assert cases
    failed: dict[str, AssertionError] = {}
    for case in cases:
        try:
            check(case)
        except AssertionError as error:
            failed[name(case)] = error
        except Exception as error:
            error.add_note(f"in {name(case)}")
            raise
    if failed:
        raise ExceptionGroup(f"{len(failed)} of {len(cases)}: {', '.join(failed)}", list(failed.values()))
