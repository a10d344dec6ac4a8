"""A take's life at any provider, however it goes. A vendor's suite is a subclass that gives the answers of its vendor.

`Submitting` is every engine's; `Once` of those whose vendor knows no key of ours, so that what may have arrived is not
sent again, `AtOnce` of those among them that are answered with the picture; `Waiting` of those whose vendor makes a job
that is asked about, `Heeding` of those among them that stop asking when they are told to; `Delivered` of those whose
results lie somewhere and expire; `Keyed` of those with a key; `Client` of those that need a package. A test that takes
`busy`, or another of `TABLES`, runs once for each entry of the subclass's own table of that name.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import util
from typing import Any, ClassVar, TypeAlias

import pytest
from tests.models.provider.desk import Desk, chain, entries_of
from tests.models.provider.server import CUT, Answer

from samecast.core.errors import (
    KeyRefused,
    MissingKey,
    MissingPart,
    RenderFailed,
    SamecastError,
    Stopped,
    SubmissionUnsure,
    Unreachable,
)
from samecast.models.catalogue import read_catalogue
from samecast.ports import HostedEngine, ModelProfile
from samecast.ports.contract import Steps
from samecast.ports.plugins import Parts

AnyDesk: TypeAlias = Desk[Any, Any]
TABLES = ("busy", "unsure", "refusal", "broken", "end", "nobody", "expired", "status")


@dataclass(frozen=True, slots=True)
class Busy:
    """Answers to a submission that ask to be left alone for so many seconds, one after another."""

    waits: tuple[float, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is said instead, the error that it means, and words of it."""

    answer: Answer
    kind: type[SamecastError]
    words: str


@dataclass(frozen=True, slots=True)
class End:
    """How a job ends without a file, in its vendor's words; the error that it means; and whether it is charged."""

    how: Any
    kind: type[RenderFailed]
    words: str
    charged: bool


class Tables:
    """`requests`: how many there are at the provider by the time a submission arrives, itself among them."""

    requests: ClassVar[int] = 1

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        for name in TABLES:
            if name in metafunc.fixturenames:
                table = getattr(self, name)
                metafunc.parametrize(name, table, ids=[f"{n}-{_named(one)}" for n, one in enumerate(table)])

    def says(self, status: int, words: str, **headers: str) -> Answer:
        """An error as the vendor writes it."""
        raise NotImplementedError

    def sent(self, desk: AnyDesk, count: int = 1) -> bool:
        """Whether there were so many submissions, and nothing else."""
        return len(desk.server.asked) == self.requests + count - 1


def _named(case: object) -> str:
    match case:
        case Busy():
            return "+".join(f"{wait:g}s" for wait in case.waits)
        case Refusal():
            return f"{case.answer.status}-{case.kind.__name__}"
        case End():
            return case.kind.__name__
        case Answer():
            return f"{case.status}{case.cut}"
    return str(case)[:30] or "empty"


