"""Full text: the same answers on both databases, newest first, and an index that forgets what it must."""

import random
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.errors import UsageError
from crawler.record.frame import searched, unpacked
from crawler.repository import schema as t
from crawler.repository.database import Database
from crawler.repository.search import facets, matches
from crawler.repository.search.facts import FIRST_DAY, day
from crawler.repository.search.find import Answer
from crawler.repository.search.find import find as answered
from crawler.repository.search.index import index, merge
from crawler.repository.search.matches import TESTED
from crawler.repository.search.plan import origins, plan
from crawler.repository.search.question import Only, Question, meaning
from crawler.repository.search.texts import DAY, LARGEST
from crawler.text.asked import Node, Not, Words

NOTICES = [
    ("a00000000001", "长政发〔2019〕12号", "根据《行政许可法》，即日施行。", "2019-08-26"),
    ("a00000000002", "政府采购公告", "PM2.5指标的采购，率先。文号〔2019〕112号，2020年。", "2020-01-02"),
    ("a00000000003", "貴州會議", "WTO與O'Neill。“兩委”全體會議", "2021-05"),
    ("a00000000004", "没有日期", "采购", None),
]
ANSWERS = {  # query → the notices it finds, newest first
    "采购": "24", "会议": "3", "貴州": "3", "购率": "", "12号": "1", "112号": "2", "(2019)12号": "1", "〔2019〕": "21", "2.5": "2",
    "pm 2.5": "2", "wt": "", "wt*": "3", "201*": "21", "采购 2020": "2", "行政许可法": "1", '"两委"全体': "3", "，。": "", "": "3214",
    "甲'乙\"丙": "", "O'Neill": "3", "号 采": "2", '"OR"': "", "NOT 采购": "31", "采购 -公告": "4", "贵州 OR 采购": "324",
}  # fmt: skip


@pytest.fixture
def notices(database: Database, library: Any) -> Database:
    with database.write() as c:
        for public_id, title, body, published in NOTICES:
            library(c).document(public_id, title, body, published=published)
        assert index(c, 100) == 4
    return database


def find(c: Any, query: str, *, limit: int = 20, after: str | None = None, only: Only = Only()) -> Answer:  # noqa: B008
    """The answer to a query."""
    return answered(c, Question(query, only, limit=limit, after=after))


def found(database: Database, query: str, **options: Any) -> str:
    """The last digits of what is found."""
    with database.read() as c:
        return "".join(hit.id[-1] for hit in find(c, query, only=Only(**options)).rows)


# ------------------------------------------------------------------ answers
@pytest.mark.parametrize("query", ANSWERS)
def test_a_query_finds_its_notices_newest_first(notices: Database, query: str) -> None:
    assert found(notices, query) == ANSWERS[query]


def test_a_hit_tells_what_a_list_of_results_shows(notices: Database) -> None:
    with notices.read() as c:
        (hit,) = find(c, "会议").rows
    assert (hit.id, hit.version, hit.title, hit.published, hit.source, hit.presence) == (
        "a00000000003",
        1,
        "貴州會議",
        "2021-05",
        "s",
        "here",
    )
    assert hit.url == "http://www.example.test/a00000000003.html"
    assert (hit.first_seen, hit.last_seen) == (1000, 2000)
    assert unpacked(hit.record)["body"] == ["WTO與O'Neill。“兩委”全體會議"]


def test_filters_choose_by_source_presence_and_day(notices: Database, library: Any) -> None:
    with notices.write() as c:
        library(c).document("b00000000005", "采购", published="2020-01-03", source="other", presence="gone")
        index(c, 100)
    assert found(notices, "采购") == "524"
    assert found(notices, "采购", source="other") == "5"
    assert found(notices, "采购", presence="here") == "24"
    assert found(notices, "采购", since="2020-01-02") == "52"
    assert found(notices, "采购", until="2020-01-02") == "2"
    assert found(notices, "采购", since="2020-01-02", until="2020-01-02") == "2"


