"""Black Forest Labs: what is asked of each model, and a take's whole life there, however it goes."""

import base64
from dataclasses import replace
from typing import Any

import pytest
from tests.models.bfl.bfl_server import SECRET, said
from tests.models.bfl.conftest import BflDesk
from tests.models.provider import life
from tests.models.provider.pictures import grey, shade
from tests.models.provider.server import CUT, Answer

from samecast.core.errors import InvalidInput, KeyRefused, Refused, RenderFailed, SubmissionUnsure, Unreachable
from samecast.core.prompt import Brief
from samecast.models.bfl import KEY, build
from samecast.models.catalogue import read_catalogue


def seen(*images: str) -> list[int]:
    return [shade(base64.b64decode(image)) for image in images]


# --- a take's life, however it goes -------------------------------------------------------------------------------


class TestLife(life.Patient, life.Once, life.Heeding, life.Delivered, life.Keyed, life.Client):
    key, status = KEY, (400, 422)
    extra, package = "bfl", "httpx2"
    limit = "samecast.models.hosted.plain.SECONDS"
    patience = (30, 5)  # 2 + 4 + 8 + 16; 32 more would be too long
    busy = (
        life.Busy((3, 3), (said(429, "busy", retry_after="3"),) * 2),
        life.Busy((3, 3), (Answer(429, {"error": "rate_limit", "retry_after": 3}),) * 2),
    )
    unsure = (CUT, Answer(500), Answer(502, text="<html>"), Answer(504), Answer(504, made=True))
    refusal = (
        life.Refusal(said(401, f"'{SECRET}' is unknown"), KeyRefused, "BFL_API_KEY"),
        life.Refusal(said(403, "Not authenticated"), KeyRefused, "models key BFL_API_KEY"),
        life.Refusal(said(402, "Insufficient credits"), KeyRefused, "no credits"),
        life.Refusal(
            said(422, [{"loc": ["body", "seed"], "msg": "Extra input", "input": "A" * 999}]),
            InvalidInput,
            "seed: Extra input",
        ),
        life.Refusal(said(400, "Bad"), InvalidInput, "Bad"),
        life.Refusal(Answer(404), InvalidInput, "does not take"),
        life.Refusal(Answer(503), Unreachable, ""),
    )
    end = (
        life.End({"status": "Request Moderated"}, Refused, "Request Moderated", True),
        life.End(
            {"status": "Content Moderated", "details": {"Moderation Reasons": ["Likeness"]}}, Refused, "Likeness", True
        ),
        life.End({"status": "Error", "details": {"error": "Out of luck"}}, RenderFailed, "Out of luck", True),
        life.End({"status": "Failed"}, RenderFailed, "could not make", True),
        life.End({"status": "Task not found"}, RenderFailed, "no longer has", True),
        life.End({"status": "Ready", "result": {}}, RenderFailed, "no picture", True),
        life.End(
            {"status": "Ready", "result": {"sample": "http://cdn.example/a.png"}},
            RenderFailed,
            "nothing is fetched from",
            True,
        ),
    )
    broken = (*life.Waiting.broken, Answer(503))
    nobody = ("nothing", "")
    expired = (Answer(403, text="<Error>expired</Error>"),)

    def left_alone(self, seconds: int | None) -> Answer:
        return Answer(429, {"error": "rate_limit"} | ({"retry_after": seconds} if seconds else {}))

    def ends(self, desk: life.AnyDesk, how: Any) -> None:
        desk.server.job.end = how

    def says(self, status: int, words: str, **headers: str) -> Answer:
        return said(status, words, **headers)


def test_what_was_sent_is_not_repeated(desk: BflDesk):
    desk.server.script.append(said(422, [{"loc": ["body", "seed"], "msg": "Extra input", "input": "A" * 999}]))
    assert "AAAA" not in str(desk.refused(InvalidInput))


