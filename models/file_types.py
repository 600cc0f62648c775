"""What kinds of file there are: a few words for people out of the many that MIME has, and the endings of names."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l

from models.fields.field import Choice

UNKNOWN = "application/octet-stream"
PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
ODT, ODS, ODP = (f"application/vnd.oasis.opendocument.{kind}" for kind in ("text", "spreadsheet", "presentation"))
MACROS = "application/vnd.ms-office.macro-enabled"
OLE = "application/x-ole-storage"
EMAIL, HTML, SVG, TEXT, RTF = "message/rfc822", "text/html", "image/svg+xml", "text/plain", "application/rtf"
ZIP, JAR = "application/zip", "application/java-archive"
WINDOWS, UNIX, SCRIPT = "application/x-msdownload", "application/x-executable", "text/x-script"
PROGRAMS = frozenset((
    WINDOWS, UNIX, SCRIPT, JAR, "application/x-mach-binary", "application/x-deb", "application/x-rpm",
))  # fmt: skip
#: The pictures that browsers show and that can hold no script.
PICTURES = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp"))

TYPES = (
    Choice("word", _l("Text document"), "blue"),
    Choice("sheet", _l("Spreadsheet"), "green"),
    Choice("slides", _l("Presentation"), "orange"),
    Choice("pdf", _l("PDF"), "red"),
    Choice("picture", _l("Picture"), "violet"),
    Choice("text", _l("Plain text"), "grey"),
    Choice("email", _l("E-mail"), "teal"),
    Choice("sound", _l("Sound"), "pink"),
    Choice("video", _l("Video"), "pink"),
    Choice("archive", _l("Archive"), "amber"),
    Choice("program", _l("Program"), "red"),
    Choice("other", _l("Other"), "grey"),
)
ICONS: Mapping[str, str] = {
    "word": "file-text", "sheet": "file-spreadsheet", "slides": "presentation", "pdf": "file-type-pdf",
    "picture": "photo", "text": "file-text", "email": "mail", "sound": "music", "video": "video", "archive": "file-zip",
    "program": "file-code", "other": "file",
}  # fmt: skip
_TYPE_OF = {
    PDF: "pdf", DOCX: "word", ODT: "word", RTF: "word", "application/msword": "word", XLSX: "sheet", ODS: "sheet",
    "application/vnd.ms-excel": "sheet", "text/csv": "sheet", PPTX: "slides", ODP: "slides",
    "application/vnd.ms-powerpoint": "slides", EMAIL: "email", HTML: "text", SVG: "text", TEXT: "text",
    ZIP: "archive", "application/gzip": "archive", "application/x-7z-compressed": "archive",
    "application/x-rar-compressed": "archive", "application/x-tar": "archive", "application/x-bzip2": "archive",
    "application/x-xz": "archive", "application/zstd": "archive", **dict.fromkeys(PROGRAMS, "program"),
}  # fmt: skip
#: The content that a name with this ending promises.
PROMISED: Mapping[str, frozenset[str]] = {ending: frozenset(types) for endings, types in (
    ("pdf", (PDF,)), ("png", ("image/png", "image/apng")), ("jpg jpeg", ("image/jpeg",)), ("gif", ("image/gif",)),
    ("webp", ("image/webp",)), ("docx dotx", (DOCX, OLE)), ("xlsx xltx", (XLSX, OLE)), ("pptx potx", (PPTX, OLE)),
    ("doc dot", ("application/msword", OLE, RTF)), ("xls", ("application/vnd.ms-excel", OLE)),
    ("ppt", ("application/vnd.ms-powerpoint", OLE)), ("odt", (ODT,)), ("ods", (ODS,)), ("odp", (ODP,)),
    ("zip", (ZIP, DOCX, XLSX, PPTX, ODT, ODS, ODP, JAR, MACROS, "application/epub+zip")), ("rtf", (RTF,)),
    ("eml", (EMAIL, TEXT)), ("txt md csv tsv log", (TEXT, EMAIL, "text/csv")), ("mp4", ("video/mp4",)),
    ("mp3", ("audio/mpeg",)), ("svg", (SVG,)), ("tif tiff", ("image/tiff",)), ("bmp", ("image/bmp",)),
) for ending in endings.split()}  # fmt: skip
#: Endings of what Windows runs at a double click, whatever it holds.
RUN_BY_WINDOWS = frozenset((
    "exe", "com", "scr", "pif", "cpl", "msi", "msp", "mst", "bat", "cmd", "ps1", "psm1", "vbs", "vbe", "js", "jse",
    "wsf", "wsh", "wsc", "hta", "lnk", "url", "scf", "reg", "inf", "jar", "jnlp", "application", "gadget", "msc",
    "dll", "sys", "chm", "xll", "iso", "img", "vhd", "vhdx",
))  # fmt: skip



def type_of(content_type: str) -> str:
    """The key of the type that people know a content by."""
    if content_type in _TYPE_OF:
        return _TYPE_OF[content_type]
    family = content_type.partition("/")[0]
    return {"image": "picture", "audio": "sound", "video": "video"}.get(family, "other")


def ending_of(name: str) -> str:
    """The ending of a file's name in small letters, without its point; "" for none."""
    stem, point, ending = name.rpartition(".")
    return ending.lower() if point and stem else ""


def lies(name: str, content_type: str) -> bool:
    """Whether the name's ending promises another content than there is."""
    promised = PROMISED.get(ending_of(name))
    return promised is not None and content_type not in promised


def is_program(name: str, content_type: str) -> bool:
    """Whether opening the file on somebody's computer may run it."""
    return content_type in PROGRAMS or ending_of(name.rstrip(". ")) in RUN_BY_WINDOWS
