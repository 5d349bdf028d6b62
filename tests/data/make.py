#!/usr/bin/env python3
"""Makes the forms the tests read: `forms/layouts`, `forms/broken`, `forms/unreadable`.

    python3 tests/data/make.py            # everything that needs only Python
    python3 tests/data/make.py --convert  # also what LibreOffice and SheetJS save, and the encrypted workbook

Beside each file NAME.ext stands NAME.json: what a careful human would record, and
the findings expected. Needs openpyxl, XlsxWriter, xlwt and odfpy; `--convert` also
msoffcrypto-tool, soffice and npm. The outputs are committed; a second run changes nothing
(what `--convert` makes is kept unless --convert is given: those programs salt and date their files).
"""

import io
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unicodedata
import zipfile
import zlib
from pathlib import Path
from xml.sax.saxutils import escape

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))
import files
import printed
import reports
import sheets
from sheets import Layout, lay_out

FORMS = HERE / "forms"


def recorded(report, tidy=lambda text: text):
    """The answers of a report as `validate --json` names them."""
    def clean(text):
        return tidy(unicodedata.normalize("NFC", text)).strip() if isinstance(text, str) else text

    def row(at, component, answer, **more):
        if at in report.dropped:
            return []
        values = {"owner": None, "compliance": None, "stage": None, "due": None, "note": None} | answer.recorded
        return [{"row": at, "component": component} | {k: clean(v) for k, v in values.items()} | more]

    status = []
    for n, system in enumerate(report.systems, 1):
        status += row(f"1.{n}", clean(system.name), system)
    status += row("2", printed.ROWS["2"], report.portal)
    status += row("3", printed.ROWS["3"], report.equipment)
    status += row("4.1", printed.ROWS["4.1"], report.link)
    for database in report.databases:
        status += row("4.2", clean(database.name), database)
    for n, other in enumerate(report.others, 3):
        status += row(f"4.{n}", clean(other.name), other)
    for n, (name, profile, measures) in enumerate(report.blocks, 1):
        system = {"system": clean(name)} if name else {}
        status += row(f"5.{n}/profile", printed.ROWS["profile"], profile, **system)
        status += row(f"5.{n}/measures", printed.ROWS["measures"], measures, **system)
    proposals = {**report.proposals, **{row: text for row, _, text in report.extra_proposals}}
    no_proposal = ("Không", "Không có", "-", "Thống nhất", "Không có ý kiến")
    contact = {**report.contact, **report.recorded_contact}
    return {
        "contact": {f: clean(v) for f, v in contact.items()},
        "status": status,
        "proposals": [{"row": r, "proposal": clean(t)} for r, t in sorted(proposals.items()) if t not in no_proposal],
        "remarks": {f: clean(v) for f, v in report.remarks.items()},
    }


def finding(book, code, severity, row, field):
    """A finding at the cell where the layout has put that answer."""
    section = "contact" if row is None and field in printed.CONTACT else "status"
    column = "investment" if field == "due" else field
    # What is not there is missed at the line of its block, or at the heading of the table.
    above = row.split("/")[0] if row else None
    where = [(section, r, column) for r in (row, above, None)]
    place = next(book.places[w] for w in where if w in book.places)
    return {"code": code, "severity": severity, "sheet": place[0], "cell": place[1], "row": row, "field": field}


def expect(path, kind, verdict, reason, answers, findings):
    text = json.dumps({"agency_kind": kind, "verdict": verdict, "reason": reason, "answers": answers,
                       "findings": findings}, ensure_ascii=False, indent=1)
    path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")


