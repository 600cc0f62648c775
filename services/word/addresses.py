r"""ADDRESSBLOCK and GREETINGLINE: an address or a greeting put together from a recipient's standard fields.

The `\f` picture is `<<_FIRST0_>><< _LAST0_>>`: each group prints its field with the text around it, or nothing when
the field is empty (ECMA-376 part 1, 17.16.5.2 and 17.16.5.23).
"""

import locale as system_locale
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from services.word.expressions import RecordState
from services.word.lexer import Switch
from services.word.values import Value, locale_of, normalise_name, plain_text

KINDS = frozenset({"ADDRESSBLOCK", "GREETINGLINE"})
#: Placeholder of a picture -> Word's name for the field of a recipient.
FIELDS = {
    "TITLE0": "Courtesy Title", "NICK0": "Nickname", "FIRST0": "First Name", "MIDDLE0": "Middle Name",
    "LAST0": "Last Name", "SUFFIX0": "Suffix", "TITLE1": "Spouse Courtesy Title", "NICK1": "Spouse Nickname",
    "FIRST1": "Spouse First Name", "MIDDLE1": "Spouse Middle Name", "LAST1": "Spouse Last Name",
    "COMPANY": "Company", "STREET1": "Address 1", "STREET2": "Address 2", "CITY": "City", "STATE": "State",
    "POSTAL": "Postal Code", "COUNTRY": "Country",
}  # fmt: skip
_ADDRESS = (
    "<<_TITLE0_ >><<_FIRST0_>><< _LAST0_>><< _SUFFIX0_>>\n<<_COMPANY_\n>><<_STREET1_\n>><<_STREET2_\n>>"
    "<<_CITY_>><<, _STATE_>><< _POSTAL_>><<\n_COUNTRY_>>"
)
_GREETING = "<<_BEFORE_ {} >><<_TITLE0_ >><<_LAST0_>><<_AFTER_ ,>>"
_SALUTATIONS = {"fi": "Hyvä", "sv": "Bästa"}
_GROUP = re.compile(r"(<<(?:(?!<<|>>).)*>>)", re.DOTALL)
_SPACES = re.compile(" {2,}")
_PLACEHOLDER = re.compile(r"_([A-Z]+[0-2]?)_")
_NAMES = frozenset({"FIRST0", "LAST0", "NICK0"})
_TOWN = frozenset({"CITY", "STATE", "POSTAL"})
_LISTED = re.compile(r"[;,]")
#: Territories that write the postal code before the town (Universal Postal Union, addressing systems by country).
_CODE_FIRST = frozenset({
    "AD", "AL", "AT", "AX", "BA", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FO",
    "FR", "GL", "GR", "HR", "HU", "IL", "IS", "IT", "LI", "LT", "LU", "MC", "MD", "ME", "MK", "MX",
    "NL", "NO", "PL", "PT", "RO", "RS", "SE", "SI", "SJ", "SK", "SM", "TR", "VA", "XK",
})  # fmt: skip


def address_key(name: str) -> str:
    """The key of a recipient's standard field in a record; no merge field's name can be normalised to it."""
    return "address " + normalise_name(name)


@dataclass(frozen=True, slots=True)
class Group:
    """One `<<...>>` of a picture, or with `field` "" text that is always printed."""

    before: str
    field: str = ""
    after: str = ""

    def text(self, state: "RecordState | Alone") -> str:
        """The group's text for the record at hand."""
        if not self.field:
            return self.before
        value = value_of(state, self.field)
        return f"{self.before}{value}{self.after}" if value else ""


def value_of(state: "RecordState | Alone", field: str) -> str:
    """The text of a recipient's field, named as in pictures."""
    return plain_text(state.record.get(address_key(FIELDS[field])), state.language).strip()


@lru_cache(maxsize=256)
def groups_of(picture: str) -> tuple[Group, ...]:
    """A picture cut into its groups."""
    return tuple(_groups(picture))


def _groups(picture: str) -> Iterator[Group]:
    for piece in _GROUP.split(picture):
        inside = piece[2:-2] if _GROUP.fullmatch(piece) else ""
        found = _PLACEHOLDER.search(inside)
        if found and found[1] in FIELDS:
            yield Group(inside[: found.start()], found[1], inside[found.end() :])
        elif found and found[1] in ("BEFORE", "AFTER"):
            yield Group((inside[: found.start()] + inside[found.end() :]).removeprefix(" "))
        elif piece:
            yield Group(inside or piece)


def _texts(switches: Sequence[Switch], name: str) -> list[str]:
    return [switch.text for switch in switches if switch.name == name]


