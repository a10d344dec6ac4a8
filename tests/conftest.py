"""What every test shares: a samecast home of its own, so that nobody's real cast is ever touched."""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Time limits fail on a busy machine without anything being wrong.
settings.register_profile("samecast", deadline=None)
settings.load_profile("samecast")


def pytest_configure(config: pytest.Config) -> None:
    """Forget the user's own settings, and keep this run's library in a folder that goes when the run ends.

    Each xdist worker is configured for itself, so workers do not share a home. A test that needs an empty library sets
    SAMECAST_HOME to a folder under its own `tmp_path`.
    """
    for name in [name for name in os.environ if name.startswith("SAMECAST_")]:
        del os.environ[name]
    home = tempfile.mkdtemp(prefix="samecast-tests-")
    os.environ["SAMECAST_HOME"] = home
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))


@pytest.fixture(autouse=True, scope="module")
def _garbage() -> Iterator[None]:
    """Studios are rings of objects that hold networks, of whose size Python's collector knows nothing."""
    yield
    gc.collect()
