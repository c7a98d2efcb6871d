"""nginx serves the bench's site, as long as the block lasts: every host on an address of its own, validators or none, gzip or none."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.pages import Host

FOLDERS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
CONF = """worker_processes 1; worker_rlimit_nofile 20000; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log warn;
events {{ worker_connections 8192; }}
http {{
  types {{ text/html html; }}
  override_charset on; access_log off; sendfile on; tcp_nopush on; server_tokens off;
  keepalive_timeout 65s; keepalive_requests 1000000; reset_timedout_connection on;
{temporary}
{servers}
}}
"""


def nginx() -> str:
    """The program. Ends with a message where there is none."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        sys.exit("the bench's site is served by nginx, which is not installed (Debian, Ubuntu: apt-get install nginx-light)")
    return found


def show(folder: Path, state: int) -> None:
    """Serve the first or the second state from now on."""
    link = folder / "now.new"
    link.unlink(missing_ok=True)
    link.symlink_to(str(state))
    link.replace(folder / "now")


@contextmanager
def served(folder: Path, hosts: int, port: int) -> Iterator[None]:
    """The site of a folder, served on loopback. Ends with a message when the port is taken or nginx does not start."""
    folder = folder.resolve()
    program, conf = nginx(), folder / "nginx.conf"
    if _answers(port):
        sys.exit(f"port {port} of 127.0.0.1 is taken; name another with --port")
    show(folder, 1)
    servers = "\n".join(_server(folder, Host(number, hosts), port) for number in range(1, hosts + 1))
    temporary = "\n".join(f"  {name}_temp_path {folder}/tmp;" for name in FOLDERS)
    conf.write_text(CONF.format(folder=folder, servers=servers, temporary=temporary), "utf-8")
    with subprocess.Popen([program, "-e", str(folder / "nginx.log"), "-c", str(conf)], stderr=subprocess.PIPE) as process:
        try:
            _await(process, port)
            yield
        finally:
            process.terminate()
            process.wait(10)


def _server(folder: Path, host: Host, port: int) -> str:
    said = f"charset {host.declared};" if host.says_in_header else ""
    packed = "gzip_static on;" if host.compressed else ""
    validators = "" if host.validates else 'etag off; if_modified_since off; add_header Last-Modified "";'
    return f"  server {{ listen {host.address}:{port} backlog=4096; root {folder}/now/{host.address}; {said} {packed} {validators} }}"


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + 10
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > until:
            assert process.stderr is not None
            process.kill()
            sys.exit(f"nginx did not start: {process.stderr.read().decode(errors='replace')[-600:]}")
        time.sleep(0.05)
