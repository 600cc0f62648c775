"""The texts that scripts show, as JSON in every page; assets/js/texts.js reads it and fills the {braces}.

No per cent sign: gettext takes it for the beginning of a format.
"""

import json
from functools import cache
from typing import Any

from flask_babel import force_locale
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from views.base import current_language

TEXTS: dict[str, Any] = {
    "ok": _l("OK"),
    "confirm_title": _l("Are you sure?"),
    "choose": _l("Choose…"),
    "remove": _l("Remove"),
    "no_match": _l("Nothing matches what you typed"),
    "no_options": _l("Nothing to choose from"),
    "selected": _l("{count} selected"),
    "filter_column": _l("Search for a field…"),
    "filter_operator": _l("Condition"),
    "filter_value": _l("Value"),
    "builder_field": _l("Field"),
    "builder_mode": _l("How the conditions are joined"),
    "builder_all": _l("All of these hold"),
    "builder_any": _l("At least one of these holds"),
    "builder_none": _l("None of these holds"),
    "builder_linked_all": _l("One of them fits all of these"),
    "builder_linked_any": _l("One of them fits at least one of these"),
    "builder_linked_none": _l("None of them fits any of these"),
    "builder_condition": _l("Add a condition"),
    "builder_group": _l("Add a group"),
    "builder_linked": _l("Add linked records…"),
    "builder_relationships": _l("Relationships"),
    "builder_title": _l("Title"),
    "builder_title_hint": _l("Title, such as director"),
    "report_order": _l("{figure}, the largest first"),
    "sms_one": _l("{characters} characters, {left} left in one message"),
    "sms_parts": _l("{characters} characters, goes as {parts} messages, {left} left in the last one"),
    "sms_wide": _l("A letter that SMS do not know makes all of them take twice the room."),
    "close": _l("Close"),
    "only_value": _l("Show only “{value}”"),
    "copied": _l("Copied: {value}"),
    "not_copied": _l("The browser did not let it be copied."),
    "no_answer": _l("The server does not answer. Try again in a moment."),
    "signed_out": _l("You are no longer signed in. Sign in again in another tab, then try again here."),
    "move": _l("Move {label}"),
    "moved": _l("The new order is saved."),
    "not_moved": _l("The new order could not be saved; the page is loaded again."),
    "key_overview": _l("Show the keys"),
    "key_overview_title": _l("Keys on this page"),
    "keys_on": _l("Single keys work (switch them off for voice input)"),
    "key_search": _l("Search everywhere"),
    "key_rows": _l("Go through the rows"),
    "key_open": _l("Open the row"),
    "key_tick": _l("Choose the row"),
    "key_done": _l("Mark the task done"),
    "key_edit": _l("Edit the row"),
    "key_menu": _l("What can be done with the row"),
    "key_in_place": _l("On a pencil: edit the value in its place, and save it"),
    "key_take_back": _l("Take back what was typed there"),
    "key_save": _l("Save the form"),
    "editor_tools": _l("Format of {label}"),
    "editor_bold": _l("Bold"),
    "editor_italic": _l("Italic"),
    "editor_heading": _l("Heading"),
    "editor_list": _l("List"),
    "editor_numbers": _l("Numbered list"),
    "editor_link": _l("Link"),
    "editor_undo": _l("Undo"),
    "editor_redo": _l("Redo"),
    "editor_address": _l("Address of the link"),
    "editor_set": _l("Set the link"),
    "editor_no_address": _l("Give an address such as https://www.company.fi or name@company.fi."),
    "mail_field": _l("Merge field"),
    "mail_field_into": _l("Merge field into “{label}”"),
    "mail_field_search": _l("Search for a field…"),
    "mail_chip_else": _l("{key}, or “{fallback}” where it is empty"),
    "mail_chip_unknown": _l("There is no such field: it stays empty."),
    "mail_heading": _l("Heading {level}"),
    "mail_left": _l("At the left"),
    "mail_center": _l("In the middle"),
    "mail_right": _l("At the right"),
    "mail_button": _l("Button"),
    "mail_as_button": _l("As a button"),
    "mail_link_words": _l("Text of the link"),
    "mail_picture": _l("Picture"),
    "mail_picture_elsewhere": _l("Picture on another site: {alt}"),
    "mail_no_picture": _l("Only pictures can be put into the text: PNG, JPEG, GIF or WebP."),
    "mail_divider": _l("Dividing line"),
    "mail_alt": _l("What it shows"),
    "mail_width": _l("Width"),
    "mail_width_own": _l("Its own"),
    "mail_width_full": _l("Full"),
    "mail_width_half": _l("Half"),
    "mail_width_quarter": _l("A quarter"),
    "mail_source": _l("HTML"),
    "mail_own_layout": _l("This HTML has a layout of its own, which the editor would simplify."),
    "mail_layout_lost": _l("The editor keeps texts, links and pictures; the rest of the layout is lost. "
                           "Press again to go on."),
    "mail_length": _l("{count} characters"),
    "mail_long": _l("{count} characters: a phone shows about the first {most}."),
    "file_too_large": _l("“{name}” is too large: at most {most} MB."),
    "file_failed": _l("“{name}” could not be sent. Try again."),
    "file_sending": _l("Sending {name}"),
    "file_remove": _l("Remove {name}"),
    "files_wait": _l("Wait until the files have been sent, then save."),
    "upload_title": _l("Files being sent"),
    "upload_all": _l("All files"),
    "upload_going": _l("Sending: {done} of {count}"),
    "upload_ended": _l("Sent: {done} of {count}"),
    "upload_failures": _l("({count} failed)"),
    "upload_cancel": _l("Cancel {name}"),
    "upload_cancel_all": _l("Cancel all"),
    "upload_cancelled": _l("Cancelled"),
    "upload_again": _l("Send {name} again"),
    "upload_kind": _l("Kind of {name}"),
    "upload_same": _l("The same content is here already:"),
    "upload_remove_new": _l("Remove the new one"),
    "upload_removed": _l("Removed"),
    "pdf_page": _l("Page {number} of {count}"),
    "pdf_before": _l("Page before"),
    "pdf_after": _l("Next page"),
    "pdf_failed": _l("The preview could not be shown. Download the file to look at it."),
    "undo": _l("Undo"),
    "line_row": _l("Row {number}"),
    "line_part": _l("{label}, row {number}"),
    "line_free": _l("Use “{name}” as it is"),
    "line_currency": _l("“{name}” is priced in {currency}, the other rows are not: give its price yourself."),
    "line_removed": _l("“{name}” was removed."),
    "part_unreachable": _l("The rest could not be fetched. Load the page again."),
    "board_moving": _l("{name}: moving to {stage}"),
    "board_moved": _l("{name} is at {stage} now."),
    "board_back": _l("{name} stays at {stage}."),
    "board_last": _l("There is no stage beyond {stage}."),
    "key_board": _l("On a card: bring it to the stage beside"),
    "key_cards": _l("On a card: go to the cards around it"),
    "job_unreachable": _l("The server does not answer just now; asking again shortly."),
}


def script_texts() -> Markup:
    """The texts in the page's language."""
    return in_language(current_language())


@cache
def in_language(language: str) -> Markup:
    with force_locale(language):
        texts = {name: str(text) for name, text in TEXTS.items()}
    # As Jinja's tojson: nothing in it ends the script element.
    written = json.dumps(texts, ensure_ascii=False)
    for mark in "<>&'":
        written = written.replace(mark, f"\\u{ord(mark):04x}")
    return Markup(written)
