//! Forms drafted from blank workbooks, by the real program: what was guessed, that it loads and makes a template at once,
//! that the blank workbook is blank to it, and that a filled-in one is read. The workbooks are our own templates and three
//! invented ones, unlike each other.

use phuluc::{
    finding::Severity,
    form::{self, Circumstances, NotTheForm, Reading, declaration::Form},
    letter::Letters,
    sheet::{self, Filled, FormWorkbook, MarkedFinding},
    workbook::{Format as Kind, Sheet, Workbook},
};
use rust_xlsxwriter::{DataValidation, Format, Formula, Workbook as Writer, Worksheet};
use serde_json::{Value as Json, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};
use tempfile::TempDir;

fn phuluc(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phuluc"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("PHULUC_CONFIG").stdin(Stdio::null());
    command.output().expect("the program")
}

fn ends_with(code: i32, arguments: &[&str]) -> String {
    let output = phuluc(arguments);
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
    told
}

/// A new installation.
struct Installation {
    folder: TempDir,
}

impl Installation {
    fn new() -> Installation {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        let told = ends_with(
            0,
            &[
                "init",
                &path,
                "--office",
                "Bộ Thử nghiệm",
                "--mailbox",
                "maildir:../data/mailbox",
                "--outgoing",
                "directory:../data/letters",
                "--from",
                "Báo cáo <bc@thu.example>",
                "--staff",
                "a@thu.example",
            ],
        );
        assert!(told.contains("new-campaign"), "{told}");
        Installation { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config(&self) -> String {
        self.path("config/phuluc.toml").display().to_string()
    }

    /// Runs a command that must succeed, under this configuration.
    fn run(&self, arguments: &[&str]) -> String {
        ends_with(0, &[&["--config", &self.config()], arguments].concat())
    }

    /// Drafts the campaign `moi` from a workbook; what is told, and the form.
    fn draft(&self, workbook: &Path) -> (String, Form) {
        let workbook = workbook.display().to_string();
        let told = self.run(&[
            "new-campaign",
            "moi",
            "--number",
            "900/BTTTT-VP",
            "--date",
            "2023-07-10",
            "--deadline",
            "2023-07-28",
            "--subject",
            "báo cáo \"sáu tháng\"",
            "--from-workbook",
            &workbook,
        ]);
        let form = Form::load(&self.path("config/forms/moi.toml")).unwrap_or_else(|error| panic!("{error}"));
        (told, form)
    }
}

fn read(form: &Form, file: &Path) -> Reading {
    let workbook = Workbook::read(&fs::read(file).unwrap(), Kind::Xlsx).unwrap();
    form::read(form, &workbook, &Circumstances::default())
}

/// Every draft loads in an installation, passes `check`, and its template is blank to it, as is what it was drafted from.
fn holds(installation: &Installation, form: &Form, blank: &Path) {
    let told = installation.run(&["check"]);
    assert!(told.contains("form moi version 1"), "{told}");
    let template = installation.path("template.xlsx");
    installation.run(&["template", "moi", "--out", &template.display().to_string()]);
    for file in [&template, &blank.to_owned()] {
        match read(form, file) {
            Reading::Not(NotTheForm::BlankForm) => {}
            // Our own template of another form bears that form's mark.
            Reading::Not(NotTheForm::OtherCampaign { .. }) if file == blank => {}
            other => panic!("{}: {other:?}", file.display()),
        }
    }
}

fn answers(form: &Form, file: &Path) -> Json {
    match read(form, file) {
        Reading::Form { answers, findings, .. } => {
            assert!(findings.is_empty(), "{findings:?}");
            answers.to_json(form)
        }
        Reading::Not(reason) => panic!("{}: {reason:?}", file.display()),
    }
}

/// The sections, with the types of their columns and the kinds of their rows.
fn outline(form: &Form) -> Vec<String> {
    let section = |section: &form::declaration::Section| {
        let columns: Vec<String> = section.columns.iter().map(|column| format!("{:?}", column.kind)).collect();
        let rows: Vec<String> = section.rows.iter().map(|row| format!("{} {:?}", row.id(), row.kind)).collect();
        let line = format!("{}: {} | {}", section.title, columns.join(" "), rows.join(", "));
        line.trim_end_matches([' ', '|']).to_lowercase()
    };
    form.sections.iter().map(section).collect()
}

fn save(folder: &Path, name: &str, write: impl Fn(&mut Writer)) -> PathBuf {
    let mut writer = Writer::new();
    write(&mut writer);
    let path = folder.join(name);
    fs::write(&path, writer.save_to_buffer().unwrap()).unwrap();
    path
}

fn put(sheet: &mut Worksheet, cells: &[(u32, u16, &str)]) {
    for (row, col, text) in cells {
        sheet.write(*row, *col, *text).unwrap();
    }
}

#[test]
fn the_shipped_template_gives_its_form_back() {
    let installation = Installation::new();
    let blank = installation.path("1552.xlsx");
    ends_with(0, &["template", "1552", "--out", &blank.display().to_string()]);
    let (told, form) = installation.draft(&blank);
    assert!(told.contains("begin with CHECK"), "{told}");
    let shipped = Form::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config/forms/1552.toml")).unwrap();
    assert_eq!(form.title, shipped.title);
    let titles = |form: &Form| form.sections.iter().map(|section| section.title.clone()).collect::<Vec<_>>();
    assert_eq!(titles(&form), titles(&shipped));
    for (drafted, declared) in form.sections.iter().zip(&shipped.sections) {
        let labels = |section: &form::declaration::Section| {
            section.template_columns().map(|column| column.label.clone()).collect::<Vec<_>>()
        };
        assert_eq!(labels(drafted), labels(declared));
    }
    // Of its lists, the options of both tables' drop-downs.
    let options = |form: &Form| {
        let lists = form.choices.values();
        let mut texts: Vec<Vec<String>> =
            lists.map(|list| list.options.iter().map(|option| option.text.clone()).collect()).collect();
        texts.sort();
        texts
    };
    assert_eq!(options(&form), options(&shipped));
    let rows: Vec<String> = form.sections[1].rows.iter().map(|row| format!("{} {:?}", row.id(), row.kind)).collect();
    insta::assert_snapshot!(rows.join(", "), @r#"
    1 Items, 2 Fixed, 3 Fixed, 4 Group, 4.1 Fixed, 4.2 Items, 4.3 Items, 4.n Items, 5 Group, 5.1 Fixed, 5.n Items
    "#);
    holds(&installation, &form, &blank);
}

#[test]
fn the_monthly_template_gives_its_form_back() {
    let installation = Installation::new();
    let monthly = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/forms/monthly.toml");
    fs::create_dir_all(installation.path("config/forms")).unwrap();
    fs::copy(monthly, installation.path("config/forms/thang.toml")).unwrap();
    installation.run(&[
        "new-campaign",
        "thang",
        "--number",
        "1/X",
        "--date",
        "2023-01-02",
        "--deadline",
        "2023-02-01",
        "--form",
        "forms/thang.toml",
    ]);
    let blank = installation.path("thang.xlsx");
    installation.run(&["template", "thang", "--out", &blank.display().to_string()]);
    let (_, form) = installation.draft(&blank);
    insta::assert_snapshot!(outline(&form).join("\n"), @r#"
    i. người lập biểu: person choice
    ii. số hồ sơ theo tháng: ordinal label number number number number number number number number number number number number number | 1 fixed, 2 fixed, 3 fixed, 4 items
    "#);
    holds(&installation, &form, &blank);
}

/// Letterhead, fields with dots, a table with a heading in two lines and numbered columns, a signature.
fn two_lines(writer: &mut Writer, answers: bool) {
    let sheet = writer.add_worksheet();
    sheet.set_name("Phụ lục 1").unwrap();
    put(
        sheet,
        &[
            (0, 0, "ỦY BAN NHÂN DÂN ……"),
            (0, 3, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
            (1, 3, "Độc lập - Tự do - Hạnh phúc"),
            (3, 0, "PHỤ LỤC 1: KẾT QUẢ BỒI DƯỠNG KỸ NĂNG SỐ"),
            (4, 0, "(Kèm theo Công văn số 900/BTTTT-VP ngày 10/7/2023)"),
            (6, 0, "I. Thông tin đầu mối liên hệ"),
            (12, 0, "II. Kết quả bồi dưỡng theo nhóm đối tượng"),
            (13, 0, "TT"),
            (13, 1, "Nhóm đối tượng"),
            (13, 2, "Số lượng học viên"),
            (13, 4, "Hình thức\n(trực tuyến/trực tiếp)"),
            (14, 2, "Năm 2022"),
            (14, 3, "Năm 2023"),
            (15, 0, "(1)"),
            (15, 1, "(2)"),
            (15, 2, "(3)"),
            (15, 3, "(4)"),
            (15, 4, "(5)"),
            (16, 0, "I"),
            (16, 1, "Cán bộ, công chức"),
            (17, 0, "1"),
            (17, 1, "Lãnh đạo các cấp"),
            (18, 0, "2"),
            (18, 1, "Chuyên viên"),
            (19, 0, "II"),
            (19, 1, "Người dân"),
            (20, 0, "3"),
            (20, 1, "Tổ công nghệ số cộng đồng"),
            (22, 0, "III. Khó khăn, vướng mắc trong quá trình thực hiện"),
            (27, 0, "Nơi nhận:"),
            (27, 3, "THỦ TRƯỞNG CƠ QUAN"),
        ],
    );
    let list = DataValidation::new().allow_list_strings(&["Trực tuyến", "Trực tiếp", "Khác"]).unwrap();
    sheet.add_data_validation(16, 4, 20, 4, &list).unwrap();
    let dots = "……………";
    let fill = [("Họ và tên: ", "Trần Thị Bình"), ("Số điện thoại: ", "0912345678"), ("Email: ", "binh@tinh.example")];
    for (row, (label, answer)) in (7..).zip(fill) {
        sheet.write(row, 0, format!("{label}{}", if answers { answer } else { dots })).unwrap();
    }
    if answers {
        for (row, numbers) in [(17, [10.0, 12.0]), (18, [200.0, 250.0]), (20, [0.0, 1000.0])] {
            sheet.write(row, 2, numbers[0]).unwrap();
            sheet.write(row, 3, numbers[1]).unwrap();
            sheet.write(row, 4, "Trực tuyến").unwrap();
        }
        sheet.write(23, 0, "Thiếu kinh phí.").unwrap();
    }
}

#[test]
fn a_heading_in_two_lines_groups_and_dotted_fields_are_understood() {
    let installation = Installation::new();
    let blank = save(installation.folder.path(), "blank.xlsx", |writer| two_lines(writer, false));
    let (_, form) = installation.draft(&blank);
    assert_eq!(form.title, "PHỤ LỤC 1: KẾT QUẢ BỒI DƯỠNG KỸ NĂNG SỐ");
    insta::assert_snapshot!(outline(&form).join("\n"), @r#"
    i. thông tin đầu mối liên hệ: person phone email
    ii. kết quả bồi dưỡng theo nhóm đối tượng: ordinal label number number choice | i group, 1 fixed, 2 fixed, ii group, 3 fixed
    iii. khó khăn, vướng mắc trong quá trình thực hiện: prose
    "#);
    let labels: Vec<&str> = form.sections[1].columns.iter().map(|column| column.label.as_str()).collect();
    assert_eq!(labels[2..4], ["Số lượng học viên - Năm 2022", "Số lượng học viên - Năm 2023"]);
    holds(&installation, &form, &blank);
    let filled = save(installation.folder.path(), "filled.xlsx", |writer| two_lines(writer, true));
    insta::assert_snapshot!(answers(&form, &filled).to_string(), @r#"
    {"thong_tin_dau_moi":{"ho_va_ten":"Trần Thị Bình","so_dien_thoai":"0912345678","email":"binh@tinh.example"},"ket_qua_boi_duong":[{"c_tt":"1","nhom_doi_tuong":"Lãnh đạo các cấp","so_luong_hoc_vien":10,"so_luong_hoc_vien_2":12,"hinh_thuc_truc_tuyen":"truc_tuyen"},{"c_tt":"2","nhom_doi_tuong":"Chuyên viên","so_luong_hoc_vien":200,"so_luong_hoc_vien_2":250,"hinh_thuc_truc_tuyen":"truc_tuyen"},{"c_tt":"3","nhom_doi_tuong":"Tổ công nghệ số cộng đồng","so_luong_hoc_vien":0,"so_luong_hoc_vien_2":1000,"hinh_thuc_truc_tuyen":"truc_tuyen"}],"kho_khan_vuong_mac":{"kho_khan_vuong_mac":"Thiếu kinh phí."}}
    "#);
}

/// A list that agencies lengthen, options printed in cells and named ranges, on two sheets; no numbers of rows on the second.
fn lists(writer: &mut Writer, answers: bool) {
    let bold = Format::new().set_bold();
    let sheet = writer.add_worksheet();
    sheet.set_name("Nền tảng").unwrap();
    sheet.merge_range(0, 0, 0, 4, "BIỂU TỔNG HỢP NỀN TẢNG SỐ DÙNG CHUNG", &bold).unwrap();
    put(
        sheet,
        &[
            (2, 0, "STT"),
            (2, 1, "Tên nền tảng"),
            (2, 2, "Cơ quan chủ quản"),
            (2, 3, "Tình trạng"),
            (2, 4, "Thời gian hoàn thành"),
            (3, 0, "1"),
            (3, 1, "Nền tảng tích hợp, chia sẻ dữ liệu"),
            (4, 0, "2"),
            (4, 1, "Nền tảng họp trực tuyến"),
            (5, 0, "…"),
            (5, 1, "…"),
        ],
    );
    let options = "Chọn một trong các phương án:\n- Đang vận hành\n- Đang xây dựng\n- Chưa có";
    for row in [3, 4] {
        sheet.write(row, 3, if answers { "Đang vận hành" } else { options }).unwrap();
        if answers {
            put(sheet, &[(row, 2, "Sở Thông tin và Truyền thông"), (row, 4, "12/2023")]);
        }
    }
    if answers {
        put(sheet, &[(5, 0, "3"), (5, 1, "Trợ lý ảo"), (5, 2, "Văn phòng"), (5, 3, "Chưa có"), (5, 4, "2024")]);
    }
    let second = writer.add_worksheet();
    second.set_name("Đánh giá").unwrap();
    put(
        second,
        &[
            (0, 0, "Tiêu chí"),
            (0, 1, "Mức độ"),
            (0, 2, "Minh chứng"),
            (1, 0, "Có kế hoạch được phê duyệt"),
            (2, 0, "Bố trí ngân sách hằng năm"),
            (1, 2, if answers { "Quyết định số 5/QĐ-UBND" } else { "Ví dụ: Quyết định phê duyệt" }),
        ],
    );
    let named = DataValidation::new().allow_list_formula(Formula::new("=muc_do"));
    second.add_data_validation(1, 1, 2, 1, &named).unwrap();
    if answers {
        put(second, &[(1, 1, "Đạt"), (2, 1, "Không đạt")]);
    }
    let hidden = writer.add_worksheet();
    hidden.set_name("DM").unwrap().set_hidden(true);
    put(hidden, &[(0, 0, "Đạt"), (1, 0, "Đạt một phần"), (2, 0, "Không đạt")]);
    writer.define_name("muc_do", "=DM!$A$1:$A$3").unwrap();
}

#[test]
fn printed_and_named_options_open_lists_and_tables_without_numbers_are_understood() {
    let installation = Installation::new();
    let blank = save(installation.folder.path(), "blank.xlsx", |writer| lists(writer, false));
    let (_, form) = installation.draft(&blank);
    insta::assert_snapshot!(outline(&form).join("\n"), @r#"
    nền tảng: ordinal label text choice period | 1 fixed, 2 fixed, n items
    đánh giá: label choice text | 1 fixed, 2 fixed
    "#);
    holds(&installation, &form, &blank);
    let filled = save(installation.folder.path(), "filled.xlsx", |writer| lists(writer, true));
    insta::assert_snapshot!(answers(&form, &filled).to_string(), @r#"
    {"nen_tang":[{"stt":"1","ten_nen_tang":"Nền tảng tích hợp, chia sẻ dữ liệu","co_quan_chu_quan":"Sở Thông tin và Truyền thông","tinh_trang":"dang_van_hanh","thoi_gian_hoan_thanh":"2023-12"},{"stt":"2","ten_nen_tang":"Nền tảng họp trực tuyến","co_quan_chu_quan":"Sở Thông tin và Truyền thông","tinh_trang":"dang_van_hanh","thoi_gian_hoan_thanh":"2023-12"},{"stt":"3","ten_nen_tang":"Trợ lý ảo","co_quan_chu_quan":"Văn phòng","tinh_trang":"chua_co","thoi_gian_hoan_thanh":"2024"}],"danh_gia":[{"tieu_chi":"Có kế hoạch được phê duyệt","muc_do":"dat","minh_chung":"Quyết định số 5/QĐ-UBND"},{"tieu_chi":"Bố trí ngân sách hằng năm","muc_do":"khong_dat","minh_chung":null}]}
    "#);
}

/// No table at all: labels beside open cells, a drop-down, and a question that takes a paragraph.
fn labels(writer: &mut Writer, answers: bool) {
    let sheet = writer.add_worksheet();
    sheet.set_name("Phiếu").unwrap();
    put(
        sheet,
        &[
            (0, 0, "PHIẾU KHẢO SÁT HẠ TẦNG SỐ CẤP XÃ"),
            (2, 0, "A. Thông tin chung về đơn vị"),
            (3, 0, "Tên xã, phường:"),
            (4, 0, "Số hộ gia đình:"),
            (5, 0, "Có nhà văn hóa nối mạng:"),
            (6, 0, "Người liên hệ:"),
            (7, 0, "Điện thoại:"),
            (9, 0, "B. Đề xuất, kiến nghị của địa phương"),
        ],
    );
    let list = DataValidation::new().allow_list_strings(&["Có", "Không"]).unwrap();
    sheet.add_data_validation(5, 1, 5, 1, &list).unwrap();
    if answers {
        put(sheet, &[(3, 1, "Phường Trúc Bạch"), (5, 1, "Không"), (6, 1, "Lê Văn Cường"), (7, 1, "0987654321")]);
        sheet.write(4, 1, 1250).unwrap();
        put(sheet, &[(10, 0, "Đề nghị hỗ trợ đường truyền.")]);
    }
}

#[test]
fn a_sheet_of_labels_is_understood() {
    let installation = Installation::new();
    let blank = save(installation.folder.path(), "blank.xlsx", |writer| labels(writer, false));
    let (_, form) = installation.draft(&blank);
    insta::assert_snapshot!(outline(&form).join("\n"), @r#"
    a. thông tin chung về đơn vị: text number choice person phone
    b. đề xuất, kiến nghị của địa phương: prose
    "#);
    // "Không" is an option here, so it is no blank.
    assert!(!form.blanks.iter().any(|blank| blank == "Không"));
    holds(&installation, &form, &blank);
    let filled = save(installation.folder.path(), "filled.xlsx", |writer| labels(writer, true));
    insta::assert_snapshot!(answers(&form, &filled).to_string(), @r#"
    {"thong_tin_chung_ve":{"ten_xa_phuong":"Phường Trúc Bạch","so_ho_gia_dinh":1250,"co_nha_van_hoa":"khong","nguoi_lien_he":"Lê Văn Cường","dien_thoai":"0987654321"},"de_xuat_kien_nghi":{"de_xuat_kien_nghi":"Đề nghị hỗ trợ đường truyền."}}
    "#);
}

/// A table of numbers under lines that stand in the first column.
fn under(writer: &mut Writer, above: &[(u32, &str)], answers: bool) {
    let sheet = writer.add_worksheet();
    sheet.set_name("Phụ lục").unwrap();
    for (row, text) in above {
        sheet.write(*row, 0, *text).unwrap();
    }
    let from = above.last().unwrap().0 + 1;
    let headings = ["STT", "Chỉ tiêu", "Đơn vị tính", "Ghi chú", "Kết quả"];
    for (col, heading) in (0..).zip(headings) {
        sheet.write(from, col, heading).unwrap();
    }
    for (row, name, unit, answer) in [
        (1, "Hồ sơ trực tuyến", "%", 85.0),
        (2, "Máy tính được trang bị", "Máy", 120.0),
        (3, "Chuyên trách công nghệ", "Người", 3.0),
    ] {
        put(sheet, &[(from + row, 1, name), (from + row, 2, unit)]);
        sheet.write(from + row, 0, row).unwrap();
        if answers {
            sheet.write(from + row, 4, answer).unwrap();
        } else if row == 2 {
            sheet.write(from + row, 3, "Ghi loại máy").unwrap();
        }
    }
}

#[test]
fn the_title_is_what_stands_below_the_word_appendix() {
    let attached = "(Kèm theo Văn bản số 900/BTTTT-VP ngày 10/7/2023)";
    for (above, title, subtitle) in [
        (
            &[(0, "PHỤ LỤC"), (1, "Kết quả chuyển đổi số 6 tháng đầu năm 2023"), (2, attached)][..],
            "PHỤ LỤC: Kết quả chuyển đổi số 6 tháng đầu năm 2023",
            attached,
        ),
        (
            &[(0, "BỘ THÔNG TIN"), (2, "Phụ lục II"), (3, attached), (4, "KẾT QUẢ CHUYỂN ĐỔI SỐ"), (5, "NĂM 2023")],
            "Phụ lục II: KẾT QUẢ CHUYỂN ĐỔI SỐ NĂM 2023",
            attached,
        ),
        (
            &[(0, "Biểu mẫu số 01/BC."), (1, "Tình hình chuyển đổi số"), (2, "Kèm theo Công văn số 900")],
            "Biểu mẫu số 01/BC: Tình hình chuyển đổi số",
            "Kèm theo Công văn số 900",
        ),
        (&[(0, "Phụ lục 3: Kết quả bồi dưỡng")], "Phụ lục 3: Kết quả bồi dưỡng", ""),
        (&[(0, "PHỤ LỤC\nKết quả bồi dưỡng\nkỹ năng số")], "PHỤ LỤC: Kết quả bồi dưỡng kỹ năng số", ""),
        (&[(0, "Tổng hợp kết quả chuyển đổi số năm 2023")], "Tổng hợp kết quả chuyển đổi số năm 2023", ""),
        (&[(0, "PHỤ LỤC")], "PHỤ LỤC", ""),
    ] {
        let installation = Installation::new();
        let blank = save(installation.folder.path(), "blank.xlsx", |writer| under(writer, above, false));
        let (_, form) = installation.draft(&blank);
        assert_eq!((form.title.as_str(), form.subtitle.as_str()), (title, subtitle));
        // Nothing of it is asked.
        assert_eq!(form.sections.len(), 1, "{title}");
        holds(&installation, &form, &blank);
    }
}

#[test]
fn a_further_sheet_of_an_appendix_has_its_own_title() {
    let installation = Installation::new();
    let blank = save(installation.folder.path(), "blank.xlsx", |writer| {
        under(writer, &[(0, "PHỤ LỤC I"), (1, "Kết quả chung")], false);
        let sheet = writer.add_worksheet();
        put(sheet, &[(0, 0, "PHỤ LỤC II"), (1, 0, "Danh mục nhiệm vụ trọng tâm của năm 2023")]);
        put(sheet, &[(2, 0, "STT"), (2, 1, "Tên nhiệm vụ"), (2, 2, "Cơ quan"), (3, 0, "1"), (3, 1, "Dữ liệu mở")]);
    });
    let (_, form) = installation.draft(&blank);
    assert_eq!(form.title, "PHỤ LỤC I: Kết quả chung");
    assert_eq!(form.sections[1].title, "Danh mục nhiệm vụ trọng tâm của năm 2023");
    holds(&installation, &form, &blank);
}

#[test]
fn what_every_row_prints_stays_in_the_template_and_is_no_answer() {
    let installation = Installation::new();
    let blank = save(installation.folder.path(), "blank.xlsx", |writer| under(writer, &[(0, "PHỤ LỤC")], false));
    let (_, form) = installation.draft(&blank);
    let text = fs::read_to_string(installation.path("config/forms/moi.toml")).unwrap();
    assert!(text.contains("CHECK: printed in every row") && text.contains("without = [\"don_vi_tinh\"]"), "{text}");
    // A prompt in one row is told, but does not stay.
    assert!(text.contains("CHECK: what is printed in some of its cells is taken for an example"), "{text}");
    holds(&installation, &form, &blank);
    let template = fs::read(installation.path("template.xlsx")).unwrap();
    let template = Workbook::read(&template, Kind::Xlsx).unwrap();
    let sheet = &template.sheets[0];
    let printed = |text: &str| sheet.cells.values().filter(|cell| cell.text() == text).count();
    assert_eq!((printed("%"), printed("Máy"), printed("Người"), printed("Ghi loại máy")), (1, 1, 1, 0));
    let filled = save(installation.folder.path(), "filled.xlsx", |writer| under(writer, &[(0, "PHỤ LỤC")], true));
    let answers = answers(&form, &filled);
    let rows = answers.as_object().unwrap().values().next().unwrap().as_array().unwrap();
    let told: Vec<String> = rows.iter().map(|row| format!("{} {}", row["don_vi_tinh"], row["ket_qua"])).collect();
    assert_eq!(told, ["null \"85\"", "null \"120\"", "null \"3\""]);
}

/// Two groups whose rows are numbered from 1, printed or blank, and a sum without a number.
fn anew(writer: &mut Writer, printed: bool, answers: bool) {
    let sheet = writer.add_worksheet();
    let heading =
        [(0, 0, "PHỤ LỤC"), (1, 0, "SỐ LIỆU VỀ CÁC XÃ"), (3, 0, "STT"), (3, 1, "Xã, phường"), (3, 2, "Số hộ")];
    put(sheet, &heading);
    put(sheet, &[(4, 0, "I"), (4, 1, "Khu vực I"), (8, 0, "II"), (8, 1, "Khu vực II"), (12, 1, "Tổng cộng")]);
    for (row, number, name, count) in
        [(5, "1", "Xã An", 10.0), (6, "2", "Xã Bình", 20.0), (9, "1", "Xã Cường", 30.0), (10, "2", "Xã Dũng", 40.0)]
    {
        put(sheet, &[(row, 0, number)]);
        if printed || answers {
            put(sheet, &[(row, 1, name)]);
        }
        if answers {
            sheet.write(row, 2, count).unwrap();
        }
    }
    if !printed && !answers {
        put(sheet, &[(7, 0, "…"), (11, 0, "…")]);
    }
    if answers {
        sheet.write(12, 2, 100.0).unwrap();
    }
}

#[test]
fn numbers_may_begin_anew_under_each_group_and_are_printed_as_they_were() {
    for (printed, rows) in [
        (true, "i group, i.1 fixed, i.2 fixed, ii group, ii.1 fixed, ii.2 fixed, tong_cong fixed"),
        (false, "i group, i.n items, ii group, ii.n items, tong_cong fixed"),
    ] {
        let installation = Installation::new();
        let blank = save(installation.folder.path(), "blank.xlsx", |writer| anew(writer, printed, false));
        let (_, form) = installation.draft(&blank);
        assert_eq!(outline(&form)[0].split(" | ").nth(1), Some(rows));
        holds(&installation, &form, &blank);
        let template = Workbook::read(&fs::read(installation.path("template.xlsx")).unwrap(), Kind::Xlsx).unwrap();
        let numbers = |sheet: &Sheet| {
            let from =
                sheet.rows().into_iter().filter(|row| sheet.get(*row, 0).is_some_and(|cell| cell.text() == "STT"));
            let from = { from }.next_back().unwrap() + 1;
            let number = |row| sheet.get(row, 0).map(|cell| cell.text()).unwrap_or_default();
            sheet.rows().into_iter().filter(|row| *row >= from).map(number).collect::<Vec<_>>().join(" ")
        };
        let lines = if printed { "I 1 2 II 1 2 " } else { "I 1 2 3 II 1 2 3 " };
        assert_eq!(numbers(&template.sheets[0]), lines);
        let filled = save(installation.folder.path(), "filled.xlsx", |writer| anew(writer, printed, true));
        let answers = answers(&form, &filled);
        let rows = answers.as_object().unwrap().values().next().unwrap().as_array().unwrap();
        let told: Vec<String> = rows
            .iter()
            .map(|row| format!("{} {} {}", row["stt"], row["xa_phuong"], row["so_ho"]).replace('"', ""))
            .collect();
        let expected =
            ["I.1 Xã An 10", "I.2 Xã Bình 20", "II.1 Xã Cường 30", "II.2 Xã Dũng 40", "tong_cong Tổng cộng 100"];
        assert_eq!(told, expected);
        // Neither the letter nor the table of the export shows the names that only the program knows.
        let doubtful = save(installation.folder.path(), "doubtful.xlsx", |writer| {
            anew(writer, printed, true);
            let sheet = writer.worksheet_from_index(0).unwrap();
            put(sheet, &[(10, 2, "chưa rõ"), (12, 2, "chưa rõ")]);
        });
        let Reading::Form { answers, findings, .. } = read(&form, &doubtful) else { panic!("no form") };
        let letters = Letters::embedded().unwrap();
        let groups = phuluc::letter::group(&letters, &form, &findings, Severity::Error);
        let places: Vec<(&str, &str)> =
            groups[0].places.iter().map(|spot| (spot.row.as_str(), spot.label.as_str())).collect();
        assert_eq!(places, [("2", "Xã Dũng"), ("", "Tổng cộng")]);
        let marked: Vec<MarkedFinding> =
            findings.iter().map(|finding| MarkedFinding { finding, note: "Đề nghị kiểm tra.".to_owned() }).collect();
        let book = FormWorkbook {
            form: &form,
            campaign_letter: "900/BTTTT-VP",
            agency: None,
            filled: Some(Filled { answers: &answers, findings: &marked }),
        };
        let marked = Workbook::read(&sheet::write(&book).unwrap(), Kind::Xlsx).unwrap();
        let about: Vec<String> = (6..=7).map(|row| marked.sheets[0].get(row, 3).unwrap().text()).collect();
        assert_eq!(about, ["2 Xã Dũng", "Tổng cộng"]);
        let lines = if printed { lines } else { "I 1 2 3 II 1 2 3 " };
        assert_eq!(numbers(&marked.sheets[1]), lines);
    }
}

/// A checklist of yes and no, with a document and its day.
fn checklist(writer: &mut Writer, answers: bool) {
    let sheet = writer.add_worksheet();
    put(
        sheet,
        &[
            (0, 0, "PHỤ LỤC"),
            (1, 0, "KẾT QUẢ TỰ KIỂM TRA"),
            (3, 0, "STT"),
            (3, 1, "Nội dung kiểm tra"),
            (3, 2, "Có/Không"),
            (3, 3, "Ngày ban hành"),
            (4, 0, "1"),
            (4, 1, "Ban hành quy chế"),
            (5, 0, "2"),
            (5, 1, "Phân công lãnh đạo"),
            (7, 0, "II. Thông tin bổ sung của cơ quan"),
            (8, 0, "Đã có quy trình dự phòng (Có/Không):"),
        ],
    );
    if answers {
        put(sheet, &[(4, 2, "Có"), (4, 3, "12/6/2023"), (5, 2, "Không"), (5, 3, "13/6/2023"), (8, 1, "Không")]);
    }
}

#[test]
fn yes_and_no_in_a_heading_are_options_and_no_blanks() {
    let installation = Installation::new();
    let blank = save(installation.folder.path(), "blank.xlsx", |writer| checklist(writer, false));
    let (_, form) = installation.draft(&blank);
    insta::assert_snapshot!(outline(&form).join("\n"), @r#"
    sheet1: ordinal label choice period | 1 fixed, 2 fixed
    ii. thông tin bổ sung của cơ quan: choice
    "#);
    assert!(!form.blanks.iter().any(|blank| blank == "Không"));
    holds(&installation, &form, &blank);
    let filled = save(installation.folder.path(), "filled.xlsx", |writer| checklist(writer, true));
    insta::assert_snapshot!(answers(&form, &filled).to_string(), @r#"
    {"sheet1":[{"stt":"1","noi_dung_kiem_tra":"Ban hành quy chế","co_khong":"c_co","ngay_ban_hanh":"2023-06-12"},{"stt":"2","noi_dung_kiem_tra":"Phân công lãnh đạo","co_khong":"khong","ngay_ban_hanh":"2023-06-13"}],"thong_tin_bo_sung":{"da_co_quy_trinh":"khong"}}
    "#);
    // What an option is cannot also mean nothing: check tells of it.
    let file = installation.path("config/forms/moi.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("blanks = [", "blanks = [\"không\", ")).unwrap();
    let told = installation.run(&["check"]);
    assert!(told.contains("remark   campaign moi: \"không\" stands among `blanks`"), "{told}");
}

/// What a tester found in a form of numbers: units that look like options, a signature with labels, a period that is
/// printed, headings in two lines.
fn numbers(writer: &mut Writer, answers: bool) {
    let sheet = writer.add_worksheet();
    put(
        sheet,
        &[
            (0, 0, "Mẫu số 01"),
            (1, 0, "BÁO CÁO SỐ LIỆU CUNG CẤP DỊCH VỤ CÔNG TRỰC TUYẾN QUÝ III NĂM 2026"),
            (2, 0, "Kỳ báo cáo: Quý III/2026"),
            (2, 4, "Đơn vị tính: hồ sơ"),
            (4, 0, "TT"),
            (4, 1, "Chỉ tiêu"),
            (4, 2, "Đơn vị tính"),
            (4, 3, "Số dịch vụ công"),
            (4, 6, "Số hồ sơ tiếp nhận"),
            (4, 9, "Tăng/giảm (%)"),
            (5, 3, "Toàn trình"),
            (5, 4, "Một phần"),
            (5, 5, "Tổng số"),
            (5, 6, "Trực tuyến"),
            (5, 7, "Trực tiếp"),
            (5, 8, "Tổng số"),
            (6, 0, "1"),
            (6, 1, "Cấp tỉnh"),
            (6, 2, "Dịch vụ"),
            (7, 0, "2"),
            (7, 1, "Cấp xã"),
            (7, 2, "Tháng/năm"),
            (9, 0, "Thông tin người lập biểu:"),
            (10, 0, "Họ và tên:"),
            (11, 0, "Số điện thoại:"),
            (12, 0, "Thư điện tử:"),
        ],
    );
    if answers {
        for row in [6, 7] {
            for (col, number) in (3..10).zip([3.0, 4.0, 7.0, 10.0, 20.0, 30.0, -5.0]) {
                sheet.write(row, col, number).unwrap();
            }
        }
        put(sheet, &[(10, 1, "Lê Văn Cường"), (11, 1, "0987654321"), (12, 1, "cuong@tinh.example")]);
    }
}

#[test]
fn a_correct_original_of_a_form_of_numbers_has_no_errors() {
    let installation = Installation::new();
    let blank = save(installation.folder.path(), "blank.xlsx", |writer| numbers(writer, false));
    let (_, form) = installation.draft(&blank);
    insta::assert_snapshot!(outline(&form).join("\n"), @r#"
    sheet1: ordinal label text number number number number number number number | 1 fixed, 2 fixed
    thông tin người lập biểu: person phone email
    "#);
    let people = &form.sections[1];
    assert!(people.personal && people.columns.iter().all(|column| column.personal));
    holds(&installation, &form, &blank);
    let filled = save(installation.folder.path(), "filled.xlsx", |writer| numbers(writer, true));
    insta::assert_snapshot!(answers(&form, &filled).to_string(), @r#"
    {"sheet1":[{"c_tt":"1","chi_tieu":"Cấp tỉnh","don_vi_tinh":null,"so_dich_vu_cong":3,"so_dich_vu_cong_2":4,"so_dich_vu_cong_3":7,"so_ho_so_tiep":10,"so_ho_so_tiep_2":20,"so_ho_so_tiep_3":30,"tang_giam":-5},{"c_tt":"2","chi_tieu":"Cấp xã","don_vi_tinh":null,"so_dich_vu_cong":3,"so_dich_vu_cong_2":4,"so_dich_vu_cong_3":7,"so_ho_so_tiep":10,"so_ho_so_tiep_2":20,"so_ho_so_tiep_3":30,"tang_giam":-5}],"thong_tin_nguoi_lap":{"ho_va_ten":"Lê Văn Cường","so_dien_thoai":"0987654321","thu_dien_tu":"cuong@tinh.example"}}
    "#);
}

#[test]
fn names_in_a_list_of_people_stand_in_no_table_of_the_export() {
    let installation = Installation::new();
    let blank = save(installation.folder.path(), "blank.xlsx", |writer| {
        let sheet = writer.add_worksheet();
        put(sheet, &[(0, 0, "DANH SÁCH CÁN BỘ CHUYÊN TRÁCH"), (2, 0, "STT"), (2, 1, "Họ và tên"), (2, 2, "Chức vụ")]);
        put(sheet, &[(2, 3, "Số điện thoại"), (3, 0, "1"), (4, 0, "2"), (5, 0, "…")]);
    });
    let (_, form) = installation.draft(&blank);
    let personal: Vec<&str> =
        form.sections[0].columns.iter().filter(|column| column.personal).map(|column| column.label.as_str()).collect();
    assert_eq!(personal, ["Họ và tên", "Số điện thoại"]);
    holds(&installation, &form, &blank);
}

#[test]
fn the_name_of_a_sheet_ends_where_a_word_ends() {
    let installation = Installation::new();
    let blank = save(installation.folder.path(), "blank.xlsx", |writer| {
        let above = [(0, "PHỤ LỤC"), (1, "1. Hiện trạng của bộ, ngành, địa phương trong triển khai văn bản")];
        under(writer, &above, false);
        let sheet = writer.add_worksheet();
        put(
            sheet,
            &[
                (0, 0, "2. THÔNG TIN CÁN BỘ ĐẦU MỐI"),
                (1, 0, "Họ và tên:"),
                (3, 0, "3. Khó khăn, vướng mắc, kiến nghị, đề xuất khác"),
                (5, 0, "4. Kiến nghị sửa đổi quy chuẩn kỹ thuật quốc gia"),
            ],
        );
    });
    let (_, form) = installation.draft(&blank);
    let sheets: Vec<&str> = form.sections.iter().map(|section| section.sheet.as_str()).collect();
    assert_eq!(
        sheets,
        [
            "1. Hiện trạng của bộ, ngành",
            "2. THÔNG TIN CÁN BỘ ĐẦU MỐI",
            "3. Khó khăn, vướng mắc",
            "4. Kiến nghị sửa đổi quy chuẩn…"
        ]
    );
}

#[test]
fn a_campaign_without_a_workbook_begins_with_a_form_that_loads() {
    let installation = Installation::new();
    let told = installation.run(&[
        "new-campaign",
        "quy-3",
        "--number",
        "12/X",
        "--date",
        "2023-07-10",
        "--deadline",
        "2023-07-28",
        "--opening",
        "2023-07-12",
        "--title",
        "Báo cáo \"quý\" III",
        "--ask",
        "Gửi báo cáo.",
    ]);
    assert!(told.contains("begin with CHECK") && told.contains("rehearse quy-3"), "{told}");
    let campaign = fs::read_to_string(installation.path("config/campaigns/quy-3.toml")).unwrap();
    let campaign: toml::Table = campaign.parse().unwrap();
    assert_eq!(
        json!(campaign["letter"]),
        json!({"number": "12/X", "date": "2023-07-10", "subject": "", "asks": ["Gửi báo cáo."]})
    );
    assert_eq!(
        (campaign["title"].as_str(), campaign["opening"].as_str()),
        (Some("Báo cáo \"quý\" III"), Some("2023-07-12"))
    );
    assert!(installation.run(&["check"]).contains("form quy-3 version 1"));
    installation.run(&["template", "quy-3", "--out", &installation.path("t.xlsx").display().to_string()]);
    let letters = installation.path("rehearsal");
    assert!(
        installation
            .run(&["rehearse", "quy-3", "--out", &letters.display().to_string()])
            .contains("letters if nobody answers")
    );
}

#[test]
fn nothing_is_overwritten_and_what_is_wrong_is_named() {
    let installation = Installation::new();
    let config = installation.config();
    let start = ["--config", &config, "new-campaign", "a", "--number", "1/X", "--date", "2023-07-10", "--deadline"];
    let run = |more: &[&str], code| ends_with(code, &[&start[..], more].concat());
    assert!(run(&["2023-07-01"], 2).contains("before the opening"));
    let none = installation.path("none.xlsx");
    fs::write(&none, "no workbook").unwrap();
    assert!(run(&["2023-07-28", "--from-workbook", &none.display().to_string()], 2).contains("is no workbook"));
    let empty = save(installation.folder.path(), "empty.xlsx", |writer| {
        writer.add_worksheet().write(0, 0, "Ghi nhớ").unwrap();
    });
    assert!(
        run(&["2023-07-28", "--from-workbook", &empty.display().to_string()], 2).contains("neither a table nor labels")
    );
    assert!(!installation.path("config/campaigns/a.toml").exists());
    run(&["2023-07-28"], 0);
    let before = fs::read(installation.path("config/forms/a.toml")).unwrap();
    assert!(run(&["2023-07-28"], 2).contains("is there already"));
    assert_eq!(fs::read(installation.path("config/forms/a.toml")).unwrap(), before);
    let wrong = [
        "--config",
        &config,
        "new-campaign",
        "a/b",
        "--number",
        "1",
        "--date",
        "2023-07-10",
        "--deadline",
        "2023-07-28",
    ];
    assert!(ends_with(2, &wrong).contains("ASCII letters"));
}

// ---- init

#[test]
fn a_new_installation_overwrites_nothing_and_names_the_flag_that_is_missing() {
    let installation = Installation::new();
    let path = installation.folder.path().display().to_string();
    let before = fs::read_to_string(installation.config()).unwrap();
    assert!(ends_with(2, &["init", &path, "--office", "X"]).contains("is there already"));
    assert_eq!(fs::read_to_string(installation.config()).unwrap(), before);
    let other = tempfile::tempdir().unwrap();
    let path = other.path().display().to_string();
    assert!(ends_with(2, &["init", &path, "--office", "X"]).contains("--mailbox is needed"));
    assert!(
        ends_with(2, &["init", &path, "--office", "X", "--mailbox", "pop3://x"]).contains("--mailbox: it begins with")
    );
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 0);
}

#[test]
fn with_the_sample_a_new_installation_passes_its_check_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let told = ends_with(
        0,
        &[
            "init",
            &path,
            "--office",
            "Bộ X",
            "--mailbox",
            "maildir:../data/mailbox",
            "--outgoing",
            "directory:../data/letters",
            "--from",
            "bc@thu.example",
            "--sample",
            "--letters",
        ],
    );
    assert!(told.trim_end().ends_with("check"), "{told}");
    let config = folder.path().join("config/phuluc.toml").display().to_string();
    let told = ends_with(0, &["--config", &config, "check"]);
    assert!(told.contains("campaign 1552") && !told.contains("WRONG"), "{told}");
    assert!(folder.path().join("config/letters/receipt.txt").exists());
}

#[test]
fn at_a_terminal_init_asks() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new("script")
        .args(["-qec", &format!("{} init {}", env!("CARGO_BIN_EXE_phuluc"), folder.path().display()), "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script, of bsdutils");
    let typed = "Bộ X\n\n\n\nmaildir:../data/mailbox\ndirectory:../data/letters\nbc@thu.example\n\n\n";
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("Ministry, as letters name it"), "{told}");
    let written = fs::read_to_string(folder.path().join("config/phuluc.toml")).unwrap();
    assert!(written.contains("name = \"Bộ X\"") && written.contains("url = \"sqlite:../data/phuluc.db\""), "{written}");
}
