"""What is done every few seconds beside jobs: reminders are told, digests made, reports and messages sent.

It has a worker of its own, so that no import keeps it waiting. Several at once do nothing twice.
"""

import logging

from celery import shared_task
from flask_babel import gettext as _

from models.outbox import MAIL
from models.transactions import in_transaction
from services.audit.tries import write_counted_tries
from services.digests import make_digests
from services.forgotten_passwords import send_links
from services.mail import smtp_is_set
from services.mailings import follow_mailings
from services.notices import notify, was_told, writes_notice
from services.outbox import has_waiting, send_due
from services.reminders import tell_due
from services.reports.schedules import send_reports
from services.security import administrators
from services.waking import wake_up

log = logging.getLogger(__name__)
NO_SERVER = "no_mail_server"
OUTBOX_PATH = "/outbox/"


@shared_task(name="kortisto.mail.deliver", ignore_result=True)
def deliver() -> None:
    """One round. What fails of it is logged and tried again in the next; the rest is done all the same."""
    for step in (write_counted_tries, send_links, tell_due, make_digests, send_reports, follow_mailings,
                 tell_administrators, send_due):  # fmt: skip
        try:
            step()
        except Exception:  # boundary: one step that fails must not keep the others from being done
            log.exception("%s failed", step.__name__)


def wake() -> None:
    """Have a round begin at once, after the commit of what is to be sent."""
    wake_up(deliver)


def tell_administrators() -> None:
    """Tell administrators once that messages wait because there is no server to send them by."""
    if smtp_is_set() or was_told(NO_SERVER) or not has_waiting(MAIL):
        return
    notices = [{"user": user, "kind": NO_SERVER, "params": {}, "url": OUTBOX_PATH, "key": NO_SERVER}
               for user in administrators()]  # fmt: skip
    in_transaction(lambda session: notify(session, notices))


@writes_notice(NO_SERVER)
def no_server(params: object) -> str:
    return _("E-mail is waiting: no server is set to send it by.")
