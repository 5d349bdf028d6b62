//! Every file that fuzzing kept is read as the fuzz targets read it, and what must hold of any bytes holds of these.
//! `fuzz/run` finds new ones.

#[path = "../fuzz/targets/reads.rs"]
mod reads;

use std::{fs, path::PathBuf};

/// Reads every file of one target's corpus. A panic names the file.
fn replay(target: &str, read: fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty(), "the corpus of {target} is not where it was");
    for file in files {
        let bytes = fs::read(&file).unwrap();
        let read = std::panic::catch_unwind(|| read(&bytes));
        assert!(read.is_ok(), "{}", file.display());
    }
}

#[test]
fn mails_found_by_fuzzing_are_read() {
    replay("mime", reads::mime);
}

#[test]
fn workbooks_found_by_fuzzing_are_read() {
    replay("workbook", reads::workbook);
}

#[test]
fn forms_found_by_fuzzing_are_read() {
    replay("form", reads::form);
}

#[test]
fn workbooks_that_fuzzing_begins_with_are_read() {
    let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data")];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let ending = path.extension().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if ["xls", "xlsx", "xlsb", "ods", "docx"].contains(&ending.as_str()) {
                let bytes = fs::read(&path).unwrap();
                let read = std::panic::catch_unwind(|| reads::workbook(&bytes));
                assert!(read.is_ok(), "{}", path.display());
                count += 1;
            }
        }
    }
    assert!(count > 100, "{count} workbooks");
}
