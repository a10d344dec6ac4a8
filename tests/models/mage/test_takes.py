"""A take's life at Mage: what is asked, charged once whatever breaks, fetched, and every way it can end."""

import json
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from tests.models.mage.desk import MageDesk, member, shades
from tests.models.mage.mage_server import SECRET, error
from tests.models.provider import life
from tests.models.provider.pictures import grey, noise
from tests.models.provider.server import BEGUN, CUT, Answer

from samecast.core.errors import (
    InvalidInput,
    KeyRefused,
    NotFound,
    Refused,
    RenderFailed,
    SubmissionUnsure,
    Unreachable,
)
from samecast.models.mage import KEY, build

MIRA = member("mira")
ONE = "d7e6c0f3-6699-4f6c-bb45-2ad7fd9158ff"
BROKEN, BLOCKED = ({"code": code, "message": "No."} for code in ("generation_failed", "content_blocked"))


class TestLife(life.Patient, life.Heeding, life.Delivered, life.Keyed, life.Client):
    """Mage knows our keys: what may have arrived is sent again (see below), so `Once` is not for it."""

    key, status = KEY, (400, 422)
    extra, package = "mage", "httpx2"
    patience = (30, 5)  # 2 + 4 + 8 + 16; 32 more would be too long
    busy = (life.Busy((3, 3), (error(429, "too_many_requests", retry_after=3),) * 2),)
    refusal = (
        life.Refusal(error(401, "unauthorized", f"'{SECRET}' is unknown."), KeyRefused, "MAGE_API_KEY"),
        life.Refusal(error(403, "forbidden"), KeyRefused, "account"),
        life.Refusal(error(402, "insufficient_gems", request_id=ONE, gems_required=135), KeyRefused, "135"),
        life.Refusal(
            error(403, "content_blocked", "Blocked by the policy.", request_id=ONE), Refused, "Blocked by the policy"
        ),
        life.Refusal(error(451, "content_blocked", request_id=ONE), Refused, "will not make"),
        life.Refusal(error(400, "invalid_config", "`resolution` must be one of: 1K."), InvalidInput, "resolution"),
        life.Refusal(error(400, "invalid_request"), InvalidInput, "does not take"),
        life.Refusal(error(404, "architecture_not_found"), NotFound, "refresh mage"),
        life.Refusal(error(410, "architecture_retired", request_id=ONE), NotFound, "refresh mage"),
        life.Refusal(error(404, "character_not_found"), InvalidInput, "does not take"),
        life.Refusal(error(400, "generation_failed"), RenderFailed, "could not make"),
        life.Refusal(error(500, "internal_error", request_id=ONE), RenderFailed, "turned this take down"),
        life.Refusal(error(429, "too_many_requests", request_id=ONE), RenderFailed, "turned this take down"),
        life.Refusal(error(422, "something_new", "Said anew."), InvalidInput, "Said anew"),
        life.Refusal(error(418, "a_teapot"), RenderFailed, "failed"),
        life.Refusal(Answer(402), KeyRefused, "credit"),
        life.Refusal(Answer(200, {"request_id": "../../v1/account"}), SubmissionUnsure, "names no request"),
    )
    broken = (*life.Waiting.broken, error(500, "internal_error"))
    end = (
        life.End({"status": "failed", "error": BROKEN, "refunded": 40}, RenderFailed, "", False),
        life.End({"status": "failed", "error": BLOCKED, "refunded": 40}, Refused, "", False),
        life.End({"status": "failed", "error": BLOCKED}, Refused, "", True),
        life.End({"status": "failed", "error": None, "refunded": 40}, RenderFailed, "", False),
        life.End({"status": "cancelled"}, RenderFailed, "", True),
        life.End({"gone": True}, RenderFailed, "", True),
        life.End({"kind": "audio"}, RenderFailed, "", True),
    )
    nobody = (ONE, "../../v1/account", "")
    expired = (Answer(410),)

    def left_alone(self, seconds: int | None) -> Answer:
        return error(429, "too_many_requests", retry_after=seconds) if seconds else error(429, "too_many_requests")

    def says(self, status: int, words: str, **headers: str) -> Answer:
        return error(status, "invalid_config" if status == 400 else "anything", words)

    def ends(self, desk: life.AnyDesk, how: Any) -> None:
        for name, value in how.items():
            setattr(desk.server.job, name, value)


# --- the contract -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["mango", "guava", "flux2", "cherry", "lemon"])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_it_keeps_the_contract_of_hosted_engines(desk: MageDesk, model: str, count: int):
    desk.of(model).check_contract(*[grey(tone) for tone in (60, 90)[:count]])
    assert desk.server.charged == 40 * len(desk.server.jobs)


def test_it_is_found_by_its_name_and_names_its_key(desk: MageDesk):
    assert build(desk.profile, desk.parts).version == "1 mango-v3"
    assert KEY == "MAGE_API_KEY"


# --- what is asked ------------------------------------------------------------------------------------------------


