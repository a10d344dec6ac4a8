"""`Page`: the `ports.ReportPage`. One HTML file that needs nothing else, and the same figures as a table.

Nothing in it comes from the network, and its policy forbids that: its pictures are `data:` URIs, and only the style and
the script that were written into it may apply, by their sha256. What a report says is put into words in `view`.
"""

import base64
import hashlib
import tomllib
from collections import Counter
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from samecast.core.report import Report
from samecast.media.report import tables, timeline, view, words
from samecast.media.report.pictures import Shelf
from samecast.media.report.plain import plain

LONG = 12
"""Files from which on the page draws only what is near the screen; jumps are then a little less exact."""


class Page:
    """Draws a report. Raises `BadMedia` where a picture in it is none, `InvalidInput` for a character it lacks."""

    def html(self, report: Report) -> str:
        shelf = Shelf()
        cast = view.characters(report, shelf)
        first = shelf.take()
        entries = tuple(view.sheets(report, cast, shelf))
        found = Counter(entry.verdict for entry in entries)
        return (
            _environment()
            .get_template("page.html.j2")
            .render(
                report=report,
                cast=cast,
                first_store=first,
                entries=entries,
                many=len(entries) != 1,
                long=len(entries) > LONG,
                headline=view.headline(report, cast),
                counts=[(verdict, word, found[verdict]) for verdict, word in words.VERDICTS.items() if found[verdict]],
                false_accepts=view.false_accepts(report),
                made_at=words.day(report.made_at),
                top=timeline.TOP,
                bottom=timeline.BOTTOM,
                style=Markup(_style()),
                behaviour=Markup(_text("behaviour.js")),
                policy=policy(_style(), _text("behaviour.js")),
            )
        )

    def csv(self, report: Report) -> str:
        return tables.csv_of(report)


def policy(style: str, script: str) -> str:
    """The page's content security policy: pictures from within, this style, this script, and nothing else."""
    return (
        f"default-src 'none'; img-src data:; style-src {_digest(style)}; script-src {_digest(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def _text(name: str) -> str:
    """A file of this package, with one kind of line end: what the policy signs is what the browser reads."""
    return resources.files("samecast.media.report").joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n")


def palette() -> dict[str, dict[str, str]]:
    """Colours by ground ("light", "dark") and role."""
    read: dict[str, dict[str, str]] = tomllib.loads(_text("palette.toml"))
    return read


def _style() -> str:
    """The style sheet with its colours: as the reader's system asks, as the reader chose, and light on paper."""
    light, dark = (
        "".join(f"--{role}:{colour};" for role, colour in palette()[ground].items()) for ground in ("light", "dark")
    )
    colours = (
        f":root{{color-scheme:light;{light}}}\n"
        f"@media (prefers-color-scheme:dark){{:root:not([data-look=light]){{color-scheme:dark;{dark}}}}}\n"
        f":root[data-look=dark]{{color-scheme:dark;{dark}}}\n"
        "@media print{:root,:root[data-look],:root:not([data-look=light])"
        f"{{color-scheme:light;{light}--ground:#fff;}}}}\n"
    )
    return colours + _text("style.css")


def _environment() -> Environment:
    """Everything is escaped, and cleaned of what is not text; a name that the template does not know is an error."""
    return Environment(
        loader=FunctionLoader(_text),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
    )


def _finalized(value: object) -> object:
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value
