"""No address gives a password away, what was found is said verdict first, and a meter says what it can tell."""

from pathlib import Path

import pytest

from samecast.core.calibrating import Rate
from samecast.core.encoders import EncoderEntry, EncoderState, Readiness
from samecast.core.terms import Use
from samecast.ports.creations import Stats, Tally
from samecast.ports.keeping import LoraFile, ReferencePicture, TakeFile, TakeSource
from samecast.services.keeping import Hit, Swept, Verified
from samecast.settings import Settings
from samecast.web.pages.settings import versions
from samecast.web.pages.settings_reading import counts, declared, meter, places, swept, verified


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (
            "postgresql+psycopg://me:s3cret@db.example:5432/samecast?sslpassword=s3cret",
            "postgresql at db.example:5432, samecast",
        ),
        ("s3://bucket/prefix?token=s3cret", "s3 at bucket, prefix"),
        ("gs://bucket", "gs at bucket"),
        ("sqlite:////data/s.sqlite3", "sqlite data/s.sqlite3"),
        ("/data/assets", "/data/assets"),
    ],
)
def test_an_address_is_said_without_its_secrets(tmp_path: Path, address: str, said: str):
    where = {p.name: p.where for p in places(Settings(home=tmp_path, database_url=address, assets_url=address))}
    assert where["Library"] == where["Pictures and clips"] == said
    assert "s3cret" not in str(where)


def test_without_addresses_all_is_at_home(tmp_path: Path):
    found = places(Settings(home=tmp_path))
    assert all(place.where.startswith(str(tmp_path)) for place in found)


def test_the_library_is_said_in_figures():
    stats = Stats(
        characters=2,
        shots={"done": 3, "running": 1},
        takes={"done": 9, "failed": 1},
        done=Tally(takes=9, judged=4, matched=3),
        archived=1,
        trashed=2,
    )
    assert dict(counts(stats)) == {
        "Characters": "2, 1 archived",
        "Shots": "4",
        "Takes": "9 made, 1 failed, 2 in the trash",
        "Judged": "4 takes, of which 3 match",
    }
    assert "Judged" not in dict(counts(Stats(characters=0, shots={}, takes={}, done=Tally())))


def test_what_is_missing_is_said_with_who_is_hit():
    holders = (
        TakeFile(shot="s", take="t", number=2, prompt="long " * 40),
        ReferencePicture(handle="mira", name="Mira", number=1, left=True),
        TakeSource(shot="s", take="t", number=3, prompt="p"),
        LoraFile(handle="mira", name="l", model="klein"),
    )
    hit = Hit(sha256="ab" * 32, trouble="missing", holders=holders)
    found = verified(Verified(quick=False, assets=5, bytes=10, missing=1, damaged=2, hits=(hit,)))
    assert not found.well
    assert found.said == "3 files of 5 are missing or damaged."
    assert "no longer in the cast" in found.lines[0]
    assert "…" in found.lines[0]
    assert found.lines[1] == "… and 2 more."
    whole = verified(Verified(quick=True, assets=1, bytes=1500, orphaned=1, orphaned_bytes=20))
    assert (whole.well, whole.said) == (True, "1 file, 1.5 kB: all there.")
    assert whole.lines == ("1 file (20 bytes) not in use.",)


def test_what_would_be_removed_is_not_said_to_be_removed():
    dry = swept(Swept(dry_run=True, purged=1, assets=9, removed=2, freed=2_000_000))
    assert dry.said == "2 files would be removed, 2.0 MB, of 9 stored."
    assert dry.lines == ("1 take would be deleted for good: in the trash for more than 30 days.",)
    assert dry.frees
    assert swept(Swept(dry_run=False, assets=9, removed=2, freed=2_000_000)).said == "2 files removed, 2.0 MB freed."
    kept = swept(Swept(dry_run=True, assets=9, kept_recent=1, kept_unrecorded=2))
    assert not kept.frees
    assert kept.lines[0] == "1 file not in use stays: younger than 24 hours."


def state(readiness: Readiness, *, in_use: bool = False, run_here: bool = True, trouble: str = "") -> EncoderState:
    entry = EncoderEntry(name="e", version="1", kind="face", licence="MIT", about="About.", run_here=run_here)
    rates = (Rate(far=0.1, tar=1.0, distance=0.7), Rate(far=0.01, tar=0.95, distance=0.6))
    return EncoderState(
        entry=entry, readiness=readiness, in_use=in_use, calibration="79 photographs", rates=rates, trouble=trouble
    )


def test_a_meter_says_what_it_can_tell_and_what_brings_it_into_use():
    used = meter(state("ready", in_use=True))
    assert (used.state, used.command) == ("In use", "")
    assert ("Tells", "Lets 95 % of the same pass where 1 % of others do.") in used.lines
    assert meter(state("ready")).command == "export SAMECAST_FACE_ENCODER=e"
    assert meter(state("not pulled")).command == "samecast encoders pull e"
    assert meter(state("not calibrated")).command == "samecast encoders calibrate INDEX.csv --encoder e"
    broken = meter(state("broken", trouble="Torn.", run_here=False))
    assert (broken.tone, dict(broken.lines)["Trouble"]) == ("fail", "Torn.")
    assert "Not run" in dict(broken.lines)


def test_what_is_not_declared_is_not_made_up():
    assert [one.value for one in declared(Use())] == ["Not said"] * 3
    said = [one.value for one in declared(Use(country="DE", revenue=250_000, purpose="commercial"))]
    assert said == ["DE", "$250,000", "Commercial"]


def test_versions_are_those_that_are_installed():
    assert [name for name, _ in versions()][:2] == ["samecast", "Python"]
