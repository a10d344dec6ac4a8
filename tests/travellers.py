"""Characters to travel with, and archives nobody should trust: made here, byte by byte where need be."""

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from samecast.core.anchors import ANCHOR_LIMIT
from samecast.core.cast import Anchor, Character, Reference, Region, Version
from samecast.core.grading import Grade, grade_to_json
from samecast.core.measurements import Rule
from samecast.core.travelling import Packed, Papers, Travelled, manifest_to_json
from samecast.core.words import one_line

NOW = datetime(2025, 3, 4, 5, 6, 7, 890123, tzinfo=UTC)
WIDTH, HEIGHT = 24, 20


@cache
def picture(seed: int, format: str = "PNG") -> bytes:
    """A small picture of its own, 24 x 20 pixels."""
    rgb = np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    content = io.BytesIO()
    Image.fromarray(rgb).save(content, format)
    return content.getvalue()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


GRADE = grade_to_json(
    Grade(
        verdict="usable",
        rules=(
            Rule(
                rule="pose",
                verdict="pass",
                measured={"yaw": 1 / 3, "quality": 81, "clear": True, "side": None, "said": "né 美", "list": ["a"]},
                advice="Fine: „near-frontal“.",
            ),
            Rule(rule="anchors", verdict="warn", measured={}, advice=""),
        ),
    )
)


def reference(seed: int, grade: str = GRADE) -> Reference:
    return Reference(sha256=sha256(picture(seed)), width=WIDTH, height=HEIGHT, grade=grade)


def mira(versions: int = 3, handle: str = "mira") -> Character:
    """A character whose versions share references, and grade one of them differently."""
    made = (
        Version(
            number=1,
            references=(reference(2), reference(1, "")),
            anchors=(
                Anchor(text="a scar, left", side="left", region=Region(x=0.0, y=1 / 3, width=0.2, height=0.05)),
                Anchor(text="cyan piping"),
            ),
            description="A courier, 30 · née Ёлка 美",
            created_at=NOW,
        ),
        Version(number=2, references=(reference(1),), created_at=NOW + timedelta(days=1)),
        Version(
            number=3,
            references=(reference(3), reference(2)),
            anchors=(Anchor(text="undercut", side="right"),),
            created_at=NOW + timedelta(days=2, microseconds=1),
        ),
    )  # fmt: skip
    return Character(
        handle=handle, name="Mira Tanaka 美", tags=("lead", "night"), versions=made[:versions], created_at=NOW
    )


PICTURES = {sha256(picture(seed)): picture(seed) for seed in range(1, 9)}
PAPERS = Papers(consent="Mira Tanaka, by e-mail,\n4 March 2025: short films", licence="CC BY 4.0 · 美")


def travelled(character: Character | None = None, papers: Papers = PAPERS) -> Travelled:
    who = character or mira()
    used = sorted({r.sha256 for version in who.versions for r in version.references})
    files = tuple(Packed(name=f"references/{s}.png", sha256=s, size=len(PICTURES[s])) for s in used)
    return Travelled(character=who, papers=papers, files=files, samecast="0.1.0")


def entries(what: Travelled | None = None) -> dict[str, bytes]:
    """The entries of a good character file."""
    what = what or travelled()
    listed = {file.name: PICTURES[file.sha256] for file in what.files}
    return {"manifest.json": manifest_to_json(what).encode(), **listed}


def manifest(change: Callable[[Any], None] | None = None) -> bytes:
    """A good manifest, changed."""
    tree = json.loads(manifest_to_json(travelled()))
    if change is not None:
        change(tree)
    return json.dumps(tree, ensure_ascii=False).encode("utf-8", "surrogatepass")


# --- archives -------------------------------------------------------------------------------------------------------


