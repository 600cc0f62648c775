"""Small Word files made for one test each, as Word would write them."""

import zipfile
from io import BytesIO
from xml.sax.saxutils import escape, quoteattr

from services.word import MergeReport, Value, WordTemplate, normalise_name

_NAMES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml" mc:Ignorable="w14"'
)
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml."
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
_ROOTS = {"header": "hdr", "footer": "ftr", "footnotes": "footnotes", "endnotes": "endnotes", "settings": "settings"}
PAGE = '<w:pgSz w:w="11906" w:h="16838"/>'
SECTION = f"<w:sectPr>{PAGE}</w:sectPr>"


def run(text: str, properties: str = "") -> str:
    """A run of text."""
    return f'<w:r>{properties}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def code(text: str, properties: str = "") -> str:
    """A run of a field's instruction."""
    return f'<w:r>{properties}<w:instrText xml:space="preserve">{escape(text)}</w:instrText></w:r>'


def mark(kind: str) -> str:
    """A field's begin, separate or end."""
    return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'


def field(*instruction: str, result: str | None = "«x»") -> str:
    """A complex field; pieces starting with < are taken as XML, such as a field inside this one."""
    inside = "".join(piece if piece.startswith("<") else code(piece) for piece in instruction)
    shown = mark("separate") + run(result) if result is not None else ""
    return mark("begin") + inside + shown + mark("end")


def merge_field(name: str, switches: str = "") -> str:
    """A MERGEFIELD."""
    return field(f' MERGEFIELD "{name}" {switches} ')


def simple(instruction: str) -> str:
    """A simple field."""
    return f"<w:fldSimple w:instr={quoteattr(instruction)}>{run('«x»')}</w:fldSimple>"


def p(*content: str) -> str:
    """A paragraph; pieces not starting with < are text."""
    inside = "".join(piece if piece.startswith("<") else run(piece) for piece in content)
    return f"<w:p>{inside}</w:p>"


def section(*references: str, kind: str = "") -> str:
    """Section properties with references written as "header default rId1"."""
    made = "".join(
        f'<w:{name}Reference w:type="{of}" r:id="{number}"/>' for name, of, number in map(str.split, references)
    )
    return f"<w:sectPr>{made}{f'<w:type w:val={quoteattr(kind)}/>' if kind else ''}{PAGE}</w:sectPr>"


def notes(kind: str, *texts: str) -> str:
    """Footnotes or endnotes with the separators that Word writes."""
    word = kind.removesuffix("s")
    made = [
        f'<w:{word} w:type="separator" w:id="-1">{p("<w:r><w:separator/></w:r>")}</w:{word}>',
        f'<w:{word} w:type="continuationSeparator" w:id="0">{p("<w:r><w:continuationSeparator/></w:r>")}</w:{word}>',
        *(f'<w:{word} w:id="{number}">{text}</w:{word}>' for number, text in enumerate(texts, 1)),
    ]
    return "".join(made)


def docx(
    body: str,
    *,
    section: str = SECTION,
    parts: dict[str, str] | None = None,
    main_type: str = "document.main+xml",
    extra: dict[str, bytes] | None = None,
) -> bytes:
    """A Word file. `parts` maps "header1", "footnotes" and the like to content; header1 has the id rIdheader1."""
    parts = parts or {}
    overrides, relationships = [], []
    files: dict[str, bytes] = {"word/document.xml": _xml(f"<w:body>{body}{section}</w:body>", "document")}
    for name, content in parts.items():
        kind = name.rstrip("0123456789")
        files[f"word/{name}.xml"] = _xml(content, _ROOTS[kind])
        overrides.append(f'<Override PartName="/word/{name}.xml" ContentType="{_TYPE}{kind}+xml"/>')
        relationships.append(f'<Relationship Id="rId{name}" Type="{_OFFICE}{kind}" Target="{name}.xml"/>')
    files["word/_rels/document.xml.rels"] = _relationships("".join(relationships))
    files["_rels/.rels"] = _relationships(
        f'<Relationship Id="rId1" Type="{_OFFICE}officeDocument" Target="word/document.xml"/>'
    )
    files["[Content_Types].xml"] = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{_TYPE}{main_type}"/>{"".join(overrides)}</Types>'
    ).encode()
    return zipped({**files, **(extra or {})})


#: Every file of a zip carries a time; a fixed one makes the same file each time.
WHEN = (2026, 6, 30, 12, 0, 0)


def zipped(files: dict[str, bytes]) -> bytes:
    """Files as a zip."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, WHEN), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _xml(content: str, root: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><w:{root} {_NAMES}>{content}</w:{root}>'.encode()


def _relationships(content: str) -> bytes:
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{content}</Relationships>'
    ).encode()


def text_box(*fields: str) -> str:
    """A text box as Word writes it: a drawing for new programs, VML for old ones."""
    content = f"<w:txbxContent>{p(*fields)}</w:txbxContent>"
    body = f"<wps:wsp><wps:cNvSpPr/><wps:spPr/><wps:txbx>{content}</wps:txbx><wps:bodyPr/></wps:wsp>"
    uri = "http://schemas.microsoft.com/office/word/2010/wordprocessingShape"
    drawing = (
        '<w:drawing><wp:inline><wp:extent cx="2000000" cy="500000"/><wp:docPr id="7" name="Box"/>'
        f'<a:graphic><a:graphicData uri="{uri}">{body}</a:graphicData></a:graphic></wp:inline></w:drawing>'
    )
    style = "width:100pt;height:30pt"
    shape = f'<w:pict><v:shape id="Box7" style="{style}"><v:textbox>{content}</v:textbox></v:shape></w:pict>'
    return (
        f'<w:r><mc:AlternateContent><mc:Choice Requires="wps">{drawing}</mc:Choice>'
        f"<mc:Fallback>{shape}</mc:Fallback></mc:AlternateContent></w:r>"
    )


def table(*cells: str) -> str:
    """A table of one row."""
    grid = '<w:gridCol w:w="2000"/>' * len(cells)
    row = "".join(f'<w:tc><w:tcPr><w:tcW w:w="2000" w:type="dxa"/></w:tcPr>{cell}</w:tc>' for cell in cells)
    properties = '<w:tblPr><w:tblW w:w="0" w:type="auto"/></w:tblPr>'
    return f"<w:tbl>{properties}<w:tblGrid>{grid}</w:tblGrid><w:tr>{row}</w:tr></w:tbl>"


def merged(data: bytes, *records: dict[str, Value], language: str = "en") -> bytes:
    """The result of a merge; the records' names are written as in the template."""
    return merged_with_report(data, *records, language=language)[0]


def merged_with_report(data: bytes, *records: dict[str, Value], language: str = "en") -> tuple[bytes, MergeReport]:
    """The result of a merge and its report."""
    out = BytesIO()
    rows = ({normalise_name(name): value for name, value in record.items()} for record in records)
    report = WordTemplate.read(data).merge(rows, out, language=language)
    return out.getvalue(), report
