"""How often each class of evidence was right: the figures of `CONFIDENCE` in crawler/parsers/fields.py.

    GONGKAI_SHARED=… python tests/parsers/calibrate.py

Every labelled page of the corpus and each of its mutations is read; a field counts as right when it equals the label (body: F1 of 4-grams
at least .95); labels that the pages contradict are left out. Of `n` fields of a class `k` were right: (k + 1) / (n + 2), rounded down to hundredths.
"""

import json
import math
import os
from collections import defaultdict
from pathlib import Path

from crawler.parsers import fields
from crawler.record.notice import Record
from tests.parsers.mutate import MUTATIONS, f1, labelled_pages, read_record, squeeze

CLASSES = ("agreed", "agreed_contested", "alone", "contested")


def right(made: Record, label: dict[str, object]) -> dict[str, bool]:
    """Field by field."""
    found = {"title": squeeze(made.title) == squeeze(str(label["title"]))}
    if label["published"]:
        found["published"] = (made.published or "")[:10] == str(label["published"])[:10]
    for name in ("source", "channel"):
        wanted = label[name]
        found[name] = squeeze(getattr(made, name)) == squeeze(str(wanted or ""))
    drop = {squeeze(line) for line in label.get("optional_lines") or []}  # type: ignore[attr-defined]
    said = "".join(line for text in made.body for line in [squeeze(text)] if line not in drop)
    body = label["body"]
    lines = body.split("\n") if isinstance(body, str) else body
    assert isinstance(lines, list)
    found["body"] = f1("".join(line for line in map(squeeze, lines) if line not in drop), said) >= 0.95
    meta = label.get("meta") or {}
    assert isinstance(meta, dict)
    return found | {f"meta.{name}": squeeze(made.meta.get(name)) == squeeze(value) for name, value in meta.items()}


def main() -> None:
    """Print the table."""
    shared = Path(os.environ["GONGKAI_SHARED"])
    labels = {
        label["file"]: label for label in map(json.loads, (shared / "corpus" / "gold.jsonl").read_text("utf-8").splitlines())
    }
    for table in fields.CONFIDENCE.values():
        table.update({name: float(place) for place, name in enumerate(CLASSES)})
    tally: dict[tuple[str, int], list[bool]] = defaultdict(list)
    for name, url, html in labelled_pages(shared):
        for change in ((lambda page: page), *MUTATIONS.values()):
            made = read_record(change(html), url)
            if made is None:
                continue
            for field, good in right(made, labels[name]).items():
                witness = made.provenance.get(field)
                if witness is not None and witness.confidence is not None:
                    tally[field.partition(".")[0], int(witness.confidence)].append(good)
    for field in fields.CONFIDENCE:
        shares = []
        for place, name in enumerate(CLASSES):
            seen = tally[field, place]
            if seen:
                share = math.floor(100 * (sum(seen) + 1) / (len(seen) + 2)) / 100
                shares.append(f'"{name}": {share}')
                print(f"{field:10} {name:18} {sum(seen):5} of {len(seen):5}")
        print(f'    "{field}": {{{", ".join(shares)}}},')


if __name__ == "__main__":
    main()
