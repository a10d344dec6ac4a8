"""Collecting what pages leave behind, seldom enough that nobody waits for it.

NiceGUI's elements refer to themselves, so that only Python's collector frees them, and it looks through all that lives
each time: on its own it would stop the server for some tenths of a second every few seconds. And the C library keeps
what is freed, by itself for each of the server's threads.
"""

import asyncio
import ctypes
import gc
import time

LOOK_SECONDS = 2.0
YOUNG = 60
"""Collections of what is young, after which there is enough to be worth a whole one: some 400,000 new objects."""
SHARE = 50
"""At most one part in so many of the time goes to whole collections."""


ARENAS = 2
"""Heaps that threads take memory from, where the C library is glibc: it would make eight for each core."""
_M_ARENA_MAX = -8


def share_memory() -> None:
    """To be called before there are threads."""
    if (libc := _glibc()) is not None:
        libc.mallopt(_M_ARENA_MAX, ARENAS)


async def tidy() -> None:
    """Do the whole collections, as long as the server serves; what is young is collected as ever."""
    libc = _glibc()
    first, second, third = gc.get_threshold()
    gc.collect()
    gc.freeze()  # what is there by now stays
    gc.set_threshold(first, second, 1_000_000)
    try:
        rests_until = 0.0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            began = time.monotonic()
            if began >= rests_until and gc.get_count()[2] >= YOUNG:
                gc.collect()
                if libc is not None:
                    await asyncio.to_thread(libc.malloc_trim, 0)
                ended = time.monotonic()
                rests_until = ended + SHARE * (ended - began)
    finally:
        gc.set_threshold(first, second, third)
        gc.unfreeze()


def _glibc() -> ctypes.CDLL | None:
    """The C library, if it has `mallopt(3)` and `malloc_trim(3)`."""
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:
        return None
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
