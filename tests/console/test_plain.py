"""Archived pages as text and as pages that load nothing, in time that grows with their length."""

import time

import pytest
from selectolax.lexbor import LexborHTMLParser

from crawler.console.pages.plain import inert, text_of

LOADING = (
    "<link rel=preconnect href=//x>", "<LINK REL=stylesheet HREF=//x>", "<meta http-equiv=refresh content='0;//x'>", "<base href=//x>", "<script src=//x></script>",
    "<script>alert(1)</script>", "<img src=//x>", "<img alt='data:' src=//x>", "<iframe src=//x></iframe>", "<frame src=//x>", "<object data=//x></object>",
    "<embed src=//x>", "<video src=//x></video>", "<audio src=//x></audio>", "<svg><image href=//x /><use href=//x /></svg>", "<link\n rel=x>", "<link/rel=x>",
    "<script>", "<script><!--<script></script>", "<SCRIPT\tsrc=//x></SCRIPT >", "<img src='data:text/html,x'>", "<img\fsrc=//x>",
)  # fmt: skip
SILENT = {"link", "meta", "base", "script", "iframe", "frame", "object", "embed", "video", "audio", "image", "use"}


@pytest.mark.parametrize("markup", LOADING)
def test_nothing_is_left_that_loads(markup: str) -> None:
    tree = LexborHTMLParser(inert(f"<!doctype html><body><p>之前</p>{markup}<p>之后</p>"))
    assert not {node.tag for node in tree.css("*")} & SILENT
    assert not tree.css("img")


def test_what_loads_nothing_stays_as_it_was() -> None:
    page = '<body><h1 class="a">题</h1><table><tr><td>1</td></tr></table><img src="data:image/png;base64,AA=="><linked>a</linked>'
    assert inert(page) == page


def test_text_is_what_a_page_shows() -> None:
    page = "<title>题</title><style>p{}</style><p>甲 &lt;b&gt;<!-- <p>隐</p> -->乙</p><script>1<2</script>丙<br>丁<noscript>戊</noscript>"
    assert text_of(page).split("\n") == ["题", "甲 <b>乙", "丙", "丁"]


@pytest.mark.parametrize("piece", ["<script>", "<!--", "<a ", "<", "</", "<img ", "<img src=", "</script ", "<svg>", "&", "<p>"])
def test_no_markup_takes_more_time_than_its_length(piece: str) -> None:
    page = piece * (200_000 // len(piece))
    began = time.process_time()
    text_of(page)
    inert(page)
    assert time.process_time() - began < 3
