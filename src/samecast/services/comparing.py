"""Which model for her: how each fared with a character in the takes made here, and which one to take next."""

from collections.abc import Sequence
from dataclasses import dataclass

from samecast.core.choosing import Choice, Record, choose, ranked
from samecast.ports.results import ResultsRepository
from samecast.services.modelling import Modelling
from samecast.services.ordering import Asked

AUTO = "auto"
FALLBACK = "storyboard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing:
    results: ResultsRepository
    modelling: Modelling

    def of(self, handle: str, kind: str | None = None) -> list[Record]:
        """How each model fared with a character, the most reliable first. Raises `NotFound`."""
        return ranked([record for record in self._records(handle) if kind in (None, record.kind)])

    def choose(self, asked: Asked) -> Choice:
        """The model for a shot whose order leaves it open."""
        able = [
            entry.profile
            for entry in self.modelling.all()
            if entry.missing is None and asked.kind in entry.profile.kinds and not entry.profile.composites
        ]
        if asked.characters:
            room = len(asked.characters)
            able = [profile for profile in able if profile.takes_characters and profile.max_characters >= room]
        if asked.order.edit is not None:
            able = [profile for profile in able if profile.edits]
        if asked.order.first_frame is not None:
            able = [profile for profile in able if profile.first_frame]
        if asked.brief.aspect is not None:
            able = [profile for profile in able if asked.brief.aspect in profile.aspects]
        records = [self.of(character.handle, asked.kind) for character in asked.characters]
        return choose(records, [profile.id for profile in able], FALLBACK)

    def _records(self, handle: str) -> Sequence[Record]:
        profiles = {entry.profile.id: entry for entry in self.modelling.all()}
        found = []
        for counted in self.results.by_model(handle):
            entry = profiles.get(counted.model)
            found.append(
                Record(
                    model=counted.model,
                    kind=counted.kind,
                    takes=counted.takes,
                    judged=counted.judged,
                    matched=counted.matched,
                    failed=counted.failed,
                    seconds=counted.seconds,
                    cost=counted.cost,
                    ready=entry is not None and entry.missing is None,
                    by_design=entry is not None and entry.profile.composites,
                )
            )
        return found
