"""A WACZ file's signature (specs.webrecorder.net/wacz-auth 0.1.0, anonymous): ECDSA over P-384 with SHA-256, as ReplayWeb.page checks it.

The key is derived from the archive's own (`notes`), so that there is one secret to keep: whoever has that can make this one, nobody can go back.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crawler.archive.notes import SigningKey

VERSION = "0.1.0"
USE = b"gongkai wacz-auth ECDSA P-384"
CURVE = ec.SECP384R1()
ORDER = int(  # of the curve's group: SEC 2, 2.5.1
    "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973", 16
)
SIZE = 48  # bytes of each half of a signature
WIDE = 64  # bytes that are reduced to a scalar: so many more than it has that none is likelier than another


@dataclass(frozen=True, slots=True)
class WaczKey:
    """What signs WACZ files. It is in no text of ours."""

    held: ec.EllipticCurvePrivateKey

    @property
    def public(self) -> str:
        """What checks it: the key as SPKI, in base64."""
        found = self.held.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(found).decode()

    def signed(self, digest: str, created: str, software: str) -> Mapping[str, str]:
        """The signature of a description's digest (`sha256:…`), with what the format wants beside it."""
        r, s = decode_dss_signature(self.held.sign(digest.encode(), ec.ECDSA(SHA256())))
        signature = base64.b64encode(r.to_bytes(SIZE, "big") + s.to_bytes(SIZE, "big")).decode()
        return {
            "hash": digest, "created": created, "software": software, "version": VERSION, "signature": signature,
            "publicKey": self.public,
        }  # fmt: skip


def wacz_key(key: SigningKey) -> WaczKey:
    """The key that belongs to an archive's own."""
    wide = HKDF(SHA384(), WIDE, None, USE).derive(key.held.private_bytes_raw())
    return WaczKey(ec.derive_private_key(int.from_bytes(wide, "big") % (ORDER - 1) + 1, CURVE))
