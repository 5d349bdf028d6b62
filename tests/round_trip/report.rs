//! Reports as people fill them in, made up by chance: complete and correct, in every mixture of choices, stages
//! and times, with the texts that trouble programs. Beside each stands the JSON that reading it must give.

use phuluc::{
    agency::Kind,
    form::{
        answers::{Answer, Answers, Period, RowAnswers, SectionAnswers, Value},
        declaration::{Form, RowName},
    },
    text,
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// A report before anybody typed it.
#[derive(Debug, Clone)]
pub struct Report {
    pub kind: Kind,
    /// By field, in the form's order.
    pub contact: [String; 5],
    pub lines: Vec<Line>,
    /// By row: the printed ones 1 to 7, then added ones with their names.
    pub proposals: Vec<(u32, Option<String>, String)>,
    pub difficulties: Option<String>,
    pub recommendations: Option<String>,
}

/// An answered line of the table of the present state.
#[derive(Debug, Clone)]
pub struct Line {
    /// The declared row, such as `1` or `5.n`.
    pub row: &'static str,
    pub sub: Option<&'static str>,
    /// The name the agency gave to an added row or block.
    pub name: Option<String>,
    pub owner: String,
    pub compliance: &'static str,
    /// The stage and the words behind it.
    pub stage: Option<(&'static str, String)>,
    pub due: Option<Period>,
    pub note: Note,
}

/// A note, with what is to be found within it.
#[derive(Debug, Clone, Default)]
pub struct Note {
    pub text: Option<String>,
    /// By JSON key.
    pub within: Vec<(&'static str, String)>,
}

pub const FIELDS: [&str; 5] = ["full_name", "workplace", "position", "phone", "email"];
pub const STAGES: [&str; 7] = ["no_plan", "policy", "project", "bidding", "procuring", "procured", "other"];
const PROVINCE: Kind = Kind::Province;

impl Report {
    /// What reading must give.
    pub fn expected(&self, form: &Form) -> Json {
        let contact: Map<String, Json> = FIELDS
            .iter()
            .zip(&self.contact)
            .map(|(field, text)| ((*field).to_owned(), json!(text::clean(text))))
            .collect();
        let status: Vec<Json> = self.named().into_iter().map(|(name, line)| line.expected(form, &name)).collect();
        let proposals: Vec<Json> = self
            .proposals
            .iter()
            .map(|(row, name, proposal)| {
                let label =
                    name.as_deref().map_or_else(|| label(form, "proposals", &row.to_string(), None), text::clean);
                json!({"row": row.to_string(), "component": label, "proposal": text::clean(proposal)})
            })
            .collect();
        let remark = |text: &Option<String>| text.as_deref().map(text::clean);
        json!({"contact": contact, "status": status, "proposals": proposals,
               "remarks": {"difficulties": remark(&self.difficulties), "recommendations": remark(&self.recommendations)}})
    }

    /// The report as values, as they lie in the database.
    pub fn answers(&self, form: &Form) -> Answers {
        let text = |text: &str| (text::clean(text), Value::Text(text::clean(text)));
        let row = |name: RowName, label: String, cells: Vec<(&str, (String, Value))>| RowAnswers {
            name,
            label,
            cells: cells
                .into_iter()
                .map(|(column, (text, value))| (column.to_owned(), Answer { text, value: Some(value), place: None }))
                .collect(),
            ..RowAnswers::default()
        };
        let contact = FIELDS.iter().zip(&self.contact).map(|(field, typed)| (*field, text(typed))).collect();
        let status = self.named().into_iter().map(|(name, line)| {
            let label = match line.sub {
                None => line.name.as_deref().map_or_else(|| label(form, "status", line.row, None), text::clean),
                Some(sub) => label(form, "status", line.row, Some(sub)),
            };
            let mut cells = vec![("owner", text(&line.owner))];
            cells.push((
                "compliance",
                (String::new(), Value::Choice { code: line.compliance.to_owned(), rest: String::new() }),
            ));
            if let Some((code, rest)) = &line.stage {
                let value = Value::Choice { code: (*code).to_owned(), rest: text::clean(rest) };
                cells.push(("investment", (String::new(), value)));
            }
            if let Some(due) = line.due {
                cells.push(("due", (due.to_string(), Value::Period(due))));
            }
            if let Some(note) = &line.note.text {
                cells.push(("note", text(note)));
            }
            let mut row = row(name, label, cells);
            row.system = line.sub.map(|_| line.name.as_deref().map_or_else(|| system(form), text::clean));
            row
        });
        let proposals = self.proposals.iter().map(|(number, name, proposal)| {
            let number = number.to_string();
            let declared = if name.is_some() { "n".to_owned() } else { number.clone() };
            let label = name.as_deref().map_or_else(|| label(form, "proposals", &number, None), text::clean);
            row(RowName { row: number, declared, sub: None }, label, vec![("proposal", text(proposal))])
        });
        let remarks = [("difficulties", &self.difficulties), ("recommendations", &self.recommendations)];
        let remarks = remarks.into_iter().filter_map(|(id, typed)| Some((id, text(typed.as_deref()?)))).collect();
        let section = |id: &str, rows| SectionAnswers { id: id.to_owned(), rows };
        Answers {
            sections: vec![
                section("contact", vec![row(RowName::default(), String::new(), contact)]),
                section("status", status.collect()),
                section("proposals", proposals.collect()),
                section("remarks", vec![row(RowName::default(), String::new(), remarks)]),
            ],
        }
    }

    /// The lines with the numbers they have in the form.
    pub fn named(&self) -> Vec<(RowName, &Line)> {
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        let numbered = self.lines.iter().map(|line| {
            let count = counts.entry(line.row).or_default();
            *count += u32::from(line.sub != Some("measures"));
            let number = match line.row {
                "1" | "4.2" | "4.3" => format!("{}.{count}", line.row),
                "4.x" => format!("4.{}", *count + 3),
                "5.n" => format!("5.{}", *count + 1),
                fixed => fixed.to_owned(),
            };
            (RowName { row: number, declared: line.row.to_owned(), sub: line.sub.map(str::to_owned) }, line)
        });
        numbered.collect()
    }
}

impl Line {
    fn expected(&self, form: &Form, name: &RowName) -> Json {
        let mut json = json!({
            "row": name.to_string(), "owner": text::clean(&self.owner), "compliance": self.compliance,
            "stage": self.stage.as_ref().map(|(code, _)| code), "due": self.due.map(|due| due.to_string()),
            "note": self.note.text.as_deref().map(text::clean),
        });
        let own = self.name.as_deref().map(text::clean);
        match self.sub {
            None => json["component"] = json!(own.unwrap_or_else(|| label(form, "status", self.row, None))),
            Some(sub) => {
                json["component"] = json!(label(form, "status", self.row, Some(sub)));
                json["system"] = json!(own.unwrap_or_else(|| system(form)));
            }
        }
        let keys: &[&str] = match (self.row, self.sub) {
            ("2", _) => &["missing_functions"],
            ("3", _) => &["offices_unmet", "devices_have"],
            (_, Some("measures")) => &["unmet_requirements"],
            (_, Some(_)) => &["decision_number"],
            _ => &[],
        };
        for key in keys {
            json[*key] = json!(self.note.within.iter().find(|(within, _)| within == key).map(|(_, text)| text));
        }
        json
    }
}

/// The printed name of a row or sub-row.
pub fn label(form: &Form, section: &str, row: &str, sub: Option<&str>) -> String {
    let row = form.section(section).and_then(|section| section.row(row)).expect(row);
    sub.map_or_else(|| row.label.clone(), |sub| row.subrow(sub).expect(sub).label.clone())
}

fn system(form: &Form) -> String {
    label(form, "status", "5.1", None)
}

// ---- chance ----

/// Any report of any kind of agency.
pub fn report() -> BoxedStrategy<Report> {
    let kinds = vec![PROVINCE, PROVINCE, Kind::Ministry, Kind::MinisterialAgency, Kind::GovernmentAgency];
    select(kinds)
        .prop_flat_map(|kind| {
            let databases = if kind == PROVINCE { 0..=0 } else { 1..=4 };
            let groups = (
                vec(system_line("1"), 1..=8),
                (fixed("2"), fixed("3"), fixed("4.1")),
                vec(system_line("4.2"), databases),
                vec(system_line("4.3"), 0..=4),
                vec(system_line("4.x"), 0..=3),
                block("5.1", Just(None).boxed()),
                vec(block("5.n", name().prop_map(Some).boxed()), 0..=6),
            );
            let lines = groups.prop_map(|(systems, (two, three, four), databases, wished, more, first, blocks)| {
                let singles = [vec![two, three, four], databases, wished, more].concat();
                let blocks = first.into_iter().chain(blocks.into_iter().flatten());
                systems.into_iter().chain(singles).chain(blocks).collect::<Vec<Line>>()
            });
            (contact(), lines, proposals(), option::of(remark()), option::of(remark())).prop_map(
                move |(contact, lines, proposals, difficulties, recommendations)| Report {
                    kind,
                    contact,
                    lines,
                    proposals,
                    difficulties,
                    recommendations,
                },
            )
        })
        .boxed()
}

fn contact() -> BoxedStrategy<[String; 5]> {
    let person = select(vec![
        "Nguyễn Thị Hoà",
        "Trần Văn Quý",
        "Lê Thuỷ",
        "H’Hen Niê",
        "Đỗ \"Út\" Nhỏ",
        "Ng. Th. Ánh",
        "Ksor Phước",
        "Ðinh La Thăng",
    ]);
    let position = select(vec![
        "Chuyên viên",
        "Phó Trưởng phòng",
        "-",
        "Giám đốc",
        "Cán bộ đầu mối",
        "Trưởng phòng CNTT; Tổ trưởng Tổ Đề án 06",
    ])
    .prop_filter("an answer", |text| *text != "-");
    let phone = select(vec![
        "0912345678",
        "0912.345.678",
        "(024) 3999 0001",
        "+84 912 345 678",
        "0912345678; 024 39990001",
        "069.123456",
    ]);
    let email = select(vec!["a.b@hanam.gov.vn", "vp_ubnd@hanoi.gov.vn", "cntt-06@moj.gov.vn; tttt@moj.gov.vn"]);
    (person, name(), position, phone, email)
        .prop_map(|(person, place, position, phone, email)| {
            [person.to_owned(), place, position.to_owned(), phone.to_owned(), email.to_owned()]
        })
        .boxed()
}

fn system_line(row: &'static str) -> BoxedStrategy<Line> {
    (name(), fixed(row)).prop_map(|(name, line)| Line { name: Some(name), ..line }).boxed()
}

fn fixed(row: &'static str) -> BoxedStrategy<Line> {
    (owner(), state(), stage_words())
        .prop_flat_map(move |(owner, (compliance, stage, due), rest)| {
            let stage = stage.map(|code| (code, rest.clone().filter(|_| code == "other").unwrap_or_default()));
            note(row, None, compliance).prop_map(move |note| Line {
                row,
                sub: None,
                name: None,
                owner: owner.clone(),
                compliance,
                stage: stage.clone(),
                due,
                note,
            })
        })
        .boxed()
}

/// A block of group 5: the dossier and the measures.
fn block(row: &'static str, name: BoxedStrategy<Option<String>>) -> BoxedStrategy<[Line; 2]> {
    let dossier =
        (owner(), select(vec!["not_submitted", "submitted", "approved"])).prop_flat_map(move |(owner, state)| {
            note(row, Some("profile"), state).prop_map(move |note| Line {
                row,
                sub: Some("profile"),
                name: None,
                owner: owner.clone(),
                compliance: state,
                stage: None,
                due: None,
                note,
            })
        });
    let measures = fixed(row).prop_flat_map(move |line| {
        note(row, Some("measures"), line.compliance).prop_map(move |note| Line {
            sub: Some("measures"),
            note,
            ..line.clone()
        })
    });
    (name, dossier, measures)
        .prop_map(|(name, dossier, measures)| [Line { name: name.clone(), ..dossier }, Line { name, ..measures }])
        .boxed()
}

type State = (&'static str, Option<&'static str>, Option<Period>);

/// Compliance, stage and time of completion, as far as they must go together.
fn state() -> BoxedStrategy<State> {
    let met = (option::of(select(STAGES.to_vec())), option::of(due())).prop_map(|(stage, due)| ("met", stage, due));
    let open = (select(vec!["partial", "not_met"]), select(STAGES.to_vec()), due(), any::<bool>()).prop_map(
        |(compliance, stage, due, dated)| (compliance, Some(stage), Some(due).filter(|_| dated || stage != "procured")),
    );
    prop_oneof![1 => met, 2 => open].boxed()
}

/// Every compliance with every stage and precision, once.
pub fn every_state() -> Vec<State> {
    let days = [
        Period::Year(2024),
        Period::Half(2024, 1),
        Period::Half(2023, 2),
        Period::Quarter(2023, 2),
        Period::Quarter(2025, 4),
        Period::Month(2023, 6),
        Period::Month(2023, 12),
        Period::Day(jiff::civil::date(2023, 6, 30)),
        Period::Day(jiff::civil::date(2024, 2, 1)),
    ];
    let mut states: Vec<State> =
        vec![("met", None, None), ("partial", Some("procured"), None), ("not_met", Some("procured"), None)];
    for compliance in ["met", "partial", "not_met"] {
        states.extend(STAGES.iter().flat_map(|stage| days.map(|due| (compliance, Some(*stage), Some(due)))));
    }
    states
}

fn due() -> BoxedStrategy<Period> {
    let year = 2023..=2030_i16;
    prop_oneof![
        year.clone().prop_map(Period::Year),
        (year.clone(), 1..=2_i8).prop_map(|(year, half)| Period::Half(year, half)),
        (year.clone(), 1..=4_i8).prop_map(|(year, quarter)| Period::Quarter(year, quarter)),
        (year.clone(), 1..=12_i8).prop_map(|(year, month)| Period::Month(year, month)),
        (year, 1..=12_i8, 1..=28_i8).prop_map(|(year, month, day)| Period::Day(jiff::civil::date(year, month, day))),
    ]
    .boxed()
}

/// What is written behind "Khác".
fn stage_words() -> BoxedStrategy<Option<String>> {
    select(vec![
        "thuê dịch vụ thử nghiệm",
        "đang rà soát, đánh giá lại",
        "dùng chung nền tảng của “Bộ TTTT”",
        "=chuyển đổi",
        "sử dụng hệ thống sẵn có (không đầu tư mới)",
    ])
    .prop_map(|words| Some(words.to_owned()))
    .boxed()
}

fn note(row: &'static str, sub: Option<&'static str>, state: &'static str) -> BoxedStrategy<Note> {
    let reason = statement();
    match (row, sub, state) {
        ("2", _, "partial") => with_list(
            "missing_functions",
            "Chức năng chưa đáp ứng",
            &["số hoá hồ sơ", "kết nối SSO", "thanh toán trực tuyến"],
        ),
        (_, Some("measures"), "partial") => {
            with_list("unmet_requirements", "Yêu cầu chưa đáp ứng", &["IDS/IPS", "WAF", "“SIEM”, giám sát"])
        }
        ("3", _, "partial") => (reason, 1..=60_u32, 0..=40_u32, 0..=900_u32, 1..=900_u32, any::<bool>())
            .prop_map(|(reason, unmet, more, have, lack, grouped)| {
                let (offices, devices) = (unmet + more, (have + lack) * if grouped { 10 } else { 1 });
                let shown = if grouped && devices > 999 {
                    format!("{}.{:03}", devices / 1000, devices % 1000)
                } else {
                    devices.to_string()
                };
                Note {
                    text: Some(format!("{reason}; {unmet}/{offices} cơ quan; {have}/{shown} thiết bị")),
                    within: vec![
                        ("offices_unmet", format!("{unmet}/{offices}")),
                        ("devices_have", format!("{have}/{devices}")),
                    ],
                }
            })
            .boxed(),
        (_, Some("profile"), "approved") => {
            (1..=4000_u32, select(vec!["QĐ-UBND", "2022/QĐ-BTP", "QĐ-STTTT", "QĐ-BGDĐT"]), option::of(reason))
                .prop_map(|(number, symbol, more)| Note {
                    text: Some(format!(
                        "Quyết định số {number}/{symbol} ngày 05/01/2023{}",
                        more.map_or_else(String::new, |more| format!("; {more}"))
                    )),
                    within: vec![("decision_number", format!("{number}/{symbol}"))],
                })
                .boxed()
        }
        (_, Some("profile"), _) | (_, _, "met") => {
            option::of(reason).prop_map(|text| Note { text, within: Vec::new() }).boxed()
        }
        ("2" | "3", _, _) | (_, Some(_), _) => {
            reason.prop_map(|text| Note { text: Some(text), within: Vec::new() }).boxed()
        }
        _ => remark().prop_map(|text| Note { text: Some(text), within: Vec::new() }).boxed(),
    }
}

/// A reason, and a list that its own words announce.
fn with_list(key: &'static str, words: &'static str, items: &'static [&'static str]) -> BoxedStrategy<Note> {
    (statement(), 1..=items.len(), any::<bool>())
        .prop_map(move |(reason, count, lines)| {
            let (join, shown) = if lines { ("\n- ", "\n- ") } else { ("; ", " ") };
            let listed = items[..count].join(join);
            let text = format!("{reason}{}{words}:{shown}{listed}", if lines { "\n" } else { ". " });
            let first = if lines { format!("{words}:") } else { format!("{words}: {}", items[0]) };
            let rest = if lines { &items[..count] } else { &items[1..count] };
            let within = std::iter::once(first.as_str()).chain(rest.iter().copied()).collect::<Vec<_>>().join("; ");
            Note { text: Some(text), within: vec![(key, within)] }
        })
        .boxed()
}

/// Names of systems: of every day, like printed labels, and like nothing a program expects.
fn name() -> BoxedStrategy<String> {
    let plain = select(vec![
        "CSDL hộ tịch điện tử",
        "Hệ thống quản lý văn bản và điều hành",
        "Cổng dữ liệu mở",
        "CSDL đất đai (GĐ 2)",
        "HTTT bảo trợ xã hội",
        "LGSP tỉnh",
        "Kho số hoá",
        "Nền tảng “Công dân số”",
        "CSDL công chức, viên chức & người lao động",
        "<b>VNeID</b> tích hợp",
        "Hệ thống 1",
        "IOC",
        "Phần mềm 'Một cửa' cấp xã",
        "CSDL: khiếu nại; tố cáo",
        "Hệ thống thông tin giải quyết thủ tục hành chính",
        "An toàn dữ liệu – sao lưu",
        "CSDL 2/9",
        "Khác biệt hoá dịch vụ",
        "Không gian làm việc số",
        "Trang thiết bị đo lường",
        "Trang thiết bị phục vụ hoạt động của Bộ phận một cửa các cấp",
    ]);
    (plain, twist()).prop_map(|(name, twist)| twist.apply(name)).boxed()
}

fn owner() -> BoxedStrategy<String> {
    let plain = select(vec![
        "Sở Thông tin và Truyền thông",
        "Cục CNTT",
        "Văn phòng UBND tỉnh",
        "Trung tâm CNTT - Sở TTTT",
        "UBND cấp huyện, cấp xã",
        "Bộ Tư pháp",
        "Sở TN&MT; Sở Xây dựng",
        "Vụ I",
        "C06",
    ]);
    (plain, twist()).prop_map(|(name, twist)| twist.apply(name)).boxed()
}

/// One sentence without a full stop, a semicolon or a line end.
fn statement() -> BoxedStrategy<String> {
    let plain = select(vec![
        "Chưa được bố trí kinh phí",
        "Đang chờ hướng dẫn của Bộ Công an",
        "Một số hệ thống thuê đặt tại doanh nghiệp, chưa có kênh truyền",
        "Nhân lực còn mỏng (2 người)",
        "Vướng thủ tục thuê dịch vụ",
        "Chờ phê duyệt dự toán năm 2023",
        "Hạ tầng xuống cấp, hết hạn bản quyền",
    ]);
    (plain, twist(), 0..=30_usize)
        .prop_map(|(text, twist, times)| {
            // Now and then a text of several thousand letters.
            let long = if times == 30 { vec![text; 150].join(", ") } else { text.to_owned() };
            twist.apply(&long)
        })
        .boxed()
}

/// Running text of several lines.
fn remark() -> BoxedStrategy<String> {
    vec(statement(), 1..=4).prop_map(|lines| lines.join(".\n")).boxed()
}

fn proposals() -> BoxedStrategy<Vec<(u32, Option<String>, String)>> {
    let printed = proptest::sample::subsequence((1..=7_u32).collect::<Vec<_>>(), 0..=7);
    (printed, vec(remark(), 7), vec((name(), remark()), 0..=4))
        .prop_map(|(rows, texts, added)| {
            let printed = rows.into_iter().zip(texts).map(|(row, text)| (row, None, text));
            let added = (8..).zip(added).map(|(row, (name, text))| (row, Some(name), text));
            printed.chain(added).collect()
        })
        .boxed()
}

/// What befalls a text between head and cell.
#[derive(Debug, Clone, Copy)]
enum Twist {
    None,
    /// Letters and marks apart, as some keyboards write them.
    Apart,
    Begins(&'static str),
    Quoted,
    Spaced,
    Ends(&'static str),
}

impl Twist {
    fn apply(self, text: &str) -> String {
        use unicode_normalization::UnicodeNormalization;
        match self {
            Twist::None => text.to_owned(),
            Twist::Apart => text.nfd().collect(),
            Twist::Begins(with) => format!("{with}{text}"),
            Twist::Quoted => format!("\"{text}\""),
            Twist::Spaced => format!(" {}\u{A0}", text.replace(' ', "  ")),
            Twist::Ends(with) => format!("{text}{with}"),
        }
    }
}

fn twist() -> BoxedStrategy<Twist> {
    let begins = select(vec!["=", "+", "-", "@", "'", "- ", "1) ", "\u{FEFF}"]).prop_map(Twist::Begins);
    let ends = select(vec![".", "…", " 📎", " (*)", "!"]).prop_map(Twist::Ends);
    prop_oneof![5 => Just(Twist::None), 2 => Just(Twist::Apart), 2 => begins, 1 => Just(Twist::Quoted), 1 => Just(Twist::Spaced), 1 => ends].boxed()
}
