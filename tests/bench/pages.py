"""A site of many hosts that does not exist: deterministic list and detail pages on disk, its second state, and what must be read from it.

    python -m tests.bench.pages FOLDER [--hosts 20] [--pages 1000]

FOLDER/1 and FOLDER/2 hold the first and the second state, one folder a host (127.0.0.1 … 127.0.0.20); FOLDER/truth1.jsonl and truth2.jsonl
what a crawl must have. In the second state one detail page in ten has a paragraph more; every other file is a hard link to the first state's,
so that it has the same validators. Half of the hosts are UTF-8, half GBK; odd ones say so in their header, even ones only in a meta tag.
"""

import argparse
import bisect
import gzip
import hashlib
import itertools
import json
import random
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from html import escape
from importlib.resources import files
from pathlib import Path

from crawler.demo.stories import STORIES

COLUMN = "/zwgk/zcwj/"
PER_LIST = 20
WHITE = re.compile(r"\s+")
IDEOGRAPHS = re.compile(r"[\u4e00-\u9fff]+")
WORDS = 5000
DISTRICTS = ["临", "安", "宁", "江", "河", "山", "德", "龙", "清", "泰", "桃", "永"]
OFFICES = [
    "人民政府办公室",
    "财政局",
    "教育局",
    "民政局",
    "水利局",
    "统计局",
    "农业农村局",
    "交通运输局",
    "生态环境局",
    "自然资源局",
    "卫生健康委员会",
]
KINDS = ["通知", "公告", "意见", "办法", "批复", "公示", "通报", "实施方案"]
EDIT = "本文件部分内容已作调整，原第{n}条自公布之日起不再执行。"
FILE = "var _tj=_tj||[];(function(){{var s=document.createElement('script');s.src='/js/tj.js?{key}';document.body.appendChild(s);}})();\n"
ZOOM = (
    "function doZoom(size){var box=document.getElementById('UCAP-CONTENT');box.style.fontSize=size+'px';var all=box.getElementsByTagName('p');"
    "for(var i=0;i<all.length;i++){all[i].style.fontSize=size+'px';}}\n"
    "$(function(){$('.nav li').hover(function(){$(this).find('ul').stop().slideDown(200);},function(){$(this).find('ul').stop().slideUp(200);});"
    "if($('.fj a').length<=0){$('.fj').hide();}$('img').each(function(){if($(this).width()>860){$(this).css({width:'860px',height:'auto'});}});});\n"
)
STYLE = (
    'body{margin:0;font:14px/1.8 "Microsoft YaHei",SimSun,sans-serif;color:#333;background:#fff url(/images/bg.png) repeat-x}a{color:#333;text-decoration:none}'
    ".w1200{width:1200px;margin:0 auto}.nav li{float:left;position:relative;width:120px;height:46px;line-height:46px;text-align:center}"
    ".nav li ul{display:none;position:absolute;left:0;top:46px}.crumb{height:40px;line-height:40px;border-bottom:1px solid #ddd}"
    ".xxgk td{border:1px solid #d9d9d9;padding:6px 10px}.left{float:left;width:280px}.main{float:right;width:880px}\n"
)
STYLES = (  # how a publishing system's editor writes a paragraph
    "<p>　　{}</p>",
    '<p style="text-indent: 2em; text-align: justify; line-height: 2em;"><span style="font-family: 仿宋_GB2312; font-size: 16pt;">{}</span></p>',
    (
        '<p class="MsoNormal" style="margin: 0cm 0cm 0pt; text-indent: 32pt; line-height: 28pt; mso-char-indent-count: 2.0">'
        '<span style="font-size: 16pt; font-family: 仿宋; mso-hansi-font-family: 仿宋">{}<span lang="EN-US"><o:p></o:p></span></span></p>'
    ),
    '<div>　　<font face="宋体" size="3">{}</font><br></div>',
)


