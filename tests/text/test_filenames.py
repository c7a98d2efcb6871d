"""A file's name is what its server meant, whichever way it was sent, and names nothing on this machine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.text.filenames import LONGEST, clean, disposition, of_address

NAME = "附件1：防汛物资表.xlsx"
ENCODED = "%E9%99%84%E4%BB%B61%EF%BC%9A%E9%98%B2%E6%B1%9B%E7%89%A9%E8%B5%84%E8%A1%A8.xlsx"


def raw(name: str, charset: str) -> str:
    """Bytes as they are kept: one character each."""
    return name.encode(charset).decode("latin-1")


@pytest.mark.parametrize(
    ("value", "name", "rule"),
    [
        (f"attachment; filename*=UTF-8''{ENCODED}", NAME, "extended"),
        (f"attachment; filename*=utf-8'zh-CN'{ENCODED}", NAME, "extended"),
        (f"attachment;filename*={ENCODED}", NAME, "extended"),
        (f'attachment; filename*="UTF-8\'\'{ENCODED}"', NAME, "extended"),
        ("attachment; filename*=GBK''%B8%BD%BC%FE.doc", "附件.doc", "extended"),
        ("attachment; filename*=gb2312''%B8%BD%BC%FE.doc", "附件.doc", "extended"),
        ("attachment; filename*=UTF-8''%B8%BD%BC%FE.doc", "附件.doc", "extended"),  # says another charset than it has
        ("attachment; filename*=ISO-8859-1''%B8%BD%BC%FE.doc", "附件.doc", "extended"),  # Latin-1 is nobody's word
        ("attachment; filename*=iso-8859-1'en'%A3%20rates.txt", "£ rates.txt", "extended"),
        ("attachment; filename*=UTF-8''C++.pdf", "C++.pdf", "extended"),
        (f"attachment; filename=\"fallback.xlsx\"; filename*=UTF-8''{ENCODED}", NAME, "extended"),
        (f"attachment; filename*=UTF-8''{ENCODED}; filename=\"fallback.xlsx\"", NAME, "extended"),
        ("attachment; filename=\"good.doc\"; filename*=UTF-8''%3F%3F%3F.doc", "good.doc", "plain"),
        ("attachment; filename=\"good.doc\"; filename*=UTF-8''", "good.doc", "plain"),
        (f'attachment; filename="{raw(NAME, "gbk")}"', NAME, "plain"),
        (f"attachment; filename={raw(NAME, 'utf-8')}", NAME, "plain"),
        (f'inline;filename="{raw("缆绳 表.xls", "gbk")}"', "缆绳 表.xls", "plain"),
        (f"attachment; filename={raw('缆绳 表.xls', 'gbk')}; size=3", "缆绳 表.xls", "plain"),
        (f'attachment; filename="{raw("乗車.pdf", "gbk")}"', "乗車.pdf", "plain"),  # its second byte is a backslash
        ('attachment; filename="caf\xe9.pdf"', "café.pdf", "plain"),
        (f'attachment; filename="{ENCODED}"', NAME, "plain"),
        (f'attachment; filename="{ENCODED.replace("%", "%25")}"', NAME, "plain"),
        ("attachment; filename=%B8%BD%BC%FE.doc", "附件.doc", "plain"),
        ('attachment; filename="100%.pdf"', "100%.pdf", "plain"),
        ('attachment; filename="a;b.doc"', "a;b.doc", "plain"),
        (r'attachment; filename="say \"yes\".doc"', 'say "yes".doc', "plain"),
        (r'attachment; filename="a\\b.doc"', "b.doc", "plain"),
        (r'attachment; filename="C:\docs\new.doc"', "new.doc", "plain"),
        ('attachment; filename="关于"通知".doc"'.encode().decode("latin-1"), '关于"通知".doc', "plain"),
        ('attachment; filename="unended.doc', "unended.doc", "plain"),
        ("attachment; filename=plain.doc", "plain.doc", "plain"),
        ("attachment; FileName = plain.doc ;x=y", "plain.doc", "plain"),
        ("filename=plain.doc", "plain.doc", "plain"),
        ("attachment; filename='single.doc'", "single.doc", "plain"),
        ('attachment; name="other.doc"; filename="own.doc"', "own.doc", "plain"),
        ('attachment; xfilename="other.doc"; filename="own.doc"', "own.doc", "plain"),
        ("attachment; filename==?UTF-8?B?6ZmE5Lu2LmRvYw==?=", "附件.doc", "plain"),
        ('attachment; filename="=?GBK?Q?=B8=BD=BC=FE.doc?="', "附件.doc", "plain"),
        ('attachment; filename*0="long"; filename*1=" name.doc"', "long name.doc", "pieces"),
        ("attachment; filename*1*=%BC%FE.doc; filename*0*=GBK''%B8%BD", "附件.doc", "pieces"),
    ],
)  # fmt: skip
def test_a_name_is_read_however_it_is_sent(value: str, name: str, rule: str) -> None:
    said = disposition(value)
    assert said is not None
    assert (said.name, said.rule) == (name, rule)


@pytest.mark.parametrize(
    "value", ["", "attachment", "inline; x=y", "attachment; filename=", 'attachment; filename=""', 'attachment; filename=".."',
              "attachment; filename=/", 'attachment; filename="????.pdf"', "attachment; filename*=UTF-8''%2F", "filename", ";;;=;"],
)  # fmt: skip
def test_what_is_no_name_is_none(value: str) -> None:
    assert disposition(value) is None


@pytest.mark.parametrize(
    ("value", "name", "flag"),
    [
        ('attachment; filename="a.doc"; filename="b.doc"', "a.doc", "filename is said twice, and differently"),
        ("attachment; filename*=UTF-8''a.doc; filename*=UTF-8''b.doc", "a.doc", "filename* is said twice, and differently"),
        ('attachment; filename="../../etc/passwd"', "passwd", "a path in the file name"),
        ("attachment; filename*=UTF-8''..%2F..%5Cx.doc", "x.doc", "a path in the file name"),
        ("attachment; filename*=UTF-8''a%E2%80%AEcod.exe", "acod.exe", "control or direction marks in the file name"),
        ('attachment; filename="a\x00\x1b[31m.doc"', "a[31m.doc", "control or direction marks in the file name"),
        ("attachment; filename*=UTF-8''a%0D%0ASet-Cookie.doc", "a Set-Cookie.doc", "control or direction marks in the file name"),
    ],
)
def test_what_is_odd_about_a_name_is_said(value: str, name: str, flag: str) -> None:
    said = disposition(value)
    assert said is not None
    assert (said.name, said.flags) == (name, (flag,))
    twin = disposition('attachment; filename="a.doc"; filename="a.doc"')
    assert twin is not None
    assert twin.flags == ()


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://a.test/x/%E9%99%84%E4%BB%B6.pdf", "附件.pdf"),
        ("http://a.test/x/%B8%BD%BC%FE.pdf?x=1", "附件.pdf"),
        ("http://a.test/down.jsp?id=3&filename=%E9%99%84%E4%BB%B6.pdf", "附件.pdf"),
        ("http://a.test/down.jsp?filename=..%2F..%2Fpasswd", "passwd"),
        ("http://a.test/down.jsp?id=3", "down.jsp"),
        ("http://a.test/", ""),
    ],
)
def test_an_address_gives_a_name_where_the_server_does_not(url: str, name: str) -> None:
    assert of_address(url) == name


def test_a_name_too_long_keeps_its_ending() -> None:
    assert clean("长" * 300 + ".pdf") == "长" * (LONGEST - 4) + ".pdf"
    assert len(clean("长" * 300)) == LONGEST


@given(st.text(alphabet=st.characters(max_codepoint=255)))
def test_whatever_a_server_sends_is_one_line_without_a_path_or_nothing(value: str) -> None:
    said = disposition(f"attachment; filename={value}")
    if said is not None:
        assert said.name == clean(said.name)
        assert not set(said.name) & set("/\\\n\r\0\u202e")
