"""The steps of a take, each begun again after a crash at its worst moment."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.production.fakes import HOSTED, SLOW, HostedFake, Ledger, Provider, models

from samecast.core.errors import NotFound, Refused, Stopped, StorageFailed, SubmissionUnsure, Unreachable
from samecast.core.story import Shot
from samecast.library import Library, open_library
from samecast.ports import Engine, HostedEngine, ModelProfile, Rendered
from samecast.services import making as module
from samecast.services.events import StepMoved
from samecast.services.making import Making, Models
from samecast.services.shooting import Order
from samecast.services.studio import Studio
from samecast.settings import Settings
from samecast.wiring import open_studio


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider(seconds=0.0).running() as made:
        yield made


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger")


@pytest.fixture
def offered(provider: Provider, ledger: Ledger) -> dict[str, tuple[ModelProfile, Engine | HostedEngine]]:
    """The fakes; a test may offer another in place of one."""
    return models(ledger.path, port=provider.port)


@pytest.fixture
def studio(tmp_path: Path, offered: Models, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    monkeypatch.setattr(module, "COLLECT_SECONDS", 0.01)
    with open_studio(Settings(home=tmp_path / "home"), offered) as opened:
        yield opened


@pytest.fixture
def library(studio: Studio, tmp_path: Path) -> Iterator[Library]:
    opened = open_library(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


@pytest.fixture
def making(studio: Studio) -> Making:
    return studio.producing.making


def shot(studio: Studio, tmp_path: Path, model: str = "slow", **more: Any) -> Shot:
    asked = Order(prompt="a square", model=model, kind="image", takes=1, out=tmp_path / model, **more)
    return studio.shooting.start(studio.shooting.plan(asked))


def test_what_was_stored_is_not_rendered_again(
    studio: Studio, making: Making, ledger: Ledger, library: Library, tmp_path: Path
):
    take = shot(studio, tmp_path).takes[0]
    asset = making.render(take.id)
    assert making.render(take.id) == asset
    assert len(ledger.of("render")) == 1
    library.assets.remove([asset])  # claimed, and never stored: the worker died in between
    again = making.render(take.id)
    assert len(ledger.of("render")) == 2
    assert library.assets.has(again)
    assert library.work.take(take.id).asset == again


def test_an_asset_is_claimed_before_it_is_stored(
    studio: Studio, making: Making, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    take = shot(studio, tmp_path).takes[0]

    def full(self: object, content: bytes, *, suffix: str = "") -> str:
        raise StorageFailed("The disk is full.")

    monkeypatch.setattr("samecast.library.assets.Assets.put", full)
    with pytest.raises(StorageFailed):
        making.render(take.id)
    claimed = library.work.take(take.id).asset
    assert claimed is not None
    assert not library.assets.has(claimed)


def test_storing_waits_and_the_take_is_not_rendered_again(
    studio: Studio, making: Making, ledger: Ledger, library: Library, tmp_path: Path
):
    take = shot(studio, tmp_path).takes[0]
    tried = []

    def patiently(do):
        tried.append(do)
        return do()

    assert library.assets.has(making.render(take.id, patiently=patiently))
    assert len(tried) == len(ledger.of("render")) == 1


def test_the_quicker_of_two_workers_is_believed(
    studio: Studio, making: Making, ledger: Ledger, library: Library, tmp_path: Path
):
    take = shot(studio, tmp_path).takes[0]
    first: list[str] = []

    def meanwhile() -> None:
        if len(ledger.of("render")) == 1:
            first.append(making.render(take.id))

    making.models["slow"][1].hold = meanwhile  # type: ignore[union-attr]
    assert making.render(take.id) == first[0]
    assert len(ledger.of("rendered")) == 2
    assert making.score(take.id, first[0]).asset == first[0]


def test_stopping_ends_a_render_within_a_step(studio: Studio, making: Making, ledger: Ledger, tmp_path: Path):
    take = shot(studio, tmp_path).takes[0]
    making.models["slow"][1].steps = 100  # type: ignore[union-attr]
    seen: list[int] = []

    def watch(event: object) -> None:
        if isinstance(event, StepMoved):
            seen.append(event.done)

    with pytest.raises(Stopped):
        making.render(take.id, watch, lambda: bool(seen and seen[-1] == 3))
    assert seen == [0, 1, 2, 3]
    assert ledger.of("rendered") == []


def test_a_take_is_wanted_while_it_waits_with_this_attempt_in_a_running_shot(
    studio: Studio, making: Making, tmp_path: Path
):
    kept = shot(studio, tmp_path)
    take = kept.takes[0]
    assert making.wanted(take.id, 1)
    assert not making.wanted(take.id, 2)
    studio.producing.cancel(kept.id)
    assert not making.wanted(take.id, 1)
    studio.producing.resume(kept.id)
    assert (making.wanted(take.id, 1), making.wanted(take.id, 2)) == (False, True)
    making.score(take.id, making.render(take.id))
    assert not making.wanted(take.id, 2)


def test_a_submitted_take_is_collected_by_its_ticket(
    studio: Studio, making: Making, provider: Provider, library: Library, tmp_path: Path
):
    take = shot(studio, tmp_path, "hosted").takes[0]
    library.work.keep_ticket(take.id, provider.submit("earlier"))
    making.render(take.id)
    assert provider.posts == ["earlier"]


def test_a_refused_submission_may_be_made_again(
    studio: Studio,
    making: Making,
    provider: Provider,
    library: Library,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    from samecast.core.errors import RenderFailed

    take = shot(studio, tmp_path, "hosted").takes[0]

    def refused(self: HostedFake, order: object, key: str) -> str:
        raise RenderFailed("The provider refused.")

    monkeypatch.setattr(HostedFake, "submit", refused)
    with pytest.raises(RenderFailed):
        making.render(take.id)
    assert library.work.take(take.id).ticket is None
    assert making.fail(library.work.take(take.id), RenderFailed("The provider\nrefused.")).cost == 0
    assert library.work.take(take.id).error == "The provider refused."


def test_an_unsure_submission_is_neither_repeated_nor_forgotten(
    studio: Studio,
    making: Making,
    offered: dict[str, tuple[ModelProfile, Engine | HostedEngine]],
    provider: Provider,
    library: Library,
    tmp_path: Path,
):
    profile, engine = offered["hosted"]
    offered["hosted"] = (replace(profile, knows_keys=False), engine)
    provider._knows_keys = False
    take = shot(studio, tmp_path, "hosted").takes[0]
    library.work.intend(take.id, 1)
    for _ in range(2):
        with pytest.raises(SubmissionUnsure, match="shots retry"):
            making.render(take.id)
    assert provider.posts == []
    assert making.fail(library.work.take(take.id), SubmissionUnsure("unsure")).cost == 40_000


def test_a_cancelled_job_of_a_provider_is_charged_once_whoever_cancels(
    studio: Studio, making: Making, provider: Provider, library: Library, tmp_path: Path
):
    take = shot(studio, tmp_path, "hosted").takes[0]
    library.work.keep_ticket(take.id, provider.submit("a"))
    seen = library.work.take(take.id)
    making.withdraw(seen)
    making.withdraw(seen)  # the worker that was waiting for it notices too
    assert library.work.take(take.id).cost == 80_000
    assert set(provider.cancelled) == {"a"}
    library.work.keep_ticket(take.id, "b")  # submitted again meanwhile
    making.withdraw(seen)
    assert library.work.take(take.id).ticket == "b"


def test_a_model_there_is_not(making: Making):
    with pytest.raises(NotFound, match=r"no model 'hostd'. Did you mean hosted\? See them with: samecast models list"):
        module.find_model(making.models, "hostd")


def test_the_profiles_of_the_fakes_are_of_both_sorts():
    assert (SLOW.hosted, HOSTED.hosted) == (False, True)


def test_a_refused_take_is_its_own_outcome_and_costs_nothing_where_it_was_not_charged(
    studio: Studio, making: Making, library: Library, tmp_path: Path
):
    takes = shot(studio, tmp_path, "hosted").takes
    library.work.keep_ticket(takes[0].id, "a-job")
    take = library.work.take(takes[0].id)
    kept = making.fail(take, Refused("Acme will not make this.", hint="Say it otherwise.", charged=False))
    assert (kept.state, kept.failure, kept.cost) == ("failed", "refused", 0)
    assert kept.error == "Acme will not make this. Say it otherwise."
    again = library.work.queue_again(kept.shot_id, failed=True)
    assert (again.takes[0].failure, again.takes[0].error) == (None, None)


def test_a_provider_that_is_away_for_a_while_loses_no_take(
    studio: Studio, making: Making, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    away = iter([True, True, False])
    collect = HostedFake.collect

    def cut(self: HostedFake, ticket: str) -> Rendered | None:
        if next(away, False):
            raise Unreachable("Acme cannot be reached.", hint="Check the network.")
        return collect(self, ticket)

    monkeypatch.setattr(HostedFake, "collect", cut)
    take = shot(studio, tmp_path, "hosted").takes[0]
    assert making.render(take.id)
    monkeypatch.setattr(module, "AWAY_SECONDS", 0.0)
    away = iter([True] * 9)
    with pytest.raises(Unreachable):
        making.render(shot(studio, tmp_path / "more", "hosted").takes[0].id)
