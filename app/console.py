"""Wiring of the data console: Flask-Admin beside Flask-AppBuilder, at an address and endpoints of its own."""

from flask import Flask
from flask_admin import Admin

from views.console import ConsoleIndex, DocumentsView


def add_console(app: Flask) -> None:
    """Put the console at /console."""
    index = ConsoleIndex(url="/console", endpoint="console", name="Console")
    Admin(app, name="Console", url="/console", endpoint="console", index_view=index).add_view(DocumentsView())
