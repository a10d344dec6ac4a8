"""Keyframe, then animate: for models that animate a picture and take no other reference.

The character's own model makes the first frame, several takes of it; only one that is measurably the character is
animated, since a clip is never more alike than the frame it begins with.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from samecast.core.errors import RenderFailed
from samecast.core.prompt import Aspect
from samecast.core.story import Shot
from samecast.ports import AssetStore, ModelProfile
from samecast.services.making import Models, find_model, score_of
from samecast.services.ordering import Order
from samecast.services.shooting import Plan, Shooting

TAKES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyframing:
    shooting: Shooting
    assets: AssetStore
    models: Models

    def needed(self, order: Order) -> bool:
        """Whether the order's model has to be given a first frame, and was not."""
        profile = find_model(self.models, order.model)[0]
        return bool(profile.keyframe) and order.first_frame is None and self.shooting.ask(order).kind == "video"

    def plan(self, order: Order) -> Plan:
        """Lay out the first frame's own shot, of the same prompt and shape; nothing is made yet."""
        profile = find_model(self.models, order.model)[0]
        return self.shooting.plan(
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

    def animate(self, order: Order, keyframe: Shot, folder: Path) -> Order:
        """The order with the picked first frame, which is written into `folder` to be read from there.

        Raises `RenderFailed` where no take of it is the character: then nothing is animated.
        """
        take = next((take for take in keyframe.takes if take.id == keyframe.picked), None)
        if take is None:
            take = next((take for take in keyframe.takes if take.state == "done" and not take.recipe.members), None)
        named = any(take.recipe.members for take in keyframe.takes)
        if take is None or take.asset is None or (named and not score_of(take).holds):
            raise RenderFailed(
                f"No first frame came out as the character, so nothing was animated. {keyframe.why}".strip(),
                hint=f"See them: samecast shots show {keyframe.id}; or give one with --first-frame FILE.",
            )
        path = folder / f"{keyframe.id}.png"
        path.write_bytes(self.assets.get(take.asset))
        return replace(order, kind="video", first_frame=path)


def _aspect(asked: Aspect | None, profile: ModelProfile) -> str:
    """What the clip will be: what was asked for, else what its model makes by itself."""
    width, height = asked or ((16, 9) if (16, 9) in profile.aspects else profile.aspects[0])
    return f"{width}:{height}"
