"""Lays a report out on sheets as agencies do.

`lay_out` turns a report and a `Layout` into a `Book`: plain cells, merges and the
place of every answer. `files.py` copies a book into a file. The ways of typing
(decomposed letters, other tone marks, messy spaces) are at the end.
"""

import unicodedata
from dataclasses import dataclass, field

from openpyxl.utils import get_column_letter

import printed

ROMAN = ["I", "II", "III", "IV"]
SECTION_ORDER = list(printed.SECTIONS)
ANSWERS = ["owner", "compliance", "investment", "note"]


def same(text, column, is_printed):
    return text


@dataclass
class Layout:
    """How an agency has retyped the appendix."""
    sheets: object = "Phụ lục"              # one name, or a name for each section
    first: tuple = (1, 1)                   # row and column of the first cell
    order: tuple = tuple(printed.COLUMNS)   # columns of the table; None leaves one blank
    titles: str | None = "arabic"           # numbers of the sections; None: no titles at all
    heading: str = "one"                    # one | stacked
    headings: dict = field(default_factory=lambda: printed.COLUMNS)
    numbered_columns: bool = False          # a line (1) (2) (3) … below the heading
    stt: str = "text"                       # text | number
    contact: str = "columns"                # columns | cells | gap | table | across
    letter: bool = True                     # letterhead above, signature below
    gaps: bool = False                      # blank rows here and there
    short: bool = False                     # row names without their parentheses
    prompts: bool = False                   # guidance kept above the answers
    guidance: bool = False                  # only the lines "(Theo hướng dẫn …)" kept, in the note
    samples: bool = False                   # unused examples left in place
    marks: str | None = None                # all options left, the chosen one marked: ticked | bold
    remarks: str = "below"                  # below | same | lines
    lists: str | None = None                # an extra sheet before the form, with lists for drop-downs
    say: object = same                      # how a text is typed: (text, column, is_printed) -> text


@dataclass
class Cell:
    value: object
    style: str = "plain"                    # plain | bold | title | head | cell | group
    runs: list | None = None                # [(text, bold)] where one part of the text is bold


@dataclass
class Sheet:
    name: str
    cells: dict = field(default_factory=dict)
    merges: list = field(default_factory=list)
    widths: dict = field(default_factory=dict)
    end: int = 0

    def put(self, row, column, value, style="plain", runs=None):
        if value is not None and value != "" or style in ("cell", "group", "head"):
            self.cells[row, column] = Cell(value, style, runs)
            self.end = max(self.end, row)

    def merge(self, row, column, last_row, last_column):
        if (row, column) != (last_row, last_column):
            self.merges.append((row, column, last_row, last_column))
            self.end = max(self.end, last_row)


@dataclass
class Book:
    sheets: list = field(default_factory=list)
    places: dict = field(default_factory=dict)     # (section, row, column) -> (sheet, cell)

    def mark(self, sheet, section, row, column, at):
        self.places[section, row, column] = (sheet.name, f"{get_column_letter(at[1])}{at[0]}")


@dataclass
class Line:
    """A line of the table of section 2, before it has a place."""
    row: str
    stt: str
    cells: dict
    kind: str = "answer"                    # answer | group | header | printed


