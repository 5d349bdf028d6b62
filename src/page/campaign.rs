//! How a campaign stands: the sums, the groups as bars, and every agency by its state.

use super::{Answer, Named, Shown};
use crate::{
    duty::tabulate,
    progress::{AgencyProgress, Counts},
};
use axum::extract::{Path, State};
use serde_json::{Value as Json, json};

pub async fn show(State(shown): State<Shown>, Path(id): Named) -> Answer {
    answer(&shown, &id).await
}

async fn answer(shown: &Shown, id: &str) -> Answer {
    let campaign = shown.campaign(id)?;
    let progress = tabulate::progress(&shown.desk, campaign).await?;
    let headings = shown.desk.setup.letters.headings();
    let is_there = |kind| progress.agencies.iter().any(|agency| agency.kind == kind);
    let groups: Vec<Json> = headings
        .groups_of(is_there)
        .into_iter()
        .map(|group| {
            let agencies = progress.agencies.iter().filter(|agency| group.kinds.contains(&agency.kind));
            let counts = progress.of_kinds(&group.kinds);
            json!({
                "label": group.label,
                "counts": counts,
                "bar": bar(&counts),
                "agencies": agencies.map(line).collect::<Vec<_>>(),
            })
        })
        .collect();
    let values = json!({
        "campaign": super::campaign_facts(campaign),
        "states": states(shown),
        "deadline": shown.moment(campaign.deadline_at),
        "counts": progress.counts,
        "bar": bar(&progress.counts),
        "groups": groups,
    });
    shown.page("campaign.html", &values)
}

/// The words for the states of agencies, which are those of the consolidated workbook.
pub fn states(shown: &Shown) -> Json {
    let states = &shown.desk.setup.letters.headings().states;
    json!({
        "accepted": states.accepted,
        "needs_correction": states.needs_correction,
        "not_received": states.not_received,
        "paper": states.paper,
        "exempt": states.exempt,
        "unreachable": states.unreachable,
    })
}

/// The name of a state, with one of the page's own: to say that nothing was sent above the mail that came would be wrong.
pub fn state(agency: &AgencyProgress) -> &'static str {
    if agency.is_unreadable() { "unread" } else { agency.state.as_str() }
}

fn line(agency: &AgencyProgress) -> Json {
    json!({
        "id": agency.agency,
        "name": agency.name,
        "short_name": agency.short_name,
        "state": state(agency),
        "on_time": agency.on_time,
        "versions": agency.versions,
        "errors": agency.errors,
        "warnings": agency.warnings,
    })
}

/// The parts of a bar in thousandths of its length: where each begins and how long it is.
fn bar(counts: &Counts) -> Vec<Json> {
    let parts = [
        ("accepted", counts.accepted),
        ("needs_correction", counts.needs_correction),
        ("other", counts.paper + counts.exempt),
        ("not_received", counts.not_received + counts.unreachable),
    ];
    let whole: u32 = parts.iter().map(|(_, count)| count).sum();
    let at = |sum: u32| if whole == 0 { 0 } else { u64::from(sum) * 1000 / u64::from(whole) };
    let mut before = 0;
    let mut drawn = Vec::new();
    for (what, count) in parts {
        let (from, to) = (at(before), at(before + count));
        before += count;
        if to > from {
            drawn.push(json!({ "what": what, "from": from, "width": to - from }));
        }
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_whole_whatever_is_rounded() {
        let counts = Counts { accepted: 1, needs_correction: 1, not_received: 1, ..Counts::default() };
        let drawn = bar(&counts);
        let sum: u64 = drawn.iter().filter_map(|part| part["width"].as_u64()).sum();
        assert_eq!((drawn.len(), sum), (3, 1000));
        assert!(bar(&Counts::default()).is_empty());
    }
}
