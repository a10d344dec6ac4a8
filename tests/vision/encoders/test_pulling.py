"""Fetching from a hub: verified, kept, gone on with, and each way it goes wrong as one clear line."""

import errno
import hashlib
import os
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.vision.encoders.conftest import Listing
from tests.vision.encoders.fake_hub import COMMIT, FILE, LATER, Hub
from tests.vision.encoders.tiny_networks import small_picture

from samecast.core.encoders import HubFailed, WrongWeights
from samecast.core.errors import InvalidInput, NotFound, SamecastError, StorageFailed
from samecast.settings import Settings
from samecast.vision.encoders import EncoderRegistry, open_registry

NETWORK = small_picture()
DIGEST = hashlib.sha256(NETWORK).hexdigest()


def quietly(here: int, total: int | None) -> None:
    pass


def left_in(settings: Settings, name: str = "tiny") -> list[str]:
    folder = settings.encoders_folder / name
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def clear_line(error: SamecastError) -> str:
    line = str(error)
    assert "\n" not in line
    assert len(line) < 320
    assert error.hint
    return line


def test_a_pinned_file_is_fetched_whole_and_kept(
    registry: EncoderRegistry, settings: Settings, hub: Hub, listed: Listing
):
    hub.has(NETWORK)
    listed(weights=f'revision = "{COMMIT}"\nsha256 = "{DIGEST}"')
    seen: list[tuple[int, int | None]] = []

    pulled = registry.pull("tiny", lambda here, total: seen.append((here, total)))

    assert (settings.encoders_folder / "tiny" / "weights.onnx").read_bytes() == NETWORK
    assert left_in(settings) == ["pinned.toml", "weights.onnx"]
    assert (pulled.fresh, pulled.first_seen) == (True, False)
    assert (pulled.pin.revision, pulled.pin.sha256, pulled.pin.size) == (COMMIT, DIGEST, len(NETWORK))
    assert seen[-1] == (len(NETWORK), len(NETWORK))
    assert all(f"/resolve/{COMMIT}/{FILE}" in line for line in hub.log)


def test_what_is_here_is_not_fetched_again_nor_asked_for(registry: EncoderRegistry, hub: Hub, listed: Listing):
    hub.has(NETWORK)
    listed(weights=f'revision = "{COMMIT}"\nsha256 = "{DIGEST}"')
    registry.pull("tiny", quietly)
    hub.log.clear()

    again = registry.pull("tiny", quietly)

    assert hub.log == []
    assert (again.fresh, again.pin.sha256) == (False, DIGEST)


def test_what_was_pulled_is_there_without_a_network_and_nothing_else_is(
    settings: Settings, hub: Hub, registry: EncoderRegistry, listed: Listing
):
    hub.has(NETWORK)
    listed(weights=f'sha256 = "{DIGEST}"')
    listed(name="other", weights=f'sha256 = "{DIGEST}"')
    registry.pull("tiny", quietly)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    offline = open_registry(settings, endpoint=nobody)

    assert not offline.pull("tiny", quietly).fresh
    with pytest.raises(HubFailed, match="could not be reached") as caught:
        offline.pull("other", quietly)
    clear_line(caught.value)
    assert caught.value.retryable
    assert left_in(settings, "other") == []


def test_being_told_to_stay_offline_is_obeyed(registry: EncoderRegistry, hub: Hub, listed: Listing, monkeypatch):
    hub.has(NETWORK)
    listed()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

    with pytest.raises(HubFailed, match="could not be reached") as caught:
        registry.pull("tiny", quietly)

    assert "HF_HUB_OFFLINE" in clear_line(caught.value)
    assert hub.log == []


def test_a_hub_that_states_another_digest_is_refused_before_a_byte_comes(
    registry: EncoderRegistry, settings: Settings, hub: Hub, listed: Listing
):
    hub.has(NETWORK)
    listed(weights='sha256 = "' + "0" * 64 + '"')

    with pytest.raises(WrongWeights, match="not the file that is pinned") as caught:
        registry.pull("tiny", quietly)

    clear_line(caught.value)
    assert not any(line.startswith("GET") for line in hub.log)
    assert left_in(settings) == []


def test_other_bytes_than_the_pinned_ones_are_refused_and_removed(
    registry: EncoderRegistry, settings: Settings, hub: Hub, listed: Listing
):
    hub.has(NETWORK + b"?")
    hub.lies_about = DIGEST
    listed(weights=f'sha256 = "{DIGEST}"')

    with pytest.raises(WrongWeights, match="not the file that is pinned") as caught:
        registry.pull("tiny", quietly)

    clear_line(caught.value)
    assert any(line.startswith("GET") for line in hub.log)
    assert left_in(settings) == []


