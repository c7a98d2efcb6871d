"""A page told with its reasons: each field's rule, witnesses and confidence, and every line of the article's element that was left out.

`python -m crawler.parsers.explain URL AT` reads a page on stdin and prints one JSON object, so that a hostile page costs a process.
"""

import json
import sys
from typing import Any

from crawler.model import Millis, Page
from crawler.parsers.detail import read_detail
from crawler.record.normalize import record
from crawler.record.rules import DetailRules
from crawler.record.serial import as_json
from crawler.text import charset


def explain(page: Page, *, rules: DetailRules = DetailRules()) -> dict[str, Any]:  # noqa: B008 - frozen
    """page_kind, evidence, encoding, fields (value and witness by name), body, dropped (text and rule). Raises UnreadablePage."""
    decoded = charset.decode(page.body, page.header("content-type"))
    found = read_detail(decoded.text, page, rules=rules, encoding=decoded.encoding)
    told: dict[str, Any] = {
        "page_kind": str(found.page_kind),
        "evidence": found.evidence,
        "encoding": decoded.encoding,
        "fields": {},
        "body": [],
        "dropped": [{"rule": item.rule, "text": item.text} for item in found.dropped],
    }
    for draft in found.drafts[:1]:
        made = as_json(record(draft, url=page.url, final_url=page.url, at=page.at))
        told["body"] = made["body"]
        meta = made["meta"]
        assert isinstance(meta, dict)
        told["labels"] = meta.get("labels", [])
        provenance = made["provenance"]
        assert isinstance(provenance, dict)
        for name, witness in provenance.items():
            value = meta.get(name[5:]) if name.startswith("meta.") else made.get(name)
            told["fields"][name] = {"value": None if name == "body" else value, **witness}
    return told


def main() -> None:
    """The process's entry."""
    page = Page(sys.argv[1], 200, (), sys.stdin.buffer.read(), Millis(sys.argv[2]))
    sys.stdout.buffer.write(json.dumps(explain(page), ensure_ascii=False).encode("utf-8", "replace") + b"\n")


if __name__ == "__main__":
    main()
