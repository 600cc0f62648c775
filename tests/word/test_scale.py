"""Many letters: memory does not grow with them."""

import subprocess
import sys
from pathlib import Path

import pytest

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


IN_PIECES = """
import sys
import time
from services.word import WordTemplate
template = WordTemplate.read(open(sys.argv[1], "rb").read())
records = ({"name": f"Person {n}", "city": f"City {n}"} for n in range(int(sys.argv[3])))
pieces = template.pieces(records, int(sys.argv[2]))
started = time.process_time()
for piece in pieces:
    assert piece.content.read(2) == b"PK"
took = time.process_time() - started
print(pieces.report.letters)
print(*[line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")])
print(took)
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


@pytest.mark.parametrize("size", [1_000, 1])
def test_pieces_of_five_thousand_letters_stay_small_and_quick(tmp_path: Path, size: int) -> None:
    body = "".join(p("Some words of a letter, ", merge_field("name"), ".") for _ in range(12))
    logo = {"word/media/logo.png": bytes(range(256)) * 80}
    (tmp_path / "template.docx").write_bytes(docx(body, extra=logo))
    command = [sys.executable, "-c", IN_PIECES, str(tmp_path / "template.docx"), str(size), "5000"]
    letters, memory, took = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert (int(letters), int(memory) < 100 * 1024) == (5_000, True)
    assert 5_000 / float(took) > 1_500
