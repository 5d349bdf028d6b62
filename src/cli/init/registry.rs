//! The registry with which an installation begins.

use crate::text;
use anyhow::Context as _;

/// The shipped registry as the office needs it: the ministry that asks owes no report to itself, and every other does.
pub fn of(text: &str, office: &str) -> anyhow::Result<String> {
    let own = text::key(office);
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let record = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes()).records().next();
        let record = record.transpose().context("the shipped registry")?.unwrap_or_default();
        let name = record.get(2).map(text::key).unwrap_or_default();
        let expected = (at > 0).then(|| line.rsplit_once(',')).flatten();
        lines.push(match expected {
            Some((rest, _)) => format!("{rest},{}", name != own),
            None => line.to_owned(),
        });
    }
    Ok(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ministry_that_asks_owes_no_report_to_itself() {
        let shipped = include_str!("../../../config/agencies.csv");
        let exempt = |office: &str| {
            let text = of(shipped, office).unwrap();
            assert_eq!(text.lines().count(), shipped.lines().count());
            let registry = crate::agency::Registry::parse(text.as_bytes()).unwrap();
            let agencies = registry.agencies().iter().filter(|agency| !agency.expected);
            agencies.map(|agency| agency.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(exempt("Bộ Thông tin và Truyền thông"), ["Bộ Thông tin và Truyền thông"]);
        assert_eq!(exempt("BỘ KHOA HỌC VÀ CÔNG NGHỆ"), ["Bộ Khoa học và Công nghệ"]);
        assert_eq!(exempt("Sở Tư pháp Hà Nội"), Vec::<String>::new());
    }
}
