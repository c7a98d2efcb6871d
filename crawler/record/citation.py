"""A record as it is cited: for readers, by GB/T 7714-2015 and as CSL-JSON, each with the moment of its capture, its digest and where its
bytes lie. Every surface cites with what is made here. Pure.

What is cited is one version as it was captured, not the address: a page changes, the bytes under a digest do not.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crawler.text.beijing import beijing

DAY = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # that a reader does not see, or that turn the text around them


@dataclass(frozen=True, slots=True)
class Citation:
    """What a citation says of one version of a document. `author`: who issued it, as the page names it; `published`: as far as it is known
    (`2024-05`); `captured`: milliseconds; `place`: (WARC file, offset, length); `presence`: is it still at its address: here, missing, gone."""

    id: str
    version: int
    title: str
    author: str | None
    number: str | None
    published: str | None
    url: str
    site: str | None
    capture: str
    captured: int
    digest: str
    place: tuple[str, int, int]
    presence: str = "here"

    @property
    def name(self) -> str:
        """Document and version: `7k3m9q2x1vtd.2`."""
        return f"{self.id}.{self.version}"


def cited(public_id: str, version: int, record: Mapping[str, Any], presence: str = "here") -> Citation:
    """The citation of a version. `record`: as `show --as json` has it, with the place of its capture."""
    meta, capture, site = record.get("meta") or {}, record["capture"], record.get("site") or {}
    published = record.get("published") or meta.get("open_date") or meta.get("written_date")
    day = DAY.match(published or "")
    return Citation(
        id=public_id,
        version=version,
        title=_line(record["title"]) or "[无题名]",
        author=_line(meta.get("issuer")) or _line(record.get("source")) or _line(site.get("name")) or None,
        number=_line(meta.get("doc_no")) or None,
        published=day[0] if day else None,
        url=_line(record.get("url")).replace(" ", "%20"),
        site=_line(site.get("name")) or None,
        capture=capture["id"],
        captured=_moment(capture["time"]),
        digest=capture["digest"],
        place=(capture["file"], capture["offset"], capture["length"]),
        presence=presence,
    )


def text(of: Citation, language: str = "zh") -> str:
    """For readers: the first line names the document, the others the bytes that prove it."""
    file, offset, length = of.place
    if language == "en":
        lead = [of.author, f"“{of.title}”{f' ({of.number})' if of.number else ''}", of.published]
        lines = [
            f"{', '.join(part for part in lead if part)}. {of.url}",
            (
                f"As captured {beijing(of.captured, '%Y-%m-%d %H:%M:%S')} (Beijing time); record {of.name}, capture {of.capture}, {of.digest}, "
                f"{file} at {offset}, {length} bytes."
            ),
        ]
        if of.presence != "here":
            lines.append("Not at its address any more when this was cited.")
    else:
        title = of.title.replace("《", "〈").replace("》", "〉")
        lead = [f"{of.author or ''}《{title}》{f'（{of.number}）' if of.number else ''}", of.published, of.url]
        lines = [
            f"{'，'.join(part for part in lead if part)}。",
            f"存证于 {beijing(of.captured, '%Y-%m-%d %H:%M:%S')}（北京时间），记录 {of.name}，存证 {of.capture}，{of.digest}，{file} 第 {offset} 字节起 {length} 字节。",
        ]
        if of.presence != "here":
            lines.append("引用时原网址已不见此文。")
    return "\n".join(lines)


def gb7714(of: Citation) -> str:
    """By GB/T 7714-2015, 8.8 (electronic resources, `[EB/OL]`): author. title:number[EB/OL]. (published)[cited]. address.

    The day it is cited is the day it was captured; behind the address stands the archive's own identifier with the digest, since the
    standard has no element for either.
    """
    title = f"{of.title}:{of.number}" if of.number and of.number not in of.title else of.title
    dates = f"({of.published})" if of.published else ""
    file, offset, _ = of.place
    lead = f"{of.author}. " if of.author else ""
    return (
        f"{lead}{title}[EB/OL]. {dates}[{beijing(of.captured, '%Y-%m-%d')}]. {of.url}. "
        f"存证:{of.capture},{beijing(of.captured, '%Y-%m-%dT%H:%M:%S')}+08:00,{of.digest},{file}+{offset}."
    )


def csl(of: Citation) -> dict[str, Any]:
    """One item of CSL-JSON (citation-style-language, schema 1.0.2): what reference managers take. What it has no field for is in `custom`."""
    file, offset, length = of.place
    item: dict[str, Any] = {"id": of.name, "type": "webpage", "title": of.title, "language": "zh-CN", "URL": of.url}
    if of.author:
        item["author"] = [{"literal": of.author}]
    if of.number:
        item["number"] = of.number
    if of.site:
        item["container-title"] = of.site
    if of.published:
        item["issued"] = {"date-parts": [_parts(of.published)]}
    item["accessed"] = {"date-parts": [_parts(beijing(of.captured, "%Y-%m-%d"))]}
    item["archive"] = "Gongkai"
    item["archive_location"] = f"{file}+{offset}"
    item["note"] = f"{of.capture}, {_iso(of.captured)}, {of.digest}"
    item["custom"] = {
        "record": of.name,
        "capture": of.capture,
        "captured": _iso(of.captured),
        "digest": of.digest,
        "warc": {"file": file, "offset": offset, "length": length},
        "presence": of.presence,
    }
    return item


def as_json(of: Citation) -> dict[str, Any]:
    """Every form of a citation, for programs."""
    file, offset, length = of.place
    return {
        "id": of.id,
        "version": of.version,
        "text": {"zh": text(of), "en": text(of, "en")},
        "gb7714": gb7714(of),
        "csl": csl(of),
        "url": of.url,
        "capture": of.capture,
        "captured": _iso(of.captured),
        "digest": of.digest,
        "warc": {"file": file, "offset": offset, "length": length},
    }


def _parts(day: str) -> list[int]:
    found = DAY.match(day)
    return [int(part) for part in found.groups() if part] if found else []


def _line(value: object) -> str:
    """A value in one line, without what a reader does not see: a citation is pasted into other people's texts."""
    kept = "".join(
        " " if mark.isspace() else mark for mark in str(value or "") if mark.isspace() or unicodedata.category(mark) not in UNSEEN
    )
    return " ".join(kept.split())


def _moment(written: str) -> int:
    return int(datetime.fromisoformat(written).timestamp() * 1000)


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
