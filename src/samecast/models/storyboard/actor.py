"""One character in a take: the cut-out lit by the scene, given a performance, and drawn alive frame by frame."""

import hashlib
import math
from dataclasses import dataclass, replace

import numpy as np

from samecast.models.storyboard.camera import Affine
from samecast.models.storyboard.compositor import compose, lay_over
from samecast.models.storyboard.cutout import Cutout
from samecast.models.storyboard.develop import grade_light, grade_sheet
from samecast.models.storyboard.grounding import Ground, ground_under
from samecast.models.storyboard.performance import Performance
from samecast.models.storyboard.relight import Lit, relight
from samecast.models.storyboard.scene import Grade, Scene
from samecast.models.storyboard.staging import Staging
from samecast.models.storyboard.warp import Puppet
from samecast.ports import Floats, Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Draws itself at any moment; `phase` sets its flicker apart from the other's."""

    puppet: Puppet
    performance: Performance
    phase: float
    ground: Ground | None = None

    def draw(self, canvas: Pixels, t: float, camera: Affine, orbit: float) -> None:
        """In place, at `t` seconds, seen through `camera` and from `orbit` degrees round."""
        pose = self.performance.at(t)
        if orbit:
            pose = replace(pose, yaw=pose.yaw - orbit)
        if self.ground is not None:
            lay_over(canvas, self.ground.pixels, compose(camera, self.ground.to_frame))
        self.puppet.draw_into(canvas, pose, camera, glow=flicker(t, self.phase))


def cast_actor(
    cutout: Cutout,
    to_frame: Affine,
    scene: Scene,
    staging: Staging,
    *,
    action: str,
    seconds: float,
    number: int,
    stands: bool = False,
) -> Actor:
    """Light and place a cut-out, and give it its own performance of `action`; one that `stands` gets a shadow."""
    wet = 0.0 if scene.indoors else {"heavy rain": 1.0, "rain": 0.6}.get(next(iter(staging.weather), ""), 0.0)
    lit = relight(cutout, scene.lights, exposure=scene.subject_exposure, ambient=scene.ambient, wet=wet)
    seed = int.from_bytes(hashlib.sha256(f"{staging.performance_seed}/{number}".encode()).digest()[:6], "big")
    developed = _developed(lit, scene.grade)
    return Actor(
        ground=_ground(developed, to_frame, scene, staging) if stands else None,
        puppet=Puppet(developed, cutout, to_frame, (staging.frame.width, staging.frame.height)),
        performance=Performance(seed, action, seconds),
        phase=(seed % 1000) / 100,
    )


def _ground(lit: Lit, to_frame: Affine, scene: Scene, staging: Staging) -> Ground | None:
    rain = any(kind in staging.weather for kind in ("rain", "heavy rain")) and not scene.indoors
    wet = 1.0 if rain else 0.3 if scene.indoors else 0.0
    return ground_under(lit.steady, to_frame, staging.frame, scene.lights, wet=wet, ambient=scene.ambient)


def flicker(t: float, phase: float) -> float:
    """How bright unsteady lights are, 0..1: a slow breath with quick dips, as tubes and flames have."""
    slow = 0.75 + 0.25 * math.sin(5.1 * t + phase) * math.sin(2.3 * t + 2 * phase)
    dip = max(0.0, math.sin(11.0 * t + 3 * phase) * math.sin(3.7 * t + phase) - 0.72) * 2.4
    return max(0.0, min(1.0, slow - dip))


def _developed(lit: Lit, grade: Grade) -> Lit:
    """The scene's grade on the figure too: it was shot with the same camera, though exposed for itself."""
    own = replace(grade, exposure=grade.exposure * 0.5)
    steady = _bytes(grade_sheet(_floats(lit.steady), own))
    if lit.flicker is None:
        return Lit(steady=steady)
    added = _floats(lit.flicker)
    added[..., :3] = grade_light(added[..., :3], own)
    return Lit(steady=steady, flicker=_bytes(added))


def _floats(pixels: Pixels) -> Floats:
    return pixels.astype(np.float32) / np.float32(255)


def _bytes(pixels: Floats) -> Pixels:
    return (np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8)