def check(report):
    """A report of `layouts` must be free of warnings too."""
    got = {r["row"]: r for r in recorded(report)["status"]}
    assert not (got["4.1"]["compliance"] == "met" and got["5.1/profile"]["compliance"] == "not_submitted")
    assert not (got["2"]["compliance"] == "not_met" and got["4.1"]["compliance"] == "met")
    blocks = {sheets.swap_tones(n) for n, *_ in report.blocks if n} | {n for n, *_ in report.blocks if n}
    for row in report.systems[1:] + report.databases + report.others:
        assert row.name in blocks, row.name
    for row in got.values():
        open_row = row["compliance"] in ("partial", "not_met")
        assert not open_row or (row["stage"] and row["due"] and row["note"]), row


# ---- layouts ----

MIXED_ORDER = ("row", "component", "compliance", "note", "investment", "owner")
WITH_GAPS = ("row", "component", None, "owner", "compliance", None, "investment", "note")


def layouts():
    """(file name, report, layout, how free text is tidied when recorded)"""
    def of(name, report, tidy=lambda text: text, **layout):
        return name, report, Layout(**layout), tidy

    def spaces(text):
        return "\n".join(" ".join(line.split()) for line in text.split("\n"))

    yield of("one-sheet-letter.xlsx", reports.ha_nam(), guidance=True)
    yield of("sheet-per-section.xlsx", reports.ha_noi(), letter=False, contact="table",
             sheets=["Dau moi", "Bieu 2", "Bieu 3", "KK-VM"])
    yield of("sheet-per-section-untitled.xlsx", reports.khanh_hoa(), letter=False, contact="table", titles=None,
             sheets=["Sheet1", "Sheet2", "Sheet3", "Sheet4"], lists="DanhMuc")
    yield of("offset.xlsx", reports.nghe_an(), first=(7, 4), order=WITH_GAPS, gaps=True, remarks="same")
    yield of("columns-reordered.xlsx", reports.lao_cai(), order=MIXED_ORDER, contact="gap")
    yield of("heading-lines.xlsx", reports.da_nang(), heading="stacked")
    yield of("heading-column-numbers.xlsx", reports.ba_ria_vung_tau(), numbered_columns=True, letter=False)

    numbers = reports.can_tho()
    numbers.contact["phone"], numbers.recorded_contact["phone"] = 983456789, "0983456789"
    yield of("numbers.xlsx", numbers, stt="number", contact="gap")

    yield of("messy-text.xlsx", reports.soc_trang(), spaces, say=sheets.Messy())
    yield of("nfd.xlsx", reports.quang_ninh(), say=sheets.as_nfd)
    yield of("tone-marks.xlsx", tones(), say=lambda t, c, p: sheets.swap_tones(t) if p and t else t)

    yield of("contact-one-cell.xlsx", reports.dong_thap(), contact="cells")
    yield of("contact-gap.xlsx", reports.kien_giang(), contact="gap", letter=False)
    yield of("contact-across.xlsx", reports.ninh_binh(), contact="across", letter=False, remarks="same")
    two = reports.thua_thien_hue()
    two.contact |= {"phone": "0912345678; (0234) 3999 001",
                    "email": "le.hoang.minh@thuathienhue.example, cntt@thuathienhue.example"}
    yield of("contact-two.xlsx", two, contact="cells")

    yield of("prompts-kept.xlsx", reports.trade(), prompts=True)
    yield of("options-ticked.xlsx", reports.kien_giang(), marks="ticked")
    yield of("examples-left.xlsx", reports.lao_cai(), samples=True)
    yield of("examples-left-1-2-5-2.xlsx", reports.dien_bien(), samples=True, letter=False)
    yield of("roman-shortened.xlsx", reports.nghe_an(), titles="roman", headings=printed.SHORT_COLUMNS, short=True,
             letter=False)

    yield of("ministry-full.xlsx", reports.health(), remarks="lines")
    yield of("ministry-repeated-databases.xlsx", reports.justice(), order=MIXED_ORDER)
    yield of("ministry-all-met.xlsx", reports.insurance(), contact="cells")
    yield of("ministry-short.xlsx", reports.transport(), short=True, sheets=["Phu luc 1", "Phu luc 2", "Phu luc 3", "Phu luc 4"])

    yield of("province-databases-blank.xlsx", reports.ha_nam(), contact="cells", remarks="lines")
    not_applicable = reports.da_nang()
    not_applicable.not_applicable = {"compliance": "Không áp dụng"}
    yield of("province-databases-not-applicable.xlsx", not_applicable, letter=False)
    dashes = reports.soc_trang()
    dashes.not_applicable = {"owner": "-", "compliance": "-", "investment": "-", "note": "-"}
    dashes.proposals |= {"1": "Không có", "2": "-", "3": "Thống nhất"}
    yield of("province-databases-dashes.xlsx", dashes)

    yield of("many-systems.xlsx", reports.thai_nguyen(), letter=False)
    yield of("no-connected-system.xlsx", reports.yen_bai())
    yield of("xlsxwriter.xlsx", reports.can_tho(), first=(2, 2), contact="table")
    yield of("odfpy.ods", reports.quang_ninh(), contact="table", letter=False)
    yield of("xlwt.xls", reports.khanh_hoa(), order=MIXED_ORDER, stt="number")


