"""Pin everything: turn pip's resolution of the .in files into requirements.txt and requirements-dev.txt.

Run by `make lock`. Environment markers of the .in files are kept.
"""

import json
import subprocess
import sys
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
HEAD = "# Written by `make lock` from {source}: change that and run it again.\n"


def resolve(*sources: str) -> dict[str, str]:
    """Name -> version of everything that installing these files would bring, at the versions there are today."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-"]
    command += [part for source in sources for part in ("-r", str(ROOT / source))]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    found = (item["metadata"] for item in report["install"])
    return {canonicalize_name(metadata["name"]): metadata["version"] for metadata in found}


def markers(source: str) -> dict[str, str]:
    """Name -> marker of the lines that have one."""
    lines = (line.partition("#")[0].strip() for line in (ROOT / source).read_text().splitlines())
    wanted = [Requirement(line) for line in lines if line]
    return {canonicalize_name(one.name): f" ; {one.marker}" for one in wanted if one.marker}


def write(target: str, head: str, pins: dict[str, str], marked: dict[str, str]) -> None:
    lines = [f"{name}=={version}{marked.get(name, '')}\n" for name, version in sorted(pins.items())]
    (ROOT / target).write_text(head + "".join(lines))


def main() -> None:
    pins = resolve("requirements.in")
    write("requirements.txt", HEAD.format(source="requirements.in"), pins, markers("requirements.in"))
    everything = resolve("requirements.txt", "requirements-dev.in")
    extra = {name: version for name, version in everything.items() if name not in pins}
    head = HEAD.format(source="requirements-dev.in") + "-r requirements.txt\n"
    write("requirements-dev.txt", head, extra, markers("requirements-dev.in"))


main()
