"""Puts a frame together: sheets under the camera, air, figures, air, foreground, then vignette and grain.

Every frame is a pure function of its time, so that frames can be made in any order and again. All per-frame work is
OpenCV on premultiplied RGBA bytes: it uses every core and lets go of Python's lock, which Skia's raster did not
(docs/decisions/0001 has the numbers).
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from samecast.models.storyboard.camera import Affine, CameraPath, CameraState, layer_affine, subject_affine
from samecast.models.storyboard.develop import Sheet
from samecast.models.storyboard.scene import Frame
from samecast.ports import Pixels

AT_ONCE = 2
"""Frames made at the same time: a fifth faster than one after the other on two cores (`./run bench storyboard`)."""


class Air(Protocol):
    """Weather in front of and behind the figures, drawn in place on an H x W x 4 canvas at `t` seconds."""

    def behind(self, canvas: Pixels, t: float) -> None: ...

    def front(self, canvas: Pixels, t: float) -> None: ...


class Actor(Protocol):
    """A figure that draws itself, alive, at `t` seconds under the subject's camera affine, `orbit` degrees round."""

    def draw(self, canvas: Pixels, t: float, camera: Affine, orbit: float) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """All that a take's frames are made from, baked."""

    frame: Frame
    sheets: Sequence[Sheet]
    actors: Sequence[Actor]
    air: Air
    path: CameraPath
    vanish: tuple[float, float]
    finish: "Finish"


class Finish:
    """Vignette and grain: what a lens and film add to everything alike."""

    def __init__(self, frame: Frame, dice: np.random.Generator, *, vignette: float = 0.30, grain: float = 3.2) -> None:
        h, w = frame.height, frame.width
        y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
        fall = 1 - vignette * np.clip((x * x + y * y) / 2, 0, 1) ** 1.4
        self._vignette = np.ascontiguousarray(np.repeat((fall * 255).astype(np.uint8)[..., None], 4, axis=2))
        noise = dice.normal(0, 1, (h + 64, w + 64)).astype(np.float32)
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), max(0.45, h / 2600)), dtype=np.float32)
        noise *= grain / float(noise.std())
        grey = np.repeat(np.round(noise)[..., None], 4, axis=2)
        self._brighter = np.clip(grey, 0, 255).astype(np.uint8)
        self._darker = np.clip(-grey, 0, 255).astype(np.uint8)
        self._steps = dice.integers(0, 64, (97, 2))

    def apply(self, canvas: Pixels, index: int) -> None:
        """Develop frame `index` in place."""
        h, w = canvas.shape[:2]
        cv2.multiply(canvas, self._vignette, dst=canvas, scale=1 / 255)
        y, x = (int(step) for step in self._steps[index % len(self._steps)])
        cv2.add(canvas, self._brighter[y : y + h, x : x + w], dst=canvas)
        cv2.subtract(canvas, self._darker[y : y + h, x : x + w], dst=canvas)


def render_frame(scene: Set, index: int, seconds: float) -> Pixels:
    """One finished frame, H x W x 4 uint8 (R G B and an unused fourth)."""
    state = scene.path.at(seconds)
    canvas = np.zeros((scene.frame.height, scene.frame.width, 4), dtype=np.uint8)
    for sheet in scene.sheets:
        if sheet.depth > 1:
            draw_sheet(canvas, sheet, state, scene, seconds)
    scene.air.behind(canvas, seconds)
    camera = subject_affine(state, scene.frame, vanish=scene.vanish)
    for actor in scene.actors:
        actor.draw(canvas, seconds, camera, state.orbit)
    for sheet in scene.sheets:
        if sheet.depth <= 1:
            draw_sheet(canvas, sheet, state, scene, seconds)
    scene.air.front(canvas, seconds)
    scene.finish.apply(canvas, index)
    return canvas


MIDDLE = (0.29, 0.71)
"""Columns of the frame that belong to the figures."""


def clear_of_middle(
    sheets: Sequence[Sheet], path: CameraPath, frame: Frame, *, vanish: tuple[float, float]
) -> list[Sheet]:
    """Without the foreground that stands aside at rest but that this path would carry across the middle."""
    times = np.linspace(0.0, path.seconds, 13) if path.seconds > 0 else [0.0]
    states = [path.at(float(t)) for t in times]
    return [sheet for sheet in sheets if sheet.depth >= 1 or not _crosses(sheet, states, frame, vanish)]


