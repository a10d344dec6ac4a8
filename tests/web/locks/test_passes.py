"""Sessions: known again, not to be forged, ended by time, by leaving, and by another password."""

import base64
import hashlib
import hmac
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from samecast.core.errors import StorageFailed
from samecast.web.locks.passes import LASTS_SECONDS, Passes, cookie_name, key_in, password_file, password_in

PASSWORD = "correct horse battery"


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def passes(password: str = PASSWORD, key: bytes = b"k" * 32, **more) -> Passes:
    return Passes(key=key, password=password, **more)


@pytest.mark.parametrize("wrong", ["", " ", PASSWORD + " ", PASSWORD[:-1], PASSWORD.upper(), "\ud800", "é" * 500])
def test_only_the_password_is_right(wrong: str):
    assert passes().right(PASSWORD)
    assert not passes().right(wrong)


def test_a_session_is_known_until_it_ends():
    clock = Clock()
    mine = passes(clock=clock)
    session = mine.give()
    assert mine.knows(session)
    assert passes(clock=clock).knows(session), "another start with the same key and password"
    clock.now += LASTS_SECONDS - 1
    assert mine.knows(session)
    clock.now += 2
    assert not mine.knows(session)


def test_no_two_sessions_are_alike():
    assert len({passes().give() for _ in range(50)}) == 50


def test_another_password_or_key_ends_every_session():
    session = passes().give()
    assert not passes(password=PASSWORD + "!").knows(session)
    assert not passes(key=b"other").knows(session)


def forgeries(session: str) -> dict[str, str]:
    said, _, signature = session.rpartition(".")
    until, _, name = said.partition(".")
    longer = f"{int(until) + 99}.{name}"
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
    return {
        "nothing": "",
        "no signature": said,
        "empty signature": f"{said}.",
        "truncated": session[:-1],
        "signature of another": f"{longer}.{signature}",
        "signed with the password": f"{said}.{hmac.new(PASSWORD.encode(), said.encode(), hashlib.sha256).hexdigest()}",
        "signed with nothing": f"{longer}.{hmac.new(b'', longer.encode(), hashlib.sha256).hexdigest()}",
        "plain digest": f"{longer}.{hashlib.sha256(longer.encode()).hexdigest()}",
        "a token without an algorithm": f"{none}.{none}.",
        "upper case": f"{said}.{signature.upper()}",
        "spaces": f" {session} ",
        "one dot": ".",
        "digits without end": f"{'9' * 5000}.a.{signature}",
        "not text": f"{said}.\xff\xfe\x00",
        "half a letter": f"{said}.\ud800",
    }


@pytest.mark.parametrize("kind", sorted(forgeries("1.a.b")))
def test_a_forged_session_opens_nothing(kind: str):
    mine = passes()
    assert not mine.knows(forgeries(mine.give())[kind])


def test_a_signature_is_of_one_session_only():
    mine = passes()
    first, second = mine.give(), mine.give()
    assert not mine.knows(f"{first.rpartition('.')[0]}.{second.rpartition('.')[2]}")


def test_leaving_ends_one_session_for_good(tmp_path: Path):
    mine = passes(folder=tmp_path)
    left, other = mine.give(), mine.give()
    mine.end(left)
    assert not mine.knows(left)
    assert mine.knows(other)
    again = passes(folder=tmp_path)
    assert not again.knows(left), "also after the studio was started again"
    assert again.knows(other)


def test_who_has_no_session_ends_none(tmp_path: Path):
    passes(folder=tmp_path).end("1.made-up.signature\n2.more.lines")
    assert not (tmp_path / "left-sessions").exists()


def test_sessions_that_were_left_are_forgotten_when_they_would_have_ended(tmp_path: Path):
    clock = Clock()
    mine = passes(folder=tmp_path, clock=clock)
    mine.end(mine.give())
    clock.now += LASTS_SECONDS + 5
    passes(folder=tmp_path, clock=clock)
    assert (tmp_path / "left-sessions").read_text() == ""


def test_sessions_that_were_left_and_cannot_be_read_are_said(tmp_path: Path):
    (tmp_path / "left-sessions").mkdir()
    with pytest.raises(StorageFailed, match="left-sessions"):
        passes(folder=tmp_path)


def test_it_is_found_among_other_cookies():
    mine = passes()
    session = mine.give()
    assert mine.known(f"a=b; samecast={session}; c") == session
    assert mine.known(f"samecast=planted; samecast={session}") == session, "a neighbour's beside it"
    assert mine.known("; ".join(["samecast=planted"] * 200 + [f"samecast={session}"])) is None
    for nothing in ("", ";;;", "samecast", "samecast=", f"xsamecast={session}", f'samecast="{session}"', "=" * 9000):
        assert mine.known(nothing) is None


def test_what_browsers_are_told():
    plain, tls = passes(), passes(secure=True)
    assert plain.cookie("x") == f"samecast=x; Path=/; Max-Age={LASTS_SECONDS}; HttpOnly; SameSite=Strict"
    assert tls.cookie("x").startswith("__Host-samecast=x; Path=/; ")
    assert tls.cookie("x").endswith("; Secure")
    assert "Max-Age=0" in plain.cookie("")
    assert tls.known(f"samecast={tls.give()}") is None
    assert tls.known(f"{cookie_name(True)}={tls.give()}") is not None


def test_neither_key_nor_password_is_shown():
    assert "kkkk" not in repr(passes())
    assert PASSWORD not in repr(passes())


# --- what is kept -----------------------------------------------------------------------------------------------


def test_key_and_password_are_made_once_and_are_their_owners(tmp_path: Path):
    folder = tmp_path / "studio"
    password, made = password_in(folder)
    assert made
    assert len(password) >= 20
    assert password_in(folder) == (password, False)
    assert key_in(folder) == key_in(folder)
    assert len(key_in(folder)) == 64
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_that_others_may_read_is_theirs_no_longer(tmp_path: Path):
    key_in(tmp_path)
    (tmp_path / "session.key").chmod(0o644)
    key_in(tmp_path)
    assert stat.S_IMODE((tmp_path / "session.key").stat().st_mode) == 0o600


def test_several_that_start_at_once_agree(tmp_path: Path):
    with ThreadPoolExecutor(16) as threads:
        kept = list(threads.map(lambda _: key_in(tmp_path / "studio"), range(64)))
    assert len(set(kept)) == 1


@pytest.mark.parametrize("content", [b"", b"short", b"\xff\xfe\xff" * 20])
def test_a_key_that_is_none_is_said(tmp_path: Path, content: bytes):
    (tmp_path / "session.key").write_bytes(content)
    with pytest.raises(StorageFailed, match=r"session\.key") as said:
        key_in(tmp_path)
    assert said.value.hint


def test_a_folder_that_cannot_be_written(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed):
        password_in(tmp_path / "file" / "studio")


@pytest.mark.skipif(os.name != "posix", reason="what a link leads to is another matter elsewhere")
def test_a_link_that_leads_nowhere_is_not_followed_to_make_a_key(tmp_path: Path):
    password_file(tmp_path).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageFailed):
        password_in(tmp_path)
    assert not (tmp_path / "elsewhere").exists()
