#!/usr/bin/env python3
"""Makes the mails of the demonstration: `NN-name.eml`, `agencies.csv`, `outcomes.csv`.

    python3 config/demo/make.py

The workbooks come from the makers of the test forms in `tests/data`. All people, addresses and
numbers are invented; every domain ends in `.example`. A mail's number is the order of arrival.
`outcomes.csv` says what each mail is expected to end as. A second run changes nothing.
"""

import csv
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from email.header import Header
from email.message import EmailMessage
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email import encoders, policy
from email.utils import format_datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "tests" / "data"
sys.dont_write_bytecode = True
sys.path.insert(0, str(DATA))
import make as forms
import files
import printed
import reports
import sheets
from sheets import Layout, lay_out

HANOI = timezone(timedelta(hours=7))
TO = "baocao@mic.example"
ABOUT = "cung cấp thông tin kết quả triển khai Văn bản số 1552/BTTTT-THH"
TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12",
    "xls": "application/vnd.ms-excel",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def saved(write, *what):
    """The bytes a writer of files would write."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        write(*what, path)
        return path.read_bytes()


def workbook(report, write=files.write_openpyxl, blank=False, **layout):
    return saved(write, lay_out(report, Layout(**layout), blank=blank))


def cover(report, more=""):
    """A short formal letter to go with the form."""
    person = report.contact
    return (f"Kính gửi: Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia)\n\n"
            f"Thực hiện Văn bản số 488/BTTTT-CĐSQG ngày 15/02/2023 của Bộ Thông tin và Truyền thông, {report.name} "
            f"gửi Phụ lục {ABOUT} ngày 26/4/2022 (tệp đính kèm).\n{more}\n"
            f"Trân trọng./.\n\n--\n{person['full_name']}\n{person['position']}\n{person['workplace']}\n"
            f"Điện thoại: {person['phone']}\n")


class Mail:
    """One mail as our server has stored it."""

    def __init__(self, number, name, report, when, subject, body, host=None, person=None, verified=True):
        self.number, self.name, self.report = number, name, report
        self.when = datetime.fromisoformat(when).replace(tzinfo=HANOI)
        self.subject, self.body = subject, body
        self.host = host or (f"sotttt.{report.domain}" if report.kind == "province" else report.domain)
        self.person = person or report.contact["full_name"]
        self.address = ".".join(reports._plain(self.person).split()) + "@" + self.host
        self.verified, self.extra, self.attached = verified, {}, []

    def attach(self, name, data, kind=None):
        self.attached.append((name, data, kind or TYPES[name.rsplit(".", 1)[-1].lower()]))
        return self

    def headers(self):
        """The trace our server stamps, then what the sender's program wrote."""
        sent = self.when - timedelta(seconds=7 + self.number)
        domain = self.address.split("@")[1]
        result = "pass" if self.verified else "fail"
        signed = f"pass header.d={domain}" if self.verified else "none"
        fields = {
            "Received": f"from mail.{domain} (mail.{domain} [192.0.2.{10 + self.number}])\n\tby mx.mic.example "
                        f"(Postfix) with ESMTPS id 4PL{self.number:02}X1552\n\tfor <{TO}>; {format_datetime(self.when)}",
            "Authentication-Results": f"mx.mic.example;\n\tspf={result} smtp.mailfrom={self.address};\n\tdkim={signed};"
                                      f"\n\tdmarc={result} header.from={domain}",
        } | self.extra | {
            "Date": format_datetime(sent),
            "From": f"{Header(self.person, 'utf-8').encode()}\n <{self.address}>",
            "To": TO,
            "Subject": Header(self.subject, "utf-8", header_name="Subject").encode(),
            "Message-ID": f"<{sent:%Y%m%d%H%M%S}.{self.number:02}@{domain}>",
        }
        return "".join(f"{name}: {value}\n" for name, value in fields.items()).replace("\n", "\r\n").encode()

    def bytes(self):
        message = EmailMessage(policy=policy.SMTP)
        message.set_content(self.body, charset="utf-8", cte="base64")
        for name, data, kind in self.attached:
            main, sub = kind.split("/")
            message.add_attachment(data, main, sub, filename=name)
        if message.is_multipart():
            message.set_boundary(f"----=_phu_luc_{self.number:02}")
        return self.headers() + message.as_bytes()


