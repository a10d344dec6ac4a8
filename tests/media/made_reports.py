"""Reports made up for the tests of the report page: known scores, and pictures drawn here."""

import functools
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance
from skimage import data

from samecast.core.consistency import (
    AnchorScore,
    CopyScore,
    Gap,
    Moment,
    Outcome,
    Quality,
    Score,
    Stretch,
    TakeScore,
)
from samecast.core.report import AnchorShown, CharacterShown, FileShown, FrameShown, Report
from samecast.core.stretches import worst_stretch

HOSTILE = "../a b/<script>alert('x')</script>\"'&amp;\u202egnp.exe\udcff\x07.mp4"
ENCODER = "dlib_resnet 1"
CALIBRATION = "79 photographs of 22 people, AUC 0.9999."
NOBODY: Gap = "nobody"


def jpeg(picture: Image.Image) -> bytes:
    content = io.BytesIO()
    picture.convert("RGB").save(content, "JPEG", quality=72)
    return content.getvalue()


@functools.cache
def mira(like: float = 1.0) -> Image.Image:
    """The astronaut's head; the less like, the less her own colours."""
    head = Image.fromarray(data.astronaut()).crop((150, 0, 310, 190))
    changed = ImageEnhance.Color(head).enhance(like)
    return Image.blend(changed, Image.new("RGB", head.size, (60, 90, 120)), 0.35 * (1 - like))


@functools.cache
def kai(like: float = 1.0) -> Image.Image:
    """A drawn head."""
    head = Image.new("RGB", (160, 190), (92, 104, 112))
    draw = ImageDraw.Draw(head)
    draw.ellipse((30, 20, 130, 160), fill=(214, int(150 + 40 * like), int(90 + 40 * like)))
    draw.pieslice((26, 4, 134, 120), 180, 360, fill=(40, int(30 + 90 * (1 - like)), 30))
    for x in (60, 100):
        draw.ellipse((x - 7, 78, x + 7, 90), fill=(20, 24, 30))
    draw.arc((60, 100, 100, 135), 20, 160, fill=(120, 40, 40), width=4)
    return head


def scene(at: float, *heads: tuple[Image.Image, float], ground: tuple[int, int, int] = (30, 42, 60)) -> Image.Image:
    """A 16:9 frame: a ground that darkens downwards, a lamp that moves with `at` (0..1), heads at a share of width."""
    y = np.linspace(1.2, 0.5, 270)[:, None, None]
    rgb = np.clip(np.full((270, 480, 3), ground) * y, 0, 255).astype(np.uint8)
    picture = Image.fromarray(rgb)
    ImageDraw.Draw(picture).ellipse((20 + 400 * at, 16, 60 + 400 * at, 56), fill=(240, 214, 150))
    for head, x in heads:
        picture.paste(head, (int(x * 480) - 80, 70))
    return picture


def moments(likeness: Sequence[float | Gap], *, seconds: float, cuts: Sequence[float] = ()) -> tuple[Moment, ...]:
    """Evenly spaced frames: a number is a likeness, a word why there is none."""
    made = []
    for index, entry in enumerate(likeness):
        time = round(seconds * (index + 0.5) / len(likeness), 3)
        shot = sum(cut <= time for cut in cuts)
        if isinstance(entry, str):
            made.append(Moment(seconds=time, likeness=None, gap=entry, shot=shot))
        else:
            yaw = round(28 * math.sin(index / 4), 1)
            made.append(
                Moment(
                    seconds=time,
                    likeness=entry,
                    shot=shot,
                    yaw=yaw,
                    distance=round(0.629 - math.log(entry / (1 - entry)) / 22.78, 4),
                    usual=entry > 0.3 if abs(yaw) < 25 else None,
                )
            )
    return tuple(made)