@dataclass(frozen=True, slots=True)
class Host:
    """One host, by its number from 1: how it is served, and what all its pages share."""

    number: int
    hosts: int

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.{self.number}"

    @property
    def encoding(self) -> str:
        """How its files are encoded."""
        return "gbk" if self.number > self.hosts // 2 else "utf-8"

    @property
    def declared(self) -> str:
        """What its meta tag says."""
        if self.encoding == "utf-8":
            return "utf-8"
        return "gb2312" if self.number % 2 else "GBK"

    @property
    def says_in_header(self) -> bool:
        """Does Content-Type name the encoding too?"""
        return self.number % 2 == 1

    @property
    def compressed(self) -> bool:
        """Are its pages sent with gzip?"""
        return self.number % 4 in (0, 1)

    @property
    def validates(self) -> bool:
        """Has it ETag and Last-Modified, and answers 304?"""
        return self.number % 5 != 0

    @property
    def town(self) -> str:
        """The town whose site it is."""
        first, second = divmod(self.number * 7, len(DISTRICTS))
        return DISTRICTS[first % len(DISTRICTS)] + DISTRICTS[second] + ("市" if self.number % 3 else "县")


@dataclass(frozen=True, slots=True)
class Truth:
    """What a crawl must have of one detail page. `body`: SHA-256 of its text without white space."""

    url: str
    title: str
    published: str
    source: str
    body: str


@dataclass(frozen=True, slots=True)
class Article:
    """A detail page before it is laid out. `lines`: paragraphs as (text, markup)."""

    path: str
    title: str
    published: str
    source: str
    lines: tuple[tuple[str, str], ...]


def squeezed(text: str) -> str:
    """A text's digest; white space does not count."""
    return hashlib.sha256(WHITE.sub("", text).encode()).hexdigest()


class Language:
    """Words of the demo's notices and as many made of their characters, drawn as words are: few often, most seldom."""

    def __init__(self) -> None:
        chance = random.Random(1)
        sample = files("crawler.demo").joinpath("sample", "simplified.txt").read_text("utf-8")
        runs = IDEOGRAPHS.findall("，".join(["，".join(story.body) for story in STORIES] + [sample]))
        known = list(dict.fromkeys(run[at : at + 2] for run in runs for at in range(0, len(run) - 1, 2)))
        characters = "".join(runs)
        made: dict[str, None] = {}
        while len(made) < WORDS - len(known):
            made["".join(chance.choices(characters, k=2 if chance.random() < 0.8 else 3))] = None
        self.words = [*known, *made]
        self.weights = list(itertools.accumulate(1 / (place + 8) ** 0.85 for place in range(len(self.words))))

    def words_of(self, chance: random.Random, count: int) -> str:
        """So many words in a row."""
        found = (chance.random() * self.weights[-1] for _ in range(count))
        return "".join(self.words[bisect.bisect(self.weights, at)] for at in found)

    def sentence(self, chance: random.Random) -> str:
        """One to four clauses, some with a figure in them."""
        clauses = []
        for _ in range(chance.randint(1, 4)):
            clause = self.words_of(chance, chance.randint(3, 7))
            if chance.random() < 0.12:
                clause += chance.choice(("{}万元", "{}年底前", "第{}号", "{}%")).format(chance.randint(3, 2030))
            clauses.append(clause)
        return "，".join(clauses) + "。"

    def paragraphs(self, chance: random.Random, characters: int) -> list[str]:
        """Paragraphs of about so many characters together."""
        found: list[str] = []
        while sum(map(len, found)) < characters:
            found.append("".join(self.sentence(chance) for _ in range(chance.randint(1, 5))))
        return found


