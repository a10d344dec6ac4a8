"""Painting a slice of a street or room at once on two sheets: what is lit, and what shines by itself.

Surfaces go on `cover` in their own colour, as if in white light; `finish` then lights them with the slice's lamps.
What shines goes on `lit`, and becomes glow. A surface drawn in front of something shining hides it there too.
"""

from collections.abc import Sequence

import numpy as np
import skia

from samecast.models.storyboard.scene import Colour, Frame, Layer
from samecast.models.storyboard.scenes.brush import (
    Box,
    Eye,
    Floats,
    Lamp,
    Point,
    Sheet,
    add_light,
    box_faces,
    close_alpha,
    fill,
    glow,
    haze,
    light_map,
    light_up,
    linear,
    polygon,
    shade,
    stroke,
)

BLACK: Colour = (0.0, 0.0, 0.0)


class Easel:
    """Two sheets of the same coverage, seen by one eye."""

    def __init__(self, frame: Frame, eye: Eye, *, overscan: Point, scale: float = 1.0, lit_scale: float = 0.5) -> None:
        self.frame, self.eye = frame, eye
        self.cover = Sheet(frame, overscan=overscan, scale=scale)
        self.lit = Sheet(frame, overscan=overscan, scale=scale * lit_scale)
        self.lamps: list[Lamp] = []

    def solid(self, points: Sequence[Point], colour: Colour, alpha: float = 1.0) -> None:
        """A surface."""
        self.path(polygon(points), fill(colour, alpha), alpha)

    def path(self, path: skia.Path, paint: skia.Paint, alpha: float = 1.0) -> None:
        """A surface of any shape and paint."""
        self.cover.canvas.drawPath(path, paint)
        self.lit.canvas.drawPath(path, fill(BLACK, alpha))

    def box(self, box: Box, colour: Colour, tones: tuple[float, float, float] = (1.15, 0.8, 1.0)) -> None:
        """A box's visible faces; `tones` multiply the colour on level faces, sides and the front."""
        by_face = {"top": tones[0], "bottom": tones[0] * 0.45, "side": tones[1], "front": tones[2]}
        for face, corners in box_faces(self.eye, box):
            tone = shade(colour, by_face[face])
            if face in ("top", "bottom"):
                self.solid(corners, tone)
            else:  # darker towards the foot, where dirt and shadow gather
                self.path(polygon(corners), linear(corners[0], corners[3], [shade(tone, 1.1), shade(tone, 0.78)]))

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """A wire, a pipe, a rail."""
        path = polygon(points, closed=False)
        self.cover.canvas.drawPath(path, stroke(colour, width))
        self.lit.canvas.drawPath(path, stroke(BLACK, width))

    def shine(self, path: skia.Path, paint: skia.Paint) -> None:
        """A shining shape. It is hidden from the lamps: its paint is its brightness."""
        self.cover.canvas.drawPath(path, fill(BLACK))
        self.lit.canvas.drawPath(path, paint)

    def panel(self, points: Sequence[Point], colour: Colour, strength: float = 1.0) -> None:
        """A flat shining surface, such as a lamp's glass or a lit window."""
        self.shine(polygon(points), fill(shade(colour, strength)))

    def tube(self, lines: Sequence[Sequence[Point]], colour: Colour, width: float, strength: float = 1.0) -> None:
        """Neon tubing: a coloured edge around a nearly white core."""
        path = skia.Path()
        for line in lines:
            path.addPoly([skia.Point(x, y) for x, y in line], False)
        self.lit.canvas.drawPath(path, stroke(shade(colour, strength), max(width, 0.9)))
        core = tuple(min(1.0, (0.55 * c + 0.5)) * strength for c in colour)
        self.lit.canvas.drawPath(path, stroke((core[0], core[1], core[2]), max(width * 0.42, 0.5)))

    def lamp(self, at: tuple[float, float, float], colour: Colour, strength: float, reach: float) -> None:
        """Something at `at` (metres) that lights what is `reach` metres around; strength 1 is a bright sign."""
        x, y, z = at
        radius = max(self.eye.size(reach, z), 2.0)
        self.lamps.append(Lamp(at=self.eye.at(x, y, z), colour=colour, strength=strength * 0.55, radius=radius))

    def illuminate(self, ambient: Colour, noise: Floats | None = None, *, ceiling: float = 1.0) -> None:
        """Light the surfaces: ambient light, the lamps, and a texture of grime (multiplied; around 1)."""
        light = light_map(self.cover, ambient, self.lamps, ceiling=ceiling)
        light_up(self.cover, light)
        if noise is not None:
            light_up(self.cover, np.repeat(noise[:, :, None], 3, axis=2))

    def kindle(self, *, tight: float = 0.0022, wide: float = 0.011, strength: float = 1.0) -> None:
        """Turn the shining shapes into light; `tight`, `wide` as fractions of the frame's longer side."""
        longer = max(self.frame.width, self.frame.height)
        self.lit.array[..., 3] = 0
        close_alpha(self.lit)
        glow(self.lit, tight=tight * longer, wide=wide * longer, strength=strength)

    def veil(self, colour: Colour, amount: float) -> None:
        """Put air in front: haze on the surfaces, and dim what shines a little."""
        haze(self.cover, colour, amount)
        self.lit.array[...] = (self.lit.array * (1 - amount * 0.5)).astype(np.uint8)

    def layers(self, depth: float) -> tuple[Layer, Layer]:
        """The surfaces, and the light, at one depth."""
        return self.cover.layer(depth), self.lit.layer(depth, light=True)

    def merged(self, depth: float) -> Layer:
        """Both on one sheet (the light as haze-like, half-covering colour): for what is far away."""
        add_light(self.cover, self.lit)
        return self.cover.layer(depth)
