"""What a move does to assets and rows: carry them over, and compare both sides. In which order is `moving`'s to say."""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from samecast.core.errors import NotFound, StorageFailed
from samecast.ports.moving import Counted, Holding, Row, Snapshot, TableShape, Value

AT_ONCE = 8
"""Assets copied or read at the same time; so many are in memory at once, each whole."""
BATCH = 1000
"""Rows in one transaction."""

_AGAIN = (
    "The source may have been used since the move began: empty the destination and move again, with nobody at work."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMoved:
    """`rows` that both sides have, `added` in this run; `digest` is the sha256 over them, whatever the database."""

    name: str
    rows: int
    added: int
    digest: str


# --- assets -----------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Carried:
    """What became of the assets of one move."""

    old: Holding
    new: Holding
    mends: bool = True
    watch: Counted
    added: int = 0
    missing: set[str] = field(default_factory=set)
    mended: set[str] = field(default_factory=set)

    def assets(self, there: Snapshot) -> None:
        """Copy those that are not there yet. The rows that refer to them come later, and find them there."""
        total, done, names = there.count_assets(), 0, there.asset_names()
        with _pool() as pool:
            for name, outcome in _at_once(pool, self._carry, names):
                done += 1
                self.added += outcome == "added"
                if outcome == "missing":
                    self.missing.add(name)
                self.watch("assets", done, max(done, total))

    def verify_assets(self, there: Snapshot) -> int:
        """Read every one back from the destination; returns how many there are. Raises `StorageFailed`."""
        total, done, bad = there.count_assets(), 0, list[str]()
        with _pool() as pool:
            for name, outcome in _at_once(pool, self._verify, there.asset_names()):
                done += 1
                if outcome == "mended":
                    self.mended.add(name)
                elif outcome == "missing":
                    self.missing.add(name)
                elif outcome == "bad":
                    bad.append(name)
                self.watch("verifying assets", done, max(done, total))
        if bad:
            few = ", ".join(name[:12] for name in bad[:5]) + (", ..." if len(bad) > 5 else "")
            raise StorageFailed(
                f"{len(bad)} of {done} assets are missing or damaged at the destination: {few}.",
                hint="Move again: what is damaged there is replaced.",
            )
        return done

    def _carry(self, name: str) -> str:
        if self.new.store.has(name):
            self.new.claim(name)
            if self.new.store.has(name):  # looked at again, since it was claimed only now
                return "there"
        content = self._at_the_source(name)
        if content is None:
            return "missing"
        self.new.store.put(content, suffix=_suffix(content))
        return "added"

    def _verify(self, name: str) -> str:
        if name in self.missing:
            return "missing"
        if _whole(self.new, name):
            return "well"
        content = self._at_the_source(name)
        if content is None:
            return "missing"
        if not self.mends:
            return "bad"
        self.new.store.put(content, suffix=_suffix(content))
        return "mended" if _whole(self.new, name) else "bad"

    def _at_the_source(self, name: str) -> bytes | None:
        """The asset's bytes; None where it is not there, or not whole. A store that cannot be reached is an error."""
        try:
            return self.old.store.get(name)
        except NotFound:
            return None
        except StorageFailed:
            if self.old.store.has(name):  # it can be reached, and what it has is damaged
                return None
            raise


def _whole(side: Holding, name: str) -> bool:
    """Whether the asset is there with the bytes that its name promises: `get` reads them and checks."""
    try:
        side.store.get(name)
    except NotFound:
        return False
    except StorageFailed:
        if side.store.has(name):
            return False
        raise
    return True


def _suffix(content: bytes) -> str:
    """What tells a bucket the content type."""
    if content.startswith(b"\x89PNG"):
        return ".png"
    return ".mp4" if content[4:8] == b"ftyp" else ""


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    """Stopped, it lets what is in hand finish and begins nothing more."""
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="assets")
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _at_once(pool: ThreadPoolExecutor, work: Callable[[str], str], names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each name with what `work` says of it, in order; only a few are ahead of what was taken."""
    ahead: deque[tuple[str, Future[str]]] = deque()
    for name in names:
        ahead.append((name, pool.submit(work, name)))
        if len(ahead) >= 2 * AT_ONCE:
            done, future = ahead.popleft()
            yield done, future.result()
    for done, future in ahead:
        yield done, future.result()


# --- rows -------------------------------------------------------------------------------------------------------


def check_nothing_foreign(
    shapes: Sequence[TableShape], there: Snapshot, here: Snapshot, where: str, watch: Counted
) -> None:
    """Whatever the destination holds must be the source's, row by row: else it is another library."""
    for shape in shapes:
        total = here.count(shape.name)
        if not total:
            continue
        theirs = there.rows(shape.name)
        row = next(theirs, None)
        for done, own in enumerate(here.rows(shape.name), start=1):
            while row is not None and _key(shape, row) < _key(shape, own):
                row = next(theirs, None)
            if row is None or _line(row) != _line(own):
                what = "is not in the source" if row is None or _key(shape, row) != _key(shape, own) else "is another"
                raise StorageFailed(
                    f"{where} holds another library: in {shape.name}, the row {_named(shape, own)} {what}.",
                    hint=f"Move into an empty place, or the one of a move that was stopped. {_AGAIN}",
                )
            watch("looking at what is there", done, total)


def carry(shape: TableShape, there: Snapshot, new: Holding, watch: Counted) -> int:
    total, done, added = there.count(shape.name), 0, 0
    rows = there.rows(shape.name)
    while batch := list(islice(rows, BATCH)):
        added += new.add(shape.name, batch)
        done += len(batch)
        watch(shape.name, done, total)
    return added


def compared(
    shape: TableShape, there: Snapshot, here: Snapshot, added: Mapping[str, int], watch: Counted
) -> TableMoved:
    counts = there.count(shape.name), here.count(shape.name)
    if counts[0] != counts[1]:
        raise StorageFailed(
            f"The table {shape.name} has {counts[0]} rows at the source and {counts[1]} at the destination.",
            hint=_AGAIN,
        )
    digests = [_digest(there.rows(shape.name)), _digest(here.rows(shape.name))]
    watch(f"verifying {shape.name}", counts[0], counts[0])
    if digests[0] != digests[1]:
        pairs = zip(there.rows(shape.name), here.rows(shape.name), strict=False)
        differing = next((left for left, right in pairs if _line(left) != _line(right)), None)
        which = f": the row {_named(shape, differing)}" if differing is not None else ""
        raise StorageFailed(f"The table {shape.name} differs at the destination{which}.", hint=_AGAIN)
    return TableMoved(name=shape.name, rows=counts[0], added=added.get(shape.name, 0), digest=digests[0])


def _digest(rows: Iterable[Row]) -> str:
    """sha256 over the rows in the order of their keys, each as one line of JSON."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(_line(row))
    return digest.hexdigest()


def _line(row: Row) -> bytes:
    """A row in a form that does not depend on the database it was read from."""
    return json.dumps([_plain(value) for value in row], ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _plain(value: Value) -> str | int | float | list[str] | None:
    match value:
        case datetime():
            return [value.isoformat(timespec="microseconds")]  # in a list, so that no text is taken for it
        case bytes() | memoryview():
            return ["bytes", bytes(value).hex()]
        case _:
            return value


def _key(shape: TableShape, row: Row) -> tuple[tuple[bool, str | float], ...]:
    """To compare by: within a column all are numbers, or all are text."""
    return tuple(_sortable(row[place]) for place in shape.key)


def _sortable(value: Value) -> tuple[bool, str | float]:
    return (False, value) if isinstance(value, int | float) else (True, str(value))


def _named(shape: TableShape, row: Row) -> str:
    return ", ".join(f"{shape.columns[place]} {row[place]!s}" for place in shape.key)
