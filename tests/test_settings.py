"""Settings are read from the environment, once."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from samecast.core.errors import InvalidInput
from samecast.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "DATABASE_URL", "ASSETS_URL", "FACE_ENCODER", "APPEARANCE_ENCODER"):
        monkeypatch.delenv(f"SAMECAST_{name}", raising=False)


def test_the_default_home_is_the_users_own() -> None:
    home = load_settings().home
    assert home.is_absolute()
    assert home.name == "samecast"


def test_everything_lies_in_home_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SAMECAST_HOME", str(tmp_path))
    settings = load_settings()
    assert (settings.home, settings.database_url, settings.assets_url) == (tmp_path, None, None)
    assert settings.database_file.parent == settings.assets_folder.parent == tmp_path
    assert settings.encoders_folder.parent == settings.encoders_file.parent == tmp_path


def test_urls_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMECAST_DATABASE_URL", "postgresql+psycopg://u:secret@h/d")
    monkeypatch.setenv("SAMECAST_ASSETS_URL", "s3://bucket/prefix")
    settings = load_settings()
    assert settings.database_url == "postgresql+psycopg://u:secret@h/d"
    assert settings.assets_url == "s3://bucket/prefix"
    assert "secret" not in repr(settings)


def test_encoders_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (load_settings().face_encoder, load_settings().appearance_encoder) == (None, None)
    monkeypatch.setenv("SAMECAST_FACE_ENCODER", "sface")
    monkeypatch.setenv("SAMECAST_APPEARANCE_ENCODER", "dinov2-small")
    assert (load_settings().face_encoder, load_settings().appearance_encoder) == ("sface", "dinov2-small")


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    default = load_settings().home
    monkeypatch.setenv("SAMECAST_HOME", "")
    assert load_settings().home == default


def test_home_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Settings(home=Path("here")).home == tmp_path / "here"
    assert Settings(home=Path("~/here")).home == tmp_path / "here"


def test_a_home_of_nobody_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMECAST_HOME", "~no-such-user-here/x")
    with pytest.raises(InvalidInput, match="SAMECAST_HOME") as caught:
        load_settings()
    assert "\n" not in str(caught.value)


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        load_settings().home = Path("/elsewhere")  # type: ignore[misc]
