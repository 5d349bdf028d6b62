//! The lists from which a cell is answered.

use crate::form::value::choice::WorkedOut;
use serde::Deserialize;
use std::sync::OnceLock;

/// The answers a choice column admits, in order.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChoiceList {
    /// The options in their printed order.
    pub options: Vec<ChoiceOption>,
    /// Words that make something else of an option behind them in the same clause: "chưa", "chuẩn bị".
    #[serde(default)]
    pub denials: Vec<String>,
    /// Words between two options that leave open which one is meant: "nhưng", "hoặc".
    #[serde(default)]
    pub contrasts: Vec<String>,
    /// Words that never stand in place of the "…" of an alias.
    #[serde(default)]
    pub not_between: Vec<String>,
    /// What reading works out of it once, when it is asked for.
    #[serde(skip)]
    pub(crate) worked_out: OnceLock<WorkedOut>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChoiceOption {
    /// The answer in JSON and in the database; it stays for ever.
    pub code: String,
    /// The printed option.
    pub text: String,
    /// Other words that mean this option; "…" within them stands for a few words of the same clause: "Đã được … phê duyệt".
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Whether words of the agency's own must follow ("Khác: ghi rõ").
    #[serde(default)]
    pub free_text: bool,
    /// Options whose words may stand in the explanation behind this one: of what is partly met, some is not.
    #[serde(default)]
    pub explained_by: Vec<String>,
    /// Words right before this option's that make an aim of it ("phấn đấu hoàn thành mua sắm"); then it is not chosen.
    #[serde(default)]
    pub not_after: Vec<String>,
    /// Words that, in what is written behind this option, may take something of it back ("Đã đáp ứng, còn thiếu …"), as a
    /// share below the whole does; then there is a remark `ID-limited`.
    #[serde(default)]
    pub limits: Vec<String>,
}

impl ChoiceList {
    /// Whether an option says that all is as it should be, so that words behind it can only take something back.
    pub fn is_whole(&self, code: &str) -> bool {
        self.options.iter().any(|option| option.code == code && !option.limits.is_empty())
    }
}
