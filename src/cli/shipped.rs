//! The configuration, forms and letters that are part of the program, from which installations and campaigns begin.

use anyhow::Context as _;
use include_dir::{Dir, include_dir};
use std::path::PathBuf;

pub static CONFIG: Dir = include_dir!("$CARGO_MANIFEST_DIR/config");

/// A file of `config/`.
pub fn text(path: &str) -> anyhow::Result<&'static str> {
    CONFIG
        .get_file(path)
        .and_then(|file| file.contents_utf8())
        .with_context(|| format!("config/{path} is not part of this program"))
}

/// The files of a folder of `config/`, by their paths below it.
pub fn folder(part: &str) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let folder = CONFIG.get_dir(part).with_context(|| format!("config/{part} is not part of this program"))?;
    let text = |file: &include_dir::File| Some((file.path().to_owned(), file.contents_utf8()?.to_owned()));
    Ok(folder.files().filter_map(text).collect())
}
