"""One history of a small site, as other people's programs would have written it down: by their conventions, byte for byte their kinds of records.

Three notices and a list on the first day; on the thirtieth one notice is edited, one is the same, one is gone. Beside them what a crawl takes
along: a style sheet, a picture, robots.txt, a name server's answer, a missing icon.
"""

import base64
import gzip
import hashlib
import json
import uuid
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

SITE = "http://www.yunxi.example"
FIRST, LATER = "2024-05-06T01:30:0", "2024-06-05T01:30:0"  # a second is added
LIST = f"{SITE}/zwgk/index.html"
PATHS = {name: f"{SITE}/zwgk/202405/t20240506_{number}.html" for number, name in enumerate("abc", 1)}
TITLES = {"a": "关于公布2024年度长椅油漆计划的通知", "b": "关于河道清淤工程招标结果的公示", "c": "关于拟定低保对象名单的公示"}
REASONS = {200: "OK", 404: "Not Found", 301: "Moved Permanently"}


def notice(name: str, edited: bool = False) -> bytes:
    """A notice's page."""
    amount = "37" if edited else "36"
    return (
        f"<html><head><meta charset='utf-8'><title>{TITLES[name]}_云溪区人民政府</title><link rel='stylesheet' href='/a.css'></head><body>"
        f"<div class='nav'><a href='/'>首页</a> <a href='/zwgk/'>政务公开</a></div><h1>{TITLES[name]}</h1>"
        f"<div class='info'>发布时间：2024-05-06 09:30　来源：云溪区{name.upper()}局</div><div class='TRS_Editor'>"
        f"<p>各街道办事处，区政府各部门：</p><p>经区政府第{amount}次常务会议研究同意，现将有关事项通知如下，请认真贯彻执行，并于月底前报送落实情况。</p>"
        f"<p>一、严格按照计划时间组织实施，保证工程质量和施工安全，不得影响居民正常出行。</p><p>特此通知。</p></div>"
        "<div class='foot'>版权所有：云溪区人民政府　ICP备00000000号</div></body></html>"
    ).encode()


