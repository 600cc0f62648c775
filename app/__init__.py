"""Wiring: one Flask application made of settings, database, security, screens and commands."""

import gc
from pathlib import Path

import mongoengine as me
from flask import Flask
from flask_appbuilder import AppBuilder
from flask_wtf.csrf import CSRFProtect
from pymongo import MongoClient

from app.assets import init_assets
from app.celery import make_celery
from app.cli import register_commands
from app.compression import init_compression
from app.console import add_console
from app.database import ensure_database
from app.errors import init_errors
from app.headers import init_headers
from app.health import health
from app.indexes import ensure_indexes
from app.limits import init_limits
from app.logs import init_logging
from app.menu import add_screens
from app.proxies import init_proxies
from app.rate_limits import ConnectedStorage
from app.translations import init_translations
from config import DATABASE_NAME, PROJECT_ROOT, VERSION, Settings, flask_config, load_settings
from services.leases import alone, process_name
from services.security import add_ready_roles
from services.trays import bind_ready_trays
from views.base import select_locale, select_time_zone
from views.looking import init_looking
from views.security import SecurityManager
from views.trays import StartView

__all__ = ["ConnectedStorage", "create_app", "prepare"]


#: Lists and imports make many objects that live for a moment: looking for cycles less often takes a tenth off them.
GARBAGE_THRESHOLDS = (50_000, 20, 20)


def create_app(settings: Settings | None = None, *, update_permissions: bool = False) -> Flask:
    """The application for these settings (the environment's, if none are given), connected to its database.

    `update_permissions` writes the permissions of screens and menus: `prepare` does that once, before the processes
    that serve start.
    """
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    settings = settings or load_settings()
    uri = ensure_database(settings)
    connect(uri)
    make_celery(settings, uri)
    app = new_flask(settings, uri, update_permissions)
    init_logging(app, settings)
    init_proxies(app, settings)
    init_assets(app)
    init_headers(app)
    init_errors(app)
    init_compression(app)
    init_limits(app)
    CSRFProtect(app)
    app.register_blueprint(health)
    with app.app_context():
        init_looking(app)
        add_screens(AppBuilder(app, None, security_manager_class=SecurityManager, indexview=StartView))
        babel = app.extensions["babel"]
        babel.locale_selector, babel.timezone_selector = select_locale, select_time_zone
    init_translations(app)
    add_console(app)
    register_commands(app)
    return app


def new_flask(settings: Settings, uri: str, update_permissions: bool) -> Flask:
    root = Path(PROJECT_ROOT)
    app = Flask("kortisto", root_path=str(root), template_folder="templates", static_folder="static")
    app.config.update(flask_config(settings, uri))
    app.config.update(
        VERSION=VERSION, FAB_UPDATE_PERMS=update_permissions, QUERY_SECONDS=settings.query_seconds,
        DATA_DIR=settings.data_dir, PUBLIC_ADDRESS=settings.address, SMTP_URL=settings.smtp_url,
        MAIL_FROM=settings.mail_from, MAIL_PER_MINUTE=settings.mail_per_minute, SMS_URL=settings.sms_url,
        SMS_PER_MINUTE=settings.sms_per_minute,
    )  # fmt: skip
    return app


def connect(uri: str) -> None:
    """Connect MongoEngine in this process; done again, it connects anew (after a fork, in tests)."""
    me.disconnect()
    me.connect(DATABASE_NAME, host=uri, tz_aware=True, uuidRepresentation="standard", appname=process_name())


def prepare(settings: Settings) -> None:
    """What is done once before the processes start: permissions, ready roles and their trays, indexes.

    Machines that start at the same moment do it one after the other; raises TimeoutError where another is not done
    with it.
    """
    client: MongoClient = MongoClient(ensure_database(settings))
    with client, alone(client.get_default_database(DATABASE_NAME), "prepare"):
        app = create_app(settings, update_permissions=True)
        with app.app_context():
            add_ready_roles()
            ensure_indexes()
            bind_ready_trays()
