"""How a benchmark says what it measured: one JSON line on standard output for each figure."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

QUICK = "--quick" in sys.argv


def report(
    group: str,
    what: str,
    value: float,
    unit: str,
    beside: tuple[str, float] | None,
    goal: str,
    met: Callable[[float], bool] | None,
) -> None:
    """Prints one measurement; `met` judges the ratio of what was run beside it to ours."""
    ratio = beside[1] / value if beside else None
    line = {
        "group": group,
        "what": what,
        "value": round(value, 3),
        "unit": unit,
        "beside": beside[0] if beside else None,
        "beside_value": round(beside[1], 3) if beside else None,
        "ratio": round(ratio, 2) if ratio else None,
        "goal": goal,
        "met": met(ratio) if met and ratio else None,
    }
    print(json.dumps(line, ensure_ascii=False), flush=True)
    print(f"{group}: {what} = {value:.3f} {unit}", file=sys.stderr)