def listed() -> bytes:
    """The list that shows them."""
    rows = "".join(
        f"<li><a href='{url}'>{TITLES[name]}</a><span>2024-05-0{number}</span></li>"
        for number, (name, url) in enumerate(PATHS.items(), 4)
    )
    more = "".join(
        f"<li><a href='/zwgk/202404/t202404{n:02}_9{n}.html'>云溪区第{n}批公租房分配结果公示</a><span>2024-04-{n:02}</span></li>"
        for n in range(10, 17)
    )
    return (
        f"<html><head><meta charset='utf-8'><title>通知公告_云溪区人民政府</title></head><body><h2>通知公告</h2><ul class='list'>{rows}{more}</ul>"
        "<div class='page'>共10条 第1页/共1页</div></body></html>"
    ).encode()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an address, at a second of one of the two days."""

    at: str
    url: str
    body: bytes
    status: int = 200
    type: str = "text/html; charset=utf-8"


ANSWERS: Sequence[Answer] = (
    Answer(f"{FIRST}0Z", f"{SITE}/robots.txt", b"User-agent: *\nDisallow:\n", type="text/plain"),
    Answer(f"{FIRST}1Z", LIST, listed()),
    Answer(f"{FIRST}2Z", PATHS["a"], notice("a")),
    Answer(f"{FIRST}3Z", PATHS["b"], notice("b")),
    Answer(f"{FIRST}4Z", PATHS["c"], notice("c")),
    Answer(f"{FIRST}5Z", f"{SITE}/a.css", b"p{color:#333}", type="text/css"),
    Answer(f"{FIRST}6Z", f"{SITE}/logo.png", b"\x89PNG\r\n\x1a\n" + bytes(40), type="image/png"),
    Answer(f"{FIRST}7Z", f"{SITE}/favicon.ico", b"<h1>404</h1>", 404),
    Answer(f"{LATER}1Z", PATHS["a"], notice("a", edited=True)),
    Answer(f"{LATER}2Z", PATHS["b"], notice("b")),
    Answer(f"{LATER}3Z", PATHS["c"], b"<html><body><h1>404 Not Found</h1></body></html>", 404),
)


def sha1(data: bytes) -> str:
    """A digest as these programs write it."""
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def name(of: str) -> str:
    """A record id that is the same in every run."""
    return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, of)}>"


def record(kind: str, url: str, at: str, block: bytes, *extra: tuple[str, str], version: str = "1.0", own: str = "") -> bytes:
    """A WARC record; `own`: its id."""
    headers = [("WARC-Type", kind), ("WARC-Record-ID", own or name(f"{kind} {url} {at}")), ("WARC-Date", at)]
    headers += [("WARC-Target-URI", url)] if url else []
    headers += [*extra, ("Content-Length", str(len(block)))]
    lines = "".join(f"{key}: {value}\r\n" for key, value in headers)
    return f"WARC/{version}\r\n{lines}\r\n".encode() + block + b"\r\n\r\n"


def http(answer: Answer, *headers: str, line: str = "HTTP/1.1") -> bytes:
    """An answer's block; its body is as `headers` have it only where the caller has made it so."""
    head = [f"{line} {answer.status} {REASONS[answer.status]}", f"Content-Type: {answer.type}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + answer.body


def asked(answer: Answer) -> bytes:
    """A request's block, with a cookie."""
    path = answer.url.removeprefix(SITE)
    return f"GET {path} HTTP/1.1\r\nHost: www.yunxi.example\r\nUser-Agent: other/1.0\r\nCookie: session=secret\r\n\r\n".encode()


def info(text: str, at: str = f"{FIRST}0Z", **more: str) -> bytes:
    """A warcinfo record."""
    extra = [("Content-Type", "application/warc-fields"), *((key.replace("_", "-"), value) for key, value in more.items())]
    return record("warcinfo", "", at, text.replace("\n", "\r\n").encode(), *extra, own=name(text))


def packed(records: Sequence[bytes]) -> bytes:
    """Each in a gzip member of its own."""
    return b"".join(gzip.compress(one, mtime=0) for one in records)


# ------------------------------------------------------------------ the programs
def wget(folder: Path) -> list[Path]:
    """GNU Wget --warc-file: addresses in angle brackets, chunks kept as they came, its own manifest and log as metadata: and resource records."""
    made = [
        info(
            'software: Wget/1.21.4 (linux-gnu)\nformat: WARC File Format 1.0\nrobots: off\nwget-arguments: "-r" "--warc-file" "w"\n'
        )
    ]
    for answer in ANSWERS:
        body = answer.body
        chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        url, sent = f"<{answer.url}>", name(f"request {answer.url} {answer.at}")
        made.append(
            record("request", url, answer.at, asked(answer), ("Content-Type", "application/http;msgtype=request"), own=sent)
        )
        block = http(Answer(answer.at, answer.url, chunks, answer.status, answer.type), "Transfer-Encoding: chunked")
        made.append(
            record(
                "response", url, answer.at, block, ("WARC-Concurrent-To", sent), ("WARC-IP-Address", "192.0.2.7"),
                ("WARC-Payload-Digest", sha1(body)), ("Content-Type", "application/http;msgtype=response"),
            )
        )  # fmt: skip
    made.append(
        record(
            "metadata",
            "<metadata://gnu.org/software/wget/warc/MANIFEST.txt>",
            f"{LATER}9Z",
            b"<urn:uuid:1>\n",
            ("Content-Type", "text/plain"),
        )
    )
    made.append(
        record(
            "resource",
            "<metadata://gnu.org/software/wget/warc/wget.log>",
            f"{LATER}9Z",
            b"saved\n",
            ("Content-Type", "text/plain"),
        )
    )
    (folder / "w.warc.gz").write_bytes(packed(made))
    return [folder / "w.warc.gz"]


def scrapy_warcio(folder: Path) -> list[Path]:
    """Scrapy with warcio: what the library had decoded already stands below the server's head, which says gzip and another length."""
    made = [info("software: Scrapy-warcio/1.0\noperator: somebody\ndescription: crawl of www.yunxi.example\n")]
    for answer in ANSWERS:
        sent = name(f"request {answer.url} {answer.at}")
        block = http(answer, "Content-Encoding: gzip", "Content-Length: 77")
        made.append(
            record(
                "response",
                answer.url,
                answer.at,
                block,
                ("Content-Type", "application/http; msgtype=response"),
                ("WARC-Concurrent-To", sent),
            )
        )
        made.append(
            record(
                "request", answer.url, answer.at, asked(answer), ("Content-Type", "application/http; msgtype=request"), own=sent
            )
        )
    (folder / "s.warc").write_bytes(b"".join(made))
    return [folder / "s.warc"]


def heritrix(folder: Path) -> list[Path]:
    """Heritrix 3: a file for each day, the second still `.open`; name servers' answers; a revisit by digest, whose original is in the other
    file; a metadata record behind each answer."""
    paths = []
    for day, file in ((FIRST, "h-00000.warc.gz"), (LATER, "h-00001.warc.gz.open")):
        made = [
            info(
                f"software: Heritrix/3.4.0 http://crawler.archive.org\noperator: Admin\nisPartOf: yunxi\nformat: WARC File Format 1.0\nhttp-header-user-agent: other\n# {file}\n",
                f"{day}0Z",
            )
        ]
        made.append(
            record(
                "response",
                "dns:www.yunxi.example",
                f"{day}0Z",
                b"20240506013000\nwww.yunxi.example. 60 IN A 192.0.2.7\n",
                ("Content-Type", "text/dns"),
            )
        )
        for answer in (one for one in ANSWERS if one.at.startswith(day)):
            own = name(f"response {answer.url} {answer.at}")
            if answer.url == PATHS["b"] and day == LATER:
                made.append(
                    record(
                        "revisit", answer.url, answer.at, http(Answer(answer.at, answer.url, b"", 200), f"Content-Length: {len(answer.body)}"),
                        ("WARC-Profile", "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest"), ("WARC-Truncated", "length"),
                        ("WARC-Refers-To-Target-URI", answer.url), ("WARC-Refers-To-Date", f"{FIRST}3Z"), ("WARC-Payload-Digest", sha1(answer.body)),
                        ("Content-Type", "application/http; msgtype=response"), own=own,
                    )
                )  # fmt: skip
            else:
                block = http(answer, f"Content-Length: {len(answer.body)}", line="HTTP/1.0")
                made.append(
                    record(
                        "response",
                        answer.url,
                        answer.at,
                        block,
                        ("WARC-Payload-Digest", sha1(answer.body)),
                        ("Content-Type", "application/http; msgtype=response"),
                        own=own,
                    )
                )
            made.append(
                record(
                    "request",
                    answer.url,
                    answer.at,
                    asked(answer),
                    ("WARC-Concurrent-To", own),
                    ("Content-Type", "application/http; msgtype=request"),
                )
            )
            made.append(
                record(
                    "metadata",
                    answer.url,
                    answer.at,
                    b"via: http://www.yunxi.example/\r\nhopsFromSeed: L\r\nfetchTimeMs: 7\r\n",
                    ("WARC-Concurrent-To", own),
                    ("Content-Type", "application/warc-fields"),
                )
            )
        (folder / file).write_bytes(packed(made))
        paths.append(folder / file)
    return paths


def browsertrix(folder: Path) -> list[Path]:
    """Browsertrix Crawler: a WACZ file; heads as a browser tells them, HTTP/2 ones too, the coding already undone; urn:pageinfo and urn:text
    resources; the answer before its request; a revisit of what was stored before."""
    made = [info("software: Browsertrix-Crawler 1.5.0 (with warcio.js 2.4.3)\nformat: WARC File Format 1.1\n")]
    for answer in ANSWERS:
        own, date = name(f"response {answer.url} {answer.at}"), answer.at.replace("Z", ".123Z")
        kind = ("Content-Type", "application/http; msgtype=response")
        if answer.url == PATHS["b"] and answer.at.startswith(LATER):
            made.append(
                record(
                    "revisit", answer.url, date, b"HTTP/2 200 OK\r\ncontent-type: text/html\r\n\r\n",
                    ("WARC-Profile", "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"), ("WARC-Refers-To-Target-URI", answer.url),
                    ("WARC-Refers-To-Date", f"{FIRST}3.123Z"), ("WARC-Payload-Digest", "sha256:" + hashlib.sha256(answer.body).hexdigest()), kind, version="1.1", own=own,
                )
            )  # fmt: skip
        else:
            block = http(answer, "content-encoding: br", "x-orig-content-length: 99", line="HTTP/2")
            made.append(
                record(
                    "response",
                    answer.url,
                    date,
                    block,
                    ("WARC-Payload-Digest", "sha256:" + hashlib.sha256(answer.body).hexdigest()),
                    kind,
                    version="1.1",
                    own=own,
                )
            )
        made.append(
            record(
                "request",
                answer.url,
                date,
                asked(answer),
                ("WARC-Concurrent-To", own),
                ("Content-Type", "application/http; msgtype=request"),
                version="1.1",
            )
        )
        if answer.type.startswith("text/html"):
            made.append(
                record(
                    "resource",
                    f"urn:pageinfo:{answer.url}",
                    date,
                    json.dumps({"urls": {answer.url: {"status": answer.status}}}).encode(),
                    ("Content-Type", "application/json"),
                    version="1.1",
                )
            )
            made.append(
                record("resource", f"urn:text:{answer.url}", date, b"text", ("Content-Type", "text/plain"), version="1.1")
            )
    path = folder / "b.wacz"
    with zipfile.ZipFile(path, "w") as whole:
        whole.writestr("archive/data-00000-of-00001.warc.gz", packed(made), zipfile.ZIP_STORED)
        pages = [
            {"format": "json-pages-1.0", "id": "pages"},
            *({"url": answer.url, "ts": answer.at, "title": ""} for answer in ANSWERS if "html" in answer.type),
        ]
        whole.writestr("pages/pages.jsonl", "\n".join(map(json.dumps, pages)))
        whole.writestr("datapackage.json", json.dumps({"profile": "data-package", "wacz_version": "1.1.1", "resources": []}))
    return [path]


def warcio(folder: Path) -> list[Path]:
    """The library warcio itself."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves its temporary files to be closed by chance
        _by_warcio(folder / "l.warc.gz")
    return [folder / "l.warc.gz"]


def _by_warcio(path: Path) -> None:
    from io import BytesIO

    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        writer.write_record(writer.create_warcinfo_record(path.name, {"software": "warcio 1.8", "operator": "somebody"}))
        for answer in ANSWERS:
            fields = [("Content-Type", answer.type), ("Content-Length", str(len(answer.body)))]
            head = StatusAndHeaders(f"{answer.status} {REASONS[answer.status]}", fields, protocol="HTTP/1.1")
            at = {"WARC-Date": answer.at}
            writer.write_record(
                writer.create_warc_record(
                    answer.url, "response", payload=BytesIO(answer.body), http_headers=head, warc_headers_dict=at
                )
            )


def arc(folder: Path) -> list[Path]:
    """ARC 1, as the Internet Archive's crawler wrote until 2008: all in one gzip stream of the file's own."""
    about = b"1 0 InternetArchive\nURL IP-address Archive-date Content-type Archive-length\n"
    made = [f"filedesc://a.arc 0.0.0.0 20240506013000 text/plain {len(about)}\n".encode() + about + b"\n"]
    for answer in ANSWERS:
        block = http(answer, line="HTTP/1.0")
        time = answer.at.translate(str.maketrans("", "", "-:TZ"))
        made.append(f"{answer.url} 192.0.2.7 {time} {answer.type.partition(';')[0]} {len(block)}\n".encode() + block + b"\n")
    (folder / "a.arc.gz").write_bytes(gzip.compress(b"".join(made), mtime=0))
    return [folder / "a.arc.gz"]


WRITERS: dict[str, Callable[[Path], list[Path]]] = {
    "wget": wget, "scrapy with warcio": scrapy_warcio, "heritrix": heritrix, "browsertrix": browsertrix, "warcio": warcio, "arc": arc,
}  # fmt: skip
