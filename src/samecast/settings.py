"""Where samecast keeps its things, read once from the environment (`SAMECAST_HOME` and its like).

Knows nothing of databases or stores: it only says where they are. `library` opens them. Plain Python, because every
command reads it first, and pydantic-settings would add a tenth of a second to each.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from samecast.core.errors import InvalidInput
from samecast.core.terms import Purpose, Use


def _default_home() -> Path:
    from platformdirs import user_data_path

    return user_data_path("samecast", appauthor=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Each field is read from the variable `SAMECAST_` plus its name; an empty one counts as unset."""

    home: Path = field(default_factory=_default_home)
    """The folder everything is kept in unless said otherwise; always absolute."""
    database_url: str | None = field(default=None, repr=False)
    """An SQLAlchemy URL such as `postgresql+psycopg://user@host/samecast`; None: `database_file`."""
    assets_url: str | None = field(default=None, repr=False)
    """`s3://bucket/prefix`, `gs://...`, `az://...`, `file:///folder` or a folder; None: `assets_folder`."""
    face_encoder: str | None = None
    """Which encoder tells people apart, by its name in `samecast encoders list`; None: the built-in one."""
    appearance_encoder: str | None = None
    """Which encoder compares subjects without a human face; None: the built-in one."""
    log: str | None = None
    """How workers log: "json", "text" or "off"; None: a worker that runs by itself says what goes wrong, as text."""
    log_level: str = "info"
    """From which level on: "debug", "info", "warning" or "error"."""
    poll_seconds: float = 0.05
    """How often a worker looks for work: a large fleet on one database looks less often."""

    studio_password: str | None = field(default=None, repr=False)
    """What whoever opens the studio in the browser has to know; None: nothing where only this machine reaches it, and
    one that is made up anywhere else."""
    use: Use = field(default_factory=Use)
    """Where, by whom and for what models are used (SAMECAST_COUNTRY, SAMECAST_REVENUE, SAMECAST_PURPOSE): some licences
    exclude some uses, and are held against what is declared here."""

    def __post_init__(self) -> None:
        """Raises `InvalidInput` for the home of a user there is not ("~stranger")."""
        try:
            home = self.home.expanduser().absolute()
        except RuntimeError as error:
            raise InvalidInput(
                f"SAMECAST_HOME cannot be used: {error}", hint="Correct or unset SAMECAST_HOME, then try again."
            ) from error
        object.__setattr__(self, "home", home)

    @property
    def database_file(self) -> Path:
        """The SQLite file that is used where no `database_url` is given."""
        return self.home / "library.sqlite3"

    @property
    def assets_folder(self) -> Path:
        """The folder that is used where no `assets_url` is given."""
        return self.home / "assets"

    @property
    def models_file(self) -> Path:
        """The user's own catalogue of models, where there is one."""
        return self.home / "models.toml"

    @property
    def licences_file(self) -> Path:
        """Which models' licences were read and accepted, a line each."""
        return self.home / "accepted-licences.txt"

    @property
    def studio_folder(self) -> Path:
        """What the studio in the browser keeps for itself: small copies, pictures that came in, its signing key."""
        return self.home / "studio"

    @property
    def encoders_folder(self) -> Path:
        """Where pulled encoders and the user's own calibrations lie, each in a folder of its name."""
        return self.home / "encoders"

    @property
    def encoders_file(self) -> Path:
        """The user's own catalogue of encoders, where there is one."""
        return self.home / "encoders.toml"


def load_settings() -> Settings:
    """Read the environment. Raises `InvalidInput` naming the variable that cannot be used."""
    home = os.environ.get("SAMECAST_HOME")
    return Settings(
        home=Path(home) if home else _default_home(),
        database_url=os.environ.get("SAMECAST_DATABASE_URL") or None,
        assets_url=os.environ.get("SAMECAST_ASSETS_URL") or None,
        face_encoder=os.environ.get("SAMECAST_FACE_ENCODER") or None,
        appearance_encoder=os.environ.get("SAMECAST_APPEARANCE_ENCODER") or None,
        log=os.environ.get("SAMECAST_LOG") or None,
        log_level=os.environ.get("SAMECAST_LOG_LEVEL") or "info",
        poll_seconds=_seconds("SAMECAST_POLL_SECONDS", 0.05),
        studio_password=os.environ.get("SAMECAST_STUDIO_PASSWORD") or None,
        use=Use(country=_country(), revenue=_revenue(), purpose=_purpose()),
    )


def _country() -> str | None:
    text = (os.environ.get("SAMECAST_COUNTRY") or "").strip().upper()
    if text and not (len(text) == 2 and text.isascii() and text.isalpha()):
        raise InvalidInput(
            f"SAMECAST_COUNTRY cannot be '{text}'.", hint="Give its two letters by ISO 3166, such as DE, US or JP."
        )
    return text or None


def _revenue() -> int | None:
    text = (os.environ.get("SAMECAST_REVENUE") or "").replace(",", "").replace("_", "").strip()
    if text and not text.isdecimal():
        raise InvalidInput(
            f"SAMECAST_REVENUE cannot be '{text}'.", hint="Give dollars a year as a whole number, such as 250000."
        )
    return int(text) if text else None


def _purpose() -> Purpose | None:
    match (os.environ.get("SAMECAST_PURPOSE") or "").strip().lower():
        case "":
            return None
        case "personal":
            return "personal"
        case "commercial":
            return "commercial"
        case text:
            raise InvalidInput(f"SAMECAST_PURPOSE cannot be '{text}'.", hint="Say personal or commercial.")


def _seconds(name: str, default: float) -> float:
    text = os.environ.get(name)
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.001 <= seconds <= 60:
        raise InvalidInput(f"{name} cannot be '{text}'.", hint="Give seconds between 0.001 and 60, such as 0.5.")
    return seconds