class Submitting(Tables):
    """`left_alone` is an answer that asks for so many seconds, or does not say for how long; `patience` how long the
    engine waits in all where it is not said, and how often it has asked by then.
    """

    busy: ClassVar[Sequence[Busy]]
    patience: ClassVar[tuple[float, int]]
    refusal: ClassVar[Sequence[Refusal]]

    def left_alone(self, seconds: int | None) -> Answer:
        return self.says(429, "Slow down.", **({"retry_after": f"{seconds}"} if seconds else {}))

    def reported(self, waits: Sequence[float]) -> list[tuple[str, int, int]]:
        """What is told of these waits: each second of each."""
        return [("wait", second, round(wait)) for wait in waits for second in range(round(wait))]

    def test_it_waits_as_long_as_it_is_asked_to_and_is_charged_once(self, desk: AnyDesk, busy: Busy):
        desk.server.script.extend(busy.answers)
        steps = Steps()
        desk.submit(*desk.shown, told=steps)
        assert sum(desk.time.slept) == pytest.approx(sum(busy.waits))
        assert max(desk.time.slept) < 1.5, "a cancel would not be heard"
        assert steps.told == self.reported(busy.waits)
        assert len(desk.server.jobs) == 1
        assert self.sent(desk, len(busy.answers) + 1)

    def test_a_cancel_is_heard_while_it_waits(self, desk: AnyDesk):
        desk.server.script.append(self.left_alone(30))
        with pytest.raises(Stopped):
            desk.submit(*desk.shown, told=Steps(stop_at=4))
        assert sum(desk.time.slept) == 3
        assert desk.server.jobs == {}
        assert self.sent(desk)

    def test_it_does_not_wait_for_ever(self, desk: AnyDesk):
        desk.server.script.extend([self.left_alone(None)] * 20)
        seconds, asked = self.patience
        assert desk.refused(Unreachable).retryable
        assert sum(desk.time.slept) == seconds
        assert desk.server.jobs == {}
        assert self.sent(desk, asked)

    def test_longer_than_a_minute_is_not_waited_for(self, desk: AnyDesk):
        desk.server.script.append(self.left_alone(3600))
        desk.refused(Unreachable)
        assert desk.time.slept == []
        assert desk.server.jobs == {}

    def test_where_nothing_listens_nothing_was_sent(self, desk: AnyDesk):
        desk.server.stop()
        assert desk.refused(Unreachable).retryable
        assert desk.server.asked == []

    def test_what_is_said_instead_is_the_one_error_that_it_means(self, desk: AnyDesk, refusal: Refusal):
        desk.server.script.append(refusal.answer)
        error = desk.refused(refusal.kind)
        assert refusal.words in str(error)
        assert error.retryable is isinstance(error, Unreachable)
        if isinstance(error, RenderFailed) and not isinstance(error, SubmissionUnsure):
            assert not error.charged
        assert desk.server.jobs == {}
        assert self.sent(desk), "it was sent again"


class Patient(Submitting):
    """What is told of waits is how much of a minute's patience they took."""

    def reported(self, waits: Sequence[float]) -> list[tuple[str, int, int]]:
        spent = [sum(waits[:n]) + second for n, wait in enumerate(waits) for second in range(round(wait) + 1)]
        return [("wait", round(second), 60) for second in spent]


class Once(Submitting):
    """`unsure` are answers that leave open whether the take was taken. `limit`: where the engine says how many seconds
    a submission may take. `doubt` and `late` are words of what is said then.
    """

    unsure: ClassVar[Sequence[Answer]]
    limit: ClassVar[str]
    doubt: ClassVar[str] = "may or may not"
    late: ClassVar[str] = ""

    def hurried(self, desk: AnyDesk, monkeypatch: pytest.MonkeyPatch) -> HostedEngine:
        """An engine that gives up soon."""
        monkeypatch.setattr(self.limit, 0.2)
        engine: HostedEngine = desk.engine()
        return engine

    @pytest.mark.parametrize("cut", ["silent", "reset", "half"])
    def test_a_connection_that_is_cut_when_it_was_taken_is_not_sent_again(self, desk: AnyDesk, cut: Any):
        desk.server.script.extend([Answer(cut=cut, made=True)] * 5)
        assert self.doubt in desk.refused(SubmissionUnsure).message
        assert len(desk.server.jobs) == 1
        assert self.sent(desk), "the client sent it again"
        assert desk.engine().find("take.1") is None

    def test_an_answer_that_leaves_it_open_is_not_asked_for_again(self, desk: AnyDesk, unsure: Answer):
        desk.server.script.extend([unsure] * 3)
        desk.refused(SubmissionUnsure)
        assert self.sent(desk), "the client sent it again"
        assert len(desk.server.jobs) == unsure.made
        assert desk.engine().find("take.1") is None

    def test_an_answer_that_does_not_come_in_time_leaves_it_open(self, desk: AnyDesk, monkeypatch: pytest.MonkeyPatch):
        desk.server.script.append(Answer(made=True, hold=desk.server.over))
        engine, order = self.hurried(desk, monkeypatch), desk.order(*desk.shown)
        began = time.monotonic()
        assert self.late in desk.refused(SubmissionUnsure, lambda: engine.submit(order, "take.1")).message
        assert time.monotonic() - began < 15, "it waited until the provider gave up"
        assert len(desk.server.jobs) == 1
        assert self.sent(desk), "the client sent it again"


