"""TLS: verified, 1.2 or newer, the system's trust store; what is remembered of a connection."""

import hashlib
import ssl
from pathlib import Path

import truststore

from crawler.model import Tls


def context(ca_file: Path | None = None) -> ssl.SSLContext:
    """A verifying client context; `ca_file` trusts that file's certificates instead of the system's."""
    if ca_file is not None:
        made = ssl.create_default_context(cafile=str(ca_file))
    else:
        made = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made


def describe(connection: ssl.SSLObject) -> Tls:
    """Protocol, cipher and digest of the server's certificate."""
    cipher = connection.cipher()
    certificate = connection.getpeercert(binary_form=True) or b""
    return Tls(connection.version() or "", cipher[0] if cipher else "", "sha256:" + hashlib.sha256(certificate).hexdigest())
