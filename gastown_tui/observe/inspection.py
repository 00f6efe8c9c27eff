"""What only one agent's view needs: its session's environment and the last rows of its pane."""

from __future__ import annotations

from gastown_tui.town.cells import parse_rows, plain, trim_blank
from gastown_tui.town.masking import masked
from gastown_tui.town.snapshot import Agent
from gastown_tui.town.text import mask_variable

from .looking import OneLook
from .means import FIRST_TIMEOUT_S
from .ports import Capture, GatewayError

Variables = list[tuple[str, str]]


def inspect(looking: OneLook, agent: Agent, lines: int) -> tuple[Variables | None, list[str] | None, GatewayError | None]:
    """Returns (environment by name with secrets masked, the pane's last rows as inert text, why there is neither).

    What is gone or cannot be seen is None.
    """
    gateway = looking.gateway(FIRST_TIMEOUT_S)
    if gateway is None or agent.pane_id is None or agent.session_id is None:
        return None, None, None
    try:
        variables = gateway.environment_once(agent.session_id)
        frame = gateway.frames_once([Capture(agent.pane_id, lines)]).get(agent.pane_id)
    except GatewayError as error:
        return None, None, error
    environment = [(name, mask_variable(name, value)) for name, value in sorted(variables.items())]
    if frame is None:
        return environment, None, None
    rows = [plain(row).rstrip() for row in parse_rows(masked(trim_blank(frame.rows)))]
    return environment, rows[max(0, len(rows) - lines) :], None
