//! A copy of everything an installation needs to go on elsewhere, and its way back: the database as it was at one
//! moment, the configuration without its secrets, and a manifest by which a copy is trusted or not. Nothing is ever
//! overwritten: a backup has a name of its own, and a database that is replaced is set aside.

use super::Desk;
use crate::{
    config::Config,
    store::backup::{self, Counts, Numbers},
};
use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

const DATABASE: &str = "phuluc.db";
const MANIFEST: &str = "manifest.json";
/// What a configuration is made of; data that lies in the same folder is not.
const CONFIGURATION: [&str; 4] = ["toml", "csv", "txt", "html"];

/// What stands beside a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the program that made it.
    pub program: String,
    pub made_at: Timestamp,
    /// The last migration of the database.
    pub schema: i64,
    pub size: u64,
    /// Of the database, in hexadecimal digits.
    pub sha256: String,
    pub counts: Counts,
}

/// Numbers that are left out after a restore, for what was numbered after the backup is out in the world, and an answer to
/// it must find nothing rather than something else: so many, and so many more for each second since, which no disk keeps
/// up with. A backup that is put back once more leaves out those of the first time too.
const AT_ONCE: i64 = 100_000;
const A_SECOND: i64 = 100;

/// A database that was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    pub manifest: Manifest,
    pub database: PathBuf,
    /// Where the database that was there lies now.
    pub set_aside: Option<PathBuf>,
    /// Letters that are uncertain now, since they may have left after the backup.
    pub doubtful: u64,
    /// Messages that are set aside now, since they may have been answered after the backup.
    pub unread: u64,
    /// The number of the next letter, which none that left after the backup has.
    pub next_letter: i64,
}

/// Makes a backup in a new folder under `into`, while a daemon may be at work; tells the folder.
pub async fn back_up(desk: &Desk, into: &Path) -> anyhow::Result<(PathBuf, Manifest)> {
    let now = desk.clock.now();
    let stamp = now.to_zoned_datetime(desk.setup.zone.clone()).strftime("%Y%m%d-%H%M%S");
    let (whole, part) = (into.join(format!("phuluc-{stamp}")), into.join(format!(".phuluc-{stamp}.part")));
    private_folder(into)?;
    ensure!(!whole.exists(), "{}: there is a backup of this second already", whole.display());
    // What an interrupted backup left behind is no backup.
    if part.exists() {
        fs::remove_dir_all(&part).with_context(|| part.display().to_string())?;
    }
    private_folder(&part)?;
    let file = part.join(DATABASE);
    // Made empty beforehand, so that nobody else may ever read it.
    private_file(&file)?;
    backup::copy(&desk.store, &file).await.context("the database cannot be copied")?;
    let (schema, counts) = backup::look(&file).await?;
    let (size, sha256) = measure(&file)?;
    let program = super::judge::VERSION.to_owned();
    let manifest = Manifest { program, made_at: now, schema, size, sha256, counts };
    let mut written = private_file(&part.join(MANIFEST))?;
    serde_json::to_writer_pretty(&mut written, &manifest)?;
    written.write_all(b"\n")?;
    written.sync_all()?;
    copy_configuration(&desk.setup.config, into, &part.join("config"))?;
    File::open(&file)?.sync_all()?;
    fs::rename(&part, &whole).with_context(|| whole.display().to_string())?;
    File::open(into)?.sync_all()?;
    Ok((whole, manifest))
}

