"""The matte holds the whole subject, with what it carries, and nothing else."""

import cv2
import numpy as np
import pytest
import skimage.data

from samecast.ports import Face, Floats, HeadPose, Picture
from samecast.vision.closed_form import solve_band
from samecast.vision.matte import SubjectMatte, coverage
from samecast.vision.parting import parted


@pytest.fixture(scope="module")
def matting() -> SubjectMatte:
    return SubjectMatte()


@pytest.fixture(scope="module")
def astronaut(matting: SubjectMatte) -> Floats:
    """skimage's astronaut, her face where a person would point at it."""
    box = (175.0, 62.0, 90.0, 118.0)
    face = Face(box=box, landmarks=np.zeros((478, 3), np.float32), pose=HeadPose(yaw=0, pitch=0, roll=0), score=1.0)
    return matting.matte(Picture(rgb=skimage.data.astronaut()), [face])


def test_matte_has_the_pictures_size_and_range(astronaut: Floats) -> None:
    assert astronaut.shape == (512, 512)
    assert astronaut.dtype == np.float32
    assert astronaut.min() >= 0.0
    assert astronaut.max() <= 1.0
    assert 0.45 < coverage(astronaut) < 0.62


@pytest.mark.parametrize(
    ("what", "x", "y"),
    [
        ("face", 220, 120),
        ("hair", 225, 40),
        ("suit", 150, 340),
        ("hand", 150, 500),
        ("held helmet", 390, 430),
        ("the helmet's white shell", 455, 380),
    ],
)
def test_what_belongs_to_her_is_solid(astronaut: Floats, what: str, x: int, y: int) -> None:
    assert astronaut[y - 3 : y + 4, x - 3 : x + 4].min() > 0.97, what


@pytest.mark.parametrize(
    ("what", "x", "y"),
    [("left corner", 8, 8), ("right corner", 503, 8), ("flag", 60, 160), ("shuttle", 415, 150), ("table", 470, 300)],
)
def test_what_stands_behind_her_is_gone(astronaut: Floats, what: str, x: int, y: int) -> None:
    assert astronaut[y - 3 : y + 4, x - 3 : x + 4].max() < 0.03, what


def test_only_one_subject_without_islands_or_holes(astronaut: Floats) -> None:
    solid = (astronaut > 0.5).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(solid)
    assert (stats[1:, cv2.CC_STAT_AREA] > 20).sum() == 1
    _, _, holes, _ = cv2.connectedComponentsWithStats(1 - solid, connectivity=4)
    areas = holes[1:, cv2.CC_STAT_AREA]
    assert not ((areas > 8) & (areas < 400)).any()


def test_hair_ends_softly_and_cloth_firmly(astronaut: Floats) -> None:
    def softness(part: Floats) -> float:
        """Pixels of partial alpha per pixel of outline."""
        inside = (part > 0.5).astype(np.uint8)
        outline = inside - cv2.erode(inside, np.ones((3, 3), np.uint8))
        return float(((part > 0.1) & (part < 0.9)).sum() / max(1, outline.sum()))

    assert softness(astronaut[10:130, 140:310]) > softness(astronaut[240:400, 20:120]) > 0.0


def test_an_animal_that_fills_its_picture_keeps_its_face(matting: SubjectMatte) -> None:
    alpha = matting.matte(Picture(rgb=skimage.data.chelsea()), [])
    assert alpha[80:220, 100:300].min() > 0.95
    assert alpha[:120, 420:].max() < 0.2
    assert 0.3 < coverage(alpha) < 0.97


def test_a_drawing_on_a_plain_ground_is_cut_exactly(matting: SubjectMatte) -> None:
    rgb = np.full((240, 320, 3), 250, np.uint8)
    cv2.circle(rgb, (160, 120), 70, (200, 40, 30), -1, cv2.LINE_AA)
    truth = np.zeros((240, 320), np.uint8)
    cv2.circle(truth, (160, 120), 70, 255, -1, cv2.LINE_AA)
    alpha = matting.matte(Picture(rgb=rgb), [])
    assert np.abs(alpha - truth / 255.0).mean() < 0.01


def test_a_pictures_own_transparency_wins(matting: SubjectMatte) -> None:
    alpha = np.zeros((60, 80), np.uint8)
    alpha[20:40, 10:30] = 200
    rgb = np.ascontiguousarray(skimage.data.astronaut()[:60, :80])
    assert np.allclose(matting.matte(Picture(rgb=rgb, alpha=alpha), []), alpha / 255.0)


