"""How the command line speaks: results on stdout, words on stderr, errors as one line with a hint."""

import json
import sys
from collections.abc import Callable, Mapping

import typer
from rich import markup
from rich.console import Console

from samecast.core.errors import SamecastError
from samecast.services.studio import Studio

out = Console(highlight=False, emoji=False)
err = Console(stderr=True, highlight=False, emoji=False)

OpenStudio = Callable[[], Studio]
JOINERS = "\n\u200c\u200d"
"""Not printable by themselves, yet harmless: lines, and what holds emoji and some scripts' letters together."""
TONES = {"pass": "green", "warn": "yellow", "fail": "red", "unknown": "dim"}
TONES |= {"strong": "green", "usable": "cyan", "weak": "yellow", "unusable": "red"}
TONES |= {"match": "green", "drift": "yellow", "missing": "red", "not_measurable": "dim"}


def studio_of(context: typer.Context) -> Studio:
    """The studio of this run, opened when first needed and closed at its end."""
    opener: OpenStudio = context.find_root().obj
    studio = opener()
    context.call_on_close(studio.close)
    return studio


def print_json(document: Mapping[str, object]) -> None:
    """The one JSON document of a run, on stdout."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # a Latin-1 terminal, or a file name that is no text: the same document in ASCII
        text = json.dumps(document, indent=2)
    sys.stdout.write(text + "\n")


def say(text: str) -> None:
    """A sentence for the person, on stderr."""
    err.print(escape(text), soft_wrap=True)


def tone(verdict: str) -> str:
    """A verdict in its colour, spelled as people say it."""
    return f"[{TONES.get(verdict, 'default')}]{verdict.replace('_', ' ')}[/]"


def escape(text: str) -> str:
    """Text from anywhere, made safe to print: no markup in it, and no control characters that a terminal obeys."""
    return markup.escape("".join(c if c.isprintable() or c in JOINERS else "\ufffd" for c in text))


def fail(error: SamecastError) -> int:
    """Show an error as one clear line with its hint; the exit status is 1."""
    line = " ".join(str(error).split())
    err.print(f"[red]samecast:[/] {escape(line)}", soft_wrap=True)
    return 1
