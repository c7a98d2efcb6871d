"""Answers of the API: JSON with validators (RFC 9110, 8.8), lists with where to go on."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.responses import Response

ENCODE = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


def answer(request: Request, value: Mapping[str, Any], *, fresh: Mapping[str, str] | None = None) -> Response:
    """A JSON object; 304 where the caller has it already. `fresh`: further headers."""
    return conditional(request, ENCODE(value).encode("utf-8", "replace"), "application/json", fresh)


def conditional(request: Request, body: bytes, media_type: str, more: Mapping[str, str] | None = None) -> Response:
    """A body with its entity tag, or 304."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", **(more or {})}
    if has(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def has(request: Request, tag: str) -> bool:
    """Does the caller have what this entity tag names?"""
    asked = request.headers.get("if-none-match", "")
    return asked.strip() == "*" or tag in [one.strip().removeprefix("W/") for one in asked.split(",")]


def listed(items: Sequence[Mapping[str, Any]], total: int | None, following: str | int | None, **more: Any) -> dict[str, Any]:
    """The envelope of every list."""
    return {"items": list(items), "total": total, "next": None if following is None else str(following), **more}
