"""Contact sheets: every take is on it, the picked one is marked, and no text can break it."""

import numpy as np
import pytest

from samecast.core.errors import InvalidInput
from samecast.media.lettering import lettering, one_line
from samecast.media.sheets import GROUND, PICK, TONES, contact_sheet
from samecast.ports import Cell, Pixels

ASPECTS = {"9:16": (180, 320), "16:9": (320, 180), "1:1": (240, 240), "21:9": (420, 180)}
COLOURS = ((200, 30, 30), (30, 170, 40), (40, 60, 220), (190, 180, 40), (160, 40, 170), (30, 170, 180))


def flat(colour: tuple[int, int, int], size: tuple[int, int]) -> Pixels:
    frame = np.empty((size[1], size[0], 3), np.uint8)
    frame[:] = colour
    return frame


def take(*frames: Pixels, caption: tuple[str, ...] = ("Take 1",), picked: bool = False, tone: str = "neutral") -> Cell:
    return Cell(frames=frames, caption=caption, picked=picked, tone=tone)


def box_of(sheet: Pixels, colour: tuple[int, int, int], slack: int = 3) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the pixels of a colour."""
    rows, columns = np.nonzero((np.abs(sheet.astype(int) - colour) <= slack).all(axis=-1))
    assert len(rows), f"{colour} is not on the sheet"
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("takes", [1, 3, 4, 5])
def test_stills_of_any_shape_stand_whole_and_apart(aspect: str, takes: int) -> None:
    size = ASPECTS[aspect]
    cells = [take(flat(COLOURS[i], size), caption=(f"Take {i}", "same person 0.97")) for i in range(takes)]
    sheet = contact_sheet(cells, title="A shot", subtitle="its prompt").rgb
    boxes = [box_of(sheet, COLOURS[i]) for i in range(takes)]
    for left, top, right, bottom in boxes:
        assert (right - left) / (bottom - top) == pytest.approx(size[0] / size[1], rel=0.02)
        assert right - left >= 100
        assert tuple(sheet[top - 30 if top > 30 else 0, 5]) == GROUND
    for one in range(takes):
        for two in range(one):
            a, b = boxes[one], boxes[two]
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    assert sheet.shape[1] <= 2100


@pytest.mark.parametrize("aspect", ASPECTS)
def test_a_clip_is_a_row_of_its_frames_in_order(aspect: str) -> None:
    frames = tuple(flat(colour, ASPECTS[aspect]) for colour in COLOURS[:5])
    other = tuple(flat((90, 90, 90 + i), ASPECTS[aspect]) for i in range(5))
    cells = [take(*frames), take(*other)]
    sheet = contact_sheet(cells, title="A clip", subtitle="").rgb
    boxes = [box_of(sheet, colour) for colour in COLOURS[:5]]
    assert [box[0] for box in boxes] == sorted(box[0] for box in boxes)
    assert len({box[1] for box in boxes}) == 1
    assert box_of(sheet, (90, 90, 92), 0)[1] > boxes[0][3]


def test_only_the_picked_take_is_marked() -> None:
    def marked(picked: int | None) -> Pixels:
        cells = [take(flat(COLOURS[i], (240, 240)), caption=(f"Take {i}",), picked=i == picked) for i in range(3)]
        return contact_sheet(cells, title="A shot", subtitle="").rgb

    sheet = marked(1)
    mark, frame = box_of(sheet, PICK), box_of(sheet, COLOURS[1])
    assert mark[0] < frame[0] < frame[2] < mark[2]
    assert mark[1] < frame[1] < frame[3] < mark[3]
    assert box_of(sheet, COLOURS[0])[2] <= mark[0]
    assert mark[2] <= box_of(sheet, COLOURS[2])[0]
    assert not (np.abs(marked(None).astype(int) - PICK) <= 3).all(axis=-1).any()


@pytest.mark.parametrize("tone", ["good", "warn", "bad", "neutral"])
def test_the_verdict_has_its_tone(tone: str) -> None:
    cell = take(flat((9, 9, 9), (240, 240)), caption=("Take 1", "a verdict"), tone=tone)
    box_of(contact_sheet([cell], title="A", subtitle="").rgb, TONES[tone])


@pytest.mark.parametrize(
    "text",
    ["", "美玲 🙂", "مرحبا שלום", "a\n\t\0b", "\ud800", "\u202e!", "é" * 5000, "word " * 20_000, "e\u0301" * 300],
)
def test_no_text_breaks_a_sheet(text: str) -> None:
    cell = take(flat(COLOURS[0], (240, 240)), caption=(text, text, text), picked=True)
    sheet = contact_sheet([cell], title=text, subtitle=text)
    assert sheet.height < 1400
    box_of(sheet.rgb, COLOURS[0])


def test_long_lines_are_cut_to_fit() -> None:
    face = lettering().small
    line = face.fitted("a long line of many words " * 20, 300)
    assert line.endswith("…")
    assert 200 < face.width(line) <= 300
    assert face.fitted("short", 300) == "short"
    lines = face.wrapped("several words here " * 30, 300, most=3)
    assert len(lines) == 3
    assert all(face.width(each) <= 300 for each in lines)
    assert lines[-1].endswith("…")
    assert one_line(" a\n b\x00c ") == "a b c"


def test_a_thousand_takes_and_the_picked_last_one() -> None:
    frame = flat((60, 60, 60), (160, 90))
    cells = [take(frame, caption=(f"Take {i}",)) for i in range(999)]
    cells.append(take(flat(COLOURS[0], (160, 90)), caption=("Take 999",), picked=True))
    sheet = contact_sheet(cells, title="Many", subtitle="")
    assert max(sheet.width, sheet.height) <= 9000
    box_of(sheet.rgb, COLOURS[0])


def test_takes_of_other_shapes_and_tiny_ones() -> None:
    frames = (flat(COLOURS[0], (16, 16)), flat(COLOURS[1], (3000, 20)), flat(COLOURS[2], (7, 2000)))
    sheet = contact_sheet([take(*frames, caption=())], title="Odd", subtitle="").rgb
    for colour in COLOURS[:3]:
        box_of(sheet, colour)


def test_an_empty_sheet_is_refused() -> None:
    with pytest.raises(InvalidInput):
        contact_sheet([], title="", subtitle="")
