"""How often each class of evidence was right: the figures of `CONFIDENCE` in crawler/parsers/fields.py, and how they do on what was left out.

    GONGKAI_SHARED=… python tests/parsers/calibrate.py

Every labelled page of the corpus and each of its mutations is read; a field counts as right when it equals the label (body: F1 of 4-grams
at least .95). A page counts once, with the share of its readings that were right: its mutations are no independent evidence. What a class
claims of a family of pages is counted over the pages of all other families, (right + 1) / (pages + 2); the table holds the least of these
claims, rounded down, and never .99 but where witnesses agree. Printed beside it: what was found in the families that were left out.
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


def tallied(shared: Path) -> dict[tuple[str, str], dict[str, dict[str, list[bool]]]]:
    """(field, class) → family → page → was it right, reading by reading."""
    corpus = shared / "corpus"
    labels = {label["file"]: label for label in map(json.loads, (corpus / "gold.jsonl").read_text("utf-8").splitlines())}
    entries = [json.loads(line) for line in (corpus / "manifest.jsonl").read_text("utf-8").splitlines()]
    families = {entry["file"]: entry["family"] or entry["site"] or entry["file"] for entry in entries}
    for table in fields.CONFIDENCE.values():
        table.update({name: float(place) for place, name in enumerate(CLASSES)})
    tally: dict[tuple[str, str], dict[str, dict[str, list[bool]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for name, url, html in labelled_pages(shared):
        for change in ((lambda page: page), *MUTATIONS.values()):
            made = read_record(change(html), url)
            for field, good in right(made, labels[name]).items() if made is not None else ():
                witness = made.provenance.get(field) if made is not None else None
                if witness is not None and witness.confidence is not None:
                    tally[field.partition(".")[0], CLASSES[int(witness.confidence)]][families[name]][name].append(good)
    return tally


def claim(pages: list[float], most: float) -> float:
    """Laplace's estimate from pages, each a share that was right; rounded down to hundredths."""
    return min(most, math.floor(100 * (sum(pages) + 1) / (len(pages) + 2)) / 100)


def main() -> None:
    """Print the table, and claimed against found."""
    tally = tallied(Path(os.environ["GONGKAI_SHARED"]))
    print(f"{'field':10} {'class':18} {'claimed':>8} {'found':>8} {'worst family':>26} {'families':>9} {'pages':>6}")
    for field in fields.CONFIDENCE:
        shares = []
        for name in CLASSES:
            by_family = {
                family: [sum(seen) / len(seen) for seen in pages.values()]
                for family, pages in tally.get((field, name), {}).items()
            }
            if not by_family:
                continue
            most = 0.99 if name.startswith("agreed") else 0.95
            claims = [
                claim([page for other, pages in by_family.items() if other != family for page in pages], most)
                for family in by_family
            ]
            found = {family: sum(pages) / len(pages) for family, pages in by_family.items()}
            worst = min(found, key=lambda family: found[family])
            every = [page for pages in by_family.values() for page in pages]
            shares.append(f'"{name}": {min(claims)}')  # by hand: witnesses that agree are worth at least one alone
            print(
                f"{field:10} {name:18} {min(claims):8.2f} {sum(found.values()) / len(found):8.3f} {f'{worst[:18]} {found[worst]:.2f}':>26}"
                f" {len(found):9} {len(every):6}"
            )
        print(f'    "{field}": {{{", ".join(shares)}}},')


if __name__ == "__main__":
    main()
