"""How the command line speaks: results on stdout, words on stderr, errors as one line with a hint."""

import json
import sys
from collections.abc import Callable, Mapping

import typer
from rich.console import Console
from rich.markup import escape

from samecast.core.errors import SamecastError
from samecast.services.studio import Studio

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

OpenStudio = Callable[[], Studio]
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
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def say(text: str) -> None:
    """A sentence for the person, on stderr."""
    err.print(escape(text), soft_wrap=True)


def tone(verdict: str) -> str:
    """A verdict in its colour, spelled as people say it."""
    return f"[{TONES.get(verdict, 'default')}]{verdict.replace('_', ' ')}[/]"


def fail(error: SamecastError) -> int:
    """Show an error as one clear line with its hint; the exit status is 1."""
    line = " ".join(str(error).split())
    err.print(f"[red]samecast:[/] {escape(line)}", soft_wrap=True)
    return 1
