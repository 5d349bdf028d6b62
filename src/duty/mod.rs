//! Duties: each does one thing once and tells what came of it. The command line, the tests and the daemon call
//! the same functions; loops, sleeps and signals are none of theirs.

mod acquaint;
pub mod alert;
pub mod announce;
mod answer;
pub mod backup;
pub mod bounce;
mod brought;
pub mod contacts;
pub mod decide;
pub mod deliver;
pub mod digest;
pub mod evidence;
mod fate;
mod file;
mod form;
pub mod given;
mod handle;
pub mod hold;
pub mod identify;
pub mod judge;
mod keep;
pub mod letters;
mod limits;
mod notice;
pub mod obligation;
mod post;
mod question;
pub mod receive;
mod reconcile;
pub mod redact;
pub mod release;
pub mod remind;
mod repeated;
pub mod reprocess;
mod scope;
mod settled;
mod staff;
pub mod tabulate;
mod taken;
pub mod token;
pub mod trace;
pub mod watch;

use crate::{
    agency::{Agency, AgencyId},
    clock::Clock,
    fence::{Fence, FenceError},
    message::{Mail, automatic::Own},
    pulse::Pulse,
    resolver::{Resolver, ResolverError},
    setup::{OpenCampaign, Setup, SetupError},
    step::Steps,
    store::{Store, StoreError, agencies},
};
use anyhow::Context as _;
use jiff::{Timestamp, civil::Date};
use secrecy::ExposeSecret;
use std::sync::Arc;
use tokio::{sync::Notify, task::spawn_blocking};

/// What every duty works with.
#[derive(Clone)]
pub struct Desk {
    pub setup: Arc<Setup>,
    pub store: Store,
    pub clock: Clock,
    /// Where mail is read.
    pub fence: Fence,
    /// Who is asked for the keys of signatures.
    pub resolver: Resolver,
    /// Where the steps of a mail and of a letter are announced.
    pub steps: Steps,
    /// Where it is counted what whoever watches over the daemon asks for.
    pub pulse: Pulse,
    /// Told when an answer was queued, so that it need not wait for whoever looks now and then.
    pub queued: Arc<Notify>,
}

/// Why a desk could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Resolver(#[from] ResolverError),
}

impl Desk {
    /// Opens the database of a setup and imports its campaigns and registries.
    pub async fn open(setup: Arc<Setup>, clock: Clock) -> Result<Desk, DeskError> {
        let store = Store::open(setup.config.database_url().map_err(SetupError::from)?.expose_secret()).await?;
        let resolver = Resolver::open(&setup.config.trust.resolver)?;
        let fence = Fence::of_this_program();
        let (steps, pulse, queued) = (Steps::default(), Pulse::default(), Arc::default());
        let desk = Desk { setup, store, clock, fence, resolver, steps, pulse, queued };
        desk.import().await?;
        Ok(desk)
    }

    /// The same desk, its mail read elsewhere: by another program than the running one, or here.
    pub fn with_fence(self, fence: Fence) -> Desk {
        Desk { fence, ..self }
    }

    /// The same desk, whose steps are announced there.
    pub fn announcing(self, steps: Steps) -> Desk {
        Desk { steps, ..self }
    }

    /// The same desk with a setup that was read anew, imported; and the keys that changed and wait for a restart, which
    /// keep their old values. A database that refuses the import leaves everything as it was.
    pub async fn with_setup(&self, mut setup: Setup) -> Result<(Desk, Vec<&'static str>), DeskError> {
        let waiting = setup.config.keep_what_a_restart_changes(&self.setup.config);
        let desk = Desk { setup: Arc::new(setup), ..self.clone() };
        desk.import().await?;
        Ok((desk, waiting))
    }

    /// The same desk at another time.
    pub fn at(&self, clock: Clock) -> Desk {
        Desk { clock, ..self.clone() }
    }

    async fn import(&self) -> Result<(), StoreError> {
        let files = self.setup.campaigns.iter().map(|open| agencies::CampaignFiles {
            id: &open.id,
            campaign: &open.campaign,
            deadline_at: open.deadline_at,
            form_id: &open.form.id,
            form_version: open.form.version,
            registry: &open.registry,
        });
        agencies::import_all(&self.store, &files.collect::<Vec<_>>()).await?;
        Ok(())
    }

    /// The day it is where the office is.
    pub fn today(&self) -> Date {
        self.day_of(self.clock.now())
    }

    /// The day of a time where the office is.
    pub fn day_of(&self, at: Timestamp) -> Date {
        at.to_zoned_datetime(self.setup.zone.clone()).date()
    }

    /// A kept mail, read behind the fence; none where nothing is kept of it any more, or where reading it failed.
    pub async fn read(&self, raw: Vec<u8>) -> anyhow::Result<Option<Mail>> {
        if raw.is_empty() {
            return Ok(None);
        }
        Ok(self.behind_the_fence(move |fence| fence.begin().mail(&raw)).await?.ok())
    }

    /// Lets `read` have the fence on a thread where it may take its time.
    pub async fn behind_the_fence<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Fence) -> Result<T, FenceError> + Send + 'static,
    ) -> anyhow::Result<T> {
        let fence = self.fence.clone();
        Ok(spawn_blocking(move || read(&fence)).await.context("reading behind the fence failed")??)
    }

    /// An agency as the registry has it, or had it when it was last there.
    async fn agency(&self, campaign: &OpenCampaign, id: &AgencyId) -> anyhow::Result<Agency> {
        if let Some(agency) = campaign.registry.get(id) {
            return Ok(agency.clone());
        }
        let known = agencies::registered(&self.store, id).await?;
        known.with_context(|| format!("nothing is known of the agency {id}"))
    }

    /// The value of `X-Phuluc` in our letters, by which we know them again.
    pub fn instance(&self) -> String {
        crate::attachment::sha256(self.store.instance_key())[..16].to_owned()
    }

    /// Asks `judge` with all that tells our own mail from others'.
    fn with_own<T>(&self, judge: impl FnOnce(&Own) -> T) -> T {
        let addresses = self.setup.own_addresses();
        let domain = self.setup.domain();
        let key = self.store.instance_key();
        let issued = |id: &str| crate::letter::compose::issued(id, &domain, key).is_some();
        let instance = self.instance();
        judge(&Own {
            addresses: &addresses,
            instance: &instance,
            issued: &issued,
            subjects: &self.setup.config.mailbox.auto_reply_subjects,
        })
    }
}
