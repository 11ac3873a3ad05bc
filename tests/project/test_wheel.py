"""The wheel works where there is no checkout, with the packages that it says it needs.

No index is asked: the empty environment gets links to the distributions that the wheel's own
metadata requires, taken from the environment that runs the tests. One that is needed and not
declared is therefore missing, as it would be for a user.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from playwright.sync_api import sync_playwright

pytestmark = pytest.mark.wheel


@dataclass(frozen=True, slots=True)
class Installed:
    """The wheel, and an environment of its own that it is installed in."""

    wheel: Path
    environment: Path

    @property
    def packages(self) -> Path:
        """The environment's site-packages."""
        [found] = self.environment.glob("lib/python*/site-packages")
        return found

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run one of the environment's programs, in a folder that is not the checkout."""
        program, *arguments = command
        return subprocess.run(
            [self.environment / "bin" / program, *arguments],
            cwd=self.environment,
            env=outside(),
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def link(self, requirements: Iterable[str]) -> None:
        """Make distributions and what they require importable in the environment."""
        for found in closure(requirements):
            for top in sorted({file.parts[0] for file in found.files or () if file.parts}):
                source = Path(str(found.locate_file(top)))
                target = self.packages / top
                if top not in {"..", "__pycache__"} and source.exists() and not target.exists():
                    target.symlink_to(source)


def outside() -> dict[str, str]:
    """Return the environment without what leads back to the checkout."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def closure(requirements: Iterable[str]) -> list[Distribution]:
    """Return the installed distributions that requirements ask for, directly or not."""
    found: dict[tuple[str, str], Distribution] = {}
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        wanted, extra = waiting.pop()
        if wanted.marker and not wanted.marker.evaluate({"extra": extra}):
            continue
        for asked in sorted(wanted.extras) or [""]:
            if (wanted.name, asked) not in found:
                one = found[wanted.name, asked] = distribution(wanted.name)
                waiting += [(Requirement(text), asked) for text in one.requires or ()]
    return list(found.values())


def needs(metadata: Path, extra: str = "") -> list[str]:
    """List what a distribution requires for one of its extras; without one, in any case."""
    wanted = [Requirement(text) for text in PathDistribution(metadata).requires or ()]
    return [
        f"{one.name}[{','.join(one.extras)}]"
        for one in wanted
        if one.marker is None or one.marker.evaluate({"extra": extra})
    ]


@pytest.fixture(scope="session")
def installed(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel of this checkout in an empty environment, with its base requirements."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([*pip, *build, str(repository)], check=True, timeout=300)
    [wheel] = folder.glob("*.whl")
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    into = ["--python", str(environment), "install", "--no-deps", "--no-index"]
    subprocess.run([*pip, *into, str(wheel)], check=True, timeout=300)
    made = Installed(wheel, environment)
    [metadata] = made.packages.glob("lineage_explorer-*.dist-info")
    made.link(needs(metadata))
    return made


def test_it_carries_the_library_and_the_explorer_and_nothing_else(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"lineage"}
    assert "lineage/py.typed" in names
    assert "lineage/_explorer/app/__init__.py" in names
    code = [name for name in names if not name.startswith("lineage/_explorer/fixtures/demo/")]
    assert [name for name in code if "__pycache__" in name or "/tests/" in name] == []


def test_it_carries_every_file_of_both(installed: Installed, repository: Path) -> None:
    with zipfile.ZipFile(installed.wheel) as archive:
        carried = set(archive.namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "lineage", "app", "fixtures/demo"],
        cwd=repository,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    moved = {
        name if name.startswith("lineage/") else f"lineage/_explorer/{name}"
        for name in tracked
        if (repository / name).exists()
    }
    assert moved - carried == set()


def test_it_answers_with_the_base_packages_alone(installed: Installed) -> None:
    assert installed.run("python", "-c", "import app").returncode == 1
    assert installed.run("python", "-c", "import streamlit").returncode == 1
    version = installed.run("lineage", "--version")
    assert (version.returncode, version.stderr) == (0, "")
    assert installed.wheel.name.split("-")[1] in version.stdout
    help_page = installed.run("python", "-m", "lineage", "--help")
    assert help_page.returncode == 0
    assert "impact" in help_page.stdout


def test_it_says_what_breaks(installed: Installed, repository: Path) -> None:
    demo = str(repository / "fixtures" / "demo")
    change = "billing.invoices.amount=amount_gross"
    answer = installed.run("lineage", "impact", demo, "--rename", change, "--format", "json")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "stg_billing__invoices" in answer.stdout
    assert "BREAKS" in answer.stdout


@pytest.mark.browser
def test_its_explorer_opens(installed: Installed, chromium: str) -> None:
    """Only the packages of the `app` extra are there, and there is nothing yet but the demo."""
    [metadata] = installed.packages.glob("lineage_explorer-*.dist-info")
    installed.link(needs(metadata, "app"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    program = installed.environment / "bin" / "lineage"
    command = [str(program), "explore", "--port", port, "--headless"]
    # A session of its own, so that the server that the command starts ends with it.
    with subprocess.Popen(
        command,
        cwd=installed.environment,
        env=outside(),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    ) as server:
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health", server)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=chromium, args=["--no-sandbox"]
                )
                page = browser.new_page()
                page.goto(f"http://127.0.0.1:{port}/")
                page.get_by_text("There is nothing to show yet.").wait_for(timeout=60_000)
                page.get_by_role("button", name="Open the demo estate").click()
                page.get_by_text("Much depends on").wait_for(timeout=60_000)
                assert page.locator('[data-testid="stException"]').count() == 0
                browser.close()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    """Return when a server answers, and fail when it has ended or does not for a minute."""
    for _ in range(120):
        if server.poll() is not None:
            pytest.fail(f"the server ended with exit code {server.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - http, on this machine
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"{url} does not answer")
