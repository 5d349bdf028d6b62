"""The words printed on the appendix of letter 488/BTTTT-CĐSQG.

Everything the blank form says: titles, headings, row names, lists of choices,
guidance and examples. What agencies write into it is in `reports.py`.
"""

TITLE = ("PHỤ LỤC: CUNG CẤP THÔNG TIN KẾT QUẢ TRIỂN KHAI VĂN BẢN SỐ 1552/BTTTT-THH "
         "NGÀY 26/4/2022")
SUBTITLE = ("(Ban hành kèm theo Văn bản số 488/BTTTT-CĐSQG ngày 15/02/2023 "
            "của Bộ Thông tin và Truyền thông)")

SECTIONS = {
    "contact": "Thông tin về cán bộ đầu mối của bộ, ngành, địa phương phục vụ phối hợp triển khai "
               "Văn bản số 1552/BTTTT-THH ngày 26/4/2022",
    "status": "Hiện trạng của bộ, ngành, địa phương trong triển khai áp dụng "
              "Văn bản số 1552/BTTTT-THH ngày 26/4/2022",
    "proposals": "Đề xuất sửa đổi, bổ sung các thành phần công nghệ thông tin thiết yếu, cần thiết "
                 "phục vụ triển khai Đề án 06",
    "remarks": "Khó khăn, vướng mắc, đề xuất, kiến nghị",
}

CONTACT = {
    "full_name": "Họ và tên",
    "workplace": "Cơ quan công tác",
    "position": "Chức vụ",
    "phone": "Số điện thoại",
    "email": "Email",
}

COLUMNS = {
    "row": "STT",
    "component": "Thành phần CNTT thiết yếu cần thiết phục vụ triển khai Đề án 06",
    "owner": "Cơ quan chủ trì, quản lý",
    "compliance": "Đáp ứng yêu cầu theo Văn bản số 1552/BTTTT-THH",
    "investment": "Hiện trạng đầu tư/mua sắm/thuê dịch vụ (trong trường hợp chưa đáp ứng)",
    "note": "Ghi chú",
}
SHORT_COLUMNS = COLUMNS | {
    "row": "TT",
    "component": "Thành phần CNTT thiết yếu",
    "investment": "Hiện trạng đầu tư/mua sắm/thuê dịch vụ",
}
# The same headings as some agencies break them over stacked cells.
STACKED_COLUMNS = {
    "row": ["STT", "", ""],
    "component": ["Thành phần CNTT thiết yếu", "cần thiết phục vụ", "triển khai Đề án 06"],
    "owner": ["Cơ quan", "chủ trì, quản lý", ""],
    "compliance": ["Đáp ứng yêu cầu\ntheo Văn bản\nsố 1552/BTTTT-THH"],
    "investment": ["Hiện trạng đầu tư/mua sắm/", "thuê dịch vụ", "(trong trường hợp chưa đáp ứng)"],
    "note": ["Ghi chú"],
}

PROPOSAL_COLUMNS = {
    "row": "STT",
    "component": "Thành phần công nghệ thông tin thiết yếu, cần thiết",
    "proposal": "Sửa đổi, bổ sung; mô tả về yêu cầu nghiệp vụ, chức năng, tính năng kỹ thuật",
}

