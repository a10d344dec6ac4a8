"""Whether a model's licence allows what it is used for here: the declared use, and what was read and accepted.

What a licence limits is the catalogue's (`core.terms`). Where accepting is kept is the ledger's, a file.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from samecast.core.errors import LicenceExcludes, StorageFailed
from samecast.core.terms import Use, check_use, in_words
from samecast.ports import ModelProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class Licensing:
    """`file`: which licences were accepted, a line each: the model, its licence as it was then, the day."""

    use: Use
    file: Path

    def check(self, profile: ModelProfile) -> None:
        """Raises `LicenceExcludes` where the declared use is outside the licence, or it waits to be accepted."""
        check_use(profile.terms, self.use, profile.id)
        if profile.terms.accept and not self.accepted(profile):
            raise LicenceExcludes(
                f"{profile.id} has to be allowed first: {profile.licence} {in_words(profile.terms)}".rstrip(),
                hint=f"Read it, then: samecast models accept {profile.id}",
            )

    def accepted(self, profile: ModelProfile) -> bool:
        """Whether the licence was accepted as it reads now."""
        return _line(profile) in {line.partition("\t")[0] for line in self._lines()}

    def accept(self, profile: ModelProfile) -> None:
        """Put down that the licence was read and accepted. Raises `LicenceExcludes` where the use is outside it."""
        check_use(profile.terms, self.use, profile.id)
        if self.accepted(profile):
            return
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.open("a", encoding="utf-8") as ledger:
                ledger.write(f"{_line(profile)}\t{datetime.now(UTC):%Y-%m-%d}\n")
        except OSError as error:
            raise StorageFailed(
                f"{self.file} cannot be written: {error.strerror}.", hint="Is the disk full?"
            ) from error

    def _lines(self) -> list[str]:
        try:
            return self.file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise StorageFailed(f"{self.file} cannot be read: {error}.", hint="Mend or remove it.") from error


def _line(profile: ModelProfile) -> str:
    """The licence as it reads now: a model whose licence changed has to be accepted anew."""
    return " ".join(f"{profile.id}: {profile.licence} {in_words(profile.terms)}".split())
