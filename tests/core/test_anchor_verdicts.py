"""From looks in frames to one verdict: steady faults count, a lost frame or two do not."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from samecast.core.anchor_verdicts import conclude
from samecast.core.consistency import AnchorScore, AnchorVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    verdict: AnchorVerdict
    reason: str = "Seen."
    strength: float | None = 0.5


WORDS: dict[str, AnchorVerdict] = {"h": "held", "m": "moved", "l": "lost", "-": "not_assessable"}


def score(frames: str, *, clip: bool = True) -> AnchorScore:
    sights = [(index / 4, Look(verdict=WORDS[word])) for index, word in enumerate(frames)]
    return conclude("scar on the left cheek", "mark", sights, clip)


def test_a_still_has_its_frames_verdict():
    for word, verdict in WORDS.items():
        assert score(word, clip=False).verdict == verdict
    assert score("h", clip=False).at is None


def test_two_frames_lost_to_motion_are_not_lost():
    told = score("hhhhhllhhhhhlhhh")
    assert told.verdict == "held"
    assert (told.held, told.frames) == (13, 16)


def test_a_mark_that_goes_for_good_is_lost_and_shows_where():
    told = score("hhhhhhhhhhlllllll")
    assert told.verdict == "lost"
    assert told.at is not None
    assert told.at >= 10 / 4
    assert "7 of 17" in told.reason


def test_three_lost_frames_in_a_long_clip_are_a_flicker():
    assert score("h" * 14 + "lll" + "h" * 15).verdict == "held"


def test_a_scar_that_stays_on_the_wrong_side_has_moved():
    assert score("mmmmhmmmmlmm").verdict == "moved"
    assert score("mmlllllll").verdict == "lost"


def test_frames_that_contradict_each_other_tell_nothing():
    told = score("hlmlmhmlhlml")
    assert told.verdict == "not_assessable"
    assert "contradict" in told.reason


def test_frames_that_cannot_be_seen_do_not_count():
    told = score("--hh--h-")
    assert told.verdict == "held"
    assert told.frames == 3
    assert score("h" + "-" * 15).verdict == "not_assessable", "one frame of sixteen is no verdict on a clip"


def test_nothing_seen_gives_the_commonest_reason():
    sights = [
        (0.0, Look(verdict="not_assessable", reason=why, strength=None)) for why in ("Blurred.", "Dark.", "Dark.")
    ]
    told = conclude("mole", "mark", sights, True)
    assert (told.verdict, told.reason, told.strength) == ("not_assessable", "Dark.", None)
    assert conclude("mole", None, [], False).reason == "No frame was looked at."


def test_the_frame_shown_is_the_one_that_proves_it():
    looks = [Look(verdict="held", strength=s) for s in (0.6, 0.9, 0.7)]
    assert conclude("mole", "mark", list(zip((0.0, 1.0, 2.0), looks, strict=True)), True).at == 1.0


@given(st.text(alphabet="hml-", min_size=1, max_size=40))
def test_any_clip_gets_one_sound_verdict(frames: str):
    told = score(frames)
    assert told.frames == len(frames) - frames.count("-")
    assert told.held == frames.count("h") or told.verdict == "not_assessable"
    assert told.reason.endswith(".")
    if told.verdict != "not_assessable":
        assert next(word for word, verdict in WORDS.items() if verdict == told.verdict) in frames
