"""What a piece of work costs, whatever else the machine does meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable


def least(work: Callable[[], object]) -> float:
    """Returns the least processor time (seconds) of five times."""
    spent = []
    for _ in range(5):
        before = time.process_time()
        work()
        spent.append(time.process_time() - before)
    return min(spent)
