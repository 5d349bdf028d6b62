//! `export`: the consolidated national table as a workbook, CSV or JSON, by the ending of the file's name.

use crate::{
    duty::{Desk, tabulate},
    export::{self, Table},
};
use anyhow::Context as _;
use std::{
    fs::Permissions,
    io::{BufWriter, IntoInnerError},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

/// The table that CSV holds where none is named.
const FIRST_OF_FORM: usize = 1;

pub async fn export(desk: &Desk, campaign: &str, out: &Path, table: Option<&str>) -> anyhow::Result<u8> {
    let ending = out.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    anyhow::ensure!(table.is_none() || ending == "csv", "--table is for .csv; the other files hold every table");
    if !["xlsx", "csv", "json"].contains(&ending.as_str()) {
        anyhow::bail!("{}: the name must end in .xlsx, .csv or .json", out.display());
    }
    let campaign = desk.setup.campaign(campaign)?;
    let gathered = tabulate::gather(desk, campaign).await?;
    let national = gathered.national(desk, campaign);
    let book = export::book(national);
    let one_table = if ending == "csv" { Some(one_table(&book.tables, table)?) } else { None };
    // What was there before stays until the new file is whole, which then has its place and its rights.
    let unwritten = || format!("{} cannot be written", out.display());
    let place = std::fs::canonicalize(out).unwrap_or_else(|_| out.to_owned());
    let rights = std::fs::metadata(&place).ok().map(|before| before.permissions());
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut made = tempfile::Builder::new();
    let made = made.prefix(".phuluc-").permissions(rights.clone().unwrap_or(Permissions::from_mode(0o666)));
    let mut file = BufWriter::new(made.tempfile_in(folder).with_context(unwritten)?);
    match one_table {
        Some(table) => export::csv(table, &mut file).with_context(unwritten)?,
        None if ending == "xlsx" => export::xlsx(&book, &mut file).with_context(unwritten)?,
        None => {
            let document = export::Document::of(&national, &book);
            serde_json::to_writer_pretty(&mut file, &document).with_context(unwritten)?;
        }
    }
    let file = file.into_inner().map_err(IntoInnerError::into_error).with_context(unwritten)?;
    if let Some(rights) = rights {
        file.as_file().set_permissions(rights).with_context(unwritten)?;
    }
    file.as_file().sync_all().with_context(unwritten)?;
    file.persist(&place).with_context(unwritten)?;
    say!("{}", out.display());
    Ok(0)
}

fn one_table<'b, 'a>(tables: &'b [Table<'a>], id: Option<&str>) -> anyhow::Result<&'b Table<'a>> {
    let found = match id {
        Some(id) => tables.iter().find(|table| table.id == id),
        None => tables.get(FIRST_OF_FORM),
    };
    found.with_context(|| {
        let known: Vec<&str> = tables.iter().map(|table| table.id.as_str()).collect();
        format!("there is no such table; the tables are: {}", known.join(", "))
    })
}