ROWS = {
    "1": "Hạ tầng mạng, đường truyền kết nối hệ thống thông tin, CSDL của bộ/ngành/địa phương với CSDL "
         "quốc gia về dân cư, Hệ thống định danh và xác thực điện tử trên Mạng Truyền số liệu chuyên dùng "
         "của các cơ quan Đảng, Nhà nước (cung cấp thông tin đối với từng hệ thống thông tin, CSDL kết nối "
         "với CSDLQG về dân cư, Hệ thống định danh và xác thực điện tử)",
    "2": "Hệ thống thông tin giải quyết thủ tục hành chính cấp bộ/cấp tỉnh trên cơ sở hợp nhất cổng dịch vụ "
         "công và hệ thống thông tin một cửa điện tử cấp bộ/tỉnh",
    "3": "Trang thiết bị phục vụ hoạt động của Bộ phận một cửa các cấp (máy scan, máy tính, máy in, màn hình "
         "tra cứu, hướng dẫn thông tin, thiết bị chứng thư số...)",
    "4": "Kết nối với CSDL quốc gia về dân cư, Hệ thống định danh và xác thực điện tử phục vụ 5 nhóm tiện ích "
         "của Đề án 06 (cung cấp thông tin đối với từng hệ thống thông tin, CSDL kết nối với CSDLQG về dân "
         "cư, Hệ thống định danh và xác thực điện tử)",
    "4.1": "Hệ thống thông tin giải quyết thủ tục hành chính",
    "4.2": "CSDL quốc gia, CSDL chuyên ngành (chỉ dành cho bộ, ngành)",
    "4.3": "Hệ thống thông tin quản lý/hệ thống thông tin chuyên ngành có nhu cầu kết nối, khai thác CSDL "
           "quốc gia về dân cư, Hệ thống định danh và xác thực điện tử",
    "5": "An toàn, an ninh mạng cho các hệ thống thông tin, CSDL kết nối với CSDL quốc gia về dân cư, Hệ thống "
         "định danh và xác thực điện tử (cung cấp thông tin đối với từng hệ thống thông tin, CSDL kết nối với "
         "CSDLQG về dân cư, Hệ thống định danh và xác thực điện tử)",
    "5.1": "Hệ thống thông tin giải quyết thủ tục hành chính",
    "profile": "Phê duyệt hồ sơ cấp độ ATTT",
    "measures": "Triển khai giải pháp, trang thiết bị để bảo đảm an toàn, an ninh mạng",
}
# The labels printed in the sample block 5.2 differ from those of 5.1.
SAMPLE_SUBROWS = {
    "profile": "Lập, trình cấp có thẩm quyền phê duyệt hồ sơ cấp độ ATTT cho các hệ thống thông tin, CSDL",
    "measures": "Triển khai giải pháp, trang thiết bị tối thiểu phục vụ bảo đảm an toàn, an ninh mạng",
}

COMPLIANCE = {"met": "Đã đáp ứng", "partial": "Đáp ứng một phần", "not_met": "Chưa đáp ứng"}
PROFILE = {
    "not_submitted": "Chưa lập, trình cấp có thẩm quyền phê duyệt",
    "submitted": "Đã trình cấp có thẩm quyền phê duyệt",
    "approved": "Đã được cấp có thẩm quyền phê duyệt",
}
STAGE = {
    "no_plan": "Chưa lập dự án/kế hoạch thuê dịch vụ/đề cương, dự toán chi tiết",
    "policy": "Trình, phê duyệt thuyết minh chủ trương đầu tư, mua sắm",
    "project": "Trình, phê duyệt dự án/kế hoạch thuê dịch vụ/đề cương, dự toán chi tiết",
    "bidding": "Tổ chức đấu thầu",
    "procuring": "Triển khai mua sắm",
    "procured": "Hoàn thành mua sắm",
    "other": "Khác: ghi rõ",
}

CHOOSE = "Chọn một trong các phương án:"
CHOOSE_AND_DATE = ("Chọn một trong các phương án và dự kiến thời gian hoàn thành, "
                   "đưa vào khai thác chính thức:")
GIVE_DECISION = "Cung cấp số quyết định phê duyệt"
GIVE_REASON = "- Nguyên nhân chưa đáp ứng/đáp ứng một phần."
GIVE_FUNCTIONS = "- Trong trường hợp đáp ứng một phần, liệt kê các chức năng chính chưa đáp ứng."
GIVE_RATIOS = ("- Trong trường hợp đáp ứng một phần, thống kê số lượng cơ quan chưa đáp ứng/tổng số cơ quan "
               "cần trang bị; số lượng thiết bị đã có/tổng số thiết bị cần mua sắm")