class AtOnce(Once):
    late = "no answer in time"

    def test_a_picture_may_take_its_time(self, desk: AnyDesk):
        ready = threading.Event()
        desk.server.script.append(Answer(made=True, hold=ready))
        threading.Timer(0.15, ready.set).start()
        assert desk.submit(*desk.shown) == "take.1"
        assert desk.came("take.1").file

    def test_what_was_kept_is_found_until_it_is_dropped(self, desk: AnyDesk):
        desk.submit(*desk.shown)
        again = desk.engine()
        assert (again.find("take.1"), again.find("take.2")) == ("take.1", None)
        assert desk.came("take.1").file
        assert len(desk.server.jobs) == 1
        again.cancel("take.1")
        again.cancel("take.1")
        lost = desk.refused(RenderFailed, lambda: desk.came("take.1"))
        assert isinstance(lost, RenderFailed)
        assert "no longer has this take" in lost.message
        assert lost.charged

    def test_an_answer_that_cannot_be_kept_is_not_paid_for_again(self, desk: AnyDesk):
        (desk.home / "spool").write_text("a file where the folder should be")
        error = desk.refused(SubmissionUnsure)  # a storage error would be tried again by itself, and paid again
        assert "was lost here" in error.message
        assert len(desk.server.jobs) == 1


class Waiting(Tables):
    """`broken` are answers to a question about a job that may be another the next time; `nobody` are tickets that the
    vendor does not know, or nobody.
    """

    broken: ClassVar[Sequence[Answer]] = (
        CUT,
        Answer(cut="reset"),
        Answer(200, {"status": "as it may be"}, cut="half"),
        Answer(502, text="<html>Bad gateway"),
    )
    end: ClassVar[Sequence[End]]
    nobody: ClassVar[Sequence[str]]

    def ends(self, desk: AnyDesk, how: Any) -> None:
        """Have the only job end like that."""
        desk.server.job.life = [how]

    def test_a_connection_that_is_cut_while_it_waits_costs_nothing(self, desk: AnyDesk, broken: Answer):
        ticket = desk.submit(*desk.shown)
        desk.server.questions.extend([broken] * 2)
        for left in (1, 0):
            assert desk.refused(Unreachable, lambda: desk.engine().collect(ticket)).retryable
            assert len(desk.server.questions) == left, "the client tried again by itself"
        assert desk.came(ticket).file
        assert len(desk.server.jobs) == 1

    def test_each_bad_end_says_what_it_is_and_what_it_costs(self, desk: AnyDesk, end: End):
        ticket = desk.submit(*desk.shown)
        self.ends(desk, end.how)
        error = desk.refused(end.kind, lambda: desk.came(ticket))
        assert isinstance(error, RenderFailed)
        assert end.words in str(error)
        assert error.charged is end.charged

    def test_a_job_that_nobody_knows_is_lost(self, desk: AnyDesk, nobody: str):
        error = desk.refused(RenderFailed, lambda: desk.engine().collect(nobody))
        assert isinstance(error, RenderFailed)
        assert "no longer has this take" in error.message
        assert error.charged


class Heeding(Submitting, Waiting):
    def test_who_is_asked_too_often_is_left_alone_for_a_while(self, desk: AnyDesk):
        engine, ticket = desk.engine(), desk.submit(*desk.shown)
        desk.server.questions.append(self.left_alone(10))
        before = len(desk.server.asked)
        assert engine.collect(ticket) is None
        desk.time.now += 9
        assert engine.collect(ticket) is None
        assert len(desk.server.asked) == before + 1
        desk.time.now += 2
        assert engine.collect(ticket) is not None


