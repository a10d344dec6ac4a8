"""The copy alarm hears a reference's own pixels through grades, warps and new scenes, and keeps quiet for others."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from samecast.ports import CopyReader, Face, Picture, Pixels
from samecast.vision.copies import CopyPrint, PixelCopies, calibration
from samecast.vision.faces import MediaPipeFaces

EVAL = Path(__file__).resolve().parents[3] / "shared" / "eval"
COPY = 0.5


@pytest.fixture(scope="module")
def copies() -> PixelCopies:
    return PixelCopies()


@pytest.fixture(scope="module")
def print_of_eileen(copies: PixelCopies, astronaut: Pixels, eileen: Face) -> CopyPrint:
    return copies.learn(Picture(rgb=astronaut), eileen)


@pytest.fixture(scope="module")
def print_of_chelsea(copies: PixelCopies, cat: Pixels) -> CopyPrint:
    return copies.learn(Picture(rgb=cat), None)


def jpeg(rgb: Pixels) -> Pixels:
    _, content = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 30])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])


def night(rgb: Pixels) -> Pixels:
    return np.asarray((rgb / 255.0) ** 1.3 * np.array([0.25, 0.32, 0.5]) * 255, np.uint8)


def mirrored(rgb: Pixels) -> Pixels:
    return np.ascontiguousarray(rgb[:, ::-1])


def halved(rgb: Pixels) -> Pixels:
    return np.asarray(cv2.resize(rgb, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)


def bent(rgb: Pixels) -> Pixels:
    height, width = rgb.shape[:2]
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    across = (xs + 0.012 * width * np.sin(ys / 70)).astype(np.float32)
    down = (ys + 0.012 * width * np.sin(xs / 60)).astype(np.float32)
    return np.asarray(cv2.remap(rgb, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.uint8)


def in_a_new_scene(rgb: Pixels) -> Pixels:
    """The middle of the picture, smaller, before gravel, with grain."""
    height, width = rgb.shape[:2]
    gravel = np.asarray(skimage.data.gravel(), np.float64)[:height, :width]
    scene = np.dstack([np.resize(gravel, (height, width))] * 3) * 0.5
    share = np.zeros((height, width), np.float32)
    cv2.ellipse(share, (int(width * 0.45), int(height * 0.4)), (int(width * 0.3), int(height * 0.38)), 0, 0, 360, 1, -1)
    share = np.asarray(cv2.GaussianBlur(share, (0, 0), 4), np.float32)[..., None]
    shown = rgb * np.array([0.7, 0.75, 0.9]) * share + scene * (1 - share)
    shown += np.random.default_rng(1).normal(0, 5, (height, width, 1))
    return np.asarray(np.clip(shown, 0, 255), np.uint8)


EDITS: list[Callable[[Pixels], Pixels]] = [jpeg, night, mirrored, halved, bent, in_a_new_scene]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_a_face_is_known_again_through_every_edit(
    edit: Callable[[Pixels], Pixels],
    copies: PixelCopies,
    print_of_eileen: CopyPrint,
    reader: MediaPipeFaces,
    astronaut: Pixels,
):
    take = edit(astronaut)
    found = copies.copied(print_of_eileen, take, reader.faces(take)[0])
    assert found is not None
    assert found > 0.8


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_an_animal_is_known_again_through_every_edit(
    edit: Callable[[Pixels], Pixels], copies: PixelCopies, print_of_chelsea: CopyPrint, cat: Pixels
):
    found = copies.copied(print_of_chelsea, edit(cat), None)
    assert found is not None
    assert found > (COPY if edit is in_a_new_scene else 0.8)  # a new scene around a small subject is the hardest


def test_other_faces_and_other_pictures_are_no_copies(
    copies: PixelCopies,
    print_of_eileen: CopyPrint,
    print_of_chelsea: CopyPrint,
    reader: MediaPipeFaces,
    astronaut: Pixels,
):
    camera = np.dstack([skimage.data.camera()] * 3)
    stranger = copies.copied(print_of_eileen, camera, reader.faces(camera)[0])
    assert stranger is not None
    assert stranger < 0.01
    elsewhere = copies.copied(print_of_chelsea, astronaut, None)
    assert elsewhere is not None
    assert elsewhere < 0.05


def test_what_cannot_be_told_is_not_told(
    copies: PixelCopies, print_of_eileen: CopyPrint, reader: MediaPipeFaces, astronaut: Pixels, eileen: Face
):
    blurred = np.asarray(cv2.GaussianBlur(astronaut, (0, 0), 6), np.uint8)
    assert copies.copied(print_of_eileen, blurred, eileen) is None
    tiny = np.asarray(cv2.resize(astronaut, (150, 150), interpolation=cv2.INTER_AREA), np.uint8)
    assert copies.copied(print_of_eileen, tiny, reader.faces(tiny)[0]) is None
    assert copies.copied(print_of_eileen, np.full((300, 300, 3), 90, np.uint8), None) is None
    plain = copies.learn(Picture(rgb=np.full((300, 300, 3), 90, np.uint8)), None)
    assert copies.copied(plain, astronaut, None) is None


def test_what_is_transparent_does_not_count(copies: PixelCopies, cat: Pixels, astronaut: Pixels):
    alpha = np.zeros(cat.shape[:2], np.uint8)
    alpha[40:260, 120:330] = 255
    cut = copies.learn(Picture(rgb=cat, alpha=alpha), None)
    elsewhere = np.full_like(cat, 128)
    elsewhere[40:260, 120:330] = cat[40:260, 120:330]
    found = copies.copied(cut, elsewhere, None)
    assert found is not None
    assert found > COPY


def test_the_same_pictures_give_the_same_answer(copies: PixelCopies, print_of_chelsea: CopyPrint, cat: Pixels):
    take = in_a_new_scene(cat)
    assert copies.copied(print_of_chelsea, take, None) == copies.copied(print_of_chelsea, take, None)


def test_it_is_a_copy_reader_and_refuses_strange_prints(copies: PixelCopies, cat: Pixels):
    port: CopyReader = copies
    with pytest.raises(TypeError, match="not a print"):
        port.copied("a print", cat, None)


@pytest.mark.parametrize("way", ["face", "whole"])
def test_more_agreement_never_means_less_of_a_copy(way: str):
    fitted = calibration("face" if way == "face" else "whole")
    count = len(fitted.weights)
    nothing, everything = fitted.probability((0.0,) * count), fitted.probability((*(1.0,) * (count - 9), *(0.98,) * 9))
    assert nothing < 0.01
    assert way == "whole" or everything > 0.9


@pytest.mark.skipif(not EVAL.is_dir(), reason="the pictures to measure on are not beside the repository")
def test_other_photographs_of_one_person_are_no_copies(copies: PixelCopies, reader: MediaPipeFaces):
    def seen(name: str) -> tuple[Pixels, Face]:
        rgb = np.ascontiguousarray(np.asarray(cv2.imread(str(EVAL / "deepface" / name)), np.uint8)[..., ::-1])
        scale = min(1.0, 640 / max(rgb.shape[:2]))
        small = np.asarray(cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        return small, reader.faces(small)[0]

    shown = [seen(name) for name in ("img29.jpg", "img30.jpg", "img31.jpg", "img32.jpg")]
    for own, (rgb, face) in enumerate(shown):
        reference = copies.learn(Picture(rgb=rgb), face)
        for place, (take, other) in enumerate(shown):
            found = copies.copied(reference, take, other)
            assert found is not None
            assert (found > COPY) == (place == own)
