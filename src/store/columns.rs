//! The columns of a row as values of the program. The `Any` driver knows integers, text and blobs; the times,
//! flags, words and ids they stand for are made here, and a column that holds none of them is an error that
//! names it rather than a guess.

use super::StoreError;
use crate::{agency::AgencyId, campaign::CampaignId, clock};
use jiff::Timestamp;
use sqlx::{Row, any::AnyRow};

/// One row; every column is asked for by its name.
pub struct Columns<'r>(pub &'r AnyRow);

impl Columns<'_> {
    pub fn text(&self, column: &str) -> Result<String, StoreError> {
        Ok(self.0.try_get(column)?)
    }

    pub fn text_or_none(&self, column: &str) -> Result<Option<String>, StoreError> {
        Ok(self.0.try_get(column)?)
    }

    pub fn bytes(&self, column: &str) -> Result<Vec<u8>, StoreError> {
        Ok(self.0.try_get(column)?)
    }

    /// An integer of whatever width is wanted.
    pub fn number<T: TryFrom<i64>>(&self, column: &str) -> Result<T, StoreError> {
        fit(column, self.0.try_get(column)?)
    }

    pub fn number_or_none<T: TryFrom<i64>>(&self, column: &str) -> Result<Option<T>, StoreError> {
        let number: Option<i64> = self.0.try_get(column)?;
        number.map(|number| fit(column, number)).transpose()
    }

    pub fn flag(&self, column: &str) -> Result<bool, StoreError> {
        Ok(self.number::<i64>(column)? != 0)
    }

    pub fn flag_or_none(&self, column: &str) -> Result<Option<bool>, StoreError> {
        Ok(self.number_or_none::<i64>(column)?.map(|flag| flag != 0))
    }

    pub fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        Ok(clock::from_micros(self.number(column)?))
    }

    pub fn time_or_none(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.number_or_none(column)?.map(clock::from_micros))
    }

    /// A text through the door of its type, such as `Verdict::parse`.
    pub fn word<T>(&self, column: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, StoreError> {
        let value = self.text(column)?;
        parse(&value).ok_or_else(|| unknown(column, value))
    }

    pub fn word_or_none<T>(&self, column: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, StoreError> {
        let Some(value) = self.text_or_none(column)? else { return Ok(None) };
        parse(&value).map(Some).ok_or_else(|| unknown(column, value))
    }

    pub fn agency(&self, column: &str) -> Result<AgencyId, StoreError> {
        self.word(column, |text| AgencyId::parse(text).ok())
    }

    pub fn agency_or_none(&self, column: &str) -> Result<Option<AgencyId>, StoreError> {
        self.word_or_none(column, |text| AgencyId::parse(text).ok())
    }

    pub fn campaign(&self, column: &str) -> Result<CampaignId, StoreError> {
        self.word(column, CampaignId::parse)
    }

    pub fn campaign_or_none(&self, column: &str) -> Result<Option<CampaignId>, StoreError> {
        self.word_or_none(column, CampaignId::parse)
    }
}

fn fit<T: TryFrom<i64>>(column: &str, number: i64) -> Result<T, StoreError> {
    T::try_from(number).map_err(|_| unknown(column, number.to_string()))
}

fn unknown(column: &str, value: String) -> StoreError {
    StoreError::Unknown { column: column.to_owned(), value }
}