class Frame:
    """Head, navigation, side and foot of one host's pages: most of a page's bytes, the same on each."""

    def __init__(self, host: Host, language: Language) -> None:
        chance = random.Random(f"frame {host.number}")
        self.host = host
        says = language.words_of
        menus = []
        for place in range(chance.randint(6, 26)):
            links = "\n".join(
                f'        <li><a href="/{place}/{at}/" target="_blank" title="{(label := says(chance, 2))}">{label}</a></li>'
                for at in range(chance.randint(4, 13))
            )
            menus.append(
                f'    <li class="m"><a href="/{place}/">{says(chance, 2)}</a>\n      <ul class="sub">\n{links}\n      </ul>\n    </li>'
            )
        side = "\n".join(
            f'      <li><span class="ico">·</span><a href="./{at}/" target="_blank">{says(chance, 3)}</a></li>'
            for at in range(18)
        )
        friends = "\n".join(
            f'      <option value="http://127.0.0.{at % 20 + 1}/">{host.town}{says(chance, 2)}</option>'
            for at in range(chance.randint(30, 140))
        )
        scripts = "".join(
            f'<script type="text/javascript">\n{FILE.format(key=f"{chance.getrandbits(128):032x}")}{ZOOM}</script>\n'
            for _ in range(chance.randint(1, 4))
        )
        menu = "\n".join(menus)
        self.head = (
            f'<meta name="SiteName" content="{host.town}人民政府">\n<meta name="SiteDomain" content="{host.address}">\n'
            f'<meta name="SiteIDCode" content="{3700000000 + host.number}">\n<meta name="ColumnName" content="政策文件">\n'
            '<link rel="stylesheet" type="text/css" href="/css/base.css">\n<script type="text/javascript" src="/js/jquery.min.js"></script>\n'
            f'<style type="text/css">\n{STYLE}</style>\n'
        )
        self.top = (
            f'<div class="top"><div class="w1200"><a href="/"><img src="/images/logo.png" alt="{host.town}人民政府"></a>\n'
            '<form action="/search/" method="get"><input type="text" name="q" placeholder="请输入关键字"><input type="submit" value="搜索"></form>\n'
            f'<a href="/wza/">无障碍</a> | <a href="/en/">English</a></div></div>\n<div class="nav_bg"><div class="w1200">\n  <ul class="nav">\n{menu}\n  </ul>\n</div></div>\n'
        )
        self.side = f'<div class="left">\n  <div class="lm_t">栏目导航</div>\n    <ul>\n{side}\n    </ul>\n</div>\n'
        self.foot = (
            f'<div class="foot"><div class="w1200">\n<div class="yqlj">友情链接：\n    <select onchange="window.open(this.value)">\n{friends}\n    </select>\n</div>\n'
            f"<p>主办：{host.town}人民政府办公室　承办：{host.town}大数据管理局</p>\n<p>网站标识码：{3700000000 + host.number}　联系电话：0{chance.randint(310, 999)}-{chance.randint(10**6, 10**7)}</p>\n"
            f'<p><img src="/images/dzjg.png" alt="党政机关"> <img src="/images/jiucuo.png" alt="政府网站找错"></p>\n</div></div>\n{scripts}</body>\n</html>\n'
        )

    def page(self, title: str, metas: str, inner: str) -> str:
        """A whole page."""
        return (
            '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n'
            f'<html xmlns="http://www.w3.org/1999/xhtml">\n<head>\n<meta http-equiv="Content-Type" content="text/html; charset={self.host.declared}">\n'
            f'<title>{title}</title>\n{metas}{self.head}</head>\n<body>\n{self.top}<div class="w1200"><div class="crumb">您现在的位置：<a href="/">首页</a> &gt; '
            f'<a href="/zwgk/">政务公开</a> &gt; <a href="{COLUMN}">政策文件</a></div>\n{self.side}<div class="main">\n{inner}\n</div></div>\n<div class="clear"></div>\n{self.foot}'
        )


