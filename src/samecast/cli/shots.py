"""`samecast shots`: what was shot and how it stands; going on with it, stopping it, and its files."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from samecast.cli.shoot import make, print_shot
from samecast.cli.terminal import escape, out, print_json, say, studio_of
from samecast.cli.watch import wait_for, watch
from samecast.core.story import Shot
from samecast.services.documents import shot_document
from samecast.services.picking import Chosen
from samecast.services.studio import Studio

app = typer.Typer(help="Shots: how they stand; stop them, go on with them, try again.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; words go to stderr.")]
ShotId = Annotated[str, typer.Argument(metavar="SHOT", help="The shot's id.")]
Why = Annotated[str, typer.Option("--why", help="What you like about it, to be kept with the pick.")]
Detach = Annotated[bool, typer.Option("--detach", help="Queue it for a `samecast worker` and come back at once.")]


@app.command("list")
def list_shots(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many.")] = 50,
    json: Json = False,
) -> None:
    """The latest shots, newest first."""
    shots = studio_of(context).shooting.recent(limit)
    if json:
        print_json({"shots": [shot_document(shot) for shot in shots]})
        return
    if not shots:
        out.print("Nothing was shot yet. Begin with: samecast shoot PROMPT")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("shot", "state", "takes", "model", "prompt"):
        table.add_column(column)
    for shot in shots:
        done = sum(take.state == "done" for take in shot.kept)
        short = shot.prompt if len(shot.prompt) <= 80 else shot.prompt[:79] + "…"
        table.add_row(shot.id, standing(shot), f"{done}/{len(shot.kept)}", shot.model, escape(short))
    out.print(table)


@app.command()
def show(context: typer.Context, shot: ShotId, json: Json = False) -> None:
    """One shot: its takes, what came of them, and why one was picked."""
    studio = studio_of(context)
    found = studio.shooting.get(shot)
    if json:
        print_json(shot_document(found))
        return
    out.print(f"[bold]{escape(found.prompt)}[/]", soft_wrap=True)
    out.print(f"{standing(found)} [dim]·[/] {found.model} [dim]·[/] ordered {found.created_at:%Y-%m-%d %H:%M} UTC")
    _print(studio, found)


@app.command()
def cancel(context: typer.Context, shot: ShotId, json: Json = False) -> None:
    """Stop a shot within a step; finished takes are kept."""
    found = studio_of(context).producing.cancel(shot)
    if json:
        print_json(shot_document(found))
    elif found.state == "done":
        say(f"The shot {shot} was done already.")
    else:
        say(f"Cancelled. Finished takes are kept; go on with: samecast shots resume {shot}")


@app.command()
def resume(context: typer.Context, shot: ShotId, detach: Detach = False, json: Json = False) -> None:
    """Go on with a stopped shot: only the takes that are missing are made."""
    studio = studio_of(context)
    go_on(studio, studio.producing.resume(shot), detach=detach, json=json)


@app.command()
def retry(context: typer.Context, shot: ShotId, detach: Detach = False, json: Json = False) -> None:
    """Make a shot's failed takes once more; finished ones are kept."""
    studio = studio_of(context)
    go_on(studio, studio.producing.retry(shot), detach=detach, json=json)


@app.command()
def wait(context: typer.Context, shot: ShotId, json: Json = False) -> None:
    """Wait until workers have made a shot, then write its files here."""
    studio = studio_of(context)
    done = wait_for(studio, shot)
    if json:
        print_json(shot_document(done))
    else:
        _print(studio, done)


@app.command()
def export(
    context: typer.Context,
    shot: ShotId,
    folder: Annotated[Path | None, typer.Option("--out", help="Where the files go.", metavar="DIR")] = None,
    json: Json = False,
) -> None:
    """Write a shot's takes, contact sheet and shot.json, on this machine."""
    studio = studio_of(context)
    done = studio.producing.export(shot, folder)
    if json:
        print_json(shot_document(done))
    else:
        _print(studio, done)


@app.command()
def pick(
    context: typer.Context,
    shot: ShotId,
    number: Annotated[int, typer.Argument(metavar="TAKE_NUMBER", min=1, help="Which of its takes.")],
    why: Why = "",
    json: Json = False,
) -> None:
    """Pick another take by hand; its folder follows. Going on with the shot leaves that as it is."""
    studio = studio_of(context)
    _print_chosen(studio, studio.picking.pick(shot, number, why), json=json)


@app.command()
def unpick(context: typer.Context, shot: ShotId, why: Why = "", json: Json = False) -> None:
    """Leave a shot without a pick."""
    studio = studio_of(context)
    _print_chosen(studio, studio.picking.unpick(shot, why), json=json)


app.command("watch")(watch)


def go_on(studio: Studio, shot: Shot, *, detach: bool, json: bool) -> None:
    """Have a shot's waiting takes made: by a worker elsewhere, or here and now."""
    if detach:
        studio.producing.submit(shot)
        say(f"Queued for a worker. See how it stands: samecast shots watch {shot.id}")
    else:
        shot = make(studio, shot)
    if json:
        print_json(shot_document(shot))
    elif not detach:
        _print(studio, shot)


def _print_chosen(studio: Studio, chosen: Chosen, *, json: bool) -> None:
    if json:
        print_json(shot_document(chosen.shot))
    else:
        _print(studio, chosen.shot)
    if not chosen.followed:
        say(f"Its folder was left as it is. Write it anew with: samecast shots export {chosen.shot.id} --out DIR")


def _print(studio: Studio, shot: Shot) -> None:
    """The outcome in words, without what is in the trash."""
    print_shot(replace(shot, takes=shot.kept), studio.models.get(shot.model))
    trashed = [take.id for take in shot.takes if take.trashed_at is not None]
    if trashed:
        say(f"In the trash: {', '.join(trashed)}. Bring one back: samecast library restore {trashed[0]}")


def standing(shot: Shot) -> str:
    """A shot's state in its colour."""
    tones = {"done": "green", "running": "cyan", "cancelled": "yellow"}
    failed = sum(take.state == "failed" for take in shot.takes)
    return f"[{tones[shot.state]}]{shot.state}[/]" + (f" [red]{failed} failed[/]" if failed else "")
