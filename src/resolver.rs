//! Asking the domain name system for the keys of signatures, and for nothing else. What is asked for is known
//! beforehand and few; all answers together must come within a few seconds, and are remembered as long as they say.

use crate::message::signature::{Answer, Key};
use futures_util::future::join_all;
use mail_auth::hickory_resolver::{
    TokioResolver,
    config::{NameServerConfig, ResolverConfig, ResolverOpts},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::rr::{Name, RData, RecordType},
    system_conf::read_system_conf,
};
use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// For all answers together.
const PATIENCE: Duration = Duration::from_secs(5);
/// For one question to one server.
const ONE_TRY: Duration = Duration::from_secs(2);

/// Who is asked. Cheap to clone; clones remember together.
#[derive(Clone)]
pub struct Resolver(Option<Arc<Asked>>);

/// The library reads every certificate of the system to make a resolver, so that waits for the first question. What
/// could not be made then is tried again at the next.
struct Asked {
    config: ResolverConfig,
    options: ResolverOpts,
    made: Mutex<Option<TokioResolver>>,
}

/// Why there is nobody to ask.
#[derive(Debug, thiserror::Error)]
#[error("trust.resolver {0:?}: {1}")]
pub struct ResolverError(String, String);

impl Resolver {
    /// Who is asked, as the configuration names it: `system`, `none`, or the address of a server.
    pub fn open(named: &str) -> Result<Resolver, ResolverError> {
        let wrong = |why: String| ResolverError(named.to_owned(), why);
        let (config, mut options) = match named {
            "none" => return Ok(Resolver(None)),
            "system" => match read_system_conf() {
                Ok(system) => system,
                Err(error) => {
                    silent(&error);
                    return Ok(Resolver(None));
                }
            },
            server => (only(server).map_err(wrong)?, ResolverOpts::default()),
        };
        options.timeout = ONE_TRY;
        options.attempts = 1;
        Ok(Resolver(Some(Arc::new(Asked { config, options, made: Mutex::default() }))))
    }

    /// Nobody; every key stays unknown.
    pub fn nobody() -> Resolver {
        Resolver(None)
    }

    /// Looks up every name.
    pub async fn keys(&self, names: Vec<String>) -> Vec<Key> {
        let asked = names.into_iter().map(async |name| Key { answer: self.ask(&name).await, name });
        join_all(asked).await
    }

    async fn ask(&self, name: &str) -> Answer {
        let Some(asked) = &self.0 else { return Answer::Trouble("there is no resolver".to_owned()) };
        let resolver = match asked.resolver() {
            Ok(resolver) => resolver,
            Err(error) => return Answer::Trouble(error.to_string()),
        };
        // With its last dot, so that no search list makes another name of it.
        let Ok(name) = Name::from_ascii(format!("{name}.")) else { return Answer::Missing };
        match tokio::time::timeout(PATIENCE, resolver.lookup(name, RecordType::TXT)).await {
            Err(_) => Answer::Trouble(format!("no answer within {} s", PATIENCE.as_secs())),
            Ok(Ok(lookup)) => {
                Answer::Records(lookup.answers().iter().filter_map(|record| text(&record.data)).collect())
            }
            Ok(Err(NetError::Dns(DnsError::NoRecordsFound(_)))) => Answer::Missing,
            Ok(Err(error)) => Answer::Trouble(error.to_string()),
        }
    }
}

impl Asked {
    fn resolver(&self) -> Result<TokioResolver, NetError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(resolver) = &*made {
            return Ok(resolver.clone());
        }
        let builder = TokioResolver::builder_with_config(self.config.clone(), TokioRuntimeProvider::default());
        let resolver = builder.with_options(self.options.clone()).build().inspect_err(silent)?;
        *made = Some(resolver.clone());
        Ok(resolver)
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("asks", &self.0.is_some()).finish()
    }
}

/// Without anybody to ask signatures prove nothing; everything else goes on.
fn silent(error: &NetError) {
    tracing::warn!(%error, "the domain name system cannot be asked; signatures are not checked");
}

fn only(server: &str) -> Result<ResolverConfig, String> {
    let address = match (server.parse::<SocketAddr>(), server.parse()) {
        (Ok(address), _) => address,
        (_, Ok(ip)) => SocketAddr::new(ip, 53),
        _ => return Err("write system, none, or the address of a server such as 127.0.0.1:53".to_owned()),
    };
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    for connection in &mut server.connections {
        connection.port = address.port();
    }
    Ok(ResolverConfig::from_parts(None, Vec::new(), vec![server]))
}

fn text(data: &RData) -> Option<Vec<u8>> {
    // A long record comes in pieces that belong together.
    let RData::TXT(text) = data else { return None };
    Some(text.txt_data.iter().flat_map(|piece| piece.iter().copied()).collect())
}
