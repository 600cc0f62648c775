"""Whether a file is one that Word opens: schemas, unique ids, and every part and reference in its place."""

import posixpath
from collections import Counter
from pathlib import Path

from lxml import etree
from openxml_audit import FileFormat, OpenXmlValidator

from tests.word.reading import R, W, parts

_LEFT = ("«", "MERGEFIELD", "mailMerge", "recipientData")


def schema_errors(path: Path) -> Counter[str]:
    """Violations of the schemas and of the Open XML SDK's rules, counted by part and kind."""
    result = OpenXmlValidator(file_format=FileFormat.MICROSOFT_365, max_errors=0).validate(path)
    return Counter(f"{_family(error.part_uri)}: {error.description}" for error in result.errors)


def _family(part: str) -> str:
    """A part's name, single letters' headers taken together."""
    return part.split("_letter")[0].removesuffix(".xml")


def assert_valid(result: bytes, template: bytes, folder: Path) -> None:
    """The result violates no schema rule that its template does not, and holds together as a package."""
    before, after = folder / "template.docx", folder / "result.docx"
    before.write_bytes(template)
    after.write_bytes(result)
    assert set(schema_errors(after)) - set(schema_errors(before)) == set()
    assert_package_whole(result)
    assert_ids_unique(result)


def assert_package_whole(data: bytes) -> None:
    """Every relationship has its target, every part its content type, every id in use its relationship."""
    package = parts(data)
    types = etree.fromstring(package["[Content_Types].xml"])
    named = {item.get("PartName") for item in types if item.get("PartName")}
    shared = {item.get("Extension").lower() for item in types if item.get("Extension")}
    assert len(named) == sum(1 for item in types if item.get("PartName"))
    for part in named:
        assert part.lstrip("/") in package, part
    for name, content in package.items():
        if name != "[Content_Types].xml":
            assert f"/{name}" in named or name.rpartition(".")[2].lower() in shared, name
        if name.endswith(".rels"):
            _assert_relationships(name, content, package)


def _assert_relationships(name: str, content: bytes, package: dict[str, bytes]) -> None:
    folder, _, file = name.rpartition("_rels/")
    source = folder + file.removesuffix(".rels")
    items = etree.fromstring(content)
    ids = [item.get("Id") for item in items]
    assert len(ids) == len(set(ids))
    for item in items:
        if item.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/" + folder, item.get("Target"))).lstrip("/")
            assert target in package, target
    if source in package and source.endswith(".xml"):
        used = {
            value
            for element in etree.fromstring(package[source]).iter(etree.Element)
            for key, value in element.attrib.items()
            if key.startswith(R)
        }
        assert used <= set(ids), used - set(ids)


def assert_ids_unique(data: bytes) -> None:
    """Ids that may occur once in a file do; bookmark names are unique and short enough."""
    found: dict[str, list[str]] = {"docPr": [], "bookmark": [], "name": [], "sdt": [], "footnote": [], "shape": []}
    for name, content in parts(data).items():
        if name.startswith("word/") and name.count("/") == 1 and name.endswith(".xml"):
            _collect_ids(etree.fromstring(content), found)
    for kind, values in found.items():
        assert [value for value, count in Counter(values).items() if count > 1] == [], kind
    assert all(len(name) <= 40 for name in found["name"])


def _collect_ids(root: etree._Element, found: dict[str, list[str]]) -> None:
    for element in root.iter(etree.Element):
        local = etree.QName(element).localname
        if local == "docPr":
            found["docPr"].append(element.get("id"))
        elif element.tag == W + "bookmarkStart":
            found["bookmark"].append(element.get(W + "id"))
            found["name"].append(element.get(W + "name"))
        elif element.tag == W + "id" and etree.QName(element.getparent()).localname == "sdtPr":
            found["sdt"].append(element.get(W + "val"))
        elif element.tag == W + "footnote" and element.getparent().tag == W + "footnotes":
            found["footnote"].append(element.get(W + "id"))
        elif element.tag == "{urn:schemas-microsoft-com:vml}shape" and element.get("id"):
            found["shape"].append(element.get("id"))


def assert_filled(data: bytes) -> None:
    """No field of the merge is left, nor anything of the data source's."""
    for name, content in parts(data).items():
        if name.startswith("word/") and name.endswith((".xml", ".rels")):
            text = content.decode()
            assert [word for word in _LEFT if word in text] == [], name
            root = etree.fromstring(content)
            assert not [item for item in root.iter(W + "instrText") if "IF" in (item.text or "").split()]
