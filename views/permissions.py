"""What Flask-AppBuilder's permissions on screens mean in the rights model."""

#: The class_permission_name of screens that everybody has who is signed in: one's own jobs, files, letters.
OWN = "own"
#: That of users, roles and groups. Not granted by any role but Admin: whoever writes roles can give themselves any.
ADMINISTRATION = "administration"
#: That of what belongs to registers: whoever may set up one of them comes in, and each page asks of its own.
REGISTER_SETTINGS = "register_settings"
#: Permissions on a register's screens and REST, as actions of the rights model.
ACTION_OF = {
    "can_list": "see", "can_show": "see", "can_get": "see", "can_info": "see", "can_download": "export",
    "can_add": "add", "can_post": "add", "can_bulk": "add", "can_edit": "change", "can_put": "change",
    "can_delete": "delete", "can_merge": "merge", "can_send": "send",
}  # fmt: skip
#: The menu's group of settings, and what it holds for those who manage settings and for administrators.
SETTINGS_GROUP = "settings_group"
ALL_SETTINGS_ITEM = "settings"
SETTINGS_ITEMS = (ALL_SETTINGS_ITEM, "teams", "currencies", "consent")
ADMINISTRATION_ITEMS = ("users", "roles", "groups", "audit", "console")
#: The menu items of letters, for those who may make them in some register, and of one's own jobs, for everybody.
LETTERS_ITEM = "merge"
JOBS_ITEM = "jobs"
#: Tasks, for those who may see activities.
TASKS_ITEM = "tasks"
#: The recycle bin, for those who may delete in some register.
BIN_ITEM = "bin"
#: The menu item of the shared calendar, for everybody: there is always one's own.
CALENDAR_ITEM = "calendar"
#: Outgoing messages, for everybody: there are those to oneself.
OUTBOX_ITEM = "outbox"
#: Reports, for those who may see some register.
REPORTS_ITEM = "reports"
#: The start page, for everybody.
TRAY_ITEM = "tray"
