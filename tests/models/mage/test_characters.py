"""Characters at Mage: made once for each version, found again whatever happens, called as Mage calls them, deleted."""

import fcntl
import json
import threading
from dataclasses import replace
from typing import Any

import pytest
from tests.models.mage.desk import MageDesk, member, seen, shades
from tests.models.mage.mage_server import error
from tests.models.provider.pictures import noise
from tests.models.provider.server import BEGUN, CUT, Answer

from samecast.core.errors import InvalidInput, KeyRefused, Refused, SamecastError, Stopped, Unreachable
from samecast.models.mage.characters import FRESH_SECONDS

MIRA, KAI = member("mira", 80), member("kai", 150)


def handles(desk: MageDesk) -> list[str]:
    """At Mage, oldest first."""
    return [one["handle"] for one in reversed(desk.server.characters)]


def created(desk: MageDesk) -> list[Any]:
    return [one.tree for one in desk.server.of("POST", "/v1/characters")]


def test_a_character_is_made_once_from_its_first_reference_and_mentioned(desk: MageDesk):
    engine = desk.engine()
    for number in range(3):
        engine.submit(desk.scene(MIRA, KAI), f"a.{number}")
    desk.of("cherry").shoot(KAI, key="b.1")
    first, second = created(desk)
    assert (first["handle"], first["name"], seen(first["image"])) == ("mira", "Mira", 80)
    assert (second["handle"], seen(second["image"])) == ("kai", 150)
    assert [body["prompt"] for body in desk.made()] == ["@mira and @kai in the rain"] * 3 + ["@kai in the rain"]
    assert not any("image" in body for body in desk.made())


def test_another_version_of_a_character_is_another_one_there(desk: MageDesk):
    desk.shoot(MIRA)
    desk.shoot(member("mira", 90, version=2), key="b.1")
    desk.shoot(MIRA, key="c.1")
    assert handles(desk) == ["mira", "mira-2"]
    assert [body["prompt"].split()[0] for body in desk.made()] == ["@mira", "@mira-2", "@mira"]


def test_a_handle_that_is_somebody_elses_is_not_used(desk: MageDesk):
    long = member("a-rather-longer")
    desk.server.others = {"mira", "mira-2", "a-rather-longer"}
    desk.shoot(MIRA, long)
    assert handles(desk) == ["mira-3", "a-rather-long-2"]
    assert desk.made()[0]["prompt"] == "@mira-3 and @a-rather-long-2 in the rain"
    assert all(len(handle) <= 15 for handle in handles(desk))


def test_where_all_the_near_handles_are_taken_an_odd_one_is_used(desk: MageDesk):
    desk.server.others = {"mira", *(f"mira-{n}" for n in range(2, 10))}
    desk.shoot(MIRA)
    (handle,) = handles(desk)
    assert handle.startswith("mira-")
    assert len(handle) == len("mira-") + 4


def test_only_whole_handles_are_renamed(desk: MageDesk):
    desk.server.others = {"mi"}
    mi, mira = member("mi", 30), member("mira", 80)
    desk.shoot(mi, mira, prompt="@mi, @mira and @mi again")
    assert desk.made()[0]["prompt"] == "@mi-2, @mira and @mi-2 again"


# --- references beyond the first ----------------------------------------------------------------------------------


def test_further_references_go_as_pictures_that_the_prompt_names(desk: MageDesk):
    desk.server.others = {"mira"}
    desk.shoot(member("mira", 80, 90, 100), member("kai", 150, 160))
    (body,) = desk.made()
    assert shades(body) == [90, 100, 160]
    assert body["prompt"] == (
        "@mira-2 and @kai in the rain. @image1 and @image2 show @mira-2 too. @image3 shows @kai too."
    )


def test_characters_and_pictures_share_what_room_there_is(desk: MageDesk):
    ticket = desk.of("guava").shoot(member("mira", 80, 90, 100), member("kai", 150, 160))
    (body,) = desk.made()
    assert shades(body) == [90]
    assert desk.of("guava").came(ticket).notes[-1] == "2 further references had no room in the request."


