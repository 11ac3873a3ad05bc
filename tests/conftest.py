"""What tests of every room share: the outside world that some of them need.

Locally a test whose browser, database or data set is missing is skipped, and says so. Where `CI`
or `LINEAGE_REQUIRE_ALL` is set, a missing browser or database fails the run: a skipped test looks
like a passed one to whoever reads only the last line.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]
REQUIRED = ("browser", "postgres", "wheel")

# Machines that run tests are slow and shared; a law is about values, not about time.
settings.register_profile("lineage", deadline=None, print_blob=True)
settings.load_profile("lineage")


def required() -> bool:
    """Whether tests that need a browser or a database must run here."""
    return any(
        os.environ.get(name, "").lower() not in {"", "0", "false"}
        for name in ("CI", "LINEAGE_REQUIRE_ALL")
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a test that has to run here into a failure."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and required():
        marks = [name for name in REQUIRED if item.get_closest_marker(name)]
        if marks:
            report.outcome = "failed"
            report.longrepr = f"{', '.join(marks)} test skipped where it has to run: {why(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Do the same for a module that skips itself whole, unless it is for want of shared data."""
    report = yield
    if report.skipped and required() and "shared" not in why(report).lower():
        report.outcome = "failed"
        report.longrepr = f"whole module skipped where it has to run: {why(report)}"
    return report


def why(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return the reason that a skip was given."""
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data sets that are not part of the project; skips where there is none."""
    folder = Path(os.environ.get("LINEAGE_SHARED") or ROOT.parent / "shared")
    if not (folder / "data").is_dir():
        pytest.skip("shared data absent; name its folder with LINEAGE_SHARED")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of an installed Chromium or Chrome; skips where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    pytest.skip("no chromium on the PATH; `make system` installs one")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of an empty PostgreSQL database on a server of this run's own.

    It listens on a socket in a temporary folder only, so that it meets no other server, and it
    writes nothing durable. A server refuses to run as root, so root hands it to another user.
    """
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    found = shutil.which("initdb", path=os.pathsep.join(map(str, reversed(binaries))))
    initdb = found or shutil.which("initdb")
    if initdb is None:
        pytest.skip("no PostgreSQL server program; `make system` installs one")
    user = "postgres" if os.geteuid() == 0 else None
    pg_ctl = str(Path(initdb).with_name("pg_ctl"))
    # Not tmp_path: the other user may not enter pytest's folders, and a socket's path is short.
    folder = Path(tempfile.mkdtemp(prefix="lineage-pg-"))
    if user:
        shutil.chown(folder, user)

    def server(*command: str) -> None:
        subprocess.run(
            command, user=user, cwd=folder, check=True, capture_output=True, text=True, timeout=60
        )

    cluster = str(folder / "cluster")
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
    log = str(folder / "log")
    try:
        server(initdb, "--pgdata", cluster, "--username", "postgres", "--auth", "trust", "-N")
        # pg_ctl's own output goes to a file: the server inherits it, and a pipe would stay open.
        server(pg_ctl, "-D", cluster, "-l", log, "-o", options, "-w", "start")
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        if (folder / "cluster" / "postmaster.pid").exists():
            server(pg_ctl, "-D", cluster, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder)
