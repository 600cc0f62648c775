"""Address labels for chosen records: the address of each, and a job that prints them on sheets."""

import datetime as dt
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, cast
from zoneinfo import ZoneInfo

from bson import ObjectId
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from pymongo.client_session import ClientSession

from models.consent import LETTER, RULES
from models.fields.schema import Schema, schema_of
from models.organisation import organisation
from models.registers import Register
from models.rights import Access
from models.told import Told
from models.transactions import in_transaction
from services.consent import reasons
from services.files import DOCX, add_file, keep_content, new_file
from services.jobs import Run, handles, start_job
from services.label_sheets import SHEETS, Printing, Sheet, unprintable, write_pdf, write_word
from services.merge.addresses import Recipient, company_link, found_in
from services.merge.matching import Matcher
from services.merge.results import PDF
from services.merge.templates import check_may_merge
from services.search import Selection, count_selected, iterate_selected
from services.values import context_of
from services.word import address_key, address_lines

Raw = dict[str, Any]
KIND = "address_labels"
COMPANY = "company"
#: Word's names of what an address is made of, and how its lines stand on a label.
PARTS = ("Company", "Address 1", "Address 2", "City", "State", "Postal Code", "Country")
PICTURE = ("<<_FIRST0_\n>><<_COMPANY_\n>><<_STREET1_\n>><<_STREET2_\n>>"
           "<<_CITY_>><<, _STATE_>><< _POSTAL_>><<\n_COUNTRY_>>")  # fmt: skip
#: Who has one of these is a person, whose name stands on the label as well.
PERSONAL = ("First Name", "Last Name")
#: What an address can't do without.
PLACES = ("Address 1", "City", "Postal Code")
#: By the rules of the posts the place and the country stand in capitals (Universal Postal Union, S42).
CAPITALS = (address_key("City"), address_key("Country"))
FORMS = {"pdf": (PDF, ".pdf"), "word": (DOCX, ".docx")}
BATCH = 500
OWN_SHEET = "own"


class LabelProblem(Told):
    """Labels can't be made; the message says why and what to do."""


@dataclass(frozen=True)
class Wanted:
    """How labels are wanted: `form` "pdf" or "word"; with `once`, equal addresses are printed once; with `willing`, who
    gets no marketing letters is left out."""

    printing: Printing
    form: str = "pdf"
    once: bool = False
    willing: bool = False

    def as_params(self) -> Raw:
        printing = self.printing
        return {"sheet": dict(vars(printing.sheet)), "start": printing.start, "right": printing.right,
                "down": printing.down, "form": self.form, "once": self.once,
                "willing": self.willing}  # fmt: skip

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> "Wanted":
        printing = Printing(Sheet(**params["sheet"]), params["start"], params["right"], params["down"])
        return cls(printing, params["form"], params["once"], params.get("willing", False))


@dataclass
class Tally:
    """What became of the records: those who get no marketing letters, those without an address, repeated addresses,
    signs that the font does not have."""

    records: int = 0
    unwilling: int = 0
    without: int = 0
    repeated: int = 0
    strange: str = ""


# Addresses


def address_of(access: Access, card: Register) -> Recipient | None:
    """Where the addresses of a register's records come from: the records themselves, or the company that they are
    linked to; None where there are none, as far as the user sees them."""
    schema = schema_of(card.key).for_access(access)
    own = found_in(Matcher(schema, {}), PARTS)
    if any(name in own for name in PLACES):
        return Recipient(own)
    link = company_link(schema)
    if link is None or not access.may(COMPANY, "see"):
        return None
    linked = found_in(Matcher(schema_of(COMPANY).for_access(access), {}), PARTS)
    return Recipient({}, linked, link) if any(name in linked for name in PLACES) else None


def may_have_addresses(schema: Schema) -> bool:
    """A quick look, for lists that offer labels."""
    return company_link(schema) is not None or any(name in schema.by_column for name in ("street", "postal_code"))


def labels_of(
    access: Access, card: Register, rows: Iterable[Raw], tally: Tally, *, once: bool, willing: bool = False
) -> Iterator[list[str]]:
    """The lines of each record's label; who has no address, or is left out for being unwilling, has none."""
    schema, seen = schema_of(card.key).for_access(access), set()
    source, person = address_of(access, card), bool(found_in(Matcher(schema, {}), PERSONAL))
    named = person and card.name_field in schema.by_column
    waiting = iter(rows)
    while source is not None and (batch := list(islice(waiting, BATCH))):
        if willing:
            batch = without_unwilling(access, card, batch, tally)
        for lines in batch_lines(access, source, batch, named=named):
            tally.records += 1
            if not lines:
                tally.without += 1
            elif once and tuple(lines) in seen:
                tally.repeated += 1
            else:
                seen.add(tuple(lines))
                tally.strange = "".join(sorted({*tally.strange, *unprintable("".join(lines))}))[:40]
                yield lines


def asks_consent(card: Register) -> bool:
    """Whether the register's records say whether they want marketing letters."""
    return card.key in RULES


def without_unwilling(access: Access, card: Register, rows: Sequence[Raw], tally: Tally) -> list[Raw]:
    """The rows that marketing letters may go to."""
    kept = [raw for raw, why in zip(rows, reasons(access, LETTER, rows, card.key), strict=True) if not why]
    tally.unwilling += len(rows) - len(kept)
    tally.records += len(rows) - len(kept)
    return kept


