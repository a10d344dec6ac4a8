"""What takes long and is nobody's page: it runs in a thread of its own, and any tab can watch it, leave it and stop it.

There is one of a name at a time, and those of one lane wait for each other. How an errand ended is kept until it is
begun again. A studio that ends does not wait for its errands: they are of a kind that is gone on with.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from samecast.core.errors import SamecastError, Stopped
from samecast.core.estimating import duration
from samecast.web.frame import log, told
from samecast.web.kit import Tag, button, row, stack, words

State: TypeAlias = Literal["waiting", "running", "stopping", "done", "failed", "stopped"]
Moved: TypeAlias = Callable[[str, int, int], None]
"""Told the step, how much of it is done, and how much there is; raises `Stopped` once somebody wants it to end."""
GOING = ("waiting", "running", "stopping")
LOOK_SECONDS = 0.4
_TURN_SECONDS = 0.2
_TELLING_SECONDS = 3.0
"""With less behind it, nothing is said of how long it will take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an errand stands. `outcome`: what it came to, where it is done; `error`: why it failed."""

    state: State = "waiting"
    step: str = ""
    done: int = 0
    total: int = 0
    began: float = 0.0
    seconds: float = 0.0
    """Since it began to run, until it ended."""
    outcome: Any = None
    error: SamecastError | None = None

    @property
    def going(self) -> bool:
        return self.state in GOING

    @property
    def share(self) -> float:
        return min(1.0, self.done / self.total) if self.total > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far; None where that says nothing yet."""
        if self.state != "running" or not 0.0 < self.share < 1.0 or self.seconds < _TELLING_SECONDS:
            return None
        return self.seconds * (1 - self.share) / self.share


class Errands:
    """All that run and ended, by name. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._standing: dict[str, Standing] = {}
        self._stops: dict[str, threading.Event] = {}
        self._lanes: dict[str, threading.Lock] = {}

    def begin(self, name: str, do: Callable[[Moved], object], *, lane: str = "") -> bool:
        """Have it done, after what is before it in its lane; False where it is being done already."""
        with self._lock:
            if name in self._standing and self._standing[name].going:
                return False
            self._standing[name] = Standing()
            stop = self._stops[name] = threading.Event()
            turn = self._lanes.setdefault(lane or name, threading.Lock())
        threading.Thread(target=self._run, args=(name, do, stop, turn), name=f"errand {name}", daemon=True).start()
        return True

    def get(self, name: str) -> Standing | None:
        """None: it was never begun."""
        with self._lock:
            standing = self._standing.get(name)
        if standing is None or not standing.began or not standing.going:
            return standing
        return replace(standing, seconds=time.monotonic() - standing.began)

    def going(self, prefix: str) -> list[str]:
        """The names of those that are not ended and begin with `prefix`, in the order in which they were begun."""
        with self._lock:
            return [name for name, now in self._standing.items() if name.startswith(prefix) and now.going]

    def stop(self, name: str) -> None:
        """Have it end at the next step that it tells of; harmless where it has ended."""
        with self._lock:
            standing = self._standing.get(name)
            if standing is not None and standing.going:
                self._standing[name] = replace(standing, state="stopping")
                self._stops[name].set()

    def _run(self, name: str, do: Callable[[Moved], object], stop: threading.Event, turn: threading.Lock) -> None:
        while not turn.acquire(timeout=_TURN_SECONDS):
            if stop.is_set():
                self._put(name, state="stopped")
                return
        try:
            if not stop.is_set():
                self._put(name, state="running", began=time.monotonic())
            self._moved(name, stop, "", 0, 0)
            outcome = do(lambda step, done, total: self._moved(name, stop, step, done, total))
        except Stopped:
            self._put(name, state="stopped")
        except SamecastError as error:
            self._put(name, state="failed", error=error)
        except Exception:  # the top of this thread: whatever happens in it is told to who looks
            log.exception("an errand broke")
            broken = SamecastError("Something broke that should not.", hint="The server's log has more.")
            self._put(name, state="failed", error=broken)
        else:
            self._put(name, state="done", outcome=outcome)
        finally:
            turn.release()

    def _moved(self, name: str, stop: threading.Event, step: str, done: int, total: int) -> None:
        if stop.is_set():
            raise Stopped("Stopped.")
        self._put(name, step=step, done=done, total=total)

    def _put(self, name: str, **changes: Any) -> None:
        with self._lock:
            now = replace(self._standing[name], **changes)
            if not now.going and now.began:
                now = replace(now, seconds=time.monotonic() - now.began)
            self._standing[name] = now


class Progress:
    """An errand as it goes, with a button to stop it; nothing is seen while it does not go.

    `said` puts its step and its figures into words. Whoever builds it looks now and then.
    """

    def __init__(self, errands: Errands, name: str, *, label: str, said: Callable[[Standing], str]) -> None:
        self._errands = errands
        self._name = name
        self._said = said
        self._seen: Standing | None = None
        self.box = stack("tight errand")
        with self.box:
            with row("tight apart stiff"):
                self._words = words("", "small grow number")
                self._stop = button("Stop", told(self._end), drawn="circle-stop", kind="quiet", low=True)
            self._bar = Tag(
                "span", classes="bar", role="progressbar", aria_label=label, aria_valuemin=0, aria_valuemax=100
            )
            with self._bar:
                self._fill = Tag("span")
        self.box.set_visibility(False)
        self.look()

    def look(self) -> None:
        """See how it stands now."""
        now = self._errands.get(self._name)
        if self.box.is_deleted or now is None or now == self._seen:
            return
        self._seen = now
        self.box.set_visibility(now.going)
        if now.going:
            self._words.set_text(self._told(now))
            self._bar.put(aria_valuenow=round(100 * now.share))
            self._fill.style(f"width: {round(100 * now.share)}%")
            self._stop.put(aria_disabled="true" if now.state == "stopping" else None)

    def _end(self) -> None:
        self._errands.stop(self._name)
        self.look()

    def _told(self, now: Standing) -> str:
        match now.state:
            case "waiting":
                return "Waits for what is before it"
            case "stopping":
                return "Stopping"
            case _:
                left = f" · about {duration(now.seconds_left)} left" if now.seconds_left is not None else ""
                return f"{self._said(now)}{left}"


def size(count: int) -> str:
    """Bytes as people say them, in powers of ten."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
