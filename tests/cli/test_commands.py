"""The command line as scripts and people meet it: its JSON, its exit status, its one-line errors. Real parts only."""

import json
import os
import shutil
import signal
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import Outcome, Samecast

from samecast.cli import run
from samecast.media import LocalMedia
from samecast.wiring import open_studio, sample_picture

RULES = ["pose", "eyes", "lighting", "sharpness", "resolution", "subject", "anchors"]


@pytest.fixture
def samecast(home: Path, capsys: pytest.CaptureFixture[str]) -> Samecast:
    def call(*arguments: object) -> Outcome:
        status = run(open_studio, [str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Outcome(status, said.out, said.err)

    return call


@pytest.fixture
def eileen(samecast: Samecast) -> Samecast:
    added = samecast("cast", "add", sample_picture("astronaut.png"), "--name", "Eileen")
    assert added.status == 0
    return samecast


def one_clear_line(outcome: Outcome) -> str:
    """An error as promised: status 1, nothing on stdout, one line on stderr without a traceback, with advice."""
    assert outcome.status == 1, outcome
    assert outcome.out == ""
    lines = [line for line in outcome.err.splitlines() if line.strip()]
    assert len(lines) == 1, lines
    assert lines[0].startswith("samecast: ")
    assert "Traceback" not in outcome.err
    assert lines[0].count(".") >= 2 or ":" in lines[0][10:], lines[0]
    return lines[0]


def test_the_cast_from_add_to_remove(samecast: Samecast):
    picture = sample_picture("astronaut.png")
    added = samecast(
        "cast", "add", picture, "--name", "Eileen", "--tag", "crew", "--anchor", "scar on the chin", "--json"
    )
    assert added.status == 0
    assert {key: added.document[key] for key in ("handle", "name", "version")} == {
        "handle": "eileen",
        "name": "Eileen",
        "version": 1,
    }
    assert [rule["rule"] for rule in added.document["grade"]["rules"]] == RULES
    assert samecast("cast", "list", "--json").document["characters"][0]["handle"] == "eileen"
    edited = samecast("cast", "edit", "@eileen", "--description", "a pilot", "--json")
    assert edited.document["version"] == 2
    shown = samecast("cast", "show", "@eileen", "--json").document
    assert (shown["description"], shown["tags"], len(shown["versions"])) == ("a pilot", ["crew"], 2)
    assert "a pilot" in samecast("cast", "show", "eileen").out
    assert samecast("cast", "remove", "@eileen").status == 0
    assert samecast("cast", "list", "--json").document == {"characters": []}


def test_a_grade_with_its_overlay(samecast: Samecast, home: Path):
    graded = samecast("cast", "grade", sample_picture("astronaut.png"), "--overlay", home / "over.png", "--json")
    assert graded.status == 0
    assert graded.document["verdict"] in ("strong", "usable", "weak", "unusable")
    for rule in graded.document["rules"]:
        assert rule["verdict"] in ("pass", "warn", "fail", "unknown")
        assert rule["advice"]
    over = np.asarray(Image.open(home / "over.png").convert("RGB")).astype(int)
    assert over.shape[0] >= 512
    assert over.shape[1] >= 512


def test_a_cat_gets_the_rules_that_apply_and_unknown_for_the_rest(samecast: Samecast):
    graded = samecast("cast", "grade", sample_picture("chelsea.png"), "--json").document
    verdicts = {rule["rule"]: rule["verdict"] for rule in graded["rules"]}
    assert verdicts["pose"] == verdicts["eyes"] == verdicts["lighting"] == "unknown"
    assert verdicts["sharpness"] != "unknown"
    assert verdicts["resolution"] != "unknown"


def test_an_audition_names_its_strongest(samecast: Samecast, home: Path):
    blurred = home / "blurred.png"
    Image.open(sample_picture("astronaut.png")).resize((100, 100)).resize((512, 512)).save(blurred)
    ranked = samecast("cast", "audition", blurred, sample_picture("astronaut.png"), "--json").document["candidates"]
    assert [Path(entry["path"]).name for entry in ranked] == ["astronaut.png", "blurred.png"]


def test_the_portrait_formula_on_the_command_line(samecast: Samecast):
    built = samecast("cast", "prompt", "-c", "a cyber samurai woman, mid-30s", "--hair", "long black hair", "--json")
    assert built.document["prompt"].startswith("Cinematic medium portrait of a cyber samurai woman")
    assert "expression" in " ".join(built.document["missing"])


def test_shooting_scoring_and_shooting_again_like_it(eileen: Samecast, home: Path):
    shot = eileen(
        "shoot", "Slow push in on @eileen in a forest at dawn, 1:1", "--takes", 2, "--seconds", 0.5,
        "--seed", 3, "--out", home / "out", "--json", "--explain",
    )  # fmt: skip
    assert shot.status == 0, shot.err
    document = shot.document
    assert document["model"] == "storyboard"
    assert document["brief"]["place"].startswith("forest")
    assert document["picked"] in [take["id"] for take in document["takes"]]
    for take in document["takes"]:
        score = take["score"]["characters"][0]
        assert score["verdict"] == "match"
        assert 0.5 < score["p_same"] <= 1
        assert 0 < score["worst"] <= 1
        assert score["encoder"]
        assert score["composited"] is True
    assert sorted(path.name for path in (home / "out").iterdir()) == [
        "contact-sheet.png", "shot.json", "take-1.mp4", "take-2.mp4",
    ]  # fmt: skip
    clip = home / "out" / "take-2.mp4"
    Image.new("RGB", (640, 480), (90, 110, 130)).save(home / "nobody.png")
    files = [clip, home / "nobody.png", sample_picture("chelsea.png")]
    scored = eileen("score", "@eileen", *files, "--json").document["files"]
    assert [Path(entry["path"]).name for entry in scored] == ["take-2.mp4", "nobody.png", "chelsea.png"]
    assert [entry["verdict"] for entry in scored[:2]] == ["match", "missing"]
    assert scored[2]["verdict"] in ("missing", "not_measurable")
    assert scored[1]["p_same"] is scored[2]["p_same"] is None
    again = eileen("shoot", "--like", clip, "--out", home / "again", "--json")
    assert again.status == 0, again.err
    assert Path(again.document["takes"][0]["path"]).read_bytes() == clip.read_bytes()


def test_one_unreadable_file_does_not_lose_the_scores_of_the_others(eileen: Samecast, home: Path):
    (home / "broken.png").write_text("no picture")
    scored = eileen("score", "@eileen", home / "broken.png", sample_picture("astronaut.png"), "--json")
    assert scored.status == 1
    assert [entry["verdict"] for entry in scored.document["files"]] == ["not_measurable", "match"]
    assert "broken.png" in scored.document["files"][0]["reason"]
    assert "1 of 2" in scored.err
    one_clear_line(eileen("score", "@eileen", home / "broken.png", "--json"))


def test_a_report_is_one_page_without_network_and_a_table_beside_it(eileen: Samecast, home: Path):
    page, table = home / "report.html", home / "table.csv"
    files = [sample_picture("astronaut.png"), sample_picture("chelsea.png")]
    outcome = eileen("score", "@eileen", *files, "--report", page, "--csv", table, "--json")
    assert outcome.document["match_rate"].startswith("1/2 = 50% (95% CI 9-91), FAR ")
    html = page.read_text(encoding="utf-8")
    assert "astronaut.png" in html
    assert "data:image/jpeg;base64," in html
    assert "http://" not in html.replace("http://www.w3.org/", "")
    assert "https://" not in html
    rows = table.read_text(encoding="utf-8").splitlines()
    assert rows[0].startswith("file,kind,handle,verdict")
    assert len(rows) == 3


def test_several_characters_are_scored_at_once(eileen: Samecast, home: Path):
    eileen("cast", "add", sample_picture("chelsea.png"), "--name", "Tom", "--description", "a ginger cat")
    document = eileen("score", "@eileen", "@tom", sample_picture("astronaut.png"), "--json").document
    assert document["handles"] == ["eileen", "tom"]
    (entry,) = document["files"]
    assert entry["handle"] == "eileen"
    assert [(score["handle"], score["verdict"]) for score in entry["characters"]] == [
        ("eileen", "match"),
        ("tom", "drift"),
    ]
    assert entry["characters"][1]["kind"] == "animal"
    assert "file" in one_clear_line(eileen("score", "@eileen", "@tom"))


def test_an_unknown_place_is_drawn_plainly_and_said(eileen: Samecast, home: Path):
    shot = eileen("shoot", "@eileen inside a cathedral", "--takes", 1, "--out", home / "out", "--json")
    assert shot.status == 0
    assert "cathedral" in " ".join(shot.document["takes"][0]["notes"])
    assert "cathedral" in shot.err


def test_the_lint_offers_the_shorter_prompt(eileen: Samecast, home: Path):
    eileen("cast", "edit", "@eileen", "--anchor", "orange launch suit")
    shot = eileen("shoot", "@eileen, a woman in an orange launch suit, in a bar", "--takes", 1, "--out", home / "out")
    assert "shorter" in shot.err
    shorter = next(line for line in shot.err.splitlines() if line.startswith("shorter"))
    assert "orange" not in shorter
    assert "@eileen" in shorter
    assert "in a bar" in shorter


@pytest.mark.parametrize(
    "arguments",
    [
        ["shoot", ""],
        ["shoot", "@mira in a bar"],
        ["shoot", "[MIRA] in a bar"],
        ["shoot", "@eileen", "--takes", "0"],
        ["shoot", "@eileen", "--takes", "10000"],
        ["shoot", "@eileen", "--aspect", "1:900"],
        ["shoot", "@eileen", "--model", "sora"],
        ["shoot", "x" * 100_000],
        ["shoot", "--like", "absent.mp4"],
        ["cast", "show", "@nobody"],
        ["cast", "remove", "@nobody"],
        ["cast", "add", "absent.png", "--name", "X"],
        ["cast", "add", ".", "--name", "X"],
        ["score", "@eileen", "absent.mp4"],
        ["score", "@nobody", "absent.mp4"],
        ["models", "show", "sora"],
        ["shots", "resume", "absent"],
    ],
)
def test_what_cannot_be_done_is_one_clear_line(eileen: Samecast, arguments: list[str]):
    one_clear_line(eileen(*arguments))


@pytest.mark.parametrize("arguments", [["nope"], ["shoot"], ["shoot", "x", "--image", "--video"], ["cast", "add"]])
def test_wrong_usage_is_status_2(samecast: Samecast, arguments: list[str]):
    outcome = samecast(*arguments)
    assert outcome.status == 2
    assert outcome.out == ""


@pytest.mark.parametrize("handle", ["image1", "Mira!", "x" * 16, "../../etc"])
def test_handles_that_cannot_be_are_refused(samecast: Samecast, handle: str):
    one_clear_line(samecast("cast", "add", sample_picture("astronaut.png"), "--name", "M", "--handle", handle))
    assert samecast("cast", "list", "--json").document == {"characters": []}


def test_a_taken_handle_is_refused_and_the_first_stays(eileen: Samecast):
    one_clear_line(eileen("cast", "add", sample_picture("chelsea.png"), "--name", "Eileen"))
    assert eileen("cast", "show", "eileen", "--json").document["references"][0]["width"] == 512


@pytest.mark.parametrize("kind", ["truncated", "zero", "text", "svg", "huge", "gif", "clip"])
def test_bad_pictures_are_one_clear_line(samecast: Samecast, home: Path, kind: str):
    good = sample_picture("astronaut.png").read_bytes()
    path = home / "ünï ✨.png"
    match kind:
        case "truncated":
            path.write_bytes(good[: len(good) // 3])
        case "zero":
            path.write_bytes(b"")
        case "text":
            path.write_text("I am no picture")
        case "svg":
            path.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
        case "huge":
            header = bytearray(good[:33])
            header[16:24] = (30_000).to_bytes(4, "big") * 2
            header[29:33] = zlib.crc32(bytes(header[12:29])).to_bytes(4, "big")
            path.write_bytes(bytes(header) + good[33:])
        case "gif":
            frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue")]
            frames[0].save(path, format="GIF", save_all=True, append_images=frames[1:])
        case "clip":
            path = home / "clip.mp4"
            make_clip(path)
    line = one_clear_line(samecast("cast", "add", path, "--name", "Mira"))
    assert path.name in line
    assert samecast("cast", "list", "--json").document == {"characters": []}


def make_clip(path: Path) -> None:
    LocalMedia().write_clip(path, (np.full((64, 64, 3), 90, np.uint8) for _ in range(8)), fps=24)


@pytest.mark.parametrize("mode", ["CMYK", "P", "L", "I;16", "RGBA", "rotated"])
def test_unusual_pictures_that_can_be_used_are_used(samecast: Samecast, home: Path, mode: str):
    picture = Image.open(sample_picture("astronaut.png"))
    path = home / "unusual.tiff"
    match mode:
        case "I;16":
            grey = np.asarray(picture.convert("L")).astype(np.uint16) * 257
            Image.fromarray(grey).save(path)
        case "rotated":
            path = home / "unusual.jpg"
            exif = Image.Exif()
            exif[0x0112] = 6
            picture.rotate(90, expand=True).save(path, exif=exif, quality=95)
        case _:
            picture.convert(mode).save(path)
    added = samecast("cast", "add", path, "--name", "Mira", "--json")
    assert added.status == 0, added.err
    pose = next(rule for rule in added.document["grade"]["rules"] if rule["rule"] == "pose")
    assert pose["verdict"] == "pass"
    assert abs(pose["measured"]["roll"]) < 15


def test_a_full_disk_is_told_and_leaves_nothing_half_written(eileen: Samecast, home: Path):
    mount = home / "small"
    mount.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", str(mount)], capture_output=True)
    if made.returncode:
        pytest.skip("no small file system can be mounted here")
    try:
        shot = eileen("shoot", "@eileen in a bar", "--takes", 1, "--out", mount / "out")
        assert shot.status == 1
        assert "full" in shot.err.lower() or "space" in shot.err.lower()
        assert not list(mount.rglob("*.png"))
    finally:
        subprocess.run(["umount", str(mount)], check=True)
    kept = eileen("shots", "list", "--json").document["shots"][0]
    assert kept["takes"][0]["state"] == "done"


def test_two_processes_may_share_a_home(eileen: Samecast, home: Path):
    code = "import sys; from samecast.wiring import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "cast", "add", str(sample_picture("chelsea.png")), "--handle"]
    env = {**os.environ, "SAMECAST_HOME": str(home / "home")}
    started = [
        subprocess.Popen(
            [*command, handle, "--name", "Cat"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        for handle in ("cat_a", "cat_b")
    ]
    for process in started:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said.decode()
    handles = [entry["handle"] for entry in eileen("cast", "list", "--json").document["characters"]]
    assert handles == ["cat_a", "cat_b", "eileen"]


def test_ctrl_c_keeps_finished_takes_and_the_shot_goes_on(eileen: Samecast, home: Path):
    code = "import sys; from samecast.wiring import main; main(sys.argv[1:])"
    out = home / "out"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "shoot", "@eileen in a bar", "--takes", "4", "--seed", "1", "--out", str(out)],
        env={**os.environ, "SAMECAST_HOME": str(home / "home")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        # Who runs the tests in the background has Ctrl-C ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    first = process.stderr.readline().decode()
    while "take 1" not in first:
        assert first, "the shot ended before its first take"
        first = process.stderr.readline().decode()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert b"shots resume" in said
    assert b"Traceback" not in said
    made = sorted(path.name for path in out.iterdir())
    assert "take-1.png" in made
    assert json.loads((out / "shot.json").read_text())["takes"][1]["state"] == "waiting"
    for name in set(made) - {"shot.json"}:
        with Image.open(out / name) as whole:
            assert whole.convert("RGB").size == (1280, 1280)
    kept = (out / "take-1.png").read_bytes()
    shot = eileen("shots", "list", "--json").document["shots"][0]
    resumed = eileen("shots", "resume", shot["shot"], "--json")
    assert resumed.status == 0, resumed.err
    assert [take["state"] for take in resumed.document["takes"]] == ["done"] * 4
    assert (out / "take-1.png").read_bytes() == kept


def test_doctor_really_looks(samecast: Samecast):
    outcome = samecast("doctor", "--json")
    names = {check["name"]: check["well"] for check in outcome.document["checks"]}
    assert set(names) == {"library", "disk", "faces", "identity", "looks", "drawing", "video"}
    assert names["faces"]
    assert names["video"]


def test_a_home_that_is_a_file_is_one_clear_line(samecast: Samecast, home: Path, monkeypatch: pytest.MonkeyPatch):
    shutil.rmtree(home / "home", ignore_errors=True)
    (home / "home").write_text("a file")
    one_clear_line(samecast("cast", "list"))
    assert (home / "home").read_text() == "a file"