class Delivered(Tables):
    """`expired` is what is found where a result lay."""

    expired: ClassVar[Sequence[Answer]]

    def test_a_result_that_has_expired_is_lost(self, desk: AnyDesk, expired: Answer):
        ticket = desk.submit(*desk.shown)
        desk.server.files.append(expired)
        error = desk.refused(RenderFailed, lambda: desk.came(ticket))
        assert "no longer has this take" in error.message
        assert len(desk.server.jobs) == 1


class Keyed(Tables):
    """`key` is the name of the key; `status`: of errors whose words the user is told."""

    key: ClassVar[str]
    status: ClassVar[Sequence[int]]

    def test_the_key_is_nowhere_but_in_its_request(self, desk: AnyDesk, caplog: pytest.LogCaptureFixture):
        with caplog.at_level(logging.DEBUG):
            engine, ticket = desk.engine(), desk.submit(*desk.shown)
            desk.came(ticket)
            desk.server.script.append(self.says(403, f"Whose is {desk.keys[self.key]}?"))
            desk.refused(KeyRefused, lambda: desk.submit(*desk.shown, key="take.2"))
        files = [path for path in desk.home.rglob("*") if path.is_file()]
        texts = [ticket, engine.version, repr(engine), caplog.text, *os.environ.values(), *map(str, files)]
        texts += [path.read_bytes().decode("latin-1") for path in files]
        assert not [text for text in texts for secret in desk.secrets if secret in text]
        assert caplog.records, "nothing was logged at all, so nothing was proven"

    def test_a_wrong_key_is_never_repeated_not_even_in_parts(self, desk: AnyDesk):
        desk.keys[self.key] = wrong = "qx-01234-nobody-9876"  # nothing that looks like a key by itself
        error = desk.refused(KeyRefused)
        assert f"samecast models key {self.key}" in error.hint
        printed = "".join(f"{one} {one!r}" for one in chain(error))
        assert not [part for part in (wrong, "qx-01", "9876") if part in printed]
        assert desk.server.jobs == {}

    def test_a_key_in_any_words_is_struck_out(self, desk: AnyDesk, status: int):
        desk.keys[self.key] = desk.server.key = "qx-01234-nobody-9876"
        desk.server.script.append(self.says(status, f"What {desk.server.key} asks for is not for it, limit: 0."))
        with pytest.raises(SamecastError, match="is not for it") as caught:
            desk.submit(*desk.shown)
        desk.refused(type(caught.value), lambda: _again(caught.value))


def _again(error: Exception) -> None:
    raise error


class Client(Tables):
    """`extra` is the extra of this project that has the vendor's package; `package` what of it is looked for."""

    key: ClassVar[str]
    extra: ClassVar[str]
    package: ClassVar[str]

    def test_what_is_missing_is_named_and_nobody_is_asked(self, desk: AnyDesk, monkeypatch: pytest.MonkeyPatch):
        desk.engine().check()
        find, whole = util.find_spec, self.package.partition(".")[0]

        def missing(name: str, package: str | None = None) -> object:
            if name == self.package and "." in name:
                raise ModuleNotFoundError(name)
            return None if name.partition(".")[0] == whole else find(name, package)

        with monkeypatch.context() as without:
            without.setattr(util, "find_spec", missing)
            error = desk.refused(MissingPart, desk.engine().check)
            assert error.hint == f"pip install 'samecast[{self.extra}]'"
        desk.keys.clear()
        assert self.key in desk.refused(MissingKey, desk.engine().check).message
        assert desk.server.asked == []


def check_ships(name: str, build: Callable[[ModelProfile, Parts], HostedEngine], desk: AnyDesk) -> None:
    """Every entry that ships for the engine of this name can be built."""
    for profile in read_catalogue().values():
        if profile.engine == name:
            assert build(profile, desk.parts).version


def check_shown(name: str, build: Callable[[ModelProfile, Parts], HostedEngine], desk: AnyDesk) -> ModelProfile:
    """The only entry that the page of the engine of this name shows, which can be built."""
    (profile,) = entries_of(f"models-{name}.md")
    assert build(profile, desk.parts).version
    return profile
