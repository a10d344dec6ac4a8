"""Reports: scored files with the pictures that prove the scores, put together for the page that shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TypeAlias

from samecast.core.cast import Character
from samecast.core.consistency import TakeScore, match_rate, unread
from samecast.core.errors import BadMedia
from samecast.core.report import AnchorShown, CharacterShown, FileShown, FrameShown, Report
from samecast.ports import Media, ReportPage
from samecast.services.judging import ANCHOR_SIDE, CROP_SIDE, around, boxed
from samecast.services.scoring import Examined, Scoring, Share, unwatched
from samecast.services.subjects import Known, SoughtAnchor, Wanted

REFERENCE_SIDE = 640


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A file that could not be read, and why."""

    path: Path
    error: BadMedia


Result: TypeAlias = Examined | Refused


class Reporting:
    """Scores files against characters, keeps going past files that cannot be read, and puts a report together."""

    def __init__(self, *, scoring: Scoring, media: Media, page: ReportPage) -> None:
        self._scoring = scoring
        self._media = media
        self._page = page

    def examine(
        self, cast: Sequence[Character], path: Path, *, evidence: bool = True, watch: Share = unwatched
    ) -> Result:
        """Score one file for all the characters at once; `evidence`: with the pictures that a report shows."""
        wanted = [Wanted.of_character(character) for character in cast]
        try:
            return self._scoring.examine(wanted, path, evidence=evidence, watch=watch)
        except BadMedia as error:
            return Refused(path=path, error=error)

    def report(self, cast: Sequence[Character], results: Sequence[Result]) -> Report:
        """Everything that the page shows; the results must have been examined with evidence."""
        known = [self._scoring.know(Wanted.of_character(character)) for character in cast]
        scores = [score_of(result, cast) for result in results]
        encoders = dict.fromkeys(
            f"{entry.encoder}: {entry.calibration}"
            for score in scores
            for entry in score.characters
            if entry.calibration
        )
        return Report(
            title=f"{'Is it' if len(cast) == 1 else 'Are they'} still {' and '.join(c.name for c in cast)}?",
            made_at=datetime.now(UTC).isoformat(timespec="minutes"),
            version=metadata.version("samecast"),
            characters=tuple(self._character(*pair) for pair in zip(cast, known, strict=True)),
            files=tuple(self._file(result) for result in results),
            match_rate=match_rate(scores) if len(results) > 1 else None,
            encoders=tuple(encoders),
        )

    def write_html(self, report: Report, path: Path) -> None:
        """Write the page, whole or not at all. Raises `StorageFailed`."""
        self._media.write_bytes(path, self._page.html(report).encode())

    def write_csv(self, report: Report, path: Path) -> None:
        """Write the table, whole or not at all. Raises `StorageFailed`."""
        self._media.write_bytes(path, self._page.csv(report).encode())

    def _character(self, character: Character, known: Known) -> CharacterShown:
        face = None
        if known.face is not None:
            face = self._media.jpeg(around(known.first.rgb, known.face), longest=CROP_SIDE)
        return CharacterShown(
            handle=character.handle,
            name=character.name,
            version=character.current.number,
            reference=self._media.jpeg(known.first.rgb, longest=REFERENCE_SIDE),
            face=face,
            description=character.current.description,
        )

    def _file(self, result: Result) -> FileShown:
        if isinstance(result, Refused):
            return FileShown(path=str(result.path), refused=str(result.error))
        facts, cutting = result.facts, result.cutting
        return FileShown(
            path=str(result.path),
            video=facts is not None,
            width=facts.width if facts else result.size[0],
            height=facts.height if facts else result.size[1],
            seconds=cutting.seconds if cutting else 0.0,
            fps=facts.fps if facts else 0.0,
            cuts=cutting.cuts if cutting else (),
            score=result.score,
            frames=tuple(judged.shown for judged in result.judged if isinstance(judged.shown, FrameShown)),
            anchors=tuple(
                self._anchor(result, index, number)
                for index, known in enumerate(result.known)
                for number in range(len(known.anchors))
            ),
        )

    def _anchor(self, result: Examined, index: int, number: int) -> AnchorShown:
        """An anchor beside its place in the frame that shows its verdict best."""
        known = result.known[index]
        sought, at = known.anchors[number], result.score.characters[index].anchors[number].at
        judged = next((judged for judged in result.judged if at is None or judged.seconds == at), None)
        crops = judged.crops[index][number] if judged is not None and judged.crops else None
        return AnchorShown(
            handle=known.handle,
            text=sought.anchor.text,
            reference=self._marked(known, sought),
            own=crops.own if crops else None,
            mirrored=crops.mirrored if crops else None,
            seconds=at,
        )

    def _marked(self, known: Known, sought: SoughtAnchor) -> bytes | None:
        """The anchor's place on the reference."""
        if isinstance(sought.wanted, str):
            return None
        found = boxed(known.first.rgb, sought.wanted.box, margin=0.6)
        return None if found is None else self._media.jpeg(found, longest=ANCHOR_SIDE)


def score_of(result: Result, cast: Sequence[Character]) -> TakeScore:
    """The score of a result; not measurable for a file that could not be read."""
    if isinstance(result, Examined):
        return result.score
    return TakeScore(characters=tuple(unread(character.handle, result.error.message) for character in cast))
