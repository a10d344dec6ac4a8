"""Black Forest Labs: what is asked of each model, and a take's whole life there, however it goes."""

import base64
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from importlib import util
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image
from tests.models.bfl.bfl_server import SECRET, BflServer, Job
from tests.models.mage.conftest import PROXIES
from tests.models.mage.serving import Reply, Time, picture

from samecast.core.errors import (
    InvalidInput,
    KeyRefused,
    MissingKey,
    MissingPart,
    Refused,
    RenderFailed,
    SamecastError,
    Stopped,
    SubmissionUnsure,
    Unreachable,
)
from samecast.core.prompt import Brief
from samecast.core.recipe import Member, Recipe
from samecast.models.bfl import KEY, BflEngine, build
from samecast.models.catalogue import parse_catalogue, read_catalogue
from samecast.ports import ModelProfile, Render
from samecast.ports.contract import check_error, check_hosted
from samecast.ports.plugins import Parts

_SAME = """
engine = "bfl"
kinds = ["image"]
seconds = 0
deterministic = false
composites = false
price = "Credits."
licence = "Theirs."
source = "the tests"
date = 2026-11-30
notes = ""
resource = "bfl"
at_once = 24
edits = true
mentions = { picture = "image {n}", first = "the {noun} from {pictures}", again = "the {noun}" }
"""
MODELS = f"""
[[model]]
id = "flex"
name = "FLUX.2 flex"
aspects = ["1:1", "16:9"]
still_sizes = {{ "1:1" = "1024x1024", "16:9" = "1280x720" }}
characters = 8
references = 8
{_SAME}
options.steps = {{ kind = "whole", says = "Steps.", least = 1, most = 50 }}
options.guidance = {{ kind = "number", says = "Guidance.", least = 1.5, most = 10 }}
options.safety_tolerance = {{ kind = "whole", says = "Moderation.", least = 0, most = 5 }}
setup.path = "v1/flux-2-flex"
setup.images = "numbered"
setup.sized = true
setup.seed = true
setup.fixed = {{ output_format = "png" }}

[[model]]
id = "flux3"
name = "FLUX.3"
aspects = ["1:1", "16:9"]
characters = 10
references = 10
{_SAME}
options.grounding = {{ kind = "flag", says = "Searches the web first." }}
setup = {{ path = "v1/flux-3-image", images = "list", least = 256, longest = 2048, fixed = {{ resolution = "1k" }} }}
"""


@dataclass
class Secrets:
    key: str = SECRET

    def get(self, name: str) -> str:
        if name != "BFL_API_KEY" or not self.key:
            raise MissingKey(f"There is no {name}.", hint=f"samecast models key {name}")
        return self.key


@dataclass
class Desk:
    server: BflServer
    home: Path
    time: Time = field(default_factory=Time)
    secrets: Secrets = field(default_factory=Secrets)

    @property
    def parts(self) -> Parts:
        return Parts(home=self.home, keys=self.secrets, faces=cast(Any, None), matting=cast(Any, None))

    def profile(self, model: str) -> ModelProfile:
        return parse_catalogue(MODELS)[model]

    def engine(self, model: str | ModelProfile = "flex") -> BflEngine:
        profile = self.profile(model) if isinstance(model, str) else model
        return BflEngine(profile, self.parts, sleep=self.time.sleep, clock=self.time.clock)

    def order(
        self,
        model: str = "flex",
        *shades: int,
        told: Callable[[str, int, int], None] = lambda step, done, total: None,
        size: tuple[int, int] = (320, 400),
        **more: Any,
    ) -> Render:
        """An order for @mira with pictures of these shades."""
        profile = self.profile(model)
        still = profile.size("image", (1, 1))
        assert still is not None
        names = tuple(f"{shade:02x}" * 32 for shade in shades)
        mira = Member(handle="mira", name="Mira", version=1, digest="0" * 64, references=names)
        recipe = Recipe(
            model=model, engine_version="1", kind="image", prompt="@mira in the rain", brief=Brief(aspect=(1, 1)),
            members=(mira,) if names else (), width=still[0], height=still[1], seed=7,
            compiled="The woman from image 1 in the rain", pictures=names,
        )  # fmt: skip
        recipe = replace(recipe, **more)
        references = {name: picture(int(name[:2], 16), size) for name in recipe.pictures}
        return Render(recipe=recipe, references=references, on_step=told)

    def job(self) -> Job:
        (job,) = self.server.jobs.values()
        return job


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
    server = BflServer()
    monkeypatch.setenv("BFL_BASE_URL", server.url)
    with server.running():
        yield Desk(server=server, home=tmp_path)
    assert server.wrong == []


