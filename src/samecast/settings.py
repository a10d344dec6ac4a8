"""Where samecast keeps its things, read once from the environment (`SAMECAST_HOME` and its like).

Knows nothing of databases or stores: it only says where they are. `library` opens them.
"""

from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from samecast.core.errors import InvalidInput


def _default_home() -> Path:
    return user_data_path("samecast", appauthor=False)


class Settings(BaseSettings):
    """Frozen. Each field is read from the variable `SAMECAST_` plus its name; an empty one counts as unset."""

    model_config = SettingsConfigDict(env_prefix="SAMECAST_", env_ignore_empty=True, frozen=True, extra="ignore")

    home: Path = Field(default_factory=_default_home)
    """The folder everything is kept in unless said otherwise; always absolute."""
    database_url: str | None = Field(default=None, repr=False)
    """An SQLAlchemy URL such as `postgresql+psycopg://user@host/samecast`; None: `database_file`."""
    assets_url: str | None = Field(default=None, repr=False)
    """`s3://bucket/prefix`, `gs://...`, `az://...`, `file:///folder` or a folder; None: `assets_folder`."""

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        try:
            return home.expanduser().absolute()
        except RuntimeError as error:  # "~stranger": there is no such user
            raise ValueError(str(error)) from error

    @property
    def database_file(self) -> Path:
        """The SQLite file that is used where no `database_url` is given."""
        return self.home / "library.sqlite3"

    @property
    def assets_folder(self) -> Path:
        """The folder that is used where no `assets_url` is given."""
        return self.home / "assets"


def load_settings() -> Settings:
    """Read the environment. Raises `InvalidInput` naming the variable that cannot be used."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        variable = "SAMECAST_" + "_".join(str(part) for part in first["loc"]).upper()
        raise InvalidInput(
            f"{variable} cannot be used: {first['msg']}.", hint=f"Correct or unset {variable}, then try again."
        ) from error
