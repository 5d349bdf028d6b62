//! A person at the blank form: every answer is typed into the cell where reading looks for it, lines are put in
//! where the spare ones do not suffice, and the workbook is saved by another program, without any of the looks.

use crate::report::{FIELDS, Report, label};
use jiff::civil::DateTime;
use phuluc::{
    finding::Place,
    form::{
        self, Circumstances, MARKS_SHEET, Reading,
        answers::{Answers, Period, RowAnswers},
        declaration::{Form, RowName},
    },
    text,
    workbook::{Cell, Workbook},
};
use rust_xlsxwriter::{ExcelDateTime, Format};

/// How a person types.
#[derive(Debug, Clone, Copy)]
pub struct Habits {
    /// Numbers, years and dates as what they are instead of as text.
    pub bare: bool,
    /// Choices in small letters and with a full stop instead of from the list.
    pub by_hand: bool,
    /// Whether the hidden sheet is still there.
    pub marks: bool,
}

/// The most lines that a made-up report has.
const LINES: [(&str, &str, usize); 5] =
    [("status", "1", 8), ("status", "4.2", 4), ("status", "4.3", 4), ("status", "4.x", 3), ("status", "5.n", 6)];

/// A blank form with enough lines, and its answer cells.
pub struct Blank {
    workbook: Workbook,
    places: Answers,
}

impl Blank {
    pub fn new(form: &Form, mut workbook: Workbook) -> Blank {
        for (section, row, lines) in LINES.into_iter().chain([("proposals", "n", 4)]) {
            put_in_lines(form, &mut workbook, section, row, lines);
        }
        let places = places(form, &workbook);
        Blank { workbook, places }
    }

    /// Types the report in.
    pub fn filled(&self, form: &Form, report: &Report, habits: Habits) -> Workbook {
        let mut workbook = self.workbook.clone();
        let mut put = |place: &Place, cell: Cell| {
            let sheet = workbook.sheets.iter_mut().find(|sheet| sheet.name == place.sheet).expect("a sheet");
            sheet.cells.insert((place.row, place.col), cell);
        };
        let text = |text: &str| Cell::Text(text.to_owned());
        let contact = &self.row("contact", &RowName::default()).places;
        for (field, typed) in FIELDS.iter().zip(&report.contact) {
            let digits = habits.bare && typed.bytes().all(|byte| byte.is_ascii_digit());
            let number = typed.parse().ok().filter(|_| digits);
            put(&contact[*field], number.map_or_else(|| text(typed), Cell::Number));
        }
        for (name, line) in report.named() {
            let row = self.row("status", &name);
            if let (Some(own), Some(place)) = (&line.name, &row.place) {
                // The name of a block stands on the line above its two.
                let above = match line.sub {
                    Some("profile") => 1,
                    Some(_) => 2,
                    None => 0,
                };
                put(&Place { row: place.row - above, ..place.clone() }, text(own));
            }
            put(&row.places["owner"], text(&line.owner));
            let list = if line.sub == Some("profile") { "security_profile" } else { "compliance" };
            put(&row.places["compliance"], text(&choice(form, list, line.compliance, "", habits)));
            if let Some((stage, rest)) = &line.stage {
                put(&row.places["investment"], text(&choice(form, "investment_stage", stage, rest, habits)));
            }
            if let Some(due) = line.due {
                put(&row.places["due"], time(due, habits));
            }
            if let Some(note) = &line.note.text {
                put(&row.places["note"], text(note));
            }
        }
        for (number, own, proposal) in &report.proposals {
            let declared = if own.is_some() { "n".to_owned() } else { number.to_string() };
            let name = RowName { row: number.to_string(), declared, sub: None };
            let row = self.row("proposals", &name);
            if let (Some(own), Some(place)) = (own, &row.place) {
                put(place, text(own));
            }
            put(&row.places["proposal"], text(proposal));
        }
        let remarks = &self.row("remarks", &RowName::default()).places;
        for (field, typed) in [("difficulties", &report.difficulties), ("recommendations", &report.recommendations)] {
            if let Some(typed) = typed {
                // Running text that nobody wrote yet is looked for from its label on; the open cell is beside it.
                put(&Place { col: 1, ..remarks[field].clone() }, text(typed));
            }
        }
        if !habits.marks {
            workbook.sheets.retain(|sheet| sheet.name != MARKS_SHEET);
        }
        workbook
    }

    fn row(&self, section: &str, name: &RowName) -> &RowAnswers {
        let mut rows = self.places.section(section).into_iter().flat_map(|section| &section.rows);
        rows.find(|row| row.name == *name).unwrap_or_else(|| panic!("no line {name} in {section}"))
    }
}

