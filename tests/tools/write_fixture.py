"""For maintainers: writes a source's fixture from saved pages, or its expectations anew. Look at the result before you commit it.

python tests/tools/write_fixture.py ID list.html=http://… 1.html=http://… 1.2.html=http://… [--verified "saved by hand on 2024-11-15"]
python tests/tools/write_fixture.py ID --again      # the rules have changed for the better: write what is read today
python tests/tools/write_fixture.py demo --demo     # the demo site's own pages

Pages are named list, 1, 2 …; 1.2 is the second page of the record of 1. `gongkai try ID --save` writes the same layout from the live site.
"""

import argparse
import time
from pathlib import Path

from crawler.config import fixtures
from crawler.config.fixtures import Saved
from crawler.config.load import read_source
from crawler.demo.site import LANWAN, Site
from crawler.errors import UsageError
from crawler.model import Kind, Page
from crawler.record.rules import ReadRules

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "tests" / "sources"
SOURCES = ROOT / "config" / "sources"


def from_files(named: list[str], at: int) -> list[Saved]:
    """Pages from `file=address` pairs; 1.2.html goes with 1.html."""
    found: dict[str, list[Page]] = {}
    addresses: dict[str, str] = {}
    for pair in sorted(named, key=lambda pair: Path(pair.partition("=")[0]).name):
        file, _, address = pair.partition("=")
        name = Path(file).name.split(".")[0]
        found.setdefault(name, []).append(Page(address, 200, (), Path(file).read_bytes(), at))
        addresses.setdefault(name, address)
    return [
        Saved(name, first, Kind.LIST if name == "list" else Kind.DETAIL, addresses[name], tuple(more))
        for name, (first, *more) in found.items()
    ]


def from_demo(at: int) -> list[Saved]:
    """The demo's first column: its list and its three newest notices."""
    site = Site()
    start = site.start_urls()[LANWAN]
    headers = (("content-type", "text/html"),)
    pages = [("list", start, site.pages[LANWAN, "/zwgk/index.html"].body, Kind.LIST)]
    for number, notice in enumerate(site.notices[LANWAN][:3], 1):
        pages.append((str(number), f"http://{LANWAN}{notice.path}", site.pages[LANWAN, notice.path].body, Kind.DETAIL))
    return [Saved(name, Page(url, 200, headers, body, at), kind, url) for name, url, body, kind in pages]


def main() -> None:
    """Write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("pages", nargs="*", metavar="FILE=ADDRESS")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--demo", action="store_true")
    parser.add_argument("--verified", default="")
    asked = parser.parse_args()
    folder, file = FOLDER / asked.source, SOURCES / f"{asked.source}.toml"
    rules = read_source(file).read if file.is_file() else ReadRules()
    at = int(time.time() * 1000)
    if asked.again:
        pages, verified = fixtures.load(folder), fixtures.verified(folder)
    elif asked.demo:
        pages, verified = from_demo(1_735_000_000_000), "the demo's own site"
    elif asked.pages:
        pages, verified = from_files(asked.pages, at), asked.verified
    else:
        raise SystemExit("name pages as FILE=ADDRESS, or say --again or --demo")
    try:
        for path in fixtures.save(folder, asked.source, pages, lambda one: fixtures.read_saved(one, rules), verified=verified):
            print(path)
    except UsageError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