def test_pages_join_without_gap_or_repetition(database: Database, library: Any) -> None:
    with database.write() as c:
        for number in range(25):
            library(c).document(f"c{number:011}", "公告", published=f"2020-01-{number % 7 + 1:02}")
        index(c, 100)
    with database.read() as c:
        everything = [hit.id for hit in find(c, "公告", limit=100).rows]
        pages: list[str] = []
        page = find(c, "公告", limit=7)
        while page.next is not None:
            pages += [hit.id for hit in page.rows]
            page = find(c, "公告", limit=7, after=page.next)
        pages += [hit.id for hit in page.rows]
    assert len(everything) == 25
    assert pages == everything


def test_pages_of_a_moment_ago_are_all_of_one_moment(database: Database, library: Any) -> None:
    """`10m` is another moment each time, and the same question; a day is the same moment each time, and another day another question."""
    with database.write() as c:
        for number in range(4):
            library(c).document(f"a{number:011}", "采购公告", "正文", published="2020-01-01", first_seen=1000 + number)
        assert index(c, 100) == 4
    with database.read() as c:
        first = answered(c, Question("采购", limit=2, as_of=1002, moment="10m"))
        second = answered(c, Question("采购", limit=2, as_of=9000, moment="10m", after=first.next))
        assert [hit.id[-1] for hit in (*first.rows, *second.rows)] == ["2", "1", "0"]  # the fourth came later
        assert second.next is None
        day = answered(c, Question("采购", limit=2, as_of=1002))
        for other in (Question("采购", limit=2, as_of=9000, after=day.next), Question("采购", limit=2, after=day.next)):
            with pytest.raises(UsageError, match="another question"):
                answered(c, other)


def test_the_last_page_says_that_it_is_the_last(notices: Database) -> None:
    with notices.read() as c:
        assert find(c, "采购", limit=2).next is None
        assert find(c, "采购", limit=1).next is not None
        assert find(c, "……") == Answer((), None)


def test_nonsense_is_a_usage_error(notices: Database) -> None:
    with notices.read() as c:
        with pytest.raises(UsageError, match="501 characters"):
            find(c, "长" * 501)
        with pytest.raises(UsageError, match="no calendar has"):
            find(c, "长", only=Only(since="2020-02-30"))


def test_the_longest_queries_are_answered(notices: Database) -> None:
    """Both databases limit how deep an expression may be, and how many words they ask their index for."""
    assert found(notices, "采 " * 250) == "24"
    assert found(notices, "".join(chr(0x4E00 + number) for number in range(500))) == ""
    assert found(notices, "采购 " + " ".join(f"{number}*" for number in range(120))) == ""
    assert found(notices, "采购 " + "2020 " * 99) == "2"
    every = "PM2.5指标的采购，率先。文号〔2019〕112号，2020年。"
    assert found(notices, (every + " ") * 8) == "2"


# ------------------------------------------------------------------ the index
def test_a_new_version_is_found_by_its_words_and_not_by_the_old_ones(notices: Database, library: Any) -> None:
    with notices.write() as c:
        document = c.execute(sa.select(t.documents.c.id).where(t.documents.c.public_id == "a00000000001")).scalar_one()
        library(c).version(document, 2, "改题", "新文", published="2019-08-26")
        assert index(c, 100) == 1
    assert found(notices, "改题 新文") == "1"
    assert found(notices, "12号") == ""
    assert found(notices, "法") == ""  # one token decides alone: the old words must be gone from the index itself
    assert found(notices, "号") == "2"
    with notices.read() as c:
        assert c.execute(sa.select(sa.func.count()).select_from(t.search)).scalar_one() == 4


def test_gone_documents_stay_and_withheld_ones_leave(notices: Database) -> None:
    with notices.write() as c:
        gone, withheld = t.documents.c.public_id == "a00000000002", t.documents.c.public_id == "a00000000001"
        c.execute(t.documents.update().where(gone).values(presence="gone", indexed=0))
        c.execute(t.documents.update().where(withheld).values(withheld="a court order"))
    assert found(notices, "号") == "2"  # at once, before the index knows
    with notices.write() as c:
        c.execute(t.documents.update().where(withheld).values(indexed=0))
        assert index(c, 100) == 2
        assert index(c, 100) == 0
        left = sa.select(t.documents.c.public_id).join(t.search, t.search.c.document == t.documents.c.id)
        assert sorted(c.execute(left).scalars()) == ["a00000000002", "a00000000003", "a00000000004"]
    assert found(notices, "号") == "2"


