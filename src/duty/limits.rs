//! The limits of answers, which hold where no header tells a machine: so many an hour and a day to one agency, nothing
//! twice within a day, and a breaker for all together. They are counted in the transaction that queues the answer,
//! and staff are told in the same one.

use super::{Desk, alert};
use crate::{
    agency::Agency,
    campaign::CampaignId,
    store::{Tx, outbox},
};
use jiff::{SignedDuration, Timestamp};

/// Answers to one agency in one campaign: within an hour, and within a day.
const MOST_AN_HOUR: u64 = 4;
const MOST_A_DAY: u64 = 10;
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The limit that forbids another answer now, in words for staff. Where there were too many they are alerted, once a day
/// for each agency and once for all; that something was said before is no trouble.
pub async fn reached(
    desk: &Desk,
    tx: &mut Tx,
    campaign: Option<&CampaignId>,
    agency: &Agency,
    said: &str,
) -> anyhow::Result<Option<String>> {
    let now = desk.clock.now();
    let since = |span: SignedDuration| now.checked_sub(span).unwrap_or(Timestamp::MIN);
    // The clocks of several daemons differ a little; what lies further ahead was queued by one that was wrong.
    let until = now.checked_add(HOUR).unwrap_or(Timestamp::MAX);
    let today = desk.day_of(now);
    for (span, most, within) in [(HOUR, MOST_AN_HOUR, "an hour"), (DAY, MOST_A_DAY, "a day")] {
        // What belongs to no campaign yet says the same each time, and so is told once a day.
        let Some(campaign) = campaign else { break };
        if outbox::answers_since(tx, campaign, &agency.id, since(span), until).await? >= most {
            let reason = alert::Reason::Limit { since: now, agency: &agency.short_name, limit: most };
            alert::raise(desk, tx, &format!("limit:{campaign}:{}:{today}", agency.id), reason).await?;
            return Ok(Some(format!("limit: {most} answers within {within}")));
        }
    }
    if outbox::same_body_since(tx, campaign, &agency.id, said, since(DAY), until).await? > 0 {
        return Ok(Some("limit: the same answer within a day".to_owned()));
    }
    let breaker = desk.setup.breaker();
    if outbox::all_answers_since(tx, since(HOUR), until).await? >= breaker {
        let reason = alert::Reason::Breaker { since: now, limit: breaker };
        alert::raise(desk, tx, &format!("breaker:{today}"), reason).await?;
        return Ok(Some(format!("breaker: {breaker} answers to all agencies within an hour")));
    }
    Ok(None)
}
