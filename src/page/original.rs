//! A mail or file as it came, made fit to be looked at. It is opened behind the fence only; what cannot be opened
//! there is not shown, and can be had as a file by those who want to open it with the care they have for any mail.

use super::{Shown, held::brief};
use crate::{attachment::Attachment, letter::one_line, message::Mail, workbook::grid::Grid};
use serde_json::{Value as Json, json};

/// The sheets of a file of a mail; none where it is no workbook that can be read.
pub async fn grids(shown: &Shown, file: Attachment) -> anyhow::Result<Vec<Grid>> {
    let read = shown.desk.behind_the_fence(move |fence| fence.begin().grids(&file)).await?;
    // What a file does to its reader says nothing to whoever looks but that it cannot be shown.
    Ok(read.unwrap_or_default())
}

/// Running text without what could mislead the eye, line by line.
pub fn lines(text: &str) -> Vec<String> {
    text.lines().map(one_line).collect()
}

/// The files of a mail, by the numbers under which they can be had.
pub fn files(mail: &Mail) -> Vec<Json> {
    let named = mail.attachments.iter().enumerate();
    named.map(|(at, file)| json!({ "number": at + 1, "name": brief(&file.name), "size": file.bytes.len() })).collect()
}
