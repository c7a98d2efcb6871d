"""Bytes to text: what is declared, what wins, what is lost."""

import base64
import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.text.charset import MULTI_BYTE, NAMES, declared_encoding, decode, named

CHINESE = "关于印发《政务公开工作要点》的通知，各县（市、区）人民政府：现将有关事项通知如下。"
TRADITIONAL = "關於印發政務公開工作要點的通知，各縣市區人民政府：現將有關事項通知如下。"


def page(text: str, charset: str) -> str:
    """A small page that declares a charset."""
    return f'<!DOCTYPE html><html><head><meta charset="{charset}"><title>{text}</title></head><body><p>{text}</p></body></html>'


@pytest.mark.parametrize("declared", ["gb2312", "GBK", "big5", "iso-8859-1", "utf-16", "unicode", "no-such-name"])
def test_valid_utf8_beats_a_wrong_declaration(declared: str) -> None:
    text = page(CHINESE, declared)
    decoded = decode(text.encode(), f"text/html; charset={declared}" if "16" not in declared else None)
    assert (decoded.text, decoded.encoding) == (text, "utf-8")


def test_a_declaration_that_was_overruled_is_flagged() -> None:
    decoded = decode(page(CHINESE, "gb2312").encode())
    assert (decoded.declared, decoded.why, decoded.flags) == ("gb18030", "utf-8", ("contradicted",))


@pytest.mark.parametrize("declared", ["gb2312", "gbk", "gb18030", "GB2312", "x-gbk"])
def test_every_name_of_the_gb_family_is_read_as_gb18030(declared: str) -> None:
    text = page(CHINESE + "镕㐂𠀀€", declared)
    decoded = decode(text.encode("gb18030"))
    assert (decoded.text, decoded.encoding, decoded.declared, decoded.why, decoded.flags) == (
        text,
        "gb18030",
        "gb18030",
        "meta",
        (),
    )


def test_two_gbk_characters_that_happen_to_be_valid_utf8_stay_gbk() -> None:
    """联通 is C1 AA CD A8, which UTF-8 reads as two Latin letters."""
    text = page("联通", "gb2312")
    assert decode(text.encode("gbk")).text == text


def test_the_header_wins_over_the_page_and_a_bom_over_both() -> None:
    big5 = page(TRADITIONAL, "gb2312").encode("big5")
    assert decode(big5, "text/html; charset=big5").text == page(TRADITIONAL, "gb2312")
    marked = b"\xff\xfe" + page(CHINESE, "gb2312").encode("utf-16le")
    decoded = decode(marked, "text/html;charset=GBK")
    assert (decoded.text, decoded.encoding, decoded.why) == (page(CHINESE, "gb2312"), "utf-16le", "bom")
    assert decode(b"\xef\xbb\xbf" + CHINESE.encode(), "text/html;charset=GBK").text == CHINESE
    assert decode(b"\xfe\xff" + CHINESE.encode("utf-16be")).text == CHINESE


def test_a_server_that_says_latin_1_of_everything_is_not_believed() -> None:
    assert decode(page(CHINESE, "gb2312").encode("gbk"), "text/html; charset=ISO-8859-1").text == page(CHINESE, "gb2312")
    big5 = page(TRADITIONAL, "big5")
    assert decode(big5.encode("big5"), "text/html; charset=ISO-8859-1").text == big5
    bare = f"<p>{CHINESE}</p>"
    decoded = decode(bare.encode("gbk"), "text/html; charset=ISO-8859-1")
    assert (decoded.text, decoded.encoding, decoded.flags) == (bare, "gb18030", ("contradicted",))
    french = "Les élèves à l’école, déjà vus"
    assert decode(french.encode("cp1252"), "text/html; charset=ISO-8859-1").text == french


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_without_a_declaration_the_bytes_decide(encoding: str) -> None:
    decoded = decode(f"<p>{CHINESE}</p>".encode(encoding))
    assert decoded.text == f"<p>{CHINESE}</p>"
    assert decoded.declared is None
    assert decoded.why == ("utf-8" if encoding == "utf-8" else "evidence")


@pytest.mark.parametrize("encoding", ["utf-16le", "utf-16be"])
def test_utf16_without_a_mark_is_known_by_its_zeros(encoding: str) -> None:
    text = page(CHINESE, "utf-16")
    decoded = decode(text.encode(encoding))
    assert (decoded.text, decoded.encoding) == (text, encoding)