# ------------------------------------------------------------------ one notice
def write_article(host: Host, language: Language, number: int, of: int, *, edited: bool = False) -> Article:
    """A notice of a host, by its place in the column, newest first."""
    chance = random.Random(f"article {host.number} {number}")
    day = (2018 + (of - number) * 8 // (of + 1), chance.randint(1, 12), chance.randint(1, 28))
    published = "{:04}-{:02}-{:02}".format(*day)
    source = host.town + chance.choice(OFFICES)
    title = f"{source}关于{language.words_of(chance, chance.randint(4, 7))}的{chance.choice(KINDS)}"
    look = STYLES[host.number % 4 if chance.random() < 0.7 else chance.randrange(4)]
    lines: list[tuple[str, str]] = []
    for place, text in enumerate(language.paragraphs(chance, 440 + int(2500 * chance.random() ** 1.5))):
        if place and place % 5 == 0:
            heading = f"{'一二三四五六七八九十'[min(9, place // 5 - 1)]}、{language.words_of(chance, 4)}"
            lines.append((heading, f"<p><strong>{heading}</strong></p>"))
        lines.append((text, look.format(text)))
    if chance.random() < 0.15:
        lines += _table(chance, language)
    if edited:
        lines.append((EDIT.format(n=1 + number % 20), look.format(EDIT.format(n=1 + number % 20))))
    lines += [(text, f'<p style="text-align: right;">{text}</p>') for text in (source, "{}年{}月{}日".format(*day))]
    path = f"{COLUMN}{published[:4]}{published[5:7]}/t{published.replace('-', '')}_{4000000 + host.number * 100000 + number}.html"
    return Article(path, title, published, source, tuple(lines))


def _table(chance: random.Random, language: Language) -> Iterator[tuple[str, str]]:
    """A table of three columns, cell by cell."""
    last = chance.randint(4, 13)
    for number in range(1, last + 1):
        before = "<table border=1><tbody><tr>" if number == 1 else "<tr>"
        after = "</tr></tbody></table>" if number == last else "</tr>"
        cells = (str(number), language.words_of(chance, 2), f"{chance.random() * 10**4:.2f}")
        for place, text in enumerate(cells):
            markup = f'<td style="border: 1px solid #000; padding: 0 5.4pt"><p align="center">{text}</p></td>'
            yield text, f"{before if place == 0 else ''}{markup}{after if place == 2 else ''}"


def detail_page(frame: Frame, language: Language, article: Article) -> str:
    """The page of a notice, with its disclosure block, facts, related notices and padding."""
    chance = random.Random(f"page {article.path}")
    title, published, source = escape(article.title), article.published, article.source
    year, month, day = (int(part) for part in published.split("-"))
    number = f"{frame.host.town[0]}政发〔{year}〕{chance.randint(1, 199)}号"
    facts = (
        ("索引号", f"{chance.randint(10**7, 10**8)}/{year}-{chance.randint(1, 99999):05}"), ("主题分类", language.words_of(chance, 2)),
        ("发文机关", source), ("成文日期", f"{year}年{month}月{day}日"), ("标　　题", title), ("发文字号", number), ("发布日期", published), ("有效性", "有效"),
    )  # fmt: skip
    block = "".join(f'<tr><td class="t">{name}</td><td>{value}</td></tr>\n' for name, value in facts)
    related = "\n".join(
        f'<li><a href="./t{chance.randint(2018, 2025)}0101_{chance.randint(6000000, 6999999)}.html" target="_blank">{language.words_of(chance, 5)}</a>'
        f"<span>{chance.randint(2018, 2025)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}</span></li>"
        for _ in range(chance.randint(5, 39))
    )
    padding = "".join(f"<!-- {language.words_of(chance, 12)} -->\n" for _ in range(chance.randint(0, 29)))
    body = "\n".join(markup for _, markup in article.lines)
    inner = (
        f'<div class="xxgk"><table>\n{block}</table></div>\n<h1 id="article_title">{title}</h1>\n'
        f'<div class="info">发布时间：<span class="pubdate">{published}</span>　来源：<span class="source">{source}</span>　浏览次数：<span id="hits">0</span>　'
        '字体：[<a href="javascript:doZoom(18)">大</a> <a href="javascript:doZoom(14)">小</a>] <a href="javascript:window.print()">打印</a></div>\n'
        f'{padding}<div id="UCAP-CONTENT" class="TRS_Editor">\n{body}\n</div>\n<div class="fj"><ul></ul></div>\n<div class="xgwj"><h3>相关文件</h3><ul>\n{related}\n</ul></div>'
    )
    metas = (
        f'<meta name="ArticleTitle" content="{title}">\n<meta name="PubDate" content="{published} {chance.randint(8, 19):02}:30">\n<meta name="ContentSource" content="{source}">\n'
        f'<meta name="Description" content="{"".join(text for text, _ in article.lines)[:120]}">\n'
    )
    return frame.page(f"{title}_政策文件_{frame.host.town}人民政府", metas, inner)


def list_page(frame: Frame, articles: Sequence[Article], place: int, of: int) -> str:
    """One page of a column, with the pager of a wide-spread publishing system."""
    rows = "\n".join(
        f'<li><a href="./{a.path.removeprefix(COLUMN)}" target="_blank" title="{a.title}">{a.title}</a><span class="date">{a.published}</span></li>'
        for a in articles
    )
    pager = f'<div class="page"><script type="text/javascript">\ncreatePageHTML({of}, {place}, "index", "html");\n</script></div>'
    return frame.page(f"政策文件_{frame.host.town}人民政府", "", f'<ul class="list">\n{rows}\n</ul>\n{pager}')


# ------------------------------------------------------------------ the site
def write_site(folder: Path, *, hosts: int, pages: int, port: int) -> None:
    """Write both states of the site and its truth, unless this very site stands there already."""
    made = {"hosts": hosts, "pages": pages, "port": port, "generator": hashlib.sha256(Path(__file__).read_bytes()).hexdigest()}
    mark = folder / "site.json"
    if mark.exists() and json.loads(mark.read_text("utf-8")) == made:
        return
    for state in ("1", "2"):
        shutil.rmtree(folder / state, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    language = Language()
    found = [
        item
        for number in range(1, hosts + 1)
        for item in _write_host(folder, Host(number, hosts), language, pages // hosts, port)
    ]
    for name, place in (("truth1.jsonl", 0), ("truth2.jsonl", 1)):
        (folder / name).write_text("".join(json.dumps(asdict(item[place]), ensure_ascii=False) + "\n" for item in found), "utf-8")
    mark.write_text(json.dumps(made), "utf-8")


def _write_host(folder: Path, host: Host, language: Language, pages: int, port: int) -> Iterator[tuple[Truth, Truth]]:
    frame = Frame(host, language)
    articles = []
    for number in range(pages):
        article = write_article(host, language, number, pages)
        now = article
        if (number + host.number) % 10 == 0:
            now = write_article(host, language, number, pages, edited=True)
        first = detail_page(frame, language, article)
        _write(folder, host, article.path, first, first if now is article else detail_page(frame, language, now))
        articles.append(article)
        yield _truth(host, port, article), _truth(host, port, now)
    lists = range(0, pages, PER_LIST)
    for place, at in enumerate(lists):
        text = list_page(frame, articles[at : at + PER_LIST], place, len(lists))
        _write(folder, host, f"{COLUMN}{f'index_{place}' if place else 'index'}.html", text, text)


def _truth(host: Host, port: int, article: Article) -> Truth:
    body = squeezed("".join(text for text, _ in article.lines))
    return Truth(f"http://{host.address}:{port}{article.path}", article.title, article.published, article.source, body)


def _write(folder: Path, host: Host, path: str, first: str, second: str) -> None:
    one, two = (folder / state / host.address / path.removeprefix("/") for state in ("1", "2"))
    for file, text in ((one, first), (two, second)):
        file.parent.mkdir(parents=True, exist_ok=True)
        packed = file.with_name(file.name + ".gz")
        if file is two and second == first:
            two.hardlink_to(one)
            if host.compressed:
                packed.hardlink_to(one.with_name(one.name + ".gz"))
            continue
        data = text.encode(host.encoding)
        file.write_bytes(data)
        if host.compressed:
            packed.write_bytes(gzip.compress(data, 6, mtime=0))


def main() -> None:
    """Write a site to look at."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--hosts", type=int, default=20)
    options.add_argument("--pages", type=int, default=1000)
    options.add_argument("--port", type=int, default=18080)
    chosen = options.parse_args()
    write_site(chosen.folder, hosts=chosen.hosts, pages=chosen.pages, port=chosen.port)


if __name__ == "__main__":
    main()