def status_lines(report, layout, blank=False):
    """The lines of section 2 from top to bottom."""
    lines = []

    def label(row):
        text = printed.ROWS[row]
        if layout.short:
            text = text.split(" (")[0]
        return layout.say(text, "component", True)

    def group(row, note=None):
        lines.append(Line(row, row, {"component": label(row), "note": note}, "group"))

    def typed(row, stt, component, answer, asked):
        if row in report.dropped:
            return
        cells = {c: layout.say(getattr(answer, c), c, False) for c in ANSWERS}
        cells["component"] = component
        if layout.marks:
            keep_marked_options(cells, answer, asked, layout.marks)
        if layout.prompts:
            keep_prompts(cells, answer, row, asked)
        elif layout.guidance and asked in printed.GUIDANCE:
            cells["note"] = join(printed.GUIDANCE[asked], cells["note"])
        lines.append(Line(row, stt, cells))

    def sample(row, stt, component, cells):
        lines.append(Line(row, stt, {"component": component} | dict(zip(ANSWERS, cells)), "printed"))

    def own(row, answer, asked=None):
        typed(row, row, layout.say(answer.name, "component", False), answer, asked or row)

    group("1")
    if report.no_systems:
        lines.append(Line("1.1", "1.1", {"component": report.no_systems.name}, "printed"))
    for n, system in enumerate(report.systems, 1):
        own(f"1.{n}", system)
    if layout.samples:
        first = len(report.systems) + 1
        for n, cells in enumerate(list(printed.SAMPLE_SYSTEMS.values())[1:], first):
            sample(f"1.{n}", f"1.{n}", cells[0], cells[1:])
    for row, answer in (("2", report.portal), ("3", report.equipment)):
        typed(row, row, label(row), answer, row)
    group("4")
    typed("4.1", "4.1", label("4.1"), report.link, "4.1")
    for database in report.databases:
        own("4.2", database)
    if report.kind == "province":
        if "4.2" not in report.dropped:
            cells = {c: layout.say(text, c, False) for c, text in report.not_applicable.items()}
            lines.append(Line("4.2", "4.2", {"component": label("4.2")} | cells, "printed"))
    for n, other in enumerate(report.others, 3):
        own(f"4.{n}", other, "4.3")
    if not report.others:
        lines.append(Line("4.3", "4.3", {"component": label("4.3")}, "printed"))
    lines.append(Line("", "...", {"component": "..."}, "printed"))
    group("5", layout.say(printed.GUIDANCE["5"], "note", True))
    for n, (name, profile, measures) in enumerate(report.blocks, 1):
        header = label("5.1") if name is None else layout.say(name, "component", False)
        lines.append(Line(f"5.{n}", f"5.{n}", {"component": header}, "header"))
        typed(f"5.{n}/profile", "", label("profile"), profile, "profile")
        typed(f"5.{n}/measures", "", label("measures"), measures, "measures")
    if layout.samples:
        n = len(report.blocks) + 1
        lines.append(Line(f"5.{n}", f"5.{n}", {"component": printed.SAMPLE_BLOCK["name"]}, "printed"))
        for sub in ("profile", "measures"):
            sample(f"5.{n}/{sub}", "", printed.SAMPLE_SUBROWS[sub], printed.SAMPLE_BLOCK[sub])
    return lines


def join(*parts):
    return "\n".join(p for p in parts if p) or None


def keep_prompts(cells, answer, row, asked):
    """The prompt lines stay where they were printed; the answer stands below them."""
    cells["compliance"] = join(printed.CHOOSE, cells["compliance"])
    if asked != "profile" and cells["investment"]:
        cells["investment"] = join(printed.CHOOSE_AND_DATE, cells["investment"])
    above = printed.ASKED.get(asked, [printed.GIVE_REASON])
    if asked in printed.GUIDANCE:
        above = [printed.GUIDANCE[asked], *above]
    cells["note"] = join(*above, cells["note"])


def keep_marked_options(cells, answer, asked, how):
    """All choices stay in the cell; the chosen one is ticked or bold."""
    choices = printed.PROFILE if asked == "profile" else printed.COMPLIANCE
    chosen = answer.recorded["compliance"]
    if how == "ticked":
        cells["compliance"] = "\n".join(f"{'☑' if code == chosen else '☐'} {text}" for code, text in choices.items())
    else:
        cells["compliance"] = [(f"- {text}\n", code == chosen) for code, text in choices.items()]


