//! Letters as files: for the demo, for rehearsals, and for offices that carry their mail by hand. A file appears
//! whole or not at all, and its name is built from the outbox row, never from a path somebody sent.

use super::{Outcome, OutgoingError, Parcel, Stage};
use std::{
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

/// Writes the letter. The same letter a second time is sent already; another under its name is nothing to overwrite.
pub(super) async fn write(folder: PathBuf, parcel: Parcel<'_>) -> Outcome {
    let name = file_name(parcel);
    let path = folder.join(&name);
    let raw = parcel.raw.to_vec();
    let done = tokio::task::spawn_blocking(move || write_once(&folder, &name, &raw)).await;
    match done.unwrap_or_else(|e| Err(io::Error::other(e))) {
        Ok(true) => Outcome::Sent { answer: path.display().to_string() },
        Ok(false) => {
            Outcome::Failed { at: Stage::Unasked, reason: format!("{} already holds another letter", path.display()) }
        }
        Err(e) => Outcome::TryLater { reason: format!("{}: {e}", path.display()) },
    }
}

/// Whether the folder can be written to.
pub(super) async fn probe(folder: PathBuf) -> Result<(), OutgoingError> {
    let path = folder.join(".probe");
    let file = path.clone();
    let probed = tokio::task::spawn_blocking(move || {
        fs::create_dir_all(&folder)?;
        File::create(&file)?;
        fs::remove_file(&file)
    });
    probed.await.unwrap_or_else(|e| Err(io::Error::other(e))).map_err(|source| OutgoingError::Io { path, source })
}

/// True where the file now holds these bytes.
fn write_once(folder: &Path, name: &str, raw: &[u8]) -> io::Result<bool> {
    let path = folder.join(name);
    match fs::read(&path) {
        Ok(present) => return Ok(present == raw),
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => return Err(e),
    }
    fs::create_dir_all(folder)?;
    // A leading dot hides the half-written file from whoever takes `*.eml` away.
    let half = folder.join(format!(".{name}.tmp"));
    let mut file = File::create(&half)?;
    file.write_all(raw)?;
    file.sync_all()?;
    fs::rename(&half, &path)?;
    File::open(folder)?.sync_all()?;
    Ok(true)
}

/// Such as `17-receipt-van-thu.eml`.
fn file_name(parcel: Parcel<'_>) -> String {
    let local = parcel.to.rsplit_once('@').map_or(parcel.to, |(local, _)| local);
    format!("{}-{}-{}.eml", parcel.id, safe(parcel.kind), safe(local))
}

/// Letters, digits and inner dots, all else as `-`; 64 bytes at most.
fn safe(text: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    let name: String = text.chars().take(64).map(kept).collect();
    let name = name.trim_matches('.').replace("..", "-");
    if name.is_empty() { "-".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_becomes_a_path() {
        for (to, name) in [
            ("van-thu.ubnd@hanoi.example", "17-receipt-van-thu.ubnd.eml"),
            ("../../etc/passwd@x.example", "17-receipt----etc-passwd.eml"),
            ("\"a/b@c\"@x.example", "17-receipt--a-b-c-.eml"),
            ("đ\0\n@x.example", "17-receipt----.eml"),
            ("@x.example", "17-receipt--.eml"),
        ] {
            let parcel =
                Parcel { id: 17, kind: "receipt", envelope_from: None, to, message_id: "<a@b.example>", raw: b"" };
            assert_eq!(file_name(parcel), name, "{to}");
        }
    }
}
