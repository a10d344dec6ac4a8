"""Concluding a shot once none of its takes waits: shoot again what fell short, or pick; write its files; and let go
on what has waited for its pick.

Whether to shoot again is decided in `core.rounds`; what is decided is kept in one transaction, so that it is decided
once. The takes themselves are made by `making`.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from samecast.core.consistency import TakeScore, comparable, pick, take_score_to_json
from samecast.core.errors import BudgetReached, InvalidInput, RenderFailed, StorageFailed
from samecast.core.rounds import Again, next_round, options_at, recipe_for
from samecast.core.story import Shot, Take
from samecast.ports import AssetStore, Media, ShotRepository, Standing, WorkRepository
from samecast.services import folders
from samecast.services.events import Noted, Watch, unwatched
from samecast.services.making import Making, Models, find_model, score_of
from samecast.services.sheets import contact_sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Concluding:
    """`machine` is this one: only where a shot was ordered does its folder mean anything."""

    work: WorkRepository
    shots: ShotRepository
    assets: AssetStore
    media: Media
    making: Making
    models: Models
    machine: str = ""

    def conclude(self, shot_id: str, watch: Watch = unwatched) -> bool:
        """Add the next round's takes, or pick: then True, and what is left is to `export` and to `finish`.

        Done again, it changes nothing. Nothing happens while takes still wait, or to a shot that is not running.
        """
        shot = self.shots.get(shot_id).unjudged_trash
        if shot.state != "running" or not shot.finished:
            return False
        profile = find_model(self.models, shot.model)[0]
        price = profile.cost.of(shot.takes[0].recipe) if profile.cost else None
        decided = next_round(shot, price=price, levels=len(profile.closer))
        if isinstance(decided, Again):
            takes = self._takes_of(shot, decided, price or 0)
            try:
                self.work.add_round(shot.id, shot.round + 1, takes)
            except BudgetReached as error:
                self._pick(shot, error.message)
                return True
            watch(Noted(text=decided.why))
            return False
        self._pick(shot, decided.why)
        return True

    def release(self, shot_id: str) -> list[Shot]:
        """Let the shots go on that await this one's pick; returns them. Done again, it changes nothing.

        Their takes fail where no take of this one is measurably the character: a clip is never more alike than the
        frame it begins with.
        """
        shot = self.shots.get(shot_id)
        if not shot.why or not shot.finished:
            return []
        frame = _first_frame(shot)
        released = []
        for waiting in map(self.shots.get, self.work.awaiting(shot_id)):
            if frame is not None:
                self.work.begin_with(waiting.id, frame)
            else:
                for take in waiting.takes:
                    if take.state == "waiting":
                        self.making.fail(take, _no_first_frame(shot))
            released.append(self.shots.get(waiting.id))
        return released

    def finish(self, shot_id: str) -> Shot:
        """The shot is done; whoever waits for it may look."""
        self.work.set_state(shot_id, "done", only_from=["running"])
        return self.shots.get(shot_id)

    def export(self, shot: Shot, out: Path | None = None) -> Shot:
        """Write the shot's takes, contact sheet and shot.json into its folder (or `out`). Raises `StorageFailed`."""
        if out is not None:
            shot = replace(shot, out=str(out.absolute()))
        folders.check_free(shot)
        for take in shot.kept:
            self.export_take(shot, take)
        shot = replace(self.shots.get(shot.id), out=shot.out)
        if shot.why and any(take.state == "done" for take in shot.kept):
            sheet = contact_sheet(replace(shot, takes=shot.kept), self.media)
            self.media.write_bytes(Path(shot.out) / folders.SHEET, self.media.png(sheet))
        folders.describe(replace(shot, state="done") if shot.why and shot.finished else shot, self.media)
        return shot

    def export_take(self, shot: Shot | Standing, take: Take) -> Take:
        """Write a finished take's file into the shot's folder; one that is there already is left alone."""
        if take.state != "done" or take.asset is None or take.trashed_at is not None:
            return take
        path = Path(shot.out) / folders.take_name(take)
        if take.path != str(path) or not path.is_file():
            self.media.write_bytes(path, self.assets.get(take.asset))
            take = replace(take, path=str(path))
            self.shots.finish_take(take)
        return take

    def follow(self, shot: Shot) -> bool:
        """Bring the folder of a shot that is done up to date with its pick, if it is there, and still this shot's.

        False where it was left alone.
        """
        if shot.state != "done" or not self.at_home(shot) or not (Path(shot.out) / folders.DOCUMENT).is_file():
            return False
        try:
            folders.check_free(shot)
        except StorageFailed:  # another shot lives there by now
            return False
        self.export(shot)
        return True

    def exported(self, shot: Shot) -> bool:
        """Whether all its files are where they belong."""
        made = [take for take in shot.kept if take.state == "done"]
        names = [folders.DOCUMENT] + ([folders.SHEET] if made else []) + [folders.take_name(take) for take in made]
        return all((Path(shot.out) / name).is_file() for name in names)

    def at_home(self, shot: Shot | Standing) -> bool:
        """Whether the shot's folder is this machine's."""
        return shot.machine in ("", self.machine)

    def _pick(self, shot: Shot, why: str) -> None:
        if shot.by_hand:
            return
        if not comparable(
            [score_of(take) for take in shot.takes]
        ):  # the encoder was changed between a shot's first run and its resumption
            shot = replace(shot, takes=tuple(self._scored_again(take) for take in shot.takes))
        picked, reason = choose(shot)
        try:
            self.shots.pick(shot.id, picked, f"{reason} {why}".strip())
        except InvalidInput:  # put in the trash since it was looked at
            picked, reason = choose(self.shots.get(shot.id))
            self.shots.pick(shot.id, picked, f"{reason} {why}".strip())

    def _scored_again(self, take: Take) -> Take:
        """Score a take once more, by the encoders in use now, and keep that."""
        if take.state != "done" or take.asset is None or take.trashed_at is not None:
            return take
        take = replace(take, score=take_score_to_json(self.making.measure(take, take.asset)))
        self.shots.finish_take(take)
        return take

    def _takes_of(self, shot: Shot, again: Again, price: int) -> list[Take]:
        profile = find_model(self.models, shot.model)[0]
        options = options_at(profile.closer, again.level)
        recipe = shot.takes[0].recipe
        last = max(take.number for take in shot.takes)  # not how many there are: some may have been purged
        numbers = range(last + 1, last + 1 + again.count)
        return [
            Take(
                id=f"{shot.id}-{number}",
                shot_id=shot.id,
                number=number,
                recipe=recipe_for(recipe, take_seed(shot.seed, shot.id, number), options),
                round=shot.round + 1,
                cost=price,
            )
            for number in numbers
        ]


