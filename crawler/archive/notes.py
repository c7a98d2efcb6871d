"""Checkpoints: signed notes (c2sp.org/signed-note, c2sp.org/tlog-checkpoint) by Ed25519, and the keys that sign and check them."""

import base64
import binascii
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from crawler.archive.locks import make_folder, sync_folder
from crawler.errors import ArchiveError, UsageError
from crawler.model import Millis

ED25519 = b"\x01"
PRIVATE = "PRIVATE+KEY"
TIME = "time "
DASH = "\u2014 "
RAW = 32  # bytes of a key


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a note says: whose tree, how many leaves, its root, and when it was signed."""

    origin: str
    size: int
    root: bytes
    at: Millis | None = None

    def text(self) -> str:
        """The signed text. The time is an extension line."""
        lines = [self.origin, str(self.size), base64.b64encode(self.root).decode()]
        if self.at is not None:
            lines.append(TIME + datetime.fromtimestamp(self.at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Who signs, and what checks it."""

    name: str
    raw: bytes

    @property
    def number(self) -> bytes:
        """The four bytes by which a signature names its key."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.raw).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.number.hex()}+{base64.b64encode(ED25519 + self.raw).decode()}"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key. It is in no text of ours: only `write_key` spells it."""

    public: PublicKey
    held: Ed25519PrivateKey

    def sign(self, checkpoint: Checkpoint) -> str:
        """The checkpoint as a signed note."""
        text = checkpoint.text()
        signature = base64.b64encode(self.public.number + self.held.sign(text.encode())).decode()
        return f"{text}\n{DASH}{self.public.name} {signature}\n"


def public_key(said: str) -> PublicKey:
    """A public key as it is written. Raises UsageError."""
    name, _, rest = said.strip().partition("+")
    number, _, key = rest.partition("+")
    found = PublicKey(name, _decoded(key)[1:])
    if not name or len(found.raw) != RAW or _decoded(key)[:1] != ED25519 or found.number.hex() != number.lower():
        raise UsageError("this is no public key", remedy="it is one line, NAME+8 digits+letters: gongkai checkpoint writes it")
    return found


def opened(note: str, key: PublicKey) -> Checkpoint:
    """What a note says, if this key has signed it. Raises UsageError for what is no note of a tree, or not of this key."""
    text, mark, signatures = note.rpartition("\n\n")
    text += "\n"
    for line in signatures.splitlines() if mark else ():
        name, _, said = line.removeprefix(DASH).rpartition(" ")
        raw = _decoded(said)
        if line.startswith(DASH) and name == key.name and raw[:4] == key.number:
            try:
                Ed25519PublicKey.from_public_bytes(key.raw).verify(raw[4:], text.encode())
            except InvalidSignature:
                break
            return _said(text)
    raise UsageError(f"the checkpoint is not signed by {key.name}", remedy="its text was changed, or it is another archive's")


def _said(text: str) -> Checkpoint:
    lines = text.splitlines()
    root = _decoded(lines[2]) if len(lines) > 2 else b""
    if len(root) != RAW or not (lines[1].isascii() and lines[1].isdigit()):
        raise UsageError("the signed text is no checkpoint of a tree", remedy="name the file of a checkpoint")
    times = [line.removeprefix(TIME) for line in lines[3:] if line.startswith(TIME)]
    try:
        at = round(datetime.fromisoformat(times[0]).timestamp() * 1000) if times else None
    except ValueError:
        at = None
    return Checkpoint(lines[0], int(lines[1]), root, at)


def _decoded(said: str) -> bytes:
    try:
        return base64.b64decode(said, validate=True)
    except (binascii.Error, ValueError):
        return b""


def signing_key(path: Path) -> SigningKey:
    """The archive's key, made when there is none: the private one in a file that only its owner reads. Raises ArchiveError."""
    try:
        if not path.exists():
            _write_key(path)
        said = path.read_text("ascii").strip()
    except (OSError, UnicodeError) as error:
        raise ArchiveError(f"cannot use the key {path}: {error}", remedy="check the file and its folder") from error
    begin, _, rest = said.partition("+KEY+")
    parts = rest.split("+", 2)
    seed = _decoded(parts[2]) if len(parts) == 3 else b""
    if f"{begin}+KEY" != PRIVATE or len(seed) != RAW + 1 or seed[:1] != ED25519:
        raise ArchiveError(f"{path} holds no signing key", remedy="put the right file back; a new key proves nothing of the old")
    held = Ed25519PrivateKey.from_private_bytes(seed[1:])
    return SigningKey(PublicKey(parts[0], held.public_key().public_bytes_raw()), held)


def _write_key(path: Path) -> None:
    """Make a key: whole and readable for its owner alone from its first moment; the first of two that are made at once stands."""
    held = Ed25519PrivateKey.generate()
    raw = held.public_key().public_bytes_raw()
    public = PublicKey(f"gongkai-{sha256(raw).hexdigest()[:12]}", raw)
    secret = base64.b64encode(ED25519 + held.private_bytes_raw()).decode()
    make_folder(path.parent)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(f"{PRIVATE}+{public.name}+{public.number.hex()}+{secret}\n")
            file.flush()
            os.fsync(file.fileno())
        if not path.exists():
            os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(path.parent)
