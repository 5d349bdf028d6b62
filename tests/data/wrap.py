#!/usr/bin/env python3
"""Wraps forms of `forms/` as mail programs and people do: `wrapped/`.

    python3 tests/data/wrap.py

Beside each file NAME.ext stands NAME.json: `like` names the form whose answers and findings
are expected, `file` the name under which it is found; or the reason it cannot be read.
Needs py7zr, `zip` (for the password) and `openssl`. The outputs are committed; what is salted
or dated (7z, signatures, the archive with a password) differs in each run.
"""

import base64
import io
import json
import shutil
import struct
import subprocess
import tempfile
import unicodedata
import zipfile
import zlib
from pathlib import Path

import py7zr

HERE = Path(__file__).resolve().parent
OUT = HERE / "wrapped"
RIGHT = "layouts/one-sheet-letter"
WRONG = "broken/reason-missing-1-1"
OTHER = "unreadable/budget"
DAY = (2023, 2, 20, 8, 30, 0)


def form(name):
    return (HERE / "forms" / f"{name}.xlsx").read_bytes()


def write(name, data, **expected):
    (OUT / name).write_bytes(data)
    (OUT / name).with_suffix(".json").write_text(
        json.dumps({"agency_kind": "province"} | expected, ensure_ascii=False, indent=1) + "\n")


def zipped(*files):
    """A zip file; a name given as bytes is written as these bytes, without the mark for UTF-8."""
    out = io.BytesIO()
    places = []
    for name, data in files:
        marked = isinstance(name, str)
        raw = name.encode() if marked else name
        flags = 0x800 if marked and not name.isascii() else 0
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = packer.compress(data) + packer.flush()
        stamp = ((DAY[3] << 11) | (DAY[4] << 5), ((DAY[0] - 1980) << 9) | (DAY[1] << 5) | DAY[2])
        common = struct.pack("<HHHHHIIIHH", 20, flags, 8, *stamp, zlib.crc32(data), len(packed), len(data), len(raw), 0)
        places.append((out.tell(), common, raw))
        out.write(b"PK\x03\x04" + common + raw + packed)
    start = out.tell()
    for at, common, raw in places:
        out.write(b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, at) + raw)
    size = out.tell() - start
    out.write(b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, len(places), len(places), size, start, 0))
    return out.getvalue()


def seven_zip(*files, password=None, hide_names=False):
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", password=password, header_encryption=hide_names) as archive:
        for name, data in files:
            archive.writestr(data, name)
    return out.getvalue()


def stored_rar(name, data):
    """A RAR 4 file with one stored entry."""
    def block(kind, flags, body, more=b""):
        head = struct.pack("<BHH", kind, flags, 7 + len(body)) + body
        return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head + more
    entry = struct.pack("<IIBIIBBHI", len(data), len(data), 2, zlib.crc32(data), 0x56544420, 20, 0x30, len(name), 32)
    return (b"Rar!\x1a\x07\x00" + block(0x73, 0, bytes(6)) + block(0x74, 0x8000, entry + name.encode(), data)
            + block(0x7B, 0x4000, b""))


def tnef(*files):
    """winmail.dat with (title, long name, data): the title is what DOS would call the file."""
    def attribute(level, kind, data):
        return struct.pack("<BII", level, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)

    def padded(data):
        return struct.pack("<I", len(data)) + data + bytes(-len(data) % 4)

    out = b"\x78\x9f\x3e\x22" + struct.pack("<H", 1)
    out += attribute(1, 0x00089006, struct.pack("<I", 0x00010000))
    out += attribute(1, 0x00069007, struct.pack("<II", 1258, 0))
    out += attribute(1, 0x00078008, b"IPM.Microsoft Mail.Note\0")
    for title, long_name, data in files:
        out += attribute(2, 0x00069002, struct.pack("<HIHHHI", 1, 0xFFFFFFFF, 0, 0, 0, 0))
        out += attribute(2, 0x00018010, title + b"\0")
        out += attribute(2, 0x0006800F, data)
        properties = [
            struct.pack("<HHi", 0x0003, 0x0E20, len(data)),
            struct.pack("<HH", 0x000B, 0x7FFE) + struct.pack("<I", 0),
            # A property with a name of its own.
            struct.pack("<HH", 0x001E, 0x8001) + bytes(16) + struct.pack("<I", 1) + padded("Tên".encode("utf-16le"))
            + struct.pack("<I", 1) + padded(b"x\0"),
        ]
        if long_name is not None:
            properties.append(struct.pack("<HHI", 0x001F, 0x3707, 1) + padded(long_name.encode("utf-16le") + b"\0\0"))
        out += attribute(2, 0x00069005, struct.pack("<I", len(properties)) + b"".join(properties))
    return out