def choose(shot: Shot) -> tuple[str | None, str]:
    """The take to pick among those made, and why; None where there is none to pick."""
    lost = [take for take in shot.takes if take.state == "failed"]
    if len(lost) == len(shot.takes):
        return None, f"No take could be made: {lost[0].error or 'it is not known why.'}"
    if all(take.state == "failed" for take in shot.kept):
        return None, "Every take that was made is in the trash."
    # By number, since that is how the reason names them: some may have been purged. What was not made, or is in the
    # trash, is never eligible.
    takes = {take.number: take for take in shot.unjudged_trash.takes}
    scores = [score_of(takes[number]) if number in takes else TakeScore() for number in range(1, max(takes) + 1)]
    choice = pick(scores, ordered=max((take.number for take in shot.takes if take.round == 1), default=0))
    picked = takes[choice.index + 1].id if choice.index is not None else None
    if not lost:
        return picked, choice.why
    numbers = ", ".join(str(take.number) for take in lost)
    return picked, f"{choice.why} Not made: take {numbers} ({lost[0].error})"


def _first_frame(shot: Shot) -> str | None:
    """The asset of its pick; where it names nobody, so that nobody is picked, of any take that was made.

    What a person picked is taken as it is; else only what is measurably the character.
    """
    take = next((take for take in shot.kept if take.id == shot.picked), None)
    if take is None:
        take = next((take for take in shot.kept if take.state == "done" and not take.recipe.members), None)
    named = any(take.recipe.members for take in shot.takes)
    return take.asset if take is not None and (not named or shot.by_hand or score_of(take).holds) else None


def _no_first_frame(shot: Shot) -> RenderFailed:
    return RenderFailed(
        f"No first frame came out as the character, so nothing was animated. {shot.why}".strip(),
        hint=f"See them with `samecast shots show {shot.id}`, or give one with --first-frame FILE.",
        charged=False,
    )


def take_seed(seed: int | None, shot_id: str, number: int) -> int:
    """Take `number`'s seed, from the given seed (or the shot's id) and the number alone: 31 bits."""
    origin = shot_id if seed is None else str(seed)
    return int.from_bytes(hashlib.sha256(f"{origin}/{number}".encode()).digest()[:4], "big") >> 1
