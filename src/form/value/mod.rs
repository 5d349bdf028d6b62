//! What the text of one cell means, by the type of its column. Readers take text as people type it and return
//! a value or nothing; they know no form, no row and no cell.

pub mod choice;
pub mod completion;
pub mod contact;
pub mod number;
pub mod period;
pub mod prose;
mod spelling;
pub mod tick;
