//! Whom the wires trust: the system's certificate authorities, and those of a file that the configuration names.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio_rustls::rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

/// How long the system's authorities are remembered. The wires of a starting daemon ask one after the other, and reading
/// some hundred and fifty files takes longer than all else; a mailbox that is opened again must know a new authority.
const REMEMBERED: Duration = Duration::from_secs(60);

/// The system's authorities and those of the file; what is wrong with the file, in words.
pub fn trusting(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let mut roots = of_the_system();
    if let Some(path) = ca_file {
        let wrong = |e: String| format!("ca_file {}: {e}", path.display());
        let certificates = CertificateDer::pem_file_iter(path).map_err(|e| wrong(e.to_string()))?;
        let mut found = 0;
        for certificate in certificates {
            roots.add(certificate.map_err(|e| wrong(e.to_string()))?).map_err(|e| wrong(e.to_string()))?;
            found += 1;
        }
        if found == 0 {
            return Err(wrong("holds no certificate".to_owned()));
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

fn of_the_system() -> RootCertStore {
    static READ: Mutex<Option<(Instant, RootCertStore)>> = Mutex::new(None);
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((at, roots)) = &*read
        && at.elapsed() < REMEMBERED
    {
        return roots.clone();
    }
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let is_whole = found.errors.is_empty();
    roots.add_parsable_certificates(found.certs);
    *read = (is_whole && !roots.is_empty()).then(|| (Instant::now(), roots.clone()));
    roots
}