/// Puts the database of a backup in the place that the configuration names. `force` sets aside one that is there;
/// without `resume`, letters that waited when the backup was made are uncertain afterwards, and messages set aside.
pub async fn restore(
    config: &Config,
    from: &Path,
    now: Timestamp,
    force: bool,
    resume: bool,
) -> anyhow::Result<Restored> {
    let Some(database) = config.path_of_url(&config.database.url, "sqlite") else {
        bail!("database.url names no SQLite database: a PostgreSQL one is put back with pg_restore");
    };
    let (source, path) = (from.join(DATABASE), from.join(MANIFEST));
    let text = fs::read(&path).with_context(|| format!("{} is no backup: {}", from.display(), path.display()))?;
    let manifest: Manifest = serde_json::from_slice(&text).with_context(|| path.display().to_string())?;
    let known = backup::newest_schema();
    let (schema, program) = (manifest.schema, &manifest.program);
    ensure!(schema <= known, "the backup is of a newer phuluc ({program}, migration {schema}; this one knows {known})");
    let (size, sha256) = measure(&source)?;
    let unchanged = (size, &sha256) == (manifest.size, &manifest.sha256);
    ensure!(unchanged, "{}: the database is not the one that was backed up: its SHA-256 differs", source.display());
    if let Some(folder) = database.parent() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let _lock = backup::lock(&database)?;
    ensure!(force || !database.exists(), "{}: there is a database; --force sets it aside", database.display());
    let new = beside(&database, ".restoring");
    if new.exists() {
        fs::remove_file(&new)?;
    }
    let mut copy = private_file(&new)?;
    io::copy(&mut File::open(&source)?, &mut copy).with_context(|| new.display().to_string())?;
    copy.sync_all()?;
    let (found, counts) = backup::look(&new).await?;
    ensure!((found, counts) == (schema, manifest.counts), "{}: it holds other than its manifest says", from.display());
    let (mut doubtful, mut unread) = (0, 0);
    if !resume {
        (doubtful, unread) = (backup::doubt_unsent(&new).await?, backup::doubt_unread(&new).await?);
    }
    // Whichever way the clock was wrong meanwhile. The database that is there knows best, if it can still be asked.
    let seconds = now.duration_since(manifest.made_at).abs().as_secs();
    let there =
        if database.exists() { backup::numbers(&database).await.unwrap_or_default() } else { Numbers::default() };
    let last =
        backup::numbers(&new).await?.or_later(there).skip(seconds.saturating_mul(A_SECOND).saturating_add(AT_ONCE));
    backup::go_on_after(&new, last).await?;
    let set_aside = set_aside(&database, now)?;
    fs::rename(&new, &database).with_context(|| database.display().to_string())?;
    if let Some(folder) = database.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(Restored { manifest, database, set_aside, doubtful, unread, next_letter: last.letter + 1 })
}

/// Moves a database away with its companions, so that it can still be opened where it lies then.
fn set_aside(database: &Path, now: Timestamp) -> anyhow::Result<Option<PathBuf>> {
    if !database.exists() {
        return Ok(None);
    }
    let aside = beside(database, &format!(".before-{}", now.as_second()));
    for companion in ["", "-wal", "-shm"] {
        let (old, new) = (beside(database, companion), beside(&aside, companion));
        ensure!(!new.exists(), "{} is there already", new.display());
        if old.exists() {
            fs::rename(&old, &new).with_context(|| new.display().to_string())?;
        }
    }
    Ok(Some(aside))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn private_folder(path: &Path) -> anyhow::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(|| path.display().to_string())
}

fn private_file(path: &Path) -> anyhow::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(path).with_context(|| path.display().to_string())
}

/// Size and hash of a file that may be larger than memory.
fn measure(path: &Path) -> anyhow::Result<(u64, String)> {
    let mut file = File::open(path).with_context(|| path.display().to_string())?;
    let (mut hash, mut size, mut piece) = (Sha256::new(), 0, vec![0; 1 << 20]);
    loop {
        match file.read(&mut piece)? {
            0 => break,
            read => {
                hash.update(&piece[..read]);
                size += read as u64;
            }
        }
    }
    Ok((size, hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
}

/// Copies what the configuration is made of, but for the files that hold secrets.
fn copy_configuration(config: &Config, backups: &Path, into: &Path) -> anyhow::Result<()> {
    let folder = config.path(Path::new(""));
    let mut secrets = Vec::new();
    let mut files = Vec::new();
    collect(&folder, &fs::canonicalize(backups)?, &mut files)?;
    for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "toml")) {
        if let Ok(table) = fs::read_to_string(file)?.parse::<toml::Table>() {
            secret_files(&table, &mut secrets);
        }
    }
    let secrets: Vec<PathBuf> = secrets.iter().map(|file| config.path(Path::new(file))).collect();
    for file in files.iter().filter(|file| !secrets.contains(file)) {
        let copy = into.join(file.strip_prefix(&folder)?);
        private_folder(copy.parent().unwrap_or(into))?;
        io::copy(&mut File::open(file)?, &mut private_file(&copy)?)?;
    }
    Ok(())
}

fn collect(folder: &Path, backups: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let is_configuration = path.extension().and_then(|ending| ending.to_str());
        if kind.is_dir() && fs::canonicalize(&path)? != backups {
            collect(&path, backups, files)?;
        } else if kind.is_file() && is_configuration.is_some_and(|ending| CONFIGURATION.contains(&ending)) {
            files.push(path);
        }
    }
    Ok(())
}

/// The values of all keys such as `password_file`, whatever table they stand in.
fn secret_files(table: &toml::Table, into: &mut Vec<String>) {
    for (key, value) in table {
        match value {
            toml::Value::Table(inner) => secret_files(inner, into),
            toml::Value::String(file) if key.ends_with("_file") && key != "ca_file" => into.push(file.clone()),
            _ => {}
        }
    }
}
