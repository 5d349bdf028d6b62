#!/usr/bin/env python3
"""Forms in pieces and in the worst of wrappers: `pieces/`.

    python3 tests/data/pieces.py

The pieces are cut out of the workbook that has a sheet for each section. Beside each file NAME.ext stands
NAME.json, as beside those of `wrap.py`. Needs openpyxl and py7zr; the outputs are committed.
"""

import io
import json
import shutil
import struct
import zipfile
import zlib
from pathlib import Path

import openpyxl

import wrap

HERE = Path(__file__).resolve().parent
OUT = HERE / "pieces"
WHOLE = "layouts/sheet-per-section"
#: The joined report's one remark.
JOINED = {"code": "parts-joined", "severity": "warning", "sheet": None, "cell": None, "row": None, "field": None}


def write(name, data, **expected):
    (OUT / name).write_bytes(data)
    (OUT / name).with_suffix(".json").write_text(
        json.dumps({"agency_kind": "province"} | expected, ensure_ascii=False, indent=1) + "\n")


def cut(keep, change=None):
    """The whole form with only some of its sheets, by their places."""
    book = openpyxl.load_workbook(HERE / "forms" / f"{WHOLE}.xlsx")
    for at, sheet in list(enumerate(book.worksheets)):
        if at not in keep:
            book.remove(sheet)
    if change:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rar5(name, data, method=0, encrypted=False):
    """A RAR 5 file with one entry, stored unless a method is said; of another method only the header is true."""
    def vint(n):
        out = b""
        while n > 0x7F:
            out += bytes([n & 0x7F | 0x80])
            n >>= 7
        return out + bytes([n])

    def block(body, data=b""):
        sized = vint(len(body)) + body
        return struct.pack("<I", zlib.crc32(sized)) + sized + data
    raw = name.encode()
    extra = vint(2) + vint(1) + vint(0) if encrypted else b""
    flags = 3 if extra else 2
    head = vint(2) + vint(flags) + (vint(len(extra)) if extra else b"") + vint(len(data)) + vint(4) + vint(len(data))
    head += vint(0) + struct.pack("<I", zlib.crc32(data)) + vint(method << 7) + vint(1) + vint(len(raw)) + raw
    return (b"Rar!\x1a\x07\x01\x00" + block(vint(1) + vint(0) + vint(0)) + block(head + extra, data)
            + block(vint(5) + vint(0) + vint(0)))