def test_a_request_has_what_was_ordered(desk: MageDesk):
    desk.shoot(MIRA, options=(("resolution", "1K"),))
    (asked,) = desk.server.of("POST", "/v1/mango/generate")
    assert asked.tree == {
        "prompt": "@mira in the rain",
        "model_id": "mango-v3",
        "aspect_ratio": "1:1",
        "seed": 7,
        "resolution": "1K",
    }
    assert asked.headers["authorization"] == f"Bearer {SECRET}"


def test_options_are_sent_as_what_they_are_and_by_mages_names(desk: MageDesk):
    desk.of("flux2").shoot(MIRA, options=(("guidance_scale", "3.5"), ("num_inference_steps", "28")))
    desk.of("sdxl").shoot(MIRA, options=(("adetailer_face", "false"), ("negative", "no hat")), key="b.1")
    flux, sdxl = desk.made()
    assert (flux["num_inference_steps"], flux["guidance_scale"]) == (28, 3.5)
    assert isinstance(flux["num_inference_steps"], int)
    assert (sdxl["negative_prompt"], sdxl["adetailer_face"]) == ("no hat", False)


def test_a_model_that_knows_no_characters_is_shown_the_pictures_in_their_order(desk: MageDesk):
    kai = member("kai", 150)
    order = desk.of("flux2").scene(member("mira", 80, 110), kai)
    desk.of("flux2").engine().submit(order, "a.1")
    (body,) = desk.made()
    assert body["prompt"] == order.recipe.compiled
    assert shades(body) == [80, 110, 150]
    assert desk.server.of("POST", "/v1/characters") == []


def test_the_picture_to_edit_is_the_first(desk: MageDesk):
    edited = "c8" * 32
    desk.of("flux2").shoot(MIRA, edited=edited, pictures=(edited, *MIRA.references))
    desk.shoot(member("kai", 90, 100), edited=edited, key="b.1")
    flux, mango = desk.made()
    assert shades(flux) == [200, 80]
    assert shades(mango) == [200, 100]
    assert mango["prompt"] == "@kai in the rain. @image2 shows @kai too."


def test_a_clip_has_its_length_and_its_frames(desk: MageDesk):
    desk.of("lemon").shoot(MIRA, first_frame="0a" * 32, last_frame="14" * 32, seconds=3.0)
    (body,) = desk.made()
    assert body["duration"] == "3"
    assert body["aspect_ratio"] == "16:9"
    assert [shades({"image": body[name]}) for name in ("first_image", "last_image")] == [[10], [20]]


def test_what_the_model_has_no_field_for_is_refused_before_anything_is_made(desk: MageDesk):
    for model, more in (
        ("mango", {"first_frame": "0a" * 32}),
        ("sdxl", {"pictures": ("50" * 32, "5a" * 32)}),
        ("flux2", {"pictures": ()}),
        ("mango", {"width": 1000}),
    ):
        desk.refused(InvalidInput, partial(desk.of(model).shoot, MIRA, **more))
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
def test_an_entry_that_does_not_say_how_to_ask_is_named(desk: MageDesk, setup: dict[str, Any]):
    wrong = desk.of(replace(desk.models["flux2"], setup=setup))
    assert "'flux2' is wrong" in desk.refused(InvalidInput, wrong.engine().check).message


def test_large_pictures_are_uploaded_and_the_storage_is_not_told_the_key(desk: MageDesk):
    desk.of("flux2").submit(noise(1400, 1), noise(1400, 2), noise(1400, 3))
    (body,) = desk.made()
    assert body["image"].startswith(desk.server.url)
    assert desk.server.count("PUT", "/storage/") == 3
    assert len(desk.server.of("POST", "/v1/flux2/generate")[0].body) < 2_000


def test_an_upload_is_tried_again(desk: MageDesk):
    desk.server.faults.uploads.extend([Answer(502), CUT])
    desk.of("flux2").submit(noise(1400, 1), noise(1400, 2), noise(1400, 3))
    assert desk.server.count("PUT", "/storage/") == 3


# --- charged once -------------------------------------------------------------------------------------------------


def test_the_same_key_is_the_same_take_whoever_submits_it(desk: MageDesk):
    order = desk.scene()
    ticket = desk.engine().submit(order, "shot-1.1")
    assert desk.engine().submit(order, "shot-1.1") == ticket
    assert desk.server.charged == 40
    assert desk.engine().submit(order, "shot-1.2") != ticket
    assert desk.server.charged == 80


def test_a_take_is_collected_by_a_worker_that_never_submitted_it(desk: MageDesk):
    desk.server.polls = 3
    ticket = desk.shoot()
    after = desk.engine()
    assert after.find("a.1") == ticket
    assert [after.collect(ticket) for _ in range(2)] == [None, None]
    rendered = desk.came(ticket)
    assert rendered.file.startswith(b"\x89PNG")
    assert rendered.notes == ("Mage charged 40 gems.",)
    assert rendered.cost is None
    assert desk.server.charged == 40


