"""The documents that LibreOffice writes of ours, stored beside the tests: `python -m tests.tools.office_samples` makes them anew.

Needs `soffice`. Old formats have no library that writes them, and a PDF with embedded Chinese fonts and maps comes from an office.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.parsers.attached import made

HERE = Path(made.__file__).parent / "data"
WANTED = (("docx", "doc:MS Word 97", "doc"), ("docx", "rtf", "rtf"), ("docx", "odt", "odt"), ("docx", "pdf", "pdf"), ("pptx", "ppt", "ppt"), ("pptx", "odp", "odp"), ("xlsx", "xls", "xls"), ("xlsx", "ods", "ods"))  # fmt: skip


def main() -> int:
    """Write each of them."""
    HERE.mkdir(exist_ok=True)
    sources = {"docx": made.docx(), "pptx": made.pptx(), "xlsx": made.xlsx()}
    with tempfile.TemporaryDirectory() as folder:
        for source, to, ending in WANTED:
            place = Path(folder, f"office.{source}")
            place.write_bytes(sources[source])
            command = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", to]
            subprocess.run([*command, "--outdir", str(HERE), str(place)], check=True, stdout=subprocess.DEVNULL)
            print(f"{ending:5} {(HERE / f'office.{ending}').stat().st_size:7} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
