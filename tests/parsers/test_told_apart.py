"""What a notice says is told from what its page prints around it, where both use the same words."""

import pytest

from crawler.model import Kind, Page, PageKind
from crawler.parsers.continuation import belongs
from crawler.parsers.detail import read_detail
from crawler.parsers.page import read
from crawler.record.normalize import record, text_digest
from crawler.record.notice import Record
from crawler.record.rules import DetailRules, ReadRules

TITLE = "关于组织开展河道清淤的通知"
URL = "http://www.yunxi.example/zwgk/tzgg/119.html"
AT = 1_760_000_000_000
FACTS = "<p class='xx'>发布时间：2023-05-08　来源：县水利局</p>"
OPENING = "各镇人民政府：现就河道清淤的有关事项通知如下，请认真贯彻执行，按时报送进度。"
CLOSING = "各镇要在6月底前完成清淤，县水利局将组织验收，验收结果在全县通报。"


def recorded(inner: str, head: str = "") -> Record:
    """The record of a page."""
    html = f"<html><head><title>{TITLE}</title>{head}</head><body>{inner}<div class='foot'>主办单位：云溪县人民政府</div></body></html>"
    found = read_detail(html, Page(URL, 200, (), b"", AT), rules=DetailRules())
    assert found.page_kind is PageKind.NOTICE, found.evidence
    return record(found.drafts[0], url=URL, final_url=URL, at=AT)


def paragraphs(*lines: str) -> str:
    """A box of text whose name says nothing."""
    return f"<div class='c7'>{''.join(f'<p>{line}</p>' for line in lines)}</div>"


def titled(*lines: str) -> Record:
    """The record of a page with a heading, a line of facts and these paragraphs."""
    return recorded(f"<h1>{TITLE}</h1>{FACTS}{paragraphs(*lines)}")


@pytest.mark.parametrize(
    "neighbour", ["上一篇：关于征集防汛志愿者的公告", "上一篇：<a href='1.html'>关于征集防汛志愿者并开展集中培训的公告</a>"]
)
def test_neighbours_within_the_article_s_box_do_not_make_one_paragraph_the_article(neighbour: str) -> None:
    made = titled(OPENING, "特此通知", "县水利局", "2023年5月6日", neighbour, neighbour.replace("上", "下"))
    assert made.body == (OPENING, "特此通知", "县水利局", "2023年5月6日")


def test_a_contact_behind_the_text_does_not_make_one_paragraph_the_article() -> None:
    contact = "联系人：张河，电话：0000-1234567，地址：云溪县河堤路1号，邮箱：a@yunxi.example"
    assert titled(OPENING, contact).body == (OPENING, contact)


def test_a_breadcrumb_and_facts_beside_the_text_s_box_are_not_drawn_into_it() -> None:
    made = recorded(
        f"<div class='a1'>当前位置：首页&gt;通知公告</div><div class='a2'>{TITLE}</div><div class='a3'>来源：县水利局　|　日期：2023-05-08</div>"
        f"<div class='a4'>{OPENING}<br><br>{CLOSING}</div><div class='a5'>上一篇：关于征集防汛志愿者的公告</div>"
    )
    assert (made.title, made.channel, made.published, made.body) == (TITLE, "通知公告", "2023-05-08", (OPENING, CLOSING))


def test_a_copy_for_telephones_beside_the_article_is_not_drawn_into_it() -> None:
    copy = (
        f"<div class='{{}}'><div class='t'>{TITLE}</div>{FACTS}{paragraphs(OPENING, CLOSING, '县水利局', '2023年5月6日')}</div>"
    )
    crumb = "<div class='a1'>首页 &gt; 政务公开 &gt; 通知公告</div>"
    made = recorded(f"<div class='w'>{crumb}{copy.format('pc')}</div>{copy.format('phone')}")
    assert (made.channel, made.body) == ("通知公告", (OPENING, CLOSING, "县水利局", "2023年5月6日"))


