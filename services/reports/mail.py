"""A report as an e-mail: its table in the message, and the whole of it as a workbook beside it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from models.fields.context import Context
from models.rights import Access
from services.letters import Line, Part, letter, public_url
from services.reports.figures import Figures
from services.reports.grid import Grid, cell_text, grid_of, remarks
from services.reports.workbook import CONTENT_TYPE, workbook_of
from services.values import context_of

Raw = dict[str, Any]
PURPOSE, REPORTS_PATH = "report", "/reports/"
#: More lines stand in the workbook alone.
MOST_LINES = 100
#: In an e-mail there are no style sheets of ours.
TABLE = Markup('<table style="border-collapse:collapse;font-size:14px;margin:0 0 12px">{}</table>')
CELL = Markup('<{tag} style="padding:4px 10px;text-align:{side};border-bottom:1px solid #d9dde3">{text}</{tag}>')
UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')


@dataclass(frozen=True)
class TablePart:
    """A report's table as a part of a letter."""

    figures: Figures
    grid: Grid
    context: Context

    def rows(self) -> list[tuple[str, list[str]]]:
        """("th" or "td", texts) of the heads, the lines and the totals."""
        step = len(self.figures.measures)
        spans = [text if place % step == 0 else "" for text in self.grid.spans for place in range(step)]
        heads = [("th", [*("" for _group in self.grid.groups), *spans])] if spans else []
        heads.append(("th", [*self.grid.groups, *self.grid.heads]))
        lines = [("td", [*line.texts, *self.texts(line.cells)]) for line in self.grid.lines[:MOST_LINES]]
        total = [*(self.grid.total.texts if self.grid.groups else ()), *self.pad(), *self.texts(self.grid.total.cells)]
        return [*heads, *lines, ("th", total)]

    def pad(self) -> list[str]:
        return ["" for _group in self.grid.groups[1:]]

    def texts(self, cells: Sequence[Any]) -> list[str]:
        return [cell_text(self.figures, cell, self.context) for cell in cells]

    def plain(self) -> str:
        return "\n".join("  ".join(texts) for _tag, texts in self.rows())

    def html(self) -> Markup:
        first = len(self.grid.groups)
        rows = (Markup("<tr>{}</tr>").format(Markup("").join(
            CELL.format(tag=tag, text=text, side="left" if place < first else "right")
            for place, text in enumerate(texts))) for tag, texts in self.rows())  # fmt: skip
        return TABLE.format(Markup("").join(rows))


def mail_of(access: Access, report: Mapping[str, Any], figures: Figures, day: str) -> Raw:
    """The message, as `queue_message` takes it but for its recipient, in the language of the moment, which is the
    reader's."""
    grid = grid_of(figures, access.language)
    more = len(grid.lines) - MOST_LINES
    told = [*([_("and %(count)s more lines in the workbook", count=more)] if more > 0 else []), *remarks(figures)]
    lines: list[Part] = [TablePart(figures, grid, context_of(access)), *map(Line, told),
                         Line(_("Open the report"), public_url(f"{REPORTS_PATH}{report['_id']}"))]  # fmt: skip
    title = f"{report['name']}, {day}"
    text, html = letter(title, lines, _("You get this because somebody has this report sent to you."))
    name = UNSAFE.sub(" ", report["name"]).strip() or _("Report")
    workbook = {"name": f"{name}.xlsx", "content_type": CONTENT_TYPE, "content": workbook_of(
        figures, title, access.language)}  # fmt: skip
    return {"purpose": PURPOSE, "subject": title, "text": text, "html": html, "attachments": [workbook]}
