"""Which codes are near, on SQLite: all of them are held in memory, and compared with NumPy. Implements `looks.Codes`.

A million codes are 32 MB, kept in the database packed 4096 to a row, and read again only where a row's stamp has
changed since. That needs no extension, which many builds of Python cannot load, and is quicker than the vec0 table of
sqlite-vec (docs/library.md has the figures). The looks themselves lie by slot beside the codes: each that is compared
properly is one read.
"""

import threading
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, bindparam, text

from samecast.library.looks import CODE_BYTES, look_in
from samecast.ports.creations import Look

PER_BLOCK = 4096
PLANES = CODE_BYTES // 8
"""A block holds every code's first 8 bytes, then every code's second 8 bytes, and so on."""
AT_ONCE = 8 * PER_BLOCK
"""So many codes are compared in one go: their differences stay in the processor's cache."""


class SqliteCodes:
    """Holds the codes that were read last; may be asked from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stamps: dict[int, int] = {}
        self._planes = np.zeros((PLANES, 0), np.uint64)

    def put(self, connection: Connection, looks: Sequence[tuple[str, Look]]) -> None:
        """See `looks.Codes`."""
        if not looks:
            return
        slots = _slots(connection, [take_id for take_id, _ in looks])
        by_block: defaultdict[int, list[tuple[int, bytes]]] = defaultdict(list)
        rows = []
        for take_id, look in looks:
            by_block[slots[take_id] // PER_BLOCK].append((slots[take_id] % PER_BLOCK, look.code))
            own = {"maker": look.maker, "vector": look.vector, "code": look.code}
            rows.append({"slot": slots[take_id], "id": take_id, **own})
        connection.execute(_KEEP, rows)
        for block, entries in by_block.items():
            kept = connection.execute(_READ_ONE, {"block": block}).scalar()
            planes = _unpacked(kept).copy() if kept is not None else np.zeros((PLANES, PER_BLOCK), np.uint64)
            for column, code in entries:
                planes[:, column] = np.frombuffer(code, np.uint64)
            connection.execute(_WRITE, {"block": block, "codes": planes.tobytes()})
            connection.execute(_STAMP, {"block": block})

    def remove(self, connection: Connection, take_ids: Sequence[str]) -> None:
        """See `looks.Codes`. The code stays where it is: nobody's, until its slot is the last and is given out anew."""
        if take_ids:
            connection.execute(_REMOVE, [{"id": take_id} for take_id in take_ids])

    def nearest(self, connection: Connection, look: Look, count: int) -> list[tuple[str, Look]]:
        """See `looks.Codes`."""
        last = connection.execute(_LAST).scalar()
        if last is None:
            return []
        planes = self._current(connection)[:, : last + 1]
        own = np.frombuffer(look.code, np.uint64)
        parts = [_differing(planes[:, begin : begin + AT_ONCE], own) for begin in range(0, last + 1, AT_ONCE)]
        chosen = _smallest(np.concatenate(parts), count)
        rows = connection.execute(_CHOSEN, {"slots": chosen, "maker": look.maker})
        return [(row.take_id, look_in(row)) for row in rows]

    def _current(self, connection: Connection) -> npt.NDArray[np.uint64]:
        """All codes as this transaction sees them: PLANES x N. Never written to again: others may be reading it."""
        stamps = {row.block: row.stamp for row in connection.execute(_STAMPS)}
        with self._lock:
            changed = [block for block, stamp in stamps.items() if self._stamps.get(block) != stamp]
            width = PER_BLOCK * (max(stamps, default=-1) + 1)
            if changed or width != self._planes.shape[1]:
                planes = np.zeros((PLANES, width), np.uint64)
                shared = min(width, self._planes.shape[1])
                planes[:, :shared] = self._planes[:, :shared]
                for row in connection.execute(_READ_ALL if len(changed) == len(stamps) else _READ, {"blocks": changed}):
                    planes[:, row.block * PER_BLOCK : (row.block + 1) * PER_BLOCK] = _unpacked(row.codes)
                self._planes, self._stamps = planes, stamps
            return self._planes


def _slots(connection: Connection, take_ids: Sequence[str]) -> dict[str, int]:
    """Each take's slot; new ones follow the last."""
    found = {row.take_id: row.slot for row in connection.execute(_SLOTS, {"ids": list(take_ids)})}
    last = connection.execute(_LAST).scalar()
    fresh = [take_id for take_id in take_ids if take_id not in found]
    return found | {take_id: slot for slot, take_id in enumerate(fresh, start=0 if last is None else last + 1)}


def _unpacked(block: bytes) -> npt.NDArray[np.uint64]:
    return np.frombuffer(block, np.uint64).reshape(PLANES, PER_BLOCK)


def _differing(planes: npt.NDArray[np.uint64], own: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint16]:
    """How many bits differ, for each of the codes."""
    total: npt.NDArray[np.uint16] = np.bitwise_count(planes ^ own[:, None]).sum(axis=0, dtype=np.uint16)
    return total


def _smallest(apart: npt.NDArray[np.uint16], count: int) -> list[int]:
    """The positions of the `count` smallest, in no order; of equals the later ones."""
    radius = int(np.searchsorted(np.cumsum(np.bincount(apart, minlength=8 * CODE_BYTES + 1)), count))
    inside = np.flatnonzero(apart < radius)
    on_the_edge = np.flatnonzero(apart == radius)[len(inside) - count :]
    found = np.concatenate([inside, on_the_edge])
    return [int(position) for position in found]


_LAST = text("SELECT max(slot) FROM look_slots")
_SLOTS = text("SELECT slot, take_id FROM look_slots WHERE take_id IN :ids").bindparams(bindparam("ids", expanding=True))
_CHOSEN = text("SELECT * FROM look_slots WHERE slot IN :slots AND maker = :maker").bindparams(
    bindparam("slots", expanding=True)
)
_KEEP = text(
    "INSERT INTO look_slots (slot, take_id, maker, vector, code) VALUES (:slot, :id, :maker, :vector, :code)"
    " ON CONFLICT (slot) DO UPDATE SET maker = excluded.maker, vector = excluded.vector, code = excluded.code"
)
_REMOVE = text("DELETE FROM look_slots WHERE take_id = :id")
_READ_ONE = text("SELECT codes FROM look_blocks WHERE block = :block")
_READ = text("SELECT block, codes FROM look_blocks WHERE block IN :blocks").bindparams(
    bindparam("blocks", expanding=True)
)
_READ_ALL = text("SELECT block, codes FROM look_blocks ORDER BY block")
_WRITE = text("INSERT INTO look_blocks (block, codes) VALUES (:block, :codes) ON CONFLICT DO UPDATE SET codes = :codes")
_STAMPS = text("SELECT block, stamp FROM look_stamps")
# No count: one that was written and rolled back, or restored from a backup, would come again with other codes.
_STAMP = text(
    "INSERT INTO look_stamps (block, stamp) VALUES (:block, random()) ON CONFLICT DO UPDATE SET stamp = random()"
)
