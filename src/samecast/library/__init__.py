"""The library: the cast, its shots and their files, kept on disk. `open_library` is the way in.

Nothing heavy is imported before it is called, so that commands which keep nothing start at once.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from samecast.settings import Settings

if TYPE_CHECKING:
    from samecast.library.assets import Assets
    from samecast.library.characters import Characters
    from samecast.library.creations import Creations
    from samecast.library.database import Database
    from samecast.library.keeping import AssetUpkeep
    from samecast.library.loras import Loras
    from samecast.library.papers import CharacterPapers
    from samecast.library.results import Results
    from samecast.library.shots import Shots
    from samecast.library.tally import Numbers
    from samecast.library.work import Work
    from samecast.library.workers import Workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """An open library. `cast`, `shots`, `assets`, `work` and `workers` implement the ports of those names."""

    cast: "Characters"
    shots: "Shots"
    assets: "Assets"
    work: "Work"
    workers: "Workers"
    census: "Numbers"
    papers: "CharacterPapers"
    loras: "Loras"
    creations: "Creations"
    results: "Results"
    database: "Database"

    def upkeep(self) -> "AssetUpkeep":
        """Look after the stored assets: open one for each look over the library. Implements `ports.keeping.Upkeep`."""
        from samecast.library.keeping import open_upkeep

        return open_upkeep(self.database, self.assets)

    def close(self) -> None:
        """Let go of every file and connection; the library must not be used afterwards."""
        self.database.close()


def open_library(settings: Settings) -> Library:
    """Open the library, making it or bringing an older one up to date; several processes may do so at once.

    Raises `StorageFailed` where it cannot be read or written, is damaged, or belongs to a newer samecast.
    """
    from samecast.library.assets import open_assets
    from samecast.library.characters import Characters
    from samecast.library.creations import Creations
    from samecast.library.database import open_database
    from samecast.library.loras import Loras
    from samecast.library.papers import CharacterPapers
    from samecast.library.results import Results
    from samecast.library.shots import Shots
    from samecast.library.tally import Numbers
    from samecast.library.work import Work
    from samecast.library.workers import Workers

    database = open_database(settings)
    try:
        assets = open_assets(settings, database)
    except BaseException:
        database.close()
        raise
    creations = Creations(database=database)
    return Library(
        cast=Characters(database=database),
        shots=Shots(database=database),
        assets=assets,
        work=Work(database=database),
        workers=Workers(database=database),
        census=Numbers(database=database),
        papers=CharacterPapers(database=database),
        loras=Loras(database=database),
        creations=creations,
        results=Results(creations=creations),
        database=database,
    )
