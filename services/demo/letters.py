"""Two Word templates with real merge fields, written as the parts of an Office Open XML package (ECMA-376)."""

import zipfile
from io import BytesIO
from xml.sax.saxutils import escape

from models.merge import MergeTemplate
from models.rights import Access
from services.merge import upload_template

NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
#: Every file of a package carries a time; a fixed one makes the same template each time.
WHEN = (2026, 6, 30, 12, 0, 0)

#: A line is text with {Merge field} or {Merge field|switches of Word}. A line starting with * is bold.
CHRISTMAS = (
    "{Name}", "{Street address}", "{Postal code} {City|\\* Upper}", "", "*Hyvää joulua ja kiitos kuluneesta vuodesta!",
    "Olemme saaneet palvella teitä {Customer since|\\@ \"d. MMMM yyyy\"} alkaen. Luottamuksenne on meille tärkeä, "
    "ja haluamme kiittää siitä lämpimästi.",
    "Tänä vuonna lahjoitamme joulukorttirahat lasten ja nuorten hyväksi.",
    "Rauhallista joulua ja menestystä uudelle vuodelle toivottaa", "{Account manager}",
)  # fmt: skip
OFFER = (
    "{Name}", "{Street address}", "{Postal code} {City|\\* Upper}", "", "*Palaamme tarjoukseemme",
    "Lähetimme teille tarjouksen {Last offer|\\@ \"d.M.yyyy\"}. Avoimien tarjoustemme arvo on yhteensä "
    "{Open offers|\\# \"# ##0,00 €\"}, ja sopimusalennuksenne on {Discount %|\\# \"0,0\"} prosenttia.",
    "Olemme merkinneet seuraavaksi yhteydenottopäiväksi {Next contact|\\@ \"dddd d. MMMM\"}. Jos toinen aika sopii "
    "paremmin, vastaattehan tähän kirjeeseen.",
    "Ystävällisin terveisin", "{Account manager}",
)  # fmt: skip
TEMPLATES = {"Joulukirje": CHRISTMAS, "Tarjouksen seuranta": OFFER}


def word_file(lines: tuple[str, ...]) -> bytes:
    """A .docx of these lines; the same bytes each time."""
    body = "".join(paragraph(line) for line in lines)
    page = '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1417" w:right="1134" w:bottom="1417" ' \
           'w:left="1134" w:header="708" w:footer="708" w:gutter="0"/></w:sectPr>'  # fmt: skip
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{TYPE}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{NAMESPACE}"><w:body>{body}{page}</w:body></w:document>',
    }
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            xml = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{content}'
            package.writestr(zipfile.ZipInfo(name, WHEN), xml, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def paragraph(line: str) -> str:
    look = '<w:rPr>{}<w:lang w:val="fi-FI"/></w:rPr>'.format("<w:b/>" if line.startswith("*") else "")
    pieces = []
    for number, piece in enumerate(line.removeprefix("*").replace("}", "{").split("{")):
        # Between text and text stands a field.
        pieces.append(field(piece, look) if number % 2 else run(piece, look))
    return f"<w:p>{''.join(pieces)}</w:p>"


def run(text: str, look: str) -> str:
    return f'<w:r>{look}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>' if text else ""


def field(spec: str, look: str) -> str:
    name, _, switches = spec.partition("|")
    code = escape(f' MERGEFIELD "{name}" {switches} ')
    return (
        mark("begin", look) + f'<w:r>{look}<w:instrText xml:space="preserve">{code}</w:instrText></w:r>'
        + mark("separate", look) + run(f"«{name}»", look) + mark("end", look)
    )  # fmt: skip


def mark(kind: str, look: str) -> str:
    return f'<w:r>{look}<w:fldChar w:fldCharType="{kind}"/></w:r>'


def ensure_templates(access: Access) -> int:
    """Keep the templates that are missing, for companies; returns how many."""
    known = MergeTemplate.objects(register="company").distinct("name")
    missing = [name for name in TEMPLATES if name not in known]
    for name in missing:
        upload_template(access, "company", name, word_file(TEMPLATES[name]))
    return len(missing)
