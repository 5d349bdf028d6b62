//! Everything that is data, read and checked together: the configuration, its campaigns with their forms,
//! registries and calendars, and the letters. What is wrong is named with its file; nothing is half loaded.

use crate::{
    agency::{Agency, Registry, RegistryError, naming::Aliases},
    calendar::{Calendar, SendWindows},
    campaign::{Campaign, CampaignId, OwnOffice, end_of_day},
    config::{Config, ConfigError, Office},
    form::{
        Circumstances,
        declaration::{DeclarationError, Form},
    },
    letter::{LetterError, Letters, context::date},
    sheet::{self, AgencyMark, Filled, FormWorkbook, Wording, WordingError},
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use rust_xlsxwriter::XlsxError;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What the daemon and every command work with.
#[derive(Debug)]
pub struct Setup {
    /// The configuration file it was read from.
    pub path: PathBuf,
    pub config: Config,
    pub zone: TimeZone,
    pub letters: Letters,
    /// The words of the workbooks that go out.
    pub wording: Wording,
    /// The short forms of agencies' names.
    pub aliases: Aliases,
    /// In the order of their ids.
    pub campaigns: Vec<OpenCampaign>,
}

/// A campaign with all that belongs to it.
#[derive(Debug, Clone)]
pub struct OpenCampaign {
    pub id: CampaignId,
    pub campaign: Campaign,
    pub form: Arc<Form>,
    pub registry: Arc<Registry>,
    pub calendar: Arc<Calendar>,
    /// Who runs it.
    pub office: Arc<Office>,
    /// When letters may leave that nobody asked for.
    pub windows: SendWindows,
    /// The last instant on time.
    pub deadline_at: Timestamp,
}

/// What is wrong with the data.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Form(#[from] DeclarationError),
    #[error(transparent)]
    Letters(#[from] LetterError),
    #[error(transparent)]
    Wording(#[from] WordingError),
    #[error("{path}: {source}")]
    Registry { path: PathBuf, source: RegistryError },
    #[error("{path}: {source}")]
    Calendar { path: PathBuf, source: csv::Error },
    #[error("{path}: {reason}")]
    Campaign { path: PathBuf, reason: String },
    #[error("{path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("there is no campaign {0:?}; the campaigns are: {1}")]
    NoCampaign(String, String),
}

impl Setup {
    /// Reads the configuration at `path` and all that it names.
    pub fn load(path: &Path) -> Result<Setup, SetupError> {
        let config = Config::load(path)?;
        let folder = config.path(&config.letters);
        // The letters of the program itself serve where the default folder is not there; a folder that is named
        // must be.
        let own = config.letters == Path::new("letters") && !folder.exists();
        let load_letters = || if own { Letters::embedded() } else { Letters::load(&folder) };
        // Letters and forms know nothing of each other, and both take their time.
        let (letters, campaigns) = std::thread::scope(|scope| {
            let letters = scope.spawn(load_letters);
            let campaigns = load_campaigns(&config);
            (letters.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), campaigns)
        });
        let (letters, campaigns) = (letters?, campaigns?);
        let wording = if own { Wording::shipped()? } else { Wording::load(&folder)? };
        let aliases = load_aliases(&config)?;
        Ok(Setup { path: path.to_owned(), zone: config.zone(), letters, wording, aliases, campaigns, config })
    }

    /// Our form as a workbook: blank, or filled with what was answered; for an agency, with its name on it.
    pub fn workbook(
        &self,
        campaign: &OpenCampaign,
        agency: Option<&Agency>,
        filled: Option<Filled>,
    ) -> Result<Vec<u8>, XlsxError> {
        let letter = &campaign.campaign.letter;
        let book = FormWorkbook {
            form: &campaign.form,
            campaign_letter: &self.wording.letter(&letter.number, &date(letter.date)),
            agency: agency.map(|agency| AgencyMark {
                id: agency.id.as_str(),
                name: &agency.name,
                code: agency.code.as_deref(),
                kind: agency.kind,
            }),
            filled,
        };
        sheet::write_in(&self.wording, &book)
    }

    /// The address in `outgoing.from`.
    pub fn from_address(&self) -> String {
        let from = &self.config.outgoing.from;
        let bare = from.rsplit_once('<').map_or(from.as_str(), |(_, rest)| rest.trim_end().trim_end_matches('>'));
        bare.trim().to_lowercase()
    }

    /// The domain of our Message-IDs.
    pub fn domain(&self) -> String {
        self.from_address().rsplit_once('@').map_or_else(|| "localhost".to_owned(), |(_, domain)| domain.to_owned())
    }

    /// Where bounces of our letters go.
    pub fn bounce_address(&self) -> String {
        self.config.outgoing.bounce.clone().unwrap_or_else(|| self.from_address())
    }

    pub fn is_staff(&self, address: &str) -> bool {
        self.staff().any(|staff| staff.eq_ignore_ascii_case(address))
    }

    /// The staff of the office, and of every campaign that has its own.
    fn staff(&self) -> impl Iterator<Item = &String> {
        let offices = self.campaigns.iter().map(|open| &*open.office);
        std::iter::once(&self.config.office).chain(offices).flat_map(|office| &office.staff)
    }

    /// Who runs a campaign; of what belongs to none, whoever runs the installation.
    pub fn office<'a>(&'a self, campaign: Option<&'a OpenCampaign>) -> &'a Office {
        campaign.map_or(&self.config.office, |open| &open.office)
    }

    /// Every address that we poll, send from or use for staff: mail from these is never answered.
    pub fn own_addresses(&self) -> Vec<String> {
        let mut own: Vec<String> = self.staff().map(|staff| staff.to_lowercase()).collect();
        own.sort_unstable();
        own.dedup();
        own.extend([self.from_address(), self.bounce_address().to_lowercase()]);
        own.extend(self.config.mailbox.user().filter(|user| user.contains('@')));
        own
    }

    /// Answers to all agencies within an hour at which something must be wrong: three for each agency.
    pub fn breaker(&self) -> u64 {
        let most = self.campaigns.iter().map(|campaign| campaign.registry.agencies().len()).max().unwrap_or_default();
        3 * most.max(10) as u64
    }

    /// The campaign of this id.
    pub fn campaign(&self, id: &str) -> Result<&OpenCampaign, SetupError> {
        self.campaigns.iter().find(|campaign| campaign.id.as_str() == id).ok_or_else(|| {
            let known: Vec<&str> = self.campaigns.iter().map(|campaign| campaign.id.as_str()).collect();
            SetupError::NoCampaign(id.to_owned(), known.join(", "))
        })
    }
}

impl OpenCampaign {
    /// The campaign as it is for an agency to which staff gave a last day of its own. That day rolled over days off when
    /// it was given; it is the one that the agency was told, whatever the calendar says since.
    pub fn until(mut self, own: Date, zone: &TimeZone) -> OpenCampaign {
        self.deadline_at = self.deadline_of(Some(own), zone);
        self.campaign.deadline = own;
        self.campaign.roll_over = false;
        self
    }

    /// The last instant of an agency's own last day, or the campaign's where it has none.
    pub fn deadline_of(&self, own: Option<Date>, zone: &TimeZone) -> Timestamp {
        own.map_or(self.deadline_at, |day| end_of_day(day, zone))
    }

    /// An agency's own last day, or the campaign's.
    pub fn deadline_day_of(&self, own: Option<Date>) -> Date {
        own.unwrap_or_else(|| self.last_day())
    }

    /// The campaign's last day.
    pub fn last_day(&self) -> Date {
        self.campaign.deadline_day(&self.calendar)
    }

    /// What reading a report must know beside its form; whose it is, as far as that is known.
    pub fn circumstances(&self, agency: Option<&Agency>) -> Circumstances {
        Circumstances {
            agency_kind: agency.map(|agency| agency.kind),
            letter_date: Some(self.campaign.letter.date),
            deadline: Some(self.last_day()),
        }
    }
}

/// A file that is named must be there; of the default one none is fine.
fn load_aliases(config: &Config) -> Result<Aliases, SetupError> {
    let path = config.path(&config.aliases);
    if config.aliases == Path::new("aliases.csv") && !path.exists() {
        return Ok(Aliases::default());
    }
    Aliases::parse(read(&path)?.as_bytes()).map_err(|source| SetupError::Registry { path, source })
}

fn load_campaigns(config: &Config) -> Result<Vec<OpenCampaign>, SetupError> {
    let folder = config.path(&config.campaigns);
    let entries = fs::read_dir(&folder).map_err(|source| SetupError::File { path: folder.clone(), source })?;
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in entries {
        let path = entry.map_err(|source| SetupError::File { path: folder.clone(), source })?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        let reason = "holds no campaign file; `phuluc new-campaign` writes one".to_owned();
        return Err(SetupError::Campaign { path: folder, reason });
    }
    let mut shared = Shared::default();
    files.iter().map(|path| load_campaign(config, path, &mut shared)).collect()
}

/// What several campaigns may name, read once.
#[derive(Default)]
struct Shared {
    forms: BTreeMap<PathBuf, Arc<Form>>,
    registries: BTreeMap<PathBuf, Arc<Registry>>,
    calendars: BTreeMap<PathBuf, Arc<Calendar>>,
}

/// What stands under this path, read where it was not yet.
fn once<T>(
    known: &mut BTreeMap<PathBuf, Arc<T>>,
    path: PathBuf,
    load: impl FnOnce(PathBuf) -> Result<T, SetupError>,
) -> Result<Arc<T>, SetupError> {
    if let Some(known) = known.get(&path) {
        return Ok(known.clone());
    }
    let loaded = Arc::new(load(path.clone())?);
    known.insert(path, loaded.clone());
    Ok(loaded)
}

fn load_campaign(config: &Config, path: &Path, shared: &mut Shared) -> Result<OpenCampaign, SetupError> {
    let wrong = |reason: String| SetupError::Campaign { path: path.to_owned(), reason };
    let text = read(path)?;
    let campaign: Campaign = toml::from_str(&text).map_err(|e| wrong(e.to_string()))?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let id = campaign.id().ok_or_else(|| wrong("the id takes ASCII letters, digits and hyphens".to_owned()))?;
    if id.as_str() != stem {
        return Err(wrong(format!("the id is {:?}, the file's name {stem:?}; make them the same", id.as_str())));
    }
    if campaign.deadline < campaign.opening() {
        return Err(wrong(format!("the deadline {} is before the opening {}", campaign.deadline, campaign.opening())));
    }
    let registry = once(&mut shared.registries, config.path(&campaign.registry_file()), |path| {
        Registry::parse(read(&path)?.as_bytes()).map_err(|source| SetupError::Registry { path, source })
    })?;
    let calendar = once(&mut shared.calendars, config.path(&campaign.calendar_file()), |path| {
        Calendar::parse(read(&path)?.as_bytes()).map_err(|source| SetupError::Calendar { path, source })
    })?;
    let form = once(&mut shared.forms, config.path(&campaign.form_file()), |path| Ok(Form::load(&path)?))?;
    if campaign.reminders.windows(2).any(|two| two[0] >= two[1])
        || campaign.reminders.iter().any(|step| step.abs() > 99)
    {
        return Err(wrong("reminders: write working days from the deadline, each once and in order".to_owned()));
    }
    let windows = campaign.send_windows.clone().unwrap_or_else(|| config.send_windows.clone());
    let deadline_at = campaign.deadline_at(&calendar, &config.zone());
    let office = Arc::new(office(config, &campaign.office));
    Ok(OpenCampaign { id, form, registry, calendar, office, windows, deadline_at, campaign })
}

fn office(config: &Config, own: &OwnOffice) -> Office {
    let Office { name, unit, contact, staff } = config.office.clone();
    Office {
        name: own.name.clone().unwrap_or(name),
        unit: own.unit.clone().unwrap_or(unit),
        contact: own.contact.clone().unwrap_or(contact),
        staff: own.staff.clone().unwrap_or(staff),
    }
}

fn read(path: &Path) -> Result<String, SetupError> {
    fs::read_to_string(path).map_err(|source| SetupError::File { path: path.to_owned(), source })
}
