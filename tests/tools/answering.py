"""A real server of an application on loopback, in a thread of this process."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import uvicorn

from crawler.console.server import settings


@contextlib.contextmanager
def answering(app: Any, **limits: Any) -> Iterator[str]:
    """The address of a real server of an application, as `gongkai serve` serves it. `limits`: other ones than its."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(settings(app, ending_s=1, **limits))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
