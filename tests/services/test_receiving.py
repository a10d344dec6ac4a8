"""Pictures that are handed in: what is kept of them, what is cut out, and the square around a face."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.cast import Region
from samecast.core.errors import BadMedia, InvalidInput, NotFound
from samecast.core.measurements import FaceBox
from samecast.media import LocalMedia
from samecast.ports import Picture, Pixels
from samecast.services import receiving
from samecast.services.receiving import Received, Receiving, square_around
from samecast.vision.faces import MediaPipeFaces


@pytest.fixture
def desk(tmp_path: Path) -> Receiving:
    return Receiving(media=LocalMedia(), folder=tmp_path / "incoming")


def png(rgb: Pixels) -> bytes:
    return LocalMedia().png(Picture(rgb=np.ascontiguousarray(rgb)))


def gradient(width: int = 200, height: int = 100) -> Pixels:
    across = np.linspace(0, 255, width, dtype=np.uint8)
    return np.stack([np.broadcast_to(across, (height, width))] * 3, axis=-1)


def test_what_is_kept_is_our_own_png_under_our_own_name(desk: Receiving) -> None:
    kept = desk.take_in(png(gradient()) + b"<script>")
    content = desk.path(kept.name).read_bytes()
    assert (kept.width, kept.height) == (200, 100)
    assert content.startswith(b"\x89PNG")
    assert b"<script>" not in content
    assert desk.at(kept.name) == kept


@pytest.mark.parametrize("name", ["", "../secret", "a" * 31, "A" * 32, "a" * 32])
def test_only_names_that_were_given_here_are_looked_up(desk: Receiving, name: str) -> None:
    with pytest.raises(NotFound):
        desk.path(name)


def test_what_is_no_picture_is_refused(desk: Receiving) -> None:
    with pytest.raises(BadMedia):
        desk.take_in(b"no picture")
    assert not list(desk.folder.glob("*.png"))


def test_a_part_is_cut_out_to_the_pixel_and_the_whole_stays(desk: Receiving) -> None:
    whole = desk.take_in(png(gradient()))
    part = desk.cropped(whole.name, Region(x=0.5, y=0.0, width=0.4, height=0.8))
    seen = LocalMedia().read_picture(desk.path(part.name)).rgb
    assert (part.width, part.height) == (80, 80)
    assert np.array_equal(seen, gradient()[:80, 100:180])
    assert desk.at(whole.name).width == 200


def test_transparency_is_cut_along(desk: Receiving) -> None:
    alpha = np.zeros((100, 200), np.uint8)
    alpha[:, 100:] = 255
    whole = desk.take_in(LocalMedia().png(Picture(rgb=np.ascontiguousarray(gradient()), alpha=alpha)))
    part = desk.cropped(whole.name, Region(x=0.25, y=0.0, width=0.5, height=1.0))
    seen = LocalMedia().read_picture(desk.path(part.name))
    assert seen.alpha is not None
    assert (seen.alpha[:, :50] == 0).all()
    assert (seen.alpha[:, 50:] == 255).all()


def test_too_small_a_part_is_refused(desk: Receiving) -> None:
    whole = desk.take_in(png(gradient()))
    with pytest.raises(InvalidInput, match="20 x 100"):
        desk.cropped(whole.name, Region(x=0.0, y=0.0, width=0.1, height=1.0))


def test_the_oldest_go_where_there_are_too_many(desk: Receiving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "MOST_KEPT", 3)
    kept = []
    for age in range(5):
        kept.append(desk.take_in(png(gradient())))
        os.utime(desk.path(kept[-1].name), (2_000_000_000 + age, 2_000_000_000 + age))
    assert {path.stem for path in desk.folder.glob("*.png")} == {one.name for one in kept[-3:]}


# --- faces ----------------------------------------------------------------------------------------------------------


def test_each_of_two_people_is_cut_out_without_the_other(tmp_path: Path, pixels: Pixels) -> None:
    desk = Receiving(media=LocalMedia(), folder=tmp_path / "incoming", faces=MediaPipeFaces())
    both = desk.take_in(png(np.concatenate([pixels, pixels[:, ::-1]], axis=1)))
    faces = desk.faces_in(both.name)
    assert len(faces) == 2
    for face, other in ((faces[0], faces[1]), (faces[1], faces[0])):
        part = desk.cropped(both.name, square_around(face, both.width, both.height, [other]))
        assert abs(part.width - part.height) <= 1
        assert len(desk.faces_in(part.name)) == 1


def test_nobody_looks_for_faces_where_nobody_can(desk: Receiving) -> None:
    assert desk.faces_in(desk.take_in(png(gradient())).name) == ()


@given(
    left=st.floats(-0.1, 0.9),
    top=st.floats(-0.1, 0.9),
    size=st.floats(0.02, 0.9),
    width=st.integers(64, 4000),
    height=st.integers(64, 4000),
    others=st.lists(st.tuples(st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.02, 0.3)), max_size=3),
)
def test_a_square_around_a_face_is_square_and_inside(
    left: float, top: float, size: float, width: int, height: int, others: list[tuple[float, float, float]]
) -> None:
    face = FaceBox(left=left, top=top, width=size, height=size)
    beside = [FaceBox(left=x, top=y, width=one, height=one) for x, y, one in others]
    part = square_around(face, width, height, beside)
    assert part.width * width == pytest.approx(part.height * height)
    assert part.x >= 0
    assert part.y >= 0
    assert part.x + part.width <= 1.0001
    assert part.y + part.height <= 1.0001


def test_a_square_holds_the_whole_head() -> None:
    face = FaceBox(left=0.45, top=0.3, width=0.1, height=0.15)
    part = square_around(face, 1000, 1000)
    assert part.x < face.left
    assert part.x + part.width > face.left + face.width
    assert part.y < face.top - 0.3 * face.height  # hair
    assert part.y + part.height > face.top + face.height


def test_a_square_is_drawn_in_where_another_face_is_near() -> None:
    face, near = (
        FaceBox(left=0.3, top=0.4, width=0.15, height=0.15),
        FaceBox(left=0.5, top=0.4, width=0.15, height=0.15),
    )
    alone, beside = square_around(face, 1000, 1000), square_around(face, 1000, 1000, [near])
    assert alone.x + alone.width > near.left
    assert beside.x + beside.width <= near.left + 0.001
    assert beside.x < face.left
    assert beside.x + beside.width > face.left + face.width


def test_received_says_its_size(desk: Receiving) -> None:
    kept = desk.take_in(png(gradient(5000, 100)))
    assert kept == Received(name=kept.name, width=4096, height=82)