@pytest.mark.parametrize(
    "line",
    [
        "1.枪机：分辨率不低于1920×1080，支持夜视，工作温度为零下30度以上。",
        "初审：由业务科室在5个工作日内提出意见。",
        "审核：由县级水利部门会同乡镇对申请材料审核",
        "编审：根据审查意见修改后报县政府常务会议研究，然后印发。",
        "相关政策：《云溪县河道管理办法》",
        "四、联系我们：清淤期间如有问题，请与县水利局河道科联系。",
    ],
)
def test_words_of_the_text_are_not_taken_for_furniture_or_the_page_s_foot(line: str) -> None:
    assert titled(OPENING, line, CLOSING).body == (OPENING, line, CLOSING)


@pytest.mark.parametrize("line", ["责任编辑：王小禾", "初审：王小禾 复审：李一 终审：张河", "审核：王小禾", "（编辑：李一）"])
def test_who_edited_a_page_is_no_text(line: str) -> None:
    assert titled(OPENING, CLOSING, line).body == (OPENING, CLOSING)


@pytest.mark.parametrize("line", ["阅读：123", "本文已被浏览 456 次", "访问量：789", "浏览(3.2万次)"])
def test_a_counter_is_no_text_and_invents_no_edit(line: str) -> None:
    made = titled(OPENING, CLOSING, line)
    assert made.body == (OPENING, CLOSING)
    assert text_digest(made) == text_digest(titled(OPENING, CLOSING, line.translate(str.maketrans("123456789", "234567891"))))


@pytest.mark.parametrize("behind", ["阅读数 1234", "热度：88", "人气 5"])
def test_a_counter_behind_the_source_is_not_its_name(behind: str) -> None:
    assert (
        recorded(f"<h1>{TITLE}</h1><p>时间：2023-05-08　来源：县水利局 {behind}</p>{paragraphs(OPENING, CLOSING)}").source
        == "县水利局"
    )


@pytest.mark.parametrize("before", [(), (OPENING,)])
def test_the_day_of_a_meeting_is_text_and_no_day_of_publication(before: tuple[str, ...]) -> None:
    lines = (*before, "时间：2023年5月20日上午9:00", "地点：县水利局三楼会议室", CLOSING)
    made = recorded(f"<h1>{TITLE}</h1>{paragraphs(*lines)}", "<meta name='PubDate' content='2023-05-08 10:00'>")
    assert (made.published, made.body) == ("2023-05-08 10:00", lines)


def test_a_labelled_day_below_a_subtitle_in_the_article_s_box_is_the_page_s_own() -> None:
    inner = f"<div class='c7'><h1>{TITLE}</h1><p>——以东部三镇为试点</p><p>发布时间：2023-05-08</p><p>{OPENING}</p><p>{CLOSING}</p></div>"
    made = recorded(inner)
    assert (made.published, made.body[-2:]) == ("2023-05-08", (OPENING, CLOSING))
    assert not any("发布时间" in line for line in made.body)


@pytest.mark.parametrize("labels", ["更新日期：2023-06-01　发布日期：2023-05-08", "发布日期：2023-05-08　更新日期：2023-06-01"])
def test_the_day_of_publication_wins_over_that_of_a_change(labels: str) -> None:
    assert recorded(f"<h1>{TITLE}</h1><p>{labels}</p>{paragraphs(OPENING, CLOSING)}").published == "2023-05-08"


def test_a_table_of_other_acts_within_the_text_is_text() -> None:
    rows = "".join(
        f"<tr><td>{label}</td><td>{value}</td></tr>"
        for label, value in (
            ("文件名称", "云溪县河道管理办法"),
            ("文号", "云政发〔2011〕3号"),
            ("制定机关", "云溪县人民政府"),
            ("有效性", "废止"),
        )
    )
    made = recorded(f"<h1>{TITLE}</h1>{FACTS}<div class='c7'><p>{OPENING}</p><table>{rows}</table><p>{CLOSING}</p></div>")
    assert made.body == (
        OPENING,
        "文件名称\t云溪县河道管理办法",
        "文号\t云政发〔2011〕3号",
        "制定机关\t云溪县人民政府",
        "有效性\t废止",
        CLOSING,
    )
    assert "doc_no" not in made.meta


