//! What recording a message may matter to: whether another one that was read meanwhile is to be read once more.

use crate::agency::AgencyId;

/// What recording a message may matter to when others are judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The mail of this agency, and of this address.
    Agency { agency: AgencyId, address: String },
    /// No other message.
    Nothing,
    /// Nobody can tell.
    Anything,
}

impl Scope {
    /// Whether what was recorded of one message may change what the other one is judged to be.
    pub fn touches(&self, other: &Scope) -> bool {
        match (self, other) {
            (Scope::Agency { agency, address }, Scope::Agency { agency: another, address: elsewhere }) => {
                agency == another || address == elsewhere
            }
            (Scope::Nothing, _) | (_, Scope::Nothing) => false,
            _ => true,
        }
    }
}