def mail(*parts, subject="Bao cao", text="Kính gửi Quý Bộ, xin gửi báo cáo."):
    """A mail of (header lines, bytes)."""
    lines = ["From: A <a@hanam.example>", "To: baocao@mic.example", f"Subject: {subject}", "Date: Mon, 20 Feb 2023 08:30:00 +0700",
             "MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="--=_b"', "",
             "----=_b", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "", text]
    out = "\r\n".join(lines).encode() + b"\r\n"
    for head, data in parts:
        encoded = data if "message/rfc822" in head else base64.encodebytes(data).replace(b"\n", b"\r\n")
        how = "" if "message/rfc822" in head else "\r\nContent-Transfer-Encoding: base64"
        out += f"----=_b\r\n{head}{how}\r\n\r\n".encode() + encoded + b"\r\n"
    return out + b"----=_b--\r\n"


def attached(name, data, kind="application/octet-stream"):
    return f'Content-Type: {kind}; name="{name}"\r\nContent-Disposition: attachment; filename="{name}"', data


def signed(content, stream):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "content").write_bytes(content)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=a@hanam.example",
                        "-keyout", folder / "key", "-out", folder / "cert", "-days", "30"], check=True, capture_output=True)
        subprocess.run(["openssl", "cms", "-sign", "-binary", "-nodetach", *(["-stream"] if stream else []), "-outform", "DER",
                        "-in", folder / "content", "-signer", folder / "cert", "-inkey", folder / "key",
                        "-out", folder / "signed"], check=True, capture_output=True)
        return (folder / "signed").read_bytes()


