"""Pictures and pages that are uploaded: looked at, made fit, kept once; hostile ones are refused with a message."""

import base64
import stat
import zipfile
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from models.files import StoredFile
from models.mailings import Mailing
from models.rights import Access, NotAllowed
from services.files import open_content
from services.mailings import (
    MailingProblem,
    UploadProblem,
    add_picture,
    copy_mailing,
    import_html,
    picture_file,
    pictures_of,
    preview,
    remove_picture,
    save_content,
)
from services.mailings.pictures import MOST_BYTES, read_picture, used_pictures
from services.mailings.uploading import MOST_FILES
from services.records import RecordNotFound, get_record
from tests.services.mailing_fixtures import mailing_to, picture

Raw = dict[str, Any]


@pytest.fixture
def draft(admin_access: Access) -> Any:
    return mailing_to(admin_access, None)["_id"]


def kept(access: Access, mailing: Any, cid: str) -> tuple[Raw, Image.Image]:
    raw = picture_file(access, mailing, cid)
    with open_content(raw) as content:
        return raw, Image.open(BytesIO(content.read()))


@pytest.mark.parametrize(("form", "content_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("GIF", "image/gif")])
def test_pictures_are_kept_by_what_they_are(admin_access: Access, draft: Any, form: str, content_type: str) -> None:
    added = add_picture(admin_access, draft, "../a.exe", picture(form))
    raw, image = kept(admin_access, draft, added["cid"])
    assert (raw["content_type"], image.format) == (content_type, form)
    assert added["url"] == f"/mailings/{draft}/pictures/{added['cid']}"
    assert added["cid"] in map(str, get_record(admin_access, "mailing", draft)["pictures"])


def test_wide_pictures_are_made_narrow_and_lose_what_a_camera_wrote(admin_access: Access, draft: Any) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera of somebody"
    added = add_picture(admin_access, draft, "a.jpg", picture("JPEG", (3000, 4000), exif=exif))
    _raw, image = kept(admin_access, draft, added["cid"])
    # It lay on its side: turned, it is wider than high.
    assert image.size == (1200, 900)
    assert not image.getexif()
    wide = add_picture(admin_access, draft, "b.png", picture("PNG", (2400, 10), "P"))
    assert kept(admin_access, draft, wide["cid"])[1].size == (1200, 5)


@pytest.mark.parametrize(("mode", "form"), [("RGB", "JPEG"), ("RGBA", "PNG")])
def test_webp_becomes_what_every_mail_program_shows(admin_access: Access, draft: Any, mode: str, form: str) -> None:
    added = add_picture(admin_access, draft, "a.webp", picture("WEBP", mode=mode))
    raw, image = kept(admin_access, draft, added["cid"])
    assert image.format == form
    assert raw["name"] == f"a.{'jpg' if form == 'JPEG' else 'png'}"


def test_the_same_picture_is_kept_once(admin_access: Access, draft: Any) -> None:
    first, second = (add_picture(admin_access, draft, name, picture()) for name in ("a.png", "b.png"))
    assert first["cid"] == second["cid"]
    assert StoredFile.objects.count() == 1
    assert len(pictures_of(admin_access, draft)) == 1
    remove_picture(admin_access, draft, first["cid"])
    assert pictures_of(admin_access, draft) == []


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'


@pytest.mark.parametrize("content", [
    SVG, b"<html><script>alert(1)</script></html>", b"", b"GIF89a", b"\x89PNG\r\n\x1a\n<script>", b"%PDF-1.7",
    b"PK\x03\x04", b"\xff\xd8\xff" + b"x" * 100, picture().getvalue()[:40], b"x" * (MOST_BYTES + 1), b"BM" + b"\0" * 60,
], ids=range(11))  # fmt: skip
def test_what_is_no_picture_is_refused_with_a_message(admin_access: Access, draft: Any, content: bytes) -> None:
    with pytest.raises(UploadProblem) as refusal:
        add_picture(admin_access, draft, "a.png", BytesIO(content))
    assert "a.png" in str(refusal.value)
    assert StoredFile.objects.count() == 0


@given(st.sampled_from(["PNG", "JPEG", "GIF", "WEBP"]), st.lists(st.tuples(st.integers(0), st.integers(0, 255)),
                                                                 max_size=20), st.integers(0))  # fmt: skip
def test_damaged_pictures_are_refused_or_read(form: str, changes: list[tuple[int, int]], end: int) -> None:
    content = bytearray(picture(form).getvalue())
    for place, value in changes:
        content[place % len(content)] = value
    try:
        kept_picture = read_picture("a.png", BytesIO(bytes(content[: end % len(content) + 1])))
    except UploadProblem:
        return
    assert Image.open(BytesIO(kept_picture.content)).width <= 1_200


def test_pictures_of_too_many_pixels_are_refused_before_they_are_unpacked(admin_access: Access, draft: Any) -> None:
    bomb = picture("PNG", (30_000, 30_000), "1")
    assert len(bomb.getvalue()) < 1_000_000
    with pytest.raises(UploadProblem):
        add_picture(admin_access, draft, "a.png", bomb)


def test_pictures_are_read_by_who_sees_the_mailing_and_written_by_who_changes_it(
    admin_access: Access, draft: Any, make_user: Any, make_role: Any, access_of: Any
) -> None:
    cid = add_picture(admin_access, draft, "a.png", picture())["cid"]
    reader = access_of(make_user("reader", "Reader"))
    assert picture_file(reader, draft, cid)["name"] == "a.png"
    assert "pictures" in get_record(reader, "mailing", draft)
    with pytest.raises(NotAllowed):
        add_picture(reader, draft, "a.png", picture())
    stranger = access_of(make_user("stranger", make_role("None", ("company", "see", "all"))))
    with pytest.raises(RecordNotFound):
        picture_file(stranger, draft, cid)
    with pytest.raises(RecordNotFound):
        picture_file(admin_access, mailing_to(admin_access, None)["_id"], cid)


def test_pictures_of_a_sent_mailing_stay_as_they_are(admin_access: Access, draft: Any) -> None:
    cid = add_picture(admin_access, draft, "a.png", picture())["cid"]
    Mailing._get_collection().update_one({"_id": draft}, {"$set": {"state": "sent"}})
    for change in (lambda: add_picture(admin_access, draft, "b.png", picture(size=(9, 9))),
                   lambda: remove_picture(admin_access, draft, cid),
                   lambda: import_html(admin_access, draft, BytesIO(b"<p>x</p>"), "a.html")):  # fmt: skip
        with pytest.raises(MailingProblem, match="Copy it"):
            change()


def test_copy_has_pictures_of_its_own(admin_access: Access, draft: Any, make_user: Any, access_of: Any) -> None:
    cid = add_picture(admin_access, draft, "a.png", picture())["cid"]
    save_content(admin_access, draft, {"html": f'<p><img src="cid:{cid}" alt="x"></p>'})
    staff = access_of(make_user("staff", "Staff"))
    copy = copy_mailing(staff, draft)
    [own] = used_pictures(copy)
    assert str(own["_id"]) != cid
    assert own["owner"] == staff.user_id
    assert f"/mailings/{copy['_id']}/pictures/{own['_id']}" in preview(staff, copy["_id"]).html


# Pages


def zipped(files: Mapping[str, bytes | str]) -> BytesIO:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    out.seek(0)
    return out


PAGE = ('<html><head><link rel="stylesheet" href="css/a.css"><link rel=stylesheet href="https://evil.example/x.css">'
        '<style>#top{color:#ff0000}</style></head><body><p id="top" class="a">Hei</p>'
        '<img src="images/My%20Logo.PNG" alt="Logo"><td background="x"><img src=\'./images/my logo.png\'>'
        '<img src="http://evil.example/t.gif"><img src="missing.png"><img src="https://ok.example/a.png">'
        "</body></html>")  # fmt: skip


def test_page_with_its_pictures_and_styles_is_taken_in(admin_access: Access, draft: Any) -> None:
    found = import_html(admin_access, draft, zipped({
        "news/index.html": PAGE, "news/css/a.css": ".a{background:url(../images/bg.gif);font-weight:bold}",
        "news/images/My Logo.PNG": picture().getvalue(), "news/images/bg.gif": picture("GIF").getvalue(),
        "news/images/my logo.png": picture().getvalue(), "__MACOSX/._index.html": b"\0", "news/readme.txt": "x",
    }), "news.zip")  # fmt: skip
    html = found.mailing["html"]
    [logo] = [file for file in used_pictures(found.mailing) if file["content_type"] == "image/png"]
    assert html.count(f'src="cid:{logo["_id"]}"') == 2
    assert "font-weight: bold" in html or "font-weight:bold" in html
    assert "color:#ff0000" in html.replace(": ", ":")
    assert "evil" not in html
    assert 'src="https://ok.example/a.png"' in html
    assert set(found.left_out) >= {"https://evil.example/x.css", "http://evil.example/t.gif", "missing.png"}


def test_pictures_within_a_page_become_its_own(admin_access: Access, draft: Any) -> None:
    data = base64.b64encode(picture().getvalue()).decode()
    found = import_html(admin_access, draft, BytesIO(f'<p>x<img src="data:image/png;base64,{data}"></p>'.encode()), "a")
    [file] = used_pictures(found.mailing)
    assert file["content_type"] == "image/png"


@pytest.mark.parametrize(("content", "word"), [
    ("\ufeff<p>ä</p>".encode(), "ä"), ("<p>ä</p>".encode("utf-16"), "ä"),
    ('<meta charset="iso-8859-1"><p>ä €</p>'.encode("cp1252"), "ä €"), ("<p>ä</p>".encode(), "ä"),
    (b'<meta charset="utf-7"><p>+ADw-script+AD4-</p>', "+ADw-script+AD4-"),
])  # fmt: skip
def test_pages_are_read_in_their_encoding(admin_access: Access, draft: Any, content: bytes, word: str) -> None:
    assert word in import_html(admin_access, draft, BytesIO(content), "a.html").mailing["html"]


def linked_zip() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.html", "<p>x</p>")
        entry = zipfile.ZipInfo("b.png")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    return out.getvalue()


HOSTILE: dict[str, bytes] = {
    "out of the folder": zipped({"../../a.html": "<p>x</p>"}).getvalue(),
    "from the root": zipped({"/etc/a.html": "<p>x</p>"}).getvalue(),
    "a drive": zipped({"C:/a.html": "<p>x</p>"}).getvalue(),
    "a link": linked_zip(),
    "a zip in it": zipped({"a.html": "<p>x</p>", "b.zip": zipped({"c.html": "x"}).getvalue()}).getvalue(),
    "too many files": zipped({f"{n}.png": b"" for n in range(MOST_FILES + 1)}).getvalue(),
    "a bomb": zipped({"a.html": "<p>x</p>", "b.css": b" " * (60 << 20)}).getvalue(),
    "a large page": zipped({"a.html": b"<p>" + b" " * (3 << 20)}).getvalue(),
    "no page": zipped({"a.txt": "x"}).getvalue(),
    "two pages": zipped({"a.html": "<p>x</p>", "b.html": "<p>y</p>"}).getvalue(),
    "html as a picture": zipped({"a.html": "<img src='b.png'>", "b.png": "<script>alert(1)</script>"}).getvalue(),
    "svg as a picture": zipped({"a.html": "<img src='b.png'>", "b.png": SVG}).getvalue(),
    "a damaged zip": zipped({"a.html": "<p>x</p>" * 50}).getvalue()[:60] + zipped({"a.html": "<p>"}).getvalue()[-60:],
    "no html": b"just words", "nothing": b"", "wrong characters": b"<p>\xff\xfe\xe4</p>", "nul": b"<p>\x00</p>",
    "a program": b"MZ\x90\x00<p>" + bytes(range(256)), "too large": b"<p>" + b"x" * (21 << 20),
    "deep": b"<style>#a{color:red}</style>" + b"<div>" * 400 + b"x",
    "deep css": b"<style>#a" + b"{(" * 9000 + b"</style><p>x",
}  # fmt: skip


@pytest.mark.parametrize("case", [case for case in HOSTILE if case != "deep css"])
def test_hostile_uploads_are_refused_with_a_message_and_change_nothing(
    admin_access: Access, draft: Any, case: str
) -> None:
    before = get_record(admin_access, "mailing", draft)
    with pytest.raises(UploadProblem) as refusal:
        import_html(admin_access, draft, BytesIO(HOSTILE[case]), "a.zip")
    assert len(str(refusal.value)) > 20
    assert get_record(admin_access, "mailing", draft) == before
    assert StoredFile.objects.count() == 0


def test_styles_too_deep_are_left_out(admin_access: Access, draft: Any) -> None:
    html = import_html(admin_access, draft, BytesIO(HOSTILE["deep css"]), "a.html").mailing["html"]
    assert html == "<div><p>x</p></div>"
