"""`parse --explain`: why a page was read as it was."""

import json
import subprocess
import sys
from typing import Any

from crawler.cli import output
from crawler.model import Page

DEADLINE = 20.0  # seconds, as for every page


def explained(page: Page) -> dict[str, Any]:
    """What the reading process tells of a page; page_kind `unreadable` when it did not come back in time or at all."""
    command = [sys.executable, "-m", "crawler.parsers.explain", page.url, str(page.at)]
    try:
        done = subprocess.run(command, input=page.body, capture_output=True, timeout=DEADLINE, check=False)
    except subprocess.TimeoutExpired:
        return {"page_kind": "unreadable", "evidence": f"deadline of {DEADLINE:.0f}s"}
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        return {"page_kind": "unreadable", "evidence": lines[-1] if lines else f"the reader ended with {done.returncode}"}
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def tell(name: str, told: dict[str, Any], *, as_json: bool) -> None:
    """Print it: fields with their witnesses, then what was left out of the body and by which rule."""
    if as_json:
        output.json_line({"file": name, **told})
        return
    output.say(f"{name}: {told['page_kind']}, {told['evidence']}", "bold")
    for field, witness in told.get("fields", {}).items():
        sure = "?" if witness["confidence"] is None else f"{witness['confidence']:.2f}"
        value = f"{len(told['body'])} paragraphs" if field == "body" else witness["value"]
        output.say(f"  {field}: {value if value is not None else '-'}")
        output.say(f"      {witness['rule']} (rule {witness['version']}), sure {sure}", "dim")
        if witness["raw"] and witness["raw"] != witness["value"]:
            output.say(f"      read: {witness['raw']}", "dim")
        if witness["against"]:
            output.say(f"      but {', '.join(witness['against'])}: {witness['disagrees']}", "dim")
        for refused in witness["refused"]:
            output.say(f"      refused {refused}", "dim")
    for pair in told.get("labels", []):
        output.say(f"  block: {pair['label']}  {pair['value']}", "dim")
    dropped = told.get("dropped", [])
    output.tell(f"  left out of the article: {len(dropped)} lines" if dropped else "  nothing was left out of the article")
    for item in dropped:
        output.say(f"    {item['rule']}: {item['text'][:200]}", "dim")
    output.say()
