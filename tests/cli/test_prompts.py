"""`samecast prompts` as scripts and people meet it. Real parts only."""

from pathlib import Path

import pytest
from PIL import Image
from tests.cli.conftest import Outcome, Samecast

from samecast.cli import run
from samecast.wiring import open_studio, sample_picture


@pytest.fixture
def samecast(home: Path, capsys: pytest.CaptureFixture[str]) -> Samecast:
    def call(*arguments: object) -> Outcome:
        status = run(open_studio, [str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Outcome(status, said.out, said.err)

    return call


def test_the_list_as_a_document(samecast: Samecast):
    listed = samecast("prompts", "list", "--json")
    assert listed.status == 0
    prompts = listed.document["prompts"]
    assert len(prompts) >= 36
    assert {prompt["genre"] for prompt in prompts} == {genre["id"] for genre in listed.document["genres"]}
    first = prompts[0]
    assert first["kind"] == "portrait"
    assert first["formula"].startswith("Cinematic medium portrait of a private investigator")
    assert first["slots"]["anchors"] == [
        "thin vertical scar through the left eyebrow",
        "white streak over the right temple",
    ]
    assert first["negative_optional"] is True
    assert (first["aspect"], first["seconds"]) == ("1:1", None)


def test_the_list_narrowed(samecast: Samecast):
    def ids(*arguments: str) -> list[str]:
        return [prompt["id"] for prompt in samecast("prompts", "list", *arguments, "--json").document["prompts"]]

    assert len(ids("--genre", "horror")) == 4
    assert ids("--genre", "horror", "--image") == ["horror-one-candle"]
    assert ids("osaka", "rain", "--video") == ["sci-fi-neon-crossing"]
    assert ids("osaka", "--portrait") == []


def test_the_list_for_people(samecast: Samecast):
    listed = samecast("prompts", "list", "--genre", "noir")
    assert listed.status == 0
    assert "noir-cobbled-tail" in listed.out
    assert "video 21:9, 5 s" in listed.out
    assert "samecast prompts show" in listed.err
    assert "No prompt has all of that" in samecast("prompts", "list", "zeppelin").out


def test_what_there_is_not(samecast: Samecast):
    genre = samecast("prompts", "list", "--genre", "musical", "--json")
    assert (genre.status, genre.out) == (1, "")
    assert "There is no genre 'musical'. Genres: noir, sci-fi" in genre.err
    prompt = samecast("prompts", "show", "noir-last-cal")
    assert (prompt.status, prompt.out) == (1, "")
    assert "Did you mean noir-last-call?" in prompt.err
    assert samecast("prompts", "list", "--image", "--video").status == 2
    nobody = samecast("prompts", "show", "noir-last-call", "--character", "@mira")
    assert nobody.status == 1
    assert "@mira" in nobody.err


def test_one_for_people(samecast: Samecast):
    scene = samecast("prompts", "show", "sci-fi-red-plain")
    assert scene.status == 0
    assert "Wide shot of {character} walking across a desert planet" in scene.out
    assert "optional: none of these takes one" in scene.out
    assert "3.3 times closer" in scene.out
    portrait = samecast("prompts", "show", "romance-florist")
    assert "anchor: small silver hoop in the left ear" in portrait.out
    assert "wearing washed-out teal linen shirt" in portrait.out
    assert "for qwen-image-edit" in samecast("prompts", "show", "noir-last-call").out


def test_one_filled_in_for_a_character_with_its_still(samecast: Samecast, tmp_path: Path):
    samecast("cast", "add", sample_picture("astronaut.png"), "--name", "Eileen", "--anchor", "orange launch suit")
    still = tmp_path / "still.webp"
    shown = samecast("prompts", "show", "romance-florist", "--character", "@eileen", "--still", still, "--json")
    assert shown.status == 0
    assert shown.document["filled"].startswith("Cinematic medium portrait of @eileen, shy half-smile")
    assert "linen" not in shown.document["filled"]
    assert shown.document["findings"] == []
    assert shown.document["brief"]["place"] == "cafe"
    with Image.open(still) as picture:
        assert picture.size == (640, 640)
    told = samecast("prompts", "show", "noir-last-call", "-c", "@eileen")
    assert "Close-up of @eileen listening at a bar counter" in told.out
