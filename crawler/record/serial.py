"""A record as JSON, and packed as it is stored; the record back, checked. Pure."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from crawler.record.frame import framed, unpacked
from crawler.record.notice import Attachment, Image, Notice, Pair, Person, Place, Record, Site, Witness
from crawler.record.tables import Table, table_json

ENCODE = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


def packed(made: Record, title: str, body: str) -> bytes:
    """What a version stores: the record's JSON without the places of its bytes, which a rebuilt archive may change; and, each behind a
    line break that JSON has not, `title` and `body` as they are searched. In one frame, the second text costs a tenth of the first.
    """
    values = as_json(made)
    del values["capture"], values["further"]
    return framed(ENCODE(values), title, body)


def record_of(notice: Notice) -> Record:
    """The record of a notice. Raises ValueError or TypeError when what is packed is none."""
    return from_json(unpacked(notice.packed))


def as_json(made: Record) -> dict[str, object]:
    """The record as plain values, keys in the record format's order."""
    return {
        "title": made.title,
        "channel": made.channel,
        "published": made.published,
        "source": made.source,
        "clicks": made.clicks,
        "body": list(made.body),
        "attachments": [{"url": item.url, "name": item.name, "media_type": item.media_type} for item in made.attachments],
        "tables": [table_json(item) for item in made.tables],
        "images": [{"at": item.at, "url": item.url, "alt": item.alt} for item in made.images],
        "people": [{"role": item.role, "name": item.name} for item in made.people],
        "meta": _meta_json(made),
        "url": made.url,
        "final_url": made.final_url,
        "site": {"code": made.site.code, "name": made.site.name} if made.site else None,
        "provenance": {name: _witness_json(witness) for name, witness in made.provenance.items()},
        "incomplete": made.incomplete,
        "capture": asdict(made.capture) if made.capture else None,
        "further": [asdict(place) for place in made.further],
    }


def _meta_json(made: Record) -> dict[str, object]:
    """The known fields, and behind them all pairs of the block where it has any."""
    known: dict[str, object] = dict(made.meta)
    if made.labels:
        known["labels"] = [{"label": item.label, "value": item.value} for item in made.labels]
    return known


def _witness_json(witness: Witness) -> dict[str, object]:
    return {
        "rule": witness.rule,
        "raw": witness.raw,
        "disagrees": witness.disagrees,
        "version": witness.version,
        "against": list(witness.against),
        "confidence": witness.confidence,
        "refused": list(witness.refused),
    }


def from_json(values: Mapping[str, Any]) -> Record:
    """The record back from `as_json`. Raises TypeError, naming the key, when a value is missing or of another type."""
    meta, provenance = dict(_typed(values, "meta", dict, {})), _typed(values, "provenance", dict, {})
    labels = _objects("meta.labels", _typed(meta, "labels", list, []))
    meta.pop("labels", None)
    witnesses = _objects("provenance", list(provenance.values()))
    site, place = _typed(values, "site", dict, None), _typed(values, "capture", dict, None)
    return Record(
        title=_needed(values, "title"),
        channel=_text(values, "channel"),
        published=_text(values, "published"),
        source=_text(values, "source"),
        clicks=_typed(values, "clicks", int, None),
        body=tuple(_strings("body", _typed(values, "body", list, []))),
        attachments=tuple(map(_attachment, _objects("attachments", _typed(values, "attachments", list, [])))),
        tables=tuple(map(_table, _objects("tables", _typed(values, "tables", list, [])))),
        images=tuple(map(_image, _objects("images", _typed(values, "images", list, [])))),
        people=tuple(
            Person(_needed(item, "role"), _needed(item, "name"))
            for item in _objects("people", _typed(values, "people", list, []))
        ),
        labels=tuple(Pair(_needed(item, "label"), _text(item, "value") or "") for item in labels),
        meta=MappingProxyType(dict(zip(meta, _strings("meta", list(meta.values())), strict=True))),
        url=_text(values, "url"),
        final_url=_text(values, "final_url"),
        site=Site(_text(site, "code"), _text(site, "name")) if site else None,
        provenance=MappingProxyType({name: _witness(value) for name, value in zip(provenance, witnesses, strict=True)}),
        incomplete=_text(values, "incomplete"),
        capture=_place(place) if place else None,
        further=tuple(map(_place, _objects("further", _typed(values, "further", list, [])))),
    )


def fields_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a record's JSON says of its notice: all but how it was read, and where its bytes lie."""
    return {name: value for name, value in values.items() if name not in ("provenance", "capture", "further")}


def _typed(values: Mapping[str, Any], key: str, kind: type, default: Any) -> Any:
    value = values.get(key)
    if value is None:
        return default
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"record: {key} is {type(value).__name__}, not {kind.__name__}")
    return value


def _text(values: Mapping[str, Any], key: str) -> str | None:
    text: str | None = _typed(values, key, str, None)
    return text


def _needed(values: Mapping[str, Any], key: str) -> str:
    text = _text(values, key)
    if text is None:
        raise TypeError(f"record: {key} is missing")
    return text


def _strings(key: str, values: list[Any]) -> list[str]:
    if not all(isinstance(value, str) for value in values):
        raise TypeError(f"record: {key} holds something else than strings")
    return values


def _objects(key: str, values: list[Any]) -> list[dict[str, Any]]:
    if not all(isinstance(value, dict) for value in values):
        raise TypeError(f"record: {key} holds something else than objects")
    return values


def _attachment(value: Mapping[str, Any]) -> Attachment:
    url = _text(value, "url")
    return Attachment(url, _needed(value, "name") if url is None else _text(value, "name") or "", _text(value, "media_type"))


def _table(value: Mapping[str, Any]) -> Table:
    rows = _typed(value, "rows", list, [])
    if not all(isinstance(row, list) for row in rows):
        raise TypeError("record: tables.rows holds something else than rows")
    return Table(
        _typed(value, "at", int, 0),
        _text(value, "caption"),
        _typed(value, "header", int, 0),
        tuple(tuple(_strings("tables.rows", row)) for row in rows),
    )


def _image(value: Mapping[str, Any]) -> Image:
    return Image(_typed(value, "at", int, 0), _text(value, "url"), _text(value, "alt") or "")


def _witness(value: Mapping[str, Any]) -> Witness:
    return Witness(
        rule=_needed(value, "rule"),
        raw=_text(value, "raw") or "",
        disagrees=_text(value, "disagrees") or "",
        version=_typed(value, "version", int, 1),
        against=tuple(_strings("against", _typed(value, "against", list, []))),
        confidence=_typed(value, "confidence", float, None),
        refused=tuple(_strings("refused", _typed(value, "refused", list, []))),
    )


def _place(value: Mapping[str, Any]) -> Place:
    return Place(
        id=_needed(value, "id"),
        file=_needed(value, "file"),
        offset=_typed(value, "offset", int, 0),
        length=_typed(value, "length", int, 0),
        digest=_needed(value, "digest"),
        time=_needed(value, "time"),
    )
