#!/usr/bin/env python3
"""Makes forms filled in as a real office does it, several difficulties at a time: `filled/GROUP/`.

    python3 tests/data/filled.py            # what Python writes
    python3 tests/data/filled.py --convert  # also what LibreOffice and SheetJS save

Beside each file stands NAME.json: what a careful person would record of it, written from what the office
meant and not from what the program says. Needs what `make.py` and `word.py` need; `--convert` soffice and npm.
"""

import copy
import datetime
import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import openpyxl
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import coordinate_to_tuple, get_column_letter

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))
import files
import make
import printed
import reports
import word
from sheets import Cell, Layout, lay_out

OUT = HERE / "filled"
CASES = []


class Case:
    """A report on its sheets, which an office then spoils; `expected` follows only what it meant."""

    def __init__(self, report, **layout):
        self.report = report
        self.book = lay_out(report, Layout(**{"letter": False, **layout}))
        self.expected = make.recorded(report)
        self.findings = []
        self.verdict = "accepted"
        self.reason = None
        self.formulas = {}          # by cell: what XlsxWriter writes with the cell's text as its value
        self.after = []             # what openpyxl does to the workbook last

    @property
    def sheet(self):
        return self.book.sheets[0]

    def at(self, row, column, section="status"):
        name, cell = self.book.places[section, row, column]
        return next(s for s in self.book.sheets if s.name == name), coordinate_to_tuple(cell)

    def get(self, row, column, section="status"):
        sheet, at = self.at(row, column, section)
        return sheet.cells[at].value if at in sheet.cells else None

    def type(self, row, column, value, section="status", runs=None):
        sheet, at = self.at(row, column, section)
        if value is None:
            sheet.cells.pop(at, None)
        else:
            sheet.cells[at] = Cell(value, "cell", runs)

    def means(self, row, **values):
        next(line for line in self.expected["status"] if line["row"] == row).update(values)

    def says(self, code, severity, row, field):
        place = make.finding(self.book, code, severity, row, field)
        self.findings.append(place)
        if severity == "error":
            self.verdict = "needs_correction"

    def rows(self):
        return [line["row"] for line in self.expected["status"]]

    def insert(self, before, cells, count=1):
        """Pushes everything from a line on down, and writes `cells` (by column name) into the gap."""
        sheet, (line, _) = before
        moved = {}
        for (r, c), cell in sheet.cells.items():
            moved[(r + count if r >= line else r, c)] = cell
        sheet.cells = moved
        sheet.merges = [(a + count, b, c + count, d) if a >= line else (a, b, c, d) for a, b, c, d in sheet.merges]
        for key, (name, cell) in list(self.book.places.items()):
            r, c = coordinate_to_tuple(cell)
            if name == sheet.name and r >= line:
                self.book.places[key] = (name, f"{get_column_letter(c)}{r + count}")
        sheet.end += count
        for column, value in cells.items():
            _, (_, c) = self.at(None, column)
            sheet.cells[line, c] = Cell(value, "cell")


def case(group, ending="xlsx", writer="openpyxl"):
    def add(make_case):
        name = make_case.__name__.replace("_", "-")
        CASES.append((group, f"{name}.{ending}", writer, make_case))
        return make_case
    return add


# ---- marks: options left in place ----

LISTS = {"compliance": printed.COMPLIANCE, "profile": printed.PROFILE, "stage": printed.STAGE}


def options_of(row):
    return printed.PROFILE if row.endswith("profile") else printed.COMPLIANCE


@case("marks", writer="xlsxwriter")
def ticked_in_every_way():
    c = Case(reports.kien_giang())
    ways = ["[x] {}|[ ] {}", "{} (x)|{}", "X {}|{}", "☑ {}|☐ {}", "{} [X]|{} [ ]", "v {}|{}", "(X) {}|( ) {}", "✓ {}|{}", "+ {}: x|+ {}:"]
    for n, line in enumerate(c.expected["status"]):
        yes, no = ways[n % len(ways)].split("|")
        c.type(line["row"], "compliance", "\n".join(
            (yes if code == line["compliance"] else no).format(text) for code, text in options_of(line["row"]).items()))
    return c


@case("marks")
def ticked_in_one_line():
    c = Case(reports.nghe_an())
    for line in c.expected["status"]:
        c.type(line["row"], "compliance", "  ".join(
            f"{'☒' if code == line['compliance'] else '☐'} {text}" for code, text in options_of(line["row"]).items()))
    return c


@case("marks")
def two_ticks():
    c = Case(reports.nghe_an())
    c.type("2", "compliance", "☑ Đã đáp ứng\n☑ Đáp ứng một phần\n☐ Chưa đáp ứng")
    c.means("2", compliance=None)
    c.says("compliance-several", "error", "2", "compliance")
    return c


@case("marks")
def struck_others_and_bold_choice():
    c = Case(reports.lao_cai())

    def look(wb):
        from openpyxl.cell.rich_text import CellRichText, TextBlock
        from openpyxl.cell.text import InlineFont
        for n, line in enumerate(c.expected["status"]):
            sheet, at = c.at(line["row"], "compliance")
            cell = wb[sheet.name].cell(*at)
            cell.value = CellRichText([TextBlock(InlineFont(rFont="Times New Roman", sz=12, **(
                {"b": True} if code == line["compliance"] else {"strike": True})), f"{text}\n")
                for code, text in options_of(line["row"]).items()])
    c.after.append(look)
    return c


# ---- cells: what is typed in one ----

@case("cells", writer="xlsxwriter")
def under_the_example():
    c = Case(reports.nghe_an())
    for line in c.expected["status"]:
        c.type(line["row"], "owner", f"Ví dụ: Sở TTTT\n{c.get(line['row'], 'owner')}")
        c.type(line["row"], "compliance", f"Ví dụ: Đáp ứng một phần\n{c.get(line['row'], 'compliance')}")
    return c


@case("cells")
def under_the_example_and_list():
    c = Case(reports.ha_nam())
    for row in ("2", "3", "4.1"):
        c.type(row, "compliance", "\n".join([printed.CHOOSE, printed.options(printed.COMPLIANCE),
                                              "Ví dụ: Chưa đáp ứng", c.get(row, "compliance")]))
        c.says("compliance-inferred", "warning", row, "compliance")
        c.says("investment-inferred", "warning", row, "investment")
        c.type(row, "investment", "\n".join([printed.CHOOSE_AND_DATE, printed.options(printed.STAGE),
                                              printed.EXAMPLES[row][2], c.get(row, "investment")]))
    return c


