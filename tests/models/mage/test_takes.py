"""A take's life at Mage: what is asked, charged once whatever breaks, fetched, and every way it can end."""

import json
from collections.abc import Callable
from dataclasses import replace
from importlib import util
from pathlib import Path
from typing import Any

import pytest
from tests.models.mage.desk import Desk, member, shades
from tests.models.mage.mage_server import SECRET, Job, error
from tests.models.mage.serving import Reply, noise, picture

from samecast.core.errors import (
    InvalidInput,
    KeyRefused,
    MissingKey,
    MissingPart,
    NotFound,
    Refused,
    RenderFailed,
    SamecastError,
    Stopped,
    SubmissionUnsure,
    Unreachable,
)
from samecast.models.mage import KEY, build
from samecast.ports import Picture
from samecast.ports.contract import check_error, check_hosted

MIRA = member("mira")


def only(desk: Desk) -> Job:
    (job,) = desk.server.jobs.values()
    return job


# --- the contract -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["mango", "guava", "flux2", "cherry", "lemon"])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_it_keeps_the_contract_of_hosted_engines(desk: Desk, model: str, count: int):
    check_hosted(
        lambda: desk.engine(model),
        desk.profile(model),
        [picture(shade) for shade in (60, 90)[:count]],
        jobs=lambda: len(desk.server.jobs),
    )
    assert desk.server.charged == 40 * len(desk.server.jobs)


def test_it_is_found_by_its_name_and_names_its_key(desk: Desk):
    assert build(desk.profile("mango"), desk.parts).version == "1 mango-v3"
    assert KEY == "MAGE_API_KEY"


# --- what is asked ------------------------------------------------------------------------------------------------


def test_a_request_has_what_was_ordered(desk: Desk):
    order = desk.order("mango", MIRA, options=(("resolution", "1K"),))
    desk.engine().submit(order, "shot-1.1")
    (request,) = desk.server.of("POST", "/v1/mango/generate")
    assert request.json == {
        "prompt": "@mira in the rain",
        "model_id": "mango-v3",
        "aspect_ratio": "1:1",
        "seed": 7,
        "resolution": "1K",
    }
    assert request.headers["authorization"] == f"Bearer {SECRET}"


def test_options_are_sent_as_what_they_are_and_by_mages_names(desk: Desk):
    desk.engine("flux2").submit(
        desk.order("flux2", MIRA, options=(("guidance_scale", "3.5"), ("num_inference_steps", "28"))), "a.1"
    )
    desk.engine("sdxl").submit(
        desk.order("sdxl", MIRA, options=(("adetailer_face", "false"), ("negative", "no hat"))), "b.1"
    )
    flux, sdxl = desk.made()
    assert (flux["num_inference_steps"], flux["guidance_scale"]) == (28, 3.5)
    assert isinstance(flux["num_inference_steps"], int)
    assert (sdxl["negative_prompt"], sdxl["adetailer_face"]) == ("no hat", False)


def test_a_model_that_knows_no_characters_is_shown_the_pictures_in_their_order(desk: Desk):
    kai = member("kai", 150)
    order = desk.order("flux2", member("mira", 80, 110), kai)
    desk.engine("flux2").submit(order, "a.1")
    (body,) = desk.made()
    assert body["prompt"] == order.recipe.compiled
    assert shades(body) == [80, 110, 150]
    assert desk.server.of("POST", "/v1/characters") == []


def test_the_picture_to_edit_is_the_first(desk: Desk):
    edited = "c8" * 32
    desk.engine("flux2").submit(desk.order("flux2", MIRA, edited=edited, pictures=(edited, *MIRA.references)), "a.1")
    desk.engine("mango").submit(desk.order("mango", member("kai", 90, 100), edited=edited), "b.1")
    flux, mango = desk.made()
    assert shades(flux) == [200, 80]
    assert shades(mango) == [200, 100]
    assert mango["prompt"] == "@kai in the rain. @image2 shows @kai too."


def test_a_clip_has_its_length_and_its_frames(desk: Desk):
    desk.engine("lemon").submit(
        desk.order("lemon", MIRA, first_frame="0a" * 32, last_frame="14" * 32, seconds=3.0), "a.1"
    )
    (body,) = desk.made()
    assert body["duration"] == "3"
    assert body["aspect_ratio"] == "16:9"
    assert [shades({"image": body[name]}) for name in ("first_image", "last_image")] == [[10], [20]]


