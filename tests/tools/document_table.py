"""What documents cost: `python -m tests.tools.document_table`.

Every generated format with its recall, then the two that have a budget (a PDF of ten pages and 200 kB, a sheet of
1,000 rows), in CPU milliseconds of the best of five. `tests.tools.hostile_files` has the hostile ones.
"""

import io
import sys
import time

from crawler.parsers.attached.document import read
from crawler.parsers.child import settle_in
from tests.parsers.attached import made


def large_pdf() -> bytes:
    """Ten pages of text and a picture: about 200 kB."""
    import random

    from PIL import Image
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    out, chance = io.BytesIO(), random.Random(1)
    canvas = Canvas(out)
    canvas.drawImage(ImageReader(Image.frombytes("RGB", (240, 240), chance.randbytes(240 * 240 * 3))), 300, 500)
    for number in range(10):
        canvas.setFont("STSong-Light", 10)
        for line in range(45):
            canvas.drawString(
                40,
                800 - 16 * line,
                f"{number}-{line} " + "县政府各部门应当于每年五月一日前完成防汛物资储备检查并报告"[chance.randrange(9) :],
            )
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def long_sheet() -> bytes:
    """A thousand rows of ten cells."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("预算")
    for row in range(1000):
        sheet.append([f"项目{row}", row, row * 1.5, "城东仓库", "2024-03-05", row % 7, "备注", f"{row}号", None, row / 3])
    return made.saved(book)


def cost(data: bytes, name: str) -> float:
    """CPU milliseconds of one reading, the best of five."""
    spent = []
    for _ in range(5):
        begin = time.process_time()
        read(data, name)
        spent.append(time.process_time() - begin)
    return min(spent) * 1000


def formats() -> int:
    """Print the table of formats; 1 when a text is not whole."""
    settle_in()  # as the process that reads them does
    whole = 0
    for name, one in made.everything().items():
        text = "".join("".join(read(one.data, one.name, one.header).lines).split())
        found = sum(len(line) for line in one.text if "".join(line.split()) in text)
        recall = found / sum(map(len, one.text))
        whole += recall < 0.99
        print(f"{name:24} {len(one.data):8} bytes  recall {recall:.3f}  {cost(one.data, one.name):7.1f} ms")
    for name, data, budget in (("a.pdf", large_pdf(), 60), ("a.xlsx", long_sheet(), 40)):
        print(f"{name:24} {len(data):8} bytes  {read(data, name).pages} pages  {cost(data, name):7.1f} ms of {budget}")
    return 1 if whole else 0


if __name__ == "__main__":
    sys.exit(formats())
