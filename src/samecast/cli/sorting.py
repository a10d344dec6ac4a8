"""`samecast library trash`, `restore` and `tag`: sorting what was made, many takes at once."""

from typing import Annotated

import typer

from samecast.cli.terminal import out, print_json, say, studio_of
from samecast.services.keeping import TRASH

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; words go to stderr.")]
Takes = Annotated[list[str], typer.Argument(help="Ids of takes, up to 1,000.", metavar="TAKE...")]


def trash(context: typer.Context, takes: Takes, json: Json = False) -> None:
    """Put takes into the trash: found, counted and picked nowhere. Files in the folders of shots stay."""
    gone = studio_of(context).creations.trash(takes)
    if json:
        print_json({"trashed": list(gone.takes), "unpicked": list(gone.unpicked)})
        return
    out.print(f"{_counted(len(gone.takes))} put in the trash, to be deleted for good after {TRASH.days} days.")
    for shot in gone.unpicked:
        say(f"The shot {shot} has no pick any more. Pick another: samecast shots pick {shot} TAKE_NUMBER")
    if len(takes) == 1 and gone.takes:
        say(f"Undo: samecast library restore {takes[0]}")


def restore(context: typer.Context, takes: Takes, json: Json = False) -> None:
    """Bring takes back from the trash. What was picked before is not picked again by it."""
    back = studio_of(context).creations.restore(takes)
    if json:
        print_json({"restored": list(back)})
    else:
        out.print(f"{_counted(len(back))} brought back." if back else "None of them was in the trash.")


def tag(
    context: typer.Context,
    takes: Takes,
    add: Annotated[list[str] | None, typer.Option("--add", help="A tag to give them. Repeatable.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", help="A tag to take off them. Repeatable.")] = None,
    json: Json = False,
) -> None:
    """Give takes tags, and take tags off them."""
    if not add and not remove:
        raise typer.BadParameter("nothing to change: give --add TAG or --remove TAG")
    creations = studio_of(context).creations
    changed = creations.tag(takes, add=add or (), remove=remove or ())
    if json:
        tagged = [{"take": take.take, "tags": list(take.tags)} for take in creations.some(takes)]
        print_json({"changed": changed, "takes": tagged})
    else:
        out.print(f"{_counted(changed)} changed.")


def _counted(count: int) -> str:
    return "1 take" if count == 1 else f"{count} takes"