def tones():
    """Tone marks placed the other way in what is printed, and both ways in what is typed."""
    report = reports.hoa_binh()
    for row in report.systems + report.others:
        row.name = sheets.swap_tones(row.name)          # "văn hoá" here, "văn hóa" in section 5
    for row in (report.portal, report.equipment, report.blocks[0][2]):
        row.note = row.recorded["note"] = sheets.swap_tones(row.note)
    report.proposals = {r: sheets.swap_tones(t) for r, t in report.proposals.items()}
    report.remarks = {f: t and sheets.swap_tones(t) for f, t in report.remarks.items()}
    return report


def make_layouts(folder):
    for name, report, layout, tidy in layouts():
        check(report)
        path = folder / name
        book = lay_out(report, layout)
        {"xlsxwriter.xlsx": files.write_xlsxwriter, "xlwt.xls": files.write_xlwt,
         "odfpy.ods": files.write_odf}.get(name, files.write_openpyxl)(book, path)
        expect(path, report.kind, "accepted", None, recorded(report, tidy), [])
    source = folder / "one-sheet-letter.xlsx"
    files.write_xlsm(source, folder / "saved-as-xlsm.xlsm")
    for how in ("xlsm", "xls", "ods", "xlsb"):
        shutil.copy(source.with_suffix(".json"), folder / f"saved-as-{how}.json")


# ---- one rule broken at a time ----