@case("cells")
def nothing_under_the_example():
    c = Case(reports.ha_nam())
    c.type("2", "owner", "Ví dụ: Sở TTTT\n........")
    c.means("2", owner=None)
    c.says("owner-example", "error", "2", "owner")
    return c


DITTO = ["như trên", "Như trên.", "-nt-", "nt", '"', "〃", "//", "(như trên)", "n.t", "'' ''"]


@case("cells")
def as_above():
    c = Case(reports.thai_nguyen())
    above = None
    for n, line in enumerate(c.expected["status"]):
        if n % 3 and not line["row"].startswith("5."):
            c.type(line["row"], "owner", DITTO[n % len(DITTO)])
            line["owner"] = above
            c.says("owner-inferred", "warning", line["row"], "owner")
        above = line["owner"]
    return c


@case("cells", writer="xlsxwriter")
def as_in_another_row():
    c = Case(reports.lao_cai())
    for row, words in (("4.1", "Như mục 2"), ("3", "như tại mục 1.1"), ("5.1/measures", "nt mục 4.1")):
        c.type(row, "owner", words)
        source = {"4.1": "2", "3": "1.1", "5.1/measures": "2"}[row]
        c.means(row, owner=next(line for line in c.expected["status"] if line["row"] == source)["owner"])
        c.says("owner-inferred", "warning", row, "owner")
    return c


@case("cells")
def as_above_in_choices():
    """A level that is "như trên" is the one above it; what it leaves open is told, and nothing is guessed."""
    c = Case(reports.dong_thap())
    lines = c.expected["status"]
    above, line = lines[0], lines[1]
    c.type(line["row"], "compliance", "Như trên")
    line["compliance"] = above["compliance"]
    c.says("compliance-inferred", "warning", line["row"], "compliance")
    return c


@case("cells")
def as_above_below_nothing():
    c = Case(reports.ha_nam())
    c.type("1.1", "owner", "Như trên")
    c.means("1.1", owner=None)
    c.says("owner-missing", "error", "1.1", "owner")
    return c


@case("cells")
def errors_of_the_spreadsheet():
    c = Case(reports.nghe_an())
    for row, column, shown in (("2", "owner", "#REF!"), ("4.1", "compliance", "#N/A"), ("3", "owner", "#NAME?")):
        c.type(row, column, shown)
        c.means(row, **{column: None})
        c.says(f"{column}-missing", "error", row, column)

    def as_errors(wb):
        for row, column in (("2", "owner"), ("4.1", "compliance"), ("3", "owner")):
            sheet, at = c.at(row, column)
            wb[sheet.name].cell(*at).data_type = "e"
    c.after.append(as_errors)
    return c


@case("cells", writer="xlsxwriter")
def phone_and_mail_in_one_cell():
    c = Case(reports.can_tho(), contact="gap")
    phone, mail = c.report.contact["phone"], c.report.contact["email"]
    c.type(None, "phone", f"{phone} - Email: {mail}", "contact")
    c.type(None, "email", None, "contact")
    sheet, at = c.at(None, "email", "contact")
    sheet.cells.pop((at[0], at[1] - 2), None)
    return c


@case("cells")
def phone_and_mail_under_one_label():
    c = Case(reports.da_nang(), contact="gap")
    sheet, at = c.at(None, "phone", "contact")
    sheet.cells[at[0], at[1] - 2] = Cell("Số điện thoại, Email", "plain")
    c.type(None, "phone", f"{c.report.contact['phone']}; {c.report.contact['email']}", "contact")
    c.type(None, "email", None, "contact")
    sheet, at = c.at(None, "email", "contact")
    sheet.cells.pop((at[0], at[1] - 2), None)
    return c


@case("cells")
def level_with_reason_in_its_cell():
    c = Case(reports.nghe_an())
    c.type("2", "compliance", c.get("2", "compliance") + " (khoảng 70% chức năng)")
    c.type("3", "compliance", c.get("3", "compliance").upper() + "!")
    c.type("4.1", "compliance", "-> " + c.get("4.1", "compliance"))
    return c


@case("cells")
def answers_in_other_cells_of_the_row():
    """The reason behind the level, the number of the decision behind the option, the time among the remarks."""
    c = Case(reports.lao_cai())
    c.type("4.1", "compliance", c.get("4.1", "compliance") + " do chưa được bố trí kinh phí")
    c.type("4.1", "note", None)
    c.means("4.1", note="do chưa được bố trí kinh phí")
    c.says("note-inferred", "warning", "4.1", "note")
    c.type("5.3/profile", "compliance", "Đã được cấp có thẩm quyền phê duyệt tại Quyết định số 396/QĐ-UBND ngày 05/12/2022")
    c.type("5.3/profile", "note", None)
    c.means("5.3/profile", note=None)
    c.says("decision_number-inferred", "warning", "5.3/profile", "note")
    c.findings[-1]["field"] = "decision_number"
    c.type("2", "investment", "Tổ chức đấu thầu")
    note = c.get("2", "note") + " Dự kiến hoàn thành, đưa vào khai thác quý IV/2023."
    c.type("2", "note", note)
    c.means("2", note=note)
    c.says("due-inferred", "warning", "2", "investment")
    c.findings[-1]["field"] = "due"
    return c


@case("cells")
def answers_that_begin_like_signatures():
    """None of them ends the table."""
    c = Case(reports.lao_cai())
    notes = {"1.1": "Chữ ký số chưa được cấp đủ cho cán bộ.", "4.1": "Đã ký hợp đồng nhưng chưa được bố trí đủ kinh phí.",
             "5.2/measures": "Lãnh đạo UBND tỉnh chưa phê duyệt kinh phí."}
    for row, note in notes.items():
        c.type(row, "note", note)
        c.means(row, note=note)
    c.type("3", "investment", "Tổ chức đấu thầu, ngày 30 tháng 6 năm 2023")
    c.means("3", stage="bidding", due="2023-06-30")
    c.type("2", "owner", "KT. hạ tầng, Sở Thông tin và Truyền thông")
    c.means("2", owner="KT. hạ tầng, Sở Thông tin và Truyền thông")
    return c


@case("cells")
def noughts_of_formulas():
    """Cells that point to blank ones show a nought."""
    c = Case(reports.nghe_an())
    for field in ("full_name", "position"):
        c.type(None, field, 0, "contact")
        c.expected["contact"][field] = None
        place = make.finding(c.book, f"{field}-missing", "error", None, field)
        c.findings.append(place)
    c.verdict = "needs_correction"
    for row in ("2", "4.1"):
        c.type(row, "owner", 0)
        c.means(row, owner=None)
        c.says("owner-missing", "error", row, "owner")
    return c


# ---- rows ----

