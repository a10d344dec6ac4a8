"""`samecast cast draft | screen-test | sheet`: references that are made here, and which of several to keep."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from samecast.cli.cast import print_grade
from samecast.cli.shoot import begin
from samecast.cli.terminal import escape, out, print_json, say, studio_of, tone
from samecast.core.anchors import parse_anchor
from samecast.core.portrait_slots import read_slots
from samecast.core.rates import figure
from samecast.ports import Picture
from samecast.services.documents import added_document, grade_document, score_document
from samecast.services.drafting import VARIATIONS, Draft
from samecast.services.screen_testing import Screened, ScreenTest
from samecast.services.sheeting import TAKES, Sheet
from samecast.services.studio import Studio

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; words go to stderr.")]
Anchors = Annotated[list[str] | None, typer.Option("--anchor", "-a", help="A detail that must come back. Repeatable.")]
Model = Annotated[str, typer.Option("--model", "-m", help="Which model makes the pictures.")]
Out = Annotated[Path | None, typer.Option("--out", help="Where the files go.", metavar="DIR")]


def draft(
    context: typer.Context,
    slots: Annotated[
        str, typer.Option("--from", help="The portrait's slots: 'character: ...; hair: ...; clothing: ...'.")
    ],
    model: Model,
    name: Annotated[str, typer.Option("--name", "-n", help="The character's name.")],
    handle: Annotated[str | None, typer.Option(help="Its permanent @handle; made from the name if left out.")] = None,
    anchors: Anchors = None,
    tags: Annotated[list[str] | None, typer.Option("--tag", help="A tag. Repeatable.")] = None,
    variations: Annotated[int, typer.Option(min=1, max=16, help="How many portraits.")] = VARIATIONS,
    seed: Annotated[int | None, typer.Option(help="Variation i's seed follows from this and i alone.")] = None,
    folder: Out = None,
    shot: Annotated[str | None, typer.Option("--shot", help="Choose among a draft's portraits made before.")] = None,
    json: Json = False,
) -> None:
    """Draft a character: portraits by the formula, auditioned; the strongest is cast, the rest stay as creations."""
    studio = studio_of(context)
    read = read_slots(slots)
    wanted = replace(read, anchors=(*(anchors or []), *read.anchors))
    if shot is None:
        drafted = studio.drafting.plan(wanted, model, variations=variations, seed=seed, out=folder)
        for sentence in drafted.portrait.advice:
            say(sentence)
        say(f"Portrait: {drafted.portrait.text}")
        made = begin(studio, drafted.plan, how="here")
    else:
        made = studio.shooting.get(shot)
    outcome = studio.drafting.conclude(made, name=name, handle=handle, slots=wanted, tags=tags or [])
    if json:
        print_json(_draft(outcome))
        return
    _print_draft(outcome)


def screen_test(
    context: typer.Context,
    images: Annotated[list[Path], typer.Argument(help="Candidate references of one character.", metavar="IMAGE...")],
    model: Model,
    name: Annotated[str | None, typer.Option("--name", "-n", help="Cast the best under this name.")] = None,
    handle: Annotated[str | None, typer.Option(help="Its permanent @handle; made from the name if left out.")] = None,
    anchors: Anchors = None,
    description: Annotated[str, typer.Option(help="Who it is, such as 'a woman in her thirties'.")] = "",
    takes: Annotated[int, typer.Option("--takes", min=1, max=8, help="Takes of each of the three shots.")] = 1,
    folder: Out = None,
    json: Json = False,
) -> None:
    """Make the same few shots from each candidate, and keep the one whose character comes back best, by measure."""
    studio = studio_of(context)
    parsed = [parse_anchor(text) for text in anchors or []]
    testing = studio.screen_testing
    roles = testing.plan(images, model, anchors=parsed, description=description, takes=takes, out=folder)
    say(f"{len(roles)} candidates, {len(roles[0].plans)} shots each, {takes} take{'s' * (takes > 1)} a shot.")
    shots = []
    for role in roles:
        say(f"{role.path.name}:")
        shots.append([begin(studio, plan, how="here") for plan in role.plans])
    outcome = testing.conclude(roles, shots)
    drawn = testing.picture(roles, shots, outcome)
    sheet = _written(studio, drawn, (folder or Path("screen-test")) / "screen-test.png")
    added = None
    if name is not None and outcome.ranked[0].measured:
        best = outcome.ranked[0].path
        added = studio.casting.add([best], name=name, handle=handle, description=description, anchors=anchors or [])
    if json:
        cast = added_document(added.character, added.grade) if added else None
        ranked = [_screened(entry) for entry in outcome.ranked]
        told = {"clear": outcome.clear, "why": outcome.why, "sheet": sheet, "cast": cast}
        print_json({"candidates": ranked, **told})
        return
    _print_test(outcome)
    _print_sheet_path(sheet)
    if added:
        out.print(f"Cast [bold]{escape(added.character.name)}[/] as [bold]@{added.character.handle}[/].")


def sheet(
    context: typer.Context,
    handle: Annotated[str, typer.Argument(help="The character's handle, such as @mira.", metavar="@H")],
    model: Model,
    views: Annotated[list[str] | None, typer.Option("--view", help="Only this one, such as front. Repeatable.")] = None,
    takes: Annotated[int, typer.Option("--takes", min=1, max=8, help="Takes of each view.")] = TAKES,
    keep: Annotated[bool, typer.Option("--keep", help="Add what is offered to the references.")] = False,
    folder: Out = None,
    json: Json = False,
) -> None:
    """More views and expressions of a character, each scored before it is offered as a further reference."""
    studio = studio_of(context)
    sheeting = studio.sheeting
    planned = sheeting.plan(handle, model, views=views or [], takes=takes, out=folder)
    made = []
    for view, plan in planned:
        say(f"{view.name}:")
        made.append(sheeting.conclude(view, begin(studio, plan, how="here")))
    bare = handle.strip().removeprefix("@").lower()
    drawn = _written(studio, sheeting.picture(handle, made), (folder or Path(f"sheet-{bare}")) / "sheet.png")
    added = sheeting.keep(handle, made) if keep else None
    if json:
        cast = added_document(added.character, added.grade) if added else None
        print_json({"handle": bare, "views": [_view(entry) for entry in made], "sheet": drawn, "cast": cast})
        return
    _print_sheet(made)
    _print_sheet_path(drawn)
    if added:
        out.print(f"@{added.character.handle} is now version {added.character.current.number}.")
    elif any(entry.offered for entry in made):
        say("Add what is offered to the references with --keep, or one by one: samecast cast edit @H --image FILE")


def _written(studio: Studio, sheet: Picture | None, path: Path) -> str | None:
    """The sheet as a PNG; its path, or None where there is none."""
    if sheet is None:
        return None
    studio.casting.save(sheet, path)
    return str(path.absolute())


def _print_sheet_path(sheet: str | None) -> None:
    if sheet is not None:
        out.print(f"[dim]sheet [/] {escape(sheet)}", soft_wrap=True)


# --- in words and JSON ------------------------------------------------------------------------------------------


def _draft(outcome: Draft) -> dict[str, object]:
    return {
        "shot": outcome.shot.id,
        "portraits": [
            {
                "rank": rank,
                "take": portrait.take.id,
                "path": portrait.take.path,
                "sha256": portrait.take.asset,
                "why": portrait.candidate.why,
                "grade": grade_document(portrait.candidate.grade) if portrait.candidate.grade else None,
            }
            for rank, portrait in enumerate(outcome.portraits, start=1)
        ],
        "cast": added_document(outcome.added.character, outcome.added.grade) if outcome.added else None,
    }


def _print_draft(outcome: Draft) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("", "portrait", "grade", "why"):
        table.add_column(column, overflow="fold")
    for rank, portrait in enumerate(outcome.portraits, start=1):
        grade = portrait.candidate.grade
        verdict = tone(grade.verdict) if grade else "[red]unreadable[/]"
        table.add_row(
            str(rank), escape(portrait.take.path or portrait.take.id), verdict, escape(portrait.candidate.why)
        )
    out.print(table)
    if outcome.added is None:
        out.print("None of them is fit to be a reference, so nobody was cast.", soft_wrap=True)
        say("Draft again with another --seed or fuller slots, or cast one of them: samecast cast add FILE --name NAME")
        return
    character = outcome.added.character
    out.print(f"Cast [bold]{escape(character.name)}[/] as [bold]@{character.handle}[/] from the first.")
    if outcome.added.grade:
        print_grade(outcome.added.grade)


def _screened(entry: Screened) -> dict[str, object]:
    low, high = entry.interval
    return {
        "path": str(entry.path),
        "takes": entry.takes,
        "measured": entry.measured,
        "matched": entry.matched,
        "match_rate": [low, high],
        "mean": entry.mean,
        "standard_error": entry.error,
        "shots": list(entry.shots),
    }


def _print_test(outcome: ScreenTest) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("", "candidate", "takes that match", "mean likeness"):
        table.add_column(column, overflow="fold")
    for rank, entry in enumerate(outcome.ranked, start=1):
        mean = "not measurable" if entry.mean is None else figure(entry.mean)
        spread = f" ± {entry.error:.2f}" if entry.error is not None else ""
        table.add_row(str(rank), escape(entry.path.name), f"{entry.matched} of {entry.takes}", f"{mean}{spread}")
    out.print(table)
    out.print(f"[bold]{escape(outcome.why)}[/]", soft_wrap=True)


def _view(entry: Sheet) -> dict[str, object]:
    return {
        "view": entry.view.name,
        "shot": entry.shot.id,
        "path": entry.take.path if entry.take else None,
        "score": score_document(entry.score) if entry.score else None,
        "grade": grade_document(entry.grade) if entry.grade else None,
        "offered": entry.offered,
        "why": entry.why,
    }


def _print_sheet(made: list[Sheet]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("view", "likeness", "as a reference", "file"):
        table.add_column(column, overflow="fold")
    for entry in made:
        likeness = tone(entry.score.verdict) if entry.score else "[dim]no score[/]"
        offered = "[green]offered[/]" if entry.offered else escape(entry.why)
        table.add_row(entry.view.name, likeness, offered, escape(entry.take.path or "") if entry.take else "")
    out.print(table)
