"""Making one take: rendered, or submitted and collected; stored; scored. Each part is a step that is done once.

A step may be begun again after a crash: what was made before is found and used. Which takes there are is shooting's,
what follows from their scores is concluding's, and who calls these steps, and when, is production's.
"""

import difflib
import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias, TypeVar, cast

from samecast.core.consistency import TakeScore, take_score_from_json, take_score_to_json
from samecast.core.errors import BadMedia, NotFound, RenderFailed, SamecastError, Stopped, SubmissionUnsure, Unreachable
from samecast.core.recipe import Recipe, recipe_to_json
from samecast.core.story import Take
from samecast.ports import (
    AssetStore,
    Engine,
    HostedEngine,
    Media,
    ModelProfile,
    Picture,
    Pixels,
    Render,
    Rendered,
    WorkRepository,
)
from samecast.ports.plugins import Retired
from samecast.services import folders
from samecast.services.events import (
    Noted,
    StepMoved,
    TakeFailed,
    TakeFinished,
    TakeShown,
    TakeStarted,
    TakeStored,
    Watch,
    unwatched,
)
from samecast.services.scoring import Scoring

T = TypeVar("T")
Models: TypeAlias = Mapping[str, tuple[ModelProfile, Engine | HostedEngine]]
Moved: TypeAlias = Callable[[str, int, int], None]
"""A step's name, how much of it is done, how much there is."""
Stopping: TypeAlias = Callable[[], bool]
"""Asked often while something is made: true once it is not wanted any more."""

SHOWN_SECONDS, SHOWN_SIDE = 1.0, 360
"""A clip is shown so often while its frames are made, at so many pixels at the most."""
COLLECT_SECONDS = 2.0
"""How often a provider is asked whether a take is ready."""
AWAY_SECONDS = 600.0
"""How long a provider that has a take may be out of reach before the take fails."""


def never() -> bool:
    """Nobody will ask it to stop."""
    return False


def at_once(do: Callable[[], T]) -> T:
    """Nobody waits for a library that is away."""
    return do()