@case("rows")
def owner_merged_over_rows():
    c = Case(reports.dong_thap())
    sheet, first = c.at("2", "owner")
    _, last = c.at("3", "owner")
    c.type("3", "owner", None)
    sheet.merge(first[0], first[1], last[0], last[1])
    for line in c.expected["status"]:
        if line["row"] == "3":
            line["owner"] = next(l for l in c.expected["status"] if l["row"] == "2")["owner"]
    c.says("owner-inferred", "warning", "3", "owner")
    return c


@case("rows", writer="xlsxwriter")
def answers_merged_over_a_block():
    c = Case(reports.dong_thap())
    for column in ("owner",):
        sheet, first = c.at("5.1/profile", column)
        _, last = c.at("5.1/measures", column)
        c.type("5.1/measures", column, None)
        sheet.merge(first[0], first[1], last[0], last[1])
        c.means("5.1/measures", owner=c.get("5.1/profile", column))
        c.says("owner-inferred", "warning", "5.1/measures", "owner")
    return c


@case("rows")
def lines_split_over_two():
    c = Case(reports.ha_nam())
    for row in ("3", "2"):
        sheet, at = c.at(row, "note")
        text = c.get(row, "note")
        middle = text.index(" ", len(text) // 2)
        c.type(row, "note", text[:middle])
        c.insert((sheet, (at[0] + 1, at[1])), {"note": text[middle + 1:]})
        c.means(row, note=text[:middle] + "\n" + text[middle + 1:])
    return c


@case("rows", writer="xlsxwriter")
def name_split_over_two():
    c = Case(reports.nghe_an())
    sheet, at = c.at("2", "component")
    text = c.get("2", "component")
    cut = text.index(" trên cơ sở")
    c.type("2", "component", text[:cut])
    c.insert((sheet, (at[0] + 1, at[1])), {"component": text[cut + 1:]})
    return c


@case("rows")
def sums_and_notes_between():
    c = Case(reports.thai_nguyen())
    c.insert(c.at("2", "component"), {"component": "Tổng cộng", "compliance": "3/5"})
    c.insert(c.at("4.1", "component"), {"component": "Ghi chú: số liệu tính đến ngày 20/02/2023"})
    c.insert(c.at("1.1", "component"), {"component": "Khối các sở, ngành"})
    return c


@case("rows")
def extra_columns():
    c = Case(reports.lao_cai(), order=("row", "component", None, "owner", "compliance", None, "investment", "note", None))
    sheet = c.sheet
    _, (line, col) = c.at(None, "component")
    for offset, head, value in ((1, "Đơn vị nhập liệu", "Phòng CNTT"), (4, "Tỷ lệ (%)", 75), (7, "Ngày cập nhật", "20/02/2023")):
        sheet.cells[line, col + offset] = Cell(head, "head")
        for row in c.rows():
            _, (r, _) = c.at(row, "component")
            sheet.cells[r, col + offset] = Cell(value, "cell")
    return c


@case("rows", writer="xlsxwriter")
def second_number_column():
    c = Case(reports.da_nang(), first=(1, 2))
    sheet = c.sheet
    _, (line, _) = c.at(None, "component")
    sheet.cells[line, 1] = Cell("TT", "head")
    for n, row in enumerate(c.rows(), 1):
        _, (r, _) = c.at(row, "component")
        sheet.cells[r, 1] = Cell(n, "cell")
    return c


@case("rows")
def numbers_made_dates():
    """1.1, 4.1, 5.2 typed as 1-1, 4-1, 5-2 became days of the current year."""
    c = Case(reports.nghe_an())

    def dates(wb):
        for row in ("1.1", "1.2", "4.1", "5.1", "5.2"):
            key = ("status", row, "row")
            if key not in c.book.places:
                continue
            sheet, at = c.at(row, "row")
            cell = wb[sheet.name].cell(*at)
            a, b = row.split(".")
            cell.value = datetime.datetime(2023, int(b), int(a))
            cell.number_format = "d-mmm"
    c.after.append(dates)
    return c


@case("rows")
def ratio_made_a_date():
    c = Case(reports.ha_nam())

    def dates(wb):
        sheet, at = c.at("3", "note")
        cell = wb[sheet.name].cell(*at)
        cell.value = datetime.datetime(2023, 12, 5)
        cell.number_format = "d/m"
    c.after.append(dates)
    c.type("3", "note", "05/12/2023")
    c.means("3", note=None)
    c.says("reason-missing", "error", "3", "note")
    c.says("ratios-missing", "error", "3", "note")
    return c


@case("rows")
def systems_counted_anew():
    """1, 2, 3 below the first row instead of 1.1, 1.2, 1.3: none of them is row 2 or 3."""
    c = Case(reports.lao_cai())
    for number in "123":
        c.type(f"1.{number}", "row", number)
    return c


@case("rows", writer="xlsxwriter")
def systems_without_numbers():
    """As Word's automatic numbers are lost; the first system is named like rows 4.1 and 5.1."""
    c = Case(reports.lao_cai())
    for number in "123":
        c.type(f"1.{number}", "row", None)
    return c


def blocks_numbered(numbers):
    c = Case(reports.lao_cai())
    for block, number in numbers.items():
        c.type(block, "row", number)
    return c


@case("rows")
def blocks_under_one_number():
    """The block was copied, and its number with it."""
    return blocks_numbered({"5.2": "5.1", "5.3": "5.1"})


@case("rows", writer="xlsxwriter")
def blocks_numbered_with_letters():
    return blocks_numbered({"5.1": "a", "5.2": "b", "5.3": "c"})


@case("rows")
def numbers_running_through_the_table():
    """1, 2, 3 … from the first line to row 3, whatever the form prints."""
    c = Case(reports.lao_cai())
    for number, row in enumerate(("1", "1.1", "1.2", "1.3", "2", "3"), 1):
        c.type(row, "row", str(number))
    return c


@case("rows", writer="xlsxwriter")
def heading_on_every_page():
    c = Case(reports.lao_cai())
    heads = {column: c.get(None, column) for column in printed.COLUMNS}
    for row in ("5.3/measures", "5.2", "4.1", "2", "1.2"):
        c.insert(c.at(row, "component"), heads)
    return c


@case("rows")
def reasons_in_a_column_of_their_own():
    """A column "Nguyên nhân" beside "Ghi chú"."""
    c = Case(reports.lao_cai(), order=("row", "component", "owner", "compliance", "investment", "note", None))
    _, (line, col) = c.at(None, "note")
    c.sheet.cells[line, col + 1] = Cell("Nguyên nhân", "head")
    for row in ("1.1", "2", "4.1"):
        _, (r, _) = c.at(row, "note")
        c.sheet.cells[r, col + 1] = Cell(c.get(row, "note"), "cell")
        c.type(row, "note", None)
    _, (r, _) = c.at("1.2", "note")
    c.sheet.cells[r, col + 1] = Cell("Chưa đủ nhân lực.", "cell")
    c.means("1.2", note=c.get("1.2", "note") + "\nChưa đủ nhân lực.")
    return c


@case("rows")
def a_row_written_twice():
    c = Case(reports.ha_nam())
    sheet, at = c.at("3", "component")
    again = {"row": "2", "component": printed.ROWS["2"], "owner": "Sở Y tế", "compliance": "Đã đáp ứng"}
    c.insert((sheet, at), again)
    c.book.places["status", "2", "component"] = (sheet.name, f"{get_column_letter(at[1])}{at[0]}")
    c.says("row-repeated", "warning", "2", "component")
    second = {**next(line for line in c.expected["status"] if line["row"] == "2")}
    second.update({key: None for key in second if key not in ("row", "component")})
    second.update(owner="Sở Y tế", compliance="met")
    at = [line["row"] for line in c.expected["status"]].index("3")
    c.expected["status"].insert(at, second)
    return c


# ---- labels ----

def misspelt(text, how):
    import unicodedata
    if how == "plain":
        text = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
        return "".join(ch for ch in text if not unicodedata.combining(ch))
    if how == "short":
        for long, short in (("Hệ thống thông tin", "HTTT"), ("hệ thống thông tin", "HTTT"), ("thủ tục hành chính", "TTHC"),
                            ("Cơ sở dữ liệu", "CSDL"), ("quốc gia", "QG"), ("an toàn, an ninh mạng", "ATANM"),
                            ("công nghệ thông tin", "CNTT"), ("một cửa điện tử", "MCĐT"), ("dịch vụ công", "DVC")):
            text = text.replace(long, short)
        return text
    words = text.split(" ")
    for n in range(3, len(words), 7):
        word_ = words[n]
        if len(word_) > 3:
            words[n] = word_[:-2] + word_[-1] + word_[-2] if n % 2 else word_[:-1]
    return " ".join(words)


def labels(how, report):
    c = Case(report, say=lambda t, column, is_printed: misspelt(t, how) if is_printed and column == "component" and t else t)
    return c


@case("labels")
def names_without_marks():
    return labels("plain", reports.nghe_an())


@case("labels", writer="xlsxwriter")
def names_abbreviated():
    return labels("short", reports.ha_noi())


@case("labels")
def names_misspelt():
    return labels("typo", reports.lao_cai())


@case("labels", writer="xlsxwriter")
def headings_misspelt():
    heads = {k: misspelt(v, "typo") for k, v in printed.COLUMNS.items()}
    return Case(reports.lao_cai(), headings=heads)


@case("labels")
def everything_without_marks():
    return Case(reports.nghe_an(), say=lambda t, column, is_printed: misspelt(t, "plain") if is_printed and t else t)


# ---- sheets ----

@case("sheets")
def behind_a_cover():
    c = Case(reports.ha_nam(), sheets="PL")

    def cover(wb):
        ws = wb.create_sheet("Bìa", 0)
        ws["B3"], ws["B5"] = "ỦY BAN NHÂN DÂN TỈNH HÀ NAM", "BÁO CÁO KẾT QUẢ TRIỂN KHAI VĂN BẢN SỐ 1552/BTTTT-THH"
        ws["B8"] = "Hà Nam, tháng 02 năm 2023"
        ws = wb.create_sheet("Hướng dẫn", 1)
        ws["A1"], ws["A2"] = "1. Thông tin về cán bộ đầu mối", "Họ và tên: ghi đầy đủ"
        ws["A3"] = "STT: ghi theo mẫu"
    c.after.append(cover)
    return c


def second_copy(c, old, name, visible=True):
    def add(wb):
        other = lay_out(old, Layout(letter=False, sheets=name))
        buffer = io.BytesIO()
        path = Path(tempfile.mkdtemp()) / "other.xlsx"
        files.write_openpyxl(other, path)
        source = openpyxl.load_workbook(path)[name]
        ws = wb.create_sheet(name, 0)
        for row in source.iter_rows():
            for cell in row:
                if cell.value is not None:
                    ws[cell.coordinate] = cell.value
        if not visible:
            ws.sheet_state = "hidden"
    c.after.append(add)


@case("sheets")
def old_copy_hidden():
    c = Case(reports.ha_nam(), sheets="Phụ lục")
    old = reports.ha_nam()
    old.portal = reports.answer("Sở TTTT", "met")
    second_copy(c, old, "Phụ lục cũ", visible=False)
    return c


@case("sheets")
def two_copies_seen():
    c = Case(reports.ha_nam(), sheets="Lần 2")
    old = reports.ha_nam()
    old.portal = reports.answer("Văn phòng UBND tỉnh", "met")
    second_copy(c, old, "Lần 1")
    c.findings.append({"code": "section-several", "severity": "warning", "sheet": "Lần 2",
                       "cell": c.book.places["status", None, "component"][1], "row": None, "field": None})
    return c


@case("sheets")
def second_form_below():
    """Another office's form was pasted below the first on the same sheet."""
    c = Case(reports.ha_nam(), sheets="Phụ lục")
    old = reports.ha_nam()
    old.portal = reports.answer("Sở Y tế", "met")
    end = c.sheet.end + 2

    def add(wb):
        other = lay_out(old, Layout(letter=False, sheets="Phụ lục"))
        ws = wb["Phụ lục"]
        for (r, col), cell in other.sheets[0].cells.items():
            if cell.value is not None:
                ws.cell(r + end, col).value = cell.value
    c.after.append(add)
    c.findings.append({"code": "section-several", "severity": "warning", "sheet": "Phụ lục",
                       "cell": c.book.places["status", None, "component"][1], "row": None, "field": None})
    return c


@case("sheets")
def blank_copy_beside():
    c = Case(reports.ha_nam(), sheets="Báo cáo")

    def add(wb):
        from sheets import Sheetmaker
        other = Sheetmaker(reports.ha_nam(), Layout(letter=False, sheets="Mẫu")).make(blank=True)
        ws = wb.create_sheet("Mẫu", 0)
        for at, cell in other.sheets[0].cells.items():
            if cell.value is not None:
                ws.cell(*at).value = cell.value
    c.after.append(add)
    return c


@case("sheets")
def hidden_row():
    c = Case(reports.thai_nguyen())
    c.after.append(lambda wb: [wb[c.sheet.name].row_dimensions.__getitem__(c.at(row, "row")[1][0]).__setattr__("hidden", True)
                               for row in ("1.2", "2")])
    for row in ("1.2", "2"):
        place = make.finding(c.book, "row-hidden", "warning", row, "component")
        c.findings.append(place)
    return c


@case("sheets")
def hidden_column():
    c = Case(reports.lao_cai())

    def hide(wb):
        _, at = c.at(None, "note")
        wb[c.sheet.name].column_dimensions[get_column_letter(at[1])].hidden = True
    c.after.append(hide)
    place = make.finding(c.book, "column-hidden", "warning", None, "note")
    c.findings.append(place)
    return c


@case("sheets")
def form_in_a_hidden_sheet():
    c = Case(reports.lao_cai(), sheets="PL1552")

    def hide(wb):
        ws = wb.create_sheet("Công văn", 0)
        ws["A1"] = "Kính gửi: Bộ Thông tin và Truyền thông"
        wb["PL1552"].sheet_state = "hidden"
        wb.active = 0
    c.after.append(hide)
    c.findings.append({"code": "sheet-hidden", "severity": "warning", "sheet": "PL1552",
                       "cell": c.book.places["status", None, "component"][1], "row": None, "field": None})
    return c


# ---- layouts nobody thought of ----

@case("layouts", writer="xlsxwriter")
def levels_as_columns():
    """The level of compliance as three columns with an x in one of them."""
    c = Case(reports.nghe_an(), order=("row", "component", "owner", "compliance", None, None, "investment", "note"))
    sheet = c.sheet
    _, (line, col) = c.at(None, "compliance")
    levels = list(printed.COMPLIANCE.items())
    for n, (_, text) in enumerate(levels):
        sheet.cells[line, col + n] = Cell(text, "head")
    for expected in c.expected["status"]:
        row = expected["row"]
        if row.endswith("profile"):
            continue
        _, (r, _) = c.at(row, "compliance")
        for n, (code, _) in enumerate(levels):
            sheet.cells.pop((r, col + n), None)
            if code == expected["compliance"]:
                sheet.cells[r, col + n] = Cell("x", "cell")
    return c


@case("layouts")
def label_colon_value():
    """Every answer on a line of its own: "Cơ quan chủ trì: …"."""
    return as_list(reports.dong_thap(), lambda label, value: [f"{label}: {value}"])


@case("layouts", writer="xlsxwriter")
def label_beside_value():
    """The same in two columns: the heading on the left, the answer on the right."""
    return as_list(reports.nghe_an(), lambda label, value: [label, value])


def as_list(report, shown):
    c = Case(report)
    sheet = c.sheet
    lines = [shown(label, report.contact[f]) for f, label in printed.CONTACT.items()]
    where = {}
    _, (head, number) = c.at(None, "row")
    _, (_, name) = c.at(None, "component")
    answers = [(column, c.at(None, column)[1][1], label) for column, label in list(printed.COLUMNS.items())[2:]]
    last = max(r for r, _ in (c.at(row, "component")[1] for row in c.rows()))
    for r in range(head + 1, last + 1):
        value = lambda col: sheet.cells[r, col].value if (r, col) in sheet.cells else None
        if not value(name):
            continue
        lines.append([f"{value(number)}. {value(name)}" if value(number) else value(name)])
        for column, col, label in answers:
            if value(col):
                lines.append(shown(label, value(col)))
    first = next(n for n, line in enumerate(lines, 1) if line[0][0].isdigit())
    lines.append([printed.SECTIONS["remarks"]])
    lines += [shown(label, report.remarks[f]) for f, label in printed.REMARKS.items() if report.remarks[f]]
    sheet.cells, sheet.merges = {}, []
    for n, texts in enumerate(lines, 1):
        for m, text in enumerate(texts, 1):
            sheet.cells[n, m] = Cell(text, "plain")
    sheet.end = len(lines)
    c.findings.append({"code": "table-relaid", "severity": "warning", "sheet": sheet.name, "cell": f"A{first}",
                       "row": None, "field": None})
    return c


@case("layouts")
def rows_and_columns_swapped():
    c = Case(reports.dong_thap())
    sheet = c.sheet
    _, (row, col) = c.at(None, "component")
    sheet.cells = {(col, row): cell for (row, col), cell in sheet.cells.items()}
    sheet.merges = []
    sheet.end = max(r for r, _ in sheet.cells)
    c.findings.append({"code": "table-relaid", "severity": "warning", "sheet": sheet.name,
                       "cell": f"{get_column_letter(row)}{col}", "row": None, "field": None})
    return c


def write(folder, name, writer, c):
    path = folder / name
    if writer == "docx":
        document = word.Document(c.book)
        document.save(path)
        for finding in c.findings:
            row, col = coordinate_to_tuple(finding["cell"])
            finding["sheet"], finding["cell"] = document.places[finding["sheet"], row, col]
    elif writer == "xlsxwriter":
        files.write_xlsxwriter(c.book, path, c.formulas)
    else:
        files.write_openpyxl(c.book, path)
    if c.after:
        wb = openpyxl.load_workbook(path, rich_text=True)
        for change in c.after:
            change(wb)
        buffer = io.BytesIO()
        wb.save(buffer)
        path.write_bytes(files.steady(buffer.getvalue()))
    make.expect(path, c.report.kind, c.verdict, c.reason, c.expected, c.findings)


# ---- what Excel adds ----

@case("excel", writer="xlsxwriter")
def rows_left_out_by_a_filter():
    """A filter on the level shows two lines of many; what it hides was answered all the same."""
    c = Case(reports.thai_nguyen())
    _, (head, col) = c.at(None, "compliance")
    hidden = [line["row"] for line in c.expected["status"] if line["compliance"] == "met"]

    def filter_rows(wb):
        ws = wb[c.sheet.name]
        ws.auto_filter.ref = f"A{head}:{get_column_letter(ws.max_column)}{ws.max_row}"
        ws.auto_filter.add_filter_column(col - 1, ["Chưa đáp ứng", "Đáp ứng một phần"])
        for row in hidden:
            ws.row_dimensions[c.at(row, "component")[1][0]].hidden = True
    c.after.append(filter_rows)
    c.findings += [make.finding(c.book, "row-hidden", "warning", row, "component") for row in hidden]
    return c


@case("excel")
def an_owner_struck_through_and_replaced():
    c = Case(reports.nghe_an())

    def strike(wb):
        from openpyxl.cell.rich_text import CellRichText, TextBlock
        from openpyxl.cell.text import InlineFont
        for row in ("2", "3"):
            sheet, at = c.at(row, "owner")
            cell = wb[sheet.name].cell(*at)
            cell.value = CellRichText([TextBlock(InlineFont(strike=True), "Văn phòng UBND tỉnh "),
                                       TextBlock(InlineFont(b=False), c.get(row, "owner"))])
    c.after.append(strike)
    return c


@case("excel")
def a_level_struck_through_as_a_whole():
    """Somebody took the answer back and wrote no other."""
    c = Case(reports.nghe_an())

    def strike(wb):
        sheet, at = c.at("4.1", "compliance")
        wb[sheet.name].cell(*at).font = Font(strike=True)
    c.after.append(strike)
    c.means("4.1", compliance=None, stage=None, due=None, note=None)
    for column in ("investment", "note"):
        c.type("4.1", column, None)
    c.says("compliance-missing", "error", "4.1", "compliance")
    return c


@case("excel")
def formulas_without_values():
    """Written by a program that works nothing out: nobody knows what the sender saw."""
    c = Case(reports.nghe_an())
    for row in ("2", "4.1"):
        sheet, at = c.at(row, "owner")
        c.type(row, "owner", f"=UPPER({get_column_letter(at[1])}{c.at('1.1', 'owner')[1][0]})")
        c.means(row, owner=None)
        c.says("owner-missing", "error", row, "owner")
    return c


@case("excel", writer="xlsxwriter")
def formulas_with_values():
    c = Case(reports.nghe_an())
    _, (line, col) = c.at("1.1", "owner")
    for row in ("2", "4.1"):
        c.type(row, "owner", c.get("1.1", "owner"))
        c.means(row, owner=c.get("1.1", "owner"))
        _, at = c.at(row, "owner")
        c.formulas[at] = f"={get_column_letter(col)}{line}"
    return c


@case("excel")
def levels_by_number_and_comments():
    """Notes of the desk beside the answers, and numbers that Excel keeps as numbers."""
    c = Case(reports.lao_cai())

    def comment(wb):
        from openpyxl.comments import Comment
        for row in ("2", "4.1"):
            sheet, at = c.at(row, "owner")
            wb[sheet.name].cell(*at).comment = Comment("Đề nghị anh Ví kiểm tra lại", "Phòng CNTT")
            sheet, at = c.at(row, "row")
            wb[sheet.name].cell(*at).value = float(row)
    c.after.append(comment)
    return c


@case("sheets")
def two_of_everything():
    """Behind a cover with a table of its own, an old copy hidden, an owner merged, a ditto, a line hidden."""
    c = Case(reports.dong_thap(), sheets="Báo cáo")
    sheet, first = c.at("2", "owner")
    _, last = c.at("3", "owner")
    c.type("3", "owner", None)
    sheet.merge(first[0], first[1], last[0], last[1])
    c.means("3", owner=c.get("2", "owner"))
    c.says("owner-inferred", "warning", "3", "owner")
    c.type("4.1", "owner", "-nt-")
    c.means("4.1", owner=c.get("2", "owner"))
    c.says("owner-inferred", "warning", "4.1", "owner")

    def hide(wb):
        ws = wb.create_sheet("Theo dõi", 0)
        for row in (("STT", "Cơ quan", "Tình trạng"), (1, "Sở Y tế", "Đã gửi"), (2, "Sở Tư pháp", "Chưa gửi")):
            ws.append(row)
        wb["Báo cáo"].row_dimensions[c.at("2", "component")[1][0]].hidden = True
    c.after.append(hide)
    c.findings.append(make.finding(c.book, "row-hidden", "warning", "2", "component"))
    return c


@case("marks", writer="xlsxwriter")
def ticked_between_strokes():
    c = Case(reports.nghe_an())
    c.type("2", "compliance", "Đã đáp ứng ( ) / Đáp ứng một phần (x) / Chưa đáp ứng ( )")
    c.means("2", compliance="partial")
    return c


@case("cells")
def dates_for_what_is_due():
    """The time of completion typed as days of Excel and as numbers in the text."""
    c = Case(reports.nghe_an())
    c.type("2", "investment", c.get("2", "investment").split(";")[0] + "; dự kiến hoàn thành 12/2023")
    c.means("2", due="2023-12")
    return c


@case("labels", writer="xlsxwriter")
def contact_labels_misspelt():
    c = Case(reports.nghe_an(), contact="gap")
    sheet = c.sheet
    for field, label in (("full_name", "Họ và ten"), ("phone", "Số điên thọai"), ("position", "Chức vu"), ("email", "Thư điện tửu")):
        _, at = c.at(None, field, "contact")
        sheet.cells[at[0], at[1] - 2] = Cell(label, "plain")
    return c


@case("rows")
def groups_numbered_with_letters():
    """STT of the groups as Roman numbers; the rows keep theirs."""
    c = Case(reports.lao_cai())
    for row, roman in (("1", "I"), ("4", "IV"), ("5", "V")):
        if ("status", row, "row") in c.book.places:
            c.type(row, "row", roman)
    return c


# ---- another's habits: labels, sheets and headings in an office's own way ----

def cell_of(sheet, text):
    return next(at for at, cell in sheet.cells.items() if cell.value == text)


def relabel(c, labels):
    for old, new in labels.items():
        at = cell_of(c.sheet, old)
        if new is None:
            del c.sheet.cells[at]
        else:
            c.sheet.cells[at] = Cell(new, "plain")


DIFFICULTIES, RECOMMENDATIONS = printed.REMARKS.values()


@case("labels")
def remarks_numbered_as_parts():
    c = Case(reports.thai_nguyen())
    relabel(c, {DIFFICULTIES: "4.1. Khó khăn", RECOMMENDATIONS: "(b) Kiến nghị:"})
    return c


@case("labels")
def remarks_without_labels():
    """Running text below the title alone: all of it the first answer, with a remark."""
    c = Case(reports.thai_nguyen())
    first = cell_of(c.sheet, DIFFICULTIES)
    relabel(c, {DIFFICULTIES: None, RECOMMENDATIONS: None})
    remarks = c.expected["remarks"]
    remarks.update(difficulties="\n".join(remarks.values()), recommendations=None)
    c.findings.append({"code": "difficulties-inferred", "severity": "warning", "sheet": c.sheet.name,
                       "cell": f"{get_column_letter(first[1])}{first[0] + 1}", "row": None, "field": "difficulties"})
    return c


@case("labels")
def remarks_as_columns():
    c = Case(reports.thai_nguyen())
    line, col = cell_of(c.sheet, DIFFICULTIES)
    texts = list(c.expected["remarks"].values())
    relabel(c, {DIFFICULTIES: "Khó khăn, vướng mắc", RECOMMENDATIONS: None})
    c.sheet.merges = [merge for merge in c.sheet.merges if not line <= merge[0] <= line + 4]
    for at, cell in list(c.sheet.cells.items()):
        if line < at[0] <= line + 4 and cell.value in texts:
            del c.sheet.cells[at]
    c.sheet.cells[line, col + 1] = Cell("Đề xuất, kiến nghị", "head")
    for n, text in enumerate(texts):
        c.sheet.cells[line + 1, col + n] = Cell(text, "cell")
    return c


@case("labels")
def contact_numbered_as_parts():
    c = Case(reports.nghe_an(), contact="gap")
    for n, (field, label) in enumerate(printed.CONTACT.items(), 1):
        _, at = c.at(None, field, "contact")
        c.sheet.cells[at[0], at[1] - 2] = Cell(f"1.{n}. {label}", "plain")
    return c


@case("labels")
def two_people():
    """Whoever is in charge is named above the contact."""
    c = Case(reports.nghe_an(), contact="gap")
    _, (line, col) = c.at(None, next(iter(printed.CONTACT)), "contact")
    c.insert((c.sheet, (line, col)), {}, count=4)
    for n, (label, value) in enumerate((("Lãnh đạo phụ trách:", None), ("- Họ và tên", "Trần Văn B"),
                                        ("- Chức vụ", "Phó Giám đốc"), ("Cán bộ đầu mối:", None))):
        c.sheet.cells[line + n, col - 2] = Cell(label, "plain")
        if value:
            c.sheet.cells[line + n, col] = Cell(value, "plain")
    return c


def over_two_sheets(c, from_row, heading):
    """What stands from a row on to the end of the table goes to a second sheet."""
    _, (head, _) = c.at(None, "component")
    _, (first, _) = c.at(from_row, "component")
    last = max(r for (section, row, _), (_, cell) in c.book.places.items() if section == "status"
               for r in [coordinate_to_tuple(cell)[0]])
    to = 3 if heading else 2

    def move(wb):
        ws, more = wb[c.sheet.name], wb.create_sheet("Trang 2")
        for row in ws.iter_rows(min_row=head, max_row=last):
            for cell in row:
                if heading and cell.row == head:
                    more.cell(to - 1, cell.column).value = cell.value
                if cell.row >= first:
                    more.cell(cell.row - first + to, cell.column).value = cell.value
        ws.delete_rows(first, last - first + 1)
    c.after.append(move)
    return c


@case("sheets")
def table_on_two_sheets():
    return over_two_sheets(Case(reports.ha_nam()), "4", heading=True)


@case("sheets")
def table_on_two_sheets_without_a_second_heading():
    return over_two_sheets(Case(reports.lao_cai()), "3", heading=False)


@case("rows")
def second_row_under_its_own_name():
    c = Case(reports.nghe_an())
    c.type("2", "component", "Hệ thống thông tin giải quyết TTHC tỉnh Nghệ An")
    return c


@case("rows")
def headings_in_other_words():
    c = Case(reports.ha_nam())
    for column, text in (("component", "Nội dung"), ("owner", "CQ chủ trì"), ("compliance", "Tình hình đáp ứng"),
                         ("investment", "Hiện trạng ĐT/MS/thuê DV"), ("note", "Lý do")):
        c.type(None, column, text)
    return c


@case("rows")
def page_numbers_between():
    c = Case(reports.ha_nam())
    for row, number in (("4", "2"), ("5", "- 3 -")):
        c.insert(c.at(row, "component"), {"row": number})
    return c


@case("rows")
def letters_and_sums_of_columns():
    c = Case(reports.ha_nam())
    sheet, (line, col) = c.at(None, "component")
    c.insert((sheet, (line + 1, col)), {})
    for n, letter in enumerate("ABCDEF"):
        sheet.cells[line + 1, col - 1 + n] = Cell(letter, "head")
    last = max(coordinate_to_tuple(cell)[0] for (section, _, _), (_, cell) in c.book.places.items() if section == "status")
    c.insert((sheet, (last + 1, col)), {"component": "Tổng cộng: 12 nội dung; trong đó:"}, count=2)
    sheet.cells[last + 2, col], sheet.cells[last + 2, col + 1] = Cell("Đã đáp ứng", "cell"), Cell(3, "cell")
    return c


@case("rows")
def answers_merged_over_systems():
    """All answers of two systems in one cell each."""
    c = Case(reports.lao_cai())
    first = next(line for line in c.expected["status"] if line["row"] == "1.1")
    for column in ("owner", "compliance", "investment", "note"):
        sheet, top = c.at("1.1", column)
        _, bottom = c.at("1.2", column)
        c.type("1.2", column, None)
        sheet.merge(top[0], top[1], bottom[0], bottom[1])
        if c.get("1.1", column):
            c.says(f"{column}-inferred", "warning", "1.2", column)
    c.means("1.2", **{key: value for key, value in first.items() if key not in ("row", "component")})
    return c


@case("rows")
def blocks_abbreviated():
    c = Case(reports.lao_cai())
    for line in c.rows():
        if line.endswith("/profile"):
            c.type(line, "component", "- Phê duyệt HSCĐ ATTT")
        elif line.endswith("/measures"):
            c.type(line, "component", "- Triển khai giải pháp, TTB bảo đảm ATANM")
    return c


@case("rows")
def owner_in_the_first_line_of_a_block():
    c = Case(reports.ha_nam())
    c.type("5.1/measures", "owner", None)
    c.means("5.1/measures", owner=c.get("5.1/profile", "owner"))
    c.says("owner-inferred", "warning", "5.1/measures", "owner")
    return c


@case("rows")
def no_need_under_another_name():
    c = Case(reports.ha_nam())
    c.type("4.3", "component", "HTTT QL/HTTT chuyên ngành")
    c.type("4.3", "owner", "Sở Thông tin và Truyền thông")
    c.type("4.3", "compliance", "Không phát sinh nhu cầu")
    for column in ("investment", "note"):
        c.type("4.3", column, None)
    c.expected["status"] = [line for line in c.expected["status"] if not line["row"].startswith("4.3")]
    return c


@case("rows")
def notes_in_three_columns():
    """What is asked for within the note, each in a column of its own."""
    c = Case(reports.ha_nam(), order=("row", "component", "owner", "compliance", "investment", "note", None, None))
    _, (line, col) = c.at(None, "note")
    c.type(None, "note", "Nguyên nhân")
    c.sheet.cells[line, col + 1] = Cell("Chức năng/yêu cầu chưa đáp ứng", "head")
    c.sheet.cells[line, col + 2] = Cell("Số QĐ phê duyệt", "head")
    for row, reason, part in (("2", "Chưa được bố trí đủ kinh phí.", "Số hóa hồ sơ; ký số"),
                              ("5.1/measures", "Thiếu kinh phí.", "WAF")):
        _, (r, _) = c.at(row, "note")
        c.type(row, "note", reason)
        c.sheet.cells[r, col + 1] = Cell(part, "cell")
        c.means(row, note=reason)
    _, (r, _) = c.at("5.1/profile", "note")
    c.sheet.cells[r, col + 2] = Cell(c.get("5.1/profile", "note"), "cell")
    c.type("5.1/profile", "note", None)
    c.means("5.1/profile", note=None)
    return c


@case("cells")
def level_and_stage_in_one_cell():
    c = Case(reports.ha_nam())
    sheet, at = c.at("2", "compliance")
    c.type("2", "compliance", c.get("2", "compliance") + "; " + c.get("2", "investment"))
    c.type("2", "investment", None)
    sheet.merge(at[0], at[1], at[0], at[1] + 1)
    c.says("investment-inferred", "warning", "2", "investment")
    return c


def ticks_in_columns(c, heads, tick, blank):
    sheet = c.sheet
    _, (line, col) = c.at(None, "compliance")
    for n, text in enumerate(heads):
        sheet.cells[line, col + n] = Cell(text, "head")
    for expected in c.expected["status"]:
        row = expected["row"]
        if not row.endswith("profile"):
            _, (r, _) = c.at(row, "compliance")
            for n, code in enumerate(printed.COMPLIANCE):
                sheet.cells[r, col + n] = Cell(tick if code == expected["compliance"] else blank, "cell")
    return c


LEVELS = ("row", "component", "owner", "compliance", None, None, "investment", "note")


@case("layouts")
def levels_as_columns_with_strokes():
    return ticks_in_columns(Case(reports.nghe_an(), order=LEVELS), printed.COMPLIANCE.values(), "X", "-")


@case("layouts")
def levels_as_columns_of_checkboxes():
    return ticks_in_columns(Case(reports.lao_cai(), order=LEVELS), printed.COMPLIANCE.values(), True, False)


@case("layouts")
def levels_as_columns_abbreviated():
    """The levels in a line below the heading."""
    c = Case(reports.nghe_an(), order=LEVELS)
    sheet, (line, col) = c.at(None, "compliance")
    c.insert((sheet, (line + 1, col)), {})
    head = sheet.cells[line, col].value
    ticks_in_columns(c, ["Đã ĐƯ", "ĐƯ 1 phần", "Chưa ĐƯ"], "x", None)
    for n in range(3):
        sheet.cells[line + 1, col + n] = sheet.cells.pop((line, col + n))
    sheet.cells[line, col] = Cell(head, "head")
    return c


# ---- documents of Word ----

@case("word", ending="docx", writer="docx")
def as_above_in_a_document():
    return as_above()


@case("word", ending="docx", writer="docx")
def ticked_in_a_document():
    return ticked_in_one_line()


@case("word", ending="docx", writer="docx")
def under_the_example_in_a_document():
    return under_the_example()


@case("word", ending="docx", writer="docx")
def owner_merged_in_a_document():
    return owner_merged_over_rows()


@case("word", ending="docx", writer="docx")
def names_misspelt_in_a_document():
    return names_misspelt()


# ---- the same, saved by other programs ----

CONVERTED = [("marks/ticked-in-every-way", "xls"), ("cells/as-above", "ods"), ("cells/under-the-example", "xls"),
             ("rows/owner-merged-over-rows", "xls"), ("rows/lines-split-over-two", "ods"),
             ("rows/sums-and-notes-between", "xls"), ("labels/names-misspelt", "ods"), ("sheets/two-copies-seen", "xls"),
             ("sheets/behind-a-cover", "ods"), ("cells/errors-of-the-spreadsheet", "ods"), ("rows/extra-columns", "xls"),
             ("rows/numbers-made-dates", "ods"), ("layouts/levels-as-columns", "xls"),
             ("layouts/rows-and-columns-swapped", "ods"), ("excel/formulas-with-values", "ods"),
             ("rows/answers-merged-over-a-block", "ods"), ("sheets/two-of-everything", "ods"), ("sheets/hidden-row", "ods"),
             ("word/as-above-in-a-document", "docx")]
SHEETJS = [("cells/phone-and-mail-in-one-cell", "xlsx"), ("cells/as-in-another-row", "xls"),
           ("rows/answers-merged-over-a-block", "xlsx"), ("rows/second-number-column", "xlsb"),
           ("labels/names-without-marks", "ods"), ("layouts/label-beside-value", "xls")]
RUST = ["cells/as-above-in-choices", "labels/headings-misspelt", "layouts/label-colon-value", "rows/name-split-over-two"]


def saved_as(path, by, ending):
    target = path.with_name(f"{path.stem}-{by}.{ending}")
    shutil.copy(path.with_suffix(".json"), target.with_suffix(".json"))
    return target


def convert():
    with tempfile.TemporaryDirectory() as temp:
        for source, ending in CONVERTED:
            path = next(OUT.glob(f"{source}.*[!n]"))
            filters = {"xls": "xls:MS Excel 97", "ods": "ods:calc8", "docx": "docx:MS Word 2007 XML"}
            if ending == "docx":
                # By way of its own format, else it writes back what it has read.
                soffice(temp, "odt", path)
                soffice(temp, filters[ending], Path(temp) / f"{path.stem}.odt")
            else:
                soffice(temp, filters[ending], path)
            shutil.copy(Path(temp) / f"{path.stem}.{ending}", saved_as(path, "libreoffice", ending))
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "xlsx@0.18.5"], cwd=temp, check=True,
                       capture_output=True)
        for source, ending in SHEETJS:
            path = OUT / f"{source}.xlsx"
            subprocess.run(["node", "-e", SAVE, path, saved_as(path, "sheetjs", ending)], cwd=temp, check=True)
    for source in RUST:
        path = OUT / f"{source}.xlsx"
        subprocess.run(["cargo", "run", "--quiet", "--example", "saved-by-rust", path, saved_as(path, "rust", "xlsx")],
                       check=True, cwd=HERE.parent.parent)


SAVE = """
const xlsx = require('xlsx'), [from, to] = process.argv.slice(1);
xlsx.writeFile(xlsx.readFile(from), to);
"""


def soffice(temp, ending, path):
    subprocess.run(["soffice", f"-env:UserInstallation=file://{temp}/profile", "--headless", "--convert-to", ending,
                    "--outdir", temp, path], check=True, capture_output=True)


def main():
    for group, name, writer, make_case in CASES:
        folder = OUT / group
        folder.mkdir(parents=True, exist_ok=True)
        write(folder, name, writer, make_case())
    if "--convert" in sys.argv:
        convert()


if __name__ == "__main__":
    main()
