"""What ties a figure to its ground: dark where it touches, away from the light, and mirrored where it is wet."""

import numpy as np

from samecast.models.storyboard.compositor import lay_over
from samecast.models.storyboard.grounding import Ground, ground_under
from samecast.models.storyboard.scene import Frame, Light
from samecast.ports import Pixels

FRAME = Frame(width=400, height=300)
AT = np.array([[1.0, 0.0, 150.0], [0.0, 1.0, 100.0]])
"""The figure's feet stand at y = 250, its left at 170 and its right at 230."""


def statue() -> Pixels:
    """A red pillar, 60 x 150, in a sheet with air around it; premultiplied."""
    sheet = np.zeros((150, 100, 4), np.uint8)
    sheet[:, 20:80] = (200, 30, 20, 255)
    return sheet


def key(x: float) -> Light:
    return Light(colour=(1, 1, 1), strength=1.0, direction=(x, 0.6, 0.5), role="key")


def baked(x: float = 0.0, wet: float = 0.0) -> Ground:
    made = ground_under(statue(), AT, FRAME, [key(x)], wet=wet, ambient=(0.5, 0.5, 0.5))
    assert made is not None
    return made


def on_grey(ground: Ground) -> np.ndarray:
    canvas = np.full((FRAME.height, FRAME.width, 4), 160, np.uint8)
    lay_over(canvas, ground.pixels, ground.to_frame)
    return canvas[..., :3].astype(int)


def test_the_ground_is_darkest_where_the_figure_touches_it_and_untouched_far_away():
    picture = on_grey(baked()).mean(axis=2)
    assert picture[249:253, 180:220].mean() < 90
    assert picture[265:275, 180:220].mean() > picture[249:253, 180:220].mean() + 30
    assert abs(picture[20:60].mean() - 160) < 1
    assert abs(picture[:, :40].mean() - 160) < 1


def test_the_shadow_falls_away_from_the_light():
    left, right = on_grey(baked(x=-0.8)).mean(axis=2), on_grey(baked(x=0.8)).mean(axis=2)
    assert left[225:245, 235:270].mean() < right[225:245, 235:270].mean() - 8, "light from the left: dark on the right"
    assert right[225:245, 130:165].mean() < left[225:245, 130:165].mean() - 8


def test_wet_ground_mirrors_the_figure_and_dry_ground_does_not():
    dry, wet = on_grey(baked()), on_grey(baked(wet=1.0))
    patch = (slice(262, 280), slice(185, 215))
    redness = [float((picture[patch][..., 0] - picture[patch][..., 2]).mean()) for picture in (dry, wet)]
    assert abs(redness[0]) < 4
    assert redness[1] > 12


def test_feet_below_the_frame_have_no_ground():
    low = AT.copy()
    low[1, 2] = 160.0
    assert ground_under(statue(), low, FRAME, [key(0.0)], wet=1.0, ambient=(0, 0, 0)) is None
