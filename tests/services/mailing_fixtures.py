"""What tests of mailings begin with: customers, a segment of them, a mailing to it."""

from io import BytesIO
from typing import Any

from PIL import Image

from models.rights import Access
from services.records import create_record
from tests.factories import CompanyFactory, PersonFactory

Raw = dict[str, Any]
HTML = (
    "<style>p{color:#123456}</style><h1>Uutiset</h1><p>Hei {{ first_name|asiakas }}, {{company.name}}!</p>"
    '<p><a href="https://example.fi/?e={{email}}">Lue</a></p>'
)


def people_of(access: Access, *emails: str, **values: Any) -> list[Raw]:
    """A person for each address, all of one company."""
    company = CompanyFactory(access=access, name="Voima & Pojat Oy", city="Oulu")
    return [PersonFactory(access=access, first_name=f"Matti{place}", last_name="Malli", email=email,
                          companies=[str(company["_id"])], **values)
            for place, email in enumerate(emails)]  # fmt: skip


def everybody(access: Access, members: str = "person") -> Raw:
    """A segment of all people, or companies."""
    conditions = [{"col": "name", "opr": "nempty", "value": ""}]
    return create_record(access, "segment", {"name": "All", "members": members, "conditions": conditions})


def mailing_to(access: Access, segment: Raw | None, **values: Any) -> Raw:
    given = {"name": "News", "subject": "Hei {{first_name}}", "html": HTML, "purpose": "notice", "language": "fi",
             **values}  # fmt: skip
    return create_record(access, "mailing", {**given, "segment": str(segment["_id"]) if segment else ""})


def picture(form: str = "PNG", size: tuple[int, int] = (40, 20), mode: str = "RGB", **options: Any) -> BytesIO:
    out = BytesIO()
    Image.new(mode, size, 120).save(out, form, **options)
    out.seek(0)
    return out
