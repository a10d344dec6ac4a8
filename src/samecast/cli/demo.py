"""`samecast demo`: from a photograph to scored takes in one command, without a key, a GPU or the network."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from samecast.cli.progress import ShotProgress
from samecast.cli.terminal import err, escape, out, print_json, studio_of
from samecast.core.errors import NotFound
from samecast.core.story import Shot
from samecast.services.documents import shot_document
from samecast.services.shooting import Order
from samecast.services.studio import Studio

ALLEY = (
    "Slow tracking shot following @eileen walking through a neon-lit Tokyo alley at night in heavy rain, "
    "steam rising from a ramen vendor, shallow depth of field, shot on 35mm, 9:16"
)
PORTRAIT = "Medium close-up of @eileen on a rooftop at golden hour, shallow depth of field, shot on 85mm, 4:5"
SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """A character of the demo: the picture ships in the scikit-image wheel (see docs/demo.md for their sources)."""

    picture: str
    handle: str
    name: str
    description: str
    anchors: tuple[str, ...]


EILEEN = Extra(
    picture="astronaut.png",
    handle="eileen",
    name="Eileen",
    description="An astronaut in an orange launch suit.",
    anchors=("orange launch suit with a round blue mission patch on the right chest", "short curly auburn hair"),
)
CHELSEA = Extra(
    picture="chelsea.png",
    handle="chelsea",
    name="Chelsea",
    description="A ginger tabby cat.",
    anchors=("ginger tabby fur with a striped forehead", "pale green eyes"),
)


def demo(
    context: typer.Context,
    folder: Annotated[Path, typer.Option("--out", help="Where the files go.", metavar="DIR")] = Path("samecast-demo"),
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout; words go to stderr.")] = False,
) -> None:
    """Cast an astronaut and a cat, shoot an image and three takes of a clip, and leave a contact sheet."""
    studio = studio_of(context)
    for extra in (EILEEN, CHELSEA):
        _cast_once(studio, extra)
    still = _shoot(
        studio, Order(prompt=PORTRAIT, kind="image", takes=1, seed=SEED, out=folder / "image", overwrite=True)
    )
    clip = _shoot(studio, Order(prompt=ALLEY, kind="video", takes=3, seed=SEED, out=folder / "alley", overwrite=True))
    if json:
        print_json({"image": shot_document(still), "clip": shot_document(clip)})
        return
    _tell(still, clip)


def _cast_once(studio: Studio, extra: Extra) -> None:
    """Cast a character of the demo, unless an earlier demo did."""
    try:
        studio.casting.get(extra.handle)
        err.print(f"@{extra.handle} is in the cast already.")
    except NotFound:
        added = studio.casting.add(
            [studio.sample(extra.picture)],
            name=extra.name,
            handle=extra.handle,
            description=extra.description,
            tags=["demo"],
            anchors=extra.anchors,
        )
        verdict = added.grade.verdict if added.grade else "not graded"
        err.print(f"Cast @{extra.handle}; the reference is {verdict}.")


def _shoot(studio: Studio, order: Order) -> Shot:
    err.print(f"\n[dim]{escape(order.prompt)}[/]", soft_wrap=True)
    shot = studio.shooting.start(studio.shooting.plan(order))
    with ShotProgress(err, total=len(shot.takes)) as watch:
        return studio.producing.make(shot, watch)


def _tell(still: Shot, clip: Shot) -> None:
    out.print(f"\n[bold]{escape(clip.why)}[/]", soft_wrap=True)
    out.print(
        "[dim]The storyboard works from the reference's own pixels: likeness here is by design, not proof.[/]\n",
        soft_wrap=True,
    )
    picked = next((take.path for take in clip.takes if take.id == clip.picked), clip.takes[0].path)
    for label, path in (
        ("image", still.takes[0].path),
        ("clip", picked),
        ("contact sheet", str(Path(clip.out) / "contact-sheet.png")),
    ):
        out.print(f"{label:>13}  {escape(str(path))}", soft_wrap=True)
    out.print("\nNow yours: samecast cast add PHOTO --name NAME --anchor 'scar across the left cheekbone'")
