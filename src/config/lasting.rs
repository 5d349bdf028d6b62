//! What lasts as long as the process: keys of wires and of the database, which are opened once. When the configuration
//! is read again under a running daemon these keep their values, and the operator is told which of them changed.

use super::Config;

/// Takes the running value of each key, and notes those that differ.
macro_rules! keep {
    ($new:ident, $old:ident, $changed:ident, $($table:ident.$key:ident),+ $(,)?) => {
        $(if $new.$table.$key != $old.$table.$key {
            $new.$table.$key.clone_from(&$old.$table.$key);
            $changed.push(concat!(stringify!($table), ".", stringify!($key)));
        })+
    };
}

impl Config {
    /// Keeps the values of the running configuration where only a restart may change them; the keys that differ.
    pub fn keep_what_a_restart_changes(&mut self, running: &Config) -> Vec<&'static str> {
        let mut changed = Vec::new();
        keep!(
            self,
            running,
            changed,
            database.url,
            database.password_file,
            database.password_env,
            mailbox.url,
            mailbox.password_file,
            mailbox.password_env,
            mailbox.oauth2,
            mailbox.filed,
            mailbox.ca_file,
            outgoing.url,
            outgoing.from,
            outgoing.password_file,
            outgoing.password_env,
            outgoing.oauth2,
            outgoing.bounce,
            outgoing.ca_file,
            trust.resolver,
            health.listen,
            health.beyond_loopback,
            log.format,
            page.listen,
            page.hosts,
            page.proxy_secret_file,
            page.user_header,
        );
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn what_only_a_restart_changes_stays_and_is_named() {
        let parse = |mailbox: &str, office: &str, poll: u32| {
            let text = format!(
                "office.name = \"{office}\"\ndatabase.url = \"sqlite:x.db\"\nmailbox.url = \"maildir:{mailbox}\"\n\
                 mailbox.poll_seconds = {poll}\noutgoing.url = \"directory:out\"\noutgoing.from = \"a@b.example\"\n"
            );
            Config::parse(&text, Path::new("/etc/phuluc/phuluc.toml")).unwrap()
        };
        let running = parse("m", "Bộ", 60);
        let mut new = parse("other", "Sở", 5);
        assert_eq!(new.keep_what_a_restart_changes(&running), ["mailbox.url"]);
        assert_eq!((new.mailbox.url.as_str(), new.office.name.as_str()), ("maildir:m", "Sở"));
        assert_eq!(new.mailbox.poll_seconds, 5);
        assert!(running.clone().keep_what_a_restart_changes(&running).is_empty());
    }
}
