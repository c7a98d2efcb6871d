"""Programs of others, where they are installed: LibreOffice for what nobody else reads, tesseract for pictures, when that is asked for.

Each is one process in a folder of its own that is removed, with a time limit, memory and CPU limits, its own profile, no display, macros
switched off and a proxy at which nobody listens: a document's links are asked of nobody. Where the reading process is killed its group is.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from time import monotonic

from crawler.parsers.attached.said import NoText, Reading

OFFICE_MEMORY = 4 << 30  # of address space: an office maps far more than it uses
OCR_MEMORY = 1 << 30
AGAIN = (79, 81)  # how an office says that it wants to be started anew: with a new profile it always does
NOBODY = "http://127.0.0.1:9"  # the discard port
PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableActiveContent" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update"><prop oor:name="Link" oor:op="fuse"><value>0</value></prop></item>
<item oor:path="/org.openoffice.Office.Calc/Content/Update"><prop oor:name="Link" oor:op="fuse"><value>1</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetProxyType" oor:op="fuse"><value>2</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetHTTPProxyName" oor:op="fuse"><value>127.0.0.1</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetHTTPProxyPort" oor:op="fuse"><value>9</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetHTTPSProxyName" oor:op="fuse"><value>127.0.0.1</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetHTTPSProxyPort" oor:op="fuse"><value>9</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetNoProxy" oor:op="fuse"><value></value></prop></item>
</oor:items>
"""


@cache
def office() -> str:
    """The program that converts; empty where none is installed. The binary itself: its wrapper would outlive what kills it."""
    found = shutil.which("soffice") or shutil.which("libreoffice")
    if not found:
        return ""
    binary = Path(found).resolve().with_name("soffice.bin")
    return str(binary) if binary.exists() else found


@cache
def tesseract() -> str:
    """The program that reads pictures; empty where none is installed."""
    return shutil.which("tesseract") or ""


@cache
def version_of(program: str) -> str:
    """What a program says of itself, in a word or two."""
    try:
        said = _run([program, "--version"], b"", 10, OFFICE_MEMORY, None)
    except NoText:
        return "?"
    words = said.decode("utf-8", "replace").split()
    return next((word for word in words[1:] if word[:1].isdigit()), "?")


def converted(data: bytes, ending: str, to: str, reading: Reading) -> bytes:
    """A document in a format that is read here. Raises NoText: not installed, it cannot, too late."""
    program = office()
    if not program:
        raise NoText("needs libreoffice")
    with tempfile.TemporaryDirectory(prefix="gongkai-office-") as folder:
        place = Path(folder)
        profile = place / "profile" / "user"
        profile.mkdir(parents=True)
        (profile / "registrymodifications.xcu").write_text(PROFILE, "utf-8")
        (place / f"in.{ending}").write_bytes(data)
        asked = ["--headless", "--norestore", "--nolockcheck", "--nodefault", "--nofirststartwizard", "--convert-to", to]
        command = [
            program,
            f"-env:UserInstallation=file://{place}/profile",
            *asked,
            "--outdir",
            str(place / "out"),
            f"in.{ending}",
        ]
        _run(command, b"", reading.limits.seconds, OFFICE_MEMORY, place)
        made = place / "out" / f"in.{to.partition(':')[0]}"
        if not made.exists():
            raise NoText("damaged: libreoffice cannot read it")
        if made.stat().st_size > reading.limits.unpacked:
            raise NoText(f"more than {reading.limits.unpacked >> 20} MiB unpacked")
        return made.read_bytes()


def seen(picture: bytes, seconds: float, language: str) -> list[str]:
    """The lines that OCR sees on a picture (PNG, JPEG, TIFF, BMP, PNM). Raises NoText."""
    program = tesseract()
    if not program:
        raise NoText("image only: needs tesseract")
    said = _run([program, "stdin", "stdout", "-l", language, "--psm", "3"], picture, seconds, OCR_MEMORY, None)
    lines = said.decode("utf-8", "replace").replace("\f", "\n").split("\n")
    return [_closed(line) for line in lines if line.strip()]


def _closed(line: str) -> str:
    """Without the blanks that OCR puts between Chinese characters."""
    found = ""
    for word in line.split():
        found += word if not found or (found[-1] > "\u2e7f" and word[0] > "\u2e7f") else f" {word}"
    return found


def _limited(memory: int, seconds: float) -> None:
    import resource

    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 2, int(seconds) + 4))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _run(command: list[str], given: bytes, seconds: float, memory: int, folder: Path | None, *, again: bool = True) -> bytes:
    """What a program prints. Raises NoText: it failed, or took too long."""
    environment = {
        name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TESSDATA_PREFIX", "LD_LIBRARY_PATH") if name in os.environ
    }
    environment |= {
        "HOME": str(folder or "/nonexistent"),
        "http_proxy": NOBODY,
        "https_proxy": NOBODY,
        "OMP_THREAD_LIMIT": "1",
        "SAL_USE_VCLPLUGIN": "svp",
    }
    begun = monotonic()
    try:
        done = subprocess.run(
            command,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=folder,
            timeout=seconds,
            check=False,
            preexec_fn=None
            if sys.platform == "win32"
            else lambda: _limited(memory, seconds),  # the reading process has one thread
        )
    except subprocess.TimeoutExpired as error:
        raise NoText(f"{Path(command[0]).stem} took more than {seconds:g} seconds") from error
    except OSError as error:
        raise NoText(f"{Path(command[0]).stem} cannot be started: {error}") from error
    if done.returncode in AGAIN and again:
        return _run(command, given, max(1.0, seconds - (monotonic() - begun)), memory, folder, again=False)
    if done.returncode:
        raise NoText(f"{Path(command[0]).stem} ended with {done.returncode}")
    return done.stdout
