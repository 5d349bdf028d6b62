#!/usr/bin/env python3
"""Makes forms whose options were all left in place, one of them marked by its look: `marked/`.

    python3 tests/data/marked.py

Beside each file stands NAME.json: the answers of `layouts/options-ticked`, and a remark for each
option that was told by its look alone; what is struck through is gone, and needs none. Needs
what `make.py` and `word.py` need, and soffice.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.utils import coordinate_to_tuple

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))
import files
import reports
import word
from sheets import Layout, lay_out

OUT = HERE / "marked"
CHOSEN = {
    "bold": {"b": True},
    "coloured": {"color": "FFFF0000"},
    "underlined": {"u": "single"},
}


def book():
    return lay_out(reports.kien_giang(), Layout(marks="bold"))


def remarks(of, place):
    """One for each cell with runs, at its place in the file."""
    found = []
    for (section, row, column), (sheet, cell) in of.places.items():
        source = next(known for known in of.sheets if known.name == sheet).cells.get(coordinate_to_tuple(cell))
        if source is not None and source.runs:
            sheet, cell = place(sheet, cell)
            found.append({"code": f"{column}-inferred", "severity": "warning", "sheet": sheet, "cell": cell, "row": row,
                          "field": column})
    assert found
    return found


def expect(name, findings):
    expected = {"like": "layouts/options-ticked", "findings": findings}
    (OUT / f"{name}.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n")


def write(name, chosen, other):
    """A workbook whose chosen options look one way and the others another."""
    files.rich = lambda cell: CellRichText(
        [TextBlock(InlineFont(rFont=files.FONT, sz=12, **(chosen if on else other)), text) for text, on in cell.runs])
    files.write_openpyxl(book(), OUT / f"{name}.xlsx")


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    told = remarks(book(), lambda sheet, cell: (sheet, cell))
    for name, look in CHOSEN.items():
        write(name, look, {})
        expect(name, told)
    write("struck-out", {}, {"strike": True})
    expect("struck-out", [])
    # LibreOffice keeps texts in a table of their own, where openpyxl writes them into the cells.
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "bold-libreoffice.xlsx"
        shutil.copy(OUT / "bold.xlsx", source)
        subprocess.run(["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to",
                        "xlsx:Calc MS Excel 2007 XML", "--outdir", OUT, source], check=True, capture_output=True)
    expect("bold-libreoffice", told)
    document = word.Document(book())
    document.save(OUT / "bold-word.docx")
    expect("bold-word", remarks(book(), lambda sheet, cell: document.places[(sheet, *coordinate_to_tuple(cell))]))


if __name__ == "__main__":
    main()
