"""The settings part: what ties a template to its author's machine is taken out of the letters."""

from dataclasses import dataclass

from lxml import etree
from lxml.etree import _Element as Element

from services.word.ooxml import r, w
from services.word.package import Package, parse_xml

# The data source's path, and a template address that Word would load from.
_PRIVATE = (w("mailMerge"), w("attachedTemplate"))
_AFTER_ENDNOTES = frozenset(
    w(name)
    for name in (
        *("compat", "docVars", "rsids", "attachedSchema", "themeFontLang", "clrSchemeMapping", "captions"),
        *("doNotIncludeSubdocsInStats", "doNotAutoCompressPictures", "forceUpgrade", "readModeInkLockDown"),
        *("smartTagType", "shapeDefaults", "doNotEmbedSmartTags", "decimalSymbol", "listSeparator"),
    )
)


@dataclass(frozen=True)
class MergeSettings:
    """What the template's own merge settings say."""

    suppress_blank_lines: bool = True


def clean_settings(package: Package) -> MergeSettings:
    """Take the private settings out, and let endnotes stand at the end of each letter."""
    for relationship in package.related(package.document, "settings"):
        name = relationship.target
        root = parse_xml(package.parts[name], name)
        keeps_lines = root.find(f"{w('mailMerge')}/{w('doNotSuppressBlankLines')}") is not None
        _drop_private(package, name, root)
        if any(package.related(package.document, "endnotes")):
            _endnotes_in_section(root)
        package.parts[name] = etree.tostring(root, encoding="UTF-8", xml_declaration=True, standalone=True)
        return MergeSettings(suppress_blank_lines=not keeps_lines)
    return MergeSettings()


def _drop_private(package: Package, name: str, root: Element) -> None:
    for tag in _PRIVATE:
        for gone in root.findall(tag):
            root.remove(gone)
    used = {value for element in root.iter(etree.Element) for key, value in element.attrib.items() if key == r("id")}
    relationships = package.relationships(name)
    for relationship in relationships:
        if relationship.id not in used and not relationship.external and relationship.target in package.parts:
            package.drop(relationship.target)
    package.set_relationships(name, [item for item in relationships if item.id in used])


def _endnotes_in_section(root: Element) -> None:
    """Else all letters' endnotes would stand together behind the last letter."""
    properties = root.find(w("endnotePr"))
    if properties is None:
        properties = etree.Element(w("endnotePr"))
        following = next((child for child in root if child.tag in _AFTER_ENDNOTES or "math" in str(child.tag)), None)
        if following is None:
            root.append(properties)
        else:
            following.addprevious(properties)
    place = properties.find(w("pos"))
    if place is None:
        place = etree.Element(w("pos"))
        properties.insert(0, place)
    place.set(w("val"), "sectEnd")
