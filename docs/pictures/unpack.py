"""Takes a letter apart for a picture: its page, with its head above, and the guide that goes along.

Usage: unpack.py LETTER.eml FOLDER
"""

import email
import email.policy
import html
import pathlib
import sys

letter = email.message_from_bytes(pathlib.Path(sys.argv[1]).read_bytes(), policy=email.policy.default)
folder = pathlib.Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
page = letter.get_body(preferencelist=("html",)).get_content()
files = [part for part in letter.iter_attachments()]
names = "; ".join(part.get_filename() for part in files)
head = "".join(
    f"<div><b>{name}:</b> {html.escape(str(value))}</div>"
    for name, value in [("Từ", letter["From"]), ("Đến", letter["To"]), ("Tiêu đề", letter["Subject"]), ("Tệp kèm theo", names)]
    if value
)
head = (
    "<div style=\"font:14px 'Liberation Sans',Arial,sans-serif;padding:14px 18px;background:#eef2f6;"
    f"border-bottom:1px solid #c5ced8;line-height:1.5\">{head}</div>"
)
at = page.index(">", page.index("<body")) + 1
(folder / "page.html").write_text(page[:at] + head + page[at:], encoding="utf-8")
for part in files:
    if part.get_filename().endswith(".docx"):
        (folder / "guide.docx").write_bytes(part.get_payload(decode=True))