BETWEEN = ["云水发〔2023〕12号", "（2023年5月6日县政府常务会议通过）", "（征求意见稿）", "——以东部三镇为试点", "2023年5月6日"]


@pytest.mark.parametrize("between", BETWEEN)
def test_what_stands_between_a_title_and_its_facts_is_not_the_title(between: str) -> None:
    html = f"<div class='a1'>{TITLE}</div><div class='a2'>{between}</div>{FACTS}{paragraphs(OPENING, CLOSING)}"
    found = read_detail(
        f"<html><head><title>云溪县人民政府</title></head><body>{html}</body></html>",
        Page(URL, 200, (), b"", AT),
        rules=DetailRules(),
    )
    assert found.drafts[0].title == TITLE


def test_a_site_s_name_in_the_first_heading_is_not_the_title() -> None:
    html = f"<h1>云溪县水利局</h1><div><h3>{TITLE}</h3>{FACTS}{paragraphs(OPENING, CLOSING)}</div>"
    found = read_detail(
        f"<html><head><title>云溪县水利局</title></head><body>{html}</body></html>",
        Page(URL, 200, (), b"", AT),
        rules=DetailRules(),
    )
    assert found.drafts[0].title == TITLE


def test_documents_listed_behind_the_article_are_its_attachments_and_those_of_other_pages_are_not() -> None:
    file = "/system/_content/download.jsp?urltype=news.DownloadAttachUrl&owner=1&wbfileid={}"
    made = recorded(
        f"<h1>{TITLE}</h1>{FACTS}<div class='v_news_content'><p>{OPENING}</p><p>{CLOSING}</p></div>"
        f"<p>附件【<a href='{file.format(7)}'>清淤方案.docx</a>】已下载3次</p><p>附件【<a href='{file.format(8)}'>清淤进度表.xlsx</a>】</p>"
        "<p>上一条：<a href='/f/1.pdf'>防汛手册.pdf</a></p><p>相关文件</p><p><a href='/f/2.pdf'>抗旱手册.pdf</a></p>"
    )
    assert [item.name for item in made.attachments] == ["清淤方案.docx", "清淤进度表.xlsx"]


def test_a_side_column_s_documents_are_none_of_the_notice_s() -> None:
    made = recorded(
        f"<h1>{TITLE}</h1>{FACTS}{paragraphs(OPENING, CLOSING)}<ul><li><a href='/zt/'>专题专栏</a></li><li><a href='/f/3.pdf'>县志.pdf</a></li></ul>"
    )
    assert made.attachments == ()


@pytest.mark.parametrize(
    ("address", "head", "same"),
    [
        ("?p=124", "?p=123", False),
        ("?id=7&page=2", "?id=7", True),
        ("?id=7&page=2", "?id=7&page=1", True),
        ("?id=8&page=2", "?id=7", False),
        ("?p=124&id=1", "?p=123&id=1", False),
    ],
)
def test_the_number_that_names_a_notice_is_no_page_of_it(address: str, head: str, same: bool) -> None:
    assert belongs(f"http://a.example/show{address}", f"http://a.example/show{head}") is same


def test_one_notice_that_is_printed_twice_is_one() -> None:
    notice = f"<div class='n'><h2>{TITLE}</h2><p>云水发〔2023〕12号</p><p>{OPENING}</p><p>{CLOSING}</p></div>"
    other = notice.replace("12号", "13号").replace("清淤", "清障")

    def count(*blocks: str) -> int:
        html = f"<html><head><meta charset='utf-8'><title>{TITLE}</title></head><body><div>{''.join(blocks)}</div></body></html>"
        return len(read(Page(URL, 200, (), html.encode(), AT), Kind.DETAIL, ReadRules(), URL).notices)

    assert (count(notice, notice), count(notice, other)) == (1, 2)


def test_a_signature_with_a_round_letter_for_the_zero_is_the_day_of_writing() -> None:
    assert titled(OPENING, CLOSING, "县水利局", "二O二三年五月六日").meta["written_date"] == "2023-05-06"
