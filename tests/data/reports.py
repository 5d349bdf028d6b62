"""What invented agencies answer: reports as they type them and as they should be read.

A `Row` holds the five cells as typed, and beside them what a careful human would
record from them. People, numbers and addresses are invented.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count

from printed import COMPLIANCE, PROFILE, ROWS, STAGE

# How a completion time is written, and what it means.
WHEN = {
    "tháng 6/2023": "2023-06",
    "Quý II/2023": "2023-Q2",
    "30/9/2023": "2023-09-30",
    "năm 2024": "2024",
    "tháng 12 năm 2023": "2023-12",
    "6 tháng đầu năm 2024": "2024-H1",
    "quý 3 năm 2023": "2023-Q3",
    "31/12/2023": "2023-12-31",
    "tháng 9/2023": "2023-09",
    "Quý IV/2023": "2023-Q4",
    "2024": "2024",
    "6 tháng cuối năm 2023": "2023-H2",
    "T8/2023": "2023-08",
    "QIII/2023": "2023-Q3",
    "15/7/2023": "2023-07-15",
    "trong năm 2025": "2025",
}
PHRASES = [
    "{stage}; dự kiến hoàn thành, đưa vào khai thác {when}",
    "{stage}; dự kiến hoàn thành, đưa vào khai thác chính thức {when}",
    "{stage}; dự kiến hoàn thành {when}",
    "{stage}\nDự kiến hoàn thành: {when}",
    "{stage}, dự kiến hoàn thành vào {when}.",
    "{stage} (dự kiến hoàn thành {when})",
]
OTHER = [
    "Khác: Đang thực hiện thuê dịch vụ theo hình thức thử nghiệm",
    "Khác: Sử dụng kinh phí chi thường xuyên để nâng cấp",
    "Khác: Chờ doanh nghiệp hoàn thiện phần mềm dùng chung",
]
REASONS = [
    "Chưa được bố trí kinh phí.",
    "Đã hoàn thành thử nghiệm kết nối, chưa được đánh giá an toàn thông tin để kết nối chính thức.",
    "Hệ thống đặt tại trung tâm dữ liệu của doanh nghiệp, chưa có kênh truyền vào Mạng TSLCD.",
    "Đang chờ thẩm định đề cương, dự toán chi tiết.",
    "Nhân lực công nghệ thông tin còn thiếu, tiến độ thực hiện chậm so với kế hoạch.",
    "Đơn vị cung cấp dịch vụ chưa hoàn thành nâng cấp phần mềm theo yêu cầu.",
    "Thủ tục đầu tư kéo dài do phải điều chỉnh dự án.",
]
FUNCTIONS = [
    "- Nguyên nhân: Chưa được bố trí đủ kinh phí.\n"
    "- Các chức năng chưa đáp ứng: Số hóa hồ sơ; kết nối Hệ thống định danh và xác thực điện tử.",
    "Đơn vị cung cấp đang nâng cấp phần mềm. Các chức năng chính chưa đáp ứng: kho dữ liệu điện tử của tổ chức, "
    "cá nhân; đánh giá chất lượng phục vụ; ký số trên thiết bị di động.",
    "- Nguyên nhân: Phần mềm đầu tư từ năm 2018, chưa được nâng cấp.\n- Chức năng chưa đáp ứng:\n"
    "+ Tái sử dụng kết quả số hóa;\n+ Thanh toán trực tuyến nghĩa vụ tài chính về đất đai.",
]
RATIOS = [
    "Chưa được bố trí kinh phí; 12/45 cơ quan; 130/420 thiết bị",
    "- Nguyên nhân: Mới bố trí kinh phí cho các sở, ngành.\n"
    "- Số cơ quan chưa đáp ứng: 87/126 cơ quan; số thiết bị đã có: 1.234/2.000 thiết bị.",
    "Ngân sách cấp huyện chưa cân đối được. Số lượng cơ quan chưa đáp ứng 9 / 34 cơ quan; "
    "số lượng thiết bị đã có 310 / 455 thiết bị.",
    "Thiết bị cũ, xuống cấp; 20 trên 60 cơ quan; 215 trên 300 thiết bị",
]
REQUIREMENTS = [
    "- Nguyên nhân: Chưa được bố trí kinh phí; trang thiết bị đầu tư đã lâu.\n- Yêu cầu chưa đáp ứng: IDS/IPS, WAF.",
    "Bản quyền đã hết hạn, chưa được gia hạn. Danh sách yêu cầu chưa đáp ứng: phòng chống mã độc tập trung; "
    "giám sát an toàn thông tin (SOC); tường lửa cơ sở dữ liệu.",
    "Đang tổ chức mua sắm. Các yêu cầu chưa đáp ứng gồm: sao lưu dự phòng; quản lý tài khoản đặc quyền.",
]
PEOPLE = [
    ("Nguyễn Văn An", "Trưởng phòng Công nghệ thông tin"),
    ("Trần Thị Bích Hạnh", "Phó Trưởng phòng Chuyển đổi số"),
    ("Lê Hoàng Minh", "Chuyên viên"),
    ("Phạm Thu Trang", "Phó Giám đốc Trung tâm Công nghệ thông tin và Truyền thông"),
    ("Vũ Đức Thắng", "Trưởng phòng Hạ tầng số"),
    ("Hoàng Thị Kim Oanh", "Chuyên viên chính"),
    ("Đặng Quốc Khánh", "Phó Cục trưởng"),
    ("Bùi Ngọc Quỳnh", "Trưởng phòng Chính phủ số"),
]
PHONES = ["0912345678", "0983 456 789", "(024) 3999 0001", "0905.123.456", "024.39990002", "+84 912 345 600",
          "0388123456", "0226 3999 003"]
PROPOSED = {
    "1": "Bổ sung hướng dẫn kết nối Mạng TSLCD cấp II đến UBND cấp xã.",
    "2": "- Bổ sung hướng dẫn chi tiết về số hóa hồ sơ tại Bộ phận một cửa cấp xã\n"
         "- Bổ sung yêu cầu kỹ thuật đối với kho dữ liệu điện tử của tổ chức, cá nhân",
    "3": "Bổ sung hướng dẫn sử dụng tài khoản định danh điện tử trên ứng dụng công dân số của tỉnh.",
    "4": "Công bố danh mục dịch vụ chia sẻ dữ liệu dân cư qua NDXP.",
    "5": "Bổ sung mô hình kết nối trung tâm điều hành thông minh với CSDL quốc gia về dân cư.",
    "6": "Ban hành cấu hình tối thiểu theo từng cấp độ an toàn thông tin.",
    "7": "Hướng dẫn định mức chi cho công tác số hóa.",
}
DIFFICULTIES = [
    "Kinh phí cho chuyển đổi số còn hạn chế, chủ yếu dựa vào nguồn chi thường xuyên.",
    "Việc kết nối với CSDL quốc gia về dân cư thường xuyên gián đoạn; thời gian phản hồi chậm.",
    "Nhân lực chuyên trách về an toàn thông tin còn thiếu.",
]
RECOMMENDATIONS = [
    "Đề nghị Bộ Thông tin và Truyền thông tổ chức tập huấn cho cán bộ kỹ thuật của địa phương.",
    "Đề nghị sớm ban hành hướng dẫn phiên bản 2.0 kèm theo định mức kinh tế - kỹ thuật.",
    "Đề nghị phối hợp với Bộ Công an rút ngắn thời gian đánh giá an toàn thông tin.",
]


@dataclass
class Row:
    """One line of the table: the cells as typed, and what is to be recorded."""
    name: str | None = None
    owner: str | None = None
    compliance: str | None = None
    investment: str | None = None
    note: str | None = None
    recorded: dict = field(default_factory=dict)


def answer(owner, code, plan=None, note=None, name=None, choices=COMPLIANCE):
    """A line answered well. `plan` is (stage or "Khác: …", when, phrase)."""
    stage = due = investment = None
    if plan:
        stage, when, phrase = plan
        words = STAGE.get(stage, stage)
        stage = stage if stage in STAGE else "other"
        due = WHEN[when] if when else None
        investment = PHRASES[phrase % len(PHRASES)].format(stage=words, when=when) if when else words
    return Row(name, owner, choices[code], investment, note,
               {"owner": owner, "compliance": code, "stage": stage, "due": due, "note": note})


@dataclass
class Report:
    kind: str
    agency: str                  # id in the registry
    name: str
    place: str                   # where its letters are dated
    domain: str
    contact: dict
    systems: list                # rows 1.1, 1.2, …
    portal: Row                  # row 2
    equipment: Row               # row 3
    link: Row                    # row 4.1
    databases: list              # rows 4.2
    others: list                 # rows 4.3, 4.4, …
    blocks: list                 # (name or None, profile, measures): 5.1, 5.2, …
    proposals: dict
    remarks: dict
    number: str = "45"
    extra_proposals: list = field(default_factory=list)       # [(row, component, proposal)]
    dropped: set = field(default_factory=set)                 # rows deleted from the form
    not_applicable: dict = field(default_factory=dict)        # what a province types into row 4.2
    no_systems: Row | None = None                             # "không có hệ thống kết nối"
    recorded_contact: dict = field(default_factory=dict)      # where it differs from what is typed

    def copy(self):
        return deepcopy(self)


class Pen:
    """Turns through stages, times, reasons and wordings, so that no two reports are alike."""

    def __init__(self, start):
        self.turns = count(start)
        self.start = start

    def of(self, things):
        return list(things)[next(self.turns) % len(things)]

    def plan(self):
        stage = self.of([*(s for s in STAGE if s != "other"), self.of(OTHER)])
        return stage, self.of(WHEN), next(self.turns)

    def row(self, owner, code, partial=REASONS, name=None):
        if code == "met":
            return answer(owner, code, self.of([None, ("procured", None, 0)]), name=name)
        return answer(owner, code, self.plan(), self.of(partial if code == "partial" else REASONS), name)

    def profile(self, owner, code, body):
        n = 100 + 37 * self.start % 800
        note = {"approved": self.of([f"Quyết định số {n}/QĐ-{body} ngày 15/8/2022", f"{n}/QĐ-{body}",
                                     f"Số quyết định: {n}/QĐ-{body} ngày 05/12/2022"]),
                "submitted": self.of([f"Tờ trình số {n}/TTr-{body} ngày 10/01/2023", None]),
                "not_submitted": self.of([None, "Đang xây dựng hồ sơ."])}[code]
        return answer(owner, code, None, note, choices=PROFILE)


def report(start, kind, agency, name, place, domain, body, unit, systems, codes,
           proposals="", remarks=(True, True), portal_name=None, databases=()):
    """A whole report.

    `systems` are [(name, owner, where)]: where it stands besides section 5 ("1", "4" or "14").
    `codes` gives, letter by letter, the answers of rows 1.n, 2, 3, 4.1, 4.2.., 4.3.. (m, p, n), then a pair
    for each block of section 5 (a, s, u for the security profile; m, p, n for the measures).
    """
    pen = Pen(start)
    letters = iter(codes.replace(" ", ""))
    full = {"m": "met", "p": "partial", "n": "not_met", "a": "approved", "s": "submitted", "u": "not_submitted"}

    def code():
        return full[next(letters)]

    first = portal_name or ROWS["4.1"]
    lines = [pen.row(unit, code(), name=first)]
    lines += [pen.row(owner, code(), name=n) for n, owner, where in systems if "1" in where]
    one_stop = {"province": "Trung tâm Phục vụ hành chính công, Bộ phận một cửa các cấp"}.get(kind, "Văn phòng Bộ")
    portal = pen.row(unit, code(), FUNCTIONS)
    equipment = pen.row(one_stop, code(), RATIOS)
    link = pen.row(unit, code())
    bases = [pen.row(owner, code(), name=n) for n, owner in databases]
    others = [pen.row(owner, code(), name=n) for n, owner, where in systems if "4" in where]
    blocks = []
    for n, owner in [(None, unit), *databases, *((n, owner) for n, owner, _ in systems)]:
        blocks.append((n, pen.profile(owner, code(), body), pen.row(owner, code(), REQUIREMENTS)))
    assert not list(letters), f"{agency}: letters left over"
    person, position = PEOPLE[start % len(PEOPLE)]
    local = ".".join(_plain(person).split())
    contact = {"full_name": person, "workplace": f"{unit} {place}" if kind == "province" else f"{unit}, {name}",
               "position": position, "phone": PHONES[start % len(PHONES)], "email": f"{local}@{domain}"}
    return Report(
        kind, agency, name, place, domain, contact, lines, portal, equipment, link, bases, others, blocks,
        {row: PROPOSED[row] for row in proposals},
        {"difficulties": DIFFICULTIES[start % 3] if remarks[0] else None,
         "recommendations": RECOMMENDATIONS[start % 3] if remarks[1] else None},
        number=f"{45 + 13 * start}")


def _plain(text):
    import unicodedata
    text = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(c for c in text if not unicodedata.combining(c))


def province(start, agency, name, domain, systems, codes, **more):
    city = name.removeprefix("Ủy ban nhân dân ").removeprefix("tỉnh ").removeprefix("thành phố ")
    return report(start, "province", agency, name, city, f"{domain}.example", "UBND",
                  "Sở Thông tin và Truyền thông", systems, codes, **more)


def ministry(start, agency, name, domain, body, unit, databases, systems, codes, **more):
    return report(start, "ministry", agency, name, "Hà Nội", f"{domain}.example", body, unit, systems, codes,
                  databases=databases, **more)


LAND = ("Cơ sở dữ liệu đất đai", "Sở Tài nguyên và Môi trường")
RECORDS = ("Hệ thống thông tin lý lịch tư pháp", "Sở Tư pháp")
HEALTH = ("Hệ thống thông tin quản lý khám chữa bệnh", "Sở Y tế")
SCHOOL = ("CSDL ngành giáo dục và đào tạo", "Sở Giáo dục và Đào tạo")
SOCIAL = ("CSDL về trợ giúp xã hội", "Sở Lao động - Thương binh và Xã hội")
CIVIL = ("CSDL cán bộ, công chức, viên chức", "Sở Nội vụ")


def ha_nam():
    """The report all broken variants start from: every kind of row answered, nothing wrong."""
    r = province(0, "ha-nam", "Ủy ban nhân dân tỉnh Hà Nam", "hanam",
                 [(*LAND, "14")], "np ppp n sp un", proposals="26")
    r.portal = answer("Sở TTTT", "partial", ("project", "tháng 9/2023", 0), FUNCTIONS[0])
    r.equipment = answer(r.equipment.owner, "partial", ("procuring", "Quý II/2023", 2), RATIOS[0])
    r.link = answer("Sở TTTT", "partial", ("bidding", "30/9/2023", 1), REASONS[1])
    r.blocks[0] = (None, answer("Sở TTTT", "approved", None, "Quyết định số 1287/QĐ-UBND ngày 15/8/2022", choices=PROFILE),
                   answer("Sở TTTT", "partial", ("policy", "6 tháng đầu năm 2024", 0), REQUIREMENTS[0]))
    return r


def ha_noi():
    return province(3, "ha-noi", "Ủy ban nhân dân thành phố Hà Nội", "hanoi",
                    [(*LAND, "1"), (*HEALTH, "4")], "mp m p m n am sp up", proposals="14",
                    portal_name="Hệ thống thông tin giải quyết thủ tục hành chính của thành phố")


def nghe_an():
    return province(5, "nghe-an", "Ủy ban nhân dân tỉnh Nghệ An", "nghean", [(*RECORDS, "14")],
                    "pn p m p n sn up", remarks=(True, False))


def lao_cai():
    return province(8, "lao-cai", "Ủy ban nhân dân tỉnh Lào Cai", "laocai", [(*SCHOOL, "1"), (*SOCIAL, "14")],
                    "nnp n p n p up sn am", proposals="2")


def quang_ninh():
    return province(11, "quang-ninh", "Ủy ban nhân dân tỉnh Quảng Ninh", "quangninh", [(*HEALTH, "14")],
                    "mm m m m m am am", remarks=(False, False))


def da_nang():
    return province(14, "da-nang", "Ủy ban nhân dân thành phố Đà Nẵng", "danang", [(*LAND, "14"), (*CIVIL, "4")],
                    "mp p m m pn ap sm sn", proposals="3456")


def can_tho():
    return province(17, "can-tho", "Ủy ban nhân dân thành phố Cần Thơ", "cantho", [(*SCHOOL, "14")],
                    "pp p p p n sp un", proposals="7", remarks=(False, True))


def hoa_binh():
    r = province(20, "hoa-binh", "Ủy ban nhân dân tỉnh Hòa Bình", "hoabinh",
                 [("CSDL di sản văn hóa", "Sở Văn hóa, Thể thao và Du lịch", "14")], "pn n p n p sp up", proposals="2")
    r.remarks["difficulties"] = "Kinh phí số hóa hạn chế; chưa tự động hóa được việc cấp số thứ tự ở Ủy ban nhân dân cấp xã."
    r.proposals["2"] = "Hướng dẫn số hóa, tự động hóa việc tái sử dụng dữ liệu; quy định mã khóa của hồ sơ thủy lợi."
    return r


def thua_thien_hue():
    return province(23, "thua-thien-hue", "Ủy ban nhân dân tỉnh Thừa Thiên Huế", "thuathienhue", [(*LAND, "14")],
                    "mm p p m n am sp", proposals="12",
                    portal_name="Hệ thống thông tin giải quyết thủ tục hành chính của tỉnh")


def dong_thap():
    return province(26, "dong-thap", "Ủy ban nhân dân tỉnh Đồng Tháp", "dongthap", [(*SOCIAL, "14")],
                    "np n n n n un un", remarks=(True, False))


def ba_ria_vung_tau():
    return province(29, "ba-ria-vung-tau", "Ủy ban nhân dân tỉnh Bà Rịa - Vũng Tàu", "baria-vungtau",
                    [(*CIVIL, "1")], "pm m p p sp am")


def soc_trang():
    return province(31, "soc-trang", "Ủy ban nhân dân tỉnh Sóc Trăng", "soctrang", [(*HEALTH, "1")],
                    "nn p n n up un", proposals="6")


def thai_nguyen():
    return province(34, "thai-nguyen", "Ủy ban nhân dân tỉnh Thái Nguyên", "thainguyen",
                    [(*LAND, "14"), (*RECORDS, "14"), (*HEALTH, "1"), (*SCHOOL, "14"), (*SOCIAL, "1")],
                    "mpnmnp p p m npn sm sp um am up sn", proposals="2456")


def ninh_binh():
    return province(37, "ninh-binh", "Ủy ban nhân dân tỉnh Ninh Bình", "ninhbinh", [(*LAND, "14")],
                    "pp p p p p sp sp", proposals="1")


def yen_bai():
    r = province(40, "yen-bai", "Ủy ban nhân dân tỉnh Yên Bái", "yenbai", [], "n n p n up")
    r.systems = []
    r.no_systems = Row(name="Không có hệ thống kết nối")
    return r


def dien_bien():
    return province(42, "dien-bien", "Ủy ban nhân dân tỉnh Điện Biên", "dienbien", [], "p p n p sp", remarks=(True, False))


def khanh_hoa():
    return province(43, "khanh-hoa", "Ủy ban nhân dân tỉnh Khánh Hòa", "khanhhoa", [(*SCHOOL, "14")],
                    "mp p m m n am sp", proposals="45")


def kien_giang():
    return province(46, "kien-giang", "Ủy ban nhân dân tỉnh Kiên Giang", "kiengiang", [(*CIVIL, "14")],
                    "pn p p p n ap up")


def justice():
    return ministry(6, "bo-tu-phap", "Bộ Tư pháp", "moj", "BTP", "Cục Công nghệ thông tin",
                    [("CSDL hộ tịch điện tử toàn quốc", "Cục Hộ tịch, quốc tịch, chứng thực"),
                     ("CSDL quốc gia về văn bản pháp luật", "Cục Kiểm tra văn bản quy phạm pháp luật")],
                    [("Hệ thống thông tin đăng ký quốc gia các giao dịch bảo đảm",
                      "Cục Đăng ký quốc gia giao dịch bảo đảm", "14")],
                    "mp p m m mn p am ap sm un", proposals="456")


def health():
    r = ministry(9, "bo-y-te", "Bộ Y tế", "moh", "BYT", "Cục Công nghệ thông tin",
                 [("CSDL tiêm chủng quốc gia", "Cục Y tế dự phòng"),
                  ("CSDL quản lý hành nghề khám bệnh, chữa bệnh", "Cục Quản lý Khám, chữa bệnh"),
                  ("CSDL dược quốc gia", "Cục Quản lý Dược")],
                 [("Hệ thống hồ sơ sức khỏe điện tử", "Cục Công nghệ thông tin", "14"),
                  ("Hệ thống giám định bảo hiểm y tế", "Vụ Bảo hiểm y tế", "4")],
                 "np p p p mpn np sp am up un sn up", proposals="1234567")
    r.extra_proposals = [("8", "Hồ sơ sức khỏe điện tử", "Bổ sung chuẩn dữ liệu và giao diện lập trình liên thông.")]
    r.remarks["difficulties"] = ("- Số lượng cơ sở khám, chữa bệnh lớn, hạ tầng không đồng đều.\n"
                                 "- Dữ liệu tiêm chủng cũ còn thiếu số định danh cá nhân.")
    return r


def insurance():
    r = ministry(12, "bao-hiem-xa-hoi-viet-nam", "Bảo hiểm xã hội Việt Nam", "baohiemxahoi", "BHXH",
                 "Trung tâm Công nghệ thông tin", [("CSDL quốc gia về bảo hiểm", "Trung tâm Công nghệ thông tin")],
                 [], "m m m m m am am", remarks=(True, True))
    r.systems.append(answer("Trung tâm Công nghệ thông tin", "met", ("procured", None, 0), None,
                            "CSDL quốc gia về bảo hiểm"))
    return r


def trade():
    return ministry(15, "bo-cong-thuong", "Bộ Công Thương", "moit", "BCT",
                    "Cục Thương mại điện tử và Kinh tế số", [("CSDL về thương mại điện tử", "Cục Thương mại điện tử và Kinh tế số")],
                    [("Hệ thống quản lý và cấp chứng nhận xuất xứ điện tử", "Cục Xuất nhập khẩu", "14")],
                    "pm m n p p n sp um an", proposals="3")


def transport():
    return ministry(18, "bo-giao-thong-van-tai", "Bộ Giao thông vận tải", "mt", "BGTVT",
                    "Trung tâm Công nghệ thông tin", [("CSDL giấy phép lái xe", "Cục Đường bộ Việt Nam")],
                    [], "p n p n n sn un", proposals="2")