def with_password(name, data):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(data)
        subprocess.run(["zip", "-q", "-P", "Matkhau2023", "out.zip", name], cwd=folder, check=True)
        return (Path(folder) / "out.zip").read_bytes()


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    right, wrong, other = form(RIGHT), form(WRONG), form(OTHER)
    name = "Phụ lục Hà Nam.xlsx"
    good = {"like": RIGHT, "file": name}
    write("zip.zip", zipped((name, right)), **good)
    write("zip-unmarked.zip", zipped((name.encode(), right)), **good)
    write("zip-nfd.zip", zipped((unicodedata.normalize("NFD", name), right)), **good)
    write("zip-1258.zip", zipped((b"Phu\xf2 lu\xf2c H\xe0 Nam.xlsx", right)), **good)
    write("zip-437.zip", zipped((b"H\x85 Nam, b\xa0o c\xa0o.xlsx", right)), like=RIGHT, file="Hà Nam, báo cáo.xlsx")
    write("zip-folder.zip", zipped(("Báo cáo/", b""), (f"Báo cáo/{name}", right), ("__MACOSX/Báo cáo/._x.xlsx", b"\0\5\x16\7"),
                                   (f"Báo cáo/~${name}", b"\3A"), ("Báo cáo/Công văn.pdf", b"%PDF-1.5\n")), **good)
    write("zip-several.zip", zipped(("du toan.xlsx", other), (name, right), ("ghi chu.txt", b"x")), **good)
    write("zip-in-zip.zip", zipped(("trong.zip", zipped((name, wrong)))), like=WRONG, file=name)
    write("zip-named-xlsx.xlsx", zipped((name, right)), **good)
    write("zip-password.zip", with_password("Phu luc.xlsx", right), verdict="unreadable", reason="encrypted", file="zip-password.zip")
    write("zip-cut.zip", zipped((name, right))[:-400], verdict="unreadable", reason="corrupt", file="zip-cut.zip")
    write("zip-bomb.zip", zipped(("a.xlsx", bytes(48 << 20))), verdict="unreadable", reason="too_large", file="zip-bomb.zip")
    write("zip-without-form.zip", zipped(("du toan.xlsx", other)), verdict="unreadable", reason="not_the_form", file="du toan.xlsx")
    deep = zipped((name, right))
    for _ in range(4):
        deep = zipped(("a.zip", deep))
    write("zip-too-deep.zip", deep, verdict="unreadable", reason="too_large", file="a.zip")
    write("7z.7z", seven_zip((f"Báo cáo/{name}", right), ("Báo cáo/x.txt", b"x")), **good)
    write("7z-password.7z", seven_zip(("a.xlsx", right), password="Matkhau2023"),
          verdict="unreadable", reason="encrypted", file="7z-password.7z")
    write("7z-names-hidden.7z", seven_zip(("a.xlsx", right), password="Matkhau2023", hide_names=True),
          verdict="unreadable", reason="encrypted", file="7z-names-hidden.7z")
    write("rar.rar", stored_rar("Phu luc.xlsx", right), like=RIGHT, file="Phu luc.xlsx")
    winmail = tnef((b"CONGVAN.PDF", "Công văn.pdf", b"%PDF-1.5\n"), (b"PHULUC~1.XLS", name, right))
    write("winmail.dat", winmail, **good)
    write("winmail-short-name.dat", tnef((b"B\xe1o c\xe1o.xlsx", None, right)), like=RIGHT, file="Báo cáo.xlsx")
    write("winmail-mail.eml", mail(attached("winmail.dat", winmail, "application/ms-tnef")), **good)
    octets = attached("a.dat", right)
    write("octets.eml", mail(octets), like=RIGHT, file="a.dat")
    write("pdf-by-name.eml", mail(attached("Phu luc.pdf", right, "application/pdf")), like=RIGHT, file="Phu luc.pdf")
    inner = mail(attached("Phu luc.xlsx", wrong))
    write("forwarded.eml", mail(("Content-Type: message/rfc822", inner)), like=WRONG, file="Phu luc.xlsx")
    twice = mail(("Content-Type: message/rfc822", mail(attached("a.zip", zipped((name, right))))))
    write("forwarded-twice.eml", mail(("Content-Type: message/rfc822", twice)), **good)
    write("mail-in-zip.zip", zipped(("thu.eml", inner)), like=WRONG, file="Phu luc.xlsx")
    smime = {"kind": "application/pkcs7-mime; smime-type=signed-data"}
    write("signed.eml", mail(attached("smime.p7m", signed(inner, False), **smime)), like=WRONG, file="Phu luc.xlsx")
    write("signed-stream.eml", mail(attached("smime.p7m", signed(inner, True), **smime)), like=WRONG, file="Phu luc.xlsx")
    whole = signed(inner, True)
    head = ("From: A <a@hanam.example>\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n"
            'Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"\r\n\r\n').encode()
    write("signed-whole.eml", head + base64.encodebytes(whole), like=WRONG, file="Phu luc.xlsx")
    write("signed-file.p7m", signed(right, False), like=RIGHT, file="signed-file")
    write("two-workbooks.eml", mail(attached("du toan.xlsx", other), attached("Phu luc.xlsx", right)), like=RIGHT, file="Phu luc.xlsx")
    # Both are the form; the one that answers more is taken.
    blank = form("unreadable/blank-form")
    write("blank-beside.eml", mail(attached("Mau.xlsx", blank), attached("Phu luc.xlsx", wrong)), like=WRONG, file="Phu luc.xlsx")


if __name__ == "__main__":
    main()
