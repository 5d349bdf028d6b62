//! Which agency a text names, by its official name, its code, and the short forms people use. A name is never proof
//! of who wrote: it helps staff to a guess. Short forms that two agencies share name neither.

use super::{Agency, AgencyId, Registry, RegistryError};
use crate::text;
use serde::Deserialize;
use std::{collections::BTreeMap, io::Read};

/// The short forms of agencies' names, from a file beside the registry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aliases(BTreeMap<String, Vec<String>>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    aliases: String,
}

/// Where a name stands in a text.
struct Hit<'a> {
    agency: &'a AgencyId,
    from: usize,
    to: usize,
}

impl Aliases {
    /// Reads `id,aliases`; several are separated by `;`. Agencies that no registry has do no harm.
    pub fn parse(file: impl Read) -> Result<Aliases, RegistryError> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
        let mut aliases = BTreeMap::new();
        for line in reader.deserialize() {
            let Line { id, aliases: names } = line?;
            let id = AgencyId::parse(&id)?.to_string();
            let names = names.split(';').map(text::key).filter(|name| !name.is_empty());
            aliases.entry(id).or_insert_with(Vec::new).extend(names);
        }
        Ok(Aliases(aliases))
    }

    fn of(&self, agency: &Agency) -> impl Iterator<Item = String> {
        let own = [Some(&agency.name), Some(&agency.short_name), agency.code.as_ref()];
        let own = own.into_iter().flatten().map(|name| text::key(name));
        own.chain(self.0.get(agency.id.as_str()).into_iter().flatten().cloned())
    }
}

/// The one agency that a text names; none where it names several, or none at all.
pub fn named<'a>(registry: &'a Registry, aliases: &Aliases, text: &str) -> Option<&'a Agency> {
    let text = text::key(text);
    let mut hits = Vec::new();
    for agency in registry.agencies() {
        for name in aliases.of(agency) {
            let mut from = 0;
            while let Some(at) = text::find_words(&text[from..], &name) {
                hits.push(Hit { agency: &agency.id, from: from + at, to: from + at + name.len() });
                from += at + name.len();
            }
        }
    }
    // A name within a longer one names nobody by itself.
    let within =
        |hit: &Hit| hits.iter().any(|h| h.from <= hit.from && hit.to <= h.to && h.to - h.from > hit.to - hit.from);
    let mut agencies: Vec<&AgencyId> = hits.iter().filter(|hit| !within(hit)).map(|hit| hit.agency).collect();
    agencies.sort_unstable();
    agencies.dedup();
    match agencies[..] {
        [only] => registry.get(only),
        _ => None,
    }
}

/// The agencies of which a text is the whole name.
pub fn called<'a>(registry: &'a Registry, aliases: &Aliases, text: &str) -> Vec<&'a Agency> {
    let text = text::key(text);
    registry.agencies().iter().filter(|agency| aliases.of(agency).any(|name| name == text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_names_one_agency_or_none() {
        let registry = Registry::parse(include_bytes!("../../config/agencies.csv")).unwrap();
        let aliases = Aliases::parse(include_bytes!("../../config/aliases.csv").as_slice()).unwrap();
        for (text, agency) in [
            ("Sở Kế hoạch tỉnh Hà Nam", "ha-nam"),
            ("UBND TP. HCM", "ho-chi-minh"),
            ("Sở TTTT TPHCM", "ho-chi-minh"),
            ("UBND tỉnh Thừa Thiên-Huế", "thua-thien-hue"),
            ("UBND tỉnh Đắc Nông", "dak-nong"),
            ("Cục CNTT, BYT", "bo-y-te"),
            ("mã định danh H26", "ha-noi"),
            ("Bộ Thông tin và Truyền thông", "bo-thong-tin-va-truyen-thong"),
            ("Trung tâm CNTT, Bộ NN&PTNT", "bo-nong-nghiep-va-phat-trien-nong-thon"),
            // Shared by two, or naming two, or only like a name.
            ("UBND tỉnh ĐN", ""),
            ("QN", ""),
            ("Hà Nội và Hà Nam", ""),
            ("Hà Năm", ""),
            ("Bộ", ""),
            ("", ""),
        ] {
            let found = named(&registry, &aliases, text).map_or("", |agency| agency.id.as_str());
            assert_eq!(found, agency, "{text}");
        }
    }

    #[test]
    fn an_agency_is_called_by_its_whole_name() {
        let registry = Registry::parse(include_bytes!("../../config/agencies.csv")).unwrap();
        let aliases = Aliases::parse(include_bytes!("../../config/aliases.csv").as_slice()).unwrap();
        for (text, agencies) in [
            ("ỦY BAN NHÂN DÂN TỈNH NGHỆ AN", vec!["nghe-an"]),
            ("Nghệ An", vec!["nghe-an"]),
            ("Bộ NN&PTNT", vec!["bo-nong-nghiep-va-phat-trien-nong-thon"]),
            ("Sở Kế hoạch tỉnh Nghệ An", vec![]),
            ("Trường Đại học Hà Nội", vec![]),
            ("", vec![]),
        ] {
            let called = called(&registry, &aliases, text);
            assert_eq!(called.iter().map(|agency| agency.id.as_str()).collect::<Vec<_>>(), agencies, "{text}");
        }
    }

    #[test]
    fn every_alias_belongs_to_an_agency_of_the_shipped_registry() {
        let registry = Registry::parse(include_bytes!("../../config/agencies.csv")).unwrap();
        let aliases = Aliases::parse(include_bytes!("../../config/aliases.csv").as_slice()).unwrap();
        for id in aliases.0.keys() {
            assert!(registry.get(&AgencyId::parse(id).unwrap()).is_some(), "{id}");
        }
        assert!(Aliases::parse("id,aliases\nHà Nội,HN\n".as_bytes()).is_err());
        assert!(Aliases::parse("id,names\nha-noi,HN\n".as_bytes()).is_err());
    }
}
