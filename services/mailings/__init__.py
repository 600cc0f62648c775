"""Mailings: one message to many, by e-mail or SMS, written, looked at, tried, sent and followed.

    save_content(access, mailing_id, {"subject": "…", "html": "…"}, version)
    add_picture(access, mailing_id, "logo.png", stream)    # {"cid", "url", "name"}
    preview(access, mailing_id, 0)                         # as the first recipient sees it
    checks(access, mailing_id)                             # what would go wrong
    send_test(access, mailing_id, ["me@example.com"])
    start(access, mailing_id)                              # a job makes the messages, the outbox sends them
    progress(access, mailing_id)
"""

from services.mailings.checking import ERROR, INFO, WARNING, Check, checks
from services.mailings.copying import copy_mailing
from services.mailings.drafts import get_draft, get_mailing, mailing_to_send, may_send, save_content
from services.mailings.errors import MailingProblem, UploadProblem
from services.mailings.following import Progress, cancel, figures, follow_mailings, pause, progress, resume
from services.mailings.offering import MergeField, merge_fields
from services.mailings.pictures import add_picture, picture_file, picture_url, pictures_of, remove_picture
from services.mailings.previewing import MOST_TESTS, Preview, preview, send_test
from services.mailings.recipients import REASONS
from services.mailings.sending import start
from services.mailings.uploading import Imported, import_html

__all__ = [
    "ERROR", "INFO", "MOST_TESTS", "REASONS", "WARNING", "Check", "Imported", "MailingProblem", "MergeField", "Preview",
    "Progress", "UploadProblem", "add_picture", "cancel", "checks", "copy_mailing", "figures", "follow_mailings",
    "get_draft", "get_mailing", "import_html", "mailing_to_send", "may_send", "merge_fields", "pause", "picture_file",
    "picture_url", "pictures_of", "preview", "progress", "remove_picture", "resume", "save_content", "send_test",
    "start",
]  # fmt: skip
