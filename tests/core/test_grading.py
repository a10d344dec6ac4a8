"""The reference rules, the verdict put together from them, its JSON, and auditions."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.errors import InvalidInput
from samecast.core.grading import (
    FaceBox,
    Grade,
    Measurements,
    Rule,
    RuleName,
    RuleVerdict,
    grade,
    grade_from_json,
    grade_to_json,
    rank,
)

ANCHORS = Rule(rule="anchors", verdict="pass", measured={"specific": 1}, advice="Good: a scar on the left cheekbone.")
GOOD = Measurements(
    width=1024,
    height=1024,
    faces=(FaceBox(left=0.3, top=0.2, width=0.35, height=0.45),),
    yaw=12.0,
    pitch=3.0,
    roll=-2.0,
    eye_left=0.3,
    eye_right=0.31,
    lid_left=-0.03,
    lid_right=-0.02,
    eye_light=0.6,
    smile=0.36,
    cheek_left=0.5,
    cheek_right=0.42,
    evenness=70.0,
    dark_share=0.01,
    bright_share=0.0,
    sharpness=12.0,
    picture_sharpness=30.0,
    eye_distance=130.0,
)
ANIMAL = Measurements(width=800, height=600, reason="no human face found", picture_sharpness=25.0)


def judged(name: RuleName, measured: Measurements = GOOD, **changes: object) -> Rule:
    changed = dataclasses.replace(measured, **changes)  # type: ignore[arg-type]
    rule = grade(changed, ANCHORS).rule(name)
    assert rule is not None
    return rule


def test_a_good_reference_is_strong_and_judged_in_order() -> None:
    result = grade(GOOD, ANCHORS)
    assert result.verdict == "strong"
    names = [rule.rule for rule in result.rules]
    assert names == ["pose", "eyes", "lighting", "sharpness", "resolution", "subject", "anchors"]
    assert all(rule.verdict == "pass" for rule in result.rules)


@pytest.mark.parametrize(
    ("yaw", "verdict"), [(0, "pass"), (30, "pass"), (-44.9, "pass"), (45, "fail"), (-50, "fail"), (80, "fail")]
)
def test_three_quarter_passes_and_profile_fails(yaw: float, verdict: RuleVerdict) -> None:
    assert judged("pose", yaw=float(yaw)).verdict == verdict


def test_a_profile_is_told_to_turn_and_from_which_side() -> None:
    assert "viewer's right" in judged("pose", yaw=62.0).advice
    assert "62°" in judged("pose", yaw=62.0).advice
    assert "viewer's left" in judged("pose", yaw=-62.0).advice
    eyes = judged("eyes", yaw=62.0)
    assert eyes.verdict == "warn"
    assert "right" in eyes.advice


def test_a_full_profile_without_a_mesh_fails_pose_and_is_one_person() -> None:
    seen = Measurements(
        width=800, height=800, profile="left", profile_heads=1, reason="in profile", picture_sharpness=30.0
    )
    assert judged("pose", seen).verdict == "fail"
    assert "viewer's left" in judged("pose", seen).advice
    assert judged("subject", seen).verdict == "pass"
    assert judged("eyes", seen).verdict == "unknown"
    assert grade(seen, ANCHORS).verdict == "weak"
    assert judged("subject", seen, profile_heads=2).verdict == "fail"


@pytest.mark.parametrize(
    ("pitch", "roll", "verdict", "words"),
    [
        (25, 0, "warn", "chin down"),
        (-25, 0, "warn", "chin up"),
        (40, 0, "fail", "chin down"),
        (0, 31, "warn", "viewer's right"),
        (0, -31, "warn", "viewer's left"),
        (0, 60, "fail", "60° counter-clockwise"),
        (0, -88, "fail", "quarter turn clockwise"),
        (0, 178, "fail", "upside down"),
    ],
)
def test_strong_nods_and_tilts_are_named(pitch: float, roll: float, verdict: RuleVerdict, words: str) -> None:
    pose = judged("pose", pitch=float(pitch), roll=float(roll))
    assert pose.verdict == verdict
    assert words in pose.advice


def test_shut_eyes_fail_and_one_shut_eye_is_named() -> None:
    both = judged("eyes", eye_left=0.01, eye_right=0.02, lid_left=0.1, lid_right=0.08)
    assert both.verdict == "fail"
    assert "both" in both.advice
    one = judged("eyes", eye_right=0.02, lid_right=0.08)
    assert one.verdict == "fail"
    assert "viewer's right" in one.advice


@given(st.floats(0, 0.4), st.floats(0, 0.4), st.floats(-0.15, 0.02), st.floats(-0.15, 0.02), st.floats(0.42, 0.6))
def test_a_smile_is_never_accused(left: float, right: float, lid_l: float, lid_r: float, smile: float) -> None:
    eyes = judged("eyes", eye_left=left, eye_right=right, lid_left=lid_l, lid_right=lid_r, smile=smile)
    assert eyes.verdict in ("pass", "unknown")


def test_low_lids_are_doubted_not_accused() -> None:
    assert judged("eyes", eye_left=0.08, lid_left=0.05).verdict == "unknown"
    assert judged("eyes", eye_light=0.03).verdict == "unknown"


@pytest.mark.parametrize(("left", "right", "verdict"), [(0.6, 0.41, "pass"), (0.6, 0.35, "warn"), (0.2, 0.5, "fail")])
def test_cheeks_are_compared(left: float, right: float, verdict: RuleVerdict) -> None:
    assert judged("lighting", cheek_left=left, cheek_right=right).verdict == verdict


def test_light_names_the_darker_side() -> None:
    assert "cheek on the viewer's left gets" in judged("lighting", cheek_left=0.1, cheek_right=0.5).advice


def test_exposure() -> None:
    assert judged("lighting", bright_share=0.4).verdict == "fail"
    assert judged("lighting", bright_share=0.1).verdict == "warn"
    assert judged("lighting", dark_share=0.6).verdict == "fail"
    assert judged("lighting", cheek_left=0.03, cheek_right=0.03).verdict == "fail"
    assert judged("lighting", cheek_left=0.06, cheek_right=0.06).verdict == "warn"


@pytest.mark.parametrize(("name", "field", "numbers"), [
    ("sharpness", "sharpness", (12, 6, 3)),
    ("resolution", "eye_distance", (90, 42, 20)),
])  # fmt: skip
def test_sharpness_and_resolution_step_down(name: RuleName, field: str, numbers: tuple[int, int, int]) -> None:
    assert [judged(name, GOOD, **{field: float(n)}).verdict for n in numbers] == ["pass", "warn", "fail"]


def test_two_people_fail_and_a_passer_by_warns() -> None:
    person = GOOD.faces[0]
    same = dataclasses.replace(person, left=0.65)
    tiny = FaceBox(left=0.9, top=0.1, width=0.05, height=0.06)
    assert "3 people" in judged("subject", faces=(person, same, same)).advice
    assert judged("subject", faces=(person, same)).verdict == "fail"
    assert judged("subject", faces=(person, tiny)).verdict == "warn"
    assert judged("subject", profile_heads=1).verdict == "fail"


def test_a_face_cut_off_or_too_small() -> None:
    cut = FaceBox(left=-0.1, top=0.2, width=0.35, height=0.45)
    assert cut.cut == pytest.approx(0.286, abs=0.01)
    assert judged("subject", faces=(cut,)).verdict == "fail"
    small = FaceBox(left=0.5, top=0.2, width=0.04, height=0.05)
    assert judged("subject", faces=(small,)).verdict == "fail"


def test_without_a_human_face_the_rest_is_unknown_with_the_reason() -> None:
    result = grade(ANIMAL, ANCHORS)
    assert result.verdict == "usable"
    unknown = [rule for rule in result.rules if rule.verdict == "unknown"]
    assert [rule.rule for rule in unknown] == ["pose", "eyes", "lighting", "subject"]
    assert all("no human face" in str(rule.measured["reason"]) for rule in unknown)


def test_verdicts_at_a_glance() -> None:
    assert grade(dataclasses.replace(GOOD, yaw=60.0), ANCHORS).verdict == "weak"
    assert grade(dataclasses.replace(GOOD, yaw=60.0, sharpness=2.0), ANCHORS).verdict == "unusable"
    assert grade(dataclasses.replace(GOOD, pitch=25.0), ANCHORS).verdict == "usable"
    assert grade(dataclasses.replace(GOOD, eye_distance=42.0), ANCHORS).verdict == "strong"
    assert grade(dataclasses.replace(GOOD, eye_distance=42.0, sharpness=6.0), ANCHORS).verdict == "usable"
    vague = dataclasses.replace(ANCHORS, verdict="fail")
    assert grade(GOOD, vague).verdict == "usable"


measurements = st.builds(
    Measurements,
    width=st.integers(1, 8000),
    height=st.integers(1, 8000),
    faces=st.lists(
        st.builds(
            FaceBox,
            left=st.floats(-1, 1),
            top=st.floats(-1, 1),
            width=st.floats(0.001, 2),
            height=st.floats(0.001, 2),
        ),
        max_size=3,
    ).map(tuple),
    reason=st.just("no human face found"),
    **{
        name: st.none() | st.floats(low, high)
        for name, low, high in [
            ("yaw", -90, 90), ("pitch", -90, 90), ("roll", -180, 180), ("eye_left", 0, 1), ("eye_right", 0, 1),
            ("lid_left", -0.3, 0.3), ("lid_right", -0.3, 0.3), ("eye_light", 0, 2), ("smile", 0, 1),
            ("cheek_left", 0, 1), ("cheek_right", 0, 1), ("evenness", 0, 100), ("dark_share", 0, 1),
            ("bright_share", 0, 1), ("sharpness", 0, 80), ("picture_sharpness", 0, 200), ("eye_distance", 0, 3000),
        ]
    },
)  # fmt: skip


@given(measurements)
def test_any_measurement_gives_a_grade_that_survives_json(seen: Measurements) -> None:
    result = grade(seen, ANCHORS)
    assert all(rule.advice.endswith((".", "!")) and "\n" not in rule.advice for rule in result.rules)
    for rule in result.rules:
        quality = rule.measured.get("quality")
        assert quality is None or (isinstance(quality, int | float) and 0 <= quality <= 100)
    assert grade_from_json(grade_to_json(result)) == result


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", '{"verdict": "superb", "rules": []}', '{"verdict": "weak", "rules": [{"rule": 1}]}'],
)
def test_other_text_is_no_grade(text: str) -> None:
    with pytest.raises(InvalidInput):
        grade_from_json(text)


def graded(**changes: object) -> Grade:
    return grade(dataclasses.replace(GOOD, **changes), ANCHORS)  # type: ignore[arg-type]


def test_the_audition_puts_the_strongest_first_and_says_why() -> None:
    places = rank([graded(yaw=70.0), graded(eye_distance=65.0), graded(), graded(cheek_right=0.15)])
    assert [place.index for place in places][:2] == [2, 1]
    assert "Strongest of 4" in places[0].why
    assert any("held back by lighting" in place.why for place in places)
    assert any("held back by pose" in place.why for place in places)


def test_points_fall_with_every_fault() -> None:
    best = rank([graded()])[0].points
    for fault in ({"yaw": 44.0}, {"sharpness": 5.5}, {"eye_distance": 50.0}, {"cheek_left": 0.9}, {"eye_left": 0.06}):
        assert rank([graded(**fault)])[0].points < best


@given(st.lists(measurements, max_size=6))
def test_every_candidate_gets_one_place_in_order_of_verdict(seen: list[Measurements]) -> None:
    grades = [grade(entry, ANCHORS) for entry in seen]
    places = rank(grades)
    assert sorted(place.index for place in places) == list(range(len(grades)))
    order = ["strong", "usable", "weak", "unusable"]
    verdicts = [order.index(grades[place.index].verdict) for place in places]
    assert verdicts == sorted(verdicts)
    assert all(place.why and 0 <= place.points <= 100 for place in places)


def test_a_picture_of_nothing_is_weak_and_one_of_a_toy_is_usable():
    def graded(share: float) -> Grade:
        seen = Measurements(width=800, height=800, reason="no face", picture_sharpness=20.0, stands_out=share)
        return grade(seen, Rule(rule="anchors", verdict="pass", measured={}, advice="Good."))

    nothing, toy = graded(0.01), graded(0.3)
    assert nothing.verdict == "weak"
    assert toy.verdict == "usable"
    for entry in (nothing, toy):
        subject = entry.rule("subject")
        assert subject is not None
        assert subject.verdict == "unknown"
