"""How much reading a list page rests on: pages are changed in ways that change nothing for a reader, and their rows compared.

python tests/tools/mutate_lists.py MANIFEST PAGE...     # e.g. the list pages of a corpus, with a manifest of file and page_url

Prints, for each mutation, the share of rows (address, title, date) and of next pages that are as they were. Exit code 1 when the rows of
any mutation fall below .95. tests/parsers/test_listing.py applies the same mutations to the project's own pages.
"""

import json
import random
import re
import sys
from collections.abc import Callable
from pathlib import Path

from crawler.model import Kind, Page
from crawler.parsers.page import read
from crawler.record.reading import Reading
from crawler.record.rules import ReadRules
from crawler.text.charset import decode

Mutation = Callable[[str, random.Random], str]
LEAST = 0.95
OPAQUE = re.compile(r"(<script\b.*?</script>|<style\b.*?</style>|<!--.*?-->|<!\[CDATA\[|\]\]>)", re.IGNORECASE | re.DOTALL)
TAG = re.compile(r"<([a-zA-Z][\w:-]*)((?:\s+[\w:@.-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]+))?)*)\s*(/?)>")
PART = re.compile(r"([\w:@.-]+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'>]+))?")
READ = frozenset(
    {"href", "title", "src", "value", "selected", "count", "rows", "pageno", "url", "querydata", "data", "datatype", "preview"}
)


def _tags(html: str, change: Callable[[str, list[tuple[str, str | None]]], str | None]) -> str:
    """Every opening tag outside scripts and comments; `change` gives its new text, None to leave it."""

    def tag(match: re.Match[str]) -> str:
        parts = [(name, value) for name, value in PART.findall(match[2])]
        made = change(match[1], [(name, value or None) for name, value in parts])
        return match[0] if made is None else made

    pieces = OPAQUE.split(html)
    return "".join(piece if n % 2 else TAG.sub(tag, piece) for n, piece in enumerate(pieces))


def _made(name: str, attributes: list[tuple[str, str | None]]) -> str:
    told = "".join(f" {key}={value}" if value is not None else f" {key}" for key, value in attributes)
    return f"<{name}{told}>"


def rename_classes(html: str, chance: random.Random) -> str:
    """Every class and id has another name (but numbers of pagers stay in them)."""
    names: dict[str, str] = {}

    def change(name: str, attributes: list[tuple[str, str | None]]) -> str:
        kept = [
            (
                key,
                f'"{names.setdefault(value or "", f"x{chance.randrange(10**6)}")}"' if key.lower() in ("class", "id") else value,
            )
            for key, value in attributes
        ]
        return _made(name, kept)

    return _tags(html, change)


def drop_classes(html: str, chance: random.Random) -> str:
    """No class, id or style at all."""
    return _tags(
        html, lambda name, parts: _made(name, [part for part in parts if part[0].lower() not in ("class", "id", "style")])
    )


def shuffle_attributes(html: str, chance: random.Random) -> str:
    """Attributes in another order, and an unknown one."""

    def change(name: str, parts: list[tuple[str, str | None]]) -> str:
        mixed = [*parts, ("data-x", f'"{chance.randrange(100)}"')]
        chance.shuffle(mixed)
        return _made(name, mixed)

    return _tags(html, change)


def upper_tags(html: str, chance: random.Random) -> str:
    """Names of tags in capitals."""
    return _tags(html, lambda name, parts: _made(name.upper(), parts))


def drop_titles(html: str, chance: random.Random) -> str:
    """Links without title=: only rows whose text was not cut can stay as they were."""
    return _tags(
        html, lambda name, parts: _made(name, [part for part in parts if part[0].lower() != "title"]) if name == "a" else None
    )


def wrap_links(html: str, chance: random.Random) -> str:
    """Each link in a span."""
    return _outside(
        html, lambda piece: re.sub(r"(<a\b[^>]*>)(.*?)(</a>)", r"<span>\1\2\3</span>", piece, flags=re.DOTALL | re.IGNORECASE)
    )


def wrap_text(html: str, chance: random.Random) -> str:
    """The text of each link in a font of its own, as editors mark new rows."""
    return _outside(
        html, lambda piece: re.sub(r"(<a\b[^>]*>)([^<]+)(</a>)", r"\1<font color=red>\2</font>\3", piece, flags=re.IGNORECASE)
    )