def broken():
    """(name, change, [(code, severity, row, field)]). `change` edits a copy of the report of layout 1."""
    def blank(row, **cells):
        """Empties cells, or types something that is no answer; nothing is recorded from them."""
        def change(r):
            answer = find(r, row)
            for column, text in cells.items():
                setattr(answer, column, text)
                for key in {"investment": ("stage", "due")}.get(column, (column,)):
                    answer.recorded[key] = None
        return change

    def types(row, column, text, **record):
        """Types something of which `record` is still to be recorded."""
        def change(r):
            setattr(find(r, row), column, text)
            find(r, row).recorded.update(record)
        return change

    def contact(field, text, record):
        def change(r):
            r.contact[field] = text
            r.recorded_contact[field] = record
        return change

    def then(*changes):
        def change(r):
            for c in changes:
                c(r)
        return change

    def drop(*rows):
        return lambda r: r.dropped.update(rows)

    E, W = "error", "warning"
    choices, profile_choices, stages = (printed.options(c) for c in (printed.COMPLIANCE, printed.PROFILE, printed.STAGE))

    for row in ("1.1", "2", "5.1/profile"):
        yield f"owner-missing-{row}", blank(row, owner=None), [("owner-missing", E, row, "owner")]
    yield "owner-missing-dots", blank("3", owner="…"), [("owner-missing", E, "3", "owner")]
    yield "owner-example-2", blank("2", owner="Ví dụ: Sở TTTT"), [("owner-example", E, "2", "owner")]
    education = "Cục CNTT-Bộ Giáo dục và Đào tạo"
    yield ("owner-example-block", types("5.2/profile", "owner", education, owner=education),
           [("owner-example", E, "5.2/profile", "owner")])

    for row in ("1.2", "3", "5.2/profile", "5.2/measures"):
        yield (f"compliance-missing-{row}", blank(row, compliance=None, **({} if "profile" in row else {})),
               [("compliance-missing", E, row, "compliance")])
    yield "compliance-missing-dash", blank("4.1", compliance="-"), [("compliance-missing", E, "4.1", "compliance")]
    yield "compliance-example-2", blank("2", compliance="Ví dụ: Đáp ứng một phần"), [("compliance-example", E, "2", "compliance")]
    yield ("compliance-example-profile", blank("5.1/profile", compliance="Ví dụ: Đã trình cấp có thẩm quyền phê duyệt"),
           [("compliance-example", E, "5.1/profile", "compliance")])
    yield ("compliance-options-3", blank("3", compliance=f"{printed.CHOOSE}\n{choices}"),
           [("compliance-options", E, "3", "compliance")])
    yield ("compliance-options-bare", blank("4.3", compliance=choices), [("compliance-options", E, "4.3", "compliance")])
    yield ("compliance-options-profile", blank("5.1/profile", compliance=f"{printed.CHOOSE}\n{profile_choices}"),
           [("compliance-options", E, "5.1/profile", "compliance")])
    yield ("compliance-unknown-4.1", blank("4.1", compliance="Đang triển khai"),
           [("compliance-unknown", E, "4.1", "compliance")])
    yield ("compliance-unknown-profile", blank("5.1/profile", compliance="Đã đáp ứng"),
           [("compliance-unknown", E, "5.1/profile", "compliance")])

    for row in ("1.2", "2", "5.1/measures"):
        yield f"investment-missing-{row}", blank(row, investment=None), [("investment-missing", E, row, "investment")]
    yield ("investment-example-4.3", blank("4.3", investment=printed.EXAMPLES["4.2"][2]),
           [("investment-example", E, "4.3", "investment")])
    yield ("investment-options-2", blank("2", investment=f"{printed.CHOOSE_AND_DATE}\n{stages}"),
           [("investment-options", E, "2", "investment")])
    yield ("investment-options-bare", blank("5.2/measures", investment=stages),
           [("investment-options", E, "5.2/measures", "investment")])
    yield ("investment-unknown-3", types("3", "investment", "Đang xin ý kiến các đơn vị; dự kiến hoàn thành tháng 12/2023",
                                         stage=None, due="2023-12"), [("investment-unknown", E, "3", "investment")])
    for name, text in (("stage-other-missing", "Khác; dự kiến hoàn thành tháng 12/2023"),
                       ("stage-other-missing-printed", "Khác: ghi rõ; dự kiến hoàn thành tháng 12/2023")):
        yield (name, types("4.1", "investment", text, stage="other", due="2023-12"),
               [("stage-other-missing", E, "4.1", "investment")])

    yield ("due-missing-4.1", types("4.1", "investment", "Tổ chức đấu thầu", stage="bidding", due=None),
           [("due-missing", E, "4.1", "due")])
    yield ("due-missing-5.2", types("5.2/measures", "investment", printed.STAGE["no_plan"], stage="no_plan", due=None),
           [("due-missing", E, "5.2/measures", "due")])
    yield ("due-unknown-2", types("2", "investment", "Triển khai mua sắm; dự kiến hoàn thành sớm nhất có thể",
                                  stage="procuring", due=None), [("due-unknown", E, "2", "due")])
    yield ("due-range-past", types("3", "investment", "Triển khai mua sắm; dự kiến hoàn thành tháng 12/2022",
                                   stage="procuring", due="2022-12"), [("due-range", W, "3", "due")])
    yield ("due-range-far", types("1.1", "investment", "Tổ chức đấu thầu; dự kiến hoàn thành tháng 6/2031",
                                  stage="bidding", due="2031-06"), [("due-range", W, "1.1", "due")])
    yield ("due-missing-procured", types("4.1", "investment", "Hoàn thành mua sắm", stage="procured", due=None),
           [("due-missing-procured", W, "4.1", "due")])

    for row in ("1.1", "4.1", "5.2/measures"):
        yield f"reason-missing-{row}", blank(row, note=None), [("reason-missing", E, row, "note")]
    for name, row, text, code in (
            ("functions-missing", "2", "Chưa được bố trí kinh phí.", "functions-missing"),
            ("ratios-missing", "3", "Chưa được bố trí kinh phí cho cấp xã.", "ratios-missing"),
            ("ratios-missing-one", "3", "Chưa được bố trí kinh phí cho cấp xã; 12/45 cơ quan", "ratios-missing"),
            ("requirements-missing", "5.1/measures", "Chưa được bố trí kinh phí.", "requirements-missing")):
        yield name, types(row, "note", text, note=text), [(code, E, row, "note")]
    yield "decision-missing", blank("5.1/profile", note=None), [("decision-missing", E, "5.1/profile", "note")]
    yield ("decision-missing-not-yet", blank("5.1/profile", note="Chưa có"), [("decision-missing", E, "5.1/profile", "note")])
    dots = "Quyết định số .../QĐ-BGDĐT"
    yield "decision-example", blank("5.1/profile", note=f"Ví dụ: {dots}"), [("decision-example", E, "5.1/profile", "note")]
    yield ("decision-example-dots", types("5.1/profile", "note", dots, note=dots),
           [("decision-example", E, "5.1/profile", "note")])

    for f in printed.CONTACT:
        yield f"{f.replace('_', '-')}-missing", contact(f, None, None), [(f"{f}-missing", E, None, f)]
    yield "phone-invalid-short", contact("phone", "09123", "09123"), [("phone-invalid", E, None, "phone")]
    yield ("phone-invalid-words", contact("phone", "liên hệ văn thư", "liên hệ văn thư"), [("phone-invalid", E, None, "phone")])
    yield ("email-invalid", contact("email", "nguyen.van.an.hanam.example", "nguyen.van.an.hanam.example"),
           [("email-invalid", E, None, "email")])

    for row in ("2", "3", "4.1", "5.1/measures"):
        yield f"row-missing-{row}", drop(row), [("row-missing", E, row, "component")]
    yield "systems-missing", lambda r: r.systems.clear(), [("systems-missing", E, "1", "component")]

    def unprotected(r):
        r.systems.append(reports.answer("Sở Tư pháp", "met", None, None, "Hệ thống thông tin lý lịch tư pháp"))

    met = blank("4.1", investment=None, note=None)
    met = then(met, types("4.1", "compliance", printed.COMPLIANCE["met"], compliance="met"))

    def no_dossier(r):
        find(r, "5.1/profile").__dict__.update(
            reports.answer("Sở TTTT", "not_submitted", None, None, choices=printed.PROFILE).__dict__)

    def no_portal(r):
        r.portal = reports.answer("Sở TTTT", "not_met", ("project", "tháng 9/2023", 0), reports.REASONS[0])

    yield "security-block-missing", unprotected, [("security-block-missing", W, "1.3", "component")]
    yield "connected-without-dossier", then(met, no_dossier), [("connected-without-dossier", W, "4.1", "compliance")]
    yield "connected-without-system", then(met, no_portal), [("connected-without-system", W, "4.1", "compliance")]


