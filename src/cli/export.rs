//! `export`: the consolidated national table as a workbook, CSV or JSON, by the ending of the file's name.

use crate::{
    duty::{Desk, tabulate},
    export::{self, Table},
};
use anyhow::Context as _;
use std::path::Path;

/// The table that CSV holds where none is named.
const FIRST_OF_FORM: usize = 1;

pub async fn export(desk: &Desk, campaign: &str, out: &Path, table: Option<&str>) -> anyhow::Result<u8> {
    let campaign = desk.setup.campaign(campaign)?;
    let gathered = tabulate::gather(desk, campaign).await?;
    let national = gathered.national(desk, campaign);
    let book = export::book(&national);
    let ending = out.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    anyhow::ensure!(table.is_none() || ending == "csv", "--table is for .csv; the other files hold every table");
    let bytes = match ending.as_str() {
        "xlsx" => export::xlsx(&book)?,
        "csv" => export::csv(one_table(&book.tables, table)?)?,
        "json" => serde_json::to_vec_pretty(&export::json(&national, &book))?,
        _ => anyhow::bail!("{}: the name must end in .xlsx, .csv or .json", out.display()),
    };
    std::fs::write(out, bytes).with_context(|| format!("{} cannot be written", out.display()))?;
    say!("{}", out.display());
    Ok(0)
}

fn one_table<'a>(tables: &'a [Table], id: Option<&str>) -> anyhow::Result<&'a Table> {
    let found = match id {
        Some(id) => tables.iter().find(|table| table.id == id),
        None => tables.get(FIRST_OF_FORM),
    };
    found.with_context(|| {
        let known: Vec<&str> = tables.iter().map(|table| table.id.as_str()).collect();
        format!("there is no such table; the tables are: {}", known.join(", "))
    })
}