def pdf(*lines):
    """A letter with a text: each line at its place, its letters by a map as word processors write it."""
    letters = sorted({letter for line in lines for letter in line})
    code = {letter: at + 1 for at, letter in enumerate(letters)}
    cmap = f"begincmap {len(letters)} beginbfchar\n" + "".join(
        f"<{code[letter]:04X}><{ord(letter):04X}>\n" for letter in letters) + "endbfchar endcmap"
    content = "BT /F1 13 Tf " + " ".join(
        f"1 0 0 1 70 {780 - 20 * at} Tm <{''.join(f'{code[letter]:04X}' for letter in line)}> Tj"
        for at, line in enumerate(lines)) + " ET"

    def stream(number, text):
        packed = zlib.compress(text.encode())
        return f"{number} 0 obj<</Filter/FlateDecode/Length {len(packed)}>>stream\n".encode() + packed + b"\nendstream endobj\n"
    return (b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
            b"3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj\n" + stream(4, content)
            + b"5 0 obj<</Type/Font/Subtype/Type0/ToUnicode 6 0 R>>endobj\n" + stream(6, cmap)
            + b"trailer<</Root 1 0 R>>\n%%EOF\n")


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    zipped, mail, attached = wrap.zipped, wrap.mail, wrap.attached
    whole = cut({0, 1, 2, 3})
    contact_and_table, rest = cut({0, 1}), cut({2, 3})
    contact, table = cut({0}), cut({1})

    def joined(*files):
        return {"like": WHOLE, "findings": [JOINED], "joined": list(files)}
    write("two-files.eml", mail(attached("Phan 1.xlsx", contact_and_table), attached("Phan 2.xlsx", rest)),
          file="Phan 1.xlsx", **joined("Phan 2.xlsx"))
    write("four-files.zip", zipped(("lien he.xlsx", contact), ("hien trang.xlsx", table), ("de xuat.xlsx", cut({2})),
                                   ("kho khan.xlsx", cut({3}))),
          file="hien trang.xlsx", **joined("lien he.xlsx", "de xuat.xlsx", "kho khan.xlsx"))

    def other_contact(book):
        for row in book.worksheets[0].iter_rows():
            for cell in row:
                if cell.value == "Phạm Thu Trang":
                    cell.value = "Trần Văn Khác"
    write("two-copies.eml", mail(attached("ban 1.xlsx", whole), attached("ban 2.xlsx", cut({0, 1}, other_contact))),
          file="ban 1.xlsx", like=WHOLE, joined=[], unused=["ban 2.xlsx"])

    def only(numbers):
        def change(book):
            sheet = next(sheet for sheet in book.worksheets if sheet.title == "Bieu 2")
            block, doomed = "", []
            for row in range(3, sheet.max_row + 1):
                # Lines without a number belong to the block above them.
                block = str(sheet.cell(row, 1).value or block)[:1]
                if block not in numbers:
                    doomed.append(row)
            for row in reversed(doomed):
                sheet.delete_rows(row)
        return change
    write("shared-rows.zip", zipped(("so tttt.xlsx", cut({0, 1, 2, 3}, only("1235"))), ("so tnmt.xlsx", cut({1}, only("4")))),
          file="so tttt.xlsx", **joined("so tnmt.xlsx"))
    write("rar5.rar", rar5("Phụ lục Hà Nam.xlsx", whole), file="Phụ lục Hà Nam.xlsx", like=WHOLE)
    write("rar4-stored.rar", wrap.stored_rar("Phu luc.xlsx", whole), file="Phu luc.xlsx", like=WHOLE)
    write("rar5-compressed.rar", rar5("a.xlsx", whole, method=3), verdict="unreadable", reason="no_workbook")
    write("rar5-password.rar", rar5("a.xlsx", whole, encrypted=True), verdict="unreadable", reason="encrypted")
    write("rar-cut.rar", rar5("a.xlsx", whole)[:-4000], verdict="unreadable", reason="corrupt")
    write("rar-endless.rar", b"Rar!\x1a\x07\x00" + struct.pack("<HBHH", 0, 0x74, 0, 7) * 20_000,
          verdict="unreadable", reason="corrupt")
    # For several mails, each of which brings a piece.
    (OUT / "alone").mkdir()
    (OUT / "alone" / "table.xlsx").write_bytes(table)
    (OUT / "alone" / "contact.xlsx").write_bytes(contact)
    letter = pdf("UBND TỈNH HÀ NAM", "Số: 45/BC-UBND", "Hà Nam, ngày 20 tháng 02 năm 2023",
                 "Thực hiện Văn bản số 488/BTTTT-CĐSQG ngày 15/02/2023")
    write("official.pdf", letter, verdict="unreadable", reason="no_workbook")
    pages = b"".join(b"%d 0 obj<</Type/Pages/Kids[%d 0 R]/Parent %d 0 R>>endobj\n" % (n, (n + 1) % 50_000, n)
                     for n in range(50_000))
    write("endless-pages.zip", zipped(("endless.pdf", b"%PDF-1.7\n" + pages)), verdict="unreadable", reason="no_workbook")
    # Zip in 7z in a mail in a mail.
    inner = zipped(("Phu luc.xlsx", whole))
    packed = wrap.seven_zip(("trong.zip", inner))
    write("zip-7z-mail.eml", mail(("Content-Type: message/rfc822", mail(attached("gui.7z", packed)))),
          file="Phu luc.xlsx", like=WHOLE)
    write("slip.zip", zipped(("../../../etc/cron.d/Phu luc.xlsx", whole), ("C:\\Windows\\x.exe", b"MZ")),
          file="Phu luc.xlsx", like=WHOLE)
    write("xlsx-named-pdf.pdf", whole, like=WHOLE)
    document = (HERE / "word" / "sheet-per-section.docx").read_bytes()
    expected = json.loads((HERE / "word" / "sheet-per-section.json").read_text())
    write("docx-named-xlsx.xlsx", document, **expected)


if __name__ == "__main__":
    main()