def test_a_page_cut_inside_a_character_is_still_utf8() -> None:
    decoded = decode(page(CHINESE, "gb2312").encode() + "务".encode()[:2])
    assert decoded.encoding == "utf-8"
    assert decoded.text.count("\ufffd") == 1
    assert "replaced" in decoded.flags


def test_one_bad_byte_does_not_make_a_utf8_page_chinese_of_another_kind() -> None:
    body = b"<p>\xff</p>" + f"<p>{CHINESE}</p>".encode() + b"\xff" + CHINESE.encode()
    for content_type in (None, "text/html; charset=utf-8", "text/html; charset=gb2312"):
        decoded = decode(body, content_type)
        assert decoded.encoding == "utf-8"
        assert decoded.text.endswith(CHINESE)


def test_a_bad_pair_in_gbk_costs_one_character_and_no_markup() -> None:
    assert decode(b"<p>\xb9\xd8\xff</p>\xd3\xda\x80", "text/html; charset=gbk").text == "<p>关\ufffd</p>于€"
    assert decode(b"\x81\x20\xb9\xd8", "text/html; charset=gbk").text == "\ufffd 关"


def test_an_ascii_page_is_what_it_says_or_utf8() -> None:
    assert decode(b"<p>404</p>") == decode(b"<p>404</p>", "text/html")
    assert decode(b"<p>404</p>").why == "ascii"
    assert decode(b"<p>404</p>", "text/html; charset=gbk").encoding == "gb18030"
    assert decode(b"").text == ""


@pytest.mark.parametrize(
    "head",
    [
        '<meta http-equiv="Content-Type" content="text/html; charset=gb2312">',
        "<META CONTENT='text/html;charset = GBK' HTTP-EQUIV=content-type>",
        "<meta charset='gbk'/>",
        "<!-- <meta charset=utf-8> --><meta charset='gbk'>",
        "<!--><meta charset=gbk>",
        "<script data-x='<meta charset=utf-8>'></script><meta charset=gbk>",
        "<meta charset=bogus><meta charset=gbk>",
        "<meta name=x content='charset=utf-8'><meta charset=gbk>",
        '<?xml version="1.0" encoding="GB2312"?><rss>',
        f"<!-- {'x' * 5000} --><meta charset=gbk>",
    ],
)
def test_the_prescan_reads_declarations_as_browsers_do(head: str) -> None:
    assert declared_encoding(f"{head}<p>".encode()) == ("gb18030", "meta")


@pytest.mark.parametrize(
    "head",
    [
        "<meta charset=gbk/>",
        "<metacharset=gbk>",
        "<meta charset=gbk",
        "<meta charset='gbk>",
        "<!-- <meta charset=gbk>",
        "<p title='<meta charset=gbk>'>",
        "<meta http-equiv=refresh content='0; charset=gbk'>",
        "<meta content='charset=gbk'>",
        "charset=gbk",
        "<meta charset=hz-gb-2312>",
    ],
)
def test_what_only_looks_like_a_declaration_is_none(head: str) -> None:
    assert declared_encoding(f"{head}<p>".encode()) is None


@given(st.binary(max_size=300), st.sampled_from([None, *(f"text/html; charset={name}" for name in NAMES)]))
def test_any_bytes_under_any_declaration_become_text_without_surrogates(body: bytes, content_type: str | None) -> None:
    decode(body, content_type).text.encode("utf-8")


@given(st.text(alphabet=st.characters(min_codepoint=1, max_codepoint=0x2FFF, exclude_categories=["Cs"])))
def test_gb18030_text_comes_back_whole(text: str) -> None:
    """But for the 20 code points that the standard's index puts elsewhere than CPython: they lie beyond this range."""
    decoded = decode(b"\xb9\xd8\xd3\xda" + text.encode("gb18030"), "text/html; charset=gb18030")
    assert decoded.text == f"关于{text}"


def test_hostile_markup_is_scanned_in_time() -> None:
    """Each would take minutes if the scan went back: 64 KiB of unfinished tags, comments and attributes."""
    for evil in (b"<meta ", b"<!--", b"<a x='", b"<", b"<meta a=", b"<?xml ", b"<meta content=charset", b"<a x=y "):
        assert declared_encoding(evil * 20_000) is None


def test_labels_are_those_of_the_standard() -> None:
    assert named(" Unicode-1-1-UTF-8\n") == "utf-8"
    assert named("gb_2312-80") == "gb18030"
    assert named("us-ascii") == "windows-1252"
    assert named("replacement") is None
    assert set(NAMES) >= MULTI_BYTE