/// Puts lines in behind the last spare one, numbered on, as a spreadsheet's "insert row" does.
fn put_in_lines(form: &Form, workbook: &mut Workbook, section: &str, row: &str, wanted: usize) {
    let section = form.section(section).expect("a section");
    let row = section.row(row).expect("a row");
    let sheet = workbook.sheets.iter_mut().find(|sheet| sheet.name == section.sheet).expect("a sheet");
    let at = |sheet: &phuluc::workbook::Sheet, n: u32| {
        sheet.cells.iter().find(|((_, col), cell)| *col == 0 && cell.text() == row.number(n)).map(|((row, _), _)| *row)
    };
    for n in row.from + row.spare..row.from + wanted as u32 {
        // A row that is not for this agency is not there.
        let Some(last) = at(sheet, n - 1) else { return };
        let below = last + 1 + row.subrows.len() as u32;
        let height = below - last;
        let cells = std::mem::take(&mut sheet.cells);
        sheet.cells = cells
            .into_iter()
            .map(|((row, col), cell)| ((if row >= below { row + height } else { row }, col), cell))
            .collect();
        sheet.cells.insert((below, 0), Cell::Text(row.number(n)));
        for (sub, line) in row.subrows.iter().zip(below + 1..) {
            sheet.cells.insert((line, 1), Cell::Text(sub.label.clone()));
        }
    }
}

/// Where reading finds the answer cells: every line is given an owner, and a name where it has none.
fn places(form: &Form, workbook: &Workbook) -> Answers {
    let mut probe = workbook.clone();
    let read = |workbook: &Workbook| match form::read(form, workbook, &Circumstances::default()) {
        Reading::Form { answers, .. } => Some(answers),
        Reading::Not(_) => None,
    };
    for id in ["status", "proposals"] {
        let section = form.section(id).expect("a section");
        let sheet = probe.sheets.iter_mut().find(|sheet| sheet.name == section.sheet).expect("a sheet");
        let printed = label(form, id, "2", None);
        let first =
            sheet.cells.iter().find(|(_, cell)| cell.text() == printed).map(|((row, _), _)| *row).expect("row 2");
        let heading = sheet.rows().into_iter().find(|row| sheet.get(*row, 0).is_some_and(|cell| cell.text() == "STT"));
        let lines: Vec<u32> =
            sheet.rows().into_iter().filter(|row| Some(*row) > heading && *row + 20 > first).collect();
        for line in lines {
            sheet.cells.entry((line, 1)).or_insert_with(|| Cell::Text("Tên hệ thống".to_owned()));
            sheet.cells.insert((line, 2), Cell::Text("Cơ quan".to_owned()));
        }
    }
    read(&probe).expect("the form with something in it")
}

fn choice(form: &Form, list: &str, code: &str, rest: &str, habits: Habits) -> String {
    let option = form.choices[list].options.iter().find(|option| option.code == code).expect(code);
    let name = option.text.split(':').next().filter(|_| option.free_text).unwrap_or(&option.text);
    let name = if habits.by_hand { format!(" {}", text::key(name)) } else { name.to_owned() };
    match (rest, habits.by_hand) {
        ("", true) => format!("{name}."),
        ("", false) => name,
        (rest, _) => format!("{name}: {rest}"),
    }
}

fn time(due: Period, habits: Habits) -> Cell {
    let midnight = |year, month, day| Cell::Date(DateTime::new(year, month, day, 0, 0, 0, 0).expect("a day"));
    let typed = match due {
        Period::Year(year) if habits.bare => return Cell::Number(f64::from(year)),
        Period::Month(year, month) if habits.bare => return midnight(year, month, 1),
        Period::Day(day) if habits.bare && day.day() > 1 => return midnight(day.year(), day.month(), day.day()),
        Period::Year(year) => format!("năm {year}"),
        Period::Half(year, 1) => format!("6 tháng đầu năm {year}"),
        Period::Half(year, _) => format!("6 tháng cuối năm {year}"),
        Period::Quarter(year, quarter) if habits.by_hand => format!("quý {quarter} năm {year}"),
        Period::Quarter(year, quarter) => format!("Quý {}/{year}", ["I", "II", "III", "IV"][quarter as usize - 1]),
        Period::Month(year, month) => format!("{month}/{year}"),
        Period::Day(day) => format!("{}/{}/{}", day.day(), day.month(), day.year()),
    };
    Cell::Text(typed)
}

/// Saves a workbook's cells as they are, with another program's plain looks.
pub fn saved(workbook: &Workbook) -> Vec<u8> {
    let mut copy = rust_xlsxwriter::Workbook::new();
    // A month that is typed is shown as one.
    let (date, month) = (Format::new().set_num_format("dd/mm/yyyy"), Format::new().set_num_format("mmm-yy"));
    for sheet in &workbook.sheets {
        let page = copy.add_worksheet().set_name(&sheet.name).expect("a name");
        page.set_hidden(!sheet.visible && workbook.sheets.len() > 1);
        for ((row, col), cell) in &sheet.cells {
            let col = *col as u16;
            match cell {
                Cell::Text(text) => page.write_string(*row, col, text),
                Cell::Number(number) => page.write_number(*row, col, *number),
                Cell::Date(at) => {
                    let day =
                        ExcelDateTime::from_ymd(at.year() as u16, at.month() as u8, at.day() as u8).expect("a day");
                    page.write_datetime_with_format(*row, col, &day, if at.day() == 1 { &month } else { &date })
                }
                Cell::Bool(truth) => page.write_boolean(*row, col, *truth),
                Cell::Error(error) => page.write_string(*row, col, error),
            }
            .expect("a cell");
        }
    }
    copy.save_to_buffer().expect("a workbook")
}