def test_without_what_was_put_down_here_the_take_is_found_by_submitting_it_again(desk: MageDesk):
    ticket = desk.shoot()
    for file in (desk.home / "mage" / "requests").iterdir():
        file.unlink()
    assert desk.engine().find("a.1") is None
    assert desk.shoot() == ticket
    assert desk.server.charged == 40


@pytest.mark.parametrize("fault", [BEGUN, CUT, Answer(500), Answer(502, text="<html>"), Answer(408)])
def test_what_may_have_been_heard_is_sent_again_with_its_key(desk: MageDesk, fault: Answer):
    desk.server.script.extend([fault, fault])
    desk.shoot()
    assert desk.server.count("POST", "/v1/mango/generate") == 3
    assert len({one.headers["idempotency-key"] for one in desk.server.asked}) == 1
    assert desk.server.charged == 40


@pytest.mark.parametrize("fault", [BEGUN, CUT, Answer(502, text="<html>")])
def test_it_is_unsure_where_no_answer_ever_comes_and_sure_with_the_next(desk: MageDesk, fault: Answer):
    desk.server.script.extend([fault] * 3)
    engine = desk.engine()
    desk.refused(SubmissionUnsure, lambda: engine.submit(desk.scene(), "shot-1.1"))
    engine.submit(desk.scene(), "shot-1.1")
    assert desk.server.charged == 40


def test_a_doubt_is_not_ended_by_an_answer_to_something_else(desk: MageDesk):
    desk.server.script.extend([BEGUN, error(429, "too_many_requests", retry_after=1)])
    desk.refused(SubmissionUnsure)


def test_a_mage_that_is_down_is_one_that_never_heard(desk: MageDesk):
    for fault in (Answer(503), error(500, "internal_error")):
        desk.server.script.extend([fault] * 3)
        desk.refused(Unreachable, desk.shoot)
    assert desk.server.charged == 0


# --- results ------------------------------------------------------------------------------------------------------


def test_a_result_that_has_expired_is_asked_for_and_the_take_is_charged(desk: MageDesk):
    engine, ticket = desk.engine(), desk.shoot()
    engine.collect(ticket)
    desk.server.job.gone = True
    reply = desk.server._request(desk.server.job)  # as it is told: finished, and its file gone
    desk.server.questions.append(Answer(200, reply))
    error = desk.refused(RenderFailed, lambda: engine.collect(ticket))
    assert "no longer has this take" in error.message
    assert desk.server.count("GET", "/results/") == 2


def test_nothing_is_fetched_from_where_anybody_can_read_it(desk: MageDesk):
    desk.server.result_at = "http://cdn.mage.example/one.png"
    ticket = desk.shoot()
    assert "nothing is fetched from" in desk.refused(RenderFailed, lambda: desk.engine().collect(ticket)).message


def test_what_mage_marks_as_not_safe_is_said(desk: MageDesk):
    desk.server.nsfw = True
    assert desk.came(desk.shoot()).notes[1] == "Mage marks this take as not safe for work."


def test_a_ticket_that_is_none_asks_for_nothing(desk: MageDesk):
    desk.refused(RenderFailed, lambda: desk.engine().collect("../../v1/account"))
    assert desk.server.asked == []


# --- cancelling ---------------------------------------------------------------------------------------------------


def test_cancelling_stops_the_job_and_is_harmless_when_too_late(desk: MageDesk):
    desk.server.polls = 5
    engine, ticket = desk.engine(), desk.shoot()
    desk.server.faults.cancels.extend([CUT, Answer(503)])
    engine.cancel(ticket)
    assert desk.server.job.cancelled
    engine.cancel(ticket)
    desk.server.job.gone = True
    engine.cancel(ticket)


def test_a_cancel_that_nobody_hears_is_said(desk: MageDesk):
    ticket = desk.shoot()
    desk.server.faults.cancels.extend([CUT] * 3)
    desk.refused(Unreachable, lambda: desk.engine().cancel(ticket))


# --- keys and addresses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["http://api.mage.example", "ftp://127.0.0.1", "https://me:secret@api.mage.space", "https://", "https://a.b:x",
     "https://api.mage.space?to=me"],
)  # fmt: skip
def test_no_key_goes_to_an_address_that_anybody_can_read(desk: MageDesk, monkeypatch: pytest.MonkeyPatch, url: str):
    monkeypatch.setenv("MAGE_BASE_URL", url)
    for do in (desk.engine().check, desk.shoot):
        error = desk.refused(InvalidInput, do)
        assert "MAGE_BASE_URL" in error.message
        assert "me:secret" not in str(error)


def test_the_key_is_in_no_ticket_and_in_no_file(desk: MageDesk):
    ticket = desk.shoot(MIRA)
    assert SECRET not in ticket
    files = [path for path in desk.home.rglob("*") if path.is_file()]
    assert len(files) == 3
    assert not any(SECRET.encode() in path.read_bytes() for path in files)


def test_a_shape_of_the_pictures_is_sent_as_it_is(desk: MageDesk):
    desk.of("flux2").submit(grey(40, (900, 300)))
    assert json.dumps(desk.made()[0]["image"]).startswith('"data:image/png;base64,')
