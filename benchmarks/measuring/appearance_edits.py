"""What is done to pictures of subjects to see what an appearance match survives, and what it should not."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from samecast.ports import Pixels


def _graded(red: float, green: float, blue: float) -> Callable[[Pixels], Pixels]:
    return lambda rgb: np.clip(rgb * np.array([red, green, blue]), 0, 255).astype(np.uint8)


def _hue(degrees: int) -> Callable[[Pixels], Pixels]:
    def turned(rgb: Pixels) -> Pixels:
        hsv = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV)
        hsv[..., 0] = (hsv[..., 0].astype(int) + degrees // 2) % 180
        return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)

    return turned


def _jpeg(rgb: Pixels) -> Pixels:
    _, content = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 20])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])


def _small(rgb: Pixels) -> Pixels:
    scale = 96 / max(rgb.shape)
    return np.asarray(cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


EDITS: Mapping[str, Callable[[Pixels], Pixels]] = {
    "untouched": lambda rgb: rgb,
    "night grade (0.35, blue)": _graded(0.35, 0.38, 0.48),
    "warm light": _graded(1.08, 0.95, 0.68),
    "blurred (sigma 3 of 640)": lambda rgb: np.asarray(cv2.GaussianBlur(rgb, (0, 0), 3), np.uint8),
    "JPEG 20": _jpeg,
    "right half cut away": lambda rgb: np.ascontiguousarray(rgb[:, : rgb.shape[1] // 2]),
    "mirrored": lambda rgb: np.ascontiguousarray(rgb[:, ::-1]),
    "96 pixels": _small,
    "hue turned by 30 degrees": _hue(30),
    "hue turned by 90 degrees": _hue(90),
    "hue turned by 180 degrees": _hue(180),
}
