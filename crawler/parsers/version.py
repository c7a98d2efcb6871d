"""Which version of the reading a page was read by, and the names that whoever has pages read must know: no parser is imported for that."""

import hashlib
import json
from dataclasses import asdict
from functools import lru_cache

from crawler.record.rules import ReadRules

RULES = "8"  # every change of what is read from the same bytes makes this a new one
ABSENT = "absent"  # a further page's name that is no URL key: those begin with a method


@lru_cache(maxsize=64)
def rules_version(rules: ReadRules) -> str:
    """The version of everything that reads a source's pages: ours, and a digest of the source's own rules where it has any."""
    if rules == ReadRules():
        return RULES
    own = json.dumps(asdict(rules), sort_keys=True)
    return f"{RULES}+{hashlib.sha256(own.encode()).hexdigest()[:8]}"
