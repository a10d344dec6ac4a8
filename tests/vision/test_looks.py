"""Looks: the same picture, changed as pictures are changed, comes before all others; on public pictures."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from samecast.media import LocalMedia
from samecast.ports import Pixels
from samecast.ports.creations import Look
from samecast.vision.looks import CODE_BITS, LayoutLooks, layout
from samecast.wiring import sample_picture

NAMES = ("astronaut.png", "chelsea.png", "camera.png", "coins.png", "page.png", "text.png", "moon.png", "brick.png")


@pytest.fixture(scope="module")
def pictures() -> dict[str, Pixels]:
    """The pictures of the scikit-image wheel, and quarters of them, which look alike in grain and colour."""
    whole = {name: LocalMedia().read_picture(sample_picture(name)).rgb for name in NAMES}
    parts: dict[str, Pixels] = {}
    for name, rgb in whole.items():
        h, w = rgb.shape[0] // 2, rgb.shape[1] // 2
        parts |= {f"{name} {y}{x}": rgb[y * h : y * h + h, x * w : x * w + w] for y in (0, 1) for x in (0, 1)}
    return whole | parts


def cropped(rgb: Pixels) -> Pixels:
    h, w = rgb.shape[:2]
    return rgb[h // 20 : h - h // 20, w // 16 : w - w // 24]


def recompressed(rgb: Pixels) -> Pixels:
    packed = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, 15])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def regraded(rgb: Pixels) -> Pixels:
    """Darker, with teal shadows and less colour."""
    light = (rgb / 255.0) ** 1.5
    grey = light.mean(axis=-1, keepdims=True)
    shifted = 255 * (grey + 0.8 * (light - grey)) * np.array([0.9, 1.0, 1.08])
    return np.asarray(np.clip(shifted, 0, 255), np.uint8)


def small(rgb: Pixels, side: int = 96) -> Pixels:
    return np.asarray(cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


CHANGES: dict[str, Callable[[Pixels], Pixels]] = {
    "mirrored": lambda rgb: np.ascontiguousarray(rgb[:, ::-1]),
    "cropped": cropped,
    "recompressed": recompressed,
    "regraded": regraded,
    "small": small,
    "noisy": lambda rgb: np.clip(rgb + np.random.default_rng(1).normal(0, 14, rgb.shape), 0, 255).astype(np.uint8),
    "all of it": lambda rgb: recompressed(regraded(cropped(rgb[:, ::-1]))),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_picture_comes_before_all_others(pictures: dict[str, Pixels], change: str) -> None:
    looks = LayoutLooks()
    known = {name: looks.look([rgb]) for name, rgb in pictures.items()}
    lost = []
    for name in NAMES:
        changed = looks.look([CHANGES[change](pictures[name])])
        distances = dict(zip(known, looks.distances(changed, list(known.values())), strict=True))
        nearest = min(distances, key=lambda other: distances[other])
        by_code = sorted(known, key=lambda other: differing(changed, known[other]))
        if nearest != name or name not in by_code[:3]:
            lost.append((name, nearest, by_code[:3]))
    assert lost == []


def test_a_mirrored_picture_has_the_very_same_look(pictures: dict[str, Pixels]) -> None:
    for name in NAMES:
        rgb = small(pictures[name], 256)
        assert np.allclose(layout(rgb), layout(np.ascontiguousarray(rgb[:, ::-1])), atol=1e-4), name


def test_upside_down_is_another_layout(pictures: dict[str, Pixels]) -> None:
    looks = LayoutLooks()
    upright = looks.look([pictures["astronaut.png"]])
    turned, mirrored = (looks.look([np.ascontiguousarray(pictures["astronaut.png"][cut])]) for cut in FLIPS)
    apart, same = looks.distances(upright, [turned, mirrored])
    assert same < 0.01 < 0.2 < apart


FLIPS = ((slice(None, None, -1),), (slice(None), slice(None, None, -1)))


def test_a_look_is_small_and_the_same_every_time(pictures: dict[str, Pixels]) -> None:
    first, again = (LayoutLooks().look([pictures["chelsea.png"]]) for _ in range(2))
    assert first == again
    assert len(first.code) * 8 == CODE_BITS == 256
    assert len(first.vector) < 200
    assert LayoutLooks().distances(first, [again]) == [pytest.approx(0, abs=1e-6)]
    assert LayoutLooks().distances(first, []) == []


def test_a_clip_looks_like_its_frames_together(pictures: dict[str, Pixels]) -> None:
    looks = LayoutLooks()
    cat, man = pictures["chelsea.png"], pictures["astronaut.png"]
    clip = looks.look([cat, cat, man])
    to_cat, to_man, to_page = looks.distances(clip, [looks.look([rgb]) for rgb in (cat, man, pictures["page.png"])])
    assert to_cat < to_man < to_page


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (7, 5), (3000, 20)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_blank_and_odd_pictures_have_a_look(shape: tuple[int, int], level: int) -> None:
    look = LayoutLooks().look([np.full((*shape, 3), level, np.uint8)])
    assert len(look.code) == 32
    assert all(np.isfinite(LayoutLooks().distances(look, [look])))


def differing(one: Look, other: Look) -> int:
    return (int.from_bytes(one.code) ^ int.from_bytes(other.code)).bit_count()
