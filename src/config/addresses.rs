//! Keys that hold addresses and sizes: one that is wrong would only show when a letter leaves, or never.

use super::Config;
use crate::agency::looks_like_address;

/// A smaller limit holds no mail with a workbook; it is a number of megabytes that was meant.
const LEAST_LARGEST: u64 = 10_000;

/// What is wrong with the addresses of letters and staff, or with the limit of a mail.
pub(super) fn trouble(config: &Config) -> Option<String> {
    let Config { outgoing, office, mailbox, .. } = config;
    let from = outgoing.from.trim();
    let named = from.rsplit_once('<').map(|(_, rest)| rest.strip_suffix('>').unwrap_or_default().trim());
    if !looks_like_address(named.unwrap_or(from)) || from.contains(['\r', '\n']) {
        return Some(format!("outgoing.from: {from:?} is not one e-mail address; write \"Name <address>\""));
    }
    let alone = outgoing.bounce.iter().map(|address| ("outgoing.bounce", address));
    for (key, address) in alone.chain(office.staff.iter().map(|address| ("office.staff", address))) {
        if !looks_like_address(address.trim()) {
            return Some(format!("{key}: {address:?} is not one e-mail address; write it alone, without a name"));
        }
    }
    (mailbox.largest < LEAST_LARGEST)
        .then(|| format!("mailbox.largest: a mail of {} bytes holds no report; 50 MiB are 52428800", mailbox.largest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn what_is_no_address_is_named_before_a_letter_leaves() {
        let shipped = include_str!("../../config/phuluc.toml");
        let with = |keys: &str| -> Option<String> {
            let mut table: toml::Table = toml::from_str(shipped).unwrap();
            let changed: toml::Table = toml::from_str(keys).unwrap();
            for (name, section) in changed {
                let into = table.entry(name).or_insert_with(|| toml::Table::new().into()).as_table_mut().unwrap();
                into.extend(section.as_table().unwrap().clone());
            }
            let read = Config::parse(&toml::to_string(&table).unwrap(), Path::new("/x/phuluc.toml"));
            read.err().map(|error| error.to_string())
        };
        for (keys, named) in [
            ("", None),
            ("[outgoing]\nfrom = \"a@mic.example\"", None),
            ("[outgoing]\nfrom = \"bad\"", Some("outgoing.from")),
            ("[outgoing]\nfrom = \"A <a@mic.example>, b@mic.example\"", Some("outgoing.from")),
            ("[outgoing]\nfrom = \"A <a@mic.example>\\r\\nBcc: <b@x.example>\"", Some("outgoing.from")),
            ("[outgoing]\nbounce = \"nobody\"", Some("outgoing.bounce")),
            ("[office]\nstaff = [\"a@mic.example\", \"b@mic.example\"]", None),
            ("[office]\nstaff = [\"nobody\"]", Some("office.staff")),
            ("[office]\nstaff = [\"a@mic.example, b@mic.example\"]", Some("office.staff")),
            ("[office]\nstaff = [\"Lan <a@mic.example>\"]", Some("office.staff")),
            ("[mailbox]\nlargest = 50", Some("mailbox.largest")),
        ] {
            let told = with(keys);
            let fits = match named {
                Some(key) => told.as_ref().is_some_and(|told| told.contains(key)),
                None => told.is_none(),
            };
            assert!(fits, "{keys}: {told:?}");
        }
    }
}
