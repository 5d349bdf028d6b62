//! Writes the cells of a workbook anew with rust_xlsxwriter, as another program would save them, for the corpus of
//! `tests/data/filled`: `cargo run --example saved-by-rust FROM TO`. Looks are left out; merged cells stay merged.

use phuluc::{
    attachment::FileKind,
    workbook::{self, Cell},
};
use rust_xlsxwriter::{Format, Workbook};

fn main() {
    let mut names = std::env::args().skip(1);
    let (Some(from), Some(to)) = (names.next(), names.next()) else { panic!("FROM and TO are missing") };
    let bytes = std::fs::read(from).unwrap();
    let format = workbook::Format::of(FileKind::Xlsx).unwrap();
    let read = workbook::Workbook::read(&bytes, format).unwrap();
    let mut book = Workbook::new();
    let wrapped = Format::new().set_text_wrap();
    for sheet in &read.sheets {
        let new = book.add_worksheet();
        new.set_name(&sheet.name).unwrap();
        for ((row, col), (last_row, last_col)) in &sheet.merges {
            let (col, last_col) = (u16::try_from(*col).unwrap(), u16::try_from(*last_col).unwrap());
            new.merge_range(*row, col, *last_row, last_col, "", &wrapped).unwrap();
        }
        for ((row, col), cell) in &sheet.cells {
            let col = u16::try_from(*col).unwrap();
            match cell {
                Cell::Number(number) => new.write_number(*row, col, *number),
                Cell::Bool(on) => new.write_boolean(*row, col, *on),
                other => new.write_string_with_format(*row, col, other.text(), &wrapped),
            }
            .unwrap();
        }
    }
    book.save(to).unwrap();
}