def test_a_hub_that_answers_for_another_commit_is_refused(registry: EncoderRegistry, hub: Hub, listed: Listing):
    hub.files[(COMMIT, FILE)] = (LATER, NETWORK)
    listed(weights=f'revision = "{COMMIT}"\nsha256 = "{DIGEST}"')

    with pytest.raises(WrongWeights, match="commit"):
        registry.pull("tiny", quietly)


@pytest.mark.parametrize("states_digest", [True, False])
def test_without_a_known_digest_the_first_pull_is_kept_to_ever_after(
    registry: EncoderRegistry, settings: Settings, hub: Hub, listed: Listing, states_digest: bool
):
    hub.states_digest = states_digest
    hub.has(NETWORK)
    listed()

    first = registry.pull("tiny", quietly)

    assert first.first_seen
    assert (first.pin.revision, first.pin.sha256) == (COMMIT, DIGEST)
    place = settings.encoders_folder / "tiny" / "weights.onnx"
    place.unlink()
    hub.has(NETWORK + b"new", commit=LATER)  # the branch moves on; the commit that was pinned does not
    again = registry.pull("tiny", quietly)
    assert again.fresh
    assert not again.first_seen
    assert (again.pin.revision, place.read_bytes()) == (COMMIT, NETWORK)
    place.unlink()
    hub.files[(COMMIT, FILE)] = (COMMIT, NETWORK + b"?")  # not even the hub may change what a commit holds
    with pytest.raises(WrongWeights):
        registry.pull("tiny", quietly)
    assert left_in(settings) == ["pinned.toml"]


def test_a_branch_that_moves_while_it_is_fetched_changes_nothing(
    registry: EncoderRegistry, settings: Settings, hub: Hub, listed: Listing
):
    hub.states_digest = False
    hub.has(NETWORK)
    hub.next_on_main = (LATER, NETWORK + b"new")
    listed()

    pulled = registry.pull("tiny", quietly)

    assert (pulled.pin.revision, pulled.pin.sha256) == (COMMIT, DIGEST)
    assert (settings.encoders_folder / "tiny" / "weights.onnx").read_bytes() == NETWORK


def test_a_catalogue_that_lists_another_file_now_is_told(
    registry: EncoderRegistry, settings: Settings, hub: Hub, listed: Listing
):
    hub.has(NETWORK)
    listed()
    registry.pull("tiny", quietly)
    settings.encoders_file.unlink()
    listed(weights='sha256 = "' + "1" * 64 + '"')

    with pytest.raises(WrongWeights, match="not what the catalogue lists") as caught:
        registry.pull("tiny", quietly)

    clear_line(caught.value)


def test_damaged_weights_are_fetched_again(registry: EncoderRegistry, settings: Settings, hub: Hub, listed: Listing):
    hub.has(NETWORK)
    listed(weights=f'sha256 = "{DIGEST}"')
    registry.pull("tiny", quietly)
    place = settings.encoders_folder / "tiny" / "weights.onnx"
    place.write_bytes(NETWORK[:-1])

    assert registry.pull("tiny", quietly).fresh
    assert place.read_bytes() == NETWORK


@pytest.fixture
def large(hub: Hub, listed: Listing) -> bytes:
    """A network of several megabytes, of which the hub sends a part at a time."""
    content = small_picture(padding=1_500_000)
    hub.has(content)
    hub.cut_after = len(content) // 20
    listed(weights=f'sha256 = "{hashlib.sha256(content).hexdigest()}"')
    return content


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """huggingface_hub waits longer and longer between its attempts."""
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)


def test_a_connection_that_breaks_off_is_taken_up_again(
    registry: EncoderRegistry, settings: Settings, hub: Hub, large: bytes
):
    hub.cuts = 1

    registry.pull("tiny", quietly)

    assert sum(line.startswith("GET") for line in hub.log) == 2
    assert (settings.encoders_folder / "tiny" / "weights.onnx").read_bytes() == large


def test_a_connection_that_keeps_breaking_off_is_said_and_the_next_pull_goes_on(
    registry: EncoderRegistry, settings: Settings, hub: Hub, large: bytes
):
    hub.cuts = 1000
    seen: list[int] = []

    with pytest.raises(HubFailed, match=r"cut short|could not be reached") as caught:
        registry.pull("tiny", quietly)

    clear_line(caught.value)
    assert not (settings.encoders_folder / "tiny" / "weights.onnx").exists()
    assert not (settings.encoders_folder / "tiny" / "pinned.toml").exists()
    hub.cuts = 0
    registry.pull("tiny", lambda here, total: seen.append(here))
    assert seen[0] > len(large) // 20  # not from the beginning
    assert (settings.encoders_folder / "tiny" / "weights.onnx").read_bytes() == large
    assert left_in(settings) == ["pinned.toml", "weights.onnx"]


