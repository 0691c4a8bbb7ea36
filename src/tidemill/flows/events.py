"""Events by which Prefect's automations learn what the monitor has decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid5

from prefect.events import emit_event

_NAMESPACE: Final = UUID("9d0c2f6e-6f0e-4f5e-9f2b-0d5f3c1d7a11")


def emit(problem: str, decision: str, key: str, reasons: Sequence[str]) -> None:
    """Emit the event ``tidemill.<decision>`` of the resource ``tidemill.problem.<problem>``.

    The same decision has the same event, so a server that receives it twice starts one run.

    Parameters
    ----------
    problem
        Name of the problem.
    decision
        What is to be done, such as ``retrain``.
    key
        Of the decision; the flow ``refresh`` takes it as ``because``.
    reasons
        Why, a sentence each.
    """
    emit_event(
        f"tidemill.{decision}",
        resource={"prefect.resource.id": f"tidemill.problem.{problem}", "prefect.resource.name": problem},
        payload={"problem": problem, "key": key, "reasons": list(reasons)},
        id=uuid5(_NAMESPACE, f"{problem} {decision} {key}"),
    )
