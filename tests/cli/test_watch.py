"""The board says what there is to see in whatever room it has; watching ends with the shots and stops none of them."""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace

import pytest
import typer
from rich.console import Console

from samecast.cli.board import HINT, board
from samecast.cli.watch import TROUBLE, Vigil, changes, last_words, watch
from samecast.core.errors import StorageFailed
from samecast.core.story import Goal
from samecast.ports.watching import SeenShot, SeenState, SeenTake, SeenWorker, Sight
from samecast.services.watching import sight_document


def take(number: int, state: SeenState = "waiting", **more: object) -> SeenTake:
    return SeenTake(id=f"t{number}", number=number, state=state, **more)  # type: ignore[arg-type]


def shot(shot_id: str, *takes: SeenTake, **more: object) -> SeenShot:
    given = {"prompt": f"@mira, {shot_id}", "model": "storyboard", "queue": "cpu", "state": "running", "round": 1}
    return SeenShot(id=shot_id, takes=takes, **{**given, **more})  # type: ignore[arg-type]


ANN = SeenWorker(id="1", name="ann", machine="studio", queues=("cpu",), draining=False, takes=2)
BOB = SeenWorker(id="2", name="bob", machine="render-07", queues=("cpu", "gpu"), draining=True, takes=0)
DONE = take(1, "done", verdict="match", worst=0.93)
BUSY = shot(
    "busy",
    DONE,
    take(2, "done", verdict="drift", worst=0.41),
    take(3, "running", worker="ann", step="render", share=0.62),
    take(4, "running", worker="ann", step="score", share=0.9),
    take(5),
    round=2,
    goal=Goal(until=0.9, enough=1),
    spent=240_000,
    worst=0.41,
    seconds_left=130.0,
)
IDLE = shot("idle", take(1), take(2), queue="kling", model="kling-2")
BROKEN = shot("broken", take(1, "failed", error="The model refused."), take(2, "done", verdict="missing"), take(3))
PICKING = shot("picking", DONE, worst=0.93)
ENDED = shot("ended", DONE, state="done", picked=1, why="Take 1: @mira holds best.", worst=0.93, spent=40_000)
CANCELLED = shot("cancelled", take(1), state="cancelled")
ALL = Sight(shots=(IDLE, PICKING, BROKEN, BUSY, ENDED, CANCELLED), workers=(ANN, BOB))


def drawn(sight: Sight, width: int = 80, height: int = 24, *, trouble: str = "", encoding: str = "utf-8") -> list[str]:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(width=width, height=height, file=file, legacy_windows=False, _environ={})
    with console.capture() as capture:
        console.print(board(sight, trouble=trouble))
    return [line.rstrip() for line in capture.get().splitlines()]


def row(rows: Sequence[str], part: str) -> str:
    """The one row that has this in it."""
    (found,) = [line for line in rows if part in line]
    return found


# --- the board --------------------------------------------------------------------------------------------------


def test_the_board_shows_every_state():
    rows = drawn(ALL, height=40)
    assert "2 running · 2 waiting · 2 ended" in rows[0]
    assert rows[0].endswith("2 workers · 2 in hand")
    counts = rows[rows.index(row(rows, "@mira, busy")) + 1]
    assert "●◐▸▸·" in counts
    assert "2 of 5 done · round 2" in counts
    assert counts.endswith("worst 0.41 of 0.90  $0.24  about 3 min left")
    bar = row(rows, "take 3")
    assert "render" in bar
    assert "62%" in bar
    assert bar.endswith("ann")
    assert bar.count("━") + 1 == row(rows, "take 4").count("━") + 1 > 30, "bars are as long as each other"
    assert "no worker for kling" in row(rows, "0 of 2 done")
    assert "1 failed" in row(rows, "!✕·")
    assert "The model refused." in row(rows, "! take 1")
    assert row(rows, "1 of 1 done").endswith("picking")
    assert row(rows, "@mira, ended").endswith("take 1  0.93  $0.04")
    assert row(rows, "@mira, cancelled").endswith("cancelled")
    assert row(rows, "ann  studio").endswith("2 in hand")
    assert row(rows, "bob  render-07  cpu gpu").endswith("leaving")
    assert rows[-1] == HINT


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("height", [4, 6, 8, 12, 15, 16, 24, 60])
def test_the_board_fits_in_any_room(width: int, height: int):
    many = [replace(BUSY, id=f"shot{n}", prompt="東京" * 60) for n in range(7)]
    for sight in (ALL, Sight(shots=(*many, ENDED), workers=(ANN, BOB) * 6), Sight(shots=(), workers=())):
        rows = drawn(sight, width, height)
        assert len(rows) <= height
        assert max(Console().render_str(line, markup=False).cell_len for line in rows) <= width
        assert HINT.startswith(rows[-1].rstrip("…"))