def test_a_retry_after_may_be_a_date(desk: BflDesk):
    desk.server.script.append(said(429, "busy", retry_after="Mon, 30 Nov 2020 00:00:00 GMT"))
    desk.submit(grey(80))
    assert sum(desk.time.slept) == 1
    desk.server.script.append(said(429, "busy", retry_after="Mon, 30 Nov 2420 00:00:00 GMT"))
    desk.refused(Unreachable)


def test_a_take_is_collected_by_a_worker_that_never_submitted_it(desk: BflDesk):
    desk.server.polls = 4
    ticket = desk.submit(grey(80))
    after = desk.engine()
    assert [after.collect(ticket) for _ in range(3)] == [None, None, None]
    rendered = after.collect(ticket)
    assert rendered is not None
    assert rendered.file.startswith(b"\x89PNG")
    assert rendered.cost == 45_000
    assert rendered.notes == ("Black Forest Labs charged 4.5 credits.",)
    assert desk.server.charged == 4.5


def test_the_cost_that_comes_with_the_result_is_what_counts(desk: BflDesk):
    ticket = desk.submit(grey(80))
    desk.server.job.end = {"status": "Ready", "cost": 6}
    assert desk.came(ticket).cost == 60_000


def test_a_cost_that_nobody_says_is_not_known(desk: BflDesk):
    desk.server.cost = None
    rendered = desk.came(desk.submit(grey(80)))
    assert (rendered.cost, rendered.notes) == (None, ())


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/v1/get_result?id=1",
        "https://bfl.ai.elsewhere.example/v1/get_result?id=1",
        "https://evilbfl.ai/v1/get_result?id=1",
        "http://api.bfl.ai/v1/get_result?id=1",
        "https://me@api.bfl.ai/v1/get_result?id=1",
        "https://api.bfl.ai:8443/v1/get_result?id=1",
        "",
    ],
)
def test_the_key_goes_to_no_polling_address_that_is_not_theirs(desk: BflDesk, url: str):
    desk.server.polling_at = url or "x"
    assert "not theirs" in desk.refused(SubmissionUnsure).message
    before = len(desk.server.asked)
    assert "no longer has" in desk.refused(RenderFailed, lambda: desk.engine().collect(url)).message
    assert len(desk.server.asked) == before


def test_their_own_hosts_are_theirs_and_this_machine_is_not(desk: BflDesk, monkeypatch: pytest.MonkeyPatch):
    desk.server.polling_at = "https://api.us1.bfl.ai/v1/get_result?id=1"
    assert desk.submit(grey(80)).startswith("https://api.us1.bfl.ai/")
    monkeypatch.delenv("BFL_BASE_URL")
    here = f"{desk.server.url}/v1/get_result?id=1"
    assert "no longer has" in desk.refused(RenderFailed, lambda: desk.engine().collect(here)).message


def test_a_take_that_vanished_is_lost(desk: BflDesk):
    ticket = desk.submit(grey(80))
    desk.server.jobs.clear()
    assert "no longer has this take" in desk.refused(RenderFailed, lambda: desk.engine().collect(ticket)).message


def test_cancelling_asks_nobody_and_does_no_harm(desk: BflDesk):
    engine, ticket = desk.engine(), desk.submit(grey(80))
    before = len(desk.server.asked)
    engine.cancel(ticket)
    engine.cancel(ticket)
    assert len(desk.server.asked) == before


# --- the contract, and what ships ---------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["flex", "flux3"])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_it_keeps_the_contract_of_hosted_engines(desk: BflDesk, model: str, count: int):
    desk.of(model).check_contract(*[grey(tone) for tone in (60, 90, 120)[:count]])


def test_what_ships_is_asked_for_as_they_describe_it(desk: BflDesk):
    for profile in read_catalogue().values():
        if profile.engine == "bfl":
            for aspect in profile.aspects:
                pictures = [grey(tone) for tone in range(60, 60 + (profile.references or 0))]
                desk.of(replace(profile, aspects=(aspect,))).check_contract(*pictures)