def batch_lines(access: Access, source: Recipient, rows: Sequence[Raw], *, named: bool) -> Iterator[list[str]]:
    """The lines of each of the rows' labels, none where there is no address; `named` puts the record's name on it."""
    context, home = context_of(access), organisation().country
    for raw, values in zip(rows, source.values(access, rows, context), strict=True):
        if not any(values.get(address_key(place)) for place in PLACES):
            yield []
            continue
        upper = {key: str(values[key]).upper() for key in CAPITALS if values.get(key)}
        called = {address_key("First Name"): str(raw.get("name") or "")} if named else {}
        yield address_lines({**values, **upper, **called}, PICTURE, access.language, home)


# Making


def first_labels(
    access: Access, card: Register, selection: Selection, most: int, *, once: bool, willing: bool = False
) -> list[list[str]]:
    """The labels of the first records that are selected, for a look at them. Raises ConditionError, TooSlow."""
    rows = iterate_selected(access, card.key, selection, "merge")
    return list(islice(labels_of(access, card, rows, Tally(), once=once, willing=willing), most))


def start_labels(access: Access, card: Register, selection: Selection, wanted: Wanted) -> ObjectId:
    """Have a worker print a label for each selected record that has an address; returns the job's id.

    Raises NotAllowed, LabelProblem, ConditionError, TooSlow.
    """
    check_may_merge(access, card.key)
    if address_of(access, card) is None:
        raise LabelProblem(_l("These records have no addresses to print, or you don't see them."))
    count = count_selected(access, card.key, selection, "merge")
    if not count:
        raise LabelProblem(_l("None of the chosen records is there any more, or you may not print labels for them."))
    params = {"register": card.key, "selection": selection.as_params(), **wanted.as_params()}
    return start_job(access, KIND, _("Labels: %(register)s", register=str(card.label)), params, count)


@handles(KIND)
def run_labels(run: Run) -> Raw:
    """The job's handler. The result and its file are written together; a later try finds them and is done."""
    if not run.job.get("result_file"):
        with tempfile.TemporaryFile() as out:
            make_labels(run, cast(BinaryIO, out))
    return {"message": message_of(run.job["result"])}


def make_labels(run: Run, out: BinaryIO) -> None:
    card, wanted, tally = check_may_merge(run.access, run.params["register"]), Wanted.from_params(run.params), Tally()
    selection = Selection.from_params(run.params["selection"])
    rows = counted(run, iterate_selected(run.access, card.key, selection, "merge"))
    labels = labels_of(run.access, card, rows, tally, once=wanted.once, willing=wanted.willing)
    title = f"{card.label} {dt.datetime.now(ZoneInfo(run.access.time_zone)).date().isoformat()}"
    if wanted.form == "pdf":
        made, cut = write_pdf(labels, wanted.printing, out, title)
    else:
        made, cut = write_word(labels, wanted.printing, out)
    if not made:
        raise LabelProblem(_l("None of the chosen records has an address and wants letters.") if tally.unwilling else
                           _l("None of the chosen records has an address."))  # fmt: skip
    content_type, ending = FORMS[wanted.form]
    file = new_file(run.access, title + ending, content_type, "result", keep_content(out))
    result = {"labels": made, "unwilling": tally.unwilling, "without": tally.without, "repeated": tally.repeated,
              "strange": tally.strange, "cut": len(cut)}  # fmt: skip
    lines = [_("Label %(number)s: not all of its text fits.", number=number) for number in cut[:500]]

    def keep(session: ClientSession) -> None:
        run.advance(tally.records, total=tally.records, session=session)
        kept = {"result_file": add_file(session, file), "result": result}
        run.update({"$set": kept, "$push": {"log": {"$each": lines}}}, session)

    in_transaction(keep)


def counted(run: Run, rows: Iterable[Raw]) -> Iterator[Raw]:
    """The rows, with progress noted now and then. Raises JobCancelled, LeaseLost."""
    for number, raw in enumerate(rows):
        if number and number % BATCH == 0:
            run.advance(number)
        yield raw


def message_of(result: Raw) -> str:
    """What the owner reads when the labels are there."""
    sentences = [ngettext("%(num)s label is ready.", "%(num)s labels are ready.", result["labels"])]
    if unwilling := result.get("unwilling"):
        sentences.append(ngettext("%(num)s was left out: no marketing letters.",
                                  "%(num)s were left out: no marketing letters.", unwilling))  # fmt: skip
    if result["without"]:
        sentences.append(ngettext("%(num)s record has no address.", "%(num)s records have no address.",
                                  result["without"]))  # fmt: skip
    if result["repeated"]:
        sentences.append(ngettext("%(num)s address was there twice.", "%(num)s addresses were there twice.",
                                  result["repeated"]))  # fmt: skip
    if cut := result["cut"]:
        sentences.append(ngettext("Of %(num)s label the text does not fit: the log names it.",
                                  "Of %(num)s labels the text does not fit: the log names them.", cut))  # fmt: skip
    if result["strange"]:
        sentences.append(_("The font does not have these signs: %(signs)s", signs=result["strange"]))
    return " ".join(sentences)


def sheet_named(key: str) -> Sheet:
    """A sheet that comes along. Raises LabelProblem."""
    if key not in SHEETS:
        raise LabelProblem(_l("Choose a label sheet."))
    return SHEETS[key]