def clip_score(handle: str, track: Sequence[Moment], **more: Any) -> Score:
    measured = sorted(moment.likeness for moment in track if moment.likeness is not None)
    worst = worst_stretch(track)
    assert worst
    figures: dict[str, Any] = {
        "handle": handle,
        "verdict": "match" if worst[0] >= 0.5 else "drift",
        "p_same": measured[len(measured) // 2],
        "worst": worst[0],
        "worst_at": worst[1],
        "coverage": len(measured) / len(track),
        "encoder": ENCODER,
        "reason": "More likely the same person than not." if worst[0] >= 0.5 else "Less likely at the worst moment.",
        "moments": tuple(track),
        "p5": measured[len(measured) // 20],
        "slope": -0.04,
        "unusual": 0.12,
        "calibration": CALIBRATION,
        "far": 0.01,
        "copy": CopyScore(verdict="anew", copied=0.02, reason="Other pixels."),
    }
    return Score(**figures | more)


def cast() -> tuple[CharacterShown, CharacterShown]:
    return (
        CharacterShown(
            handle="mira",
            name="Mira",
            version=2,
            reference=jpeg(Image.fromarray(data.astronaut()).resize((320, 320))),
            face=jpeg(mira()),
            description="Astronaut, short auburn hair, orange suit",
        ),
        CharacterShown(handle="kai", name="Kai", version=1, reference=jpeg(scene(0.5, (kai(), 0.5))), face=jpeg(kai())),
    )


def shown(tracks: Mapping[str, Sequence[Moment]], *, seconds: float) -> tuple[FrameShown, ...]:
    """A frame for every moment: whoever is in view stands in it, and has a crop."""
    frames = []
    heads = {"mira": (mira, 0.3), "kai": (kai, 0.72)}
    for at in range(len(next(iter(tracks.values())))):
        seen = []
        crops = []
        for handle, track in tracks.items():
            moment = track[at]
            if moment.gap in ("nobody", "taken"):
                continue
            head = heads[handle][0](moment.likeness if moment.likeness is not None else 0.5)
            seen.append((head, heads[handle][1]))
            if moment.likeness is not None:
                crops.append((handle, jpeg(head)))
        time = next(iter(tracks.values()))[at].seconds
        ground = ((30, 42, 60), (70, 50, 40), (30, 60, 48))[next(iter(tracks.values()))[at].shot % 3]
        frames.append(
            FrameShown(seconds=time, whole=jpeg(scene(time / seconds, *seen, ground=ground)), crops=tuple(crops))
        )
    return tuple(frames)


@functools.cache
def two_characters() -> FileShown:
    """32 frames over 8 s, two cuts: Mira drifts in the middle and is hidden at times; Kai is swapped, then goes."""
    seconds, cuts = 8.0, (2.6, 5.4)
    hers: list[float | Gap] = [0.992, 0.99, 0.97, 0.98, 0.96, 0.9, 0.93, 0.88, 0.91, 0.7, 0.85]
    hers += [0.72, 0.55, 0.38, 0.12, 0.05, 0.03, 0.21, 0.44, 0.58, 0.66]
    hers += ["turned", "turned", "profile", "hidden", 0.8, 0.86, 0.9, 0.93, 0.95, 0.9, 0.96]
    his: list[float | Gap] = [0.95, 0.9, 0.97, 0.92, 0.96, 0.94, 0.93, 0.9, 0.94, 0.95, 0.9]
    his += [0.3, 0.2, 0.1, 0.22, 0.7, 0.85, 0.9, 0.94, 0.92, 0.95]
    his += [NOBODY] * 7 + [0.9, 0.93, 0.96, 0.94]
    tracks = {"mira": moments(hers, seconds=seconds, cuts=cuts), "kai": moments(his, seconds=seconds, cuts=cuts)}
    run = Stretch(start=tracks["mira"][13].seconds, end=tracks["mira"][18].seconds, frames=6, likeness=0.165)
    scar = AnchorScore(
        text="scar on the left cheek",
        kind="mark",
        verdict="moved",
        reason="It is on the other cheek in most frames.",
        frames=24,
        held=3,
        strength=0.71,
        at=4.125,
    )
    piping = AnchorScore(
        text="orange suit",
        kind="colour",
        verdict="held",
        reason="Its colour is there.",
        frames=30,
        held=29,
        strength=0.93,
        at=1.0,
    )
    tattoo = AnchorScore(
        text="tattoo <i>behind</i> the ear",
        kind=None,
        verdict="not_assessable",
        reason="The reference does not show where it is.",
    )
    patch = mira().crop((40, 60, 100, 110))
    return FileShown(
        path="takes/night market.mp4",
        video=True,
        width=1280,
        height=720,
        seconds=seconds,
        fps=24.0,
        cuts=cuts,
        score=TakeScore(
            characters=(
                clip_score("mira", tracks["mira"], failing=run, anchors=(scar, piping, tattoo)),
                clip_score(
                    "kai", tracks["kai"], copy=CopyScore(verdict="copy", copied=0.97, reason="The same pixels.")
                ),
            ),
            outcomes=(
                Outcome(
                    kind="swapped",
                    handles=("mira", "kai"),
                    start=2.875,
                    end=3.625,
                    frames=4,
                    reason="Mira's face is on Kai's body.",
                ),
                Outcome(
                    kind="missing", handles=("kai",), start=5.375, end=6.875, frames=7, reason="Kai leaves the frame."
                ),
                Outcome(
                    kind="extra",
                    handles=(),
                    start=3.375,
                    end=7.375,
                    frames=16,
                    reason="Somebody else is in the frame <b>too</b>.",
                ),
            ),
            quality=Quality(sharpness=0.42, flicker=1.7, frozen=0.0),
        ),
        frames=shown(tracks, seconds=seconds),
        anchors=(
            AnchorShown(
                handle="mira",
                text=scar.text,
                reference=jpeg(patch),
                own=jpeg(mira(0.4).crop((40, 60, 100, 110))),
                mirrored=jpeg(patch.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
                seconds=4.125,
            ),
            AnchorShown(handle="mira", text=piping.text, reference=jpeg(mira().crop((0, 140, 60, 190)))),
        ),
    )


@functools.cache
def holding(path: str = "takes/rooftop.mp4") -> FileShown:
    """A clip of Mira that holds throughout, without a cut."""
    track = moments([0.93 + 0.05 * math.sin(index) for index in range(16)], seconds=4.0)
    score = clip_score("mira", track, slope=0.0)
    return FileShown(
        path=path,
        video=True,
        width=720,
        height=1280,
        seconds=4.0,
        fps=30.0,
        score=TakeScore(characters=(score,), quality=Quality(sharpness=0.81, flicker=0.4, frozen=0.62)),
        frames=shown({"mira": track}, seconds=4.0),
    )


@functools.cache
def still(path: str = "stills/cafe.png", likeness: float = 0.996) -> FileShown:
    score = Score(
        handle="mira",
        verdict="match" if likeness >= 0.5 else "drift",
        p_same=likeness,
        coverage=1.0,
        encoder=ENCODER,
        reason="More likely the same person than not, by dlib_resnet."
        if likeness >= 0.5
        else "Less likely the same person than not.",
        calibration=CALIBRATION,
        far=0.01,
        copy=CopyScore(verdict="not_measurable", copied=None, reason="Too small."),
    )
    frame = FrameShown(
        seconds=0.0, whole=jpeg(scene(0.4, (mira(likeness), 0.5))), crops=(("mira", jpeg(mira(likeness))),)
    )
    return FileShown(
        path=path,
        width=1024,
        height=576,
        score=TakeScore(characters=(score,), quality=Quality(sharpness=0.7)),
        frames=(frame,),
    )


@functools.cache
def missing() -> FileShown:
    track = moments([*[NOBODY] * 9, 0.9, NOBODY, NOBODY], seconds=3.0)
    score = Score(
        handle="mira",
        verdict="missing",
        coverage=1 / 12,
        encoder=ENCODER,
        moments=track,
        reason="In 11 of 12 judged frames nobody is there: no face and no person was found.",
    )
    return FileShown(
        path="takes/empty street.mp4",
        video=True,
        width=640,
        height=360,
        seconds=3.0,
        fps=25.0,
        score=TakeScore(characters=(score,)),
        frames=shown({"mira": track}, seconds=3.0),
    )


@functools.cache
def not_measurable() -> FileShown:
    track = moments(["hidden", "hidden", "profile", "profile", "turned", "blurred", "small", "small"], seconds=2.0)
    score = Score(
        handle="mira",
        verdict="not_measurable",
        encoder=ENCODER,
        moments=track,
        reason="In 2 of 8 judged frames somebody seems to be there, but no face can be measured.",
    )
    return FileShown(
        path="takes/from behind.mp4",
        video=True,
        width=640,
        height=360,
        seconds=2.0,
        fps=25.0,
        score=TakeScore(characters=(score,)),
        frames=shown({"mira": track}, seconds=2.0),
    )


def refused(path: str = "takes/broken.mp4") -> FileShown:
    return FileShown(path=path, refused="The file is damaged: <b>no frame</b> could be decoded.")


def report(*files: FileShown, title: str = "Night market, scene 4", rate: str | None = None) -> Report:
    return Report(
        title=title,
        made_at="2026-11-22T17:45:00+00:00",
        version="0.1.0",
        characters=cast(),
        files=files,
        match_rate=rate,
        encoders=(f"{ENCODER}: 128 numbers a face. {CALIBRATION}",),
    )


@functools.cache
def several() -> Report:
    return report(
        two_characters(),
        holding(),
        still(),
        still("stills/other.png", 0.04),
        missing(),
        not_measurable(),
        refused(),
        rate="2/7 = 29% (95% CI 8-64)",
    )


def many(count: int = 60) -> Report:
    kinds = [holding(), still(), two_characters(), missing(), refused(), still("stills/b.png", 0.2)]
    return report(*[kinds[index % len(kinds)] for index in range(count)], rate="20/60 = 33% (95% CI 23-46)")


@functools.cache
def animal() -> Report:
    """A cat, by appearance match; her picture is scikit-image's."""
    cat = Image.fromarray(data.chelsea())
    reference, frame = jpeg(cat.crop((60, 0, 360, 300))), jpeg(cat.resize((360, 240)))
    score = Score(
        handle="chelsea",
        verdict="match",
        appearance=0.81,
        coverage=1.0,
        encoder="lab_histogram 1",
        kind="animal",
        reason="More likely the same looks (appearance match, not identity) than not.",
        calibration="15 subjects, AUC 0.95.",
    )
    shown_once = FrameShown(seconds=0.0, whole=frame, crops=(("chelsea", reference),))
    file = FileShown(path="cat.png", width=451, height=300, score=TakeScore(characters=(score,)), frames=(shown_once,))
    return Report(
        title="Chelsea",
        made_at="yesterday",
        version="0.1.0",
        characters=(CharacterShown(handle="chelsea", name="Chelsea", version=1, reference=reference),),
        files=(file,),
        match_rate=None,
        encoders=("lab_histogram 1",),
    )