def test_what_the_model_has_no_field_for_is_refused_before_anything_is_made(desk: Desk):
    for model, more in (
        ("mango", {"first_frame": "0a" * 32}),
        ("sdxl", {"pictures": ("50" * 32, "5a" * 32)}),
        ("flux2", {"pictures": ()}),
        ("mango", {"width": 1000}),
    ):
        with pytest.raises(InvalidInput) as caught:
            desk.engine(model).submit(desk.order(model, MIRA, **more), "a.1")
        check_error(caught.value, SECRET)
    assert desk.server.of("POST", "/v1/") == []


@pytest.mark.parametrize(
    "setup",
    [
        {},
        {"architecture": "mango", "image": "image", "else": 1},
        {"architecture": "mango", "characters": "yes"},
        {"architecture": "../account", "image": "image"},
        {"architecture": "mango"},
        {"architecture": "mango", "more": "additional_images"},
    ],
)
def test_an_entry_that_does_not_say_how_to_ask_is_named(desk: Desk, setup: dict[str, Any]):
    profile = replace(desk.profile("flux2"), setup=setup)
    with pytest.raises(InvalidInput, match="'flux2' is wrong"):
        desk.engine(profile).check()


def test_large_pictures_are_uploaded_and_the_storage_is_not_told_the_key(desk: Desk):
    order = desk.order("flux2", member("mira", 1, 2, 3))
    order = replace(order, references={sha256: noise(n) for n, sha256 in enumerate(order.recipe.pictures)})
    desk.engine("flux2").submit(order, "a.1")
    (body,) = desk.made()
    assert body["image"].startswith(desk.server.url)
    assert len(desk.server.of("PUT", "/storage/")) == 3
    assert len(desk.server.of("POST", "/v1/flux2/generate")[0].body) < 2_000


def test_an_upload_is_tried_again(desk: Desk):
    desk.server.faults.uploads.extend([Reply(502), "cut"])
    order = desk.order("flux2", member("mira", 1, 2, 3))
    order = replace(order, references={sha256: noise(n) for n, sha256 in enumerate(order.recipe.pictures)})
    desk.engine("flux2").submit(order, "a.1")
    assert len(desk.server.of("PUT", "/storage/")) == 3


# --- charged once -------------------------------------------------------------------------------------------------


def test_the_same_key_is_the_same_take_whoever_submits_it(desk: Desk):
    order = desk.order("mango")
    ticket = desk.engine().submit(order, "shot-1.1")
    assert desk.engine().submit(order, "shot-1.1") == ticket
    assert desk.server.charged == 40
    assert desk.engine().submit(order, "shot-1.2") != ticket
    assert desk.server.charged == 80


def test_a_take_is_collected_by_a_worker_that_never_submitted_it(desk: Desk):
    desk.server.polls = 3
    ticket = desk.engine().submit(desk.order("mango"), "shot-1.1")
    after = desk.engine()
    assert after.find("shot-1.1") == ticket
    assert [after.collect(ticket) for _ in range(2)] == [None, None]
    rendered = after.collect(ticket)
    assert rendered is not None
    assert rendered.file.startswith(b"\x89PNG")
    assert rendered.notes == ("Mage charged 40 gems.",)
    assert rendered.cost is None
    assert desk.server.charged == 40


def test_without_what_was_put_down_here_the_take_is_found_by_submitting_it_again(desk: Desk):
    ticket = desk.engine().submit(desk.order("mango"), "shot-1.1")
    for file in (desk.home / "mage" / "requests").iterdir():
        file.unlink()
    assert desk.engine().find("shot-1.1") is None
    assert desk.engine().submit(desk.order("mango"), "shot-1.1") == ticket
    assert desk.server.charged == 40


@pytest.mark.parametrize("fault", ["begun", "cut", Reply(500), Reply(502, b"<html>"), Reply(408)])
def test_what_may_have_been_heard_is_sent_again_with_its_key(desk: Desk, fault: Reply | str):
    desk.server.faults.submits.extend([fault, fault])
    desk.engine().submit(desk.order("mango"), "shot-1.1")
    assert len(desk.server.of("POST", "/v1/mango/generate")) == 3
    assert len({one.headers["idempotency-key"] for one in desk.server.received}) == 1
    assert desk.server.charged == 40