def _tidy(text: str) -> str:
    """Without empty lines and the spaces that empty fields leave."""
    lines = (_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return "\n".join(filter(None, lines))


class AddressBlock:
    r"""ADDRESSBLOCK.

    `\c 0` leaves the country out, `\c 2` leaves it out when `\e` names it; `\d` puts postal code and town in the
    order of the recipient's country, or of the language `\l` where the record has no country.
    """

    def __init__(self, switches: Sequence[Switch]) -> None:
        self._picture = next((text for text in _texts(switches, "f") if text.strip()), _ADDRESS)
        self._country = next(iter(_texts(switches, "c")), "1").strip()
        self._excluded = frozenset(
            territory_of(name) for text in _texts(switches, "e") for name in _LISTED.split(text) if name.strip()
        )
        self._by_country = any(switch.name == "d" for switch in switches)
        self._language = next(iter(_texts(switches, "l")), "")

    @property
    def names(self) -> tuple[str, ...]:
        """The standard fields that the block prints."""
        return field_names(self._picture)

    def text(self, state: "RecordState | Alone") -> str:
        """The address for the record at hand, one line under the other."""
        country = value_of(state, "COUNTRY")
        groups = groups_of(self._picture)
        if self._by_country and self._territory(country, state.language) in _CODE_FIRST:
            groups = code_first(groups)
        hidden = not self._prints(country)
        return _tidy("".join(group.text(state) for group in groups if not (hidden and group.field == "COUNTRY")))

    def _prints(self, country: str) -> bool:
        return self._country != "0" and not (self._country == "2" and territory_of(country) in self._excluded)

    def _territory(self, country: str, language: str) -> str:
        return territory_of(country) if country else home_of(self._language, language)


@dataclass(frozen=True)
class Alone:
    """One record by itself: as much of a merge's state as an address needs."""

    record: Mapping[str, Value]
    language: str


def address_lines(record: Mapping[str, Value], picture: str, language: str, home: str) -> list[str]:
    """The lines of one recipient's address by an address block's picture, in the order of the recipient's country;
    the country `home` (its code), from which is sent, stays unsaid."""
    switches = (("f", picture), ("c", "2"), ("e", home), ("d", ""), ("l", f"en-{home}"))
    block = AddressBlock([Switch(name, text) for name, text in switches])
    return block.text(Alone(record, language)).split("\n")


class GreetingLine:
    r"""GREETINGLINE: the `\f` picture, or the text of `\e` for a recipient without a name.

    Where a picture of title and last name meets a recipient without a title, Word writes the first name instead.
    """

    def __init__(self, switches: Sequence[Switch]) -> None:
        self._picture = next((text for text in _texts(switches, "f") if text.strip()), "")
        self._fallback = next(iter(_texts(switches, "e")), "")

    @property
    def names(self) -> tuple[str, ...]:
        """The standard fields that the line prints."""
        names = field_names(self._picture or _GREETING)
        return tuple(dict.fromkeys((*names, "First Name"))) if "Last Name" in names else names

    def text(self, state: RecordState) -> str:
        """The greeting for the record at hand."""
        groups = groups_of(self._picture or _GREETING.format(_salutation(state.language)))
        used = {group.field for group in groups} - {""}
        known = {field for field in (used | {"FIRST0"} if "LAST0" in used else used) if value_of(state, field)}
        if used and not (known & _NAMES if used & _NAMES else known):
            return self._fallback
        if "TITLE0" in used - known and "FIRST0" not in used:
            groups = tuple(Group("", "FIRST0", " ") if group.field == "TITLE0" else group for group in groups)
        return _tidy(re.sub(r"\s+([,.:;!?])", r"\1", "".join(group.text(state) for group in groups)))


def field_names(picture: str) -> tuple[str, ...]:
    """The standard fields of a picture, each once."""
    return tuple(dict.fromkeys(FIELDS[group.field] for group in groups_of(picture) if group.field))


@lru_cache(maxsize=256)
def code_first(groups: tuple[Group, ...]) -> tuple[Group, ...]:
    """The groups with the postal code before the town and no state, in the place of the first of them."""
    town = [place for place, group in enumerate(groups) if group.field in _TOWN]
    if not {"CITY", "POSTAL"} <= {groups[place].field for place in town}:
        return groups
    first, last = town[0], town[-1]
    line = (
        Group(_line_ends(groups[first].before), "POSTAL", " "),
        Group("", "CITY"),
        Group(_line_ends(groups[last].after)),
    )
    rest = tuple(group for group in groups[first + 1 :] if group.field not in _TOWN and group.before.strip(" ,"))
    return (*groups[:first], *(group for group in line if group.field or group.before), *rest)


def _line_ends(text: str) -> str:
    return "\n" if "\n" in text else ""


def _salutation(language: str) -> str:
    return _SALUTATIONS.get(locale_of(language).language, "Dear")


def home_of(switch: str, language: str) -> str:
    r"""The territory of `\l` (Windows' number of a language, or its code), else of the letters' language."""
    code = system_locale.windows_locale.get(int(switch)) if switch.isdecimal() else switch.replace("-", "_")
    found = locale_of(code) if code else locale_of(language)
    return found.territory or {"fi": "FI", "sv": "SE"}.get(found.language, "")


@lru_cache(maxsize=4096)
def territory_of(country: str) -> str:
    """The code of a country written in English, Finnish, Swedish or its code; what is none of these, in lower case."""
    return _territories().get(country.strip().casefold(), country.strip().casefold())


@lru_cache(maxsize=1)
def _territories() -> dict[str, str]:
    found: dict[str, str] = {"usa": "US", "uk": "GB", "united states of america": "US", "england": "GB"}
    for language in ("en", "fi", "sv"):
        for code, name in locale_of(language).territories.items():
            if len(code) == 2:
                found.setdefault(code.casefold(), code)
                found.setdefault(name.casefold(), code)
    return found