def test_stopping_leaves_no_weights_and_the_next_pull_has_them(
    registry: EncoderRegistry, settings: Settings, hub: Hub, listed: Listing
):
    hub.has(NETWORK)
    listed(weights=f'sha256 = "{DIGEST}"')

    def stop(here: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        registry.pull("tiny", stop)

    assert not (settings.encoders_folder / "tiny" / "weights.onnx").exists()
    assert registry.pull("tiny", quietly).fresh


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ('revision = "gone"', "no revision 'gone'"),
        (f'revision = "{COMMIT}"', "no file"),
    ],
)
def test_what_the_hub_does_not_have_is_said(registry: EncoderRegistry, hub: Hub, listed: Listing, weights, said):
    hub.files[(COMMIT, "other.onnx")] = (COMMIT, NETWORK)
    listed(weights=weights)

    with pytest.raises(HubFailed, match=said) as caught:
        registry.pull("tiny", quietly)

    clear_line(caught.value)


def test_a_repository_that_is_not_there_and_a_hub_that_refuses_are_said(
    registry: EncoderRegistry, settings: Settings, hub: Hub, listed: Listing
):
    hub.has(NETWORK)
    listed()
    hub.status = 403
    with pytest.raises(HubFailed) as caught:
        registry.pull("tiny", quietly)
    clear_line(caught.value)
    hub.status = None
    settings.encoders_file.write_text(settings.encoders_file.read_text().replace("maker/tiny", "maker/nothing"))
    with pytest.raises(HubFailed, match="no maker/nothing") as caught:
        registry.pull("tiny", quietly)
    clear_line(caught.value)


def test_a_full_disk_is_said_before_anything_comes(registry: EncoderRegistry, hub: Hub, listed: Listing, monkeypatch):
    hub.has(NETWORK)
    listed()
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr("samecast.vision.encoders.hub.shutil.disk_usage", lambda folder: usage)

    with pytest.raises(StorageFailed, match="too full") as caught:
        registry.pull("tiny", quietly)

    clear_line(caught.value)
    assert not any(line.startswith("GET") for line in hub.log)


def test_a_disk_that_fills_up_on_the_way_is_said(
    registry: EncoderRegistry, settings: Settings, hub: Hub, listed: Listing, monkeypatch
):
    hub.has(NETWORK)
    listed()

    def fill(*given: object, **options: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device", "weights")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", fill)

    with pytest.raises(StorageFailed, match="the disk is full") as caught:
        registry.pull("tiny", quietly)

    clear_line(caught.value)
    assert left_in(settings) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_that_cannot_be_written_to_is_said(
    registry: EncoderRegistry, settings: Settings, hub: Hub, listed: Listing
):
    hub.has(NETWORK)
    listed()
    settings.home.chmod(stat.S_IRUSR | stat.S_IXUSR)

    with pytest.raises(StorageFailed) as caught:
        registry.pull("tiny", quietly)

    settings.home.chmod(stat.S_IRWXU)
    clear_line(caught.value)


def test_a_file_where_the_folder_should_be_is_said(
    registry: EncoderRegistry, settings: Settings, hub: Hub, listed: Listing
):
    hub.has(NETWORK)
    listed()
    settings.encoders_folder.write_text("not a folder")

    with pytest.raises(SamecastError) as caught:
        registry.pull("tiny", quietly)

    clear_line(caught.value)


def test_what_is_built_in_or_unknown_is_not_fetched(registry: EncoderRegistry):
    with pytest.raises(InvalidInput, match="built in"):
        registry.pull("dlib-resnet", quietly)
    with pytest.raises(NotFound, match="dinov2-smal'") as caught:
        registry.pull("dinov2-smal", quietly)
    assert "dinov2-small" in caught.value.hint


def test_nothing_is_fetched_by_looking(registry: EncoderRegistry, hub: Hub, listed: Listing):
    listed()

    assert {state.readiness for state in registry.states()} == {"ready", "not pulled"}
    assert hub.log == []
    assert not Path(registry._settings.encoders_folder).exists()


def test_scoring_never_loads_what_only_fetching_needs():
    script = (
        "import sys, samecast.vision.encoders as e; print([m for m in ('huggingface_hub', 'tqdm') if m in sys.modules])"
    )

    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "[]"
