//! How alike a text of a file must be to a name of the form to mean it. Each bound lies between the likest two names
//! that differ and the least like near-miss that must be joined: `tests/reading` measures both over the form's own
//! names, and `docs/reading.md` gives the figures.

/// The bounds for one kind of name.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// By the words that are shared.
    pub words: f64,
    /// By the letters.
    pub letters: f64,
}

/// Columns, labels and titles: few words, of which one is often left out or added.
pub const HEADING: Bound = Bound { words: 0.8, letters: 0.82 };
/// Rows: long names, some of which differ in their last words only.
pub const ROW: Bound = Bound { words: 0.85, letters: 0.92 };
/// A row's number decides although the name differs, unless it has nearly nothing in common with the declared one.
pub const RELATED: f64 = 0.3;
