"""Run by a Python that has pywb: replay captures and say what came.

    python replay_pywb.py FOLDER REPLAYED < wanted.jsonl

FOLDER holds a pywb layout (`collections/NAME/…`). Each line of standard input is [collection, timestamp, address]; each line of the file
REPLAYED is [status, SHA-256 of the body in hex, content type], as a browser gets it from `/NAME/TIMESTAMPid_/ADDRESS`, that is not rewritten.
"""

import hashlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from gevent.monkey import patch_all

patch_all()

App = Callable[[dict[str, Any], Callable[..., None]], Iterable[bytes]]


def main(folder: Path, replayed: Path) -> None:
    """Replay what is wanted."""
    replayed = replayed.resolve()
    os.chdir(folder)
    from pywb.apps.frontendapp import FrontEndApp

    app = FrontEndApp(config_file="config.yaml" if Path("config.yaml").exists() else None)
    with replayed.open("w") as told:  # pywb writes its log to both standard streams
        for line in sys.stdin:
            told.write(json.dumps(replay(app, *json.loads(line))) + "\n")


def replay(app: App, collection: str, timestamp: str, address: str) -> list[object]:
    """One capture; status 0 where a server could not have sent the answer."""
    path, _, query = f"/{collection}/{timestamp}id_/{address}".partition("?")
    said: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
        for text in (status, *(part for header in headers for part in header)):
            text.encode("latin-1")  # as every WSGI server sends it
        said[:] = [status, {name.lower(): value for name, value in headers}]

    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "REQUEST_URI": path + ("?" + query if query else ""),
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "localhost",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    try:
        body = b"".join(app(environ, start))
    except Exception as error:
        return [0, "", f"{type(error).__name__}: {error}"]
    status, headers = said
    return [int(status.split(" ")[0]), hashlib.sha256(body).hexdigest(), headers.get("content-type", "")]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
