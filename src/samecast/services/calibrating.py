"""Measures an encoder on labelled pictures: an index of who is on which, read, looked at, paired and fitted.

The statistics are `core.calibrating`'s; what is kept, and where, is not decided here.
"""

import csv
import hashlib
import io
import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from samecast.core.calibrating import Pair
from samecast.core.calibrations import Calibration, Fitted, Source, check_counts, fitted_to
from samecast.core.encoders import EncoderEntry
from samecast.core.errors import BadMedia, InvalidInput
from samecast.ports import Doubt, Face, FaceReader, Floats, Matting, Media, Picture, Pixels

Progress = Callable[[str, int, int], None]
"""Told the step ("pictures", then "pairs"), how much of it is done, and how much there is."""

MOST_PAIRS = 30_000
"""Pairs of one subject, and pairs of different ones, that are fitted to at most."""
MOST_BYTES = 64 * 1024 * 1024
"""No index is as long; what is, is not read."""
HUMAN = "human"
KINDS: Mapping[str, str] = {"object": "thing", "nonhuman_character": "toy", "plush": "toy", "illustration": "cartoon"}
"""Names of kinds that other sets use, and ours."""
_COLUMNS = ("path", "subject_id")


class FaceCoder(Protocol):
    """A face encoder whose distances mean nothing yet."""

    def doubt(self, rgb: Pixels, face: Face) -> Doubt | None: ...

    def encode(self, rgb: Pixels, face: Face) -> Floats: ...

    def distance(self, a: Floats, b: Floats) -> float: ...