def find(report, row):
    """The answers of one row."""
    if "/" in row:
        at, sub = row.split("/")
        return report.blocks[int(at[2:]) - 1][1 if sub == "profile" else 2]
    fixed = {"2": report.portal, "3": report.equipment, "4.1": report.link}
    return fixed[row] if row in fixed else (report.systems[int(row[2:]) - 1] if row[0] == "1" else report.others[int(row[2:]) - 3])


def make_broken(folder):
    for name, change, findings in broken():
        report = reports.ha_nam()
        change(report)
        book = lay_out(report)
        path = folder / f"{name.replace('.', '-').replace('/', '-')}.xlsx"
        files.write_openpyxl(book, path)
        found = [finding(book, *f) for f in findings]
        verdict = "needs_correction" if any(f["severity"] == "error" for f in found) else "accepted"
        expect(path, report.kind, verdict, None, recorded(report), found)


# ---- files that are no report ----

BUDGET = [["DỰ TOÁN CHI NGÂN SÁCH NĂM 2023", None, None, None],
          ["STT", "Nội dung chi", "Dự toán (triệu đồng)", "Ghi chú"],
          [1, "Chi đầu tư phát triển", 125000, None], [2, "Chi thường xuyên", 98000, "Gồm chi sự nghiệp CNTT"],
          ["2.1", "Chi sự nghiệp giáo dục", 41000, None], ["2.2", "Chi quản lý hành chính", 22500, None],
          [3, "Dự phòng ngân sách", 4300, None], [None, "Tổng cộng", 227300, None]]