def test_no_more_of_one_character_than_the_entry_says(desk: MageDesk):
    profile = replace(desk.models["mango"], references_each=2)
    desk.of(profile).engine().submit(desk.scene(member("mira", 80, 90, 100)), "a.1")
    assert shades(desk.made()[0]) == [90]


# --- found again --------------------------------------------------------------------------------------------------


def test_one_that_was_made_before_the_worker_died_is_found_by_its_mark(desk: MageDesk):
    desk.shoot(MIRA)
    (desk.home / "mage" / "characters.json").unlink()
    desk.shoot(MIRA, key="b.1")
    assert len(created(desk)) == 1
    kept = json.loads((desk.home / "mage" / "characters.json").read_text())
    assert [(one["handle"], one["there"], one["reference"]) for one in kept] == [("mira", "mira", MIRA.references[0])]


@pytest.mark.parametrize("torn", ["", "{", "[1]", '{"mira": 1}', '[{"handle": "mira"}]'])
def test_a_torn_file_is_as_if_there_were_none(desk: MageDesk, torn: str):
    desk.shoot(MIRA)
    (desk.home / "mage" / "characters.json").write_text(torn)
    desk.shoot(MIRA, key="b.1")
    assert len(created(desk)) == 1


def test_a_connection_that_breaks_when_it_was_made_makes_no_second_one(desk: MageDesk):
    desk.server.page = 1
    desk.shoot(KAI)
    desk.server.faults.creations.append(BEGUN)
    desk.shoot(MIRA, key="b.1")
    assert handles(desk) == ["kai", "mira"]
    assert len(created(desk)) == 2


@pytest.mark.parametrize("fault", [CUT, Answer(502), error(500, "internal_error")])
def test_one_that_was_not_made_is_made_after_looking(desk: MageDesk, fault: Answer):
    desk.server.faults.creations.extend([fault, fault])
    desk.shoot(MIRA)
    assert handles(desk) == ["mira"]
    asked = [one.method for one in desk.server.asked if one.path == "/v1/characters"]
    assert asked == ["GET", "POST", "GET", "POST", "GET", "POST"]


def test_nobody_is_made_for_ever(desk: MageDesk):
    desk.server.faults.creations.extend([CUT] * 9)
    desk.refused(Unreachable, lambda: desk.shoot(MIRA))
    assert len(created(desk)) == 3
    assert desk.server.jobs == {}


def test_it_is_looked_for_on_all_pages(desk: MageDesk):
    desk.server.page = 2
    for n in range(7):
        desk.shoot(member(f"extra{n}"), key=f"a{n}.1")
    (desk.home / "mage" / "characters.json").unlink()
    desk.shoot(member("extra0"), key="b.1")
    assert len(created(desk)) == 7


def test_one_that_was_deleted_there_is_made_again_and_not_anybody_elses_used(desk: MageDesk):
    engine = desk.engine()
    engine.submit(desk.scene(MIRA), "a.1")
    desk.server.characters.clear()
    desk.server.others.add("mira")  # published by somebody meanwhile
    desk.time.now += FRESH_SECONDS
    engine.submit(desk.scene(MIRA), "b.1")
    assert desk.made()[-1]["prompt"] == "@mira-2 in the rain"


def test_after_a_refusal_it_is_looked_for_again(desk: MageDesk):
    engine = desk.engine()
    engine.submit(desk.scene(MIRA), "a.1")
    desk.server.characters.clear()
    desk.server.script.append(error(400, "invalid_config", "`@mira` does not resolve."))
    desk.refused(InvalidInput, lambda: engine.submit(desk.scene(MIRA), "b.1"))
    engine.submit(desk.scene(MIRA), "b.2")
    assert len(created(desk)) == 2


def test_what_is_believed_is_not_asked_for_with_every_take(desk: MageDesk):
    engine = desk.engine()
    for number in range(5):
        engine.submit(desk.scene(MIRA), f"a.{number}")
    assert desk.server.count("GET", "/v1/characters") == 1


def test_workers_at_the_same_time_make_one(desk: MageDesk):
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            desk.shoot(MIRA, KAI, key=f"a{number}.1")
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert errors == []
    assert sorted(handles(desk)) == ["kai", "mira"]
    assert len(desk.server.jobs) == 6


