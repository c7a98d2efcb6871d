"""How a source's file says that its pages are read: what is empty or None is found by evidence. Frozen."""

import re
from dataclasses import dataclass

PATH = re.compile(r"[^.\s?]+(?:\.[^.\s?]+)*\??")  # where an answer in JSON has something: `data.list`, `items.0.title`, `files?`


@dataclass(frozen=True, slots=True)
class DetailRules:
    """A source's own rules for its detail pages; empty means auto. `since` ISO date."""

    body: str | None = None
    title: str | None = None
    published: str | None = None
    source: str | None = None
    channel: str | None = None
    since: str | None = None
    parts: str | None = None  # selector of the notices of a page that holds many
    json: tuple[tuple[str, str], ...] = ()  # where an answer in JSON holds what: (field, dotted path)


@dataclass(frozen=True, slots=True)
class ListRules:
    """A source's own rules for its list pages; None means auto.

    `rows`, `link`, `title`, `date`: CSS selectors, or paths of keys where the answer is JSON. `next`: auto, none, or a pager's kind with its
    parameters in `next_with`. Rows within the site (its registered domain and `hosts`) are always followed, of others those on so many
    `other_hosts` a run. `only`, `skip`: regular expressions; a row is followed when its address matches `only` and not `skip`.
    """

    hosts: tuple[str, ...] = ()
    rows: str | None = None
    link: str | None = None
    title: str | None = None
    date: str | None = None
    min_items: int | None = None
    next: str = "auto"
    next_with: tuple[tuple[str, str], ...] = ()
    max_pages: int | None = None
    only: str | None = None
    skip: str | None = None
    other_hosts: int = 20


@dataclass(frozen=True, slots=True)
class ReadRules:
    """Everything a child is told about a source. `details` newest first; the capture's time picks one."""

    details: tuple[DetailRules, ...] = ()
    list: ListRules = ListRules()
