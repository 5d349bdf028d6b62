//! Texts of a workbook that were written before Unicode: each sheet votes, or the whole workbook for a sheet that
//! says too little, and every text becomes what its font or that vote makes of it. The original is kept beside it.

use super::{Cell, Original, Sheet};
use crate::encoding::{self, Decoded, Legacy, Vote};
use std::collections::BTreeMap;

/// Decodes the sheets; `fonts` tells the old encodings of their cells, as far as they are known.
pub(super) fn decode(sheets: &mut [Sheet], fonts: &[BTreeMap<(u32, u32), Legacy>]) {
    let votes: Vec<Option<Vote>> = sheets.iter().map(|sheet| encoding::vote(texts(sheet))).collect();
    let all = encoding::vote(sheets.iter().flat_map(texts)).map(|vote| Vote { thin: true, ..vote });
    for ((sheet, own), fonts) in sheets.iter_mut().zip(votes).zip(fonts) {
        let vote = own.or(all);
        let in_old_font = texts_with_places(sheet).filter(|(at, _)| fonts.contains_key(at)).map(|(_, text)| text);
        let fonts = encoding::fonts_tell(in_old_font).then_some(fonts);
        for (at, cell) in &mut sheet.cells {
            let Cell::Text(raw) = cell else { continue };
            let (text, sure) = match encoding::decode(raw, fonts.and_then(|fonts| fonts.get(at)).copied(), vote) {
                Decoded::Unicode => continue,
                Decoded::Legacy { text, sure } => (text, sure),
                Decoded::Doubtful => (raw.clone(), false),
            };
            let raw = std::mem::replace(raw, text);
            sheet.legacy.insert(*at, Original { raw, sure });
        }
        for (at, strong) in &mut sheet.strong {
            let font = fonts.and_then(|fonts| fonts.get(at)).copied();
            if let Decoded::Legacy { text, .. } = encoding::decode(strong, font, vote) {
                *strong = text;
            }
        }
    }
}

fn texts(sheet: &Sheet) -> impl Iterator<Item = &str> {
    texts_with_places(sheet).map(|(_, text)| text)
}

fn texts_with_places(sheet: &Sheet) -> impl Iterator<Item = (&(u32, u32), &str)> {
    sheet.cells.iter().filter_map(|(at, cell)| match cell {
        Cell::Text(text) => Some((at, text.as_str())),
        _ => None,
    })
}
