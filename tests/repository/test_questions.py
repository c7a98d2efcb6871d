"""What is asked and what is answered: the same on both databases, and what a scan of every record by other means finds."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.errors import UsageError
from crawler.repository import schema as t
from crawler.repository.database import Database
from crawler.repository.search.find import find
from crawler.repository.search.index import index
from crawler.repository.search.question import Only, Question
from crawler.text.asked import QueryError, parse, phrases
from crawler.text.fold import fold

DAY_MS = 86_400_000
T0 = 1_700_000_000_000
OFFICES = ["示例区财政局", "示例市人民政府办公室", "貴州省教育廳", None]
CHANNELS = ["政策文件", "公示公告", None]
BODIES = [
    "各乡镇人民政府：现将预算公开如下。联系电话12345678。",
    "政府采购项目中标公告，采购人为某局。",
    "長(zhǎng)興島經(jīng)濟(jì)區(qū)召開全體會(huì)議，“兩委”成員參加。",
    "根据《行政许可法》第12条，PM2.5指标下降2.5%。",
    "本通知自公布之日起施行，有效期5年。会议纪要另行印发。",
    "",
]
TITLES = [
    "关于{n}年预算公开的通知",
    "政府采购公告（第{n}号）",
    "長興島{n}號會議紀要",
    "关于印发管理办法（试行）的通知",
    "公告",
    "WTO与O'Neill报告 {n}",
]
# Each question in the language itself; nothing here is expected by hand but that all ways agree, what is expected by hand stands below.
QUESTIONS = """
采购|公告|通知|会议|會議|号|元|预|1|12|2.5|pm2.5|2024|wto|WT*|O'Neill|20*|长兴岛|長興島|长兴岛经济区|两委|行政许可法|全体会议
"采购项目"|"采购 项目"|“预算公开”|「管理办法」|采购 公告|采购 AND 公告|采购 OR 会议|采购 | 会议|采购 公告 OR 会议|(采购 OR 会议) 公告|((采购))
-通知|NOT 通知|公告 -采购|公告 NOT 采购|-(采购 OR 会议)|采购 -(公告 OR 中标)|-采购 -会议|-(-采购)|公告 －采购|采购 -5 -6|通知 -title:通知
title:公告|标题:公告|title:"管理办法"|title:号|-title:公告|title:公告 OR title:会议|title:(x|title:印发*
issuer:财政局|issuer:教育厅|发文机关：办公室|issuer:局 OR issuer:厅|-issuer:财政局|channel:政策|栏目:公示|channel:政策 采购|-channel:政策
source:s1|source:s-2|source:示例一|source:日报|-source:s1|source:s1 OR source:s-2|采购 source:日报|source:nowhere
no:〔2024〕5号|no:[2024]5号|no:(2024)5号|no:（2024）5号|no:【2024】5号|no:2024 5号|no:财发〔2024〕5号|no:5号|no:5|no:2024|文号：〔2023〕3号|no:教|-no:2024|no:財發〔2024〕5號
region:21|region:2102|region:210200|region:99|level:county|level:city|level:city OR 采购|-level:city|region:21 采购
is:here|is:gone|is:missing|-is:here|采购 is:gone|is:gone OR 预算|has:attachment|has:table|-has:attachment|has:table has:attachment|has:image
published:2024|published:2024-05|published:2024-05-03|published:2023-06..2024-02|published:..2023|published:2024-06..|-published:2024|采购 published:2024
written:2024|written:2023..2024-03|seen:2023-11|seen:2023-11-20..|seen:2023-11-16 采购|published:2024 OR 采购|written:2024 -通知
category:财政|分类:教育|genre:通知|validity:有效|validity:失效 OR 采购|-validity:有效|category:财政 genre:通知
，。|……|、 采购|采购 ，
"""


def asked() -> list[str]:
    """All questions; a bar between blanks belongs to the language."""
    return [one for line in QUESTIONS.strip().splitlines() for one in re.split(r"(?<! )\|(?! )", line)]


def record(n: int) -> dict[str, Any]:
    """The record of a notice."""
    year, office = 2022 + n % 4, OFFICES[n % 4]
    meta = {"written_date": f"{year}-{n % 12 + 1:02}-01"} if n % 3 else {}
    if office:
        meta["issuer"] = office
    if n % 5 != 4:
        meta["doc_no"] = f"{'财教'[n % 2]}发〔{year}〕{n % 7 + 1}号"
    if n % 4 == 1:
        meta |= {"category": "财政、金融" if n % 8 == 1 else "教育", "genre": "通知", "validity": "有效" if n % 3 else "失效"}
    return {
        "title": TITLES[n % 6].format(n=n),
        "published": None if n % 11 == 10 else f"{year}-{n % 12 + 1:02}-{n % 28 + 1:02}" if n % 9 else f"{year}-{n % 12 + 1:02}",
        "source": ["财政局", "示例日报", None][n % 3],
        "channel": CHANNELS[n % 3],
        "body": [BODIES[(n * 5 + 2) % 6]],
        "meta": meta,
        "attachments": [{"url": "http://x.test/a.pdf", "name": "附件"}] if n % 7 == 3 else [],
        "tables": [{"at": 0, "rows": [["1"]]}] if n % 10 == 3 else [],
    }


SOURCES = {"s1": ("示例一区", "210213", "county"), "s-2": ("示例二市", "210200", "city"), "s3": ("示例三", None, None)}


@pytest.fixture(scope="module")
def golden() -> dict[str, list[str]]:
    """What each question finds on the database that was asked first; the other must say the same."""
    return {}


@pytest.fixture
def archive(database: Database, library: Any) -> Database:
    """Sixty notices of three sources."""
    with database.write() as c:
        for name, (title, region, level) in SOURCES.items():
            c.execute(t.sources.insert().values(id=name, title=title, config_digest="", region=region, level=level))
        for n in range(60):
            held = record(n)
            seen = {"first_seen": T0 + n * DAY_MS, "presence": "gone" if n % 13 == 5 else "missing" if n % 17 == 6 else "here"}
            held_body = held.pop("body")[0]
            library(c).document(
                f"g{n:011}",
                held["title"],
                held_body,
                published=held["published"],
                record=held,
                source=list(SOURCES)[n % 3],
                **seen,
            )
        index(c, 17)
        while index(c, 17):
            pass
    return database


# ------------------------------------------------------------------ another way to the same answer
def plain(text: str | None) -> str:
    """Folded, letters and digits with a blank around each run that is no Han, a bar where a sentence ends."""
    out = ""
    for piece in re.findall(
        r"[\u3400-\u9fff]+|\d+(?:\.\d+)*|[^\W\d_\u3400-\u9fff]+|[。；！？，：、;!?,:\n\r\t|]", fold(text or "")
    ):
        out += piece if "\u3400" <= piece[0] <= "\u9fff" else "|" if not piece[0].isalnum() else f" {piece} "
    return re.sub(r"\|+", "|", out).strip("|")


def scan(node: Any, n: int, presence: str) -> bool:
    """Is it true of a notice? Written without the index and without what the search uses."""
    kind, held = type(node).__name__, record(n)
    meta = held["meta"]
    if kind in ("All", "Any"):
        return (all if kind == "All" else any)(scan(inner, n, presence) for inner in node.of)
    if kind == "Not":
        return not scan(node.of, n, presence)
    source = list(SOURCES)[n % 3]
    title, region, level = SOURCES[source]
    if kind == "Words":
        texts = {
            "text": [held["title"], held["body"][0]], "title": [held["title"]], "channel": [held["channel"]],
            "source": [held["source"], title], "no": [meta.get("doc_no")],
        }.get(node.field, [meta.get(node.field)])  # fmt: skip
        return any(node.phrase.text in plain(text) for text in texts) or (node.field == "source" and node.raw == source)
    if kind == "Number":
        known = re.fullmatch(r"(.)发〔(\d+)〕(\d+)号", meta.get("doc_no", ""))
        if known is None:
            return False
        by, year, number = known.groups()
        return node.n in (None, int(number)) and node.year in (None, int(year)) and node.by in f"{by}发"
    if kind == "Is":
        values = {"is": presence == node.value, "level": level == node.value, "region": (region or "x").startswith(node.value)}
        values["has"] = bool(held.get({"attachment": "attachments", "table": "tables", "image": "images"}.get(node.value, "")))
        return bool(values[node.field])
    seen = datetime.fromtimestamp(T0 / 1000 + n * 86_400 + 8 * 3600, UTC).date().isoformat()
    when = {"published": held["published"], "written": meta.get("written_date"), "seen": seen}[node.field]
    whole = (when + "-01")[:10] if when else ""
    return bool(whole) and (node.first or "") <= whole <= (node.last or "9999")


def test_every_question_is_answered_as_a_scan_of_all_records_answers_it_on_both_databases(
    archive: Database, golden: dict[str, list[str]]
) -> None:
    assert len(asked()) >= 80
    with archive.read() as c:
        presence = {row.public_id: row.presence for row in c.execute(sa.select(t.documents.c.public_id, t.documents.c.presence))}
        for query in asked():
            try:
                node = parse(query)
            except QueryError:
                with pytest.raises(QueryError):
                    find(c, Question(query))
                continue
            answer = find(c, Question(query, limit=100, counted=True))
            ids = [hit.id for hit in answer.rows]
            assert set(ids) == {f"g{n:011}" for n in range(60) if scan(node, n, presence[f"g{n:011}"])}, query
            assert [hit.published or "" for hit in answer.rows] == sorted(
                (hit.published or "" for hit in answer.rows), key=_day, reverse=True
            )
            assert (answer.total, answer.exact) == (len(ids), True), query
            ranked = [hit.id for hit in find(c, Question(query, limit=100, sort="relevance")).rows]
            assert sorted(ranked) == sorted(ids), query
            assert golden.setdefault(query, [*ids, "", *ranked]) == [*ids, "", *ranked], query


def _day(published: str) -> str:
    return published + "-01" if len(published) == 7 else published


BY_HAND = {
    "no:(2024)5号": 2, "is:gone": 5, "has:table": 6, "region:21": 40, "source:s-2": 20, "title:公告 -title:采购": 10, "level:county": 20,
}  # fmt: skip


def test_some_answers_are_known_by_hand(archive: Database) -> None:
    with archive.read() as c:
        assert {query: len(find(c, Question(query, limit=100)).rows) for query in BY_HAND} == BY_HAND


def test_facets_add_up_and_are_the_most_frequent_first(archive: Database) -> None:
    with archive.read() as c:
        answer = find(c, Question("", Only(region="21"), limit=1, counted=True))
    assert answer.total == 40
    assert answer.facets is not None
    assert answer.facets["source"] == (("s-2", 20), ("s1", 20))
    assert answer.facets["level"] == (("city", 20), ("county", 20))
    assert sum(count for _, count in answer.facets["presence"]) == 40
    assert [count for _, count in answer.facets["issuer"]] == sorted(
        (count for _, count in answer.facets["issuer"]), reverse=True
    )


@pytest.mark.parametrize("sort", ["date", "relevance"])
def test_pages_of_an_answer_join_without_gap_or_repetition(archive: Database, sort: str) -> None:
    with archive.read() as c:
        whole = [hit.id for hit in find(c, Question("公告 OR 通知", limit=100, sort=sort)).rows]
        pages: list[str] = []
        after: str | None = None
        while True:
            page = find(c, Question("公告 OR 通知", limit=7, sort=sort, after=after))
            pages += [hit.id for hit in page.rows]
            after = page.next
            if after is None:
                break
    assert pages == whole
    assert len(whole) > 14


def test_a_cursor_of_another_question_is_refused(archive: Database) -> None:
    with archive.read() as c:
        cursor = find(c, Question("公告", limit=1)).next
        for other in (
            Question("通知", after=cursor),
            Question("公告", sort="relevance", after=cursor),
            Question("公告", after="x"),
        ):
            with pytest.raises(UsageError, match="cursor"):
                find(c, other)


def test_what_the_archive_knew_at_a_moment_is_what_a_search_found_then(database: Database, library: Any) -> None:
    """After each step of its history, what was found before is asked again as of its moment."""
    history: list[tuple[int, dict[str, list[str]]]] = []
    probes = ["甲", "乙", "甲 OR 乙", "-甲", "is:gone", "-is:here", "甲 -is:gone", "published:2020"]

    def remember(at: int) -> None:
        with database.write() as c:
            while index(c, 100):
                pass
        with database.read() as c:
            history.append((at, {query: sorted(hit.id + hit.title for hit in find(c, Question(query)).rows) for query in probes}))

    def tell(kind: str, document: int, at: int) -> None:
        with database.write() as c:
            seq = c.execute(sa.select(sa.func.coalesce(sa.func.max(t.changes.c.seq), 0))).scalar_one() + 1
            c.execute(t.changes.insert().values(seq=seq, kind=kind, at=at, document=document, source="s"))
            c.execute(t.documents.update().where(t.documents.c.id == document).values(presence={"back": "here"}.get(kind, kind)))

    with database.write() as c:
        one = library(c).document("a00000000001", "甲一", "正文", published="2020-01-01", first_seen=1000)
        library(c).document("a00000000002", "乙二", "正文", published="2021-01-01", first_seen=1000)
    remember(1500)
    with database.write() as c:
        library(c).version(one, 2, "乙一改", "正文", at=2000, published="2022-01-01")
    remember(2500)
    tell("missing", one, 3000)
    tell("gone", one, 3500)
    remember(3600)
    with database.write() as c:
        new = library(c).document("a00000000003", "甲三", "正文", published="2020-05", first_seen=4000)
        c.execute(t.versions.update().where(t.versions.c.document == new).values(first_seen=4000))
    tell("back", one, 4100)
    remember(4500)
    with database.read() as c:
        for at, knew in history:
            then = {query: sorted(hit.id + hit.title for hit in find(c, Question(query, as_of=at)).rows) for query in probes}
            assert then == knew, at
    assert len({str(knew) for _, knew in history}) == 4


@pytest.mark.parametrize(
    ("query", "at", "said"),
    [
        ('"采购', 0, "never closed"), ("采购 “公告", 3, "never closed"), ("(采购", 0, "never closed"), ("采购)", 2, "no bracket is open"),
        ("采购 OR", 3, "both sides"), ("OR 采购", 0, "both sides"), ("采购 OR OR 公告", 3, "both sides"), ("AND 采购", 0, "both sides"),
        ("采购 NOT", 3, "behind it"), ("titel:公告", 0, 'did you mean "title:"'), ("title: 公告", 0, "right behind it"),
        ("published:2019-02-31", 0, "no calendar has"), ("published:2024..2023", 0, "comes after"), ("published:x", 0, "is no day"),
        ("published:..", 0, "one of its ends"), ("is:away", 0, "here, missing or gone"), ("region:x", 0, "GB/T 2260"), ("title:。", 0, "needs a word"),
        ("采" * 501, 500, "501 characters"), ("(" * 40 + "采" + ")" * 40, 17, "deeper than"), ("published:0000", 0, "no calendar has"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_an_error_that_names_the_place(query: str, at: int, said: str) -> None:
    with pytest.raises(QueryError, match=re.escape(said)) as caught:
        parse(query)
    assert caught.value.at == at


@pytest.mark.parametrize(
    "hostile", ["\0", "'; DROP TABLE search; --", "\ud800", "*", "-", "--", "a" * 500, "(" * 16 + "a" + ")" * 16, "%_%", "{}[]"]
)
def test_anything_is_answered_or_refused_and_nothing_else(archive: Database, hostile: str) -> None:
    with archive.read() as c:
        for query in (hostile, f"采购 {hostile}", f"title:{hostile}", f"no:{hostile}", f"source:{hostile}"):
            try:
                find(c, Question(query, counted=True))
            except UsageError:
                continue


def test_phrases_to_be_marked_are_what_is_wanted_in_the_text() -> None:
    assert [phrase.text for phrase in phrases("甲乙 -丙 title:丁 issuer:戊 (己 OR 庚)")] == ["甲乙", "丁", "己", "庚"]
