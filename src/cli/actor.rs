//! Who is at the keyboard, as the audit table names them.

/// `cli:` and the name of this process's user, or their number where the machine knows no name.
pub fn actor() -> String {
    let uid = rustix::process::getuid().as_raw();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, id) = (fields.next()?, fields.nth(1)?);
        (id.parse() == Ok(uid)).then(|| name.to_owned())
    });
    format!("cli:{}", name.unwrap_or_else(|| uid.to_string()))
}