class OldMail(Mail):
    """The same from an older program: encoded-words in file names, HTML beside the text."""

    def bytes(self):
        outer = MIMEMultipart("mixed", boundary=f"----=_NextPart_{self.number:03}_mixed")
        both = MIMEMultipart("alternative", boundary=f"----=_NextPart_{self.number:03}_text")
        both.attach(MIMEText(self.body, "plain", "utf-8"))
        html = "".join(f"<p>{line}</p>\n" for line in self.body.split("\n") if line)
        both.attach(MIMEText(f"<html><body style=\"font-family:'Times New Roman'\">{html}</body></html>", "html", "utf-8"))
        outer.attach(both)
        for name, data, kind in self.attached:
            part = MIMEBase(*kind.split("/"))
            part.set_payload(data)
            encoders.encode_base64(part)
            word = Header(name, "utf-8", maxlinelen=10000).encode()
            part.set_param("name", word)
            part.add_header("Content-Disposition", f'attachment; filename="{word}"')
            outer.attach(part)
        return self.headers() + outer.as_bytes(policy=policy.compat32.clone(linesep="\r\n"))


def mails():
    """(mail, agency in the demonstration's registry, what it should end as)"""
    unreadable = DATA / "forms" / "unreadable"

    r = reports.justice()
    yield Mail(1, "tu-phap", r, "2023-02-16T09:12:40", f"Bộ Tư pháp: {ABOUT}", cover(r)).attach(
        "Phụ lục - Bộ Tư pháp.xlsx", workbook(r)), r.agency, "accepted"

    r = reports.ha_nam()
    yield Mail(2, "ha-nam", r, "2023-02-16T14:05:11", "UBND tỉnh Hà Nam gửi Phụ lục theo Văn bản số 488/BTTTT-CĐSQG",
               cover(r)).attach("Phu luc 488 - UBND tinh Ha Nam.xlsx", workbook(r, guidance=True)), r.agency, "accepted"

    r = reports.nghe_an()
    forms.find(r, "4.1").note = None
    forms.find(r, "1.2").note = None
    yield Mail(3, "nghe-an", r, "2023-02-17T08:31:02", f"V/v {ABOUT} của tỉnh Nghệ An", cover(r)).attach(
        "PL kem CV 488 - Nghe An.xlsx", workbook(r, titles="roman", headings=printed.SHORT_COLUMNS, short=True)
    ), r.agency, "needs_correction: reason-missing (1.2, 4.1)"

    r = reports.trade()
    yield Mail(4, "cong-thuong-hoi", r, "2023-02-17T10:02:47", "Hỏi về biểu mẫu Phụ lục Văn bản số 488/BTTTT-CĐSQG",
               "Kính gửi: Cục Chuyển đổi số quốc gia\n\nBộ Công Thương có nhiều cơ sở dữ liệu chuyên ngành. Đề nghị cho biết "
               "dòng 4.2 có được thêm nhiều dòng hay không.\n\nTrân trọng cảm ơn./.\n"), r.agency, "question"

    r = reports.quang_ninh()
    yield Mail(5, "quang-ninh-xls", r, "2023-02-17T15:47:30", "Báo cáo của UBND tỉnh Quảng Ninh", cover(r)).attach(
        "Phu luc Quang Ninh.xls", workbook(r, files.write_xlwt)), r.agency, "accepted"

    r = reports.da_nang()
    yield Mail(6, "da-nang-ods", r, "2023-02-20T08:15:09", "Đà Nẵng - Phụ lục kết quả triển khai Văn bản 1552", cover(r)).attach(
        "Phu-luc-1552-Da-Nang.ods", workbook(r, files.write_odf, contact="table")), r.agency, "accepted"

    r = reports.hoa_binh()
    yield Mail(7, "hoa-binh-pdf", r, "2023-02-20T09:40:00", "Văn bản của UBND tỉnh Hoà Bình",
               cover(r, "Bản ký số gửi kèm.\n")).attach(
        "112-UBND-NCPC_signed.pdf", saved(forms.write_pdf)), r.agency, "unreadable: no_workbook"

    r = reports.lao_cai()
    r.portal.compliance = f"{printed.CHOOSE}\n{printed.options(printed.COMPLIANCE)}"
    r.equipment.investment = f"{printed.CHOOSE_AND_DATE}\n{printed.options(printed.STAGE)}"
    yield OldMail(8, "lao-cai", r, "2023-02-20T10:26:18", "Lào Cai: Phụ lục theo Văn bản số 488/BTTTT-CĐSQG", cover(r)).attach(
        "Phụ lục Lào Cai.xlsx", workbook(r, contact="cells")
    ), r.agency, "needs_correction: compliance-options (2), investment-options (3)"

    r = reports.health()
    yield Mail(9, "y-te", r, "2023-02-20T16:20:55", "Bộ Y tế gửi Phụ lục kèm theo Văn bản số 488/BTTTT-CĐSQG",
               cover(r, "Kèm theo bản ký số của văn bản.\n")).attach(
        "CV Bộ Y tế (ký số).pdf", saved(forms.write_pdf)).attach(
        "Phụ lục Bộ Y tế - kết quả triển khai 1552.xlsx",
        workbook(r, order=forms.MIXED_ORDER, remarks="lines")), r.agency, "accepted"

    r = reports.soc_trang()
    r.contact["phone"] = "02993 999"
    r.blocks[1] = (r.blocks[1][0], reports.answer("Sở Y tế", "approved", None, "Chưa có", choices=printed.PROFILE), r.blocks[1][2])
    yield Mail(10, "soc-trang", r, "2023-02-21T08:02:13", "Sở TTTT Sóc Trăng gửi báo cáo", cover(r)).attach(
        "Phu luc Soc Trang.xlsx", workbook(r, letter=False)), r.agency, "needs_correction: phone-invalid, decision-missing (5.2/profile)"

    r = reports.dong_thap()
    yield Mail(11, "dong-thap-word", r, "2023-02-21T09:55:36", f"Đồng Tháp {ABOUT}", cover(r)).attach(
        "Phụ lục Đồng Tháp.docx", saved(lambda p: forms.write_docx(p, [printed.TITLE, "Đính kèm bản Word của Phụ lục."]))
    ), r.agency, "unreadable: no_workbook"

    r = reports.trade()
    mail = Mail(12, "cong-thuong-vang-mat", r, "2023-02-21T10:03:20", "Trả lời tự động: Vắng mặt",
                "Tôi đi công tác đến hết ngày 24/02/2023 và sẽ trả lời thư sau.\n")
    mail.extra = {"Return-Path": "<>", "Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}
    yield mail, r.agency, "automatic"

    r = reports.khanh_hoa()
    yield Mail(13, "khanh-hoa-mat-khau", r, "2023-02-21T14:18:44", "Khánh Hòa gửi Phụ lục (tệp có mật khẩu)",
               cover(r, "Mật khẩu mở tệp xin liên hệ theo số điện thoại dưới đây.\n")).attach(
        "Phu luc Khanh Hoa.xlsx", (unreadable / "encrypted.xlsx").read_bytes()), r.agency, "unreadable: encrypted"

    r = reports.kien_giang()
    yield Mail(14, "kien-giang-nham-tep", r, "2023-02-22T08:40:29", "Kiên Giang - báo cáo theo Văn bản số 488", cover(r)).attach(
        "Phu luc.xlsx", saved(forms.write_budget)), r.agency, "unreadable: not_the_form"

    r = reports.ninh_binh()
    yield Mail(15, "ninh-binh-trong", r, "2023-02-22T09:11:50", "Phụ lục của tỉnh Ninh Bình", cover(r)).attach(
        "Phu luc Ninh Binh.xlsx", workbook(r, blank=True, letter=False)), r.agency, "unreadable: blank_form"

    r = reports.nghe_an()
    yield Mail(16, "nghe-an-bo-sung", r, "2023-02-22T14:33:05", f"V/v {ABOUT} của tỉnh Nghệ An (bản bổ sung, thay thế)",
               cover(r, "Phụ lục này thay thế bản đã gửi ngày 17/02/2023.\n")).attach(
        "PL kem CV 488 - Nghe An (thay the).xlsx",
        workbook(r, titles="roman", headings=printed.SHORT_COLUMNS, short=True)), r.agency, "accepted"

    r = reports.yen_bai()
    yield Mail(17, "nguoi-gui-la", r, "2023-02-22T15:08:12", "Phu luc 1552 tinh Yen Bai", cover(r), host="gmail.example").attach(
        "phu luc yen bai.xlsx", workbook(r)), "", "held: unknown_sender"

    r = reports.can_tho()
    forms.find(r, "4.1").investment = printed.STAGE["procured"]
    yield Mail(18, "can-tho-luu-y", r, "2023-02-23T08:09:31", "UBND thành phố Cần Thơ gửi Phụ lục", cover(r)).attach(
        "Phu luc TP Can Tho.xlsx", workbook(r, first=(7, 4), order=forms.WITH_GAPS, gaps=True)
    ), r.agency, "accepted: due-missing-procured (4.1, warning)"

    for number, outcome in ((19, "accepted"), (20, "duplicate")):
        r = reports.thua_thien_hue()
        mail = Mail(19, "thua-thien-hue", r, "2023-02-23T10:44:00", "Thừa Thiên Huế: Phụ lục kèm theo Văn bản 488", cover(r)).attach(
            "Biểu số liệu Thừa Thiên Huế.xlsx",
            workbook(r, letter=False, contact="table", sheets=["Dau moi", "Bieu 2", "Bieu 3", "KK-VM"]))
        yield (mail, number, "thua-thien-hue" if number == 19 else "thua-thien-hue-gui-lai"), r.agency, outcome

    r = reports.insurance()
    with tempfile.TemporaryDirectory() as folder:
        plain, macro = Path(folder) / "a.xlsx", Path(folder) / "a.xlsm"
        files.write_openpyxl(lay_out(r, Layout(heading="stacked")), plain)
        files.write_xlsm(plain, macro)
        data = macro.read_bytes()
    yield Mail(21, "bao-hiem-xa-hoi", r, "2023-02-23T16:05:26", "BHXH Việt Nam gửi thông tin theo Văn bản số 488/BTTTT-CĐSQG",
               cover(r)).attach("Phu luc BHXH VN.xlsm", data), r.agency, "accepted"

    r = reports.dong_thap()
    yield Mail(22, "dong-thap-gia-mao", r, "2023-02-24T03:17:48", "Đồng Tháp gửi lại Phụ lục", cover(r), verified=False).attach(
        "Phu luc Dong Thap.xlsx", workbook(r)), r.agency, "held: unauthenticated"

    r = reports.transport()
    r.blocks[1] = (r.blocks[1][0], reports.answer(r.blocks[1][1].owner, "approved", None, None, choices=printed.PROFILE), r.blocks[1][2])
    yield OldMail(23, "giao-thong-van-tai", r, "2023-02-24T09:22:37", "Bộ Giao thông vận tải gửi Phụ lục", cover(r)).attach(
        "Phụ lục Bộ GTVT.xls", workbook(r, files.write_xlwt)), r.agency, "needs_correction: decision-missing (5.2/profile)"

    r = reports.thai_nguyen()
    yield Mail(24, "thai-nguyen-muon", r, "2023-03-01T09:30:15", "UBND tỉnh Thái Nguyên gửi báo cáo (bổ sung sau thời hạn)",
               cover(r)).attach("Phụ lục Thái Nguyên.xlsx", workbook(r)), r.agency, "accepted, late"


def main():
    for old in HERE.glob("[0-9][0-9]-*.eml"):
        old.unlink()
    domains, outcomes = {}, []
    for mail, agency, outcome in mails():
        number, name = None, None
        if isinstance(mail, tuple):
            mail, number, name = mail
        path = HERE / f"{number or mail.number:02}-{name or mail.name}.eml"
        path.write_bytes(mail.bytes())
        # A guess at a stranger is no domain of the agency.
        if agency and outcome != "held: unknown_sender":
            domains[agency] = mail.report.domain
        outcomes.append((path.name, agency, outcome))
    for name, head, rows in (("agencies.csv", ("id", "domain"), sorted(domains.items())),
                             ("outcomes.csv", ("file", "agency", "outcome"), outcomes)):
        with (HERE / name).open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(head)
            writer.writerows(rows)


if __name__ == "__main__":
    main()
