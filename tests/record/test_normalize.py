"""Draft → Record and its keys."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.record.frame import searched
from crawler.record.normalize import match_digest, notice, record, text_digest
from crawler.record.notice import Attachment, Draft, Place, Record, Site, Witness
from crawler.record.serial import as_json, from_json, record_of
from crawler.text.fold import fingerprint
from crawler.text.words import search_text

AT = 1_717_200_000_000  # 2024-06-01 08:00 in Shanghai
BODY = (
    "各县（市、区）人民政府，市政府各部门：",
    "为加强河道采砂管理，现将本年度禁采期有关事项通知如下，请认真贯彻执行。",
    "一、禁采期自六月一日起，至九月三十日止。",
)
DRAFT = Draft(
    title="关于公布河道禁采期的通知",
    channel="通知公告",
    published="发布时间：2024年05月30日 09:15",
    source="市水务局",
    clicks="128",
    body=BODY,
    attachments=(Attachment("http://example.cn/a.docx", "附件1.docx", "application/msword"),),
    meta={"doc_no": " 水发〔2024〕7号 ", "index_no": "000014349/2024-00007", "written_date": "2024年5月28日"},
    site_code="2102000001",
    site_name="某市人民政府",
    witnesses={"published": Witness("meta.PubDate", "", "2024-05-31"), "title": Witness("h1", "关于公布河道禁采期的通知")},
)


def made(draft: Draft = DRAFT) -> Record:
    """The record of a draft of one page."""
    return record(draft, url="http://example.cn/t1.html", final_url=None, at=AT)


def test_dates_are_normalised_and_their_raw_text_is_kept() -> None:
    result = made()
    assert result.published == "2024-05-30 09:15"
    assert result.provenance["published"] == Witness("meta.PubDate", "发布时间：2024年05月30日 09:15", "2024-05-31")
    assert result.meta["written_date"] == "2024-05-28"
    assert result.provenance["meta.written_date"].raw == "2024年5月28日"


def test_a_date_that_cannot_be_read_is_no_value_but_its_text_is_kept() -> None:
    result = made(replace(DRAFT, published="昨天", meta={"effective_date": "自公布之日起"}))
    assert result.published is None
    assert result.provenance["published"].raw == "昨天"
    assert "effective_date" not in result.meta
    assert result.provenance["meta.effective_date"].raw == "自公布之日起"


def test_a_publication_date_after_the_capture_is_none_but_a_future_effective_date_is_one() -> None:
    result = made(replace(DRAFT, published="2024-06-03", meta={"effective_date": "2025-01-01"}))
    assert result.published is None
    assert result.meta["effective_date"] == "2025-01-01"
    assert made(replace(DRAFT, published="2024-06-02")).published == "2024-06-02"


def test_the_day_of_the_capture_is_shanghais() -> None:
    """At 17:00 UTC it is the next day there, and one more is allowed."""
    late = record(replace(DRAFT, published="2024-06-03"), url=None, final_url=None, at=AT + 17 * 3_600_000)
    assert late.published == "2024-06-03"


@pytest.mark.parametrize("nothing", ["", " ", "无", "暂无", "空", "\u3000无\xa0", "-", "null"])
def test_values_that_say_nothing_are_no_values(nothing: str) -> None:
    draft = replace(DRAFT, source=nothing, channel=nothing, published=nothing, meta={"doc_no": nothing, "written_date": nothing})
    result = made(replace(draft, witnesses={name: Witness("rule", nothing) for name in ("source", "published", "meta.doc_no")}))
    assert (result.source, result.channel, result.published, dict(result.meta)) == (None, None, None, {})
    assert dict(result.provenance) == {}


def test_a_source_that_is_the_title_is_a_templates_mistake() -> None:
    assert made(replace(DRAFT, source="关于公布 河道禁采期的通知")).source is None
    assert made().source == "市水务局"


@pytest.mark.parametrize(
    ("raw", "clicks"),
    [
        ("128", 128),
        (" 1,280 次", 1280),
        ("1，280次", 1280),
        ("12）", 12),
        ("12 小时", None),
        ("1,280次", 1280),
        ("12人次", 12),
        ("0", 0),
        ("", None),
        (None, None),
        ("正在加载", None),
        ("-1", None),
    ],
)
def test_clicks_are_a_number_or_nothing(raw: str | None, clicks: int | None) -> None:
    assert made(replace(DRAFT, clicks=raw)).clicks == clicks


def test_clicks_never_overflow_a_database() -> None:
    assert made(replace(DRAFT, clicks="9" * 40)).clicks is None


def test_edges_are_trimmed_and_the_pages_own_text_is_kept() -> None:
    result = made(
        replace(DRAFT, title="\u3000土 地 批 复\xa0", body=("\u3000\u3000一、10²　Ａ長(zhǎng)  甲\n", "\xa0", "\u200b"))
    )
    assert result.title == "土 地 批 复"
    assert result.body == ("一、10²　Ａ長(zhǎng)  甲",)
    assert result.meta["doc_no"] == "水发〔2024〕7号"


def test_characters_no_database_takes_are_replaced() -> None:
    draft = replace(
        DRAFT, title="甲\x00乙", body=("\ud800丙",), meta={"name": "\udfff"}, witnesses={"title": Witness("h1", "甲\x00乙")}
    )
    result = made(draft)
    assert (result.title, result.body, result.meta["name"], result.provenance["title"].raw) == (
        "甲\ufffd乙",
        ("\ufffd丙",),
        "\ufffd",
        "甲\ufffd乙",
    )


def test_a_site_without_code_and_name_is_none() -> None:
    assert made().site == Site("2102000001", "某市人民政府")
    assert made(replace(DRAFT, site_code=" ", site_name=None)).site is None


# ------------------------------------------------------------------ digests
def test_everything_a_reader_sees_cuts_a_version() -> None:
    base = made()
    others = [
        replace(base, title="另一题"),
        replace(base, channel="公示"),
        replace(base, published="2024-05-30"),
        replace(base, source="市政府"),
        replace(base, body=(*BODY[:2], "一、禁采期自六月一日起，至十月三十日止。")),
        replace(base, body=(*BODY, "十")),
        replace(base, body=(BODY[0] + BODY[1], BODY[2])),
        replace(base, attachments=(Attachment("http://example.cn/a.docx", "附件2.docx"),)),
        replace(base, attachments=()),
        replace(base, meta={**base.meta, "issuer": "市水务局"}),
        replace(base, meta={**base.meta, "validity": "失效"}),
        replace(base, meta={**base.meta, "field_of_tomorrow": "甲"}),
    ]
    digests = {text_digest(item) for item in [base, *others]}
    assert len(digests) == len(others) + 1


def test_what_is_not_the_pages_text_cuts_no_version() -> None:
    base = made()
    place = Place("c-1", "a.warc.gz", 1, 2, "sha256:x", "2024-06-01T00:00:00Z")
    for other in (
        replace(base, clicks=99_999),
        replace(base, url="http://other.cn/", final_url="http://other.cn/", site=None, capture=place, provenance={}),
        replace(base, attachments=(Attachment("http://example.cn/moved/a.docx", "附件1.docx", None),)),
        replace(base, body=tuple(f" {text.replace('，', '，')}\u3000" for text in base.body)),
        replace(base, title=base.title + "\n\t"),
        replace(base, meta={**base.meta, "issuer": ""}),
        replace(base, meta=dict(reversed(list(base.meta.items())))),
    ):
        assert text_digest(other) == text_digest(base)


def test_folding_never_decides_that_nothing_changed() -> None:
    squared = replace(made(), body=("面积10²",))
    assert text_digest(squared) != text_digest(replace(squared, body=("面积102",)))
    assert text_digest(squared) != text_digest(replace(squared, body=("面積10²",)))


def test_values_cannot_be_moved_between_fields_unseen() -> None:
    plain = replace(made(), meta={}, attachments=(), source=None, channel=None)
    assert text_digest(replace(plain, source="甲")) != text_digest(replace(plain, channel="甲"))
    assert text_digest(replace(plain, title="甲\x1esource\x1f乙")) != text_digest(replace(plain, title="甲", source="乙"))


def test_text_digests_do_not_change_from_one_release_to_the_next() -> None:
    """A digest that changes here needs a new DIGEST_VERSION."""
    assert text_digest(Record("甲", None, None, None, None, ("乙",))) == "01b122bf8a9c875d174aaa3945e99a84"


def test_match_digests_are_equal_for_disguises_and_none_for_short_bodies() -> None:
    body = "为加强河道采砂管理，现将本年度禁采期有关事项通知如下，请各县市区认真贯彻执行，并于月底前报送有关情况。"
    traditional = "為加強河道採砂管理,現將本年度禁採期有關事項通知如下,請各縣市區認真貫徹執行,並於月底前報送有關情況."
    assert match_digest("通知", body) == match_digest("通　知", traditional) == fingerprint("通知", body)
    assert match_digest("通知", body) != match_digest("公告", body)
    assert match_digest("通知", "详见附件。") is None
    assert match_digest("通知", "甲" * 39 + "。，、") is None
    assert match_digest("通知", "甲" * 40) is not None


def test_match_digests_ignore_source_date_channel_and_meta() -> None:
    bare = Draft(title=DRAFT.title, body=DRAFT.body)
    one, other = (notice(draft, url=None, final_url=None, at=AT) for draft in (DRAFT, bare))
    assert one.match_digest == other.match_digest is not None
    assert one.text_digest != other.text_digest


def test_a_notice_carries_every_key_of_its_record() -> None:
    result = notice(replace(DRAFT, part=2), url="http://example.cn/t1.html", final_url=None, at=AT)
    held = record_of(result)
    body = "\n".join(held.body)
    assert held == made()
    assert (result.part, result.title, result.published, result.channel, result.source, result.paragraphs) == (
        2, held.title, held.published, held.channel, held.source, len(held.body),
    )  # fmt: skip
    assert (result.doc_no, result.index_no, result.attachments) == (held.meta["doc_no"], held.meta["index_no"], held.attachments)
    assert result.text_digest == text_digest(held)
    assert result.match_digest == match_digest(held.title, body)
    assert searched(result.packed) == (search_text(held.title), search_text(body))


# ------------------------------------------------------------------ JSON
def test_a_record_comes_back_from_its_json() -> None:
    whole = replace(made(), capture=Place("c-1", "a.warc.gz", 1, 2, "sha256:x", "2024-06-01T00:00:00Z"), clicks=0)
    assert from_json(as_json(whole)) == whole
    bare = Record("甲", None, None, None, None, ())
    assert from_json(as_json(bare)) == bare


def test_the_keys_stand_in_the_order_of_the_format() -> None:
    assert list(as_json(made())) == [
        "title", "channel", "published", "source", "clicks", "body", "attachments", "tables", "images", "people", "meta",
        "url", "final_url", "site", "provenance", "incomplete", "capture", "further",
    ]  # fmt: skip
    assert list(made().meta) == ["index_no", "doc_no", "written_date"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("title", None),
        ("title", 1),
        ("clicks", "1"),
        ("clicks", True),
        ("body", "甲"),
        ("body", [1]),
        ("body", {"0": "甲"}),
        ("attachments", ["甲"]),
        ("attachments", [{"url": None}]),
        ("tables", [{"at": 0, "rows": ["甲"]}]),
        ("tables", [{"at": 0, "rows": [[1]]}]),
        ("images", [{"at": "0"}]),
        ("people", [{"role": "编辑"}]),
        ("meta", {"labels": ["甲"]}),
        ("meta", {"labels": [{"value": "甲"}]}),
        ("meta", {"doc_no": 1}),
        ("meta", []),
        ("provenance", {"title": "h1"}),
        ("provenance", {"title": {"raw": "甲"}}),
        ("site", "甲"),
        ("capture", {"id": "c-1"}),
        ("capture", {"id": "c-1", "file": "a", "offset": "1", "length": 1, "digest": "", "time": ""}),
    ],
)
def test_json_that_is_no_record_is_refused(key: str, value: Any) -> None:
    with pytest.raises(TypeError, match="record:"):
        from_json({**as_json(made()), key: value})


@given(
    st.builds(
        Draft,
        title=st.text(),
        channel=st.none() | st.text(),
        published=st.none() | st.text(),
        source=st.none() | st.text(),
        clicks=st.none() | st.text(),
        body=st.lists(st.text()).map(tuple),
        meta=st.dictionaries(st.sampled_from(["doc_no", "written_date", "other"]), st.text()),
    )
)
def test_any_draft_makes_a_notice_that_can_be_stored_and_told_again(draft: Draft) -> None:
    result = notice(draft, url=None, final_url=None, at=AT)
    held = record_of(result)
    assert from_json(as_json(held)) == held
    for text in (held.title, *held.body, *held.meta.values(), *searched(result.packed)):
        assert "\x00" not in text
        text.encode("utf-8")
