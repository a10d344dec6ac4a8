"""Takes that look alike, and looking at those that were made before: through the services, on real files."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from samecast.core.errors import BadMedia, InvalidInput, NotFound
from samecast.core.prompt import Brief
from samecast.core.recipe import Recipe
from samecast.core.story import Shot, Take
from samecast.library import Library, open_library
from samecast.library.creations import Creations as KeptCreations
from samecast.media import LocalMedia
from samecast.ports import Picture, Pixels
from samecast.ports.creations import Wanted
from samecast.services.creations import Creations
from samecast.settings import Settings
from samecast.vision.looks import LayoutLooks
from samecast.wiring import sample_picture

NOW = datetime(2026, 5, 31, 12, tzinfo=UTC)
PICTURES = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")


@pytest.fixture
def library(tmp_path: Path):
    opened = open_library(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


@pytest.fixture
def creations(library: Library) -> Creations:
    kept = KeptCreations(database=library.database)
    return Creations(creations=kept, assets=library.assets, media=LocalMedia(), looks=LayoutLooks())


@pytest.fixture
def takes(library: Library) -> dict[str, str]:
    """A take of each picture, as if it had been made."""
    return {name: keep(library, number, sample_picture(name)) for number, name in enumerate(PICTURES)}


def keep(library: Library, number: int, path: Path) -> str:
    video = path.suffix == ".mp4"
    recipe = Recipe(
        model="storyboard",
        engine_version="1",
        kind="video" if video else "image",
        prompt=f"picture {number}",
        brief=Brief(),
        members=(),
        width=64,
        height=64,
        seed=number,
        seconds=1.0 if video else 0.0,
        fps=12 if video else 0,
    )
    asset = library.assets.put(path.read_bytes(), suffix=path.suffix)
    take = Take(
        id=f"s{number}-1", shot_id=f"s{number}", number=1, recipe=recipe, state="done", asset=asset, made_at=NOW
    )
    library.shots.add(
        Shot(id=f"s{number}", prompt=recipe.prompt, model="storyboard", out="/o", takes=(take,), created_at=NOW)
    )
    return take.id


def picture(name: str) -> Pixels:
    return LocalMedia().read_picture(sample_picture(name)).rgb


def write(path: Path, rgb: Pixels) -> Path:
    LocalMedia().write_bytes(path, LocalMedia().png(Picture(rgb=np.ascontiguousarray(rgb))))
    return path


def test_a_picture_from_anywhere_finds_the_take_it_is_like(
    creations: Creations, takes: dict[str, str], tmp_path: Path
) -> None:
    assert creations.look_at_missing().takes == 4
    for name, take in takes.items():
        rgb = picture(name)
        h = rgb.shape[0]
        changed = write(tmp_path / "changed.png", rgb[h // 16 : h - h // 20, ::-1])
        found = creations.similar(str(changed))
        assert found[0].creation.take == take
        assert [one.distance for one in found] == sorted(one.distance for one in found)
        assert len(found) == 4


def test_a_take_finds_the_others_and_not_itself(creations: Creations, library: Library, takes: dict[str, str]) -> None:
    twin = keep(library, 9, sample_picture("chelsea.png"))
    creations.look_at_missing()
    found = creations.similar(takes["chelsea.png"], limit=2)
    assert found[0].creation.take == twin
    assert found[0].distance == pytest.approx(0, abs=1e-6)
    assert len(found) == 2
    assert takes["chelsea.png"] not in [one.creation.take for one in found]


def test_a_clip_and_its_frames_find_each_other(
    creations: Creations, library: Library, takes: dict[str, str], tmp_path: Path
) -> None:
    cat = picture("chelsea.png")[:300, :448]
    clip = tmp_path / "clip.mp4"
    LocalMedia().write_clip(clip, (np.roll(cat, 2 * n, axis=1) for n in range(12)), fps=12)
    creations.remember_look(keep(library, 9, clip), clip)
    creations.look_at_missing()
    assert creations.similar("s9-1")[0].creation.take == takes["chelsea.png"]
    assert [one.creation.take for one in creations.similar(str(clip))][:2] == ["s9-1", takes["chelsea.png"]]


def test_a_take_is_found_as_soon_as_its_look_is_remembered(
    creations: Creations, library: Library, takes: dict[str, str]
) -> None:
    path = sample_picture("coffee.png")
    assert creations.similar(str(path)) == []
    assert creations.stats().unlooked == 4
    creations.remember_look(takes["coffee.png"], path)
    creations.remember_look(takes["rocket.jpg"], sample_picture("rocket.jpg").read_bytes())
    assert [one.creation.take for one in creations.similar(str(path))] == [takes["coffee.png"], takes["rocket.jpg"]]
    assert creations.stats().unlooked == 2


def test_a_take_without_a_look_can_be_asked_for(creations: Creations, takes: dict[str, str]) -> None:
    creations.remember_look(takes["coffee.png"], sample_picture("coffee.png"))
    assert [one.creation.take for one in creations.similar(takes["rocket.jpg"])] == [takes["coffee.png"]]


def test_looking_at_what_is_missing_goes_on_where_it_was(
    creations: Creations, library: Library, takes: dict[str, str]
) -> None:
    class Enough(Exception):
        pass

    def stop_after_two(done: int, total: int) -> None:
        assert total == 4
        if done == 2:
            raise Enough

    with pytest.raises(Enough):
        creations.look_at_missing(stop_after_two)
    told: list[tuple[int, int]] = []
    assert creations.look_at_missing(lambda done, total: told.append((done, total))).takes == 2
    assert told == [(1, 2), (2, 2)]
    assert creations.look_at_missing().takes == 0


def test_what_cannot_be_looked_at_is_told(creations: Creations, library: Library, takes: dict[str, str]) -> None:
    shot = library.shots.get("s1")
    library.shots.finish_take(replace(shot.takes[0], asset=library.assets.put(b"not a picture")))
    shot = library.shots.get("s2")
    library.shots.finish_take(replace(shot.takes[0], asset="e" * 64))
    done = creations.look_at_missing()
    assert done.takes == 2
    assert [take for take, _ in done.unread] == ["s1-1", "s2-1"]
    assert all(reason for _, reason in done.unread)


def test_what_is_asked_for_has_to_be_something(creations: Creations, takes: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("no picture")
    with pytest.raises(BadMedia):
        creations.similar(str(tmp_path / "words.txt"))
    for nothing in ("nothing", "", ".", "x" * 5000, "\0"):
        with pytest.raises(NotFound, match="neither a take"):
            creations.similar(nothing)
    for limit in (0, 101):
        with pytest.raises(InvalidInput):
            creations.similar(takes["coffee.png"], limit=limit)


def test_pages_come_through(creations: Creations, takes: dict[str, str]) -> None:
    first = creations.page(Wanted(kind="image"), limit=3)
    rest = creations.page(Wanted(kind="image"), limit=3, after=first.cursor)
    assert sorted(one.take for one in (*first.creations, *rest.creations)) == sorted(takes.values())
    assert rest.cursor is None
