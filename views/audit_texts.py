"""What the audit's kinds, targets and details are called."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from models.audit import What

#: Every kind of entry.
KINDS: Mapping[Any, Any] = {
    What.SIGNED_IN: _l("Logged in"),
    What.SIGN_IN_FAILED: _l("Login failed"),
    What.CODE_FAILED: _l("One-time code failed"),
    What.SIGNED_OUT: _l("Logged out"),
    What.SESSIONS_ENDED: _l("Sessions ended"),
    What.PASSWORD_CHANGED: _l("Password changed"),
    What.PASSWORD_LINK_SENT: _l("Password link sent"),
    What.PASSWORD_LINK_USED: _l("Password link used"),
    What.AUTHENTICATOR_CHANGED: _l("One-time codes changed"),
    What.USER_INVITED: _l("User invited"),
    What.USER_CHANGED: _l("User changed"),
    What.ROLE_CHANGED: _l("Role changed"),
    What.GROUP_CHANGED: _l("Group changed"),
    What.TEAM_CHANGED: _l("Team changed"),
    What.API_KEY_CHANGED: _l("API key changed"),
    What.RECORDS_HANDED_OVER: _l("Records handed over"),
    What.LOOKED_AS_BEGUN: _l("Began to look as another user"),
    What.LOOKED_AS_ENDED: _l("Stopped looking as another user"),
    What.SETTING_CHANGED: _l("Setting changed"),
    What.EXPORTED: _l("Exported"),
    What.LETTERS_MADE: _l("Letters made"),
    What.LABELS_MADE: _l("Labels made"),
    What.WORKBOOK_MADE: _l("Report as a workbook"),
    What.RESTORED: _l("Restored from a file"),
    What.PERSONAL_DATA_GIVEN: _l("Personal data handed out"),
    What.PERSON_ERASED: _l("Person erased"),
    What.PERSON_ANONYMISED: _l("Person anonymised"),
}
#: What entries are about, beside registers.
TARGETS: Mapping[str, Any] = {
    "audit": _l("Audit"), "job": _l("Job"), "report": _l("Report"), "role": _l("Role"), "group": _l("Group"),
    "team": _l("Team"), "field_definition": _l("Field"), "choice_list": _l("Choices"), "pipeline": _l("Pipeline"),
    "record_layout": _l("Record page"), "exchange_rate": _l("Exchange rate"), "tray": _l("Tray"),
    "relationship_kind": _l("Kind of relationship"), "suppressed": _l("Address without marketing"),
    "marketing_rules": _l("Marketing consent"), "organisation": _l("Organisation"), "api_key": _l("API key"),
}  # fmt: skip
#: What details and the columns of users, roles and settings are called; others are shown by their keys.
LABELS: Mapping[str, Any] = {
    "how": _l("How"), "rest": _l("Over REST"), "held_up": _l("Had to wait"), "more_tries": _l("Further tries"),
    "since": _l("Since"), "name_hash": _l("Unknown name (hash)"), "sessions": _l("Sessions"),
    "everywhere": _l("Everywhere"), "source": _l("By way of"), "action": _l("Action"), "to": _l("Now by"),
    "records": _l("Records"), "register": _l("Register"), "template": _l("Template"), "form": _l("Form"),
    "selection": _l("Selection"), "sent_to": _l("Sent to"), "looking_as": _l("Looking as"),
    "username": _l("User name"), "first_name": _l("First name"), "last_name": _l("Last name"), "email": _l("E-mail"),
    "phone": _l("Mobile phone"), "language": _l("Language"), "time_zone": _l("Time zone"), "team": _l("Team"),
    "leads": _l("Leads the teams"), "roles": _l("Roles"), "groups": _l("Groups"), "active": _l("May sign in"),
    "sign_in_way": _l("Logging in"),
    "digest": _l("Daily digest"), "name": _l("Name"), "grants": _l("Rights"),
    "field_rights": _l("Fields it does not get"), "label": _l("Label"), "choices": _l("Choices"),
    "scope": _l("Whose"), "access": _l("Access"), "column": _l("Field"), "currency": _l("Currency"),
    "country": _l("Country"), "bin_days": _l("Days in the recycle bin"), "kind": _l("Kind"), "receiver": _l("To"),
    "reason": _l("Why"), "identities": _l("Known outside as"), "api_key": _l("By API key"), "ends_on": _l("Good until"),
    "support_email": _l("Address for help"), "set_up": _l("Set-up"), "files": _l("Files"), "fields": _l("Fields"),
    "made_at": _l("As of"), "version": _l("Version"),
}  # fmt: skip
VALUES: Mapping[str, Any] = {
    "password": _l("Password"), "code": _l("One-time code"), "first_start": _l("First start"), "sms": _l("SMS"),
    "app": _l("Authenticator app"), "recovery_codes": _l("New recovery codes"),
    "ldap": _l("LDAP"), "openid": _l("OpenID Connect"), "outside": _l("The organisation’s login"),
    "create": _l("Added"), "update": _l("Changed"), "delete": _l("Deleted"), "screen": _l("Screen"),
    "shell": _l("Server's shell"), "rest": _l("REST"), "see": _l("See"), "add": _l("Add"), "change": _l("Change"),
    "export": _l("Export"), "merge": _l("Letters"), "send": _l("Send"), "settings": _l("Settings"), "own": _l("Own"),
    "all": _l("All"), "hidden": _l("Hidden"), "read_only": _l("Read-only"),
}  # fmt: skip