class SubjectCoder(Protocol):
    """An encoder of masked subjects whose distances mean nothing yet."""

    def encode(self, rgb: Pixels, alpha: Floats) -> Floats: ...

    def distance(self, a: Floats, b: Floats) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What pictures are looked at with."""

    media: Media
    faces: FaceReader
    matting: Matting


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The encoder that is measured, and the sha256 of the weights it runs on."""

    entry: EncoderEntry
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One row of an index: a picture, who or what is on it (empty: not known), and of which kind where that is said."""

    path: Path
    subject: str
    kind: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A labelled set. `name` is the file's, `sha256` of its bytes."""

    name: str
    sha256: str
    rows: tuple[Listed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """What was found, where it is kept, how many pictures were used, and why others were not."""

    calibration: Calibration
    used: int
    skipped: tuple[tuple[str, int], ...]
    thin: tuple[tuple[str, str], ...] = ()
    """Kinds that were measured on too little for a calibration of their own, and why."""
    path: Path = Path()

    def kept_at(self, path: Path) -> "Calibrated":
        return replace(self, path=path)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One picture as the encoder sees it. `yaw` in degrees, for faces."""

    subject: str
    kind: str | None
    vector: Floats
    yaw: float = 0.0


def read_index(path: Path) -> Index:
    """Read INDEX.csv: columns path and subject_id, kind where there is one; paths are relative to the file.

    Raises `InvalidInput` in one line: no such file, no table, a column or a picture missing, one subject only.
    """
    content = _content(path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path.name} is not a text in UTF-8.", hint="Save it as CSV in UTF-8.") from error
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        missing = [column for column in _COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise InvalidInput(
                f"{path.name} has no column '{missing[0]}'.",
                hint="Its first line names the columns: path, subject_id, and kind if you like.",
            )
        rows = tuple(_row(path, number, row) for number, row in enumerate(reader, start=2))
    except csv.Error as error:
        raise InvalidInput(f"{path.name} is not a table in CSV: {error}.") from error
    absent = [row.path for row in rows if not row.path.is_file()]
    if absent:
        more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        raise InvalidInput(f"{path.name} lists {absent[0]}{more}, which is not there.", hint="Correct its path column.")
    if len({row.subject for row in rows if row.subject}) < 2:
        raise InvalidInput(
            f"{path.name} has {'one subject only' if rows else 'no rows'}.",
            hint="A calibration needs several subjects.",
        )
    return Index(name=path.name, sha256=hashlib.sha256(content).hexdigest(), rows=rows)


def calibrate_faces(coder: FaceCoder, named: Named, index: Index, sight: Sight, watch: Progress) -> Calibrated:
    """Measure a face encoder on the largest face of every picture of a person that shows one clearly enough."""
    skipped: Counter[str] = Counter()

    def look(row: Listed, picture: Picture) -> _Seen | str:
        if row.kind not in (None, HUMAN):
            return "not of a person"
        found = sight.faces.faces(picture.rgb)
        if not found:
            return "no face found"
        doubt = coder.doubt(picture.rgb, found[0])
        if doubt is not None:
            return {"turned": "face turned too far", "covered": "face covered in part"}.get(doubt, f"face too {doubt}")
        vector = coder.encode(picture.rgb, found[0])
        return _Seen(subject=row.subject, kind=None, vector=vector, yaw=found[0].pose.yaw)

    seen = list(_looked_at(index, sight, look, skipped, watch))
    pairs = _pairs(seen, coder.distance, watch)
    turns = [(abs(a.yaw - b.yaw), pair.distance) for pair, a, b in pairs if pair.same]
    fitted = fitted_to([pair for pair, _, _ in pairs], _source(index, seen), turns)
    return _calibrated(named, fitted, seen, skipped)


def calibrate_subjects(coder: SubjectCoder, named: Named, index: Index, sight: Sight, watch: Progress) -> Calibrated:
    """Measure an appearance encoder on the cut-out subjects that are no person, all together and kind by kind.

    Pairs are made within a kind: that a boot is no dog is nothing to be good at.
    """
    skipped: Counter[str] = Counter()

    def look(row: Listed, picture: Picture) -> _Seen | str:
        if row.kind == HUMAN:
            return "of a person"
        try:
            vector = coder.encode(picture.rgb, sight.matting.matte(picture, []))
        except InvalidInput:
            return "no subject stands out"
        return _Seen(subject=row.subject, kind=row.kind, vector=vector)

    seen = list(_looked_at(index, sight, look, skipped, watch))
    pairs = _pairs(seen, coder.distance, watch)
    pooled = fitted_to([pair for pair, _, _ in pairs], _source(index, seen))
    kinds: list[tuple[str, Fitted]] = []
    thin: list[tuple[str, str]] = []
    for kind in sorted({each.kind for each in seen if each.kind is not None}):
        of_kind = [each for each in seen if each.kind == kind]
        try:
            fitted = fitted_to([pair for pair, a, _ in pairs if a.kind == kind], _source(index, of_kind, kind))
        except InvalidInput as error:
            thin.append((kind, error.message))
        else:
            kinds.append((kind, fitted))
    return _calibrated(named, pooled, seen, skipped, tuple(kinds), tuple(thin))


def _looked_at(
    index: Index,
    sight: Sight,
    look: Callable[[Listed, Picture], _Seen | str],
    skipped: Counter[str],
    watch: Progress,
) -> Iterator[_Seen]:
    """Every picture that can be used, one at a time; the others are counted by reason."""
    for number, row in enumerate(index.rows, start=1):
        watch("pictures", number - 1, len(index.rows))
        try:
            found = look(row, sight.media.read_picture(row.path)) if row.subject else "without a subject_id"
        except BadMedia:
            found = "not a picture"
        if isinstance(found, str):
            skipped[found] += 1
        else:
            yield found
    watch("pictures", len(index.rows), len(index.rows))


def _pairs(
    seen: Sequence[_Seen], distance: Callable[[Floats, Floats], float], watch: Progress
) -> list[tuple[Pair, _Seen, _Seen]]:
    """Pairs within a kind: of one subject, and of different ones. Of very many, `MOST_PAIRS` of each sort are drawn.

    Always the same ones, by reservoir sampling (Algorithm R, J. S. Vitter, 1985), so that memory does not grow.
    """
    kept: dict[bool, list[tuple[_Seen, _Seen]]] = {True: [], False: []}
    met = {True: 0, False: 0}
    source = random.Random(0)
    for a, b in itertools.combinations(seen, 2):
        if a.kind != b.kind:
            continue
        same = a.subject == b.subject
        met[same] += 1
        if len(kept[same]) < MOST_PAIRS:
            kept[same].append((a, b))
        elif (place := source.randrange(met[same])) < MOST_PAIRS:
            kept[same][place] = (a, b)
    drawn = kept[True] + kept[False]
    check_counts(len({each.subject for pair in drawn for each in pair}), len(kept[True]), len(kept[False]))
    pairs: list[tuple[Pair, _Seen, _Seen]] = []
    for number, (a, b) in enumerate(drawn):
        watch("pairs", number, len(drawn))
        pairs.append((Pair(a=a.subject, b=b.subject, distance=distance(a.vector, b.vector)), a, b))
    return pairs


def _source(index: Index, seen: Sequence[_Seen], kind: str | None = None) -> Source:
    subjects = len({each.subject for each in seen})
    return Source(
        name=f"{len(seen)} pictures of {subjects} subjects{f' ({kind})' if kind else ''} in {index.name}",
        index_sha256=index.sha256,
        pictures=len(seen),
        identities=subjects,
    )


def _calibrated(
    named: Named,
    pooled: Fitted,
    seen: Sequence[_Seen],
    skipped: Counter[str],
    kinds: tuple[tuple[str, Fitted], ...] = (),
    thin: tuple[tuple[str, str], ...] = (),
) -> Calibrated:
    entry = named.entry
    calibration = Calibration(
        encoder=entry.name,
        version=entry.version,
        sha256=named.sha256,
        licence=entry.licence,
        pooled=pooled,
        kinds=kinds,
    )
    return Calibrated(calibration=calibration, used=len(seen), skipped=tuple(skipped.most_common()), thin=thin)


def _content(path: Path) -> bytes:
    try:
        if path.is_file() and path.stat().st_size > MOST_BYTES:
            raise InvalidInput(f"{path.name} is too long for an index of pictures.")
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror or error}.", hint="Give a CSV file.") from error


def _row(index: Path, number: int, row: Mapping[str, str | None]) -> Listed:
    path, subject = (row.get("path") or "").strip(), (row.get("subject_id") or "").strip()
    if not path or "\0" in path:
        raise InvalidInput(f"{index.name}, line {number} has no path.", hint="Every row names a picture.")
    kind = (row.get("kind") or "").strip().lower()
    return Listed(path=index.parent / path, subject=subject, kind=KINDS.get(kind, kind) or None)
