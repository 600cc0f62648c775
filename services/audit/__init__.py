"""The audit: logins, rights, settings and what was carried out of the program, in a chain that shows if it is touched.

`write` is the one way in. Nothing changes or deletes an entry; `chain` checks them all, `reading` shows them to
administrators, `tries` keeps a flood of guesses from being one of entries.
"""

from models.audit import What
from services.audit.writing import (
    OF_JOBS,
    keyed_hash,
    note_change,
    note_setting,
    target_of,
    target_user,
    write,
    write_now,
)

__all__ = ["OF_JOBS", "What", "keyed_hash", "note_change", "note_setting", "target_of", "target_user", "write",
           "write_now"]  # fmt: skip
