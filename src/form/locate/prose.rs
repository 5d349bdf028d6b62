//! Running text among fields: what belongs to a label, and what was written below a section's title without any.

use super::{
    Task, cell, example,
    fields::{Label, end_of_region},
    heading::{Heading, Title},
};
use crate::{
    form::declaration::{ColumnType, Section},
    text,
    workbook::{Cell, Sheet},
};
use std::collections::BTreeMap;

/// Words of the shortest sentence; below running text fewer are somebody's name or office.
const SENTENCE: usize = 5;

/// Running text: what stands behind the label, beside it, and below it up to the next label, title or ending.
pub(super) fn below(
    task: &Task,
    label: &Label,
    labels: &[Label],
    titles: &[Title],
    headings: &BTreeMap<&str, Heading>,
) -> ((u32, u32), Option<Cell>) {
    let (row, col) = label.at;
    let mut end = end_of_region(task, row, label.sheet, titles, headings);
    let next_label = labels
        .iter()
        .filter(|other| std::ptr::eq(other.sheet, label.sheet) && other.at > label.at)
        .filter(|other| other.at.0 > row || other.column.kind != ColumnType::Prose || other.at.1 == col)
        .map(|other| other.at.0)
        .min();
    // Labels side by side head columns of their own.
    let beside = labels.iter().filter(|other| std::ptr::eq(other.sheet, label.sheet) && other.at.0 == row);
    let (mut heads, mut until) = (false, u32::MAX);
    for other in beside.filter(|other| other.at.1 != col) {
        heads |= other.column.kind == ColumnType::Prose;
        until = if other.at.1 > col { until.min(other.at.1) } else { until };
    }
    end = end.min(next_label.unwrap_or(u32::MAX)).max(row + 1);
    let mut parts = vec![(label.at, label.behind.clone())];
    for ((line, other), cell) in label.sheet.cells.range((row, 0)..(end, 0)) {
        let is_own = (*line, *other) == label.at;
        if heads && !(col..until).contains(other) {
            continue;
        }
        if !is_own && (*line > row || *other > col) {
            parts.push(((*line, *other), text::clean(&cell.text())));
        }
    }
    parts.retain(|(_, text)| !cell::is_blank(task.form, text));
    let at = parts.first().map_or_else(
        || {
            if label.sheet.row(row).any(|(other, _)| other > col) || label.sheet.cells.len() < 2 {
                (row, col + 1)
            } else {
                label.at
            }
        },
        |(at, _)| *at,
    );
    let joined: Vec<String> = parts.into_iter().map(|(_, text)| text).collect();
    (at, (!joined.is_empty()).then(|| Cell::Text(joined.join("\n"))))
}

/// What stands below a section's title, or behind it, and before any label of the section: where it begins, and the text.
pub(super) fn without_label<'a>(
    task: &Task,
    section: &Section,
    labels: &[Label],
    titles: &[Title<'a>],
    headings: &BTreeMap<&str, Heading>,
) -> Option<(&'a Sheet, (u32, u32), String)> {
    let title = titles.iter().find(|title| title.section == section.id.get_ref() && title.sheet.visible)?;
    let sheet = title.sheet;
    let end = end_of_region(task, title.row, sheet, titles, headings);
    // On another copy of the form there may be labels.
    let asked = titles.iter().filter(|title| title.section == section.id.get_ref()).any(|title| {
        let end = end_of_region(task, title.row, title.sheet, titles, headings);
        labels.iter().any(|label| {
            std::ptr::eq(label.sheet, title.sheet)
                && (title.row..end).contains(&label.at.0)
                && section.columns.first().is_some_and(|first| std::ptr::eq(label.column, first))
        })
    });
    if asked {
        return None;
    }
    let own = |label: &&Label| std::ptr::eq(label.sheet, sheet) && (title.row..end).contains(&label.at.0);
    let end = labels.iter().filter(own).map(|label| label.at.0).min().unwrap_or(end);
    let behind = |text: &str| text.split_once([':', '：', '\n']).map(|(_, behind)| text::clean(behind));
    let cells = sheet.cells.range((title.row, 0)..(end.max(title.row + 1), 0));
    let texts = cells.filter_map(|(at, cell)| match *at == (title.row, title.col) {
        true => behind(&text::clean(&cell.text())).map(|text| (*at, text)),
        false => Some((*at, cell::without_prompts(task.form, &cell.text()))),
    });
    let is_said = |text: &str| {
        let is_printed = example::has_example_mark(task.form, text) || (text.starts_with('(') && text.ends_with(')'));
        text.contains(char::is_alphabetic) && !is_printed && !cell::is_blank(task.form, text)
    };
    let mut texts: Vec<((u32, u32), String)> = texts.filter(|(_, text)| is_said(text)).collect();
    let is_short = |text: &str| text.split_whitespace().count() < SENTENCE && !text.ends_with(['.', ';']);
    while texts.last().is_some_and(|(_, text)| is_short(text)) {
        texts.pop();
    }
    let at = texts.first()?.0;
    Some((sheet, at, texts.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("\n")))
}
