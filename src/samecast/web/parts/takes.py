"""Takes side by side: how far they are while they are made, then in step, with what was measured below each."""

from collections.abc import Callable, Sequence
from typing import TypedDict

from nicegui.element import Element

from samecast.core.consistency import TakeScore, take_score_from_json
from samecast.core.story import Shot, Take
from samecast.core.telling import told
from samecast.ports.watching import SeenShot, SeenTake
from samecast.web.kit import picture, text_of

STEPS = {
    "begin": "Begins",
    "load": "Loads the model",
    "render": "Renders",
    "decode": "Decodes",
    "score": "Measures",
    "submit": "Hands it in",
    "queue": "Waits at the provider",
    "wait": "Is made at the provider",
}


class Lane(TypedDict):
    """One character over a clip: `moments` as (second, likeness or None, uncut stretch), `worst` as seconds."""

    handle: str
    verdict: str
    told: str
    moments: list[tuple[float, float | None, int]]
    worst: tuple[float, float] | None


class Face(TypedDict):
    """One take as it is kept."""

    id: str
    number: int
    state: str
    picture: str | None
    clip: str | None
    picked: bool
    verdict: str | None
    words: str
    more: str
    lanes: list[Lane]


class Takes(Element, component="takes.js"):
    """`chosen` is told the id of the take somebody looks at, `picked` that it is to be the pick, `moment` the second of
    the clips that is shown, once they stand still."""

    def __init__(
        self,
        chosen: Callable[[str], object],
        picked: Callable[[str], object],
        moment: Callable[[float], object] = lambda seconds: None,
    ) -> None:
        super().__init__()
        self._shot: Shot | None = None
        self.on("moment", lambda event: moment(float(event.args) if isinstance(event.args, int | float) else 0.0))
        self.on("chosen", lambda event: chosen(text_of(event, 200)))
        self.on("picked", lambda event: picked(text_of(event, 200)))

    def show(self, shot: Shot, seen: SeenShot | None, chosen: str | None) -> None:
        """Show the shot as it is kept, and how far its takes are by what was seen last."""
        recipe = shot.takes[0].recipe
        shown: dict[str, object] = {
            "far": tuple(far(take) for take in seen.takes if take.state == "running") if seen is not None else (),
            "chosen": chosen,
            "ratio": round(recipe.width / recipe.height, 4),
            "length": recipe.seconds if recipe.kind == "video" else 0,
        }
        if shot is not self._shot:
            self._shot = shot
            shown["takes"] = tuple(face(take, picked=take.id == shot.picked) for take in shot.takes)
        for name, value in shown.items():
            if self.props.get(name) != value:
                self.props[name] = value


def far(take: SeenTake) -> tuple[str, str, float, str | None]:
    """How far a take is that is being made: its id, step, the share of it that is made (0..1), and its preview."""
    preview = f"/studio/preview/{take.id}/{take.shown}.jpg" if take.shown else None
    return take.id, STEPS.get(take.step, take.step.capitalize()), round(take.share, 2), preview


def face(take: Take, *, picked: bool) -> Face:
    """What there is to see of a take, however far it is."""
    made = take.state == "done" and take.asset is not None
    score = take_score_from_json(take.score) if take.score else TakeScore()
    said = told(score) if made else None
    clip = made and take.recipe.kind == "video"
    return Face(
        id=take.id,
        number=take.number,
        state=take.state,
        picture=picture(take.asset, 1280) if made and take.asset else None,
        clip=f"/studio/clip/{take.asset}.mp4" if clip else None,
        picked=picked,
        verdict=said.verdict if said is not None else None,
        words=said.words if said is not None else _words(take),
        more=said.more if said is not None else (take.error or "") if take.state == "failed" else "",
        lanes=_lanes(score) if clip else [],
    )


def _words(take: Take) -> str:
    if take.state == "failed":
        return "Refused" if take.failure == "refused" else "Failed"
    return "Waits"


def _lanes(score: TakeScore) -> list[Lane]:
    return [
        Lane(
            handle=one.handle,
            verdict=one.verdict,
            told=f"Likeness of @{one.handle} over the clip. {one.reason}",
            moments=[(moment.seconds, moment.likeness, moment.shot) for moment in one.moments],
            worst=(one.failing.start, one.failing.end)
            if one.failing is not None
            else (one.worst_at, one.worst_at)
            if one.worst_at is not None
            else None,
        )
        for one in score.characters
    ]


def shot_words(shot: Shot, seen: Sequence[SeenShot]) -> str:
    """Where a shot stands, in a few words."""
    now = next((one for one in seen if one.id == shot.id), None)
    if shot.awaits:
        return "Waits for its first frame"
    if shot.state == "running":
        made = sum(take.state != "waiting" for take in shot.takes)
        left = now.seconds_left if now is not None else None
        rest = f", about {round(left)} s left" if left is not None and left >= 1 else ""
        return f"{made} of {len(shot.takes)} made{rest}"
    if shot.state == "cancelled":
        return "Stopped"
    return shot.why or "Done"
