"""Writes a `Book` as a file: openpyxl, XlsxWriter, xlwt, odfpy.

Nothing is decided here; cells, merges and places come from `sheets.py`. Archives carry a
fixed date, so that a second run writes the same bytes.
"""

import io
import re
import zipfile

import openpyxl
import xlsxwriter
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import CoveredTableCell, Table, TableCell, TableRow
from odf.text import P
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from sheets import Cell

THIN = Side(style="thin")
FONT = "Times New Roman"


def write_openpyxl(book, path):
    wb = openpyxl.Workbook()
    wb.remove(wb.active)
    for sheet in book.sheets:
        ws = wb.create_sheet(sheet.name)
        for (row, column), cell in sorted(sheet.cells.items()):
            target = ws.cell(row, column)
            target.value = rich(cell) if cell.runs else cell.value
            bold = cell.style in ("bold", "title", "head", "group")
            target.font = Font(name=FONT, size=13 if cell.style == "title" else 12, bold=bold)
            centre = cell.style in ("title", "head")
            target.alignment = Alignment(wrap_text=True, vertical="center" if centre else "top",
                                         horizontal="center" if centre else None)
            if cell.style in ("head", "cell", "group"):
                target.border = Border(THIN, THIN, THIN, THIN)
                if isinstance(cell.value, str):
                    target.number_format = "@"
        for row, column, last_row, last_column in sheet.merges:
            ws.merge_cells(start_row=row, start_column=column, end_row=last_row, end_column=last_column)
        for column, width in sheet.widths.items():
            ws.column_dimensions[get_column_letter(column)].width = width
        ws.page_setup.orientation, ws.page_setup.paperSize = "landscape", ws.PAPERSIZE_A4
        ws.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        ws.page_setup.fitToHeight = 0
    buffer = io.BytesIO()
    wb.save(buffer)
    path.write_bytes(steady(buffer.getvalue()))


def rich(cell):
    return CellRichText([TextBlock(InlineFont(rFont=FONT, sz=12, b=bold or None), text) for text, bold in cell.runs])


def steady(archive, change=lambda name, data: data):
    """The same archive with a fixed date on every member and in its properties."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename in ("docProps/core.xml", "meta.xml"):
                data = re.sub(rb"20\d\d-\d\d-\d\dT[\d:.]+Z?", b"2023-02-20T01:30:00Z", data)
            member = zipfile.ZipInfo(info.filename, (2023, 2, 20, 8, 30, 0))
            member.compress_type = info.compress_type
            member.external_attr = 0o644 << 16
            new.writestr(member, change(info.filename, data))
    return out.getvalue()


def write_xlsm(source, path):
    """A workbook saved as .xlsm: other content type, no macro inside."""
    def change(name, data):
        return data.replace(b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
                            b"application/vnd.ms-excel.sheet.macroEnabled.main+xml") if name == "[Content_Types].xml" else data
    path.write_bytes(steady(source.read_bytes(), change))


def write_xlsxwriter(book, path, formulas=()):
    buffer = io.BytesIO()
    wb = xlsxwriter.Workbook(buffer, {"in_memory": True})
    styles = {}

    def style(name):
        if name not in styles:
            styles[name] = wb.add_format({
                "font_name": FONT, "font_size": 13 if name == "title" else 12, "text_wrap": True,
                "bold": name in ("bold", "title", "head", "group"), "valign": "top",
                "align": "center" if name in ("title", "head") else "left",
                "border": 1 if name in ("head", "cell", "group") else 0})
        return styles[name]

    for sheet in book.sheets:
        ws = wb.add_worksheet(sheet.name)
        for row, column, last_row, last_column in sheet.merges:
            cell = sheet.cells.get((row, column), Cell(None))
            ws.merge_range(row - 1, column - 1, last_row - 1, last_column - 1, cell.value, style(cell.style))
        merged = {(m[0], m[1]) for m in sheet.merges}
        for at, cell in sorted(sheet.cells.items()):
            if at in formulas:
                ws.write_formula(at[0] - 1, at[1] - 1, formulas[at], style(cell.style), cell.value)
            elif at not in merged:
                ws.write(at[0] - 1, at[1] - 1, cell.value, style(cell.style))
        for column, width in sheet.widths.items():
            ws.set_column(column - 1, column - 1, width)
    wb.close()
    path.write_bytes(steady(buffer.getvalue()))


def write_xlwt(book, path):
    wb = xlwt.Workbook(encoding="utf-8")
    plain = xlwt.easyxf(f"font: name {FONT}, height 240; align: wrap on, vert top")
    bold = xlwt.easyxf(f"font: name {FONT}, height 240, bold on; align: wrap on, vert top")
    for sheet in book.sheets:
        ws = wb.add_sheet(sheet.name)
        merged = {(m[0], m[1]): m for m in sheet.merges}
        for at, cell in sorted(sheet.cells.items()):
            style = plain if cell.style in ("plain", "cell") else bold
            if at in merged:
                row, column, last_row, last_column = merged[at]
                ws.write_merge(row - 1, last_row - 1, column - 1, last_column - 1, cell.value, style)
            else:
                ws.write(at[0] - 1, at[1] - 1, cell.value, style)
        for column, width in sheet.widths.items():
            ws.col(column - 1).width = 256 * width
    wb.save(str(path))


def write_odf(book, path):
    doc = OpenDocumentSpreadsheet()
    for sheet in book.sheets:
        table = Table(name=sheet.name)
        spans = {(m[0], m[1]): (m[2] - m[0] + 1, m[3] - m[1] + 1) for m in sheet.merges}
        covered = {(r, c) for m in sheet.merges for r in range(m[0], m[2] + 1) for c in range(m[1], m[3] + 1)} - set(spans)
        width = max(c for _, c in [*sheet.cells, *covered])
        for r in range(1, sheet.end + 1):
            row = TableRow()
            for c in range(1, width + 1):
                value = getattr(sheet.cells.get((r, c)), "value", None)
                if (r, c) in covered:
                    row.addElement(CoveredTableCell())
                    continue
                how = {} if (r, c) not in spans else {"numberrowsspanned": spans[r, c][0], "numbercolumnsspanned": spans[r, c][1]}
                if isinstance(value, (int, float)):
                    how |= {"valuetype": "float", "value": value}
                elif value:
                    how |= {"valuetype": "string"}
                cell = TableCell(**how)
                for part in str(value).split("\n") if value is not None else []:
                    cell.addElement(P(text=part))
                row.addElement(cell)
            table.addElement(row)
        doc.spreadsheet.addElement(table)
    buffer = io.BytesIO()
    doc.write(buffer)
    path.write_bytes(steady(buffer.getvalue()))
