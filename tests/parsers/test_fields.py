"""Who is believed, and what the record says of it; scripts that write; dates that are none; what was left out is named."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from crawler.model import Kind, Page
from crawler.parsers.explain import explain
from crawler.parsers.fields import CONFIDENCE, ORDER, doc_no_key, pick, same_day, same_doc_no, same_text
from crawler.parsers.page import read
from crawler.parsers.scripts import strings, written
from crawler.record.notice import Record, Witness
from crawler.record.rules import ReadRules
from crawler.record.serial import as_json, from_json, record_of
from crawler.text.dates import why_not
from tests.parsers.families import BODY, TITLE, metas, page, text

AT = 1_790_000_000_000  # 2026-09-21
URL = "http://www.shili.example/a/b.html"


def recorded(html: str) -> Record:
    """The one record of a page."""
    found = read(Page(URL, 200, (), html.encode("utf-8", "replace"), AT), Kind.DETAIL, ReadRules(), URL)
    assert found.notices, found.evidence
    return record_of(found.notices[0])


def laid(facts: str, head: str = "", body: str = "") -> str:
    """A page with these facts under its title."""
    return page(f"<h1>{TITLE}</h1><div class='info'>{facts}</div><div class='con'>{body or text()}</div>", head)


def test_the_first_witness_of_the_order_wins_and_all_that_disagree_are_named() -> None:
    said = [
        ("url", "2021-11-29"),
        ("meta.PubDate", "2023-05-12 23:20"),
        ("label.head", "2021年11月30日"),
        ("unlabelled", "2021-11-30"),
    ]
    picked = pick("published", said, same_day)
    assert picked.value == "2021年11月30日"
    assert picked.witness is not None
    assert (picked.witness.rule, picked.witness.disagrees) == ("published.label.head", "2023-05-12 23:20")
    assert picked.witness.against == ("meta.PubDate", "url")


def test_agreement_makes_sure_and_contradiction_unsure() -> None:
    agreed = pick("meta.issuer", [("disclosure", "区安委办"), ("text", "区安委办")], same_text).witness
    contested = pick("meta.issuer", [("disclosure", "区安委办"), ("text", "区应急局")], same_text).witness
    assert agreed is not None
    assert contested is not None
    assert agreed.confidence is not None
    assert contested.confidence is not None
    assert agreed.confidence > contested.confidence


def test_every_witness_of_a_title_that_said_something_else_is_named() -> None:
    head = metas(ArticleTitle=TITLE, PubDate="2021-11-30")
    made = recorded(
        page(
            f"<h2 class='k'>别的标题写在这里</h2><h1>{TITLE}</h1><p>发布时间：2021-11-30</p><div class='con'>{text()}</div>", head
        )
    )
    assert "h2" in made.provenance["title"].against


def test_nobody_is_nearly_certain_but_where_witnesses_agree() -> None:
    for shares in CONFIDENCE.values():
        assert max(share for name, share in shares.items() if not name.startswith("agreed")) <= 0.95


def test_nobody_who_speaks_is_no_witness() -> None:
    assert pick("channel", [(rule, None) for rule in ORDER["channel"]], same_text) == pick("channel", [], same_text)


@pytest.mark.parametrize("other", ["国发[2019]5号", "国发（２０１９）5 号", "国发【2019】５号", "國發〔2019〕5號"])
def test_a_document_number_has_one_key_however_its_year_is_bracketed(other: str) -> None:
    assert doc_no_key(other) == doc_no_key("国发〔2019〕5号")
    assert not same_doc_no(other, "国发〔2019〕6号")


def test_a_witness_survives_the_record_s_json() -> None:
    made = recorded(
        laid("发布时间：2021-11-30 来源：区应急局", metas(ArticleTitle=TITLE, PubDate="2023-01-01 08:00", ContentSource="别处"))
    )
    again = from_json(json.loads(json.dumps(as_json(made))))
    assert again.provenance["published"] == made.provenance["published"]
    assert made.provenance["source"].against == ("meta.ContentSource",)


# ------------------------------------------------------------------ lies
def test_the_time_a_page_was_built_is_no_date_of_publication() -> None:
    built = "2024-02-29 16:00:26"
    made = recorded(laid("", metas(ArticleTitle=TITLE, PubDate=built, others=f"页面生成时间 {built}")))
    assert made.published is None


def test_a_source_shown_empty_is_none_and_the_record_says_what_the_tag_said() -> None:
    made = recorded(laid("发布时间：2021-11-30　来源：　浏览量：3", metas(ArticleTitle=TITLE, ContentSource="示例市人民政府")))
    assert made.source is None
    assert (made.provenance["source"].rule, made.provenance["source"].disagrees) == ("source.not_shown", "示例市人民政府")


@pytest.mark.parametrize("facts", ["", "发布时间：2021-11-30　浏览量：<i id='n'></i>"])
def test_a_tag_names_the_source_where_the_page_shows_no_label_of_one(facts: str) -> None:
    made = recorded(laid(facts, metas(ArticleTitle=TITLE, PubDate="2021-11-30", ContentSource="示例市人民政府")))
    assert (made.source, made.provenance["source"].rule) == ("示例市人民政府", "source.meta.ContentSource")


def test_an_impossible_date_is_refused_with_its_reason_and_the_next_witness_speaks() -> None:
    made = recorded(laid("发布时间：2021-02-30 来源：区应急局", metas(ArticleTitle=TITLE, PubDate="2021-03-01 09:00")))
    assert (made.published, made.provenance["published"].rule) == ("2021-03-01 09:00", "published.meta.PubDate")
    assert made.provenance["published"].refused == ("label.head: 2021-02-30: no such day",)


def test_a_date_after_the_capture_is_refused_with_its_reason() -> None:
    made = recorded(laid("发布时间：2031-02-03 来源：区应急局"))
    assert made.published is None
    assert made.provenance["published"].refused == ("label.head: 2031-02-03: after the capture",)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("二〇一九年二月三十日", "no such day"),
        ("2024年13月1日", "no such day"),
        ("1890-01-01", "before 1949"),
        ("2027-01-01", "after the capture"),
    ],
)
def test_a_date_that_is_none_has_a_reason(written: str, reason: str) -> None:
    assert (why_not(written, not_after="2026-01-01") or "").endswith(reason)


def test_written_published_and_effective_days_are_kept_apart() -> None:
    body = text("p", (*BODY, "本办法自2022年3月1日起施行。", "示例区人民政府", "二○二一年十一月二十六日"))
    made = recorded(laid("发布日期：2021-11-30", body=body))
    assert (made.published, made.meta["written_date"], made.meta["effective_date"]) == ("2021-11-30", "2021-11-26", "2022-03-01")
    assert made.provenance["meta.written_date"].rule == "meta.written_date.text"


# ------------------------------------------------------------------ titles
def test_a_title_set_wide_is_shown_in_its_usual_form() -> None:
    wide = " ".join(TITLE)
    made = recorded(
        page(f"<h1>{wide}</h1><p>发布时间：2021-11-30</p><div class='con'>{text()}</div>", title=f"{TITLE}-示例区人民政府")
    )
    assert made.title == TITLE


def test_a_title_that_a_template_breaks_over_lines_is_one_line() -> None:
    made = recorded(page(f"<h1>{TITLE[:9]}<br>{TITLE[9:]}</h1><p>发布时间：2021-11-30</p><div class='con'>{text()}</div>"))
    assert made.title == TITLE


@pytest.mark.parametrize(
    "page_title",
    [f"{TITLE}_通知公告_示例区人民政府", f"示例区人民政府 {TITLE}", f"{TITLE}|示例", f"【通知公告】{TITLE} — 示例网"],
)
def test_the_page_s_name_for_itself_is_cut_by_what_the_page_shows(page_title: str) -> None:
    made = recorded(
        page(f"<div class='k'>{TITLE}</div><p>发布时间：2021-11-30</p><div class='con'>{text()}</div>", title=page_title)
    )
    assert made.title == TITLE


# ------------------------------------------------------------------ scripts
def test_a_script_s_writing_is_read_and_nothing_is_run() -> None:
    script = 'var t="甲\\u4e59";var e=""; document.write("<b>"+e+"</b>");document.write("<h2>"+t+"</h2>");'
    assert written(script, strings(script)) == ("甲乙", True)
    for unread in (
        "document.write(new Date())",
        "document.write('<script src=x></scr'+'ipt>')",
        "if(m){document.write('手机版')}",
        "document.write(name)",
    ):
        assert written(unread, {}) == ("", False)


def test_a_source_that_a_script_fills_from_elsewhere_is_left_to_the_tag() -> None:
    made = recorded(
        laid(
            "发布时间：2021-11-30 来源：<script>document.write(getSource())</script>",
            metas(ArticleTitle=TITLE, ContentSource="区应急局"),
        )
    )
    assert made.source == "区应急局"


# ------------------------------------------------------------------ nothing is dropped silently
def test_every_line_of_the_article_s_element_is_read_or_named_with_its_rule() -> None:
    inner = f"<div class='TRS_Editor'><h1>{TITLE}</h1>{text()}<p style='display:none'>看不见的话</p><p>【打印本页】</p><p>责任编辑：某某</p></div>"
    told = explain(Page(URL, 200, (), page(f"<p>发布时间：2021-11-30</p>{inner}").encode(), AT))
    assert [(item["rule"], item["text"]) for item in told["dropped"]] == [
        ("the title", TITLE), ("furniture", "【打印本页】"), ("furniture", "责任编辑：某某"), ("hidden", "看不见的话"),
    ]  # fmt: skip
    assert told["body"] == list(BODY)
    assert told["fields"]["title"]["value"] == TITLE


def test_parse_explain_prints_why(tmp_path: Path) -> None:
    (tmp_path / "p.html").write_text(laid("发布时间：2021-11-30 来源：区应急局"), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "crawler.cli", "parse", "--explain", "--json", str(tmp_path / "p.html")],
        capture_output=True,
        check=False,
    )
    told = json.loads(done.stdout)
    assert (told["page_kind"], told["fields"]["source"]["rule"], told["fields"]["source"]["version"]) == (
        "notice",
        "source.label.head",
        4,
    )


def test_a_witness_without_new_fields_is_still_one() -> None:
    assert Witness("h1").version == 1
    assert Witness("h1").confidence is None
