"""Finding the records that stand behind links, for conditions that speak of them."""

from collections.abc import Sequence

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.errors import ExecutionTimeout

from models.fields.errors import ConditionError
from models.fields.query import Query
from models.fields.ways import Way
from services.planning import predicates_of
from services.reading import Reader

#: More ids than that make a query that is slow to send and to read.
MOST_LINKED = 50_000


def find_linked(way: Way, query: Query) -> Sequence[ObjectId]:
    """The ids by which records are linked along the way with those that match the query: the matching records' own,
    or backwards those that they point at. Raises ConditionError where there are too many, or where it takes too long.
    """
    reader = Reader(way.register.document._get_collection(), tuple(predicates_of(query)))
    try:
        # Many records may point at few others: those are what counts.
        found = reader.different(way.field.kind.reference_path(way.field) if way.backwards else "_id", MOST_LINKED + 1)
    except ExecutionTimeout as error:
        message = _l("Looking through “%(name)s” took too long. Add a condition to it that narrows it.",
                     name=way.register.label)  # fmt: skip
        raise ConditionError(way.code, message) from error
    if len(found) > MOST_LINKED:
        message = _l("More than %(max)s of “%(name)s” match. Add a condition to them that narrows it.",
                     max=f"{MOST_LINKED:,}", name=way.register.label)  # fmt: skip
        raise ConditionError(way.code, message)
    return found
