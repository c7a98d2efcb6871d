"""The bench's own parts: the same site each time, a check that finds every kind of fault, samples that go to the right stage."""

import json
import sys
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.bench.checked import faults
from tests.bench.measured import measure
from tests.bench.pages import Host, write_site
from tests.bench.stages import shares

PORT = 18080


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small site on disk: 4 hosts of 10 pages."""
    folder = tmp_path_factory.mktemp("site")
    write_site(folder, hosts=4, pages=40, port=PORT)
    return folder


def test_the_site_is_the_same_each_time(site: Path, tmp_path: Path) -> None:
    write_site(tmp_path, hosts=4, pages=40, port=PORT)
    for file in (file for file in site.rglob("*") if file.is_file()):
        assert file.read_bytes() == (tmp_path / file.relative_to(site)).read_bytes()


def test_a_page_is_encoded_as_its_host_says_and_served_as_large_as_a_real_one(site: Path) -> None:
    for number in range(1, 5):
        host = Host(number, 4)
        for page in (site / "1" / host.address).rglob("*.html"):
            text = page.read_bytes().decode(host.encoding)
            assert f"charset={host.declared}" in text
            assert 15_000 < page.stat().st_size < 80_000
            assert page.with_name(page.name + ".gz").exists() == host.compressed


def test_in_the_second_state_one_page_in_ten_has_changed_and_all_others_are_the_very_same_files(site: Path) -> None:
    pages = [(file, site / "2" / file.relative_to(site / "1")) for file in (site / "1").rglob("*.html")]
    changed = [one for one, two in pages if not one.samefile(two)]
    assert len(pages) == 44
    assert len(changed) == 4
    truth = [[json.loads(line) for line in (site / f"truth{state}.jsonl").read_text("utf-8").splitlines()] for state in (1, 2)]
    assert sum(one != two for one, two in zip(*truth, strict=True)) == 4


def records(site: Path, to: Path) -> list[dict[str, object]]:
    """Records of the first state, read from its own pages by the truth's addresses."""
    found: list[dict[str, object]] = []
    for line in (site / "truth1.jsonl").read_text("utf-8").splitlines():
        item = json.loads(line)
        address, _, path = item["url"].removeprefix("http://").partition(f":{PORT}/")
        host = Host(int(address.rpartition(".")[2]), 4)
        page = LexborHTMLParser((site / "1" / address / path).read_bytes().decode(host.encoding))
        body = page.css_first("#UCAP-CONTENT")
        assert body is not None
        found.append({**item, "published": item["published"] + "T08:30", "body": body.text(separator="\n").split("\n")})
    to.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in found), "utf-8")
    return found


def test_what_is_read_rightly_has_no_faults_and_every_fault_is_named(site: Path, tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    found = records(site, file)
    assert faults(site, 1, file) == []
    assert len(faults(site, 2, file)) == 4
    wrong = [{**found[0], "title": "another"}, found[1], found[1], *found[3:]]
    file.write_text("".join(json.dumps(record) + "\n" for record in wrong), "utf-8")
    said = faults(site, 1, file)
    assert [line.partition(": ")[2].split(",")[0].split(" is ")[0] for line in said] == [
        "title",
        "nothing of the site",
        "not there",
    ]


def test_samples_go_to_the_stage_of_the_line_and_waiting_threads_to_none(tmp_path: Path) -> None:
    file = tmp_path / "samples.txt"
    head = 'process 1:"";run (/x/crawler/scheduler/engine.py:1);'
    file.write_text(
        f"{head}Line.keep (/x/crawler/pipeline/line.py:2);do_commit (/y/sqlalchemy/engine/default.py:3) 2\n"
        f"{head}Line.keep (/x/crawler/pipeline/line.py:2);Archive.append (/x/crawler/archive/writer.py:3) 1\n"
        f"{head}read (/x/crawler/parsers/page.py:2);lay_flat (/x/crawler/parsers/sheet.py:3) 1\n"
        f"{head}_worker (/y/concurrent/futures/thread.py:81) 900\n",
        "utf-8",
    )
    found = {name: share for name, share in shares(file).items() if share}
    assert found == {"commits": 0.5, "WARC": 0.25, "extract": 0.25}


def test_cpu_of_a_command_and_of_its_children_is_told_apart() -> None:
    spin = "import time\nwhile time.process_time() < {}: pass"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {spin.format(0.8)!r}])"
    spent = measure([sys.executable, "-c", f"{child}\n{spin.format(0.4)}"])
    assert spent.code == 0
    assert 0.5 < spent.children < 1.5
    assert 0.3 < spent.own < 1.2
    assert spent.peak > 5