GIVE_REQUIREMENTS = "- Trong trường hợp đáp ứng một phần, cung cấp danh sách yêu cầu chưa đáp ứng."

GUIDANCE = {
    "2": "(Theo hướng dẫn tại Mục 3, Phần III Văn bản số 1552/BTTTT-THH)",
    "3": "(Theo hướng dẫn tại Điểm c), khoản 3.2, Mục 3, Phần III Văn bản số 1552/BTTTT-THH)",
    "4.1": "(Theo hướng dẫn tại Mục 3, Phần III Văn bản số 1552/BTTTT-THH; Văn bản 761/VPCP-KSTT "
           "ngày 29/01/2022 của Văn phòng Chính phủ)",
    "4.2": "(Theo hướng dẫn tại Mục 5, Phần III Văn bản số 1552/BTTTT-THH)",
    "4.3": "(Theo hướng dẫn tại Mục 5, Phần III Văn bản số 1552/BTTTT-THH)",
    "5": "(Theo hướng dẫn tại Mục 7, Phần III Văn bản số 1552/BTTTT-THH)",
}
# What the note column asks for, row by row.
ASKED = {
    "2": [GIVE_REASON, GIVE_FUNCTIONS],
    "3": [GIVE_REASON, GIVE_RATIOS],
    "profile": [GIVE_DECISION],
    "measures": [GIVE_REASON, GIVE_REQUIREMENTS],
}


def options(choices):
    """The list of choices as it is printed in an answer cell."""
    return "\n".join(f"- {text}" for text in choices.values())


_NOT_YET = "Ví dụ: Chưa lập dự án/kế hoạch thuê dịch vụ/đề cương, dự toán chi tiết; dự kiến hoàn thành, đưa vào khai thác "
_TESTED = ("Ví dụ: Hoàn thành thử nghiệm kết nối, chưa được đánh giá bảo đảm an toàn thông tin "
           "để đưa vào kết nối chính thức.")
_BIDDING = "Ví dụ: Tổ chức đấu thầu; dự kiến hoàn thành, đưa vào khai thác chính thức tháng 6/2023"
# row: (owner, compliance, investment, note)
EXAMPLES = {
    "2": ("Ví dụ: Sở TTTT", "Ví dụ: Đáp ứng một phần", _NOT_YET + "chính thức vào tháng 6/2023",
          "Ví dụ: Chưa được bố trí kinh phí.\nVí dụ: Số hoá hồ sơ; kết nối Hệ thống định danh và xác thực điện tử."),
    "3": ("Ví dụ: Trung tâm hành chính công, bộ phận một cửa các cấp", None, _NOT_YET + "chính thức tháng 6/2023",
          "Ví dụ: Chưa được bố trí kinh phí; mới chỉ có một số cơ quan được bố trí kinh phí đầu tư, mua sắm."),
    "4.1": ("Ví dụ: Sở TTTT", "Ví dụ: Đáp ứng một phần", "Ví dụ: Hoàn thành mua sắm", _TESTED),
    "4.2": ("Ví dụ: Cục CNTT-Bộ Tư pháp", "Ví dụ: Chưa đáp ứng", _BIDDING, _TESTED),
    "4.3": ("Ví dụ: Cục CNTT-Bộ Tư pháp", "Ví dụ: Chưa đáp ứng", _NOT_YET + "chính thức tháng 6/2023",
            "Ví dụ: Chưa có kinh phí."),
    "profile": ("Ví dụ: Sở TTTT", "Ví dụ: Đã trình cấp có thẩm quyền phê duyệt", None, None),
    "measures": ("Ví dụ: Sở TTTT", "Ví dụ: Đáp ứng một phần", _BIDDING,
                 "Ví dụ: Chưa được bố trí kinh phí; trang thiết bị đã đầu tư lâu, không được cập nhật, gia hạn bản "
                 "quyền.\nVí dụ: IDS/IPS, WAF..."),
}
# row: (component, owner, compliance, investment, note)
SAMPLE_SYSTEMS = {
    "1.1": ("Ví dụ: Hệ thống thông tin giải quyết thủ tục hành chính của bộ/tỉnh", "Ví dụ: Sở TTTT",
            "Ví dụ: Chưa đáp ứng",
            "Ví dụ: Triển khai mua sắm; dự kiến hoàn thành, đưa vào khai thác tháng 6/2023",
            "Ví dụ: Một số hệ thống (tên các hệ thống) thuê đặt tại trung tâm dữ liệu của doanh nghiệp, chưa có "
            "kênh truyền kết nối vào Mạng TSLCD của các cơ quan Đảng, Nhà nước."),
    "1.2": ("Ví dụ: CSDL quốc gia về bảo hiểm", "Ví dụ: Trung tâm CNTT-Bảo hiểm xã hội Việt Nam",
            "Ví dụ: Đã đáp ứng", "Ví dụ: Hoàn thành mua sắm", None),
}
SAMPLE_BLOCK = {
    "name": "Ví dụ: CSDL chuyên ngành Giáo dục và Đào tạo",
    "profile": ("Cục CNTT-Bộ Giáo dục và Đào tạo", "Ví dụ: Đã được cấp có thẩm quyền phê duyệt", None,
                "Ví dụ: Quyết định số .../QĐ-BGDĐT"),
    "measures": ("Cục CNTT-Bộ Giáo dục và Đào tạo", "Ví dụ: Đã đáp ứng", "Ví dụ: Hoàn thành mua sắm", None),
}

