"""For maintainers: makes the dictionary that stored texts are packed with, from the demo's notices and the tests' page layouts.

    python tests/tools/train_dictionary.py ID [FOLDER]    # writes FOLDER/pack-ID.dict, by default beside crawler/record/pack.py

The same pages and the same zstandard give the same bytes. A new dictionary takes a new ID, which `pack.DICTIONARY` then names; the older
files stay, for what was packed with them.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import zstandard

from crawler.demo.layouts import render
from crawler.demo.site import HOSTS, notices
from crawler.model import Kind, Page
from crawler.parsers.page import read
from crawler.record import pack
from crawler.record.rules import ReadRules

SIZE = 8192
AT = 1_790_000_000_000
ADDRESS = "http://www.example.gov.cn/zwgk/gsgg/202111/t20211130_123456.html"


def pages() -> Iterator[Page]:
    """The pages of the demo, and each layout of the tests in each of its mutations."""
    from tests.parsers.families import FAMILIES
    from tests.parsers.mutate import MUTATIONS

    for host in HOSTS:
        for notice in notices(host):
            for body in render(host, notice):
                yield Page(f"http://{host}{notice.path}", 200, (("content-type", "text/html"),), body, AT)
    for family in FAMILIES.values():
        for change in MUTATIONS.values():
            yield Page(ADDRESS, 200, (), change(family().html).encode(), AT)


def texts() -> list[bytes | bytearray | memoryview]:
    """What would be packed of each."""
    readings = [read(page, Kind.DETAIL, ReadRules(), page.url) for page in pages()]
    return [pack.unpack(notice.packed).encode() for reading in readings for notice in reading.notices]


def train(number: int) -> bytes:
    """The dictionary of that ID."""
    return bytes(zstandard.train_dictionary(SIZE, texts(), dict_id=number).as_bytes())


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))  # the tests' layouts are no installed package
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(pack.__file__).parent
    (folder / f"pack-{int(sys.argv[1])}.dict").write_bytes(train(int(sys.argv[1])))
