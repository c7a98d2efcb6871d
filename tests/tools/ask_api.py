"""Asks the console's API everything that its own description allows, and much that it does not: schemathesis, all checks, over the
demo's archive on loopback.

    python tests/tools/ask_api.py [--cases 5000] [--seed N] [--folder DIR]

Ends with 1 where an answer is not what the description says, or is a fault of the server's. `--folder`: an archive that is there already.
"""

import argparse
import contextlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from crawler.config.load import load
from crawler.console.app import create
from crawler.console.server import opened
from tests.tools.answering import answering

TOKEN = "a-token-that-nobody-guesses"
SETTINGS = """# what the description cannot say in a schema: a query, a moment or a place to go on may be well formed and mean nothing
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "422", "429"]
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "413", "414", "415", "422", "428", "429"]
"""
# only here, where there are thousands of cases: whoever waits for the ledger's next line is kept for half a minute
SHORT = """
[parameters]
"query.wait" = [0, 0.1]
"""
GENERATED = re.compile(r"(\d+) generated")


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of it."""

    code: int
    cases: int
    told: str


@contextlib.contextmanager
def archive(config: Path) -> Iterator[str]:
    """The address of a console over an archive, as fast as anybody asks."""
    found = load(config)
    with (
        opened(replace(found, serve=replace(found.serve, requests_per_minute=0)), TOKEN) as door,
        answering(create(door)) as url,
    ):
        yield url


def ask(
    url: str,
    examples: int,
    seed: int,
    phases: str = "examples,coverage,fuzzing,stateful",
    more: tuple[str, ...] = (),
    settings: str = SETTINGS,
) -> Asked:
    """Ask a console; so many examples an operation."""
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{url}/api/openapi.json", "--checks", "all", "--max-examples", str(examples),
        "--seed", str(seed), "--workers", "4", "--phases", phases, "--generation-database", "none", "--no-color", "--header", f"Authorization: Bearer {TOKEN}",
        "--suppress-health-check", "all", "--request-timeout", "40", "--max-response-time", "35", "--exclude-path", "/api/v1/changes/stream", *more,
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "schemathesis.toml").write_text(settings, "utf-8")
        environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)
    said = done.stdout + done.stderr
    return Asked(done.returncode, sum(map(int, GENERATED.findall(said))), said)


def demo(folder: Path) -> Path:
    """The configuration of the demo's archive, its story told."""
    command = [sys.executable, "-m", "crawler.cli", "demo", "--folder", str(folder)]
    subprocess.run(command, capture_output=True, text=True, check=True)
    return folder / "config" / "gongkai.toml"


def main() -> int:
    """Print what schemathesis prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=5000, help="at least so many, spread over the operations")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ask-api-") as made:
        config = given.folder / "config" / "gongkai.toml" if given.folder else demo(Path(made))
        with archive(config) as url:
            came = ask(url, max(1, given.cases // 25), given.seed, settings=SETTINGS + SHORT)
    print(came.told)
    print(f"{came.cases} cases")
    return 1 if came.code or came.cases < given.cases else 0


if __name__ == "__main__":
    sys.exit(main())
