//! What a letter tells of the files beside the report, and of what became of what was asked for; and the official
//! documents as they are kept.

use crate::{
    agency::Agency,
    appendix::Other,
    duty::{
        Desk,
        decide::{Decision, Report},
    },
    form::followed::{Asked, Followed, Spot},
    letter::context::{
        AgencyFacts, Context, FileFacts, FollowedFacts, Moment, OfficeFacts, ReportFacts, RowFacts, date,
    },
    message::Mail,
    official::Document,
    setup::OpenCampaign,
    store::documents::KeptDocument,
};

/// What a letter may say of a mail that belongs to no campaign yet: that it came.
pub(super) fn without_campaign(desk: &Desk, decision: &Decision, agency: &Agency) -> Context {
    Context {
        office: OfficeFacts::new(&desk.setup.config.office),
        agency: AgencyFacts::new(agency),
        report: ReportFacts {
            received_at: Moment::new(decision.received_at, &desk.setup.zone),
            ..ReportFacts::default()
        },
        ..Context::default()
    }
}

/// The official documents of a mail as they are kept.
pub fn kept_documents(mail: &Mail, decision: &Decision) -> Vec<KeptDocument> {
    let kept = |document: &Document| KeptDocument {
        file_name: mail.attachments[document.file].name.clone(),
        file_sha256: mail.attachments[document.file].sha256.clone(),
        number: document.number.clone(),
        dated: document.dated.map(|date| date.to_string()),
        told_by: document.told_by.as_str().to_owned(),
    };
    decision.documents.iter().map(kept).collect()
}

/// Further files that hold the form, those that are part of the report or those that are not.
pub(super) fn others(mail: &Mail, report: &Report, used: bool) -> Vec<FileFacts> {
    let size = |other: &Other| other.file.map(|file| mail.attachments[file].bytes.len() as u64);
    let facts = |other: &Other| match size(other) {
        Some(size) => FileFacts::new(&other.name, size),
        None => FileFacts { size: String::new(), ..FileFacts::new(&other.name, 0) },
    };
    report.others.iter().filter(|other| other.used == used).map(facts).collect()
}

/// The official documents, with what is known of them.
pub(super) fn documents(mail: &Mail, decision: &Decision) -> Vec<FileFacts> {
    let facts = |document: &Document| {
        let file = &mail.attachments[document.file];
        FileFacts {
            number: document.number.clone().unwrap_or_default(),
            date: document.dated.map(date).unwrap_or_default(),
            ..FileFacts::new(&file.name, file.bytes.len() as u64)
        }
    };
    decision.documents.iter().map(facts).collect()
}

/// What became of what was asked for, each row or field named once.
pub(super) fn followed_facts(campaign: &OpenCampaign, followed: &Followed) -> FollowedFacts {
    let named = |asked: &[Asked]| {
        let mut names: Vec<RowFacts> = Vec::new();
        for Asked { spot: Spot { section, row, field }, .. } in asked {
            let section = campaign.form.section(section);
            let named = row.as_ref().zip(section).map(|(row, section)| (section, section.row_name(row)));
            let number = match &named {
                Some((section, name)) => section.called(name),
                None => row.clone(),
            };
            // A row without a number is called by its name, a field by its label.
            let of_row = named.as_ref().and_then(|(section, name)| section.declared(name).0).map(|row| &row.label);
            let column = section.zip(field.as_ref()).and_then(|(section, field)| section.column(field));
            let label = of_row.or(column.map(|column| &column.label)).filter(|_| number.is_none());
            let name = RowFacts { label: label.cloned().unwrap_or_default(), row: number.unwrap_or_default() };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    };
    FollowedFacts { done: named(&followed.done), left: named(&followed.left) }
}
