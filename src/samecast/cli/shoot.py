"""`samecast shoot`: takes of a prompt, scored, the best picked."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from samecast.cli.progress import ShotProgress
from samecast.cli.terminal import err, escape, out, print_json, say, studio_of
from samecast.cli.watch import wait_for
from samecast.core.errors import InvalidInput, SamecastError
from samecast.core.estimating import sentence
from samecast.core.money import parse_budget
from samecast.core.options import parse_given
from samecast.core.prompt import Brief, explain
from samecast.core.rounds import goal_of
from samecast.core.story import Shot, Take
from samecast.ports import ModelProfile
from samecast.services.comparing import AUTO
from samecast.services.documents import shot_document
from samecast.services.shooting import Order, Plan
from samecast.services.studio import Studio

How: TypeAlias = Literal["here", "detach", "wait"]
"""Where a shot is made: by this command itself, or by workers, waited for or not."""


def shoot(
    context: typer.Context,
    prompt: Annotated[str | None, typer.Argument(help="What to shoot; @handle or [NAME] names a character.")] = None,
    model: Annotated[
        str, typer.Option("--model", "-m", help="Which model makes it; auto: the best for who is in it.")
    ] = "storyboard",
    image: Annotated[bool, typer.Option("--image", help="Make images.")] = False,
    video: Annotated[bool, typer.Option("--video", help="Make clips.")] = False,
    aspect: Annotated[str | None, typer.Option(help="W:H, such as 9:16; wins over the prompt's.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Length of a clip.")] = None,
    takes: Annotated[int | None, typer.Option("--takes", "-n", help="How many (3 clips or 4 images).")] = None,
    seed: Annotated[int | None, typer.Option(help="Take i's seed follows from this and i alone.")] = None,
    folder: Annotated[Path | None, typer.Option("--out", help="Where the files go (shots/ID).", metavar="DIR")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Let an earlier shot's files in --out go.")] = False,
    until: Annotated[
        float | None, typer.Option(help="Shoot again until takes hold this likeness, such as 0.9.")
    ] = None,
    budget: Annotated[str | None, typer.Option(help="Ceiling for --until: 6 takes, or 2.50 dollars.")] = None,
    enough: Annotated[int, typer.Option("--enough", min=1, help="How many takes have to hold for --until.")] = 1,
    detach: Annotated[bool, typer.Option("--detach", help="Queue it for a worker; come back at once.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Leave it to workers elsewhere, and wait for them.")] = False,
    options: Annotated[
        list[str] | None,
        typer.Option("--option", "-O", help="One of the model's own. Repeatable.", metavar="NAME=VALUE"),
    ] = None,
    negative: Annotated[str | None, typer.Option(help="What is not to be seen, where the model takes that.")] = None,
    edit: Annotated[Path | None, typer.Option(help="Change this picture as the prompt says.")] = None,
    first_frame: Annotated[Path | None, typer.Option("--first-frame", help="A clip's first frame.")] = None,
    last_frame: Annotated[Path | None, typer.Option("--last-frame", help="A clip's last frame.")] = None,
    like: Annotated[Path | None, typer.Option(help="Make this take again from the recipe inside it.")] = None,
    show_brief: Annotated[bool, typer.Option("--explain", help="Show what the prompt is understood as.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout; words go to stderr.")] = False,
) -> None:
    """Shoot a prompt: several takes, each scored against the cast, the best one picked."""
    if image and video:
        raise typer.BadParameter("choose --image or --video, not both")
    if image and seconds is not None:
        raise typer.BadParameter("--seconds is for clips: leave it out, or give --video")
    if (prompt is None) == (like is None):
        raise typer.BadParameter("give a PROMPT, or --like FILE to make a take again")
    if detach and wait:
        raise typer.BadParameter("choose --detach or --wait, not both")
    studio = studio_of(context)
    if like is not None:
        plan = studio.shooting.plan_like(like, folder, overwrite=overwrite)
        carry_out(studio, plan, how=_how(detach, wait), explained=show_brief, json=json)
        return
    order = Order(
        prompt=prompt or "",
        model=model,
        kind="image" if image else "video" if video else None,
        aspect=aspect,
        seconds=seconds,
        takes=takes,
        seed=seed,
        out=folder,
        goal=goal_of(until=until, enough=enough, budget=parse_budget(budget) if budget is not None else None),
        overwrite=overwrite,
        options=parse_given([*(options or []), *([f"negative={negative}"] if negative is not None else [])]),
        edit=edit,
        first_frame=first_frame,
        last_frame=last_frame,
    )
    if model == AUTO:
        choice = studio.comparing.choose(studio.shooting.ask(order))
        say(choice.why)
        order = replace(order, model=choice.model)
    before: tuple[Plan, ...] = ()
    if studio.keyframing.needed(order):
        first, plan = studio.keyframing.plan(order)
        before = (first,)
    else:
        plan = studio.shooting.plan(order)
    carry_out(studio, plan, *before, how=_how(detach, wait), explained=show_brief, json=json)


def _how(detach: bool, wait: bool) -> How:
    return "detach" if detach else "wait" if wait else "here"


def carry_out(studio: Studio, plan: Plan, *before: Plan, how: How, explained: bool, json: bool) -> None:
    """Have a planned shot made, with those before it whose pick it awaits, and show what came of it."""
    if explained:
        print_brief(plan.brief)
        print_sent(plan)
    shot = begin(studio, plan, *before, how=how)
    if json:
        print_json({**shot_document(shot), "brief": brief_document(plan.brief)})
    elif how == "detach":
        out.print(shot.id)
    else:
        print_shot(shot, studio.models[shot.model])


def begin(studio: Studio, plan: Plan, *before: Plan, how: How) -> Shot:
    """Keep a planned shot and have it made here, queue it, or wait for workers elsewhere; returns it as it then is."""
    print_findings(plan)
    for first in before:
        print_notes(first)
        takes = len(first.shot.takes)
        say(f"First its first frame, on {first.shot.model}: {takes} takes, of which the best is animated.")
    shot = studio.shooting.start(*(_priced(studio, each) for each in (plan, *before)))
    if how == "detach":
        studio.producing.submit(shot)
        say(f"Queued for a worker. See how it stands: samecast shots watch {shot.id}")
        return shot
    if how == "wait":
        studio.producing.submit(shot, urgent=True)
        return wait_for(studio, shot.id)
    return make(studio, shot)


def _priced(studio: Studio, plan: Plan) -> Plan:
    """The plan as its budget allows it, with what it will take said where it costs anything."""
    prepared = studio.estimating.prepare(plan.shot, studio.models[plan.shot.model])
    if prepared.shot.goal or prepared.estimate.money not in (None, (0, 0)):
        say(sentence(prepared.estimate))
    return replace(plan, shot=prepared.shot)


def make(studio: Studio, shot: Shot) -> Shot:
    """Have a shot made here and now with its bar; when stopped or failing, say how to go on."""
    try:
        if shot.awaits:
            first = studio.shooting.get(shot.awaits)
            with ShotProgress(err, total=len(first.takes)) as watch:
                say(studio.producing.make(first, watch).why)
            shot = studio.shooting.get(shot.id)
        with ShotProgress(err, total=len(shot.takes)) as watch:
            return studio.producing.make(shot, watch)
    except KeyboardInterrupt:
        say(f"Stopped. Finished takes are kept; go on with: samecast shots resume {shot.id}")
        raise
    except SamecastError as error:
        if isinstance(error, InvalidInput):
            raise
        say(f"Finished takes are kept; go on with: samecast shots resume {shot.id}")
        raise


def print_shot(shot: Shot, profile: ModelProfile | None) -> None:
    """The outcome in words: the pick and why, and where the files are. `profile` None: a model that is gone."""
    if shot.why:
        out.print(f"[bold]{escape(shot.why)}[/]", soft_wrap=True)
    composites = profile is not None and profile.composites
    if composites and any(member for take in shot.takes for member in take.recipe.members):
        out.print(
            f"[dim]{escape(profile.name if profile else '')} works from the reference's own pixels: "
            "likeness here is by design, not proof.[/]",
            soft_wrap=True,
        )
    for take in shot.takes:
        mark = "[green]picked[/]" if take.id == shot.picked else "      "
        out.print(f"{mark} {_take_line(take)}", soft_wrap=True)
    sheet = Path(shot.out) / "contact-sheet.png"
    if sheet.is_file():
        out.print(f"[dim]sheet [/] {escape(str(sheet))}", soft_wrap=True)


def _take_line(take: Take) -> str:
    match take.state:
        case "failed":
            return f"[red]take {take.number} failed[/] {escape(take.error or '')}"
        case "waiting":
            return f"[dim]take {take.number} waits[/]"
        case _:
            return escape(take.path or f"take {take.number}, in the library (asset {(take.asset or '')[:12]})")


def print_brief(brief: Brief) -> None:
    """What the prompt was understood as, one line each, on stderr."""
    for label, value in explain(brief):
        err.print(f"[dim]{label:>12}[/]  {escape(value)}", soft_wrap=True)


def print_sent(plan: Plan) -> None:
    """What the model is sent, where that is not the prompt itself."""
    recipe = plan.shot.takes[0].recipe
    if recipe.compiled:
        err.print(f"[dim]{'sent':>12}[/]  {escape(recipe.compiled)}", soft_wrap=True)
        owners = {name: member.handle for member in recipe.members for name in member.references}
        told = [f"@{owners[name]}" if name in owners else "the picture to edit" for name in recipe.pictures]
        err.print(f"[dim]{'pictures':>12}[/]  {escape(', '.join(told) or 'none')}", soft_wrap=True)


def print_notes(plan: Plan) -> None:
    """What the model cannot be given."""
    for note in plan.notes:
        err.print(f"[yellow]{escape(plan.shot.model)}[/] {escape(note)}", soft_wrap=True)


def print_findings(plan: Plan) -> None:
    """What the lint found, with the shorter prompt where it offers one, and what the model cannot be given."""
    print_notes(plan)
    for finding in plan.findings:
        err.print(f"[yellow]prompt[/] {escape(finding.message)}", soft_wrap=True)
        if finding.shorter:
            err.print(f"[dim]shorter[/] {escape(finding.shorter)}", soft_wrap=True)


def brief_document(brief: Brief) -> dict[str, str]:
    """The brief as label and value, as `--explain` shows it."""
    return dict(explain(brief))