@pytest.mark.parametrize("fault", ["begun", "cut", Reply(502, b"<html>")])
def test_it_is_unsure_where_no_answer_ever_comes_and_sure_with_the_next(desk: Desk, fault: Reply | str):
    desk.server.faults.submits.extend([fault] * 3)
    engine = desk.engine()
    with pytest.raises(SubmissionUnsure) as caught:
        engine.submit(desk.order("mango"), "shot-1.1")
    check_error(caught.value, SECRET)
    engine.submit(desk.order("mango"), "shot-1.1")
    assert desk.server.charged == 40


def test_a_doubt_is_not_ended_by_an_answer_to_something_else(desk: Desk):
    desk.server.faults.submits.extend(["begun", error(429, "too_many_requests", retry_after=1)])
    with pytest.raises(SubmissionUnsure):
        desk.engine().submit(desk.order("mango"), "shot-1.1")


def test_a_mage_that_is_down_is_one_that_never_heard(desk: Desk):
    for fault in (Reply(503), error(500, "internal_error")):
        desk.server.faults.submits.extend([fault] * 3)
        with pytest.raises(Unreachable) as caught:
            desk.engine().submit(desk.order("mango"), "shot-1.1")
        check_error(caught.value, SECRET)
    assert desk.server.charged == 0