def cover_letter():
    return ["ỦY BAN NHÂN DÂN TỈNH HÀ NAM", "V/v cung cấp thông tin kết quả triển khai Văn bản số 1552/BTTTT-THH",
            "Kính gửi: Bộ Thông tin và Truyền thông", "Ủy ban nhân dân tỉnh gửi kèm Phụ lục theo đề nghị của Quý Bộ./."]


def write_budget(path):
    book = sheets.Book([sheets.Sheet("Dự toán")])
    for r, cells in enumerate(BUDGET, 1):
        for c, value in enumerate(cells, 1):
            book.sheets[0].put(r, c, value, "cell")
    files.write_openpyxl(book, path)


def write_pdf(path, lines=("Phu luc kem theo Van ban so 488/BTTTT-CDSQG", "Ban ky so - khong co bang tinh")):
    """A small PDF with correct offsets."""
    text = b"BT /F1 12 Tf 60 780 Td 16 TL " + b" ".join(b"(%s) Tj T*" % line.encode() for line in lines) + b" ET"
    parts = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
             b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
             b"/Resources << /Font << /F1 5 0 R >> >> >>",
             b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
             b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    out, offsets = b"%PDF-1.4\n", []
    for n, part in enumerate(parts, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (n, part)
    xref = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1) + b"".join(b"%010d 00000 n \n" % o for o in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, xref)
    path.write_bytes(out)


def write_docx(path, lines=None):
    body = "".join(f"<w:p><w:r><w:t>{escape(t)}</w:t></w:r></w:p>" for t in lines or cover_letter())
    members = {
        "[Content_Types].xml":
            '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
            'wordprocessingml.document.main+xml"/></Types>',
        "_rels/.rels":
            '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
            'relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
            'relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml":
            '<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/'
            f'wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>'}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    path.write_bytes(files.steady(buffer.getvalue()))


def write_doc(path):
    """An OLE file with the stream of Word 97 in it: looks like .doc, holds only a header and text."""
    from xlwt.CompoundDoc import XlsDoc
    text = "\r".join(cover_letter()).encode("utf-16-le")
    head = (0xA5EC).to_bytes(2, "little") + (0x00C1).to_bytes(2, "little") + bytes(508)
    buffer = io.BytesIO()
    XlsDoc().save(buffer, (head + text).ljust(8192, b"\0"))
    old, new = ("Workbook\0".encode("utf-16-le"), "WordDocument\0".encode("utf-16-le"))
    data = buffer.getvalue()
    at = data.index(old)
    entry = new.ljust(64, b"\0") + len(new).to_bytes(2, "little")
    path.write_bytes(data[:at] + entry + data[at + 66:])


