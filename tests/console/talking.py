"""Requests written by hand, byte by byte, and what comes back until the server closes."""

import socket

Address = tuple[str, int]


def said(address: Address, request: bytes, wait: float = 30) -> bytes:
    """What comes back for these bytes until the server closes or is silent."""
    with socket.create_connection(address, timeout=wait) as talk:
        talk.sendall(request)
        came = b""
        while part := talk.recv(65536):
            came += part
        return came


def request(method: str, target: str, address: Address, *more: str, host: str | None = None) -> bytes:
    """The head of a request, after whose answer the server closes."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host or f'{address[0]}:{address[1]}'}", "Connection: close", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def get(address: Address, target: str, *more: str, host: str | None = None) -> bytes:
    """An answer to a request written by hand."""
    return said(address, request("GET", target, address, *more, host=host))


def form(
    address: Address, target: str, body: bytes, *more: str, kind: str = "application/x-www-form-urlencoded", chunked: bool = False
) -> bytes:
    """An answer to a form, or to another body; `chunked`: without its length."""
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
    sent = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    return said(address, request("POST", target, address, f"Content-Type: {kind}", length, *more) + sent)
