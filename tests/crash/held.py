"""A server over a site's pages that holds its answers while it is told to."""

import http.server
import threading
import time
from dataclasses import dataclass, field

from crawler.demo.site import Page, Site


@dataclass
class Asked:
    """A request: to which host, for what, when (monotonic seconds)."""

    host: str
    path: str
    at: float


@dataclass
class Held:
    """The server. `holding`: prefixes of host and path whose answers wait until there is none. A context manager."""

    site: Site
    seen: list[Asked] = field(default_factory=list)
    holding: tuple[str, ...] = ()
    port: int = 0

    def __enter__(self) -> "Held":
        self._changed = threading.Condition()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"home": self}))
        self._server.daemon_threads, self._server.block_on_close = True, False
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.hold()
        self._server.shutdown()
        self._server.server_close()

    def hold(self, *prefixes: str) -> None:
        """Hold these answers, and no others."""
        with self._changed:
            self.holding = prefixes
            self._changed.notify_all()

    def comes(self, asked: Asked) -> None:
        """A request is here; returns when it may be answered."""
        with self._changed:
            self.seen.append(asked)
            self._changed.notify_all()
            self._changed.wait_for(lambda: not f"{asked.host}{asked.path}".startswith(self.holding or ("\0",)))

    def wait(self, host: str, after: int, seconds: float, path: str = "") -> Asked | None:
        """The first request to a host (and a path that begins so) behind the first so many; None: there was none in time."""

        def found() -> Asked | None:
            return next((one for one in self.seen[after:] if one.host == host and one.path.startswith(path)), None)

        with self._changed:
            self._changed.wait_for(lambda: found() is not None, seconds)
            return found()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    home: Held

    def do_GET(self) -> None:
        """Answer, when it may be."""
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
        self.home.comes(Asked(host, self.path, time.monotonic()))
        page = self.home.site.pages.get((host, self.path), Page(b"<h1>404</h1>", status=404))
        try:
            self.send_response(page.status)
            self.send_header("Content-Type", page.content_type)
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            self.wfile.write(page.body)
        except OSError:  # who asked is dead
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Silent."""
