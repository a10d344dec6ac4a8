"""`samecast models`: what can be shot on, and what each model can do."""

import re
from typing import Annotated

import typer
from rich.table import Table

from samecast.cli.terminal import escape, out, print_json, studio_of
from samecast.core.errors import NotFound
from samecast.ports import ModelProfile

app = typer.Typer(help="The models that can be shot on.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; words go to stderr.")]


@app.command("list")
def list_models(context: typer.Context, json: Json = False) -> None:
    """Every model, what it makes and what it costs."""
    profiles = studio_of(context).models
    if json:
        print_json({"models": [_document(profile) for profile in profiles.values()]})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("model", no_wrap=True)
    for column in ("makes", "price", "licence"):
        table.add_column(column, overflow="fold")
    for profile in profiles.values():
        table.add_row(
            *map(escape, (profile.id, ", ".join(profile.kinds), _short(profile.price), _short(profile.licence)))
        )
    out.print(table)


@app.command()
def show(context: typer.Context, model: Annotated[str, typer.Argument(metavar="M")], json: Json = False) -> None:
    """One model's profile."""
    profiles = studio_of(context).models
    if model not in profiles:
        raise NotFound(f"There is no model '{model}'.", hint=f"Models here: {', '.join(profiles)}.")
    document = _document(profiles[model])
    if json:
        print_json(document)
        return
    for key, value in document.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        out.print(f"[dim]{key:>15}[/]  {escape(shown)}", soft_wrap=True)


def _short(sentence: str) -> str:
    """What a table has room for; `models show` has the whole sentence."""
    return re.split(r"[:;,.](?:\s|$)", sentence, maxsplit=1)[0]


def _document(profile: ModelProfile) -> dict[str, object]:
    return {
        "id": profile.id,
        "name": profile.name,
        "engine": profile.engine,
        "kinds": list(profile.kinds),
        "aspects": [f"{w}:{h}" for w, h in profile.aspects],
        "max_seconds": profile.max_seconds,
        "max_characters": profile.max_characters,
        "deterministic": profile.deterministic,
        "composites": profile.composites,
        "price": profile.price,
        "licence": profile.licence,
        "notes": profile.notes,
    }
