"""TLS: verified, 1.2 or newer, the system's trust store; older or weaker only by a named profile; what is remembered of a connection.

A profile relaxes one thing. It is chosen in a source's file with its reason, counts for that source's own hosts, and is kept with
every capture. Nothing falls back to a weaker profile, and never to http.
"""

import hashlib
import ssl
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from crawler.model import Route, Tls

# Named by the ssl module from Python 3.12 and 3.10 on; the values are OpenSSL's.
LEGACY_SERVER_CONNECT = 0x4
PARTIAL_CHAIN = ssl.VerifyFlags(0x80000)


def _modern(_context: ssl.SSLContext) -> None:
    pass


def _weak_keys(context: ssl.SSLContext) -> None:
    context.set_ciphers("DEFAULT:@SECLEVEL=1")


def _renegotiation(context: ssl.SSLContext) -> None:
    context.options |= LEGACY_SERVER_CONNECT


def _tls_1_0(context: ssl.SSLContext) -> None:
    _renegotiation(context)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # OpenSSL 3 speaks 1.0 and 1.1 at this level only
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that it is deprecated is why the profile must be asked for
        context.minimum_version = ssl.TLSVersion.TLSv1


def _insecure(context: ssl.SSLContext) -> None:
    _tls_1_0(context)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE


# name → what it changes
PROFILES: Mapping[str, Callable[[ssl.SSLContext], None]] = MappingProxyType(
    {
        "modern": _modern,
        "extra-intermediate": _modern,  # the server leaves one out: it is taken from `certificates`
        "weak-keys": _weak_keys,  # SHA-1 signatures, 1024-bit keys: OpenSSL's security level 1
        "legacy-renegotiation": _renegotiation,  # no RFC 5746
        "tls-1.0": _tls_1_0,  # with level 0 and legacy renegotiation, which servers that old need as well
        "insecure": _insecure,  # nothing is verified; the capture says so
    }
)


def context(ca_file: Path | None = None, route: Route | None = None) -> ssl.SSLContext:
    """A client context of the route's profile. `ca_file` trusts that file's certificates instead of the system's.

    Raises OSError when a file of certificates cannot be read, ssl.SSLError when it holds none.
    """
    profile = route.tls_profile if route else "modern"
    made = _trusting_the_system() if ca_file is None and profile != "insecure" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file is not None:
        made.load_verify_locations(cafile=str(ca_file))
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.verify_flags &= ~PARTIAL_CHAIN  # an intermediate completes a chain; it is never its end
    if route is not None and route.certificates:
        made.load_verify_locations(cafile=route.certificates)
    PROFILES[profile](made)
    return made


def _trusting_the_system() -> ssl.SSLContext:
    """The system's trust store. Where OpenSSL knows its file it is read once; truststore reads it at every handshake (10 ms of CPU)."""
    if ssl.get_default_verify_paths().cafile and sys.platform not in ("darwin", "win32"):
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        made.load_default_certs()
        return made
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def describe(connection: ssl.SSLObject, route: Route | None = None) -> Tls:
    """Protocol, cipher and digest of the chain as the server sent it; the profile with its reason."""
    cipher = connection.cipher()
    profile = route.tls_profile if route else "modern"
    return Tls(
        protocol=connection.version() or "",
        cipher=cipher[0] if cipher else "",
        chain_digest="sha256:" + hashlib.sha256(b"".join(chain_of(connection))).hexdigest(),
        profile=profile,
        reason=route.tls_reason if route else "",
        verified=profile != "insecure",
    )


def chain_of(connection: ssl.SSLObject) -> list[bytes]:
    """The certificates the server sent (DER, leaf first). Before Python 3.13 the method is there, but not on the public object."""
    public = getattr(connection, "get_unverified_chain", None)
    if public is not None:
        return list(public())
    inner = connection._sslobj  # type: ignore[attr-defined] # noqa: SLF001 - truststore reads the chain in the same place
    return [certificate.public_bytes(ssl._ssl.ENCODING_DER) for certificate in inner.get_unverified_chain() or ()]  # type: ignore[attr-defined] # noqa: SLF001