def test_nobody_there_is_unreachable(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MAGE_BASE_URL", "http://127.0.0.1:9")
    with pytest.raises(Unreachable) as caught:
        desk.engine().submit(desk.order("mango"), "shot-1.1")
    check_error(caught.value, SECRET)


# --- waiting to be let in -----------------------------------------------------------------------------------------


def test_a_busy_mage_is_waited_for_as_long_as_it_says(desk: Desk):
    busy = error(429, "too_many_requests", retry_after=3)
    desk.server.faults.submits.extend([busy, busy])
    told: list[tuple[str, int, int]] = []
    desk.engine().submit(desk.order("mango", told=lambda *step: told.append(step)), "a.1")
    assert sum(desk.time.slept) == 6
    assert max(desk.time.slept) <= 1
    assert {step for step, _, _ in told} == {"wait"}
    assert all(0 <= done <= total for _, done, total in told)
    assert desk.server.charged == 40


def test_a_busy_mage_that_says_nothing_is_asked_ever_less_often_and_not_for_ever(desk: Desk):
    desk.server.faults.submits.extend([error(429, "too_many_requests")] * 20)
    with pytest.raises(Unreachable) as caught:
        desk.engine().submit(desk.order("mango"), "a.1")
    check_error(caught.value, SECRET)
    assert sum(desk.time.slept) == 30  # 2 + 4 + 8 + 16; 32 more would be too long
    assert len(desk.server.of("POST", "/v1/mango/generate")) == 5


def test_longer_than_a_minute_is_not_waited_for(desk: Desk):
    desk.server.faults.submits.append(error(429, "too_many_requests", retry_after=600))
    with pytest.raises(Unreachable):
        desk.engine().submit(desk.order("mango"), "a.1")
    assert desk.time.slept == []


def test_a_cancel_is_heard_while_waiting(desk: Desk):
    desk.server.faults.submits.extend([error(429, "too_many_requests", retry_after=30)] * 3)

    def told(step: str, done: int, total: int) -> None:
        if step == "wait" and done >= 5:
            raise Stopped("Stopped.")

    with pytest.raises(Stopped):
        desk.engine().submit(desk.order("mango", told=told), "a.1")
    assert sum(desk.time.slept) == 5
    assert desk.server.jobs == {}


# --- refusals -----------------------------------------------------------------------------------------------------

ONE = "d7e6c0f3-6699-4f6c-bb45-2ad7fd9158ff"
REFUSALS: list[tuple[Reply, type[SamecastError], str]] = [
    (error(401, "unauthorized", f"'{SECRET}' is unknown."), KeyRefused, "MAGE_API_KEY"),
    (error(403, "forbidden"), KeyRefused, "account"),
    (error(402, "insufficient_gems", request_id=ONE, gems_required=135), KeyRefused, "135"),
    (error(403, "content_blocked", "Blocked by the policy.", request_id=ONE), Refused, "Blocked by the policy"),
    (error(451, "content_blocked", request_id=ONE), Refused, "will not make"),
    (error(400, "invalid_config", "`resolution` must be one of: 1K."), InvalidInput, "resolution"),
    (error(400, "invalid_request"), InvalidInput, "does not take"),
    (error(404, "architecture_not_found"), NotFound, "refresh mage"),
    (error(410, "architecture_retired", request_id=ONE), NotFound, "refresh mage"),
    (error(404, "character_not_found"), InvalidInput, "does not take"),
    (error(400, "generation_failed"), RenderFailed, "could not make"),
    (error(500, "internal_error", request_id=ONE), RenderFailed, "turned this take down"),
    (error(429, "too_many_requests", request_id=ONE), RenderFailed, "turned this take down"),
    (error(422, "something_new", "Said anew."), InvalidInput, "Said anew"),
    (error(418, "a_teapot"), RenderFailed, "failed"),
    (Reply(402), KeyRefused, "credit"),
    (Reply(200, {"request_id": "../../v1/account"}), SubmissionUnsure, "names no request"),
]


@pytest.mark.parametrize(("reply", "kind", "words"), REFUSALS)
def test_a_refusal_is_the_one_error_that_it_means_and_charges_nothing(
    desk: Desk, reply: Reply, kind: type[SamecastError], words: str
):
    desk.server.faults.submits.append(reply)
    with pytest.raises(SamecastError) as caught:
        desk.engine().submit(desk.order("mango"), "a.1")
    assert type(caught.value) is kind
    assert words in str(caught.value)
    check_error(caught.value, SECRET)
    if isinstance(caught.value, RenderFailed) and not isinstance(caught.value, SubmissionUnsure):
        assert not caught.value.charged
    assert not caught.value.retryable
    assert desk.server.charged == 0


BROKEN, BLOCKED = ({"code": code, "message": "No."} for code in ("generation_failed", "content_blocked"))
ENDS: list[tuple[dict[str, Any], type[RenderFailed], bool]] = [
    ({"status": "failed", "error": BROKEN, "refunded": 40}, RenderFailed, False),
    ({"status": "failed", "error": BLOCKED, "refunded": 40}, Refused, False),
    ({"status": "failed", "error": BLOCKED}, Refused, True),
    ({"status": "failed", "error": None, "refunded": 40}, RenderFailed, False),
    ({"status": "cancelled"}, RenderFailed, True),
    ({"gone": True}, RenderFailed, True),
    ({"kind": "audio"}, RenderFailed, True),
]


@pytest.mark.parametrize(("how", "kind", "charged"), ENDS)
def test_a_take_that_ends_badly_says_how_and_whether_it_costs(
    desk: Desk, how: dict[str, Any], kind: type[RenderFailed], charged: bool
):
    engine = desk.engine()
    ticket = engine.submit(desk.order("mango"), "a.1")
    job = only(desk)
    for name, value in how.items():
        setattr(job, name, value)
    with pytest.raises(RenderFailed) as caught:
        engine.collect(ticket)
    assert type(caught.value) is kind
    assert caught.value.charged is charged
    check_error(caught.value, SECRET)


def test_a_result_that_has_expired_is_lost(desk: Desk):
    engine = desk.engine()
    ticket = engine.submit(desk.order("mango"), "a.1")
    desk.server.result_at = f"{desk.server.url}/results/{ticket}"
    engine.collect(ticket)
    desk.server.result_at = None
    fetched = len(desk.server.of("GET", "/results/"))
    only(desk).gone = True
    reply = desk.server._request(only(desk))  # as it is told: finished, and its file gone
    desk.server.faults.polls.append(Reply(200, reply))
    with pytest.raises(RenderFailed, match="no longer has this take") as caught:
        engine.collect(ticket)
    assert len(desk.server.of("GET", "/results/")) == fetched + 1
    check_error(caught.value, SECRET)


def test_nothing_is_fetched_from_where_anybody_can_read_it(desk: Desk):
    desk.server.result_at = "http://cdn.mage.example/one.png"
    engine = desk.engine()
    ticket = engine.submit(desk.order("mango"), "a.1")
    with pytest.raises(RenderFailed, match="nothing is fetched from") as caught:
        engine.collect(ticket)
    check_error(caught.value, SECRET)


def test_a_connection_that_breaks_while_waiting_costs_nothing(desk: Desk):
    engine = desk.engine()
    ticket = engine.submit(desk.order("mango"), "a.1")
    desk.server.faults.polls.extend(["cut", Reply(502), error(500, "internal_error")])
    for _ in range(3):
        with pytest.raises(Unreachable) as caught:
            engine.collect(ticket)
        check_error(caught.value, SECRET)
    assert engine.collect(ticket) is not None
    assert desk.server.charged == 40


def test_a_mage_that_is_asked_too_often_is_left_alone_for_a_while(desk: Desk):
    engine = desk.engine()
    ticket = engine.submit(desk.order("mango"), "a.1")
    desk.server.faults.polls.append(error(429, "too_many_requests", retry_after=10))
    assert engine.collect(ticket) is None
    desk.time.now += 9
    assert engine.collect(ticket) is None
    assert len(desk.server.of("GET", "/v1/requests")) == 1
    desk.time.now += 2
    assert engine.collect(ticket) is not None


def test_what_mage_marks_as_not_safe_is_said(desk: Desk):
    desk.server.nsfw = True
    engine = desk.engine()
    rendered = engine.collect(engine.submit(desk.order("mango"), "a.1"))
    assert rendered is not None
    assert rendered.notes[1] == "Mage marks this take as not safe for work."


def test_a_ticket_that_is_none_is_lost_and_asks_for_nothing(desk: Desk):
    with pytest.raises(RenderFailed, match="no longer has"):
        desk.engine().collect("../../v1/account")
    assert desk.server.received == []


# --- cancelling ---------------------------------------------------------------------------------------------------


def test_cancelling_stops_the_job_and_is_harmless_when_too_late(desk: Desk):
    desk.server.polls = 5
    engine = desk.engine()
    ticket = engine.submit(desk.order("mango"), "a.1")
    desk.server.faults.cancels.extend(["cut", Reply(503)])
    engine.cancel(ticket)
    assert only(desk).cancelled
    engine.cancel(ticket)
    only(desk).gone = True
    engine.cancel(ticket)


def test_a_cancel_that_nobody_hears_is_said(desk: Desk):
    engine = desk.engine()
    ticket = engine.submit(desk.order("mango"), "a.1")
    desk.server.faults.cancels.extend(["cut"] * 3)
    with pytest.raises(Unreachable) as caught:
        engine.cancel(ticket)
    check_error(caught.value, SECRET)


# --- what has to be there -----------------------------------------------------------------------------------------


def test_what_is_missing_is_named_and_nobody_is_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    desk.engine().check()
    desk.secrets.key = ""
    with pytest.raises(MissingKey):
        desk.engine().check()
    desk.secrets.key = SECRET
    find: Callable[[str], object] = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name: None if name == "httpx2" else find(name))
    with pytest.raises(MissingPart, match=r"pip install 'samecast\[mage\]'"):
        desk.engine().check()
    assert desk.server.received == []