def write_png(path):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    pixels = b"".join(b"\0" + bytes(255 if (x // 8 + y // 8) % 2 else 180 for x in range(64)) for y in range(64))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b""))


def make_unreadable(folder):
    reasons = {}

    def at(name, reason):
        reasons[name] = reason
        return folder / name

    files.write_openpyxl(lay_out(reports.ha_nam(), Layout(letter=False), blank=True), at("blank-form.xlsx", "blank_form"))
    files.write_xlwt(lay_out(reports.ha_nam(), Layout(letter=False, contact="cells", remarks="same"), blank=True),
                      at("blank-form-dotted.xls", "blank_form"))
    write_budget(at("budget.xlsx", "not_the_form"))
    whole = (FORMS / "layouts" / "one-sheet-letter.xlsx").read_bytes()
    at("truncated.xlsx", "corrupt").write_bytes(whole[:len(whole) * 3 // 5])
    write_pdf(at("scan.pdf", "no_workbook"))
    write_docx(at("word.docx", "no_workbook"))
    write_doc(at("word-97.doc", "legacy_word"))
    write_png(at("picture.png", "no_workbook"))
    at("note.txt", "no_workbook").write_text("\n".join(cover_letter()) + "\n", encoding="utf-8")
    at("encrypted.xlsx", "encrypted")
    for name, reason in reasons.items():
        expect(folder / name, None, "unreadable", reason, None, [])


# ---- other programs ----

def convert():
    layouts_folder = FORMS / "layouts"
    source = layouts_folder / "one-sheet-letter.xlsx"
    with tempfile.TemporaryDirectory() as temp:
        for how in ("xls", "ods"):
            subprocess.run(["soffice", f"-env:UserInstallation=file://{temp}/profile", "--headless", "--convert-to", how,
                            "--outdir", temp, str(source)], check=True, stdout=subprocess.DEVNULL)
            shutil.copyfile(f"{temp}/one-sheet-letter.{how}", layouts_folder / f"saved-as-{how}.{how}")
            # And one that is to be corrected.
            wrong = FORMS / "broken" / "reason-missing-1-1.xlsx"
            subprocess.run(["soffice", f"-env:UserInstallation=file://{temp}/profile", "--headless", "--convert-to", how,
                            "--outdir", temp, str(wrong)], check=True, stdout=subprocess.DEVNULL)
            target = wrong.with_name(f"reason-missing-1-1-{how}.{how}")
            shutil.copyfile(f"{temp}/reason-missing-1-1.{how}", target)
            shutil.copy(wrong.with_suffix(".json"), target.with_suffix(".json"))
        modules = os.environ.get("SHEETJS") or temp
        if modules == temp:
            subprocess.run(["npm", "install", "--prefix", temp, "--no-audit", "--no-fund", "xlsx@0.18.5"], check=True,
                           stdout=subprocess.DEVNULL)
        target = layouts_folder / "saved-as-xlsb.xlsb"
        program = "const X=require('xlsx');X.writeFile(X.readFile(process.argv[1]),process.argv[2],{bookType:'xlsb',bookSST:true})"
        subprocess.run(["node", "-e", program, str(source), str(target)], check=True,
                       env=os.environ | {"NODE_PATH": f"{modules}/node_modules"})
    import msoffcrypto.format.ooxml as ooxml
    with source.open("rb") as clear, (FORMS / "unreadable" / "encrypted.xlsx").open("wb") as locked:
        ooxml.OOXMLFile(clear).encrypt("Matkhau@2023", locked)


def main():
    for name in ("layouts", "broken", "unreadable"):
        (FORMS / name).mkdir(parents=True, exist_ok=True)
    make_layouts(FORMS / "layouts")
    make_broken(FORMS / "broken")
    make_unreadable(FORMS / "unreadable")
    if "--convert" in sys.argv[1:]:
        convert()


if __name__ == "__main__":
    main()