def test_on_twelve_rows_the_shots_in_hand_come_first_and_in_full():
    rows = drawn(ALL, height=12)
    assert len(rows) == 12
    assert "@mira, busy" in rows[1]
    assert "take 3" in rows[3]
    assert "take 4" in rows[4]
    shown = [
        next(name for name in ("picking", "broken", "idle") if f"@mira, {name}" in line)
        for line in rows[5:-2]
        if "@mira" in line
    ]
    assert shown == ["picking", "broken", "idle"]


def test_what_does_not_fit_is_counted():
    rows = drawn(Sight(shots=tuple(replace(IDLE, id=f"s{n}") for n in range(20)), workers=(ANN,)), height=10)
    assert sum("@mira" in line for line in rows) == 6
    assert row(rows, "more that run or wait").startswith("… and 14 more")


def test_many_takes_in_hand_are_counted_too():
    busy = shot("s1", *(take(n, "running", worker="ann", step="render", share=0.5) for n in range(1, 31)))
    rows = drawn(Sight(shots=(busy,), workers=(ANN,)), height=12)
    bars = sum("50%" in line for line in rows)
    assert row(rows, " more").strip() == f"… and {30 - bars} more"
    assert "14+▸" in row(rows, "0 of 30 done")


def test_a_terminal_without_such_letters_gets_plain_ones():
    rows = drawn(replace_prompts(ALL), encoding="ascii")
    assert "*~>>." in row(rows, "2 of 5 done")
    assert all(line.isascii() for line in rows)


def replace_prompts(sight: Sight) -> Sight:
    return replace(sight, shots=tuple(replace(each, prompt="@mira walks") for each in sight.shots))


def test_a_prompt_can_neither_break_a_row_nor_command_the_terminal():
    odd = replace(BUSY, prompt="one\ntwo\x1b[2J [bold]three[/]")
    rows = drawn(Sight(shots=(odd,), workers=()))
    assert "one two\ufffd[2J [bold]three[/]" in row(rows, "busy")
    assert "\x1b" not in "".join(rows)


def test_nobody_there_says_what_to_do():
    rows = drawn(Sight(shots=(), workers=()), height=12)
    assert "samecast shoot PROMPT" in rows[1]
    rows = drawn(Sight(shots=(IDLE,), workers=()), height=12)
    assert rows[0].endswith("no worker is there")
    assert "samecast worker" in "".join(rows)


# --- watching ---------------------------------------------------------------------------------------------------


class Scripted:
    """Answers one look after another; past the last, it stays as it is. An error in the script is raised."""

    def __init__(self, *looks: Sight | Exception) -> None:
        self.looks = list(looks)
        self.asked: list[tuple[str, ...]] = []

    def look(self, shot_ids: Sequence[str] = ()) -> Sight:
        self.asked.append(tuple(shot_ids))
        found = self.looks[0] if len(self.looks) == 1 else self.looks.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def preview(self, take_id: str) -> bytes | None:
        return None


def in_a_row(limit: int = 50) -> Callable[[float], None]:
    """No waiting between looks, and no more of them than a test can mean."""
    left = [limit]

    def pause(seconds: float) -> None:
        left[0] -= 1
        assert left[0] > 0, "it never ends"

    return pause


def vigil(watching: Scripted, *asked: str, stay: bool = False, pause: Callable[[float], None] | None = None) -> Vigil:
    return Vigil(watching=watching, asked=asked, stay=stay, pause=pause or in_a_row())


def sights(*shots: SeenShot) -> Sight:
    return Sight(shots=shots, workers=(ANN,))


NOW_DONE = replace(BUSY, state="done", picked=1, why="Take 1: @mira holds best.", takes=BUSY.takes[:2])


@pytest.mark.parametrize("terminal", [True, False])
def test_it_ends_when_the_named_shots_have_ended(terminal: bool):
    watching = Scripted(sights(BUSY), StorageFailed("gone"), sights(BUSY), sights(NOW_DONE))
    console = Console(width=80, height=12, file=io.StringIO(), force_terminal=terminal, _environ={})
    over = vigil(watching, "busy").keep(console)
    assert over == (NOW_DONE,)
    assert set(watching.asked) == {("busy",)}
    assert len(watching.asked) == 4
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert TROUBLE in text
    if terminal:
        assert text.startswith("\x1b[?1049h"), "the terminal's other screen"
        assert "\x1b[?1049l" in text
        assert "\x1b[2J" not in text, "nothing is wiped, so nothing flickers"


