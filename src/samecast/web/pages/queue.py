"""The queue: what runs and waits, who works on it, what ended last; to stop it and to go on with it."""

from samecast.core.estimating import duration
from samecast.core.money import dollars
from samecast.core.story import Shot
from samecast.ports.watching import SeenShot, SeenTake, SeenWorker, Sight
from samecast.web.desk import Desk
from samecast.web.frame import frame, told
from samecast.web.kit import Tag, button, empty, heading, link, note, row, stack, verdict, words
from samecast.web.parts.takes import STEPS

ENDED = {"done": "match", "cancelled": "unknown"}


def queue(desk: Desk) -> None:
    with Tag("main", classes="page queue"):
        with Tag("header"):
            heading("Queue", 1)
            link("Create", "/create", drawn="clapperboard")
        Queue(desk)


class Queue:
    """Every shot is a card that is changed in place, so that what somebody reads does not jump."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._cards: dict[str, Card] = {}
        self._drawn: dict[Tag, object] = {}
        self.box = stack("loose")
        with self.box:
            self._trouble = stack("tight")
            with Tag("section", classes="stack", aria_label="Running and waiting"):
                self._running = Tag("ul", classes="stack")
                self._nothing = Tag("div")
            with Tag("section", classes="stack tight"):
                heading("Workers")
                self._workers = Tag("ul", classes="workers")
            self._over = Tag("section", classes="stack tight")
            with self._over:
                heading("Ended last")
                self._ended = Tag("ul", classes="stack tight")
        self.box.when_gone(desk.pulse.listen(self._heard))
        self._heard(desk.pulse.sight)

    def _heard(self, sight: Sight) -> None:
        with self.box:
            self._show_trouble()
            self._show_running(sight)
            self._show_workers(sight)
            self._show_ended(sight)

    def _differs(self, box: Tag, shown: object) -> bool:
        """Whether a box has to be filled with something else than before; it is empty then."""
        if box in self._drawn and self._drawn[box] == shown:
            return False
        self._drawn[box] = shown
        box.clear()
        return True

    def _show_trouble(self) -> None:
        trouble = self._desk.pulse.trouble
        if self._differs(self._trouble, trouble) and trouble:
            with self._trouble:
                note(f"{trouble} Trying again.", "wrong", drawn="triangle-alert")

    def _show_running(self, sight: Sight) -> None:
        running = {shot.id: shot for shot in sight.running}
        for gone in self._cards.keys() - running.keys():
            self._cards.pop(gone).box.delete()
        for shot in running.values():
            if shot.id not in self._cards:
                with self._running:
                    self._cards[shot.id] = Card(self._desk, shot)
            self._cards[shot.id].show(shot, sight)
        if self._differs(self._nothing, bool(running)) and not running:
            with (
                self._nothing,
                empty("list-video", "Nothing runs", "Shots that are being made stand here, take by take."),
            ):
                link("Shoot something", "/create", drawn="clapperboard", kind="main")

    def _show_workers(self, sight: Sight) -> None:
        if not self._differs(self._workers, sight.workers):
            return
        with self._workers:
            for worker in sight.workers:
                with Tag("li", classes="worker"):
                    words(worker.name, "strong", tag="span")
                    words(f"on {worker.machine}, for {', '.join(worker.queues)}", "muted small grow", tag="span")
                    words(_busy(worker), "small", tag="span")
            if not sight.workers:
                with Tag("li"):
                    note(
                        "No worker is there, so nothing is made. Start one with: samecast worker",
                        "careful",
                        drawn="triangle-alert",
                    )

    def _show_ended(self, sight: Sight) -> None:
        ended = [shot for shot in sight.shots if shot.state != "running"]
        if not self._differs(self._ended, ended):
            return
        self._over.set_visibility(bool(ended))
        with self._ended:
            for shot in ended:
                with Tag("li", classes="row stiff ended"):
                    verdict(ENDED.get(shot.state, "unknown"), "Done" if shot.state == "done" else "Stopped")
                    words(shot.prompt, "grow one-line", tag="span", title=shot.prompt)
                    words(_spent(shot), "muted small number", tag="span")
                    if shot.state == "cancelled":
                        button("Go on", told(lambda shot=shot.id: self._resume(shot)), drawn="play", low=True)
                    link("Open", f"/create?shot={shot.id}", classes="button low", kind="quiet")

    async def _resume(self, shot_id: str) -> None:
        await self._desk.ask(self._go_on, shot_id)
        self._desk.pulse.wake()

    def _go_on(self, shot_id: str) -> Shot:
        producing = self._desk.studio.producing
        shot = producing.resume(shot_id)
        producing.submit(shot, urgent=True)
        return shot


class Card:
    """One shot that runs."""

    def __init__(self, desk: Desk, shot: SeenShot) -> None:
        self._desk = desk
        self._id = shot.id
        self._bars: dict[str, tuple[Tag, Tag, Tag]] = {}
        self.box = Tag("li", classes="card padded stack tight")
        with self.box:
            with row("apart top stiff"):
                with stack("close grow"):
                    Tag("a", shot.prompt, "plain strong two-lines", href=f"/create?shot={shot.id}")
                    self._told = words("", "muted small")
                button("Stop", told(self._cancel), drawn="circle-stop", kind="quiet", low=True)
            self._takes = Tag("ol", classes="stack close")

    def show(self, shot: SeenShot, sight: Sight) -> None:
        self._told.set_text(" · ".join(_facts(shot, sight)))
        for take in shot.takes:
            if take.id not in self._bars:
                with self._takes:
                    self._bars[take.id] = self._bar(take)
            step, bar, fill = self._bars[take.id]
            step.set_text(_step(take))
            share = 1.0 if take.state == "done" else take.share
            bar.put(aria_valuenow=round(100 * share))
            fill.style(f"width: {round(100 * share)}%")

    def _bar(self, take: SeenTake) -> tuple[Tag, Tag, Tag]:
        with Tag("li", classes="take-line"):
            words(f"Take {take.number}", "small", tag="span")
            step = words("", "muted small", tag="span")
            bar = Tag(
                "span",
                classes="bar",
                role="progressbar",
                aria_label=f"Take {take.number}",
                aria_valuemin=0,
                aria_valuemax=100,
            )
            with bar:
                fill = Tag("span")
        return step, bar, fill

    async def _cancel(self) -> None:
        await self._desk.ask(self._desk.studio.producing.cancel, self._id)
        self._desk.pulse.wake()
        frame().say("Stopped. Finished takes are kept.", "It goes on from under “Ended last”.")


def _busy(worker: SeenWorker) -> str:
    if worker.draining:
        return "leaves"
    return f"{worker.takes} in hand" if worker.takes else "idle"


def _facts(shot: SeenShot, sight: Sight) -> list[str]:
    said = [shot.model, f"{shot.count('done')} of {len(shot.takes)} made"]
    if shot.awaits:
        return [*said, "waits for its first frame"]
    if shot.round > 1:
        said.append(f"round {shot.round}")
    if shot.spent:
        said.append(dollars(shot.spent))
    served = any(shot.queue in worker.queues for worker in sight.workers)
    if not served and not shot.count("running"):
        said.append(f"no worker takes {shot.queue}")
    elif shot.seconds_left is not None:
        said.append(f"about {duration(shot.seconds_left)} left")
    return said


def _step(take: SeenTake) -> str:
    match take.state:
        case "running":
            return f"{STEPS.get(take.step, take.step.capitalize())}, by {take.worker}"
        case "failed":
            return f"Failed: {take.error}"
        case "done":
            return (take.verdict or "made").replace("_", " ").capitalize()
        case _:
            return "Waits"


def _spent(shot: SeenShot) -> str:
    made = f"{shot.count('done')} of {len(shot.takes)}"
    return f"{made} · {dollars(shot.spent)}" if shot.spent else made
