"""Citations: what they say, that nothing of a page gets out of its line, and that CSL-JSON is what reference managers take."""

from typing import Any

import pytest

from crawler.record.citation import cited, csl, gb7714, text

DIGEST = "sha256:" + "ab" * 32


def record(**values: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "title": "关于2023年部门决算公开的说明",
        "published": "2024-05-31 09:12",
        "source": "示例区财政局",
        "meta": {"doc_no": "示财〔2024〕5号", "issuer": "示例区财政局"},
        "url": "http://www.example.test/t1.html",
        "site": {"code": "2100000001", "name": "示例区人民政府"},
        "capture": {"id": "c-7k3m9q2x1vtd", "file": "a-0001.warc.gz", "offset": 512, "length": 4096, "digest": DIGEST, "time": "2024-05-31T17:30:00Z"},
    }  # fmt: skip
    return {**made, **values}


def test_gb_7714_names_author_title_number_days_and_address_in_the_standards_order() -> None:
    assert gb7714(cited("7k3m9q2x1vtd", 2, record())) == (
        "示例区财政局. 关于2023年部门决算公开的说明:示财〔2024〕5号[EB/OL]. (2024-05-31)[2024-06-01]. http://www.example.test/t1.html. "
        f"存证:c-7k3m9q2x1vtd,2024-06-01T01:30:00+08:00,{DIGEST},a-0001.warc.gz+512."
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_text_says_when_what_and_where_the_bytes_lie(language: str) -> None:
    said = text(cited("7k3m9q2x1vtd", 2, record()), language)
    for part in (
        "7k3m9q2x1vtd.2",
        "c-7k3m9q2x1vtd",
        DIGEST,
        "a-0001.warc.gz",
        "512",
        "4096",
        "2024-06-01 01:30:00",
        "2024-05-31",
    ):
        assert part in said
    assert len(said.splitlines()) == 2
    assert len(text(cited("7k3m9q2x1vtd", 2, record(), "gone"), language).splitlines()) == 3


def test_csl_json_has_the_fields_of_its_schema_and_the_evidence_in_custom() -> None:
    item = csl(cited("7k3m9q2x1vtd", 2, record()))
    assert item["id"] == "7k3m9q2x1vtd.2"
    assert item["issued"] == {"date-parts": [[2024, 5, 31]]}
    assert item["accessed"] == {"date-parts": [[2024, 6, 1]]}
    assert item["author"] == [{"literal": "示例区财政局"}]
    assert item["custom"]["captured"] == "2024-05-31T17:30:00Z"
    assert item["custom"]["warc"] == {"file": "a-0001.warc.gz", "offset": 512, "length": 4096}
    assert set(item) <= {
        "id", "type", "title", "language", "URL", "author", "number", "container-title", "issued", "accessed", "archive", "archive_location",
        "note", "custom",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"meta": {}, "source": None, "site": None}, "关于2023年部门决算公开的说明[EB/OL]. (2024-05-31)[2024-06-01]."),
        ({"meta": {}}, "示例区财政局. 关于2023年部门决算公开的说明[EB/OL]. (2024-05-31)"),
        ({"meta": {}, "source": None}, "示例区人民政府. 关于2023年部门决算公开的说明[EB/OL]. (2024-05-31)"),
        ({"meta": {"written_date": "2024-03-02"}, "published": None}, "说明[EB/OL]. (2024-03-02)[2024-06-01]"),
        ({"meta": {"open_date": "2024-04-02", "written_date": "2024-03-02"}, "published": None}, "说明[EB/OL]. (2024-04-02)["),
        ({"meta": {}, "published": None}, "说明[EB/OL]. [2024-06-01]"),
        ({"meta": {}, "published": "2024-05"}, "说明[EB/OL]. (2024-05)["),
        ({"title": "示财〔2024〕5号公告"}, "示例区财政局. 示财〔2024〕5号公告[EB/OL]"),
        ({"title": ""}, "示例区财政局. [无题名]:示财〔2024〕5号[EB/OL]"),
    ],
)
def test_what_is_not_known_is_left_out_and_no_mark_stands_alone(values: dict[str, Any], said: str) -> None:
    assert said in gb7714(cited("7k3m9q2x1vtd", 1, record(**values)))


@pytest.mark.parametrize(
    "mark", ["\n", "\r\n", "\t", "\x00", "\x1b", "\u202e", "\u200b", "\u2028", "\u2029", "\ufeff", "\x85", "\ud800"]
)
def test_what_a_reader_does_not_see_is_in_no_citation(mark: str) -> None:
    made = cited("7k3m9q2x1vtd", 1, record(title=f"决算{mark}公开", meta={"issuer": f"局{mark}长", "doc_no": f"5{mark}号"}))
    for said in (gb7714(made), str(csl(made)), *text(made).splitlines(), *text(made, "en").splitlines()):
        assert mark not in said
    assert len(text(made).splitlines()) == 2
