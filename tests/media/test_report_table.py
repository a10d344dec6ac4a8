"""The report as a table: a row for everything judged, and no cell that a spreadsheet program would run."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from tests.media import made_reports as made

from samecast.core.consistency import Score, TakeScore
from samecast.core.report import Report
from samecast.media.report import Page
from samecast.media.report.tables import COLUMNS, safe


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u00a0=1", "\uff1d1", "\ufeff=1"]
)
def test_no_cell_is_a_formula(cell: str) -> None:
    assert safe(cell).startswith("'")


def test_other_cells_stay_as_they_are() -> None:
    assert [safe(cell) for cell in ("", "a=b", "take-1.mp4", "'")] == ["", "a=b", "take-1.mp4", "'"]


def rows_of(report: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(Page().csv(report), newline=""), strict=True))


def test_the_table_has_a_row_for_every_judged_frame_and_character() -> None:
    text = Page().csv(made.several())
    assert text.endswith("\r\n")
    assert text.count("\r\n") == text.count("\n")
    rows = rows_of(made.several())
    assert tuple(rows[0]) == COLUMNS
    kinds = [(row["file"], row["kind"], row["handle"]) for row in rows]
    assert kinds.count(("takes/night market.mp4", "clip", "mira")) == 32
    assert kinds.count(("takes/night market.mp4", "clip", "kai")) == 32
    assert kinds.count(("stills/cafe.png", "still", "mira")) == 1
    assert kinds.count(("takes/broken.mp4", "refused", "")) == 1
    assert len(rows) == 64 + 16 + 2 + 12 + 8 + 1


def test_the_table_says_what_was_measured_and_leaves_the_rest_empty() -> None:
    rows = rows_of(made.several())
    drifting = rows[15]
    expected = {"frame": "16", "seconds": "3.875", "timecode": "0:03", "shot": "2"}
    expected |= {"likeness": "0.0500", "holds": "no", "gap": "", "usual": "no"}
    assert {key: drifting[key] for key in expected} == expected
    assert float(drifting["yaw"]) < 0  # a number, not text with an apostrophe
    hidden = rows[24]
    assert (hidden["likeness"], hidden["holds"], hidden["gap"], hidden["yaw"]) == ("", "", "hidden", "")
    refused = rows[-1]
    assert refused["reason"].startswith("The file is damaged")
    assert refused["verdict"] == refused["likeness"] == ""


def test_a_clip_of_which_nothing_was_compared_still_has_its_row() -> None:
    score = Score(handle="mira", verdict="not_measurable", encoder="e", reason="The reference's own face is too small.")
    (row,) = rows_of(made.report(replace(made.holding(), frames=(), score=TakeScore(characters=(score,)))))
    assert (row["verdict"], row["likeness"], row["reason"]) == ("not_measurable", "", score.reason)
    assert score.reason in Page().html(
        made.report(replace(made.holding(), score=TakeScore(characters=(score,))))
    ).replace("&#39;", "'")


def test_the_table_holds_hostile_names_whole() -> None:
    path = '=HYPERLINK("http://x","y"),\n;\udcff.mp4'
    (row,) = rows_of(made.report(made.refused(path)))
    assert row["file"] == "'" + path.replace("\udcff", "\ufffd")


def test_the_columns_are_told_in_the_documents() -> None:
    told_there = (Path(__file__).resolve().parents[2] / "docs" / "report.md").read_text(encoding="utf-8")
    for column in COLUMNS:
        assert f"`{column}`" in told_there
