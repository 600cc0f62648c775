"""The benchmark runs and compares like with like; how long anything takes is no matter of tests."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from pymongo import MongoClient

from benchmarks.measuring import Case, DifferentAnswers, Result, measure
from benchmarks.pipeline_past import SINCE
from benchmarks.report import lines
from services.reports.ready import READY

ROOT = Path(__file__).resolve().parent.parent
CASES = {"first page", "one choice", "a choice and two ranges", "three choices", "a rare pair", "five conditions",
         "sorted by a custom number", "filtered and sorted by custom fields", "HTTP: a company's page",
         "calendar: a week of 20 people",
         "page 8 by key", "page 8 by number", "page and exact count",
         "search box: virt", "search box: konepaja oy", "search box: 040 12", "HTTP: first page",
         "HTTP: one choice", "HTTP: list, 500 fields for 30", "HTTP: add form, 500 fields for 30",
         "HTTP: record, 500 fields for 30", "HTTP: edit form, 500 fields for 30", "create one record", "import",
         "bulk create over REST",
         "letters", "timeline: 30 entries of a company and 50 people",
         *(f"offer book by seller, {day}" for day in ("now", *SINCE)),
         *(f"what moved since {day}" for day in ("a week ago", "half a year ago", "a year ago")),
         *(f"development of {weeks} weeks" for weeks in (13, 26, 52)),
         *(f"report {key}: {whose} records" for key in READY for whose in ("all", "own"))}  # fmt: skip


def test_benchmark_of_few_records_yields_ratios_and_leaves_no_database(mongodb_uri: str, tmp_path: Path) -> None:
    results = tmp_path / "build" / "bench.json"
    sizes = ["--records", "200", "--fields", "37", "--rounds", "1", "--rows", "30", "--letters", "20", "--bulk", "30",
             "--job-letters", "20", "--job-rows", "40", "--json", str(results)]
    environment = {**os.environ, "KORTISTO_MONGODB_URI": mongodb_uri}
    done = subprocess.run([sys.executable, "-m", "benchmarks", *sizes], cwd=ROOT, env=environment, timeout=120,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    content = json.loads(results.read_text())
    assert {case["name"] for case in content["cases"]} == CASES
    assert all(case["ratio"] > 0 and case["floor_ms"] > 0 for case in content["cases"])
    assert (content["records"], content["rounds"]) == (200, 1)
    assert all(name in done.stdout for name in CASES)
    assert [job["name"] for job in content["jobs"]] == [
        "letters in one document", "the same, kept in histories", "letters, one file each",
        "import: the file looked into", "import: its check", "import: its rows written", "import: undone",
    ]  # fmt: skip
    assert len({job["items"] for job in content["jobs"][:3]}) == 1
    assert [job["items"] for job in content["jobs"][3:]] == [1, 40, 40, 40]
    assert all(job["items"] and job["cpu_seconds"] > 0 and job["name"] in done.stdout for job in content["jobs"])
    with MongoClient(mongodb_uri) as client:
        assert not [name for name in client.list_database_names() if name.startswith("kortisto_bench_")]


def test_measuring_pages_of_different_rows_is_refused(app: Flask) -> None:
    page = SimpleNamespace(rows=[{"_id": 1}])
    case = Case("pages", lambda: page, lambda: {"rows": [{"_id": 2}]}, allowance=15.0, same_rows=True)
    with pytest.raises(DifferentAnswers):
        measure(app, case, 1)


def test_measuring_gives_the_median_and_leaves_the_first_round_out(app: Flask) -> None:
    calls = []
    result = measure(app, Case("nothing", lambda: calls.append(1), lambda: calls.append(2), items=5), 3)
    assert calls == [1, 2] * 4
    assert result.ratio > 0


def test_table_tells_ratio_rate_and_what_is_out_of_bounds() -> None:
    rows = list(lines([Result("slow page", 50.0, 10.0, allowance=15.0), Result("import", 500.0, 50.0, items=1_000)]))
    assert rows[1].split() == ["slow", "page", "50.0", "10.0", "5.0", "NO"]
    assert rows[2].split() == ["import", "500.0", "50.0", "10.0", "2,000"]
