//! How a server calls its folders. What an operator writes is a path, such as `Reports/Processed`; servers part its
//! names by a sign of their own, and some keep all of an account's folders below `INBOX.` (Cyrus, Courier). What a
//! server says about that (RFC 2342) is read here, since async-imap does not know that answer.

/// The personal namespace of an account, and what else its server has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// What the account's own folders begin with, such as `INBOX.`; mostly nothing.
    prefix: String,
    /// What parts a folder from the one above it; none where the server has no hierarchy or says nothing.
    delimiter: Option<char>,
    /// What folders of other people, and shared ones, begin with.
    others: Vec<String>,
}

impl Names {
    /// Out of the lines that answer NAMESPACE; an answer that cannot be read tells nothing.
    pub(super) fn of(lines: &[String]) -> Names {
        let answer = lines.iter().find_map(|line| {
            let (head, rest) = line.split_at_checked("* NAMESPACE ".len())?;
            head.eq_ignore_ascii_case("* NAMESPACE ").then_some(rest)
        });
        answer.and_then(read).unwrap_or_default()
    }

    /// A folder's name as a command carries it: modified UTF-7, which leaves no control character, between quotes.
    pub(super) fn on_server(&self, folder: &str) -> String {
        let parted = match self.delimiter {
            Some(delimiter) if delimiter != '/' => folder.replace('/', delimiter.encode_utf8(&mut [0; 4])),
            _ => folder.to_owned(),
        };
        let name = utf7_imap::encode_utf7_imap(parted);
        let is_whole = name.eq_ignore_ascii_case("INBOX")
            || name.starts_with(&self.prefix)
            || self.others.iter().any(|other| !other.is_empty() && name.starts_with(other));
        let name = if is_whole { name } else { format!("{}{name}", self.prefix) };
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// Such as `(("INBOX." ".")) (("user." ".")) NIL`: the account's own, other people's, shared ones.
fn read(answer: &str) -> Option<Names> {
    let mut names = Names::default();
    let (mut depth, mut group, mut strings) = (0_usize, 0_usize, Vec::new());
    let mut signs = answer.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '(' => {
                depth += 1;
                if depth == 2 {
                    strings.clear();
                }
            }
            ')' => {
                if depth == 2 {
                    let prefix: &String = strings.first()?;
                    if group > 0 {
                        names.others.push(prefix.clone());
                    } else if names.delimiter.is_none() {
                        names.prefix.clone_from(prefix);
                        names.delimiter = strings.get(1).and_then(|delimiter: &String| delimiter.chars().next());
                    }
                }
                depth = depth.checked_sub(1)?;
                group += usize::from(depth == 0);
            }
            // Deeper stand extensions, which tell nothing here.
            '"' => {
                let text = quoted(&mut signs)?;
                if depth == 2 {
                    strings.push(text);
                }
            }
            'N' | 'n' if depth == 0 => group += 1,
            _ => {}
        }
    }
    (depth == 0 && group == 3).then_some(names)
}

/// The rest of a quoted string.
fn quoted(signs: &mut std::str::Chars<'_>) -> Option<String> {
    let mut text = String::new();
    loop {
        match signs.next()? {
            '"' => return Some(text),
            '\\' => text.push(signs.next()?),
            sign => text.push(sign),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_called_as_its_server_calls_it() {
        let courier = "* NAMESPACE ((\"INBOX.\" \".\")) NIL ((\"#shared.\" \".\")(\"shared.\" \".\"))";
        let cyrus = "* NAMESPACE ((\"INBOX.\" \".\")) ((\"user.\" \".\")) ((\"\" \".\"))";
        let dovecot = "* NAMESPACE ((\"\" \"/\")) NIL NIL";
        let exchange = "* namespace ((\"\" \"/\")) nil nil";
        let extended = "* NAMESPACE ((\"\" \".\" \"X-PARAM\" (\"FLAG1\" \"FLAG2\"))) NIL NIL";
        for (answer, folder, name) in [
            (courier, "Processed", "\"INBOX.Processed\""),
            (courier, "INBOX.Processed", "\"INBOX.Processed\""),
            (courier, "INBOX/Processed", "\"INBOX.Processed\""),
            (courier, "inbox", "\"inbox\""),
            (courier, "INBOXES", "\"INBOX.INBOXES\""),
            (courier, "shared.Reports", "\"shared.Reports\""),
            (courier, "Đã xử lý/2023", "\"INBOX.&ARAA4w- x&Hu0- l&AP0-.2023\""),
            (cyrus, "Processed", "\"INBOX.Processed\""),
            (cyrus, "user.a", "\"user.a\""),
            (dovecot, "A/B", "\"A/B\""),
            (exchange, "A.B", "\"A.B\""),
            (extended, "A/B", "\"A.B\""),
            // Nothing that can be read: the name as it was written.
            ("* NAMESPACE ((\"INBOX.\" \".\"", "A/B", "\"A/B\""),
            ("* NAMESPACE NIL NIL NIL", "A/B", "\"A/B\""),
            ("* NAMESPACE ((\"", "A/B", "\"A/B\""),
            ("* NAMESPACE )", "A/B", "\"A/B\""),
            ("* ý", "A/B", "\"A/B\""),
        ] {
            let names = Names::of(&["* OK [ALERT] quota".to_owned(), answer.to_owned()]);
            assert_eq!(names.on_server(folder), name, "{answer}");
        }
    }

    #[test]
    fn folder_names_cannot_break_out_of_a_command() {
        let names = Names::default();
        assert_eq!(names.on_server("Đã xử lý"), "\"&ARAA4w- x&Hu0- l&AP0-\"");
        assert_eq!(names.on_server("a\"b\\c\r\nX"), "\"a\\\"b\\\\c&AA0ACg-X\"");
    }
}