def blank_lines():
    """Section 2 as it is printed, with nothing filled in."""
    lines = []
    note = {row: join(printed.GUIDANCE.get(row), *printed.ASKED.get(row, [printed.GIVE_REASON]))
            for row in ("2", "3", "4.1", "4.2", "4.3", "profile", "measures")}

    def fixed(row, stt, label, example, asked):
        owner, compliance, investment, text = example
        choices = printed.PROFILE if asked == "profile" else printed.COMPLIANCE
        lines.append(Line(row, stt, {
            "component": label, "owner": owner,
            "compliance": join(printed.CHOOSE, printed.options(choices), compliance),
            "investment": None if asked == "profile" else
            join(printed.CHOOSE_AND_DATE, printed.options(printed.STAGE), investment),
            "note": join(note[asked], text)}, "printed"))

    lines.append(Line("1", "1", {"component": printed.ROWS["1"]}, "group"))
    for row, cells in printed.SAMPLE_SYSTEMS.items():
        lines.append(Line(row, row, {"component": cells[0]} | dict(zip(ANSWERS, cells[1:])), "printed"))
    for row in ("2", "3"):
        fixed(row, row, printed.ROWS[row], printed.EXAMPLES[row], row)
    lines.append(Line("4", "4", {"component": printed.ROWS["4"]}, "group"))
    for row in ("4.1", "4.2", "4.3"):
        fixed(row, row, printed.ROWS[row], printed.EXAMPLES[row], row)
    lines.append(Line("", "...", {"component": "..."}, "printed"))
    lines.append(Line("5", "5", {"component": printed.ROWS["5"], "note": printed.GUIDANCE["5"]}, "group"))
    lines.append(Line("5.1", "5.1", {"component": printed.ROWS["5.1"]}, "header"))
    for sub in ("profile", "measures"):
        fixed(f"5.1/{sub}", "", printed.ROWS[sub], printed.EXAMPLES[sub], sub)
    lines.append(Line("5.2", "5.2", {"component": printed.SAMPLE_BLOCK["name"]}, "header"))
    for sub in ("profile", "measures"):
        lines.append(Line(f"5.2/{sub}", "", {"component": printed.SAMPLE_SUBROWS[sub]}
                          | dict(zip(ANSWERS, printed.SAMPLE_BLOCK[sub])), "printed"))
    return lines