def _crosses(sheet: Sheet, states: Sequence[CameraState], frame: Frame, vanish: tuple[float, float]) -> bool:
    left, right = _columns(sheet, sheet.to_frame, frame)
    if left < MIDDLE[1] and right > MIDDLE[0]:
        return False
    for state in states:
        camera = layer_affine(state, frame, sheet.depth, vanish=vanish)
        if camera is None:
            continue
        left, right = _columns(sheet, compose(camera, sheet.to_frame), frame)
        if left < MIDDLE[1] - 0.03 and right > MIDDLE[0] + 0.03:
            return True
    return False


def _columns(sheet: Sheet, matrix: Affine, frame: Frame) -> tuple[float, float]:
    """From where to where a sheet is really painted, as fractions of the frame's width."""
    columns = np.flatnonzero(sheet.pixels[..., 3].max(axis=0) > 40)
    if not len(columns):
        return 2.0, 2.0
    ends = matrix[0, 0] * columns[[0, -1]] + matrix[0, 2]
    return float(ends[0]) / frame.width, float(ends[1]) / frame.width


def render_frames(scene: Set, count: int, fps: int) -> Iterator[Pixels]:
    """All frames in order, `AT_ONCE` in the making: OpenCV lets go of Python's lock, so that both cores are busy.

    Whoever stops reading stops the making, after the frames begun.
    """
    if count == 1:
        yield render_frame(scene, 0, 0.0)
        return
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="frame") as makers:
        begun: deque[Future[Pixels]] = deque()
        try:
            for index in range(count):
                begun.append(makers.submit(render_frame, scene, index, index / fps))
                if len(begun) > AT_ONCE:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for frame in begun:
                frame.cancel()


def draw_sheet(canvas: Pixels, sheet: Sheet, state: CameraState, scene: Set, seconds: float) -> None:
    """Warp a sheet to where the camera sees it and lay it over the canvas, within its own bounds only."""
    camera = layer_affine(state, scene.frame, sheet.depth, vanish=scene.vanish)
    if camera is None:
        return
    if sheet.sway:
        camera = camera.copy()
        camera[0, 2] += sheet.sway * scene.frame.width * np.sin(1.1 * seconds + sheet.depth)
    matrix = compose(camera, sheet.to_frame)
    lay_over(canvas, sheet.pixels, matrix, opaque=sheet.opaque)


def lay_over(canvas: Pixels, pixels: Pixels, matrix: Affine, *, opaque: bool = False) -> None:
    """Premultiplied 'over' of warped `pixels`, in place. `opaque`: nothing of the canvas shows through."""
    x0, y0, x1, y1 = _bounds(pixels.shape[1], pixels.shape[0], matrix, canvas.shape[1], canvas.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    local = matrix.copy()
    local[:, 2] -= (x0, y0)
    target = canvas[y0:y1, x0:x1]
    if opaque:
        warped = cv2.warpAffine(
            pixels, local, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        target[:] = warped
        return
    warped = cv2.warpAffine(pixels, local, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR)
    over(target, np.asarray(warped, dtype=np.uint8))


def over(target: Pixels, premultiplied: Pixels) -> None:
    """target = premultiplied + target * (1 - alpha), saturating: colour beyond alpha adds as light. In place."""
    hidden = np.empty_like(premultiplied)
    cv2.mixChannels([premultiplied], [hidden], [3, 0, 3, 1, 3, 2, 3, 3])
    cv2.bitwise_not(hidden, dst=hidden)
    result = cv2.multiply(target, hidden, scale=1 / 255)
    cv2.add(result, premultiplied, dst=result)
    target[:] = result


def compose(outer: Affine, inner: Affine) -> Affine:
    """The affine that applies `inner` first."""
    out = np.empty((2, 3), dtype=np.float64)
    out[:, :2] = outer[:, :2] @ inner[:, :2]
    out[:, 2] = outer[:, :2] @ inner[:, 2] + outer[:, 2]
    return out


def _bounds(width: int, height: int, matrix: Affine, frame_w: int, frame_h: int) -> tuple[int, int, int, int]:
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], dtype=np.float64) @ matrix.T
    low, high = np.floor(corners.min(axis=0)) - 1, np.ceil(corners.max(axis=0)) + 1
    return max(0, int(low[0])), max(0, int(low[1])), min(frame_w, int(high[0])), min(frame_h, int(high[1]))
