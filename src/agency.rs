//! The bodies a campaign expects a report from, as the registry file names them, and which of them an e-mail
//! address belongs to. Addresses decide before domains; a domain matches itself and what lies below it, on
//! label boundaries only, so that `angiang.gov.vn` never claims mail of another province.

pub mod naming;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

/// The registry's stable name of an agency, such as `ha-noi`: lower-case letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct AgencyId(String);

impl AgencyId {
    /// Accepts 1 to 80 lower-case ASCII letters, digits and hyphens.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        let fits = !text.is_empty()
            && text.len() <= 80
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits { Ok(AgencyId(text.to_owned())) } else { Err(RegistryError::Id(text.to_owned())) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AgencyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What sort of body an agency is; rows of a form may apply to some kinds only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Ministry,
    MinisterialAgency,
    GovernmentAgency,
    Province,
    /// A department of the ministry that asks, or another body below it.
    Unit,
}

impl Kind {
    pub const ALL: [Kind; 5] =
        [Kind::Ministry, Kind::MinisterialAgency, Kind::GovernmentAgency, Kind::Province, Kind::Unit];

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Ministry => "ministry",
            Kind::MinisterialAgency => "ministerial_agency",
            Kind::GovernmentAgency => "government_agency",
            Kind::Province => "province",
            Kind::Unit => "unit",
        }
    }

    pub fn parse(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One line of the registry. Several values in a cell are separated by `;`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agency {
    /// Its name in commands, such as `ha-noi`: lower-case letters, digits and hyphens; the same for ever.
    pub id: AgencyId,
    /// What sort of body it is: one of the kinds below. Rows of a form may be for some kinds only.
    pub kind: Kind,
    /// The full official name, as it stands after "Kính gửi".
    pub name: String,
    /// The name in subjects and tables, such as "Hà Nội". Default: the name.
    pub short_name: String,
    /// The level-1 identification code (QCVN 102:2016/BTTTT; Quyết định 20/2020/QĐ-TTg), where confirmed. Default: none.
    pub code: Option<String>,
    /// Domains of its mail: who writes from them, or from below them, is taken for the agency. Default: none.
    pub domains: Vec<String>,
    /// Its addresses. Letters nobody asked for go to the first that is not blocked, and to that one alone. Default: none.
    pub addresses: Vec<String>,
    /// Whom to write to when the agency is overdue. Default: nobody.
    pub escalation: Vec<String>,
    /// Whether a report is owed, `true` or `false`. Default `true`.
    pub expected: bool,
}

/// All agencies of a campaign.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    agencies: Vec<Agency>,
    /// Where each stands among them.
    places: HashMap<AgencyId, usize>,
    digest: String,
}

/// What an address tells about its agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sender {
    /// The address itself stands in the registry.
    Address(AgencyId),
    /// The address lies under a domain of the agency.
    Domain(AgencyId),
    /// More than one agency claims it.
    Ambiguous(Vec<AgencyId>),
    Unknown,
}

/// Why a registry file was refused.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    #[error("agency id {0:?}: use lower-case letters, digits and hyphens")]
    Id(String),
    #[error("line {line}: {reason}")]
    Line { line: u64, reason: String },
    #[error("{0}")]
    Csv(#[from] csv::Error),
    #[error("the registry lists no agency")]
    Empty,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    kind: String,
    name: String,
    short_name: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    domains: String,
    #[serde(default)]
    addresses: String,
    #[serde(default)]
    escalation: String,
    #[serde(default)]
    expected: String,
}