def find_model(models: Models, name: str) -> tuple[ModelProfile, Engine | HostedEngine]:
    """Raises `NotFound`, naming the nearest there are, or what became of one that users know."""
    if name in models:
        return models[name]
    retired: Mapping[str, Retired] = getattr(models, "retired", {})
    gone = retired.get("-".join(name.lower().split()))
    if gone is not None:
        raise NotFound(gone.said, hint=gone.instead)
    near = difflib.get_close_matches(name, list(models), n=1)
    guess = f"Did you mean {near[0]}? " if near else ""
    raise NotFound(f"There is no model '{name}'.", hint=f"{guess}See them with: samecast models list")


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """The steps of a take. Each raises `SamecastError`; only `retryable` ones may go better by themselves."""

    work: WorkRepository
    assets: AssetStore
    media: Media
    scoring: Scoring
    models: Models
    remember: Callable[[str, Path], None] | None = None
    """Keeps what a take looks like, by its id and its file."""
    wait: Callable[[float], None] = field(default=time.sleep)
    """How a provider is waited for."""

    def wanted(self, take_id: str, attempt: int) -> bool:
        """Whether this attempt is still to be made: the take waits for it, and its shot was not cancelled."""
        take = self.work.take(take_id)
        return (
            take.state == "waiting" and take.attempt == attempt and self.work.standing(take.shot_id).state == "running"
        )

    def render(
        self,
        take_id: str,
        watch: Watch = unwatched,
        stopping: Stopping = never,
        *,
        attempt: int | None = None,
        patiently: Callable[[Callable[[], str]], str] = at_once,
    ) -> str:
        """Have the take made and stored; returns its asset. Made before, it is not made again.

        `patiently` does the storing, so that a take is not made again only because the library is away.
        Raises `Stopped` within a step of `stopping`, and tells the provider; at once where `attempt` is not the take's.
        """
        take = self.work.take(take_id)
        if stopping() or (attempt is not None and take.attempt != attempt):
            raise _stopped(take)
        if take.asset is not None and self.assets.has(take.asset):
            return take.asset
        profile, engine = find_model(self.models, take.recipe.model)
        watch(TakeStarted(number=take.number, seed=take.recipe.seed))

        def moved(step: str, done: int, of: int) -> None:
            if stopping():
                raise _stopped(take)
            watch(StepMoved(number=take.number, step=step, done=done, total=of))

        began = time.monotonic()
        order = Render(
            recipe=take.recipe,
            references=self._references(take.recipe),
            files={lora.sha256: self.assets.get(lora.sha256) for lora in take.recipe.loras},
            on_step=moved,
        )
        if profile.hosted:
            rendered = self._have_made(take, profile, cast(HostedEngine, engine), order)
        else:
            rendered = cast(Engine, engine).render(order)
        with tempfile.TemporaryDirectory(prefix="samecast-") as folder:
            path = Path(folder) / f"take{folders.suffix(take.recipe)}"
            shown = self._shown(rendered, take.number, watch) if take.recipe.kind == "video" else rendered
            self._write(path, take.recipe, shown, moved)
            content = path.read_bytes()
        for note in rendered.notes:
            watch(Noted(text=note))
        seconds = time.monotonic() - began
        made = replace(take, notes=rendered.notes, seconds=seconds)
        asset = patiently(lambda: self._store(made, content))
        watch(TakeStored(number=take.number, seconds=seconds, size=len(content)))
        return asset

    def score(self, take_id: str, asset: str, watch: Watch = unwatched) -> Take:
        """Score the take's asset and conclude the take; returns it as it is kept."""
        take = self.work.take(take_id)
        watch(StepMoved(number=take.number, step="score", done=0, total=1))
        try:
            with self._file(take, asset) as path:
                score = self._measured(take, path)
                self._remember(take, path)
        except BadMedia as error:  # what cannot be read is not kept: tried again, it is made anew
            return self.fail(replace(take, asset=None), error)
        watch(StepMoved(number=take.number, step="score", done=1, total=1))
        done = replace(
            take, state="done", asset=asset, score=take_score_to_json(score), made_at=datetime.now(UTC), error=None
        )
        return self.work.conclude_take(done)

    def measure(self, take: Take, asset: str) -> TakeScore:
        """The score of an asset as this take's, by the encoders in use now; nothing is kept."""
        with self._file(take, asset) as path:
            return self._measured(take, path)

    @contextmanager
    def _file(self, take: Take, asset: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="samecast-") as folder:
            path = Path(folder) / f"take{folders.suffix(take.recipe)}"
            path.write_bytes(self.assets.get(asset))
            yield path

    def _measured(self, take: Take, path: Path) -> TakeScore:
        composites = find_model(self.models, take.recipe.model)[0].composites
        return self.scoring.score_take(take.recipe.members, path, composited=composites)

    def _remember(self, take: Take, path: Path) -> None:
        if self.remember is not None:
            self.remember(take.id, path)

    def fail(self, take: Take, error: SamecastError) -> Take:
        """Conclude the take as failed; what it has cost by then stays counted where the provider has it."""
        unsure = take.intended is not None or isinstance(error, SubmissionUnsure)
        free = isinstance(error, RenderFailed) and not error.charged
        unpaid = free or (take.ticket is None and take.asset is None and not unsure)
        return self.work.conclude_take(
            replace(
                take,
                state="failed",
                error=" ".join(str(error).split()),
                failure=error.code,
                cost=max(0, take.cost - self._price(take)) if unpaid else take.cost,
                made_at=datetime.now(UTC),
            )
        )

    def withdraw(self, take: Take) -> None:
        """Tell the provider that a submitted take is not wanted any more.

        What it may charge all the same stays counted, beside what the take will cost if it is made after all. A take
        of which nobody knows whether it arrived stays that until it is resumed, unless the provider knows it.
        """
        profile, engine = find_model(self.models, take.recipe.model)
        if not profile.hosted:
            return
        hosted = cast(HostedEngine, engine)
        ticket = take.ticket or (hosted.find(_key(take, take.intended)) if take.intended is not None else None)
        if ticket:
            hosted.cancel(ticket)
            self.work.drop_job(take, cost=self._price(take))

    def _price(self, take: Take) -> int:
        """What making the take once costs, as far as that is known."""
        cost = find_model(self.models, take.recipe.model)[0].cost
        return cost.of(take.recipe) if cost else 0

    def _store(self, take: Take, content: bytes) -> str:
        """Keep the take's file. Claimed first: whatever lies in the store was claimed by somebody.

        Raises `Stopped` where another attempt has begun: this one's file is nobody's.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        kept = self.work.take(take.id).asset
        while kept != sha256:
            if kept is not None and self.assets.has(kept):
                return kept  # another worker was quicker
            before, kept = kept, self.work.claim_asset(replace(take, asset=sha256), instead_of=kept)
            if kept == before:
                raise _stopped(take)
        self.assets.put(content, suffix=folders.suffix(take.recipe))
        return sha256

    def _have_made(self, take: Take, profile: ModelProfile, engine: HostedEngine, order: Render) -> Rendered:
        ticket = take.ticket or self._submit(take, profile, engine, order)
        try:
            return self._collected(engine, ticket, order)
        except Stopped:
            self.withdraw(replace(take, ticket=ticket))
            raise

    def _collected(self, engine: HostedEngine, ticket: str, order: Render) -> Rendered:
        """Ask until the take is there. It is made elsewhere, so a provider that is away for a while loses nothing."""
        away: float | None = None
        while True:
            try:
                rendered, away = engine.collect(ticket), None
            except Unreachable:
                away = time.monotonic() if away is None else away
                if time.monotonic() - away >= AWAY_SECONDS:
                    raise
                rendered = None
            if rendered is not None:
                return rendered
            order.on_step(*(_told(engine, ticket) or ("render", 0, 1)))
            self.wait(COLLECT_SECONDS)

    def _submit(self, take: Take, profile: ModelProfile, engine: HostedEngine, order: Render) -> str:
        """Submit the take once. Where a crash came in between, the provider is asked, and one that knows keys is sent
        the take again under the key it may have; one that cannot tell is not: it might be paid for twice.
        """
        ticket = engine.find(_key(take, take.intended)) if take.intended is not None else None
        if ticket is None:
            if take.intended is not None and not profile.knows_keys:
                raise SubmissionUnsure(
                    f"{profile.name} may or may not have received take {take.number}: the worker died while sending.",
                    hint=f"Look there first; then have it made with `samecast shots retry {take.shot_id}`.",
                )
            order.on_step("submit", 0, 1)
            if take.intended is None and not self.work.intend(take.id, take.attempt):
                return self._submitted_elsewhere(take)
            ticket = self._send(take, profile, engine, order)
        self.work.keep_ticket(take.id, ticket)
        return ticket

    def _submitted_elsewhere(self, take: Take) -> str:
        """The ticket of whoever was quicker: this worker, or the other one, was taken for gone."""
        now = self.work.take(take.id)
        if now.ticket:
            return now.ticket
        if now.intended is None or not self.wanted(take.id, take.attempt):
            raise _stopped(take)
        raise SubmissionUnsure(
            f"Another worker was about to submit take {take.number}, and it is not known whether it did.",
            hint=f"Look at the provider first; then have it made with `samecast shots retry {take.shot_id}`.",
        )

    def _send(self, take: Take, profile: ModelProfile, engine: HostedEngine, order: Render) -> str:
        key = _key(take, take.attempt if take.intended is None else take.intended)
        try:
            return engine.submit(order, key)
        except SubmissionUnsure:
            if not profile.knows_keys:
                raise
            return engine.find(key) or engine.submit(order, key)
        except SamecastError:  # it did not arrive this time
            if take.intended is None:
                self.work.keep_ticket(take.id, None)
            raise

    def _references(self, recipe: Recipe) -> dict[str, Picture]:
        """Every picture that the recipe names. One that its compiled prompt does not count is not read."""
        named = recipe.pictures or tuple(name for member in recipe.members for name in member.references)
        frames = (recipe.edited, recipe.first_frame, recipe.last_frame)
        return {
            sha256: self.media.read_picture(self.assets.get(sha256))
            for sha256 in dict.fromkeys([*named, *(frame for frame in frames if frame)])
        }

    def _shown(self, rendered: Rendered, number: int, watch: Watch) -> Rendered:
        """The same, with a frame shown now and then as they are made."""

        def frames() -> Iterator[Pixels]:
            latest = 0.0
            for frame in rendered.frames:
                if time.monotonic() - latest >= SHOWN_SECONDS:
                    jpeg = self.media.jpeg(frame[..., :3], longest=SHOWN_SIDE, quality=70)
                    watch(TakeShown(number=number, jpeg=jpeg))
                    latest = time.monotonic()
                yield frame

        return replace(rendered, frames=frames())

    def _write(self, path: Path, recipe: Recipe, rendered: Rendered, moved: Moved) -> None:
        text = recipe_to_json(recipe)
        if recipe.kind == "video" and rendered.file:
            self.media.keep_clip(path, rendered.file, recipe=text)
        elif recipe.kind == "video":
            self.media.write_clip(path, _counted(rendered.frames, recipe.frames, moved), fps=recipe.fps, recipe=text)
        elif rendered.file:
            self.media.write_bytes(path, self.media.png(self.media.read_picture(rendered.file), text))
        else:
            still = next(rendered.frames)
            self.media.write_bytes(path, self.media.png(Picture(rgb=still[..., :3].copy()), text))


def _key(take: Take, attempt: int) -> str:
    """What a provider knows an attempt by."""
    return f"{take.id}.{attempt}"


def _told(engine: HostedEngine, ticket: str) -> tuple[str, int, int] | None:
    """How far the job is, where the engine is a `plugins.Tells`."""
    progress: Callable[[str], tuple[str, int, int] | None] | None = getattr(engine, "progress", None)
    return progress(ticket) if progress else None


def _stopped(take: Take) -> Stopped:
    return Stopped(f"Take {take.number} was stopped.", hint="Finished takes are kept.")


def score_of(take: Take) -> TakeScore:
    """The take's score; an empty one where it has none."""
    return take_score_from_json(take.score) if take.score else TakeScore()


def outcome(take: Take) -> TakeFinished | TakeFailed:
    """What came of a take, for whoever watches."""
    if take.state == "failed":
        return TakeFailed(number=take.number, error=take.error or "")
    return TakeFinished(number=take.number, path=take.path or "", score=score_of(take))


def _counted(frames: Iterator[Pixels], total: int, moved: Moved) -> Iterator[Pixels]:
    for done, frame in enumerate(frames, start=1):
        yield frame
        moved("render", done, total)
