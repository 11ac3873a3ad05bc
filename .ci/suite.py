"""Runs the test suite in two parts and prints one closing count for both.

Both run side by side on two processes. Tests that drive a browser, and the one that builds the
wheel, come afterwards and among themselves: beside a process that never waits a browser answers
late, and waiting longer for it would hide what those tests are about.

A browser on a machine that does other things may lose its turn for longer than anybody would wait.
So a few of its tests that fail are tried once more, alone, and the count says how many that were.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter

# loadfile: fixtures of a module (a server, an estate) are made once, not once a process.
PARTS = (
    ("-n", "2", "--dist", "loadfile", "-m", "not browser and not wheel"),
    ("-n", "2", "--dist", "loadfile", "-m", "browser or wheel"),
)
AGAIN = ("--last-failed", "--last-failed-no-failures", "none", "-m", "browser")
FEW = 3
OUTCOMES = ("passed", "passed on the second try", "failed", "error", "skipped", "xfailed")
COUNT = re.compile(r"(\d+) (passed|failed|error|skipped|xfailed)")


def main(arguments: list[str]) -> int:
    """Run both parts, whatever the first one says; return the first bad exit status."""
    total: Counter[str] = Counter()
    worst = 0
    for part in PARTS:
        status, closing = run([sys.executable, "-m", "pytest", *part, *arguments])
        found = Counter({outcome: int(count) for count, outcome in COUNT.findall(closing)})
        if part is PARTS[-1] and 0 < found["failed"] <= FEW and not found["error"]:
            status, closing = run([sys.executable, "-m", "pytest", *AGAIN, *arguments])
            better = Counter({outcome: int(count) for count, outcome in COUNT.findall(closing)})
            status = status or found["failed"] - better["passed"]
            total["passed on the second try"] += better["passed"]
            found["failed"] -= better["passed"]
        total.update(found)
        worst = worst or status
    total["failed"] += total.pop("error", 0)
    shown = (name for name in OUTCOMES if total[name] or name in {"passed", "failed"})
    print(", ".join(f"{total[name]} {name}" for name in shown), flush=True)
    return worst


def run(command: list[str]) -> tuple[int, str]:
    """Pass a command's output through; return its exit status and its last line."""
    last = ""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            last = line.strip() or last
    return process.returncode, last


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
