"""Writes docs/grafana.json, a dashboard over the console's /metrics.

    python -m tests.tools.draft_dashboard

Import it in Grafana (Dashboards, New, Import) and choose the Prometheus that scrapes the console. A test holds that it is what this writes and
that every metric in it is one that /metrics has.
"""

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "docs" / "grafana.json"
WIDTH, HEIGHT = 8, 7
PANELS = (  # title, expression, legend, unit, kind
    ("Sources by health", "gongkai_sources", "{{state}}", "short", "bargauge"),
    ("Processes alive", "gongkai_daemons", "", "short", "stat"),
    ("Free disk of the archive", "gongkai_disk_free_bytes", "", "bytes", "stat"),
    ("Looks of the last 24 hours by outcome", "gongkai_looks_day", "{{outcome}}", "short", "timeseries"),
    ("Queue lag: the longest wait of a due address", "gongkai_queue_lag_seconds", "lag", "s", "timeseries"),
    ("Addresses that wait", "gongkai_frontier", "{{state}}", "short", "timeseries"),
    ("Settle lag: age of the oldest capture that is not read", "gongkai_settle_lag_seconds", "lag", "s", "timeseries"),
    ("Captures that wait to be read", "gongkai_settle_pending", "pending", "short", "timeseries"),
    ("Documents that wait to be searchable", "gongkai_index_pending", "pending", "short", "timeseries"),
    ("Alarms that wait to be told", "gongkai_outbox_pending", "pending", "short", "timeseries"),
    ("How much the archive holds", "gongkai_archive", "{{of}}", "short", "timeseries"),
    ("New lines of the ledger a day", 'delta(gongkai_archive{of="changes"}[1d])', "changes", "short", "timeseries"),
)


def panel(number: int, title: str, expression: str, legend: str, unit: str, kind: str) -> dict[str, Any]:
    """One panel, three in a row."""
    source = {"type": "prometheus", "uid": "${datasource}"}
    return {
        "id": number + 1,
        "title": title,
        "type": kind,
        "datasource": source,
        "gridPos": {"x": number % 3 * WIDTH, "y": number // 3 * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}} if kind == "timeseries" else {},
        "targets": [{"refId": "A", "expr": expression, "legendFormat": legend, "datasource": source}],
    }


def dashboard() -> dict[str, Any]:
    """The whole of it."""
    variable = {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
    return {
        "title": "Gongkai",
        "uid": "gongkai",
        "schemaVersion": 39,
        "tags": ["gongkai"],
        "time": {"from": "now-7d", "to": "now"},
        "refresh": "1m",
        "templating": {"list": [variable]},
        "panels": [panel(number, *one) for number, one in enumerate(PANELS)],
    }


def written() -> str:
    """The file's text."""
    return json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(written(), "utf-8")
