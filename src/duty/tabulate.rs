//! Staff's tables: gathers what the store knows of a campaign, so that status, digest and the consolidated
//! workbook tell the same numbers.

use super::{Desk, contacts};
use crate::{
    agency::AgencyId,
    export::{self, Book, National},
    form::declaration::ColumnType,
    official,
    progress::Progress,
    setup::OpenCampaign,
    store::{
        documents::{self, KeptDocument},
        messages, news, reports,
        tables::{self, CurrentReport, Written},
    },
};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Name and version of this program.
pub const PROGRAM: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));

/// How far a campaign is now.
pub async fn progress(desk: &Desk, campaign: &OpenCampaign) -> anyhow::Result<Progress> {
    let states = reports::agency_states(&desk.store, &campaign.id).await?;
    let held = messages::count_held(&desk.store, &campaign.id).await?;
    let out_of_reach = contacts::out_of_reach(desk, campaign, &states).await?;
    let unreadable = news::wrote_without_report(&desk.store, &campaign.id).await?;
    Ok(Progress::of(campaign, &states, &out_of_reach, &unreadable, held, desk.clock.now(), &desk.setup.zone))
}

/// All that the consolidated tables of a campaign are made from.
pub struct Gathered {
    pub progress: Progress,
    reports: Vec<CurrentReport>,
    /// When the current report of each came.
    since: BTreeMap<String, Timestamp>,
    written: Vec<Written>,
    /// The official documents that came.
    pub documents: BTreeMap<AgencyId, Vec<KeptDocument>>,
    now: Timestamp,
}

pub async fn gather(desk: &Desk, campaign: &OpenCampaign) -> anyhow::Result<Gathered> {
    let progress = progress(desk, campaign).await?;
    let reports = tables::current_reports(&desk.store, &campaign.id).await?;
    let written = tables::in_own_words(&desk.store, &campaign.id, &own_words(campaign)).await?;
    let mut documents = documents::by_agency(&desk.store, &campaign.id).await?;
    documents.retain(|_, kept| {
        kept.retain(is_official);
        !kept.is_empty()
    });
    let since = reports.iter().map(|report| (report.agency.to_string(), report.received_at)).collect();
    Ok(Gathered { progress, reports, since, written, documents, now: desk.clock.now() })
}

/// Whether a document is the agency's official one, as far as anything tells: an appendix that is no workbook is not.
fn is_official(document: &KeptDocument) -> bool {
    document.number.is_some() || document.dated.is_some() || !official::is_appendix(&document.file_name)
}

/// The columns and options whose answer is in the agency's own words.
fn own_words(campaign: &OpenCampaign) -> Vec<(&str, &str)> {
    let form = &campaign.form;
    let columns = form.sections.iter().flat_map(|section| &section.columns);
    let mut found: Vec<(&str, &str)> = Vec::new();
    for column in columns.filter(|column| column.kind == ColumnType::Choice) {
        for option in form.choices.values().flat_map(|list| &list.options).filter(|option| option.free_text) {
            if !found.contains(&(column.id(), option.code.as_str())) {
                found.push((column.id(), &option.code));
            }
        }
    }
    found
}

impl Gathered {
    /// When the current report of an agency came.
    pub fn current_since(&self, agency: &str) -> Option<Timestamp> {
        self.since.get(agency).copied()
    }

    /// What the tables are laid out from.
    pub fn national<'a>(&'a self, desk: &'a Desk, campaign: &'a OpenCampaign) -> National<'a> {
        National {
            campaign,
            progress: &self.progress,
            reports: &self.reports,
            written: &self.written,
            documents: &self.documents,
            headings: desk.setup.letters.headings(),
            program: PROGRAM,
            now: self.now,
            zone: &desk.setup.zone,
        }
    }

    /// The consolidated workbook.
    pub fn book<'a>(&'a self, desk: &'a Desk, campaign: &'a OpenCampaign) -> Book<'a> {
        export::book(self.national(desk, campaign))
    }
}
