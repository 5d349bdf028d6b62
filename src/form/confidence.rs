//! How sure a reading is: the share of answered cells that were read as they stand. A cell that a remark says was
//! inferred (its code ends in `-inferred`) counts as a half, once, however much was inferred in it: each such guess
//! has a reason and a remark its writer can object to, but a report that is guesses from end to end is nobody's word.

use super::answers::Answers;
use crate::finding::Finding;
use std::collections::BTreeSet;

/// The confidence in a reading, in percent.
pub fn percent(answers: &Answers, findings: &[Finding]) -> u32 {
    let cells: usize = answers.sections.iter().flat_map(|section| &section.rows).map(|row| row.cells.len()).sum();
    let inferred = findings.iter().filter(|finding| is_inferred(finding));
    let doubtful: BTreeSet<_> =
        inferred.map(|finding| (&finding.section, &finding.row, &finding.field, &finding.place)).collect();
    // Of a line's name that was inferred there is no answered cell.
    let doubtful = doubtful.len().min(cells);
    match u32::try_from((2 * cells - doubtful) * 100).ok().zip(u32::try_from(2 * cells).ok()) {
        Some((sure, all)) => sure.checked_div(all).unwrap_or(100),
        None => 0,
    }
}

/// Whether a finding says that something was understood which does not stand there.
pub fn is_inferred(finding: &Finding) -> bool {
    finding.code.ends_with("-inferred")
}