impl Registry {
    /// Reads `id,kind,name,short_name,code,domains,addresses,escalation,expected`; several values are separated by `;`.
    pub fn parse(file: &[u8]) -> Result<Registry, RegistryError> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
        let headers = reader.headers()?.clone();
        let mut agencies = Vec::new();
        let mut seen = BTreeSet::new();
        for record in reader.records() {
            let record = record?;
            let line = record.position().map_or(0, csv::Position::line);
            let refuse = |reason: String| RegistryError::Line { line, reason };
            let fields: Line = record.deserialize(Some(&headers)).map_err(|e| refuse(e.to_string()))?;
            let agency = fields.into_agency().map_err(refuse)?;
            if !seen.insert(agency.id.clone()) {
                return Err(refuse(format!("agency {} stands here a second time", agency.id)));
            }
            agencies.push(agency);
        }
        if agencies.is_empty() {
            return Err(RegistryError::Empty);
        }
        Ok(Registry { places: places(&agencies), agencies, digest: format!("{:x}", Sha256::digest(file)) })
    }

    pub fn agencies(&self) -> &[Agency] {
        &self.agencies
    }

    pub fn get(&self, id: &AgencyId) -> Option<&Agency> {
        self.place(id).map(|place| &self.agencies[place])
    }

    /// Where an agency stands in the registry's order.
    pub fn place(&self, id: &AgencyId) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// The hash of the file it was read from: registries with the same one hold the same.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The same with an invented address at this host for every agency that has none, and whom that concerns.
    pub fn with_addresses_at(&self, host: &str) -> (Registry, Vec<AgencyId>) {
        let mut agencies = self.agencies.clone();
        let mut silent = Vec::new();
        for agency in agencies.iter_mut().filter(|agency| agency.addresses.is_empty()) {
            agency.addresses = vec![format!("{}@{host}", agency.id)];
            silent.push(agency.id.clone());
        }
        let digest = format!("{}@{host}", self.digest);
        (Registry { agencies, digest, places: self.places.clone() }, silent)
    }

    /// Whose address this is. An address of the registry decides before any domain.
    pub fn sender(&self, address: &str) -> Sender {
        let address = address.trim().to_lowercase();
        let by_address = self.ids(|agency| agency.addresses.contains(&address));
        match by_address.as_slice() {
            [one] => return Sender::Address(one.clone()),
            [] => {}
            _ => return Sender::Ambiguous(by_address),
        }
        let Some((_, host)) = address.rsplit_once('@') else {
            return Sender::Unknown;
        };
        let mut by_domain = self.ids(|agency| agency.domains.iter().any(|domain| lies_under(host, domain)));
        match by_domain.len() {
            0 => Sender::Unknown,
            1 => Sender::Domain(by_domain.remove(0)),
            _ => Sender::Ambiguous(by_domain),
        }
    }

    fn ids(&self, wanted: impl Fn(&Agency) -> bool) -> Vec<AgencyId> {
        self.agencies.iter().filter(|agency| wanted(agency)).map(|agency| agency.id.clone()).collect()
    }
}

fn places(agencies: &[Agency]) -> HashMap<AgencyId, usize> {
    agencies.iter().enumerate().map(|(place, agency)| (agency.id.clone(), place)).collect()
}

impl Line {
    fn into_agency(self) -> Result<Agency, String> {
        let kind = Kind::parse(&self.kind).ok_or_else(|| {
            let kinds = Kind::ALL.map(Kind::as_str).join(", ");
            format!("kind {:?} is none of {kinds}", self.kind)
        })?;
        if self.name.is_empty() {
            return Err("the name is empty".to_owned());
        }
        let expected = match self.expected.as_str() {
            "" | "true" | "yes" | "1" => true,
            "false" | "no" | "0" => false,
            other => return Err(format!("expected is {other:?}; write true or false")),
        };
        let addresses = lower_list(&self.addresses);
        let escalation = lower_list(&self.escalation);
        if let Some(wrong) = addresses.iter().chain(&escalation).find(|address| !looks_like_address(address)) {
            return Err(format!("{wrong:?} is no e-mail address"));
        }
        let domains = lower_list(&self.domains);
        if let Some(wrong) = domains.iter().find(|domain| !domain.contains('.') || domain.contains('@')) {
            return Err(format!("{wrong:?} is no domain"));
        }
        let short_name = if self.short_name.is_empty() { self.name.clone() } else { self.short_name };
        Ok(Agency {
            id: AgencyId::parse(&self.id).map_err(|e| e.to_string())?,
            kind,
            name: self.name,
            short_name,
            code: Some(self.code).filter(|code| !code.is_empty()),
            domains,
            addresses,
            escalation,
            expected,
        })
    }
}