def shade(image: str) -> int:
    with Image.open(io.BytesIO(base64.b64decode(image))) as opened:
        return int(opened.convert("RGB").getpixel((opened.width // 2, opened.height // 2))[0])  # type: ignore[index]


# --- the contract, and what ships ---------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["flex", "flux3"])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_it_keeps_the_contract_of_hosted_engines(desk: Desk, model: str, count: int):
    check_hosted(
        lambda: desk.engine(model),
        desk.profile(model),
        [picture(shade) for shade in (60, 90, 120)[:count]],
        jobs=lambda: len(desk.server.jobs),
    )


def test_what_ships_is_asked_for_as_they_describe_it(desk: Desk):
    for profile in read_catalogue().values():
        if profile.engine == "bfl":
            for aspect in profile.aspects:
                one = replace(profile, aspects=(aspect,))
                pictures = [picture(shade) for shade in range(60, 60 + (profile.references or 0))]
                check_hosted(lambda one=one: desk.engine(one), one, pictures, jobs=lambda: len(desk.server.jobs))  # type: ignore[misc]


def test_it_is_found_by_its_name_and_names_its_key(desk: Desk):
    assert build(desk.profile("flex"), desk.parts).version == "1 flux-2-flex"
    assert KEY == "BFL_API_KEY"


# --- what is asked ------------------------------------------------------------------------------------------------


def test_a_model_of_numbered_pictures_is_asked_with_pixels_and_a_seed(desk: Desk):
    order = desk.order("flex", 80, 110, options=(("guidance", "4.5"), ("safety_tolerance", "2"), ("steps", "28")))
    desk.engine().submit(order, "a.1")
    body = dict(desk.job().body)
    assert (shade(body.pop("input_image")), shade(body.pop("input_image_2"))) == (80, 110)
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
    (request,) = desk.server.of("POST", "/v1/flux-2-flex")
    assert request.headers["x-key"] == SECRET


def test_a_strict_model_is_asked_with_a_list_and_an_aspect_and_nothing_else(desk: Desk):
    wide = desk.profile("flux3").size("image", (16, 9))
    assert wide is not None
    order = desk.order(
        "flux3", 80, 110, width=wide[0], height=wide[1], brief=Brief(aspect=(16, 9)), options=(("grounding", "false"),)
    )
    desk.engine("flux3").submit(order, "a.1")
    body = dict(desk.job().body)
    assert [shade(image) for image in body.pop("images")] == [80, 110]
    assert body == {
        "prompt": "The woman from image 1 in the rain",
        "aspect_ratio": "16:9",
        "resolution": "1k",
        "grounding": False,
    }


def test_references_are_shrunk_to_what_is_paid_for(desk: Desk):
    desk.engine().submit(desk.order("flex", 80, size=(3000, 2000)), "a.1")
    assert desk.job().pictures == [(1024, 683)]


@pytest.mark.parametrize(
    ("model", "size", "fits"),
    [("flux3", (255, 400), False), ("flux3", (256, 400), True), ("flex", (64, 64), True), ("flex", (3000, 150), False)],
)
def test_a_reference_that_is_too_small_is_said_before_it_costs(
    desk: Desk, model: str, size: tuple[int, int], fits: bool
):
    order = desk.order(model, 80, size=size)
    if fits:
        desk.engine(model).submit(order, "a.1")
        assert len(desk.server.jobs) == 1
        return
    with pytest.raises(InvalidInput, match="too small") as caught:
        desk.engine(model).submit(order, "a.1")
    check_error(caught.value, SECRET)
    assert desk.server.received == []


@pytest.mark.parametrize("more", [{"pictures": ()}, {"width": 1000}])
def test_what_cannot_be_made_is_refused_and_nobody_is_asked(desk: Desk, more: dict[str, Any]):
    with pytest.raises(InvalidInput) as caught:
        desk.engine("flux3").submit(desk.order("flux3", 80, **more), "a.1")
    check_error(caught.value, SECRET)
    assert desk.server.received == []


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
def test_an_entry_that_does_not_say_how_to_ask_is_named(desk: Desk, setup: dict[str, Any]):
    with pytest.raises(InvalidInput, match="'flex' is wrong"):
        desk.engine(replace(desk.profile("flex"), setup=setup)).check()


# --- a take's life ------------------------------------------------------------------------------------------------


def test_a_take_is_collected_by_a_worker_that_never_submitted_it(desk: Desk):
    desk.server.polls = 4
    ticket = desk.engine().submit(desk.order("flex", 80), "a.1")
    after = desk.engine()
    assert [after.collect(ticket) for _ in range(3)] == [None, None, None]
    rendered = after.collect(ticket)
    assert rendered is not None
    assert rendered.file.startswith(b"\x89PNG")
    assert rendered.cost == 45_000
    assert rendered.notes == ("Black Forest Labs charged 4.5 credits.",)
    assert desk.server.charged == 4.5
    assert SECRET not in ticket


def test_the_cost_that_comes_with_the_result_is_what_counts(desk: Desk):
    engine = desk.engine()
    ticket = engine.submit(desk.order("flex", 80), "a.1")
    desk.job().end = {"status": "Ready", "cost": 6}
    rendered = engine.collect(ticket)
    assert rendered is not None
    assert rendered.cost == 60_000


def test_a_cost_that_nobody_says_is_not_known(desk: Desk):
    desk.server.cost = None
    engine = desk.engine()
    rendered = engine.collect(engine.submit(desk.order("flex", 80), "a.1"))
    assert rendered is not None
    assert (rendered.cost, rendered.notes) == (None, ())


@pytest.mark.parametrize("fault", ["begun", "cut", Reply(500), Reply(502, b"<html>"), Reply(504)])
def test_it_is_submitted_once_and_never_again_where_it_may_have_arrived(desk: Desk, fault: Reply | str):
    desk.server.submits.append(fault)
    engine = desk.engine()
    with pytest.raises(SubmissionUnsure) as caught:
        engine.submit(desk.order("flex", 80), "a.1")
    check_error(caught.value, SECRET)
    assert len(desk.server.of("POST", "/v1/")) == 1
    assert engine.find("a.1") is None


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
def test_the_key_goes_to_no_polling_address_that_is_not_theirs(desk: Desk, url: str):
    desk.server.polling_at = url or "x"
    with pytest.raises(SubmissionUnsure, match="not theirs"):
        desk.engine().submit(desk.order("flex", 80), "a.1")
    before = len(desk.server.received)
    with pytest.raises(RenderFailed, match="no longer has"):
        desk.engine().collect(url)
    assert len(desk.server.received) == before


def test_their_own_hosts_are_theirs_and_this_machine_is_not(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    desk.server.polling_at = "https://api.us1.bfl.ai/v1/get_result?id=1"
    assert desk.engine().submit(desk.order("flex", 80), "a.1").startswith("https://api.us1.bfl.ai/")
    monkeypatch.delenv("BFL_BASE_URL")
    with pytest.raises(RenderFailed, match="no longer has"):
        desk.engine().collect(f"{desk.server.url}/v1/get_result?id=1")


ENDS: list[tuple[dict[str, Any], type[RenderFailed], str]] = [
    ({"status": "Request Moderated"}, Refused, "Request Moderated"),
    ({"status": "Content Moderated", "details": {"Moderation Reasons": ["Likeness"]}}, Refused, "Likeness"),
    ({"status": "Error", "details": {"error": "Out of luck"}}, RenderFailed, "Out of luck"),
    ({"status": "Failed"}, RenderFailed, "could not make"),
    ({"status": "Task not found"}, RenderFailed, "no longer has"),
    ({"status": "Ready", "result": {}}, RenderFailed, "no picture"),
    ({"status": "Ready", "result": {"sample": "http://cdn.example/a.png"}}, RenderFailed, "nothing is fetched from"),
]


@pytest.mark.parametrize(("end", "kind", "words"), ENDS)
def test_a_take_that_ends_badly_says_how_and_may_cost(
    desk: Desk, end: dict[str, Any], kind: type[RenderFailed], words: str
):
    engine = desk.engine()
    ticket = engine.submit(desk.order("flex", 80), "a.1")
    desk.job().end = end
    with pytest.raises(RenderFailed) as caught:
        engine.collect(ticket)
    assert type(caught.value) is kind
    assert words in str(caught.value)
    assert caught.value.charged
    check_error(caught.value, SECRET)


def test_a_sample_that_has_expired_is_lost(desk: Desk):
    engine = desk.engine()
    ticket = engine.submit(desk.order("flex", 80), "a.1")
    desk.job().expired = True
    with pytest.raises(RenderFailed, match="no longer has this take"):
        engine.collect(ticket)


def test_a_take_that_vanished_is_lost(desk: Desk):
    engine = desk.engine()
    ticket = engine.submit(desk.order("flex", 80), "a.1")
    desk.server.jobs.clear()
    with pytest.raises(RenderFailed, match="no longer has this take") as caught:
        engine.collect(ticket)
    check_error(caught.value, SECRET)


def test_a_connection_that_breaks_while_waiting_costs_nothing(desk: Desk):
    engine = desk.engine()
    ticket = engine.submit(desk.order("flex", 80), "a.1")
    desk.server.answers.extend(["cut", Reply(503)])
    for _ in range(2):
        with pytest.raises(Unreachable) as caught:
            engine.collect(ticket)
        check_error(caught.value, SECRET)
    assert engine.collect(ticket) is not None
    assert desk.server.charged == 4.5


def test_who_is_asked_too_often_is_left_alone_for_a_while(desk: Desk):
    engine = desk.engine()
    ticket = engine.submit(desk.order("flex", 80), "a.1")
    desk.server.answers.append(Reply(429, {"error": "rate_limit_exceeded", "retry_after": 8}))
    assert engine.collect(ticket) is None
    desk.time.now += 7
    assert engine.collect(ticket) is None
    assert len(desk.server.of("GET", "/v1/get_result")) == 1
    desk.time.now += 2
    assert engine.collect(ticket) is not None


def test_cancelling_asks_nobody_and_does_no_harm(desk: Desk):
    engine = desk.engine()
    ticket = engine.submit(desk.order("flex", 80), "a.1")
    before = len(desk.server.received)
    engine.cancel(ticket)
    engine.cancel(ticket)
    assert len(desk.server.received) == before


# --- waiting to be let in, and refusals ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "busy",
    [Reply(429, {"detail": "busy"}, {"Retry-After": "3"}), Reply(429, {"error": "rate_limit", "retry_after": 3})],
)
def test_who_is_busy_is_waited_for_as_long_as_they_say(desk: Desk, busy: Reply):
    desk.server.submits.extend([busy, busy])
    told: list[tuple[str, int, int]] = []
    desk.engine().submit(desk.order("flex", 80, told=lambda *step: told.append(step)), "a.1")
    assert sum(desk.time.slept) == 6
    assert {step for step, _, _ in told} == {"wait"}
    assert len(desk.server.jobs) == 1


def test_a_retry_after_may_be_a_date(desk: Desk):
    desk.server.submits.append(Reply(429, b"", {"Retry-After": "Mon, 30 Nov 2020 00:00:00 GMT"}))
    desk.engine().submit(desk.order("flex", 80), "a.1")
    assert sum(desk.time.slept) == 1
    desk.server.submits.append(Reply(429, b"", {"Retry-After": "Mon, 30 Nov 2420 00:00:00 GMT"}))
    with pytest.raises(Unreachable) as caught:
        desk.engine().submit(desk.order("flex", 80), "a.2")
    check_error(caught.value, SECRET)


def test_a_cancel_is_heard_while_waiting(desk: Desk):
    desk.server.submits.append(Reply(429, b"", {"Retry-After": "30"}))

    def told(step: str, done: int, total: int) -> None:
        if done >= 4:
            raise Stopped("Stopped.")

    with pytest.raises(Stopped):
        desk.engine().submit(desk.order("flex", 80, told=told), "a.1")
    assert sum(desk.time.slept) == 4
    assert desk.server.jobs == {}


REFUSALS: list[tuple[Reply, type[SamecastError], str]] = [
    (Reply(401, {"detail": f"'{SECRET}' is unknown"}), KeyRefused, "BFL_API_KEY"),
    (Reply(403, {"detail": "Not authenticated"}), KeyRefused, "models key BFL_API_KEY"),
    (Reply(402, {"detail": "Insufficient credits"}), KeyRefused, "no credits"),
    (
        Reply(422, {"detail": [{"loc": ["body", "seed"], "msg": "Extra input", "input": "A" * 999}]}),
        InvalidInput,
        "seed: Extra input",
    ),
    (Reply(400, {"detail": "Bad"}), InvalidInput, "Bad"),
    (Reply(404, b""), InvalidInput, "does not take"),
]


@pytest.mark.parametrize(("reply", "kind", "words"), REFUSALS)
def test_a_refusal_is_the_one_error_that_it_means(desk: Desk, reply: Reply, kind: type[SamecastError], words: str):
    desk.server.submits.append(reply)
    with pytest.raises(SamecastError) as caught:
        desk.engine().submit(desk.order("flex", 80), "a.1")
    assert type(caught.value) is kind
    assert words in str(caught.value)
    assert "AAAA" not in str(caught.value)
    check_error(caught.value, SECRET)
    assert desk.server.jobs == {}


def test_who_is_down_or_cannot_be_reached_never_heard(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    desk.server.submits.append(Reply(503))
    with pytest.raises(Unreachable) as caught:
        desk.engine().submit(desk.order("flex", 80), "a.1")
    check_error(caught.value, SECRET)
    monkeypatch.setenv("BFL_BASE_URL", "http://127.0.0.1:9")
    with pytest.raises(Unreachable) as caught:
        desk.engine().submit(desk.order("flex", 80), "a.1")
    check_error(caught.value, SECRET)


def test_a_wrong_key_is_given_away_nowhere(desk: Desk):
    desk.secrets.key = "bfl_short"
    with pytest.raises(KeyRefused) as caught:
        desk.engine().submit(desk.order("flex", 80), "a.1")
    check_error(caught.value, "bfl_short")


def test_what_is_missing_is_named_and_nobody_is_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    desk.engine().check()
    desk.secrets.key = ""
    with pytest.raises(MissingKey):
        desk.engine().check()
    find: Callable[[str], object] = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name: None if name == "httpx2" else find(name))
    with pytest.raises(MissingPart, match=r"pip install 'samecast\[bfl\]'"):
        desk.engine().check()
    monkeypatch.setenv("BFL_BASE_URL", "http://api.bfl.ai")
    monkeypatch.setattr(util, "find_spec", find)
    with pytest.raises(InvalidInput, match="BFL_BASE_URL"):
        desk.engine().check()
    assert desk.server.received == []
