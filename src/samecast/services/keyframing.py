"""Keyframe, then animate: for models that animate a picture and take no other reference.

The character's own model makes the first frame, several takes of it, as a shot of its own; the clip is kept beside it
and waits for its pick. That only one which is measurably the character is animated is `concluding`'s.
"""

from dataclasses import dataclass, replace

from samecast.core.prompt import Aspect
from samecast.ports import ModelProfile
from samecast.services.making import Models, find_model
from samecast.services.ordering import Order
from samecast.services.shooting import Plan, Shooting

TAKES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyframing:
    shooting: Shooting
    models: Models

    def needed(self, order: Order) -> bool:
        """Whether the order's model has to be given a first frame, and was not."""
        profile = find_model(self.models, order.model)[0]
        return bool(profile.keyframe) and order.first_frame is None and self.shooting.ask(order).kind == "video"

    def plan(self, order: Order) -> tuple[Plan, Plan]:
        """Lay out the first frame's shot, of the same prompt and shape, and the clip that awaits its pick.

        Nothing is stored or made yet: both are begun by `Shooting.start(clip, first)`.
        """
        profile = find_model(self.models, order.model)[0]
        first = self.shooting.plan(
            replace(
                order,
                model=profile.keyframe,
                kind="image",
                aspect=order.aspect or _aspect(self.shooting.ask(order).brief.aspect, profile),
                seconds=None,
                last_frame=None,
                takes=TAKES,
                goal=None,
                options={},
                out=order.out / "keyframe" if order.out else None,
            )
        )
        return first, self.shooting.plan(replace(order, kind="video", awaits=first.shot.id))


def _aspect(asked: Aspect | None, profile: ModelProfile) -> str:
    """What the clip will be: what was asked for, else what its model makes by itself."""
    width, height = asked or ((16, 9) if (16, 9) in profile.aspects else profile.aspects[0])
    return f"{width}:{height}"
