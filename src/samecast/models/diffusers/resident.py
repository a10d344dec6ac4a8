"""The one place of this process where a model is loaded and takes are made: one batch at a time, one model at a time.

A GPU holds one model, and takes wait for their turn. Takes that differ in their seed alone may be made together when
several wait. A model that nobody uses for a while makes room. What making a take means is the engine's.
"""

import gc
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from samecast.ports import Pixels, Render

M = TypeVar("M")

IDLE_SECONDS = 600.0
GATHER_SECONDS = 0.05
"""How long the first take of a batch waits for others that were asked for at the same time."""
_LOOK_SECONDS = 0.1
"""How often a waiting take asks whether it is still wanted."""
log = logging.getLogger("samecast.models.diffusers")


class Halted(BaseException):
    """Nobody wants what is being made any more. No error, so that no library handles or reports it as one."""


@dataclass(slots=True, eq=False)
class Seat:
    """One take that is to be made: its order, and what became of it. Its steps are told by its own thread only."""

    order: Render
    frames: Sequence[Pixels] = ()
    notes: tuple[str, ...] = ()
    error: BaseException | None = None
    left: bool = False
    """Its order is not wanted any more."""
    taken: bool = False
    done: bool = False
    news: threading.Event = field(default_factory=threading.Event)
    """Set when there is something for its own thread to look at."""
    _told: list[tuple[str, int, int]] = field(default_factory=list)

    def tell(self, step: str, done: int, total: int, *, own: bool) -> None:
        """Report a step: at once where `own`, else when its own thread next looks."""
        if self.left:
            return
        if not own:
            self._told = [(step, done, total)]
            self.news.set()
            return
        try:
            self.order.on_step(step, done, total)
        except BaseException as error:
            self.error, self.left = error, True

    def look(self) -> None:
        """Report the last step that was told. Raises what stops the take."""
        told, self._told = self._told, []
        for step in told:
            self.order.on_step(*step)


class Company:
    """Takes that are made together. `step` reports to all of them, and raises `Halted` once none is wanted."""

    def __init__(self, seats: Sequence[Seat], leader: Seat) -> None:
        self.seats = tuple(seats)
        self._leader = leader

    def step(self, name: str, done: int, total: int) -> None:
        for seat in self.seats:
            seat.tell(name, done, total, own=seat is self._leader)
        if all(seat.left for seat in self.seats):
            raise Halted


class Resident(Generic[M]):
    """Holds one loaded model, an M, and lets one batch at a time use it. Safe to use from any number of threads."""

    def __init__(self, idle_seconds: float = IDLE_SECONDS, *, gather_seconds: float = GATHER_SECONDS) -> None:
        self.idle_seconds = idle_seconds
        self._gather_seconds = gather_seconds
        self._turn = threading.Lock()
        self._desk = threading.Lock()
        self._waiting: dict[str, list[Seat]] = {}
        self._key = ""
        self._model: M | None = None
        self._uses = 0
        self._spoilt = False
        self._timer: threading.Timer | None = None

    # --- takes ------------------------------------------------------------------------------------------------------

    def serve(self, seat: Seat, *, alike: str, most: int, make: Callable[[Company], None]) -> None:
        """Have the take made, alone or with up to `most` in all that wait under the same `alike`. Blocks until it is.

        `make` fills in every seat's frames and notes. Raises what its order's `on_step` raised, or what making did.
        """
        with self._desk:
            self._waiting.setdefault(alike, []).append(seat)
        try:
            while not seat.done:
                if seat.taken:
                    seat.news.wait(_LOOK_SECONDS)
                    seat.news.clear()
                    seat.look()
                elif self._turn.acquire(timeout=_LOOK_SECONDS):
                    try:
                        self._lead(seat, alike, most, make)
                    finally:
                        self._turn.release()
                else:
                    seat.order.on_step("wait", 0, 1)
            seat.look()  # at what was told since
        except BaseException:
            seat.left = True
            raise
        finally:
            self._forget(seat, alike)
        if seat.error is not None:
            raise seat.error

    def _gather(self, alike: str, most: int) -> None:
        """Wait a moment for takes that were asked for at the same time: else the first of them would begin alone."""
        ends = time.monotonic() + self._gather_seconds
        while time.monotonic() < ends:
            with self._desk:
                if len(self._waiting.get(alike, ())) >= most:
                    return
            time.sleep(0.005)

    def _lead(self, seat: Seat, alike: str, most: int, make: Callable[[Company], None]) -> None:
        if most > 1 and not seat.taken:
            self._gather(alike, most)
        with self._desk:
            if seat.taken:
                return
            others = [other for other in self._waiting[alike] if other is not seat and not other.left]
            company = Company([seat, *others[: most - 1]], seat)
            for member in company.seats:
                member.taken = True
        self._cancel_timer()
        try:
            make(company)
        except Halted:
            pass
        except BaseException as error:  # every take's own thread raises it
            for member in company.seats:
                member.error = member.error or error
            if self._spoilt:
                _let_go(error)
        finally:
            if self._spoilt:
                self._drop()
            for member in company.seats:
                member.done = True
                member.news.set()
            self._set_timer()

    def _forget(self, seat: Seat, alike: str) -> None:
        with self._desk:
            seats = self._waiting.get(alike, [])
            if seat in seats:
                seats.remove(seat)
            if not seats:
                self._waiting.pop(alike, None)

    # --- the model --------------------------------------------------------------------------------------------------

    def hold(self, key: str, load: Callable[[], M]) -> M:
        """The model of that key; another one makes room first. Only while a take is made."""
        if self._model is None or self._key != key:
            self._drop()
            self._model, self._key = load(), key
        return self._model

    @property
    def holds(self) -> str:
        """The key of the model that is loaded; "" for none."""
        return self._key if self._model is not None else ""

    def free(self) -> None:
        """Let the model go now, once no take is being made."""
        with self._turn:
            self._drop()

    def spoil(self) -> None:
        """Let the model go once the take has failed: it, or the GPU, may be in disorder. Only while one is made."""
        self._spoilt = True

    def _drop(self) -> None:
        self._spoilt = False
        if self._model is None:
            return
        self._model, self._key = None, ""
        gc.collect()
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_available():
            torch.cuda.empty_cache()
        log.debug("a model was let go")

    # --- idling -----------------------------------------------------------------------------------------------------

    def _cancel_timer(self) -> None:
        self._uses += 1
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self) -> None:
        self._timer = threading.Timer(self.idle_seconds, self._expire, args=(self._uses,))
        self._timer.daemon = True
        self._timer.start()

    def _expire(self, uses: int) -> None:
        """Whoever has the turn is using the model, and will set another timer."""
        if self._turn.acquire(blocking=False):
            try:
                if self._uses == uses:
                    self._drop()
            finally:
                self._turn.release()


def _let_go(error: BaseException | None) -> None:
    """An error's traceback holds on to everything that was at work, the model among it."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
