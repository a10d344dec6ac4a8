"""Who is there: this worker's heartbeat, and noticing those whose heart stopped.

Nobody's clock has to be right: a worker counts its beats in the library, and who watches sees on its own steady clock
how long a count has not changed. On one machine a dead process is noticed at once. What happens to the work of one
that is gone is `session`'s.
"""

import os
import platform
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from samecast.ports import WorkerCard, WorkerRepository

BEAT_SECONDS = 5.0
GONE_SECONDS = 25.0
"""A worker whose count stood still so long is taken to be gone. Was it only slow, then it finds that out with its next
beat, and what it had in hand is no longer its own: DBOS refuses its records."""
BLIND_SECONDS = 2.5 * BEAT_SECONDS
"""Who did not look for so long has seen nothing."""


def this_machine() -> str:
    """This machine as long as it is not restarted, and this container on it: where a process id means something."""
    boot = namespace = ""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()[:8]
    with suppress(OSError):
        namespace = os.readlink("/proc/self/ns/pid").strip("pid:[]")
    return "/".join(part for part in (socket.gethostname() or platform.node(), boot, namespace) if part)


def alive(pid: int) -> bool:
    """Whether there is such a process on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # there, and somebody else's
        return True
    return True


@dataclass(slots=True, kw_only=True)
class Lookout:
    """Watches the other workers' counts on `clock`, a steady one in seconds.

    Who could not look for some beats (the library was away, or this process stood still) begins anew: nobody else may
    have been able to count either.
    """

    workers: WorkerRepository
    me: str = ""
    """The id of the worker that watches; nobody's where somebody else does."""
    machine: str = field(default_factory=this_machine)
    """Where it watches from."""
    clock: Callable[[], float] = field(default=time.monotonic)
    alive: Callable[[int], bool] = field(default=alive)
    _seen: dict[str, tuple[int, float]] = field(default_factory=dict)
    _looked: float = 0.0

    def missing(self, present: Sequence[WorkerCard] | None = None) -> list[WorkerCard]:
        """Those present on paper (read anew unless given) who are gone, by now."""
        others = [card for card in (self.workers.present() if present is None else present) if card.id != self.me]
        now = self.clock()
        if now - self._looked > BLIND_SECONDS:
            self._seen = {}
        self._looked = now
        self._seen = {card.id: self._since(card, now) for card in others}
        return [card for card in others if self._gone(card, now)]

    def _since(self, card: WorkerCard, now: float) -> tuple[int, float]:
        beats, since = self._seen.get(card.id, (-1, now))
        return (beats, since) if beats == card.beats else (card.beats, now)

    def _gone(self, card: WorkerCard, now: float) -> bool:
        if card.machine == self.machine and not self.alive(card.pid):
            return True
        return now - self._seen[card.id][1] >= GONE_SECONDS