def test_unasked_it_ends_when_nothing_runs_and_remembers_what_ran():
    second = replace(NOW_DONE, id="second")
    watching = Scripted(sights(BUSY), sights(NOW_DONE, replace(BUSY, id="second")), sights(second), sights(NOW_DONE))
    over = vigil(watching).keep(Console(file=io.StringIO()))
    assert [each.id for each in over] == ["busy", "second"]
    assert watching.asked == [(), (), (), ("busy",)]


def test_asked_to_stay_it_stays():
    class EnoughError(Exception):
        pass

    looks = 0

    def pause(seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            raise EnoughError

    with pytest.raises(EnoughError):
        vigil(Scripted(sights(ENDED)), "ended", stay=True, pause=pause).keep(Console(file=io.StringIO()))


def test_a_library_that_was_never_reached_is_an_error_at_once():
    with pytest.raises(StorageFailed):
        vigil(Scripted(StorageFailed("no such host"))).keep(Console(file=io.StringIO()))


def test_the_last_words_are_a_line_a_shot():
    console = Console(width=80, file=io.StringIO())
    last_words(console, (ENDED, CANCELLED))
    first, second = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert first == "ended  ●  @mira, ended  take 1  0.93  $0.04"
    assert second.endswith("cancelled")


def test_changes_are_told_once_and_in_words():
    first, later = sights(BUSY), Sight(shots=(NOW_DONE,), workers=(BOB,))
    assert list(changes(None, first)) == ["busy running: 2 of 5 takes done", "worker ann is here for cpu"]
    assert list(changes(first, first)) == []
    more = replace(
        BUSY,
        round=3,
        takes=(
            *BUSY.takes[:2],
            take(3, "done", verdict="not_measurable"),
            take(4, "failed", error="No."),
            take(5, "running", worker="bob"),
            take(6),
        ),
    )
    assert list(changes(first, Sight(shots=(more,), workers=(replace(ANN, draining=True),)))) == [
        "busy round 3: 1 more to make",
        "busy take 3 done: not measurable",
        "busy take 4 failed: No.",
        "busy take 5 in hand of bob",
        "worker ann takes no more",
    ]
    assert list(changes(first, later)) == [
        "busy done: Take 1: @mira holds best.",
        "worker bob is here for cpu, gpu",
        "worker ann is gone",
    ]


# --- the command ------------------------------------------------------------------------------------------------


def command(watching: Scripted, *arguments: str) -> int:
    """As the terminal calls it, with a studio that only has what watching needs."""
    app = typer.Typer()
    app.command()(watch)
    opened = SimpleNamespace(watching=watching, close=lambda: None)
    left = typer.main.get_command(app).main(args=list(arguments), obj=lambda: opened, standalone_mode=False)
    return left if isinstance(left, int) else 0


def test_without_a_terminal_changes_are_lines_and_the_status_is_0(capsys: pytest.CaptureFixture[str]):
    assert command(Scripted(sights(ENDED)), "ended") == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("ended")


def test_json_is_one_look_as_one_document(capsys: pytest.CaptureFixture[str]):
    assert command(Scripted(ALL), "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document == json.loads(json.dumps(sight_document(ALL)))
    (busy,) = [each for each in document["shots"] if each["shot"] == "busy"]
    assert busy["spent"] == 0.24
    assert busy["takes"][2] == {
        "id": "t3",
        "number": 3,
        "state": "running",
        "worker": "ann",
        "step": "render",
        "share": 0.62,
        "verdict": None,
        "worst": None,
        "error": None,
    }
    assert document["workers"][1]["draining"] is True


def test_ctrl_c_says_that_the_shots_go_on(capsys: pytest.CaptureFixture[str]):
    class Interrupted(Scripted):
        def look(self, shot_ids: Sequence[str] = ()) -> Sight:
            if self.asked:
                raise KeyboardInterrupt
            return super().look(shot_ids)

    status = command(Interrupted(sights(BUSY)), "busy")
    assert status == 130
    assert "the shots go on. See them again with: samecast shots watch busy" in capsys.readouterr().err
