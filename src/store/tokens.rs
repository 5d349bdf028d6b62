//! What the links in letters to staff allow: one act on one message, by one address, once, until a day. Here is
//! what was allowed and whether it was used; the proof that a link is ours is in the link and checked elsewhere.

use super::{Store, StoreError, Tx, columns::Columns, micros, words};
use crate::{agency::AgencyId, campaign::CampaignId};
use jiff::Timestamp;

words! {
    /// What a link allows.
    TokenAct {
        /// The message is the guessed agency's.
        Assign = "assign",
        /// It is the agency's that the mail names.
        AssignOther = "assign_other",
        /// It needs nothing.
        Dismiss = "dismiss",
        /// It is read again.
        Reprocess = "reprocess",
    }
}

/// What a link allows, to whom, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    pub act: TokenAct,
    pub message: i64,
    pub agency: Option<AgencyId>,
    pub campaign: Option<CampaignId>,
    /// Lower-case.
    pub address: String,
    pub expires_at: Timestamp,
}

/// A token as it was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    pub id: i64,
    pub allowed: Allowed,
    pub used_at: Option<Timestamp>,
}

/// Notes what a link is going to allow, in the transaction of the letter that holds it, and returns its number.
pub async fn issue(tx: &mut Tx, allowed: &Allowed, now: Timestamp) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "
        INSERT INTO staff_token (act, message, agency, campaign, address, issued_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        RETURNING id
        ",
    )
    .bind(allowed.act.as_str())
    .bind(allowed.message)
    .bind(allowed.agency.as_ref().map(AgencyId::as_str))
    .bind(allowed.campaign.as_ref().map(CampaignId::as_str))
    .bind(&allowed.address)
    .bind(micros(now))
    .bind(micros(allowed.expires_at))
    .fetch_one(tx.connection())
    .await?;
    Columns(&row).number("id")
}

/// What a token allows.
pub async fn token(store: &Store, id: i64) -> Result<Option<TokenRow>, StoreError> {
    let row = sqlx::query(
        "
        SELECT id, act, message, agency, campaign, address, expires_at, used_at
        FROM staff_token
        WHERE id = $1
        ",
    )
    .bind(id)
    .fetch_optional(&store.pool)
    .await?;
    row.map(|row| {
        let row = Columns(&row);
        Ok(TokenRow {
            id: row.number("id")?,
            allowed: Allowed {
                act: row.word("act", TokenAct::parse)?,
                message: row.number("message")?,
                agency: row.agency_or_none("agency")?,
                campaign: row.campaign_or_none("campaign")?,
                address: row.text("address")?,
                expires_at: row.time("expires_at")?,
            },
            used_at: row.time_or_none("used_at")?,
        })
    })
    .transpose()
}

/// Uses a token up; tells whether it still could be.
pub async fn take(tx: &mut Tx, id: i64, message: i64, now: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "
        UPDATE staff_token
        SET used_at = $3, used_by = $2
        WHERE id = $1 AND used_at IS NULL AND expires_at > $3
        ",
    )
    .bind(id)
    .bind(message)
    .bind(micros(now))
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::*;

    on_both! {
        a_token_is_used_once_and_in_time,
    }

    async fn a_token_is_used_once_and_in_time(store: Store) {
        with_campaign(&store).await;
        let message = new(&store, &mail("1", b"held")).await;
        let order = new(&store, &mail("2", b"order")).await;
        let allowed = Allowed {
            act: TokenAct::Assign,
            message,
            agency: Some(agency("ha-noi")),
            campaign: Some(campaign()),
            address: "can-bo@mic.example".to_owned(),
            expires_at: at("2023-02-27T08:00:00Z"),
        };
        let mut tx = store.begin().await.unwrap();
        let first = issue(&mut tx, &allowed, at(NOW)).await.unwrap();
        let second =
            issue(&mut tx, &Allowed { agency: None, campaign: None, ..allowed.clone() }, at(NOW)).await.unwrap();
        assert!(take(&mut tx, first, order, at("2023-02-27T07:59:59Z")).await.unwrap());
        assert!(!take(&mut tx, first, order, at(NOW)).await.unwrap(), "used");
        assert!(!take(&mut tx, second, order, at("2023-02-27T08:00:00Z")).await.unwrap(), "too late");
        assert!(!take(&mut tx, 99, order, at(NOW)).await.unwrap(), "never issued");
        tx.commit().await.unwrap();
        let row = token(&store, first).await.unwrap().unwrap();
        assert_eq!((row.allowed, row.used_at), (allowed, Some(at("2023-02-27T07:59:59Z"))));
        assert_eq!(token(&store, second).await.unwrap().unwrap().used_at, None);
        assert!(token(&store, 99).await.unwrap().is_none());
    }
}
