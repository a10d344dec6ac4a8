"""Which codes are near, on SQLite: all of them are read, packed 4096 to a row, and compared with NumPy.

A million codes are 16 MB, read and compared in about 20 ms. That needs no extension, which many builds of Python cannot
load, and is quicker than the vec0 table of sqlite-vec (docs/library.md has the figures). Implements `looks.Codes`.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, bindparam, text

PER_BLOCK = 4096
PLANES = 2
"""A block holds every code's first 8 bytes, then every code's second 8 bytes. The rest of a code is not kept here: half
of it finds as much where a few hundred are compared properly afterwards, and is read in half the time."""
USED = 8 * PLANES


class SqliteCodes:
    def put(self, connection: Connection, codes: Sequence[tuple[str, bytes]]) -> None:
        """See `looks.Codes`."""
        if not codes:
            return
        slots = _slots(connection, [take_id for take_id, _ in codes])
        by_block: defaultdict[int, list[tuple[int, bytes]]] = defaultdict(list)
        for take_id, code in codes:
            by_block[slots[take_id] // PER_BLOCK].append((slots[take_id] % PER_BLOCK, code))
        for block, entries in by_block.items():
            kept = connection.execute(_READ_ONE, {"block": block}).scalar()
            planes = _planes(kept).copy() if kept is not None else np.zeros((PLANES, PER_BLOCK), np.uint64)
            for column, code in entries:
                planes[:, column] = np.frombuffer(code[:USED], np.uint64)
            connection.execute(_WRITE, {"block": block, "codes": planes.tobytes()})

    def nearest(self, connection: Connection, code: bytes, count: int) -> list[str]:
        """See `looks.Codes`."""
        last = connection.execute(_LAST).scalar()
        if last is None:
            return []
        own = np.frombuffer(code[:USED], np.uint64)
        blocks = connection.execute(_READ_ALL).scalars()
        apart = np.concatenate([_differing(_planes(block), own) for block in blocks])[: last + 1]
        chosen = _smallest(apart, count)
        takes = {row.slot: row.take_id for row in connection.execute(_TAKES, {"slots": chosen})}
        return [takes[slot] for slot in chosen if slot in takes]


def _slots(connection: Connection, take_ids: Sequence[str]) -> dict[str, int]:
    """Each take's slot; new ones follow the last."""
    found = {row.take_id: row.slot for row in connection.execute(_SLOTS, {"ids": list(take_ids)})}
    last = connection.execute(_LAST).scalar()
    fresh = [take_id for take_id in take_ids if take_id not in found]
    new = {take_id: slot for slot, take_id in enumerate(fresh, start=0 if last is None else last + 1)}
    if new:
        connection.execute(_TAKE_SLOT, [{"slot": slot, "id": take_id} for take_id, slot in new.items()])
    return found | new


def _planes(block: bytes) -> npt.NDArray[np.uint64]:
    return np.frombuffer(block, np.uint64).reshape(PLANES, PER_BLOCK)


def _differing(planes: npt.NDArray[np.uint64], own: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint8]:
    """How many bits differ, for each code of a block."""
    first, second = np.bitwise_count(planes ^ own[:, None])
    total: npt.NDArray[np.uint8] = first + second
    return total


def _smallest(apart: npt.NDArray[np.uint8], count: int) -> list[int]:
    """The positions of the `count` smallest, in no order; of equals the later ones."""
    radius = int(np.searchsorted(np.cumsum(np.bincount(apart, minlength=256)), count))
    inside = np.flatnonzero(apart < radius)
    on_the_edge = np.flatnonzero(apart == radius)[len(inside) - count :]
    found = np.concatenate([inside, on_the_edge])
    return [int(position) for position in found]


_LAST = text("SELECT max(slot) FROM look_slots")
_SLOTS = text("SELECT slot, take_id FROM look_slots WHERE take_id IN :ids").bindparams(bindparam("ids", expanding=True))
_TAKES = text("SELECT slot, take_id FROM look_slots WHERE slot IN :slots").bindparams(
    bindparam("slots", expanding=True)
)
_TAKE_SLOT = text("INSERT INTO look_slots (slot, take_id) VALUES (:slot, :id)")
_READ_ONE = text("SELECT codes FROM look_blocks WHERE block = :block")
_READ_ALL = text("SELECT codes FROM look_blocks ORDER BY block")
_WRITE = text("INSERT INTO look_blocks (block, codes) VALUES (:block, :codes) ON CONFLICT DO UPDATE SET codes = :codes")
