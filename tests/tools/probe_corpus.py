"""Measures `gongkai probe`: for each real list page, is the draft a source that works unedited? Not a test; needs the shared folder.

GONGKAI_SHARED=/path/to/shared python tests/tools/probe_corpus.py [--keep FOLDER]

Serves the corpus on loopback, probes every list page that has rows, then runs `gongkai try` with the draft as it was written and compares
the rows with the labels. The server speaks plain http, so https addresses are asked for as http. Prints a line a page and the figures.
"""

import argparse
import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from crawler.cli.main import run

ENOUGH = 0.95


def gongkai(*arguments: str) -> tuple[int, str]:
    """Exit code and standard output of a command."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = run(arguments)
    return code, out.getvalue()


def key(url: str, base: str) -> str:
    """An address as the labels are compared: host, path, query; not the scheme."""
    parts = urlsplit(urljoin(base, url.strip()))
    return unquote(f"{parts.hostname or ''}{parts.path}?{parts.query}").rstrip("?")


def measure(config: Path, entry: dict[str, object]) -> tuple[float, float, int, str]:
    """(recall, precision, rows wanted, what went wrong) of a page's draft."""
    page = str(entry["page_url"])
    url = re.sub(r"^https:", "http:", page)
    name = re.sub(r"\W+", "-", Path(str(entry["file"])).stem).lower()
    wanted = {key(row["url"], page) for row in entry["rows"]}  # type: ignore[attr-defined]
    code, said = gongkai("--config", str(config), "probe", url, "--id", name)
    if not (config.parent / "sources" / f"{name}.toml").exists():
        return 0.0, 0.0, len(wanted), f"no draft (exit {code}): {' '.join(said.split())[-160:]}"
    _, said = gongkai("--config", str(config), "try", name, "--json")
    found = {key(row["url"], page) for row in json.loads(said)["rows"]}
    both = len(found & wanted)
    return both / len(wanted), both / max(1, len(found)), len(wanted), ""


def main() -> None:
    """Serve, probe, try, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="where the drafts are left")
    parser.add_argument("--port", type=int, default=8765)
    asked = parser.parse_args()
    shared = Path(os.environ["GONGKAI_SHARED"])
    entries = [json.loads(line) for line in (shared / "corpus/lists/rows.jsonl").read_text("utf-8").splitlines() if line.strip()]
    entries = [entry for entry in entries if entry["rows"]]
    command = [sys.executable, str(shared / "tools/serve_corpus.py"), "--lists", "--port", str(asked.port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server, tempfile.TemporaryDirectory() as made:
        assert server.stdout is not None
        server.stdout.readline()
        folder = asked.keep or Path(made)
        (folder / "config" / "sources").mkdir(parents=True, exist_ok=True)
        config = folder / "config" / "gongkai.toml"
        settings = f'[network]\ndelay = "0s"\nconnect = {{ "*" = "127.0.0.1:{asked.port}" }}\n'
        config.write_text('[operator]\nname = "probe"\ncontact = "mailto:probe@example.org"\n' + settings, "utf-8")
        began, good = time.monotonic(), 0
        for entry in entries:
            recall, precision, count, wrong = measure(config, entry)
            works = recall >= ENOUGH and precision >= ENOUGH
            good += works
            print(
                f"{'works' if works else 'FAILS'}  recall {recall:.3f} precision {precision:.3f} of {count:>2}  {entry['file']}  {wrong}"
            )
        server.terminate()
    print(f"{good} of {len(entries)} drafts work unedited ({time.monotonic() - began:.1f} s)")


if __name__ == "__main__":
    main()
