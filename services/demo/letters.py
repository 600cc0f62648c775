"""Word templates with real merge fields, written as the parts of an Office Open XML package (ECMA-376)."""

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

#: A line is text with {Merge field}, {Merge field|switches of Word} or {=another field of Word}. A line starting with *
#: is bold. A tuple of rows is a table.
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
ADDRESS = '{=ADDRESSBLOCK \\f "<<_COMPANY_\n>><<_FIRST0_>><< _LAST0_>>\n<<_STREET1_\n>><<_POSTAL_ >><<_CITY_>>"}'
PRODUCTS = ("{products.name}", "{products.quantity} {products.unit}", "{products.price|\\# \"# ##0,00\"}",
            "{products.discount|\\# \"0,## %\"}", "{products.amount|\\# \"# ##0,00\"}")  # fmt: skip
#: Row by row; that of the products is repeated for each of them.
FINNISH_OFFER = (
    ADDRESS, "", "*Tarjous: {Name}", "",
    '{=GREETINGLINE \\f "<<_BEFORE_ Hyvä >><<_FIRST0_>><<_AFTER_ >>" \\e "Hyvä asiakas"}',
    "Kiitämme mielenkiinnostanne ja tarjoamme teille seuraavaa.", "",
    (("*Tuote", "*Määrä", "*Hinta, €", "*Alennus", "*Summa, €"), PRODUCTS,
     ("*Yhteensä", "", "", "", "*{products.total|\\# \"# ##0,00\"}")),
    "", "Tarjous on voimassa {Expected closing|\\@ \"d. MMMM yyyy\"} asti. Hintoihin lisätään arvonlisävero.", "",
    "Ystävällisin terveisin", "", "{owner.name}", "{owner.phone}", "{owner.email}",
)  # fmt: skip
ENGLISH_OFFER = (
    ADDRESS, "", "*Offer: {Name}", "",
    '{=GREETINGLINE \\f "<<_BEFORE_ Dear >><<_FIRST0_>><<_AFTER_ ,>>" \\e "Dear customer,"}',
    "Thank you for your interest. We are pleased to offer you the following.", "",
    (("*Product", "*Quantity", "*Price, €", "*Discount", "*Amount, €"), PRODUCTS,
     ("*Total", "", "", "", "*{products.total|\\# \"# ##0,00\"}")),
    "", "This offer is valid until {Expected closing|\\@ \"d MMMM yyyy\"}. Value added tax is added to the prices.", "",
    "Yours sincerely", "", "{owner.name}", "{owner.phone}", "{owner.email}",
)  # fmt: skip
Lines = tuple[str | tuple[tuple[str, ...], ...], ...]
#: (register, name of the template) -> its lines and the language that its text is marked as.
TEMPLATES: dict[tuple[str, str], tuple[Lines, str]] = {
    ("company", "Joulukirje"): (CHRISTMAS, "fi-FI"), ("company", "Tarjouksen seuranta"): (OFFER, "fi-FI"),
    ("opportunity", "Tarjous"): (FINNISH_OFFER, "fi-FI"), ("opportunity", "Offer"): (ENGLISH_OFFER, "en-GB"),
}  # fmt: skip


def word_file(lines: Lines, language: str = "fi-FI") -> bytes:
    """A .docx of these lines; the same bytes each time."""
    body = "".join(paragraph(line, language) if isinstance(line, str) else table(line, language) for line in lines)
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


def table(rows: tuple[tuple[str, ...], ...], language: str) -> str:
    """A table as wide as the page, its first column the widest; numbers stand to the right."""
    widths = [9638 - 1500 * (len(rows[0]) - 1), *[1500] * (len(rows[0]) - 1)]
    border = "".join(f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="BFBFBF"/>'
                     for side in ("top", "bottom", "insideH"))  # fmt: skip
    look = f'<w:tblPr><w:tblW w:w="9638" w:type="dxa"/><w:tblBorders>{border}</w:tblBorders></w:tblPr>'
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    made = "".join(f"<w:tr>{''.join(map(cell, row, widths, [language] * len(row)))}</w:tr>" for row in rows)
    return f"<w:tbl>{look}<w:tblGrid>{grid}</w:tblGrid>{made}</w:tbl>"


def cell(line: str, width: int, language: str) -> str:
    side = "" if width > 1500 else '<w:pPr><w:jc w:val="right"/></w:pPr>'
    return (f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>'
            f"{paragraph(line, language).replace('<w:p>', f'<w:p>{side}')}</w:tc>")  # fmt: skip


def paragraph(line: str, language: str) -> str:
    look = '<w:rPr>{}<w:lang w:val="{}"/></w:rPr>'.format("<w:b/>" if line.startswith("*") else "", language)
    pieces = []
    for number, piece in enumerate(line.removeprefix("*").replace("}", "{").split("{")):
        # Between text and text stands a field.
        pieces.append(field(piece, look) if number % 2 else run(piece, look))
    return f"<w:p>{''.join(pieces)}</w:p>"


def run(text: str, look: str) -> str:
    return f'<w:r>{look}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>' if text else ""


def field(spec: str, look: str) -> str:
    name, _, switches = spec.removeprefix("=").partition("|")
    code = escape(f" {name} " if spec.startswith("=") else f' MERGEFIELD "{name}" {switches} ')
    name = name.partition(" ")[0] if spec.startswith("=") else name
    return (
        mark("begin", look) + f'<w:r>{look}<w:instrText xml:space="preserve">{code}</w:instrText></w:r>'
        + mark("separate", look) + run(f"«{name}»", look) + mark("end", look)
    )  # fmt: skip


def mark(kind: str, look: str) -> str:
    return f'<w:r>{look}<w:fldChar w:fldCharType="{kind}"/></w:r>'


def ensure_templates(access: Access) -> int:
    """Keep the templates that are missing; returns how many."""
    kept = MergeTemplate._get_collection().find({}, {"register": 1, "name": 1})
    known = {(raw["register"], raw["name"]) for raw in kept}
    missing = [key for key in TEMPLATES if key not in known]
    for register, name in missing:
        upload_template(access, register, name, word_file(*TEMPLATES[register, name]))
    return len(missing)
