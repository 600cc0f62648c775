"""Links that change the address the reader is at: another page of a list, another order, one filter less."""

from urllib.parse import urlencode

from flask import request


def query_url(without: tuple[str, ...] = (), **changes: object) -> str:
    """The current address with the query parameters `without` left out and `changes` set; None leaves one out.

    A parameter given several times keeps all its values unless it is changed.
    """
    left_out = {*without, *changes}
    if "page" in left_out:
        # Another page, or another list: the row after which this page began means nothing there.
        left_out |= {"after", "before"}
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in left_out]
    kept += [(name, str(value)) for name, value in changes.items() if value is not None]
    path = request.script_root + request.path
    return f"{path}?{urlencode(kept)}" if kept else path


def number_arg(name: str, default: int, most: int) -> int:
    """A whole number of the address, within bounds; anything else is the default."""
    text = request.args.get(name, "")
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < 12 else default
