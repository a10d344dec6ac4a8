"""What a scrape says is true, of this process and of a real library, and no library ever makes one fail."""

import http.client
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.servers import Postgres, own_postgres, postgres  # noqa: F401

from samecast.core.errors import InvalidInput, StorageFailed
from samecast.core.prompt import Brief
from samecast.core.recipe import Recipe
from samecast.core.story import Shot, Take
from samecast.library import Library, open_library
from samecast.library.tally import Numbers
from samecast.models.catalogue import read_catalogue
from samecast.ports import WorkerCard
from samecast.ports.watching import Backlog, Tally
from samecast.production.metrics import KEPT_SECONDS, Metrics, serve
from samecast.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime.now(UTC)
RECIPE = Recipe(
    model="storyboard",
    engine_version="1",
    kind="image",
    prompt="rain",
    brief=Brief(),
    members=(),
    width=72,
    height=128,
    seed=1,
)
CARD = WorkerCard(id="w1", name="ann", machine="m", pid=1, queues=("cpu", "gpu"), version="1", started_at=NOW)
MODELS = {
    "storyboard": read_catalogue()["storyboard"],
    "big": replace(read_catalogue()["storyboard"], id="big", resource="gpu"),
}


@pytest.fixture(params=["sqlite", "postgres"])
def library(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Library]:
    url = request.getfixturevalue("postgres") if request.param == "postgres" else None
    opened = open_library(Settings(home=tmp_path / "home", database_url=url))
    yield opened
    opened.close()


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Each sample by its name and the values of its labels, which come in the order of their names."""
    return {
        (sample.name, *(sample.labels[key] for key in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }


def order(library: Library, shot_id: str, takes: int, *, model: str = "storyboard", age: float = 0.0) -> Shot:
    made = tuple(Take(id=f"{shot_id}-{n}", shot_id=shot_id, number=n, recipe=RECIPE) for n in range(1, takes + 1))
    created = NOW - timedelta(seconds=age)
    shot = Shot(id=shot_id, prompt="rain", model=model, out="", takes=made, created_at=created)
    library.shots.add(shot)
    return shot


# --- this process -----------------------------------------------------------------------------------------------


def test_what_the_process_did_is_counted():
    metrics = Metrics(database="postgresql")
    metrics.take_made("storyboard")
    metrics.take_made("kling", micros=240_000)
    metrics.take_made("kling", micros=10_000)
    metrics.take_failed("kling", "render_failed")
    metrics.round_added("kling")
    metrics.submitted("kling-cloud")
    metrics.stored(1000)
    metrics.stored(24)
    metrics.rendered("kling", 3.0)
    metrics.rendered("kling", 90.0)
    metrics.scored("kling", 0.2)
    told = samples(metrics)
    assert told["samecast_takes_made_total", "kling"] == 2
    assert told["samecast_takes_made_total", "storyboard"] == 1
    assert told["samecast_takes_failed_total", "render_failed", "kling"] == 1
    assert told["samecast_rounds_total", "kling"] == 1
    assert told["samecast_provider_submissions_total", "kling-cloud"] == 1
    assert told["samecast_spent_dollars_total", "kling"] == pytest.approx(0.25)
    assert told["samecast_stored_bytes_total",] == 1024
    assert told["samecast_render_seconds_count", "kling"] == 2
    assert told["samecast_render_seconds_sum", "kling"] == 93
    assert told["samecast_render_seconds_bucket", "5.0", "kling"] == 1
    assert told["samecast_score_seconds_bucket", "0.25", "kling"] == 1
    (build,) = [key for key in told if key[0] == "samecast_build_info"]
    assert "postgresql" in build
    assert "samecast_library_up" not in metrics.text().decode(), "there is no library to tell of"


def test_two_in_one_process_do_not_mix():
    first, second = Metrics(), Metrics()
    first.stored(5)
    assert samples(second)["samecast_stored_bytes_total",] == 0


# --- the library ------------------------------------------------------------------------------------------------


def test_how_the_library_stands_is_told(library: Library):
    old = order(library, "old", 3, age=100)
    order(library, "big", 2, model="big", age=50)
    order(library, "odd", 1, model="from-the-future")
    stopped = order(library, "stopped", 4, age=1_000_000)
    library.work.set_state(stopped.id, "cancelled", only_from=["running"])
    library.work.conclude_take(replace(old.takes[0], state="done", asset="a" * 64, made_at=NOW))
    library.work.conclude_take(replace(old.takes[1], state="failed", error="No."))
    library.workers.join(CARD)
    library.workers.join(replace(CARD, id="w2", queues=("cpu",), state="draining"))
    library.workers.join(replace(CARD, id="w3", state="gone"))
    told = samples(Metrics(census=Numbers(database=library.database), models=MODELS))
    assert told["samecast_library_up",] == 1
    assert told["samecast_takes", "waiting"] == 8
    assert told["samecast_takes", "done"] == told["samecast_takes", "failed"] == 1
    assert told["samecast_queue_depth", "cpu"] == 1, "a cancelled shot's takes wait in no queue"
    assert told["samecast_queue_depth", "gpu"] == 2
    assert told["samecast_queue_depth", "from-the-future"] == 1
    assert 100 <= told["samecast_queue_oldest_seconds", "cpu"] < 1_000_000
    assert told["samecast_queue_workers", "cpu"] == 1, "one that is leaving takes none"
    assert told["samecast_queue_workers", "gpu"] == 1
    assert told["samecast_queue_workers", "from-the-future"] == 0
    assert told["samecast_workers", "working"] == told["samecast_workers", "draining"] == 1


def test_an_empty_library_tells_zeros_and_not_nothing(library: Library):
    told = samples(Metrics(census=Numbers(database=library.database), models=MODELS))
    for key in (("samecast_takes", "done"), ("samecast_queue_depth", "gpu"), ("samecast_queue_oldest_seconds", "cpu")):
        assert told[key] == 0


class Counted:
    """A census that counts how often it is asked; `broken` is raised, `held` is waited for."""

    def __init__(self) -> None:
        self.asked = 0
        self.broken: Exception | None = None
        self.held = threading.Event()
        self.held.set()

    def tally(self) -> Tally:
        self.asked += 1
        self.held.wait(60)
        if self.broken is not None:
            raise self.broken
        waits = (Backlog(model="storyboard", takes=self.asked, since=NOW),)
        return Tally(takes=(("waiting", self.asked),), backlog=waits, workers=(CARD,))


def test_the_library_is_read_no_more_often_than_every_few_seconds():
    census, now = Counted(), [100.0]
    metrics = Metrics(census=census, models=MODELS, clock=lambda: now[0])
    assert census.asked == 0, "not before somebody asks"
    assert samples(metrics)["samecast_takes", "waiting"] == 1
    now[0] += KEPT_SECONDS - 0.1
    assert samples(metrics)["samecast_takes", "waiting"] == 1
    now[0] += 0.2
    assert samples(metrics)["samecast_takes", "waiting"] == 2
    assert census.asked == 2


@pytest.mark.parametrize("broken", [StorageFailed("The database is gone."), RuntimeError("a bug")])
def test_a_library_that_is_gone_is_told_and_fails_no_scrape(broken: Exception):
    census, now = Counted(), [0.0]
    metrics = Metrics(census=census, models=MODELS, clock=lambda: now[0])
    metrics.stored(7)
    census.broken = broken
    told = samples(metrics)
    assert told["samecast_library_up",] == 0
    assert told["samecast_stored_bytes_total",] == 7
    assert not [key for key in told if key[0] in ("samecast_takes", "samecast_queue_depth", "samecast_workers")]
    assert not metrics.library_there()
    census.broken = None
    now[0] += KEPT_SECONDS
    assert samples(metrics)["samecast_library_up",] == 1


def test_a_library_that_never_answers_holds_no_scrape_and_is_asked_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("samecast.production.metrics.PATIENCE_SECONDS", 0.01)
    census = Counted()
    census.held.clear()
    metrics = Metrics(census=census, models=MODELS)
    assert samples(metrics)["samecast_library_up",] == 0
    assert samples(metrics)["samecast_library_up",] == 0
    assert census.asked == 1
    census.held.set()


def test_a_real_database_that_goes_and_comes_back_is_told(tmp_path: Path, own_postgres: Postgres):  # noqa: F811
    now = [0.0]
    library = open_library(Settings(home=tmp_path / "home", database_url=own_postgres.create()))
    metrics = Metrics(census=Numbers(database=library.database), models=MODELS, clock=lambda: now[0])
    assert samples(metrics)["samecast_library_up",] == 1
    own_postgres.stop()
    now[0] += KEPT_SECONDS
    assert samples(metrics)["samecast_library_up",] == 0
    own_postgres.start()
    now[0] += KEPT_SECONDS
    assert samples(metrics)["samecast_library_up",] == 1
    library.close()


# --- over HTTP --------------------------------------------------------------------------------------------------


def ask(port: int, path: str, method: str = "GET") -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type", ""), answer.read()
    finally:
        connection.close()


def test_metrics_and_health_are_served():
    census, taking = Counted(), [True]
    now = [0.0]
    metrics = Metrics(census=census, models=MODELS, clock=lambda: now[0])
    metrics.stored(3)
    with serve(metrics, port=0, taking=lambda: taking[0]) as serving:
        status, kind, body = ask(serving.port, "/metrics?x=1")
        assert status == 200
        assert kind.startswith("text/plain; version=")
        assert {family.name for family in text_string_to_metric_families(body.decode())} >= {"samecast_stored_bytes"}
        assert ask(serving.port, "/healthz")[::2] == (200, b"alive\n")
        assert ask(serving.port, "/readyz")[::2] == (200, b"ready\n")
        assert ask(serving.port, "/metrics", "HEAD")[::2] == (200, b"")
        assert ask(serving.port, "/")[0] == 404
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            assert ask(serving.port, "/metrics", method)[0] == 501
        taking[0] = False
        assert ask(serving.port, "/readyz")[::2] == (503, b"draining\n")
        taking[0], census.broken = True, StorageFailed("gone")
        now[0] += KEPT_SECONDS
        assert ask(serving.port, "/readyz")[::2] == (503, b"no library\n")
        assert ask(serving.port, "/healthz")[0] == 200
        port = serving.port
    with pytest.raises(ConnectionError):
        ask(port, "/healthz")


def test_only_this_machine_is_served_unless_asked():
    with serve(Metrics(), port=0) as serving:
        assert serving.url == f"http://127.0.0.1:{serving.port}"


def test_a_port_that_is_taken_is_a_clear_error():
    with serve(Metrics(), port=0) as serving, pytest.raises(InvalidInput, match=str(serving.port)):  # noqa: SIM117
        with serve(Metrics(), port=serving.port):
            pass


# --- the page ---------------------------------------------------------------------------------------------------


def test_the_page_lists_each_metric_and_no_other():
    """By the names that a rule would use: a counter's ends in _total, a histogram's in nothing."""
    metrics = Metrics(census=Counted(), models=MODELS)
    families = list(text_string_to_metric_families(metrics.text().decode()))
    told = {f"{family.name}_total" if family.type == "counter" else family.name for family in families}
    told = {name for name in told if name.startswith("samecast_")}
    page = (ROOT / "docs" / "observing.md").read_text(encoding="utf-8")
    table = page.partition("## Metrics")[2].partition("\n## ")[0]
    listed = {
        cell.strip().strip("`").partition("{")[0]
        for line in table.splitlines()
        if line.startswith("| `samecast_")
        for cell in line.split("|")[1:2]
    }
    assert listed == told


def test_the_rules_of_the_page_use_metrics_there_are():

    page = (ROOT / "docs" / "observing.md").read_text(encoding="utf-8")
    metrics = Metrics(census=Counted(), models=MODELS)
    metrics.take_made("m")
    metrics.take_failed("m", "c")
    metrics.rendered("m", 1.0)
    there = {
        sample.name for family in text_string_to_metric_families(metrics.text().decode()) for sample in family.samples
    }
    used = {
        name
        for line in page.splitlines()
        if line.strip().startswith("expr:")
        for name in re.findall(r"\bsamecast_\w+", line)
    }
    assert used
    assert used <= there
