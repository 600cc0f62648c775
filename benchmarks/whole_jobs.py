"""Whole jobs as a worker runs them: what they take of the processor, of the clock and of memory."""

import gc
import io
import random
import struct
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask

from models.jobs import Job
from models.rights import Access
from models.security import Role, User
from services.demo.letters import OFFICE, PACKAGE, word_file
from services.jobs import claim, run_job
from services.merge import Form, delete_template, start_merge, upload_template
from services.search import Selection
from services.security import access_for

#: A page with a logo and twelve merge fields, as companies write to their customers.
LETTER = (
    "{Name}", "{Street address}", "{Postal code} {City}", "", "Asiakasnumero {Customer number}",
    "Yrityksenne ({Business ID}) toimialana meillä on {Industry} ja kokoluokkana {Size class}, ABC-luokka {ABC class}. "
    "Henkilöstöä teillä on {Employees}.", *("Olemme koonneet tähän kirjeeseen syksyn koulutukset ja huollot.",) * 12,
    "Tavoitamme teidät osoitteesta {E-mail}.", "Ystävällisin terveisin", "{Account manager}",
)  # fmt: skip
#: (form, whether the recipients' histories keep it, what the table calls it)
FORMS = (
    (Form("one"), False, "letters in one document"), (Form("one"), True, "the same, kept in histories"),
    (Form("each"), False, "letters, one file each"),
)  # fmt: skip
LOGO_SIDE = 96
_MEGABYTE = 1024


@dataclass(frozen=True)
class JobCost:
    """What one job took: seconds of the processor and of the clock, megabytes beyond what was held before, and at most
    in all."""

    name: str
    items: int
    cpu: float
    wall: float
    megabytes: float | None
    megabytes_in_all: float | None

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "items": self.items, "cpu_seconds": round(self.cpu, 3),
                "wall_seconds": round(self.wall, 3), "items_per_second": round(self.items / self.wall, 1),
                "megabytes": self.megabytes, "megabytes_in_all": self.megabytes_in_all}  # fmt: skip


class JobFailed(Exception):
    """A job did not end as it should: what it took means nothing."""


def job_costs(app: Flask, letters: int) -> Iterator[JobCost]:
    """Letters for the first companies, in one document (kept in histories or not) and one file each; each run in this
    process."""
    with app.app_context():
        access = access_of_administrator()
        template = upload_template(access, "company", "Benchmark", letter_with_logo())
        last = {"col": "x_customer_number", "opr": "le", "value": str(10_000 + letters * 3 // 2)}
        customers = Selection(all_matching=True, conditions=(last,))
        for form, history, name in FORMS:
            start_merge(access, "company", template["_id"], customers, "stop", form, history=history)
            yield cost_of(name)
        delete_template(access, template["_id"])


def access_of_administrator() -> Access:
    """Jobs belong to somebody; the first of the demo's users becomes an administrator."""
    user = User.objects.first()
    user.roles = [Role.objects.get(name="Admin")]
    user.save()
    return access_for(user)


def cost_of(name: str) -> JobCost:
    """Run the job that waits. Raises JobFailed."""
    raw = claim()
    if raw is None:
        raise JobFailed(f"{name}: no job was waiting")
    gc.collect()
    before = resident()
    cpu, wall = time.process_time(), time.perf_counter()
    run_job(raw)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    megabytes = held(before)
    job = Job._get_collection().find_one({"_id": raw["_id"]})
    if job["state"] != "done":
        raise JobFailed(f"{name}: {job['message']}")
    return JobCost(name, job["result"].get("letters", job["done"]), cpu, wall, *megabytes)


def resident() -> int | None:
    """Kilobytes held now, from where the peak is counted anew; None where the system doesn't tell (proc(5))."""
    if not Path("/proc/self/clear_refs").exists():
        return None
    Path("/proc/self/clear_refs").write_text("5")
    return status("VmRSS")


def held(before: int | None) -> tuple[float | None, float | None]:
    """Megabytes held at most since `before` was asked for: beyond that, and in all."""
    if before is None:
        return None, None
    peak = status("VmHWM")
    return round((peak - before) / _MEGABYTE, 1), round(peak / _MEGABYTE, 1)


def status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def letter_with_logo() -> bytes:
    """The letter as a .docx with a PNG that no packing makes smaller, as photographs are."""
    with zipfile.ZipFile(io.BytesIO(word_file(LETTER))) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    parts["word/media/logo.png"] = logo()
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
        b"<Override", b'<Default Extension="png" ContentType="image/png"/><Override', 1)  # fmt: skip
    parts["word/_rels/document.xml.rels"] = (
        f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId9" Type="{OFFICE}/image" '
        f'Target="media/logo.png"/></Relationships>'
    ).encode()
    parts["word/document.xml"] = parts["word/document.xml"].replace(b"<w:body>", b"<w:body>" + DRAWING.encode(), 1)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return out.getvalue()


def logo() -> bytes:
    """A PNG (W3C, second edition) of random colours, 28 kB."""
    rows = random.Random(1)
    data = b"".join(b"\0" + rows.randbytes(3 * LOGO_SIDE) for _ in range(LOGO_SIDE))
    header = struct.pack(">2I5B", LOGO_SIDE, LOGO_SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(data)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


_DRAWINGML = "http://schemas.openxmlformats.org/drawingml/2006"
DRAWING = (
    f'<w:p><w:r><w:drawing><wp:inline xmlns:wp="{_DRAWINGML}/wordprocessingDrawing">'
    f'<wp:extent cx="914400" cy="914400"/><wp:docPr id="1" name="Logo"/><a:graphic xmlns:a="{_DRAWINGML}/main">'
    f'<a:graphicData uri="{_DRAWINGML}/picture"><pic:pic xmlns:pic="{_DRAWINGML}/picture">'
    '<pic:nvPicPr><pic:cNvPr id="1" name="Logo"/><pic:cNvPicPr/>'
    f'</pic:nvPicPr><pic:blipFill><a:blip xmlns:r="{OFFICE}" r:embed="rId9"/><a:stretch><a:fillRect/></a:stretch>'
    '</pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="914400" cy="914400"/></a:xfrm>'
    '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline>'
    "</w:drawing></w:r></w:p>"
)
