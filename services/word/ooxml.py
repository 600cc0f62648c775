"""Names of Office Open XML (ECMA-376): namespaces, relationship types, content types."""

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"
VML = "urn:schemas-microsoft-com:vml"
OFFICE = "urn:schemas-microsoft-com:office:office"
PACKAGE_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
CONTENT_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"

_WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml."
DOCUMENT_TYPE = _WORD_TYPE + "document.main+xml"
TEMPLATE_TYPE = _WORD_TYPE + "template.main+xml"
HEADER_TYPE = _WORD_TYPE + "header+xml"
FOOTER_TYPE = _WORD_TYPE + "footer+xml"
RELS_TYPE = "application/vnd.openxmlformats-package.relationships+xml"

# ISO 29500 strict names that are not simply the transitional ones under another root.
_STRICT = "http://purl.oclc.org/ooxml/"
_TRANSITIONAL = "http://schemas.openxmlformats.org/"
STRICT_NAMES = (
    (_STRICT + "officeDocument/relationships/extendedProperties", R + "/extended-properties"),
    (_STRICT + "officeDocument/relationships/customProperties", R + "/custom-properties"),
    (_STRICT + "officeDocument/extendedProperties", _TRANSITIONAL + "officeDocument/2006/extended-properties"),
    (_STRICT + "officeDocument/customProperties", _TRANSITIONAL + "officeDocument/2006/custom-properties"),
    (_STRICT + "officeDocument/", _TRANSITIONAL + "officeDocument/2006/"),
    (_STRICT + "wordprocessingml/", _TRANSITIONAL + "wordprocessingml/2006/"),
    (_STRICT + "drawingml/", _TRANSITIONAL + "drawingml/2006/"),
    (_STRICT + "schemaLibrary/", _TRANSITIONAL + "schemaLibrary/2006/"),
)


def w(name: str) -> str:
    """The full name of a WordprocessingML element or attribute."""
    return f"{{{W}}}{name}"


def r(name: str) -> str:
    """The full name of a relationship attribute."""
    return f"{{{R}}}{name}"


def local_name(tag: object) -> str:
    """An element's name without its namespace; "" for what is no element (a processing instruction)."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
