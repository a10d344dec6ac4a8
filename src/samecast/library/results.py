"""How each model fared with a character. Implements `ports.results.ResultsRepository`.

The figures are kept by `indexing`, as takes are taken in: here the few rows of one character are read.
"""

from dataclasses import dataclass

from sqlalchemy import exists, select

from samecast.core.cast import check_handle
from samecast.library import schema as t
from samecast.library.characters import Characters
from samecast.library.creations import Creations
from samecast.ports.results import ModelResults


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Handles are given without or with their `@`. All failures of the disk or database are `StorageFailed`."""

    creations: Creations

    def by_model(self, handle: str) -> list[ModelResults]:
        """See `ports.results`."""
        bare = check_handle(handle)
        self.creations.catch_up()
        database = self.creations.database
        results = t.creation_results.c
        counted = select(*(column for column in results if column is not results.handle)).where(results.handle == bare)
        with database.read() as connection:
            found = [ModelResults(**row._mapping) for row in connection.execute(counted)]
            known = found or connection.execute(select(exists().where(t.characters.c.handle == bare))).scalar()
        if not known:
            Characters(database=database).get(bare)  # which says who is near
        return sorted(found, key=lambda one: (-one.takes, one.model, one.kind))
