"""The results as a table for people and as JSON for programs."""

import datetime as dt
import json
import os
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import mongoengine as me

from benchmarks.measuring import Result

HEADER = ("", "median ms", "floor ms", "ratio", "a second", "within its bound")
VERDICTS = {True: "yes", False: "NO", None: ""}


def lines(results: Sequence[Result]) -> Iterator[str]:
    """A table, its columns as wide as they need to be."""
    rows = [HEADER, *map(cells, results)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADER))]
    for row in rows:
        first, *others = (text.ljust(width) if not place else text.rjust(width)
                          for place, (text, width) in enumerate(zip(row, widths, strict=True)))  # fmt: skip
        yield "  ".join((first, *others)).rstrip()


def cells(result: Result) -> tuple[str, ...]:
    rate = f"{result.rate:,.0f}" if result.items > 1 else ""
    return (result.name, f"{result.ours:,.1f}", f"{result.floor:,.1f}", f"{result.ratio:.1f}", rate,
            VERDICTS[result.within])  # fmt: skip


def document(results: Sequence[Result], *, records: int, rounds: int, fill_seconds: float) -> dict[str, Any]:
    """Everything about one run."""
    return {
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "records": records, "rounds": rounds,
        "machine": {"cpus": os.cpu_count(), "processor": platform.machine(), "python": platform.python_version(),
                    "mongodb": me.get_connection().server_info()["version"]},
        "fill": {"seconds": round(fill_seconds, 1), "records_per_second": round(records / fill_seconds, 1)},
        "cases": [result.as_json() for result in results],
    }  # fmt: skip


def write_json(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