def test_it_is_found_by_its_name_and_names_its_key(desk: BflDesk):
    assert build(desk.profile, desk.parts).version == "1 flux-2-flex"
    assert KEY == "BFL_API_KEY"


# --- what is asked ------------------------------------------------------------------------------------------------


def test_a_model_of_numbered_pictures_is_asked_with_pixels_and_a_seed(desk: BflDesk):
    options = (("guidance", "4.5"), ("safety_tolerance", "2"), ("steps", "28"))
    ticket = desk.submit(grey(80), grey(110), compiled="The woman from image 1 in the rain", options=options)
    body = dict(desk.server.job.body)
    assert seen(body.pop("input_image"), body.pop("input_image_2")) == [80, 110]
    assert body == {
        "prompt": "The woman from image 1 in the rain",
        "width": 1024,
        "height": 1024,
        "seed": 7,
        "output_format": "png",
        "steps": 28,
        "guidance": 4.5,
        "safety_tolerance": 2,
    }
    (asked,) = desk.server.of("POST", "/v1/flux-2-flex")
    assert asked.headers["x-key"] == SECRET
    assert SECRET not in ticket


def test_a_strict_model_is_asked_with_a_list_and_an_aspect_and_nothing_else(desk: BflDesk):
    flux3 = desk.of("flux3")
    size = flux3.profile.size("image", (16, 9))
    assert size is not None
    wide: dict[str, Any] = {"width": size[0], "height": size[1], "brief": Brief(aspect=(16, 9))}
    told = "The woman from image 1 in the rain"
    flux3.submit(grey(80), grey(110), compiled=told, options=(("grounding", "false"),), **wide)
    body = dict(desk.server.job.body)
    assert seen(*body.pop("images")) == [80, 110]
    assert body == {"prompt": told, "aspect_ratio": "16:9", "resolution": "1k", "grounding": False}


def test_references_are_shrunk_to_what_is_paid_for(desk: BflDesk):
    desk.submit(grey(80, (3000, 2000)))
    assert desk.server.job.pictures == [(1024, 683)]


@pytest.mark.parametrize(
    ("model", "size", "fits"),
    [("flux3", (255, 400), False), ("flux3", (256, 400), True), ("flex", (64, 64), True), ("flex", (3000, 150), False)],
)
def test_a_reference_that_is_too_small_is_said_before_it_costs(
    desk: BflDesk, model: str, size: tuple[int, int], fits: bool
):
    if fits:
        desk.of(model).submit(grey(80, size))
        assert len(desk.server.jobs) == 1
        return
    assert "too small" in desk.refused(InvalidInput, lambda: desk.of(model).submit(grey(80, size))).message
    assert desk.server.asked == []


@pytest.mark.parametrize("more", [{"pictures": ()}, {"width": 1000}])
def test_what_cannot_be_made_is_refused_and_nobody_is_asked(desk: BflDesk, more: dict[str, Any]):
    desk.refused(InvalidInput, lambda: desk.of("flux3").submit(grey(80), **more))
    assert desk.server.asked == []


@pytest.mark.parametrize(
    "setup",
    [
        {},
        {"path": "v1/flux-2-pro"},
        {"path": "v1/flux-2-pro", "images": "some"},
        {"path": "../account", "images": "list"},
        {"path": "https://elsewhere.example", "images": "list"},
        {"path": "v1/flux-2-pro", "images": "list", "sized": "yes"},
        {"path": "v1/flux-2-pro", "images": "list", "else": 1},
    ],
)
def test_an_entry_that_does_not_say_how_to_ask_is_named(desk: BflDesk, setup: dict[str, Any]):
    one = desk.of(replace(desk.profile, setup=setup))
    assert "'flex' is wrong" in desk.refused(InvalidInput, one.engine().check).message


def test_no_key_goes_to_an_address_that_anybody_can_read(desk: BflDesk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BFL_BASE_URL", "http://api.bfl.ai")
    assert "BFL_BASE_URL" in desk.refused(InvalidInput, desk.engine().check).message
    assert desk.server.asked == []