class Sheetmaker:
    """Writes one report on one or several sheets, from top to bottom."""

    def __init__(self, report, layout):
        self.report, self.layout, self.book = report, layout, Book()
        self.top, self.left = layout.first
        self.columns = {c: self.left + i for i, c in enumerate(layout.order) if c}
        self.width = len(layout.order)
        self.sheet, self.at = None, self.top

    def make(self, blank=False):
        if self.layout.lists:
            self.lists_sheet(self.layout.lists)
        for n, section in enumerate(SECTION_ORDER):
            self.open(section, n)
            if self.layout.titles:
                number = ROMAN[n] if self.layout.titles == "roman" else str(n + 1)
                self.span(self.printed(f"{number}. {printed.SECTIONS[section]}"), "bold")
                self.skip()
            {"contact": self.contact, "status": self.status,
             "proposals": self.proposals, "remarks": self.remarks}[section](blank)
            self.at += 1
        if self.layout.letter and not blank:
            self.signature()
        return self.book

    def printed(self, text, column=None):
        return self.layout.say(text, column, True) if text else text

    def typed(self, text, column=None):
        return self.layout.say(text, column, False)

    def skip(self):
        if self.layout.gaps:
            self.at += 1

    def open(self, section, n):
        names = self.layout.sheets
        if isinstance(names, str) and self.sheet:
            return
        self.sheet = Sheet(names if isinstance(names, str) else names[n])
        self.book.sheets.append(self.sheet)
        self.at = self.top
        width = {"row": 6, "component": 42, "owner": 20, "compliance": 20, "investment": 30, "note": 36}
        self.sheet.widths = {self.left + i: width.get(c, 3) for i, c in enumerate(self.layout.order)}
        if n == 0 and self.layout.letter:
            self.letterhead()
        if n == 0 and self.layout.titles:
            for text in (printed.TITLE, printed.SUBTITLE):
                self.span(self.printed(text), "title")
            self.at += 1

    def span(self, text, style="plain"):
        """A text over the whole width, in merged cells."""
        self.sheet.put(self.at, self.left, text, style)
        self.sheet.merge(self.at, self.left, self.at, self.left + self.width - 1)
        self.at += 1

    def letterhead(self):
        right = self.left + self.width - 3
        report = self.report
        for left, text in ((report.name.upper(), "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
                           (f"Số: {report.number}/PL", "Độc lập - Tự do - Hạnh phúc"),
                           (None, f"{report.place}, ngày 20 tháng 02 năm 2023")):
            self.sheet.put(self.at, self.left, self.printed(left), "title")
            self.sheet.merge(self.at, self.left, self.at, self.left + 1)
            self.sheet.put(self.at, right, self.printed(text), "title")
            self.sheet.merge(self.at, right, self.at, right + 2)
            self.at += 1
        self.at += 1

    def signature(self):
        right = self.left + self.width - 3
        post = "CHỦ TỊCH" if self.report.kind == "province" else "BỘ TRƯỞNG"
        for left, text in (("Nơi nhận:", "KT. " + post), ("- Như trên;", "PHÓ " + post),
                           ("- Bộ TTTT (để tổng hợp);", None), ("- Lưu: VT, CNTT.", "(Đã ký)")):
            self.sheet.put(self.at, self.left, self.printed(left))
            self.sheet.put(self.at, right, self.printed(text), "title")
            self.at += 1

    def contact(self, blank):
        contact = {f: None if blank else self.typed(v, f) for f, v in self.report.contact.items()}
        labels = {f: self.printed(text) for f, text in printed.CONTACT.items()}
        put, left = self.sheet.put, self.left

        def place(field, row, column, style="plain"):
            put(row, column, contact[field], style)
            self.book.mark(self.sheet, "contact", None, field, (row, column))

        style = self.layout.contact
        if style == "columns":          # label and value side by side; phone and e-mail on one line
            for f in ("full_name", "workplace", "position"):
                put(self.at, left + 1, f"- {labels[f]}:")
                place(f, self.at, left + 2)
                self.at += 1
            put(self.at, left + 1, f"- {labels['phone']}:")
            place("phone", self.at, left + 2)
            put(self.at, left + 3, f"{labels['email']}:")
            place("email", self.at, left + 4)
            self.at += 1
        elif style == "cells":          # "- Họ và tên: X" in one cell; phone and e-mail share one
            for f in ("full_name", "workplace", "position"):
                self.book.mark(self.sheet, "contact", None, f, (self.at, left))
                self.span(f"- {labels[f]}: {contact[f] or '……………'}")
            for f in ("phone", "email"):
                self.book.mark(self.sheet, "contact", None, f, (self.at, left))
            self.span(f"- {labels['phone']}: {contact['phone'] or '………'} {labels['email']}: {contact['email'] or '………'}")
        elif style == "gap":            # the value two columns to the right of its label
            for f in printed.CONTACT:
                put(self.at, left, labels[f])
                place(f, self.at, left + 2)
                self.at += 1
        elif style == "table":
            for i, head in enumerate(("STT", "Nội dung", "Thông tin")):
                put(self.at, left + i, self.printed(head), "head")
            for n, f in enumerate(printed.CONTACT, 1):
                self.at += 1
                put(self.at, left, n, "cell")
                put(self.at, left + 1, labels[f], "cell")
                place(f, self.at, left + 2, "cell")
            self.at += 1
        elif style == "across":         # a heading line, the answers below it
            for i, f in enumerate(printed.CONTACT):
                put(self.at, left + i, labels[f], "head")
                place(f, self.at + 1, left + i, "cell")
            self.at += 2

    def status(self, blank):
        self.heading()
        for line in blank_lines() if blank else status_lines(self.report, self.layout):
            if self.layout.gaps and line.kind in ("group", "header"):
                self.at += 1
            stt = line.stt
            if self.layout.stt == "number" and stt.replace(".", "").isdigit():
                stt = float(stt) if "." in stt else int(stt)
            cells = line.cells | {"row": stt}
            for column, at in self.columns.items():
                value, runs = cells.get(column), None
                if isinstance(value, list):
                    runs, value = value, "".join(text for text, _ in value).rstrip("\n")
                self.sheet.put(self.at, at, value, "group" if line.kind in ("group", "header") else "cell", runs)
                if line.row and line.kind != "printed":
                    self.book.mark(self.sheet, "status", line.row, column, (self.at, at))
            self.at += 1

    def heading(self):
        height = 3 if self.layout.heading == "stacked" else 1
        for column, at in self.columns.items():
            texts = [self.layout.headings[column]] if height == 1 else printed.STACKED_COLUMNS[column]
            for i in range(height):
                self.sheet.put(self.at + i, at, self.printed(texts[i]) if i < len(texts) else None, "head")
            if len(texts) == 1 and height > 1:
                self.sheet.merge(self.at, at, self.at + height - 1, at)
            self.book.mark(self.sheet, "status", None, column, (self.at, at))
        self.at += height
        if self.layout.numbered_columns:
            for n, at in enumerate(self.columns.values(), 1):
                self.sheet.put(self.at, at, f"({n})", "head")
            self.at += 1

    def proposals(self, blank):
        last = self.left + self.width - 1
        at = [self.left, self.columns["component"], self.columns["component"] + 1]
        wide = isinstance(self.layout.sheets, str)
        if self.layout.order != tuple(printed.COLUMNS):
            at[2], wide = last, False                   # some put the text under the last column
        heads = [*printed.PROPOSAL_COLUMNS.values()]
        if self.layout.headings is printed.SHORT_COLUMNS:
            heads[0] = "TT"
        for column, head in zip(at, heads):
            self.sheet.put(self.at, column, self.printed(head), "head")
        if wide:
            self.sheet.merge(self.at, at[2], self.at, last)
        self.at += 1
        left_over = printed.PRINTED_PROPOSALS if blank or self.layout.samples else {}
        rows = [(row, self.printed(text, "component"), self.report.proposals.get(row)) for row, text in printed.PROPOSALS.items()]
        for row, component, proposal in rows + self.report.extra_proposals:
            if blank:
                proposal = None
            proposal = self.typed(proposal, "proposal") or left_over.get(row)
            number = int(row) if self.layout.stt == "number" else row
            for column, value in zip(at, (number, component, proposal)):
                self.sheet.put(self.at, column, value, "cell")
            if wide:
                self.sheet.merge(self.at, at[2], self.at, last)
            self.book.mark(self.sheet, "proposals", row, "proposal", (self.at, at[2]))
            self.at += 1

    def remarks(self, blank):
        for f, label in printed.REMARKS.items():
            text = None if blank else self.typed(self.report.remarks[f], f)
            label = self.printed(label)
            if self.layout.remarks == "same":
                self.span(f"{label}: {text}" if text else f"{label}: ……………………")
                continue
            self.span(label, "bold")
            for part in (text.split("\n") if text and self.layout.remarks == "lines" else [text or "……………………………"]):
                self.span(part)

    def lists_sheet(self, name):
        """What agencies leave behind the form: lists for drop-downs."""
        sheet = Sheet(name)
        for column, choices in enumerate((printed.COMPLIANCE, printed.PROFILE, printed.STAGE), 1):
            for row, text in enumerate(choices.values(), 1):
                sheet.put(row, column, text)
        self.book.sheets.append(sheet)


def lay_out(report, layout=None, blank=False):
    return Sheetmaker(report, layout or Layout()).make(blank)


# ---- ways of typing ----

def as_nfd(text, column, is_printed):
    return unicodedata.normalize("NFD", text) if isinstance(text, str) else text


_TONES = {}
for _old, _new in zip("òa óa ỏa õa ọa òe óe ỏe õe ọe ùy úy ủy ũy ụy".split(),
                      "oà oá oả oã oạ oè oé oẻ oẽ oẹ uỳ uý uỷ uỹ uỵ".split()):
    for _a, _b in ((_old, _new), (_old.upper(), _new.upper()), (_old.capitalize(), _new.capitalize())):
        _TONES[_a], _TONES[_b] = _b, _a


def swap_tones(text):
    """`hóa` becomes `hoá` and the other way round, in open syllables, not after q."""
    out, i = "", 0
    while i < len(text):
        pair = text[i:i + 2]
        closed = text[i + 2:i + 3].isalpha()
        if pair in _TONES and not closed and out[-1:].lower() != "q":
            out, i = out + _TONES[pair], i + 2
        else:
            out, i = out + text[i], i + 1
    return out


class Messy:
    """Choices in other case, doubled and no-break spaces, final dots, trailing spaces."""

    def __init__(self):
        self.turn = 0

    def __call__(self, text, column, is_printed):
        if not isinstance(text, str):
            return text
        self.turn += 1
        t = self.turn
        if is_printed:
            return [text + " ", text.replace(" ", "  ", 3), text.replace(" ", "\u00a0", 2), "  " + text][t % 4]
        if column == "compliance":
            return [text.upper(), text.lower() + ".", text.replace(" ", "\u00a0"), text.replace(" ", "  ") + " ",
                    text.title() + " .", " " + text + ";"][t % 6]
        if column == "investment":
            return [text.upper(), text.lower(), text.replace(" ", "  ", 4) + " ", text.replace(" ", "\u00a0"),
                    text.rstrip(".") + " ."][t % 5]
        if column == "owner":
            return [text + " ", text.replace(" ", "  ", 1), "\u00a0" + text, text.replace(" ", "\u00a0")][t % 4]
        if column in ("full_name", "position", "workplace"):
            return "  " + text.replace(" ", "  ", 1) + " "
        return text + [" ", "\u00a0", "\n", ""][t % 4]