def test_a_cancel_is_heard_while_another_worker_makes_one(desk: MageDesk):
    def told(step: str, done: int, total: int) -> None:
        raise Stopped("Stopped.")

    (desk.home / "mage").mkdir()
    with open(desk.home / "mage" / "characters.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Stopped):
            desk.shoot(MIRA, told=told)
    assert desk.server.asked == []


# --- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (error(403, "forbidden", "This account cannot create characters."), KeyRefused),
        (error(403, "content_blocked"), Refused),
        (error(400, "invalid_config", "The image is none."), InvalidInput),
        (error(429, "too_many_requests", retry_after=3600), Unreachable),
    ],
)
def test_a_character_that_is_refused_ends_the_take_and_costs_nothing(
    desk: MageDesk, reply: Answer, kind: type[SamecastError]
):
    desk.server.faults.creations.append(reply)
    desk.refused(kind, lambda: desk.shoot(MIRA))
    assert len(created(desk)) == 1
    assert desk.server.jobs == {}


def test_a_wrong_key_makes_nobody_and_is_given_away_nowhere(desk: MageDesk):
    desk.keys["MAGE_API_KEY"] = "mage_sk_short"
    error = desk.refused(KeyRefused, lambda: desk.shoot(MIRA))
    assert "samecast models key MAGE_API_KEY" in str(error)
    assert handles(desk) == []


def test_a_busy_mage_is_waited_for(desk: MageDesk):
    desk.server.faults.creations.append(error(429, "too_many_requests", retry_after=4))
    desk.shoot(MIRA)
    assert sum(desk.time.slept) == 4
    assert handles(desk) == ["mira"]


def test_a_list_that_cannot_be_had_makes_nobody(desk: MageDesk):
    desk.server.faults.lists.extend([Answer(503)] * 3)
    desk.refused(Unreachable, lambda: desk.shoot(MIRA))
    assert created(desk) == []


def test_a_large_reference_is_uploaded(desk: MageDesk):
    order = desk.scene(MIRA)
    desk.engine().submit(replace(order, references={MIRA.references[0]: noise(2048)}), "a.1")
    (body,) = created(desk)
    assert body["image"].startswith(desk.server.url)


# --- deleted with ours --------------------------------------------------------------------------------------------


def test_forgetting_deletes_all_versions_and_nobody_else(desk: MageDesk):
    for number, one in enumerate([MIRA, member("mira", 90, version=2), member("mira-x"), KAI]):
        desk.shoot(one, key=f"a{number}.1")
    assert desk.engine().forget("mira") == 2
    assert handles(desk) == ["mira-x", "kai"]
    assert desk.engine().forget("mira") == 0
    assert desk.engine().forget("nobody") == 0
    desk.shoot(MIRA, key="b.1")
    assert handles(desk) == ["mira-x", "kai", "mira"]


def test_forgetting_finds_what_another_machine_made(desk: MageDesk):
    desk.shoot(MIRA)
    (desk.home / "mage" / "characters.json").unlink()
    assert desk.engine().forget("mira") == 1
    assert handles(desk) == []


def test_forgetting_what_is_gone_there_is_harmless(desk: MageDesk):
    desk.shoot(MIRA)
    desk.server.characters.clear()
    assert desk.engine().forget("mira") == 0
    assert json.loads((desk.home / "mage" / "characters.json").read_text()) == []


def test_forgetting_says_when_it_cannot_and_goes_on_the_next_time(desk: MageDesk):
    desk.shoot(MIRA)
    desk.server.faults.lists.extend([Answer(503)] * 3)
    desk.refused(Unreachable, lambda: desk.engine().forget("mira"))
    assert desk.engine().forget("mira") == 1


def test_the_engine_that_forgot_makes_it_anew(desk: MageDesk):
    engine = desk.engine()
    engine.submit(desk.scene(MIRA), "a.1")
    engine.forget("mira")
    engine.submit(desk.scene(MIRA), "b.1")
    assert len(created(desk)) == 2
