"""ReplayWeb.page's own loader, in Chromium, opens our WACZ files, shows their pages and says whether they are as they were signed.

GONGKAI_REPLAYWEB names a folder with its `sw.js` (npm's package `replaywebpage`; `.ci/run` fetches one). It is AGPL: it is no part of this
project and never shipped with it.
"""

import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from crawler.archive.reader import open_page
from crawler.cli.main import run
from crawler.repository import selection
from crawler.repository.database import reading
from tests.console.walking import chromium
from tests.tools.answering import answering

Home = Any  # the fixture's class lives in conftest, which tests do not import

LOAD = """async (file) => {
  await navigator.serviceWorker.register('/sw.js?useHashCheck=1', {scope: '/'});
  await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller)
    await new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', done));
  const told = [];
  const added = new Promise((done, failed) => navigator.serviceWorker.addEventListener('message', (event) => {
    told.push(event.data);
    if (event.data.name !== file) return;
    if (event.data.msg_type === 'collAdded') done();
    if (event.data.error) failed(new Error(JSON.stringify(event.data)));
  }));
  navigator.serviceWorker.controller.postMessage(
    {msg_type: 'addColl', name: file, file: {sourceUrl: `${location.origin}/made/${file}`}});
  await added;
  const opened = await new Promise((done) => {
    const asked = indexedDB.open(`db:${file}`);
    asked.onsuccess = () => done(asked.result);
  });
  const checked = await new Promise((done) => {
    const asked = opened.transaction('verification').objectStore('verification').getAll();
    asked.onsuccess = () => done(asked.result);
  });
  return {...await (await fetch(`/w/api/c/${file}?all=1`)).json(), checked};
}"""
SHOW = """async (asked) => {
  const answer = await fetch(`/w/${asked.file}/${asked.at}id_/${asked.url}`);
  return {status: answer.status, body: Array.from(new Uint8Array(await answer.arrayBuffer()))};
}"""


def unpacked(home: Home, name: str) -> bytes:
    """A page as a browser sees it: the capture's payload, checked, its content coding undone."""
    with reading(home.config.storage.database) as c:
        return bytes(open_page(home.config.storage.archive, *selection.one(c, name)).body)


@pytest.fixture
def made(crawled: Home, tmp_path: Path) -> Path:
    """A folder with a signed WACZ file of an archive, and one of which a page was changed and another of which the list was."""
    command = ["--config", str(crawled.path)]
    folder = tmp_path / "made"
    folder.mkdir()
    assert run([*command, "checkpoint"]) == 0
    assert run([*command, "export", "--wacz", "--to", str(folder / "signed.wacz")]) == 0
    with zipfile.ZipFile(folder / "signed.wacz") as packed, zipfile.ZipFile(folder / "changed.wacz", "w") as changed:
        for entry in packed.infolist():
            data = packed.read(entry)
            changed.writestr(entry, data.replace(b'"created"', b'"Created"') if entry.filename == "datapackage.json" else data)
    return folder


def test_replayweb_opens_a_signed_file_shows_its_pages_and_finds_what_was_changed(crawled: Home, made: Path) -> None:
    named = os.environ.get("GONGKAI_REPLAYWEB")
    if not named:
        pytest.skip("ReplayWeb.page: GONGKAI_REPLAYWEB names no folder that has its sw.js")
    app = Starlette(
        routes=[
            Route("/", lambda _: HTMLResponse("<!doctype html><title>replay</title>")),
            Mount("/made", StaticFiles(directory=made)),
            Mount("/", StaticFiles(directory=named)),
        ]
    )
    records = crawled.export()
    with answering(app) as base, chromium() as browser:
        page = browser.new_page()
        page.goto(f"{base}/")
        told = page.evaluate(LOAD, "signed.wacz")
        assert {one["url"] for one in told["pages"]} == {item["url"] for item in records}
        assert told["verify"]["numInvalid"] == 0
        matched = {one["id"].removeprefix("default") for one in told["checked"] if one["matched"]}
        assert matched == {"signature", "datapackage.json", "pages/pages.jsonl"}
        assert told["verify"]["publicKey"]
        for item in records[::9]:
            at = next(one["ts"] for one in told["pages"] if one["url"] == item["url"])
            answer = page.evaluate(SHOW, {"file": "signed.wacz", "at": at, "url": item["url"]})
            assert answer["status"] == 200, item["url"]
            assert bytes(answer["body"]) == unpacked(crawled, item["capture"]["id"]), item["url"]
        other = page.evaluate(LOAD, "changed.wacz")
        assert other["verify"]["numInvalid"] > 0
