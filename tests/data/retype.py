#!/usr/bin/env python3
"""Types forms of `forms/` again as they were typed before Unicode: `legacy/`.

    python3 tests/data/retype.py

Beside each file NAME.ext stands NAME.json: what the same form in Unicode holds, but for capitals
that TCVN3 has no code for, which its typists write small. Needs openpyxl and soffice.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

import openpyxl

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from files import steady

OUT = HERE / "legacy"
TABLES = (HERE / "../../src/encoding/tables.rs").read_text()


def table(name):
    """Letter to code, as the program has it."""
    body = TABLES.split(f"const {name}: ")[1].split("];")[0]
    pairs = re.findall(r"\((?:'|\")(.+?)(?:'|\"), '(.)'\)", body)
    return {letter: code.replace("\\u{AD}", "\xad") for code, letter in pairs}


TCVN3, VNI = table("TCVN3"), table("VNI")


def small_where_needed(text):
    return "".join(c if c.isascii() or c in TCVN3 else c.lower() for c in unicodedata.normalize("NFC", text))


def tcvn3(text):
    return "".join(TCVN3.get(c, c) for c in small_where_needed(text))


def vni(text):
    return "".join(VNI.get(c, c) for c in unicodedata.normalize("NFC", text))


def changed(value, how):
    if isinstance(value, str):
        return how(value)
    if isinstance(value, list):
        return [changed(one, how) for one in value]
    return {key: changed(one, how) for key, one in value.items()} if isinstance(value, dict) else value


def retype(like, name, encode, font, tidy=lambda text: text, keep=lambda text: False, **expected):
    source = HERE / "forms" / f"{like}.xlsx"
    wb = openpyxl.load_workbook(source)
    for ws in wb.worksheets:
        for row in ws.iter_rows():
            for cell in row:
                if isinstance(cell.value, str):
                    if not keep(cell.value):
                        cell.value = encode(cell.value)
                    cell.font = openpyxl.styles.Font(name=font, size=12, bold=cell.font.bold)
    path = OUT / f"{name}.xlsx"
    wb.save(path)
    path.write_bytes(steady(path.read_bytes()))
    known = json.loads(source.with_suffix(".json").read_text())
    known["answers"] = changed(known["answers"], tidy)
    (OUT / f"{name}.json").write_text(json.dumps(known | expected, ensure_ascii=False, indent=1) + "\n")
    return path


def saved_as_xls(path):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", "xls",
                        "--outdir", OUT, path], check=True, capture_output=True)


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    right, wrong = "layouts/one-sheet-letter", "broken/reason-missing-1-1"
    path = retype(right, "tcvn3-font", tcvn3, ".VnTime", small_where_needed)
    retype(right, "tcvn3", tcvn3, "Times New Roman", small_where_needed)
    retype(wrong, "tcvn3-wrong", tcvn3, "Times New Roman", small_where_needed)
    retype(right, "vni-font", vni, "VNI-Times")
    retype(right, "vni", vni, "Times New Roman")
    retype(right, "unicode-in-old-font", lambda text: text, ".VnTime")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "tcvn3-97.xlsx"
        shutil.copy(path, copy)
        saved_as_xls(copy)
    shutil.copy(OUT / "tcvn3.json", OUT / "tcvn3-97.json")
    # Our form in Unicode, filled in by somebody who types TCVN3: what is a word either way is left, and remarked on.
    printed = {cell for ws in openpyxl.load_workbook(HERE / "forms/unreadable/blank-form.xlsx")
               for row in ws.iter_rows(values_only=True) for cell in row if isinstance(cell, str)}
    retype(right, "tcvn3-in-our-form", tcvn3, "Times New Roman", small_where_needed, keep=lambda text: text in printed)


if __name__ == "__main__":
    main()
