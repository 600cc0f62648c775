"""Styles of e-mails: the declarations and rules that mail programs understand, and none that fetch or run anything."""

import re
from collections.abc import Iterable
from typing import Any

import tinycss2

#: Properties that are kept: those named, and those that begin so.
PROPERTIES = frozenset((
    "color", "width", "min-width", "max-width", "height", "min-height", "max-height", "line-height", "letter-spacing",
    "word-spacing", "word-break", "word-wrap", "overflow-wrap", "white-space", "direction", "vertical-align", "display",
    "visibility", "opacity", "float", "clear", "overflow", "table-layout", "caption-side", "empty-cells", "box-sizing",
    "box-shadow", "object-fit", "hyphens", "color-scheme", "align-items", "justify-content", "align-content",
    "-webkit-text-size-adjust", "-ms-text-size-adjust", "-ms-interpolation-mode", "-webkit-font-smoothing",
))  # fmt: skip
BEGINNINGS = ("background", "border", "margin", "padding", "font", "text-", "list-style", "mso-", "flex")
FUNCTIONS = frozenset(("rgb", "rgba", "hsl", "hsla", "calc", "linear-gradient", "radial-gradient"))
#: Parts of a value that stand for themselves.
PLAIN = frozenset(("ident", "number", "percentage", "dimension", "hash", "whitespace"))
SIGNS = frozenset((",", "/", "+", "-", "*"))
ADDRESS = re.compile(r"(?:cid:[\w.@-]+|https://[^\s{}()<>\"'\\]+)", re.IGNORECASE)
SELECTORS = re.compile(r"[^<{}\\@;]{1,500}")
BRACKET = re.compile(r"[()\[\]{}]")
QUERY = re.compile(r"[\w\s():,.\-/]{1,300}")
#: Style sheets longer than that, or with brackets so deep in one another, are no e-mail's.
LONGEST, DEEPEST = 100_000, 12


def clean_declarations(style: str) -> str:
    """The declarations of a style attribute that are kept; "" where none is."""
    if is_too_deep(style):
        return ""
    return ";".join(kept_declarations(tinycss2.parse_blocks_contents(style, skip_comments=True, skip_whitespace=True)))


def kept_declarations(nodes: Iterable[Any]) -> Iterable[str]:
    for node in nodes:
        if node.type == "declaration" and is_kept(node.lower_name) and all(map(is_harmless, node.value)):
            value = tinycss2.serialize(node.value).strip()
            if value and not re.search(r"<|\{|\}|[\x00-\x1f]", value):
                yield f"{node.lower_name}:{value}{'!important' if node.important else ''}"


def is_kept(name: str) -> bool:
    return name in PROPERTIES or name.startswith(BEGINNINGS)


def is_harmless(token: Any) -> bool:
    """Whether a part of a value only says how something looks; an address must be a picture's."""
    if token.type in PLAIN:
        return True
    if token.type == "literal":
        return token.value in SIGNS
    if token.type == "string":
        return "\\" not in token.representation and "<" not in token.value
    if token.type == "url":
        return bool(ADDRESS.fullmatch(token.value))
    if token.type == "function" and token.lower_name == "url":
        said = [part for part in token.arguments if part.type != "whitespace"]
        return len(said) == 1 and said[0].type == "string" and bool(ADDRESS.fullmatch(said[0].value))
    return token.type == "function" and token.lower_name in FUNCTIONS and all(map(is_harmless, token.arguments))


def clean_style_sheet(css: str) -> str:
    """The rules of a style sheet that are kept, those for small screens and dark ones with them; "" for one that is too
    long or too deep."""
    if len(css) > LONGEST or is_too_deep(css):
        return ""
    return "\n".join(kept_rules(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)))


def is_too_deep(css: str) -> bool:
    """Whether brackets stand in one another deeper than any style needs: reading them goes as deep."""
    depth = 0
    for sign in BRACKET.findall(css):
        depth = max(0, depth + (1 if sign in "([{" else -1))
        if depth > DEEPEST:
            return True
    return False


def kept_rules(nodes: Iterable[Any]) -> Iterable[str]:
    for node in nodes:
        head = " ".join(tinycss2.serialize(node.prelude).split()) if hasattr(node, "prelude") else ""
        if node.type == "qualified-rule" and SELECTORS.fullmatch(head):
            inner = ";".join(kept_declarations(tinycss2.parse_blocks_contents(
                node.content, skip_comments=True, skip_whitespace=True)))  # fmt: skip
        elif node.type == "at-rule" and node.lower_at_keyword == "media" and node.content and QUERY.fullmatch(head):
            head = f"@media {head}"
            inner = "".join(kept_rules(tinycss2.parse_rule_list(
                node.content, skip_comments=True, skip_whitespace=True)))  # fmt: skip
        else:
            continue
        if inner:
            yield f"{head}{{{inner}}}"