def test_a_larger_picture_gives_the_same_matte_larger(matting: SubjectMatte, astronaut: Floats) -> None:
    large = cv2.resize(skimage.data.astronaut(), (1536, 1536), interpolation=cv2.INTER_CUBIC)
    box = (525.0, 186.0, 270.0, 354.0)
    face = Face(box=box, landmarks=np.zeros((478, 3), np.float32), pose=HeadPose(yaw=0, pitch=0, roll=0), score=1.0)
    alpha = matting.matte(Picture(rgb=np.asarray(large, np.uint8)), [face])
    assert alpha.shape == (1536, 1536)
    assert np.abs(cv2.resize(alpha, (512, 512), interpolation=cv2.INTER_AREA) - astronaut).mean() < 0.03


def test_a_band_is_solved_by_the_colours_around_it() -> None:
    rgb = np.zeros((40, 60, 3), np.uint8)
    rgb[:, :30] = (220, 60, 40)
    rgb[:, 30:] = (30, 60, 200)
    guess = np.full((40, 60), 0.5, np.float32)
    guess[:, :10], guess[:, 50:] = 1.0, 0.0
    band = (guess > 0.1) & (guess < 0.9)
    alpha = solve_band(rgb, guess, band)
    assert alpha[5:-5, 12:28].min() > 0.9
    assert alpha[5:-5, 32:48].max() < 0.1


def test_a_bystander_is_left_out(matting: SubjectMatte) -> None:
    one = skimage.data.astronaut()
    wall = np.full((512, 160, 3), (206, 200, 195), np.uint8)
    both = np.ascontiguousarray(np.hstack([one, wall, one[:, 20:]]))
    box = (175.0, 62.0, 90.0, 118.0)
    face = Face(box=box, landmarks=np.zeros((478, 3), np.float32), pose=HeadPose(yaw=0, pitch=0, roll=0), score=1.0)
    alpha = matting.matte(Picture(rgb=both), [face])
    assert alpha[100:140, 205:235].min() > 0.95
    assert alpha[:, 512 + 160 :].max() < 0.05


def _face(box: tuple[float, float, float, float]) -> Face:
    return Face(box=box, landmarks=np.zeros((478, 3), np.float32), pose=HeadPose(yaw=0, pitch=0, roll=0), score=1.0)


def test_the_second_of_two_people_who_touch_is_parted_from_the_first(matting: SubjectMatte) -> None:
    """Two of her, shoulder over shoulder; the larger face is the subject's."""
    one = skimage.data.astronaut()
    cut = matting.matte(Picture(rgb=one), [_face((175.0, 62.0, 90.0, 118.0))])[..., None]
    smaller = cv2.resize(np.concatenate([one * cut, cut * 255.0], axis=2), None, fx=0.8, fy=0.8)[:, ::-1]
    both = np.full((512, 800, 3), (150, 160, 170), np.float32)
    alpha = smaller[..., 3:] / 255.0
    part = both[512 - len(smaller) :, 800 - smaller.shape[1] :]
    part[:] = smaller[..., :3] + part * (1 - alpha)
    both[:, :512] = one * cut + both[:, :512] * (1 - cut)
    picture = Picture(rgb=np.ascontiguousarray(both.astype(np.uint8)))
    first, second = (175.0, 62.0, 90.0, 118.0), (800 - 0.8 * 265, 102.0 + 0.8 * 62, 72.0, 94.0)
    found = matting.matte(picture, [_face(first), _face(second)])
    x, y, w, h = (int(v) for v in second)
    assert found[80:160, 190:250].min() > 0.95
    assert found[300:400, 100:180].min() > 0.95
    assert found[y : y + h, x : x + w].max() < 0.05
    assert found[y + 2 * h :, x : x + w].mean() < 0.1


def test_a_face_printed_on_the_chest_belongs_to_the_wearer() -> None:
    likely = np.ones((400, 300), np.float32)
    picture = np.full((400, 300, 3), 120, np.uint8)
    wearer, print_ = (100.0, 40.0, 100.0, 120.0), (140.0, 260.0, 24.0, 30.0)
    assert (parted(picture, likely, [wearer, print_]) == likely).all()