def packed(content: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A plain archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, what in content.items():
            archive.writestr(name, what)
    return buffer.getvalue()


class Unseekable(io.BytesIO):
    """Where a writer cannot go back, it puts sizes behind the bytes they belong to."""

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise OSError

    def seek(self, *_: object) -> int:
        raise OSError


@dataclass(frozen=True, kw_only=True)
class Raw:
    """An entry whose headers say what they are told to. None: the truth."""

    name: bytes
    content: bytes = b""
    deflate: bool = False
    method: int | None = None
    flags: int = 0
    crc: int | None = None
    packed: int | None = None
    size: int | None = None
    attributes: int = 0o100644 << 16
    local_name: bytes | None = None
    local_size: int | None = None
    at: int | None = None
    before: bytes = b""


def raw_archive(raws: Sequence[Raw], *, count: int | None = None, tail: bytes = b"", remark: bytes = b"") -> bytes:
    """An archive of entries that may lie."""
    body, listing = bytearray(), bytearray()
    for raw in raws:
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        data = deflater.compress(raw.content) + deflater.flush() if raw.deflate else raw.content
        method = raw.method if raw.method is not None else 8 if raw.deflate else 0
        crc = zlib.crc32(raw.content) if raw.crc is None else raw.crc
        length = len(data) if raw.packed is None else raw.packed
        size = len(raw.content) if raw.size is None else raw.size
        body += raw.before
        at = len(body) if raw.at is None else raw.at
        local = raw.name if raw.local_name is None else raw.local_name
        said = size if raw.local_size is None else raw.local_size
        body += struct.pack("<4s5H3L2H", b"PK\3\4", 20, raw.flags, method, 0, 33, crc, length, said, len(local), 0)
        body += local + data
        listing += struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", 0x0314, 20, raw.flags, method, 0, 33, crc, length, size, len(raw.name), 0, 0, 0,
            0, raw.attributes, at,
        ) + raw.name  # fmt: skip
    number = len(raws) if count is None else count
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, number, number, len(listing), len(body), len(remark))
    return bytes(body + listing + end + remark + tail)


def raws(content: Mapping[str, bytes]) -> list[Raw]:
    return [Raw(name=name.encode(), content=what) for name, what in content.items()]


# --- whoever it may be ----------------------------------------------------------------------------------------------

_anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).map(one_line)
_lines = _anything.filter(bool)
_papers = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
_shares = st.floats(0.0, 0.5, allow_subnormal=True).map(abs)
_regions = st.builds(
    Region, x=_shares, y=_shares, width=st.floats(1e-9, 0.5), height=st.floats(1e-9, 0.5, exclude_min=True)
)
_anchors = st.builds(
    Anchor,
    text=_lines.filter(lambda text: len(text) <= ANCHOR_LIMIT),
    side=st.sampled_from(["left", "right", None]),
    region=st.none() | _regions,
)
_moments = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))
_references = st.lists(st.integers(1, 8), min_size=1, max_size=4, unique=True).flatmap(
    lambda seeds: st.tuples(*(st.sampled_from([reference(seed), reference(seed, "")]) for seed in seeds))
)


@st.composite
def characters(draw: st.DrawFn, handle: str = "mira") -> Character:
    """Any character a library can hold: names, tags, descriptions and anchors in any script."""
    versions = [
        Version(
            number=number,
            references=draw(_references),
            anchors=tuple(draw(st.lists(_anchors, max_size=3))),
            description=draw(_anything),
            created_at=draw(_moments),
        )
        for number in range(1, draw(st.integers(1, 3)) + 1)
    ]
    tags = draw(
        st.lists(_lines.map(str.lower).filter(lambda t: one_line(t) == t == t.lower()), max_size=3, unique=True)
    )
    return Character(
        handle=handle, name=draw(_lines), tags=tuple(tags), versions=tuple(versions), created_at=draw(_moments)
    )


def papers() -> st.SearchStrategy[tuple[str, str]]:
    """Consent and licence as somebody types them."""
    return st.tuples(_papers, _papers)
