"""For maintainers: writes docs/record.schema.json and docs/source.schema.json anew from the models they describe."""

import json
from pathlib import Path

from crawler.config.schema import source_schema
from crawler.record.schema import record_schema

DOCS = Path(__file__).parent.parent.parent / "docs"

if __name__ == "__main__":
    for name, schema in (("record", record_schema()), ("source", source_schema())):
        (DOCS / f"{name}.schema.json").write_text(json.dumps(schema, ensure_ascii=False, indent=2) + "\n", "utf-8")
