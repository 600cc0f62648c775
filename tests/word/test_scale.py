"""Many letters: memory does not grow with them."""

import subprocess
import sys
from pathlib import Path

from tests.word.making import docx, merge_field, p, section
from tests.word.reading import parts

PROGRAM = """
import sys
from services.word import WordTemplate
template = WordTemplate.read(open(sys.argv[1], "rb").read())
with open(sys.argv[2], "wb") as out:
    report = template.merge(({"name": f"Person {n}", "city": f"City {n}"} for n in range(int(sys.argv[3]))), out)
print(report.letters)
print(*[line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")])
"""


def _memory(folder: Path, letters: int) -> int:
    """Peak memory in KB of a process that writes that many letters, each with a header of its own."""
    command = [sys.executable, "-c", PROGRAM, str(folder / "template.docx"), str(folder / "out.docx"), str(letters)]
    done = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert int(done[0]) == letters
    return int(done[1])


def test_merge_five_thousand_letters_stay_under_100_megabytes(tmp_path: Path) -> None:
    body = "".join(p("Some words of a letter, ", merge_field("name"), ".") for _ in range(40))
    data = docx(body, section=section("header default rIdheader1"), parts={"header1": p(merge_field("city"))})
    (tmp_path / "template.docx").write_bytes(data)
    few = _memory(tmp_path, 10)
    many = _memory(tmp_path, 5_000)
    assert many < 100 * 1024
    assert many - few < 30 * 1024
    package = parts((tmp_path / "out.docx").read_bytes())
    assert sum(name.startswith("word/header1_") for name in package) == 5_000
    assert package["word/document.xml"].count(b"Person 4999<") == 40
