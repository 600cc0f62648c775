"""A person's data (GDPR): all that there is about somebody, handed out, and erased or made nobody's at their wish."""

from services.imports import forgetting as of_imports
from services.outbox import forgetting as of_messages
from services.personal_data import kept_texts
from services.personal_data.collecting import PersonalData, collect, note_handed_out
from services.personal_data.erasing import ANONYMISE, ERASE, erase
from services.personal_data.seeking import start_looking

#: They register the places that they know of (services/traces.py).
REGISTERED = (of_imports, of_messages, kept_texts)

__all__ = ["ANONYMISE", "ERASE", "PersonalData", "collect", "erase", "note_handed_out", "start_looking"]
