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
from benchmarks.whole_jobs import JobCost

JOB_HEADER = ("whole job", "items", "CPU s", "wall s", "a second", "MB more", "MB in all")
HEADER = ("", "median ms", "floor ms", "ratio", "a second", "within its bound")
VERDICTS = {True: "yes", False: "NO", None: ""}


def lines(results: Sequence[Result]) -> Iterator[str]:
    """A table, its columns as wide as they need to be."""
    yield from table([HEADER, *map(cells, results)])


def job_lines(jobs: Sequence[JobCost]) -> Iterator[str]:
    """What whole jobs took, as a table."""
    yield from table([JOB_HEADER, *map(job_cells, jobs)])


def table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        first, *others = (text.ljust(width) if not place else text.rjust(width)
                          for place, (text, width) in enumerate(zip(row, widths, strict=True)))  # fmt: skip
        yield "  ".join((first, *others)).rstrip()


def cells(result: Result) -> tuple[str, ...]:
    rate = f"{result.rate:,.0f}" if result.items > 1 else ""
    return (result.name, f"{result.ours:,.1f}", f"{result.floor:,.1f}", f"{result.ratio:.1f}", rate,
            VERDICTS[result.within])  # fmt: skip


def job_cells(job: JobCost) -> tuple[str, ...]:
    memory = ("?" if size is None else f"{size:,.0f}" for size in (job.megabytes, job.megabytes_in_all))
    return (job.name, f"{job.items:,}", f"{job.cpu:.2f}", f"{job.wall:.2f}", f"{job.items / job.wall:,.0f}", *memory)


def document(
    results: Sequence[Result], jobs: Sequence[JobCost], *, records: int, fields: int, rounds: int,
    fill_seconds: float,
) -> dict[str, Any]:  # fmt: skip
    """Everything about one run."""
    return {
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "records": records, "fields": fields,
        "rounds": rounds,
        "machine": {"cpus": os.cpu_count(), "processor": platform.machine(), "python": platform.python_version(),
                    "mongodb": me.get_connection().server_info()["version"]},
        "fill": {"seconds": round(fill_seconds, 1), "records_per_second": round(records / fill_seconds, 1)},
        "cases": [result.as_json() for result in results],
        "jobs": [job.as_json() for job in jobs],
    }  # fmt: skip


def write_json(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
