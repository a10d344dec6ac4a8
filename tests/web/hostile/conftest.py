"""Studios to be attacked, with a character and a shot whose every text is hostile; and what has to be true after."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.web.hostile.asking import PASSWORD, Target, ask, enter, upload
from tests.web.hostile.texts import ANCHOR, DESCRIPTION, ENTRY, NAME, PROMPT, TAG
from tests.web.serving import Served, run, serve

from samecast.wiring import sample_picture


@pytest.fixture(scope="session")
def cast(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A library with the character @mira, a shot of hers, a model of its own, and the sha256 of her reference."""
    home = tmp_path_factory.mktemp("hostile") / "home"
    entry = home.parent / "odd.toml"
    entry.write_text(ENTRY)
    run(home, "models", "add", str(entry))
    said = ("--description", DESCRIPTION, "--tag", TAG, "--anchor", ANCHOR, "--json")
    run(home, "cast", "add", str(sample_picture("astronaut.png")), "--name", NAME, "--handle", "mira", *said)
    out = home.parent / "out"
    run(home, "shoot", PROMPT, "--image", "--takes", "1", "--seed", "1", "--out", str(out))
    shown = json.loads(run(home, "cast", "show", "@mira", "--json"))
    return home, _sha256_in(shown)


def _sha256_in(document: object) -> str:
    found = [text for text in _texts(document) if len(text) == 64 and set(text) <= set("0123456789abcdef")]
    assert found
    return found[0]


def _texts(document: object) -> Iterator[str]:
    match document:
        case str():
            yield document
        case dict():
            for value in document.values():
                yield from _texts(value)
        case list():
            for value in document:
                yield from _texts(value)


def _target(served: Served, sha256: str) -> Target:
    kept = [path for path in (served.home / "studio").glob("*") if path.name in ("session.key", "password")]
    secrets = [path.read_bytes().strip() for path in kept] + [b"root:x:0:0", b"SQLite format 3", PASSWORD.encode()]
    return Target(served=served, sha256=sha256, character="mira", secrets=tuple(secrets))


@pytest.fixture(scope="module")
def attacked(cast: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """On loopback, without a password. Whatever a module did to it, it answers after, has not grown, nor broken."""
    yield from _attacked(cast, tmp_path_factory)


@pytest.fixture(scope="module")
def locked(cast: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """With a password; `target.session` is a cookie of somebody who knows it, which attacks leave out."""
    yield from _attacked(cast, tmp_path_factory, SAMECAST_STUDIO_PASSWORD=PASSWORD)


def _attacked(cast: tuple[Path, str], factory: pytest.TempPathFactory, **environment: str) -> Iterator[Target]:
    home = factory.mktemp("attacked") / "home"
    shutil.copytree(cast[0], home)
    served = serve(home, "--no-worker", **environment)
    try:
        target = _target(served, cast[1])
        if environment:
            target.session = enter(target).headers["set-cookie"].partition(";")[0]
        assert ask(target, "/").status == 200
        picture = upload(target, Path(sample_picture("astronaut.png")).read_bytes())
        assert picture.status == 200, picture
        target.received = json.loads(picture.body)["name"]
        target.before = target.memory()
        yield target
        _is_well(target)
    finally:
        served.stop()


def _is_well(target: Target) -> None:
    assert target.served.process.poll() is None
    assert ask(target, "/healthz").body == b"ok\n"
    assert ask(target, f"/studio/picture/{target.sha256}/96.jpg").body.startswith(b"\xff\xd8")
    assert target.memory() - target.before < target.most_grown
    assert target.broke() == []