# ------------------------------------------------------------------ conformance suites
def pairs(shared: Path, name: str) -> list[tuple[bytes, str]]:
    """(bytes, text) of one encoding's index; the first four lines are a header."""
    sides = (
        gzip.decompress((shared / f"suites/{name}_{side}.txt.gz").read_bytes()).split(b"\n")[4:] for side in ("in", "in_ref")
    )
    return [(raw, text.decode()) for raw, text in zip(*sides, strict=True) if raw]


def test_every_case_of_html5libs_sniffing_suite_is_read_as_it_says(shared: Path) -> None:
    lines = (shared / "suites/encoding-sniff.jsonl").read_text("utf-8").splitlines()
    wrong = []
    for case in map(json.loads, lines):
        found = declared_encoding(base64.b64decode(case["data"]))
        if (found[0] if found else "windows-1252") != named(case["encoding"]):
            wrong.append((case["encoding"], found))
    assert (len(lines), wrong) == (82, [])


def test_every_pointer_of_gb18030_decodes_as_the_standard_says(shared: Path) -> None:
    cases = pairs(shared, "gb18030")
    wrong = [raw.hex() for raw, text in cases if decode(raw, "text/html; charset=gb18030").text != text]
    assert (len(cases), wrong) == (23_940, [])


def test_every_pointer_of_big5_decodes_as_the_standard_says(shared: Path) -> None:
    cases = pairs(shared, "big5")
    wrong = [raw.hex() for raw, text in cases if decode(raw, "text/html; charset=big5").text != text]
    assert (len(cases), wrong) == (19_782, [])
    whole = decode(b"<p>" + b"".join(raw for raw, _ in cases), "text/html; charset=big5").text
    assert whole == "<p>" + "".join(text for _, text in cases)


def test_two_marks_of_big5_are_told_from_others_also_beside_bytes_that_look_like_them() -> None:
    """A2 41 is ∕; the same bytes may be the end of one character and the beginning of the next."""
    assert decode(b"<p>\xa2\x41\xa2\x42\xa4\xa2\x41", "text/html; charset=big5").text == "<p>∕﹨丐A"
    assert decode("<p>關於\u2400鏰者".encode("big5hkscs", "ignore") + b"\x8e\xcd", "text/html; charset=big5").text.endswith("者")


GARBLED = "关于开展行政规范性文件清理工作的通知，各县人民政府：现将有关事项通知如下。"


@pytest.mark.parametrize(
    ("garbled", "sign"),
    [
        (GARBLED.encode().decode("latin-1"), "double-encoded"),
        (GARBLED.encode().decode("cp1252", "replace"), "double-encoded"),
        (GARBLED.encode("gbk").decode("latin-1"), "gbk-as-latin-1"),
        (GARBLED.encode().decode("gbk", "replace"), "utf-8-as-gbk"),
        ("市管理综合执法局".encode("gbk")[1:-1].decode("gbk"), "gbk-shifted"),
        ("當(dāng)?shù)母刹筷?duì)伍建設", "gbk-shifted"),
        ("关于锟斤拷通知", "lost-before"),
    ],
)
def test_text_that_was_read_wrongly_before_it_was_saved_is_flagged(garbled: str, sign: str) -> None:
    decoded = decode(page(garbled, "utf-8").encode())
    assert decoded.text == page(garbled, "utf-8")
    assert set(decoded.flags) - {"replaced"} == {sign}


@pytest.mark.parametrize(
    "text",
    [
        GARBLED,
        TRADITIONAL,
        "Les élèves à l’école, déjà vus – «été» ÀÉÈÊÎÔÛ",
        "圳圪圮圯圾址坂坌坍垆垅垌",
        "鐨勬簮",
        "2024年（一）（试行）",
    ],
)
def test_honest_text_is_not_flagged(text: str) -> None:
    assert decode(page(text, "utf-8").encode()).flags == ()


def test_no_page_of_the_corpus_is_taken_for_garbled_but_those_that_are(shared: Path) -> None:
    marks = ("double-encoded", "gbk-as-latin-1", "utf-8-as-gbk", "gbk-shifted", "lost-before")
    flagged = {path.name: decode(path.read_bytes()).flags for path in sorted((shared / "corpus/pages").iterdir())}
    assert {name: flags for name, flags in flagged.items() if set(flags) & set(marks)} == {}
