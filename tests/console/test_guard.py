"""Who asks too often is told when to come back, and others are not made to wait for it."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx

from crawler.config.values import Config
from crawler.console.app import create
from crawler.console.guard import Rate
from crawler.console.server import opened


def test_who_asks_more_often_than_allowed_is_told_when_to_come_back(
    told: Config, serving: Callable[[Any], contextlib.AbstractContextManager[str]]
) -> None:
    asked = replace(told, serve=replace(told.serve, requests_per_minute=8))
    with opened(asked, None) as door, serving(create(door)) as url, httpx.Client(base_url=url, trust_env=False) as client:
        answers = [client.get("/api/v1/stats") for _ in range(4)]
    assert [answer.status_code for answer in answers[:3]] == [200, 200, 429]
    assert answers[2].headers["content-type"] == "application/problem+json"
    assert 1 <= int(answers[2].headers["retry-after"]) <= 8


def test_a_quarter_of_a_minute_s_requests_may_come_at_once_and_each_caller_has_its_own() -> None:
    now = [0.0]
    rate = Rate(60, clock=lambda: now[0])
    assert [rate.wait("a") for _ in range(16)] == [0] * 15 + [1.0]
    assert rate.wait("b") == 0
    now[0] = 1.0
    assert rate.wait("a") == 0
    assert rate.wait("a") == 1.0
