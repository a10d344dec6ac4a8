"""Two takes to be compared: beside each other in step, or one over the other with a line between them."""

from typing import TypedDict

from nicegui.element import Element

from samecast.core.story import Take
from samecast.web.kit import picture


class Side(TypedDict):
    """One of the two; `clip` None for a still."""

    id: str
    title: str
    picture: str | None
    clip: str | None
    ratio: float


class Compare(Element, component="compare.js"):
    """Shows takes that are done."""

    def __init__(self, first: Take, second: Take) -> None:
        super().__init__()
        clips = [take.recipe for take in (first, second) if take.recipe.kind == "video"]
        self.props.update(
            {
                "sides": [side(first, "A"), side(second, "B")],
                "ratio": round(first.recipe.width / first.recipe.height, 4),
                "length": max((recipe.seconds for recipe in clips), default=0),
            }
        )


def side(take: Take, name: str) -> Side:
    clip = take.asset is not None and take.recipe.kind == "video"
    return Side(
        id=take.id,
        title=f"{name}: take {take.number}",
        picture=picture(take.asset, 1280) if take.asset else None,
        clip=f"/studio/clip/{take.asset}.mp4" if clip else None,
        ratio=round(take.recipe.width / take.recipe.height, 4),
    )
