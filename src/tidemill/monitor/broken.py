"""Whether a batch is broken: it lacks values where earlier batches had them. That is no drift to be learned from."""

from __future__ import annotations

from collections.abc import Mapping

from tidemill.monitor.settings import BrokenSettings


def lost_values(
    before: Mapping[str, float], nulls: Mapping[str, float], settings: BrokenSettings, *, rows: int
) -> str | None:
    """Tell which metadata column of a batch has lost its values.

    Parameters
    ----------
    before
        Share of nulls in each column of the earlier batches; empty where there are none.
    nulls
        The same of the batch.
    settings
        How much is too much.
    rows
        Of the batch.

    Returns
    -------
    str or None
        The column with the largest increase and what to do; None where none has lost more than is allowed.

    Examples
    --------
    >>> limits = BrokenSettings(max_null_increase=0.5, min_rows=10)
    >>> lost_values({"sender": 0.0}, {"sender": 0.9}, limits, rows=40)
    'column sender is null in 90% of 40 rows; at most 50% more than in earlier batches are allowed (monitor.broken)'
    >>> lost_values({"sender": 0.0}, {"sender": 0.9}, limits, rows=9) is None
    True
    """
    increases = {name: share - before[name] for name, share in nulls.items() if name in before}
    if rows < settings.min_rows or not increases:
        return None
    worst = max(increases, key=lambda name: increases[name])
    if increases[worst] <= settings.max_null_increase:
        return None
    return (
        f"column {worst} is null in {nulls[worst]:.0%} of {rows} rows; "
        f"at most {settings.max_null_increase:.0%} more than in earlier batches are allowed (monitor.broken)"
    )
