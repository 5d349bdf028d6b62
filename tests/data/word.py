#!/usr/bin/env python3
"""Makes the same forms as documents of Word: `word/`.

    python3 tests/data/word.py

Beside each file NAME.docx stands NAME.json: `like` names the workbook whose answers are expected,
findings are those of the workbook at their places in the document. Needs python-docx, and what
`make.py` needs.
"""

import copy
import io
import json
import shutil
import sys
from pathlib import Path

import docx
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from openpyxl.utils import coordinate_to_tuple, get_column_letter

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))
import files
import make
import reports
from sheets import Layout, lay_out

OUT = HERE / "word"
IN_TABLE = ("cell", "head", "group")


class Document:
    """A book as a document: lines of cells with borders are tables, all others paragraphs."""

    def __init__(self, book):
        self.word = docx.Document()
        self.places = {}
        self.lines = 0
        self.tables = []
        for sheet in book.sheets:
            rows = []
            for r in range(1, sheet.end + 2):
                cells = {c: cell for (row, c), cell in sheet.cells.items() if row == r}
                covered = any(m[0] < r <= m[2] for m in sheet.merges if m[0] != m[2])
                if covered or any(cell.style in IN_TABLE for cell in cells.values()):
                    rows.append(r)
                    continue
                self.table(sheet, rows)
                rows = []
                self.paragraph(sheet, r, cells)
            self.table(sheet, rows)

    def paragraph(self, sheet, r, cells):
        texts = [str(cells[c].value) for c in sorted(cells) if cells[c].value is not None]
        if not texts:
            return
        for n, c in enumerate(sorted(cells), 1):
            self.places[sheet.name, r, c] = ("Văn bản", f"{get_column_letter(n)}{self.lines + 1}")
        text(self.word.add_paragraph(), "\t".join(texts))
        self.lines += 1

    def table(self, sheet, rows):
        if not rows:
            return
        used = [c for (r, c) in sheet.cells if r in rows] + [m[3] for m in sheet.merges if m[0] in rows]
        first, last = min(used), max(used)
        table = self.word.add_table(len(rows), last - first + 1)
        table.style = "Table Grid"
        self.tables.append(table)
        for row in rows:
            for c in range(first, last + 1):
                place = (f"Bảng {len(self.tables)}", f"{get_column_letter(c - first + 1)}{row - rows[0] + 1}")
                self.places[sheet.name, row, c] = place
        for a, b, c, d in sheet.merges:
            if a in rows:
                table.cell(a - rows[0], b - first).merge(table.cell(min(c, rows[-1]) - rows[0], d - first))
        for (r, c), cell in sorted(sheet.cells.items()):
            if r in rows and cell.value is not None:
                put(table.cell(r - rows[0], c - first), cell)
        self.lines += len(rows)

    def save(self, path):
        buffer = io.BytesIO()
        self.word.save(buffer)
        path.write_bytes(files.steady(buffer.getvalue()))


def text(paragraph, value, **look):
    run = paragraph.add_run(value)
    for name, on in look.items():
        setattr(run.font, name, on)
    return run


def put(target, cell):
    target.text = ""
    paragraph = target.paragraphs[0]
    if cell.runs:
        for part, bold in cell.runs:
            text(paragraph, part, bold=bold or None)
        return
    for n, line in enumerate(str(cell.value).split("\n")):
        text(target.add_paragraph() if n else paragraph, line)


def write(name, document, like, findings=()):
    document.save(OUT / f"{name}.docx")
    expected = {"like": like, "findings": list(findings)}
    (OUT / f"{name}.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n")


def right(name):
    return next((report, layout) for known, report, layout, _ in make.layouts() if known == f"{name}.xlsx")


def wrong(name):
    """A report of `broken`, as its document with the findings at their places."""
    change, findings = next((change, findings) for known, change, findings in make.broken()
                            if known.replace(".", "-").replace("/", "-") == name)
    report = reports.ha_nam()
    change(report)
    book = lay_out(report)
    document = Document(book)
    known = json.loads((HERE / f"forms/broken/{name}.json").read_text())["findings"]
    for finding in known:
        row, col = coordinate_to_tuple(finding["cell"])
        finding["sheet"], finding["cell"] = document.places[finding["sheet"], row, col]
    return document, known


def tracked(document):
    """Somebody's corrections, not yet accepted: what stands there was inserted, something else deleted."""
    for number, table in enumerate(document.tables):
        for row in table.rows:
            for cell in {id(c._tc): c for c in row.cells}.values():
                run = cell.paragraphs[0].runs[0] if cell.paragraphs[0].runs else None
                if run is None or number == 0 and row is table.rows[0]:
                    continue
                gone = copy.deepcopy(run._r)
                for t in gone.findall(qn("w:t")):
                    t.tag = qn("w:delText")
                    t.text = "Nội dung cũ đã xóa "
                for tag, inside in (("w:del", gone), ("w:ins", run._r)):
                    change = OxmlElement(tag)
                    for key, value in (("w:id", "1"), ("w:author", "A"), ("w:date", "2023-02-20T00:00:00Z")):
                        change.set(qn(key), value)
                    run._r.addprevious(change)
                    change.append(inside)
    # A row that was deleted as a whole.
    table = max(document.tables, key=lambda table: len(table.rows))
    row = copy.deepcopy(table.rows[-1]._tr)
    properties = row.get_or_add_trPr()
    properties.append(OxmlElement("w:del"))
    table._tbl.append(row)


def controls(document):
    """Each answer within a content control, as a form made by Word has it."""
    for table in document.tables:
        for row in table.rows[1:]:
            for cell in {id(c._tc): c for c in row.cells}.values():
                paragraph = cell.paragraphs[0]
                for run in paragraph.runs:
                    control, content = OxmlElement("w:sdt"), OxmlElement("w:sdtContent")
                    properties = OxmlElement("w:sdtPr")
                    alias = OxmlElement("w:alias")
                    alias.set(qn("w:val"), "Không phải nội dung")
                    properties.append(alias)
                    control.append(properties)
                    run._r.addprevious(control)
                    content.append(run._r)
                    control.append(content)


def odd_widths(document):
    """Rows whose borders do not meet, so that Word's grid has more columns than the table."""
    for table in document.tables:
        cells_of = [row._tr.tc_lst for row in table.rows]
        most = max(len(cells) for cells in cells_of)
        for n, cells in enumerate(cells_of):
            if len(cells) == most and n % 3 == 1:
                for at, cell in enumerate(cells):
                    span = cell.get_or_add_tcPr().get_or_add_gridSpan()
                    span.val = 2 if at == 1 else 1


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    for name in ("one-sheet-letter", "heading-lines", "contact-one-cell", "contact-across", "ministry-full", "many-systems",
                 "prompts-kept", "options-ticked", "columns-reordered", "nfd", "sheet-per-section", "numbers"):
        report, layout = right(name)
        write(name, Document(lay_out(report, layout)), f"layouts/{name}")
    for name in ("reason-missing-1-1", "compliance-missing-1-2", "phone-invalid-words", "row-missing-4-1", "due-unknown-2",
                 "owner-missing-1-1", "security-block-missing", "compliance-options-3"):
        document, findings = wrong(name)
        write(name, document, f"broken/{name}", findings)
    for name, change in (("tracked-changes", tracked), ("content-controls", controls), ("odd-widths", odd_widths)):
        report, layout = right("one-sheet-letter")
        document = Document(lay_out(report, layout))
        change(document)
        write(name, document, "layouts/one-sheet-letter")


if __name__ == "__main__":
    main()
