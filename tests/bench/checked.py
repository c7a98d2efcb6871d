"""Is what a crawler has of the bench's site what stands there? Every detail page once, equal in title, date, source and text; nothing else."""

import json
from pathlib import Path

from tests.bench.pages import squeezed

SHOWN = 5


def faults(folder: Path, state: int, records: Path) -> list[str]:
    """What is wrong with a file of records (JSON Lines: url, title, published, source, body), the first few in words; empty: nothing.

    `published` may go on behind the day, `body` may be text or paragraphs; white space in it does not count.
    """
    truth = [json.loads(line) for line in (folder / f"truth{state}.jsonl").read_text("utf-8").splitlines()]
    wanted = {item["url"]: item for item in truth}
    found: list[str] = []
    for line in records.read_text("utf-8").splitlines():
        record = json.loads(line)
        item = wanted.pop(record["url"], None)
        if item is None:
            found.append(f"{record['url']}: nothing of the site, or there twice")
            continue
        body = record["body"] if isinstance(record["body"], str) else "".join(record["body"])
        has = {**record, "published": (record["published"] or "")[:10], "body": squeezed(body)}
        found += [f"{record['url']}: {name} is {has[name]!r}, not {item[name]!r}" for name in item if has[name] != item[name]]
    found += [f"{url}: not there" for url in wanted]
    return [*found[:SHOWN], *([f"… and {len(found) - SHOWN} more"] if len(found) > SHOWN else [])]
