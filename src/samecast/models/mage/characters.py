"""Characters as Mage keeps them: made there once for each version of ours, found again, and deleted with ours.

Each carries a mark in its notes, so that one made by a worker that died, or by another machine, is found and not made
twice. What was made from here is also put down in characters.json, so that it can be deleted without ours at hand.
"""

import fcntl
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from samecast.core.errors import InvalidInput, StorageFailed
from samecast.core.recipe import Member
from samecast.models.files import write_whole
from samecast.models.hosted.plain import TRIES, Answer, Cut, Patience, Tree, branches, text
from samecast.models.hosted.words import no_network
from samecast.models.mage.uploads import Uploads, encoded
from samecast.models.mage.wire import PROVIDER, Wire, code, meant
from samecast.ports import Picture

LONGEST_HANDLE, LONGEST_NAME = 15, 50
FRESH_SECONDS = 3600.0
"""How long it is believed that a character is still there. Deleted there, its handle may become somebody else's."""
_PAGE, _MOST_PAGES = "200", 200
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A character at Mage: whose it is (`handle`, the version's `digest`, the sha256 of its picture), and its `id` and
    handle (`there`) at Mage.
    """

    handle: str
    digest: str
    reference: str
    id: str
    there: str


@dataclass(slots=True)
class Characters:
    """Those that were made for us. Several workers may ask at once: one makes a character, the others find it."""

    folder: Path
    wire: Wire
    clock: Callable[[], float] = field(default=time.monotonic)
    _seen: dict[tuple[str, str], tuple[Made, float]] = field(default_factory=dict)

    def handles(
        self, members: Sequence[Member], references: Mapping[str, Picture], patience: Patience
    ) -> dict[str, str]:
        """What each of ours is called at Mage, by our handle; made there where it is not yet.

        Raises what `meant` gives, `Unreachable`, `StorageFailed`.
        """
        known = {member.handle: self._fresh(member) for member in members}
        if not all(known.values()):
            with self._alone(patience):
                listed = self._listed()
                kept = self._kept()
                for member in members:
                    made = _found(member, listed, kept) or self._make(member, references, patience)
                    self._keep(made)
                    self._seen[made.digest, made.reference] = made, self.clock()
                    known[member.handle] = made
        return {handle: made.there for handle, made in known.items() if made is not None}

    def doubt(self) -> None:
        """Look again before the next take whether they are there."""
        self._seen.clear()

    def forget(self, handle: str) -> int:
        """Delete what was made at Mage for our character, all its versions; how many there were. Twice does no harm.

        Raises what `meant` gives, `Unreachable`; what was deleted by then stays deleted.
        """
        with self._alone(Patience(lambda step, done, total: None, self.wire.sleep)):
            ids = {text(one, "id") for one in self._listed() if text(one, "description").startswith(_whose(handle))}
            ids |= {made.id for made in self._kept() if made.handle == handle}
            count = sum(self._deleted(one) for one in sorted(ids))
            self._write([made for made in self._kept() if made.handle != handle])
            self.doubt()
        return count

    # --- finding and making ---------------------------------------------------------------------------------------

    def _fresh(self, member: Member) -> Made | None:
        made, seen = self._seen.get(_version(member), (None, 0.0))
        return made if made is not None and self.clock() - seen < FRESH_SECONDS else None

    def _listed(self) -> list[Tree]:
        """The account's own characters, all pages."""
        found: list[Tree] = []
        cursor = ""
        for _ in range(_MOST_PAGES):
            params = {"limit": _PAGE} | ({"cursor": cursor} if cursor else {})
            answer = self.wire.safely("GET", "/v1/characters", params=params)
            if not answer.fine:
                raise meant(answer)
            found += branches(answer.tree, "data")
            cursor = text(answer.tree, "next_cursor")
            if not cursor:
                break
        return found

    def _make(self, member: Member, references: Mapping[str, Picture], patience: Patience) -> Made:
        """Make it there, under our handle or the next like it that is free."""
        image = Uploads(self.wire).placed([encoded(references[member.references[0]])], beside=2_000)[0]
        for handle in _candidates(member):
            made = self._make_as(handle, member, image, patience)
            if made is not None:
                return made
        raise InvalidInput(
            f"{PROVIDER} has no free handle like @{member.handle}.", hint="Delete characters there that you do not use."
        )

    def _make_as(self, handle: str, member: Member, image: str, patience: Patience) -> Made | None:
        """None where the handle is somebody's. Never asked twice without looking whether the first was heard."""
        name = " ".join(member.name.split())[:LONGEST_NAME].strip() or member.handle
        body = {"name": name, "handle": handle, "image": image, "description": _mark(member)}
        tried = 0
        while True:
            lost: Cut | None = None
            answer: Answer | None = None
            try:
                answer = self.wire.send("POST", "/v1/characters", body=body)
            except Cut as cut:
                lost = cut
            if answer is not None and answer.fine:
                return _made(member, answer.tree)
            if answer is not None and code(answer) == "handle_taken":
                return None
            if answer is not None and answer.status == 429 and patience.wait(answer.retry_after):
                continue
            if answer is not None and answer.status < 500 and answer.status != 408:
                raise meant(answer)
            made = _found(member, self._listed(), [])
            if made is not None:
                return made
            tried += 1
            if tried == TRIES:
                raise no_network(PROVIDER, lost) if answer is None else meant(answer)
            self.wire.sleep(0.5 * 2.0**tried)

    def _deleted(self, one: str) -> bool:
        answer = self.wire.safely("DELETE", f"/v1/characters/{one}")
        if not answer.fine and answer.status != 404:
            raise meant(answer)
        return answer.fine

    # --- what is kept here ----------------------------------------------------------------------------------------

    @property
    def _file(self) -> Path:
        return self.folder / "characters.json"

    def _kept(self) -> list[Made]:
        """What cannot be read is as if it were not there: the marks at Mage find it again."""
        try:
            tree = json.loads(self._file.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return []
        except OSError as error:
            raise _unusable(self._file, error) from error
        names = {name.name for name in fields(Made)}
        good = [one for one in tree if isinstance(one, dict) and set(one) == names] if isinstance(tree, list) else []
        return [Made(**one) for one in good if all(isinstance(value, str) for value in one.values())]

    def _keep(self, made: Made) -> None:
        kept = self._kept()
        if made not in kept:
            self._write([one for one in kept if _key(one) != _key(made)] + [made])

    def _write(self, kept: Sequence[Made]) -> None:
        """Whole or not at all."""
        try:
            text = json.dumps([asdict(made) for made in kept], indent=1, ensure_ascii=False)
            write_whole(self._file, text.encode())
        except OSError as error:
            raise _unusable(self._file, error) from error

    @contextmanager
    def _alone(self, patience: Patience) -> Iterator[None]:
        """While it lasts, no other worker of this machine makes characters; one that dies leaves nothing locked."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = open(self.folder / "characters.lock", "a", encoding="utf-8")  # noqa: SIM115 - closed below
        except OSError as error:
            raise _unusable(self.folder, error) from error
        with lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    patience.told("wait", 0, 1)
                    self.wire.sleep(_LOOK_SECONDS)
                except OSError as error:
                    raise _unusable(self.folder, error) from error
            yield


def _version(member: Member) -> tuple[str, str]:
    return member.digest, member.references[0]


def _key(made: Made) -> tuple[str, str, str]:
    return made.handle, made.digest, made.reference


def _found(member: Member, listed: Sequence[Tree], kept: Sequence[Made]) -> Made | None:
    """The member's character among those of the account: by what is kept here, or by its mark."""
    handles = {text(one, "id"): text(one, "handle") for one in listed}
    for made in kept:
        if _key(made) == (member.handle, *_version(member)) and handles.get(made.id) == made.there:
            return made
    marked = (one for one in listed if text(one, "description") == _mark(member))
    return next((_made(member, one) for one in marked), None)


def _made(member: Member, tree: Tree) -> Made:
    digest, reference = _version(member)
    one, there = text(tree, "id"), text(tree, "handle")
    if not one or not there:
        raise InvalidInput(f"{PROVIDER} names no handle for @{member.handle}.", hint="Report it.")
    return Made(handle=member.handle, digest=digest, reference=reference, id=one, there=there)


def _whose(handle: str) -> str:
    return f"Made by samecast for @{handle}, "


def _mark(member: Member) -> str:
    digest, reference = _version(member)
    return f"{_whose(member.handle)}version {member.version} ({digest[:16]} {reference[:16]})."


def _candidates(member: Member) -> Iterator[str]:
    """Our handle, then "mira-2" to "mira-9", then some that nobody else has thought of."""
    yield member.handle
    for number in range(2, 10):
        yield f"{member.handle[: LONGEST_HANDLE - 2]}-{number}"
    for number in range(TRIES):
        odd = hashlib.sha256(f"{_mark(member)}{number}".encode()).hexdigest()[:4]
        yield f"{member.handle[: LONGEST_HANDLE - 5]}-{odd}"


def _unusable(path: Path, error: OSError) -> StorageFailed:
    return StorageFailed(f"{path} cannot be used: {error.strerror}.", hint="Is the disk full, or the folder another's?")