@pytest.mark.parametrize(
    "url",
    ["http://api.mage.example", "ftp://127.0.0.1", "https://me:secret@api.mage.space", "https://", "https://a.b:x",
     "https://api.mage.space?to=me"],
)  # fmt: skip
def test_no_key_goes_to_an_address_that_anybody_can_read(desk: Desk, monkeypatch: pytest.MonkeyPatch, url: str):
    monkeypatch.setenv("MAGE_BASE_URL", url)
    for do in (desk.engine().check, lambda: desk.engine().submit(desk.order("mango"), "a.1")):
        with pytest.raises(InvalidInput, match="MAGE_BASE_URL") as caught:
            do()
        check_error(caught.value, SECRET, "me:secret")


def test_a_wrong_key_is_refused_and_given_away_nowhere(desk: Desk):
    desk.secrets.key = "mage_sk_short"
    with pytest.raises(KeyRefused) as caught:
        desk.engine().submit(desk.order("mango", MIRA), "a.1")
    check_error(caught.value, "mage_sk_short")
    assert "samecast models key MAGE_API_KEY" in str(caught.value)


def test_the_key_is_in_no_ticket_and_in_no_file(desk: Desk):
    ticket = desk.engine().submit(desk.order("mango", MIRA), "a.1")
    assert SECRET not in ticket
    files = [path for path in Path(desk.home).rglob("*") if path.is_file()]
    assert len(files) == 3
    assert not any(SECRET.encode() in path.read_bytes() for path in files)


def test_a_shape_of_the_pictures_is_sent_as_it_is(desk: Desk):
    order = desk.order("flux2", MIRA)
    wide = Picture(rgb=picture(40, (900, 300)).rgb)
    desk.engine("flux2").submit(replace(order, references={MIRA.references[0]: wide}), "a.1")
    assert json.dumps(desk.made()[0]["image"]).startswith('"data:image/png;base64,')
