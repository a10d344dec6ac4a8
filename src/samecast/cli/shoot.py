"""`samecast shoot`: takes of a prompt, scored, the best picked."""

from pathlib import Path
from typing import Annotated

import typer

from samecast.cli.progress import ShotProgress
from samecast.cli.terminal import err, escape, out, print_json, say, studio_of
from samecast.core.errors import InvalidInput, SamecastError
from samecast.core.prompt import Brief, explain
from samecast.core.story import Shot
from samecast.services.documents import shot_document
from samecast.services.shooting import Order, Plan, Shooting


def shoot(
    context: typer.Context,
    prompt: Annotated[str | None, typer.Argument(help="What to shoot; @handle or [NAME] names a character.")] = None,
    model: Annotated[str, typer.Option("--model", "-m", help="Which model makes it.")] = "storyboard",
    image: Annotated[bool, typer.Option("--image", help="Make images.")] = False,
    video: Annotated[bool, typer.Option("--video", help="Make clips.")] = False,
    aspect: Annotated[str | None, typer.Option(help="W:H, such as 9:16; wins over the prompt's.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Length of a clip.")] = None,
    takes: Annotated[int | None, typer.Option("--takes", "-n", help="How many (3 clips or 4 images).")] = None,
    seed: Annotated[int | None, typer.Option(help="Take i's seed follows from this and i alone.")] = None,
    folder: Annotated[Path | None, typer.Option("--out", help="Where the files go (shots/ID).", metavar="DIR")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Let an earlier shot's files in --out go.")] = False,
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
    shooting = studio_of(context).shooting
    if like is not None:
        plan = shooting.plan_like(like, folder, overwrite=overwrite)
    else:
        plan = shooting.plan(
            Order(
                prompt=prompt or "",
                model=model,
                kind="image" if image else "video" if video else None,
                aspect=aspect,
                seconds=seconds,
                takes=takes,
                seed=seed,
                out=folder,
                overwrite=overwrite,
            )
        )
    if show_brief:
        print_brief(plan.brief)
    print_findings(plan)
    shot = finish(shooting, shooting.start(plan))
    if json:
        print_json({**shot_document(shot), "brief": brief_document(plan.brief)})
    else:
        print_shot(shot)


def finish(shooting: Shooting, shot: Shot) -> Shot:
    """Run a shot with its bar; when stopped or failing, say how to go on."""
    try:
        with ShotProgress(err) as watch:
            return shooting.run(shot, watch)
    except KeyboardInterrupt:
        say(f"Stopped. Finished takes are kept; go on with: samecast shots resume {shot.id}")
        raise
    except SamecastError as error:
        if isinstance(error, InvalidInput):
            raise
        say(f"Finished takes are kept; go on with: samecast shots resume {shot.id}")
        raise


def print_shot(shot: Shot) -> None:
    """The outcome in words: the pick and why, and where the files are."""
    out.print(f"[bold]{escape(shot.why)}[/]", soft_wrap=True)
    if any(member for take in shot.takes for member in take.recipe.members) and shot.model == "storyboard":
        out.print(
            "[dim]The storyboard works from the reference's own pixels: likeness here is by design, not proof.[/]",
            soft_wrap=True,
        )
    for take in shot.takes:
        mark = "[green]picked[/]" if take.id == shot.picked else "      "
        out.print(f"{mark} {escape(str(take.path))}", soft_wrap=True)
    out.print(f"[dim]sheet [/] {escape(str(Path(shot.out) / 'contact-sheet.png'))}", soft_wrap=True)


def print_brief(brief: Brief) -> None:
    """What the prompt was understood as, one line each, on stderr."""
    for label, value in explain(brief):
        err.print(f"[dim]{label:>12}[/]  {escape(value)}", soft_wrap=True)


def print_findings(plan: Plan) -> None:
    """What the lint found, and the shorter prompt where it offers one."""
    for finding in plan.findings:
        err.print(f"[yellow]prompt[/] {escape(finding.message)}", soft_wrap=True)
        if finding.shorter:
            err.print(f"[dim]shorter[/] {escape(finding.shorter)}", soft_wrap=True)


def brief_document(brief: Brief) -> dict[str, str]:
    """The brief as label and value, as `--explain` shows it."""
    return dict(explain(brief))