def test_a_document_that_is_being_changed_is_left_for_the_next_call(notices: Database, library: Any) -> None:
    """Only PostgreSQL has two writers at once: what is marked as indexed must be what was read."""
    if notices.dialect == "postgresql":
        with notices.write() as settling:
            document = settling.execute(sa.select(t.documents.c.id).where(t.documents.c.public_id == "a00000000001")).scalar_one()
            library(settling).version(document, 2, "改题", "新文")
            with notices.write() as indexing:
                indexing.execute(t.documents.update().where(t.documents.c.id != document).values(indexed=0))
                assert index(indexing, 100) == 3
        assert found(notices, "改题") == ""
        with notices.write() as c:
            assert index(c, 100) == 1
        assert found(notices, "改题") == "1"


def test_the_index_is_written_in_steps(database: Database, library: Any) -> None:
    with database.write() as c:
        for number in range(5):
            library(c).document(f"d{number:011}", "公告")
        assert [index(c, 2) for _ in range(4)] == [2, 2, 1, 0]
    assert len(found(database, "公告")) == 5


def test_the_index_is_merged_into_one_piece(database: Database, library: Any) -> None:
    with database.write() as c:
        for number in range(6):
            library(c).document(f"d{number:011}", f"公告{number}", published="2020")
            index(c, 100)
    steps = 0
    while database.do(merge):
        steps += 1
    if database.dialect == "sqlite":
        assert steps > 0
        with database.read() as c:
            assert c.exec_driver_sql("SELECT count(DISTINCT segid) FROM search_index_idx").scalar() == 1
    assert found(database, "公告") == "543210"


def test_a_long_text_is_found_to_its_end_and_is_one_hit(database: Database, library: Any) -> None:
    random.seed(7)
    text = "".join(chr(random.randrange(0x4E00, 0x9F00)) for _ in range(300_000))
    with database.write() as c:
        library(c).document("e00000000001", "长文", text, published="2020-01-01")
        library(c).document("e00000000002", "短文", text[:500], published="2019-01-01")
        index(c, 10)
    for at in (0, 119_990, 239_900, 299_990):
        assert found(database, text[at : at + 10])[0] == "1"
    assert found(database, text[10]) == "12"
    with database.read() as c:
        first = find(c, text[10], limit=1)
        assert [hit.id for hit in find(c, text[10], limit=1, after=first.next).rows] == ["e00000000002"]


def test_rare_characters_that_would_overflow_a_row_are_indexed_all_the_same(database: Database, library: Any) -> None:
    """Pairs of four-byte characters: 120,000 of them are more than a tsvector holds."""
    random.seed(8)
    text = "".join(chr(random.randrange(0x20000, 0x2A000)) for _ in range(150_000))
    assert LARGEST < 12 * 120_000
    with database.write() as c:
        library(c).document("f00000000001", "𠀀" * 3000, text)
        assert index(c, 10) == 1
    for at in (0, 59_990, 119_990, 149_990):
        assert found(database, text[at : at + 10]) == "1"


def test_a_date_no_calendar_has_does_not_stop_the_index(database: Database, library: Any) -> None:
    with database.write() as c:
        library(c).document("a00000000001", "甲", published="2020-13-45")
        library(c).document("a00000000002", "甲", published="2020")
        assert index(c, 10) == 2
    assert found(database, "甲") == "21"
    assert found(database, "甲", since="2020-01-01", until="2020-01-01") == "2"


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        (None, 0), ("2020", 737425), ("2020-02", 737456), ("2020-02-03", 737458), ("2020-02-03 10:20", 737458), ("x", 0),
        ("1899-12-31", 0), ("1900-01-01", FIRST_DAY),
    ],
)  # fmt: skip
def test_a_notice_stands_on_its_day(published: str | None, expected: int) -> None:
    assert day(published) == expected