PROPOSALS = {
    "1": "Hạ tầng mạng, đường truyền kết nối",
    "2": "Các thành phần công nghệ thông tin phục vụ giải quyết thủ tục hành chính và cung cấp dịch vụ công trực tuyến",
    "3": "Các thành phần công nghệ thông tin phục vụ phát triển kinh tế-xã hội, công dân số",
    "4": "Các thành phần công nghệ thông tin phục vụ quản lý, xử lý nghiệp vụ, bổ sung làm giàu dữ liệu dân cư",
    "5": "Các thành phần công nghệ thông tin phục vụ chỉ đạo, điều hành của lãnh đạo các cấp",
    "6": "An toàn, an ninh mạng",
    "7": "Khác",
}
PRINTED_PROPOSALS = {
    "1": "Không có",
    "2": "Ví dụ:\n- Xem xét bổ sung chức năng, hướng dẫn chi tiết kết nối với Hệ thống định danh và xác thực điện tử "
         "để thực hiện SSO\n- Xem xét bổ sung hệ thống cấp số thứ tự tại bộ phận một cửa; các chức năng như: kết nối "
         "với HTTT giải quyết thủ tục hành chính; tự động hoá việc cấp số thứ tự...",
    "3": "Ví dụ: Xem xét bổ sung hướng dẫn chi tiết kết nối với Hệ thống định danh và xác thực điện tử qua NDXP",
    "4": "Ví dụ: Xem xét bổ sung danh mục các dịch vụ chia sẻ dữ liệu cơ bản, phổ dụng từ CSDLQG về dân cư cung cấp "
         "cho các bộ, ngành, địa phương và hướng dẫn chi tiết kết nối với CSDLQG về dân cư qua NDXP",
    "5": "Ví dụ: Xem xét bổ sung danh mục các dịch vụ chia sẻ dữ liệu cơ bản, phổ dụng cung cấp các bộ, ngành, địa "
         "phương phục vụ công tác chỉ đạo, điều hành và hướng dẫn chi tiết kết nối với CSDLQG về dân cư qua NDXP",
    "6": "Ví dụ: Bổ sung mô hình triển khai điển hình theo từng cấp độ an toàn thông tin để các cơ quan có thể tham khảo.",
}

REMARKS = {
    "difficulties": "a) Khó khăn vướng mắc của bộ, ngành, địa phương",
    "recommendations": "b) Đề xuất, kiến nghị",
}
