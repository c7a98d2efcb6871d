"""Documents at notices' addresses, from end to end: archived, read, found by a word that stands only in them, edited by their bytes."""

from pathlib import Path
from typing import Any

import pytest

from crawler.cli.main import run
from crawler.demo.site import LANWAN, Page, Site
from tests.parsers.attached import made

Home = Any  # the fixture's class lives in conftest, which tests do not import

BOTH = pytest.mark.parametrize("home", ["sqlite", "postgresql"], indirect=True)
FILES = {
    "/zwgk/202411/fangxun.pdf": (made.pdf(2, lines=("防汛物资储备办法", "冲锋舟停在水文码头")), "application/pdf"),
    "/zwgk/202411/yusuan.xlsx": (made.xlsx(), "application/octet-stream"),
    "/zwgk/202411/hongtou.ofd": (made.ofd(loose=True), "application/octet-stream"),
}


def asked(home: Home, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command prints."""
    capsys.readouterr()
    assert run(["--config", str(home.path), *words]) == 0
    return capsys.readouterr().out


@BOTH
def test_a_word_that_stands_only_in_a_document_is_found_and_shown(
    site: Site, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    for path, (data, kind) in FILES.items():
        site.put(LANWAN, path, Page(data, kind))
        home.crawl(url=f"http://{LANWAN}{path}")
    for word, path in (("水文码头", "fangxun.pdf"), ("救生衣", "yusuan.xlsx"), ("冲锋舟12艘", "hongtou.ofd")):
        assert path in asked(home, capsys, "search", word, "--json")
    records = {record["url"].rpartition("/")[2]: record for record in home.export()}
    pdf, sheet = records["fangxun.pdf"], records["yusuan.xlsx"]
    assert pdf["body"] == ["防汛物资储备办法", "冲锋舟停在水文码头", "第1页", "防汛物资储备办法", "冲锋舟停在水文码头", "第2页"]
    assert pdf["provenance"]["body"]["raw"] == "page 1: 1-3; page 2: 4-6"
    assert (sheet["tables"][0]["caption"], tuple(sheet["tables"][0]["rows"][1])) == ("物资", made.SHOWN[1])


def test_other_bytes_under_the_same_name_are_an_edit_and_the_same_bytes_are_none(site: Site, home: Home) -> None:
    path = "/zwgk/202411/fangxun.pdf"
    url = f"http://{LANWAN}{path}"
    for lines in (("储备冲锋舟",), ("储备冲锋舟",), ("储备编织袋",)):
        site.put(LANWAN, path, Page(made.pdf(lines=lines), "application/pdf"))
        home.crawl(url=url)
    assert home.export()[0]["body"] == ["储备编织袋", "第1页"]
    # reportlab dates its files: what the office saved anew is another document
    assert home.kinds() == {"new": 1, "edit": 2}
    home.crawl(url=url)
    assert home.kinds() == {"new": 1, "edit": 2}


def test_the_text_of_a_document_is_extracted_and_its_bytes_are_its_own(
    site: Site, home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = "/zwgk/202411/fangxun.pdf"
    data = made.pdf(lines=("储备冲锋舟",))
    site.put(LANWAN, path, Page(data, "application/pdf"))
    home.crawl(url=f"http://{LANWAN}{path}")
    number = home.export()[0]["id"]
    asked(home, capsys, "extract", number, "--as", "text", "--to", str(tmp_path / "a.txt"))
    assert (tmp_path / "a.txt").read_text("utf-8") == "储备冲锋舟\n第1页\n"
    asked(home, capsys, "extract", number, "--to", str(tmp_path / "a.pdf"))
    assert (tmp_path / "a.pdf").read_bytes() == data
