//! `backup` and `restore`: a copy of the installation, and its way back.

use crate::{
    clock::{Clock, rfc3339},
    duty::{Desk, backup},
    setup::Setup,
    store,
};
use secrecy::ExposeSecret as _;
use std::path::Path;

pub async fn back_up(setup: Setup, into: &Path) -> anyhow::Result<u8> {
    if let Some(name) = store::backup::server_name(setup.config.database_url()?.expose_secret())? {
        anyhow::bail!(
            "PostgreSQL has its own program for that: pg_dump --format=custom --file={}/phuluc.dump '{name}'; \
             copy {} along",
            into.display(),
            setup.config.path(Path::new("")).display()
        );
    }
    let desk = Desk::open(setup.into(), Clock::System).await?;
    let (folder, manifest) = backup::back_up(&desk, into).await?;
    let counts = manifest.counts;
    say!("{}", folder.display());
    say!("{} messages, {} reports, {} letters; checked", counts.messages, counts.reports, counts.letters);
    say!("Secrets are not in it: keep the files and variables of passwords elsewhere.");
    desk.store.close().await;
    Ok(0)
}

pub async fn restore(setup: &Setup, from: &Path, force: bool, resume: bool) -> anyhow::Result<u8> {
    let done = backup::restore(&setup.config, from, Clock::System.now(), force, resume).await?;
    let made = rfc3339(done.manifest.made_at, &setup.zone);
    say!("{} is as it was at {made}.", done.database.display());
    if let Some(aside) = done.set_aside {
        say!("The database that was there lies at {}.", aside.display());
    }
    say!(
        "The next letter is number {}: those in between may have been given out since, and an answer to one of them is \
         taken for no answer to another. Messages and links of staff go on in the same way.",
        done.next_letter
    );
    if done.doubtful > 0 {
        say!(
            "{} letters waited to be sent then and may have left since: they are `uncertain` now and are not sent by \
             themselves. `phuluc outbox` lists them.",
            done.doubtful
        );
    }
    if done.unread > 0 {
        say!(
            "{} messages waited to be read then and may have been answered since: they are set aside. `phuluc message \
             reprocess --failed` reads and answers them.",
            done.unread
        );
    }
    if resume {
        say!("What waited then is read and sent now. If the old installation did so since, letters arrive twice.");
    }
    say!(
        "Reminders and digests that left after {made} are not known any more: `phuluc run` writes the latest reminder that \
         is due, and the digest of the day, once more. `phuluc outbox` lists them."
    );
    if !setup.config.mailbox.filed.is_empty() {
        say!(
            "Mail that was taken in after {made} lies in the folder {}: move it back to the inbox and it is read again; \
             whoever was answered meanwhile is answered a second time.",
            setup.config.mailbox.filed
        );
    }
    Ok(0)
}
