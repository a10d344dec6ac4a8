"""Reading an index and looking at its pictures: what is used, what is left out and counted, what is refused."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from samecast.core.encoders import EncoderEntry
from samecast.core.errors import BadMedia, InvalidInput
from samecast.ports import Doubt, Face, Floats, HeadPose, Picture, Pixels
from samecast.services.calibrating import Named, Sight, calibrate_faces, calibrate_subjects, read_index

ENTRY = EncoderEntry(name="tiny", version="1", kind="face", licence="CC0-1.0", about="")
NAMED = Named(entry=ENTRY, sha256="0" * 64)


class Made:
    """Media, face reader, matting and encoder in one: a picture's file says what is on it, as 'SUBJECT NUMBER WORD'.

    The subject's place on a line is its number; `WORD` is noface, small, nothing or bad. Yaw is 10 times the number of
    the picture.
    """

    def __init__(self) -> None:
        self.read: list[str] = []

    def read_picture(self, source: Path) -> Picture:
        self.read.append(source.name)
        subject, number, word = source.read_text().split()
        if word == "bad":
            raise BadMedia("not a picture")
        words = ["-", "noface", "small", "nothing"].index(word)
        return Picture(rgb=np.array([[[int(subject), int(number), words]]], np.uint8))

    def faces(self, rgb: Pixels) -> list[Face]:
        if rgb[0, 0, 2] == 1:
            return []
        pose = HeadPose(yaw=10.0 * rgb[0, 0, 1], pitch=0, roll=0)
        largest = Face(box=(0, 0, 9, 9), landmarks=np.zeros((478, 3), np.float32), pose=pose, score=1)
        return [largest, Face(box=(0, 0, 1, 1), landmarks=np.ones((478, 3), np.float32), pose=pose, score=1)]

    def matte(self, picture: Picture, faces: Sequence[Face]) -> Floats:
        return np.full((1, 1), picture.rgb[0, 0, 2] != 3, np.float32)

    def doubt(self, rgb: Pixels, face: Face) -> Doubt | None:
        return "small" if rgb[0, 0, 2] == 2 else None

    def encode(self, rgb: Pixels, where: Face | Floats) -> Floats:
        if isinstance(where, Face):
            assert where.box == (0, 0, 9, 9)
        elif not where.any():
            raise InvalidInput("No subject stands out.")
        spread = np.random.default_rng([int(rgb[0, 0, 0]), int(rgb[0, 0, 1])]).normal(0, 0.5)
        return np.array([rgb[0, 0, 0] + spread], np.float32)

    def distance(self, a: Floats, b: Floats) -> float:
        return float(abs(a[0] - b[0]))


@pytest.fixture
def made() -> Made:
    return Made()


@pytest.fixture
def sight(made: Made) -> Sight:
    return Sight(media=made, faces=made, matting=made)  # type: ignore[arg-type]


def index_of(folder: Path, rows: Sequence[tuple[int, int, str, str]], header: str = "path,subject_id,kind") -> Path:
    """An index of made pictures: (subject, number, word, kind)."""
    lines = [header]
    for subject, number, word, kind in rows:
        name = f"{subject}-{number}-{word}.png"
        (folder / name).write_text(f"{subject} {number} {word}")
        lines.append(f"{name},s{subject},{kind}")
    path = folder / "INDEX.csv"
    path.write_text("\n".join(lines))
    return path


def people(subjects: int = 11, pictures: int = 5, kind: str = "human") -> list[tuple[int, int, str, str]]:
    return [(subject, number, "-", kind) for subject in range(subjects) for number in range(pictures)]


def quietly(step: str, done: int, total: int) -> None:
    pass


def test_faces_are_measured_and_what_cannot_be_is_counted(tmp_path: Path, made: Made, sight: Sight):
    rows = [*people(), (50, 0, "noface", "human"), (50, 1, "small", ""), (51, 0, "bad", ""), (52, 0, "-", "animal")]
    path = index_of(tmp_path, rows)
    path.write_text(path.read_text() + "\n0-0--.png,,human")
    index = read_index(path)
    seen: list[tuple[str, int, int]] = []

    found = calibrate_faces(made, NAMED, index, sight, lambda step, done, total: seen.append((step, done, total)))

    figures = found.calibration.pooled.figures
    assert (found.used, figures.pictures, figures.identities) == (55, 55, 11)
    assert (figures.same_pairs, figures.different_pairs) == (110, 1375)
    assert dict(found.skipped) == {
        "no face found": 1,
        "face too small": 1,
        "not a picture": 1,
        "not of a person": 1,
        "without a subject_id": 1,
    }
    assert figures.index_sha256 == index.sha256
    assert found.calibration.sha256 == "0" * 64
    bands = [(band.up_to, band.pairs) for band in found.calibration.pooled.angles]
    assert bands == [(10, 44), (20, 33), (30, 22)]  # and 11 pairs at 40 degrees, too few to say
    assert (seen[0], seen[60]) == (("pictures", 0, 60), ("pictures", 60, 60))
    assert (seen[61], seen[-1]) == (("pairs", 0, 1485), ("pairs", 1484, 1485))


def test_it_can_be_stopped_at_any_picture(tmp_path: Path, made: Made, sight: Sight):
    index = read_index(index_of(tmp_path, people()))

    def stop(step: str, done: int, total: int) -> None:
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        calibrate_faces(made, NAMED, index, sight, stop)

    assert len(made.read) == 7


def test_subjects_are_paired_within_their_kind_only(tmp_path: Path, made: Made, sight: Sight):
    rows = people(kind="object") + [(100 + s, n, w, "animal") for s, n, w, _ in people(5, 3)]
    rows += [(90, 0, "-", "human"), (91, 0, "nothing", "object")]

    found = calibrate_subjects(made, NAMED, read_index(index_of(tmp_path, rows)), sight, quietly)

    pooled = found.calibration.pooled.figures
    assert (pooled.same_pairs, pooled.different_pairs) == (110 + 15, 1375 + 90)  # and none of an animal with an object
    assert dict(found.skipped) == {"of a person": 1, "no subject stands out": 1}
    assert [kind for kind, _ in found.calibration.kinds] == ["thing"]
    assert dict(found.calibration.kinds)["thing"].figures.different_pairs == 1375
    assert found.thin[0][0] == "animal"
    assert "Too few pairs" in found.thin[0][1]


def test_of_very_many_pairs_the_same_ones_are_drawn_each_time(tmp_path: Path, made: Made, sight: Sight, monkeypatch):
    monkeypatch.setattr("samecast.services.calibrating.MOST_PAIRS", 1100)
    index = read_index(index_of(tmp_path, people()))

    found = calibrate_faces(made, NAMED, index, sight, quietly)

    assert found.calibration.pooled.figures.different_pairs == 1100
    assert found.calibration.pooled.figures.same_pairs == 110
    assert found == calibrate_faces(made, NAMED, index, sight, quietly)
    assert found.calibration.pooled.figures.auc > 0.9


def test_an_index_without_kinds_is_of_one_kind(tmp_path: Path, made: Made, sight: Sight):
    path = index_of(tmp_path, people())
    path.write_text("\n".join(line.rsplit(",", 1)[0] for line in path.read_text().splitlines()))

    found = calibrate_subjects(made, NAMED, read_index(path), sight, quietly)

    assert found.calibration.pooled.figures.different_pairs == 1375
    assert (found.calibration.kinds, found.thin) == ((), ())


def test_other_columns_a_mark_at_the_start_and_empty_lines_do_no_harm(tmp_path: Path):
    (tmp_path / "a.png").write_text("")
    (tmp_path / "b, c.png").write_text("")
    path = tmp_path / "INDEX.csv"
    path.write_bytes('\ufeffnote,subject_id,path\n"x, y", s1 ,a.png\n\nz,s2,"b, c.png"\n'.encode())

    rows = read_index(path).rows

    assert [(row.path.name, row.subject, row.kind) for row in rows] == [("a.png", "s1", None), ("b, c.png", "s2", None)]
    assert rows[0].path.parent == tmp_path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path,kind\na.png,human", "no column 'subject_id'"),
        ("", "no column 'path'"),
        ("path,subject_id\n", "no rows"),
        ("path,subject_id\na.png,x\na.png,x", "one subject only"),
        ("path,subject_id\na.png,x\nnone.png,y", "none.png, which is not there"),
        ("path,subject_id\nn1.png,x\nn2.png,y\nn3.png,y", "n1.png and 2 more, which is not there"),
        ("path,subject_id\na.png,x\n,y", "line 3 has no path"),
        ("path,subject_id\na.png,x\na.png,", "one subject only"),
        ('path,subject_id\n"a.png', "not a table in CSV"),
    ],
)
def test_an_index_that_cannot_be_used_is_one_clear_line(tmp_path: Path, text: str, said: str):
    (tmp_path / "a.png").write_text("")
    path = tmp_path / "INDEX.csv"
    path.write_text(text)

    with pytest.raises(InvalidInput, match=said) as caught:
        read_index(path)

    assert "\n" not in str(caught.value)


def test_what_is_no_index_at_all_is_one_clear_line(tmp_path: Path):
    (tmp_path / "INDEX.csv").write_bytes(b"path,subject_id\n\xff\xfe,x")
    for path in (tmp_path / "none.csv", tmp_path, tmp_path / "INDEX.csv"):
        with pytest.raises(InvalidInput) as caught:
            read_index(path)
        assert "\n" not in str(caught.value)


def test_too_few_pictures_are_one_clear_line(tmp_path: Path, made: Made, sight: Sight):
    index = read_index(index_of(tmp_path, people(6, 4)))

    with pytest.raises(InvalidInput, match="Too few pairs of different subjects") as caught:
        calibrate_faces(made, NAMED, index, sight, quietly)

    assert "\n" not in str(caught.value)