def test_rows_of_a_day_stand_close_together_whenever_they_come(database: Database, library: Any) -> None:
    """Neighbouring keys are what makes the index small; what leaves makes room again only at the end of its day."""
    with database.write() as c:
        for number in range(3):
            for published in ("2020-01-01", "2020-01-02", None):
                library(c).document(f"c{number}{published}", "公告", published=published)
            index(c, 100)
        places = sorted(c.execute(sa.select(t.search.c.place)).scalars())
    first = 737425 << DAY
    assert places == [0, 1, 2, first, first + 1, first + 2, (737426 << DAY), (737426 << DAY) + 1, (737426 << DAY) + 2]


def test_what_a_day_cannot_hold_is_found_behind_all_others(database: Database, library: Any) -> None:
    with database.write() as c:
        for number in range(3):
            library(c).document(f"a0000000000{number}", "公告", published="2020-01-02")
        index(c, 100)
        last = sa.select(sa.func.max(t.search.c.place)).scalar_subquery()
        c.execute(t.search.update().where(t.search.c.place == last).values(place=(737427 << DAY) - 1))  # as if it were full
        library(c).document("a00000000008", "会议", published="2020-01-02")
        library(c).document("a00000000009", "会议", published="2020-01-01")
        assert index(c, 100) == 2
    assert found(database, "会议") == "98"


def test_a_common_character_is_found_as_a_rare_one(database: Database, library: Any) -> None:
    """A lone character is looked for in the newest texts first, then in the index; both answers join."""
    with database.write() as c:
        for number in range(matches.TRIED + 40):
            library(c).document(
                f"c{number:011}", "公告" if number % 50 else "规", "甲" if number in (5, 290) else "乙", published="2020"
            )
        index(c, 1000)
        rows = find(c, "规", limit=100).rows
        some = find(c, "规", limit=4)
        others = find(c, "规", limit=4, after=some.next).rows
    assert [int(hit.id[1:]) for hit in rows] == [250, 200, 150, 100, 50, 0]
    assert some.rows + others == rows
    assert found(database, "甲") == "05"
    assert found(database, "甲", source="other") == ""


def test_what_counting_did_not_reach_is_on_the_first_page_all_the_same(database: Database, library: Any) -> None:
    """The newest have the pairs of the phrase and not the phrase: counting looks at some hundred of them and stops."""
    with database.write() as c:
        for number in range(facets.TESTS + TESTED[1] + 60):
            library(c).document(f"c{number:011}", "全体。体会。会议", published="2021")
        for number in range(3):
            library(c).document(f"d{number:011}", "全体会议", published="2020")
        while index(c, 1000):
            pass
    with database.read() as c:
        answer = answered(c, Question("全体会议", counted=True))
    assert (answer.total, answer.exact) == (0, False)
    assert [hit.id[0] for hit in answer.rows] == ["d", "d", "d"]


def test_newest_first_needs_no_sort_on_sqlite(notices: Database) -> None:
    if notices.dialect == "sqlite":
        with notices.read() as c:
            made = plan(c, meaning(Question("采购 公告", Only(source="s", presence="here"))), origins(c))
            values = {**made.values, "low": 0, "below": 1 << 62, "size": 20}
            rows = c.execute(sa.text(f"EXPLAIN QUERY PLAN {matches.statement('sqlite', made)}"), values).all()
        steps = " / ".join(row.detail for row in rows)
        assert steps.startswith("SCAN i VIRTUAL TABLE")
        assert "B-TREE" not in steps


LETTERS = st.text(alphabet="甲乙丙丁戊，。12ab .*\"'(〔", max_size=40)
WORD = st.text(alphabet="甲乙丙丁12ab .", min_size=1, max_size=3).filter(lambda word: any(map(str.isalnum, word)))


