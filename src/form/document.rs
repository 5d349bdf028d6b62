//! Places in a document of Word as its sender sees them: the table, its row and its column, instead of the sheet
//! that the document was made into for reading.

use super::answers::Answers;
use crate::{
    finding::{Finding, Place},
    workbook::Workbook,
};

/// Renames the places of everything that was read from a document; those of a workbook stay.
pub(super) fn name_places(workbook: &Workbook, answers: &mut Answers, findings: &mut [Finding]) {
    if workbook.sheets.iter().all(|sheet| sheet.tables.is_empty()) {
        return;
    }
    let rename = |place: &mut Place| {
        let Some(sheet) = workbook.sheet(&place.sheet) else { return };
        if let Some(at) = sheet.tables.iter().position(|table| table.contains(&place.row)) {
            *place = Place::in_table(at + 1, place.row - sheet.tables[at].start, place.col);
        }
    };
    for row in answers.sections.iter_mut().flat_map(|section| &mut section.rows) {
        row.place.iter_mut().for_each(rename);
        row.places.values_mut().for_each(rename);
        row.cells.values_mut().filter_map(|answer| answer.place.as_mut()).for_each(rename);
    }
    findings.iter_mut().filter_map(|finding| finding.place.as_mut()).for_each(rename);
}
