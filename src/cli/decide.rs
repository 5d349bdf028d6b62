//! What staff decide at the keyboard about messages and letters: each decision with its entry in the audit table,
//! under the name the machine knows its user by.

use crate::{
    duty::{Desk, letters},
    store::outbox,
};

pub async fn retry(desk: &Desk, id: i64, why: Option<&str>) -> anyhow::Result<u8> {
    let done = letters::retry(desk, id, &actor(), why).await?;
    say!("letter {id} to {} is queued again", done.recipient);
    Ok(0)
}

pub async fn cancel(desk: &Desk, id: i64, why: Option<&str>) -> anyhow::Result<u8> {
    let done: outbox::LetterRow = letters::cancel(desk, id, &actor(), why).await?;
    say!("letter {id} to {} is withdrawn", done.recipient);
    Ok(0)
}

/// Who decides, for the audit table. By the number the machine knows, not by what the environment says.
pub fn actor() -> String {
    let uid = rustix::process::getuid().as_raw();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    format!("cli:{}", name.unwrap_or_else(|| uid.to_string()))
}