def wrap_body(html: str, chance: random.Random) -> str:
    """Two more divs around everything."""
    html = re.sub(r"(<body\b[^>]*>)", r"\1<div><div>", html, count=1, flags=re.IGNORECASE)
    return re.sub(r"</body>", "</div></div></body>", html, count=1, flags=re.IGNORECASE)


def add_comments(html: str, chance: random.Random) -> str:
    """A comment behind each item."""
    return _outside(html, lambda piece: re.sub(r"</(li|tr|dl)>", r"</\1><!-- end of row -->", piece, flags=re.IGNORECASE))


def add_spaces(html: str, chance: random.Random) -> str:
    """Lines and blanks between tags."""
    return _outside(html, lambda piece: re.sub(r">\s*<(?=li|tr|ul|div|dl)", ">\n\t   <", piece, flags=re.IGNORECASE))


def squeeze_spaces(html: str, chance: random.Random) -> str:
    """No white space between tags."""
    return _outside(html, lambda piece: re.sub(r">\s+<", "><", piece))


def items_to_divs(html: str, chance: random.Random) -> str:
    """Lists become divs."""
    return _outside(html, lambda piece: re.sub(r"<(/?)(?:ul|ol|li)\b", r"<\1div", piece, flags=re.IGNORECASE))


def add_sidebar(html: str, chance: random.Random) -> str:
    """A box of undated links to columns in front."""
    links = "".join(f"<li><a href='/box/{n}/'>推荐栏目之{n}</a></li>" for n in range(9))
    return re.sub(r"(<body\b[^>]*>)", rf"\1<div><h3>推荐</h3><ul>{links}</ul></div>", html, count=1, flags=re.IGNORECASE)


def add_banner(html: str, chance: random.Random) -> str:
    """A picture with a link before each third item."""
    count = iter(range(10**6))
    return _outside(
        html,
        lambda piece: re.sub(
            r"<li\b", lambda m: f"{'<div><a href=/ad><img src=x></a></div>' if next(count) % 3 == 0 else ''}{m[0]}", piece
        ),
    )


def _outside(html: str, change: Callable[[str], str]) -> str:
    pieces = OPAQUE.split(html)
    return "".join(piece if n % 2 else change(piece) for n, piece in enumerate(pieces))


MUTATIONS: dict[str, Mutation] = {
    made.__name__.replace("_", " "): made
    for made in (
        rename_classes, drop_classes, shuffle_attributes, upper_tags, drop_titles, wrap_links, wrap_text, wrap_body, add_comments, add_spaces, squeeze_spaces,
        items_to_divs, add_sidebar, add_banner,
    )
}  # fmt: skip


def rows_of(reading: Reading, *, titles: bool) -> set[tuple[str, ...]]:
    """What is compared of a reading."""
    return {(row.url, row.date or "", *([row.title] if titles else [])) for row in reading.rows}


def main(manifest: str, files: list[str]) -> int:
    """The table; 1 when a mutation falls below the least share."""
    known = {
        Path(item["file"]).name: item["page_url"] for item in map(json.loads, Path(manifest).read_text("utf-8").splitlines())
    }
    share: dict[str, list[float]] = {}
    following: dict[str, list[bool]] = {}
    for file in files:
        source = decode(Path(file).read_bytes(), None).text
        if not re.search(r"<(?:html|ul|div|table)\b", source, re.IGNORECASE) or source.lstrip()[:1] in "{;":
            continue
        url = known[Path(file).name]

        def read_it(text: str, url: str = url) -> Reading:
            return read(
                Page(url, 200, (("Content-Type", "text/html; charset=utf-8"),), text.encode(), 0), Kind.LIST, ReadRules(), url
            )

        before = read_it(source)
        for name, mutate in MUTATIONS.items():
            after = read_it(mutate(source, random.Random(1)))
            titles = name != "drop titles"
            was, now = rows_of(before, titles=titles), rows_of(after, titles=titles)
            if was or now:
                share.setdefault(name, []).append(len(was & now) / max(len(was), len(now)))
                following.setdefault(name, []).append(before.next_list == after.next_list)
                if share[name][-1] < 1 or not following[name][-1]:
                    print(
                        f"  {name}: {Path(file).name}: rows {share[name][-1]:.2f}, next {'kept' if following[name][-1] else 'lost'}",
                        file=sys.stderr,
                    )
    for name, values in share.items():
        print(
            f"{name:20} rows {sum(values) / len(values):.3f}   next {sum(following[name]) / len(values):.3f}   {len(values)} pages"
        )
    return 1 if any(sum(values) / len(values) < LEAST for values in share.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2:]))
