"""`samecast shots`: what was shot, and going on with what was stopped."""

from typing import Annotated

import typer
from rich.table import Table

from samecast.cli.shoot import finish, print_shot
from samecast.cli.terminal import escape, out, print_json, studio_of
from samecast.services.documents import shot_document

app = typer.Typer(help="Shots made so far; go on with one that was stopped.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; words go to stderr.")]


@app.command("list")
def list_shots(context: typer.Context, json: Json = False) -> None:
    """The latest shots, newest first."""
    shots = studio_of(context).shooting.recent()
    if json:
        print_json({"shots": [shot_document(shot) for shot in shots]})
        return
    if not shots:
        out.print("Nothing was shot yet. Begin with: samecast shoot PROMPT")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("shot", "takes", "model", "prompt"):
        table.add_column(column)
    for shot in shots:
        done = sum(take.state != "waiting" for take in shot.takes)
        short = shot.prompt if len(shot.prompt) <= 80 else shot.prompt[:79] + "…"
        table.add_row(shot.id, f"{done}/{len(shot.takes)}", shot.model, escape(short))
    out.print(table)


@app.command()
def resume(
    context: typer.Context, shot: Annotated[str, typer.Argument(help="The shot's id.")], json: Json = False
) -> None:
    """Go on with a stopped shot: only the takes that are missing are made."""
    shooting = studio_of(context).shooting
    done = finish(shooting, shooting.resume(shot))
    if json:
        print_json(shot_document(done))
    else:
        print_shot(done)