def queries() -> st.SearchStrategy[str]:
    """Queries of words, OR, -, brackets and fields."""
    atoms = st.one_of(
        WORD.map(lambda word: f'"{word}"'), WORD.map(lambda word: f'title:"{word}甲"'), st.sampled_from(["甲*", "12*", "乙丙"])
    )
    return st.recursive(
        atoms,
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(" ".join),
            st.tuples(inner, inner).map(" OR ".join).map("({})".format),
            inner.map("-({})".format),
        ),
        max_leaves=5,
    )


def truth(node: Node, title: str, body: str) -> bool:
    """A full scan's own idea of what a query means."""
    if isinstance(node, Not):
        return not truth(node.of, title, body)
    if hasattr(node, "of"):
        return (any if type(node).__name__ == "Any" else all)(truth(inner, title, body) for inner in node.of)
    assert isinstance(node, Words)
    return node.phrase.text in title or (node.field == "text" and node.phrase.text in body)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.tuples(LETTERS, LETTERS), min_size=1, max_size=8), query=queries())
def test_the_answer_is_that_of_a_full_scan(database: Database, library: Any, texts: list[tuple[str, str]], query: str) -> None:
    with database.write() as c:
        start = c.execute(sa.select(sa.func.coalesce(sa.func.max(t.documents.c.id), 0))).scalar_one()
        for number, (title, body) in enumerate(texts):
            library(c).document(f"{start + number:012}", title, body)
        index(c, 1000)
        node = meaning(Question(query))
        held = c.execute(
            sa.select(t.documents.c.public_id, t.versions.c.record).join(t.versions, t.versions.c.id == t.documents.c.version)
        )
        wanted = {row.public_id for row in held if truth(node, *searched(row.record))}
        for sort in ("date", "relevance"):
            answer = answered(c, Question(query, limit=1000, sort=sort, counted=True))
            assert {hit.id for hit in answer.rows} == wanted
            assert (answer.total, answer.exact) == (len(wanted), True)


def test_what_sql_refuses_of_the_index_is_counted_as_far_as_that_is_quick_and_found_all_the_same(
    database: Database, library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as c:
        for number in range(40):
            at = 1_700_000_000_000 if number < 3 else 1_600_000_000_000
            library(c).document(f"b{number:011}", "采购公告", "采购", published=f"2020-01-{number % 28 + 1:02}", first_seen=at)
        assert index(c, 100) == 40
    early = Only(seen="2023-11-01..")
    with database.read() as c:
        whole = answered(c, Question("采购", early, counted=True))
        monkeypatch.setattr(matches, "LOOKED", 5)
        bounded = answered(c, Question("采购", early, counted=True))
        away = answered(c, Question("采购", Only(presence="gone"), counted=True))
    assert [hit.id for hit in bounded.rows] == [hit.id for hit in whole.rows]
    assert (len(whole.rows), whole.total, whole.exact) == (3, 3, True)
    assert bounded.total is not None
    assert bounded.total <= 3
    assert bounded.exact == (database.dialect == "postgresql")
    assert (away.total, away.exact, away.rows) == (0, True, ())


def test_a_lone_character_is_found_in_whole_whether_it_is_common_or_rare(
    database: Database, library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matches, "TRIED", 32)
    monkeypatch.setattr(matches, "COMMON", 4)
    with database.write() as c:
        for number in range(90):
            title = "罕见" if number in (1, 70) else "常见"
            library(c).document(f"c{number:011}", title, "正文", published=f"2020-0{number % 9 + 1}-01")
        assert index(c, 100) == 90
    with database.read() as c:
        for query, many in (("常", 88), ("罕", 2), ("见", 90), ("无", 0)):
            answer = answered(c, Question(query, limit=200, counted=True))
            assert (len(answer.rows), answer.total, answer.exact) == (many, many, True)
            first = answered(c, Question(query, limit=1))
            assert [hit.id for hit in first.rows] == [hit.id for hit in answer.rows[:1]]


def test_what_lies_behind_the_last_counted_row_is_on_the_first_page(notices: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facets, "COUNTED", 2)
    with notices.read() as c:
        answer = answered(c, Question("", limit=20, counted=True))
    assert ("".join(hit.id[-1] for hit in answer.rows), answer.total, answer.exact) == ("3214", 2, False)
