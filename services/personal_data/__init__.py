"""A person's data (GDPR): all that there is about somebody, handed out, and erased or made nobody's at their wish."""

from services.personal_data.collecting import PersonalData, collect, note_handed_out
from services.personal_data.erasing import ANONYMISE, ERASE, erase

__all__ = ["ANONYMISE", "ERASE", "PersonalData", "collect", "erase", "note_handed_out"]