/// Whether an address has one `@`, something before it and a dotted host of ordinary characters after it.
pub fn looks_like_address(address: &str) -> bool {
    let Some((local, host)) = address.split_once('@') else {
        return false;
    };
    let host_fits = host.contains('.')
        && host.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        });
    let local_fits = !local.is_empty()
        && !local.starts_with('.')
        && !local.ends_with('.')
        && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b));
    host_fits && local_fits
}

/// An address as logs may show it: first letter and host only.
pub fn masked(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, host)) => format!("{}***@{host}", local.chars().next().unwrap_or('*')),
        None => "***".to_owned(),
    }
}

/// A text as logs may show it: every address in it is masked.
pub fn masked_within(text: &str) -> String {
    let of_address = |c: char| c.is_alphanumeric() || "@.!#$%&'*+-/=?^_`{|}~".contains(c);
    let (mut shown, mut word) = (String::with_capacity(text.len()), String::new());
    for c in text.chars().map(Some).chain([None]) {
        match c {
            Some(c) if of_address(c) => word.push(c),
            end => {
                shown.push_str(&if word.contains('@') { masked(&word) } else { word.clone() });
                word.clear();
                shown.extend(end);
            }
        }
    }
    shown
}

fn lies_under(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|above| above.ends_with('.'))
}

fn lower_list(text: &str) -> Vec<String> {
    text.split(';').map(|item| item.trim().to_lowercase()).filter(|item| !item.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry() -> Registry {
        Registry::parse(
            "id,kind,name,short_name,code,domains,addresses,escalation,expected\n\
             an-giang,province,UBND tỉnh An Giang,An Giang,H01,angiang.example,,,\n\
             kien-giang,province,UBND tỉnh Kiên Giang,,,kiengiang.example;kg.example,dau.moi@post.example,,true\n\
             mic,ministry,Bộ TTTT,Bộ TTTT,,mic.example,,,false\n"
                .as_bytes(),
        )
        .unwrap()
    }

    #[test]
    fn a_domain_matches_itself_and_below_on_label_boundaries() {
        let registry = registry();
        let id = |text| AgencyId::parse(text).unwrap();
        for (address, sender) in [
            ("a@angiang.example", Sender::Domain(id("an-giang"))),
            ("A@SoTTTT.AnGiang.example", Sender::Domain(id("an-giang"))),
            ("a@xangiang.example", Sender::Unknown),
            ("a@angiang.example.evil.test", Sender::Unknown),
            ("a@kg.example", Sender::Domain(id("kien-giang"))),
            ("Dau.Moi@post.example", Sender::Address(id("kien-giang"))),
            ("other@post.example", Sender::Unknown),
            ("nobody", Sender::Unknown),
        ] {
            assert_eq!(registry.sender(address), sender, "{address}");
        }
    }

    #[test]
    fn the_registry_keeps_names_and_defaults() {
        let registry = registry();
        assert_eq!(registry.agencies()[1].short_name, "UBND tỉnh Kiên Giang");
        assert!(registry.agencies()[0].expected && !registry.agencies()[2].expected);
    }

    #[test]
    fn a_wrong_line_is_named() {
        let head = "id,kind,name,short_name,code,domains,addresses,escalation,expected\n";
        for (line, reason) in [
            ("Ha Noi,province,X,,,,,,", "line 2"),
            ("ha-noi,city,X,,,,,,", "none of ministry"),
            ("ha-noi,province,X,,,,no address,,", "no e-mail address"),
            ("ha-noi,province,X,,,,,,maybe", "write true or false"),
        ] {
            let error = Registry::parse(format!("{head}{line}\n").as_bytes()).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn logs_show_no_whole_address() {
        assert_eq!(masked("nguyen.van.a@hanoi.example"), "n***@hanoi.example");
        let said = "550 5.1.1 <nguyen.van.a@hanoi.example>: no such user (an@x.example)";
        assert_eq!(masked_within(said), "550 5.1.1 <n***@hanoi.example>: no such user (a***@x.example)");
        assert_eq!(masked_within("nothing to hide"), "nothing to hide");
    }
}
