//! Certificates for test servers, made by the `openssl` command once a test binary: an authority and a leaf, since
//! rustls accepts no authority's certificate as a server's.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, OnceLock},
};
use tempfile::TempDir;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

/// An authority of certificates that nobody trusts by himself.
pub struct Authority {
    folder: TempDir,
}

/// A server's certificate and key, as files; valid for `localhost`, `127.0.0.1` and `::1`.
#[derive(Debug, Clone)]
pub struct Leaf {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    /// The one whose leaf all test servers show.
    pub fn ours() -> &'static Authority {
        static OURS: OnceLock<Authority> = OnceLock::new();
        OURS.get_or_init(Authority::new)
    }

    /// Another one, whose certificates must be refused by whoever trusts only `ours`.
    pub fn new() -> Authority {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name).display().to_string();
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let mut authority = vec!["req", "-x509", "-days", "2", "-subj", "/CN=phuluc test authority"];
        authority.extend(key);
        let (ca_key, ca) = (at("ca.key"), at("ca.pem"));
        authority.extend(["-keyout", &ca_key, "-out", &ca]);
        openssl(&authority);
        std::fs::write(
            at("leaf.cnf"),
            "subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1\nbasicConstraints = CA:FALSE\n\
             extendedKeyUsage = serverAuth\n",
        )
        .expect("write leaf.cnf");
        let (leaf_key, request, leaf, extensions) = (at("leaf.key"), at("leaf.csr"), at("leaf.pem"), at("leaf.cnf"));
        let mut asked = vec!["req", "-new", "-subj", "/CN=localhost", "-keyout", &leaf_key, "-out", &request];
        asked.extend(key);
        openssl(&asked);
        let signed = ["x509", "-req", "-days", "2", "-in", &request, "-out", &leaf, "-extfile", &extensions];
        let by = ["-CA", &ca, "-CAkey", &ca_key, "-CAcreateserial"];
        openssl(&[&signed[..], &by[..]].concat());
        Authority { folder }
    }

    /// The authority's own certificate, for `ca_file`.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    pub fn leaf(&self) -> Leaf {
        Leaf { certificate: self.folder.path().join("leaf.pem"), key: self.folder.path().join("leaf.key") }
    }

    /// What a test server in Rust encrypts with.
    pub fn acceptor(&self) -> TlsAcceptor {
        let Leaf { certificate, key } = self.leaf();
        let chain = CertificateDer::pem_file_iter(certificate).expect("leaf.pem").map(|c| c.expect("a certificate"));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS versions")
            .with_no_client_auth()
            .with_single_cert(chain.collect(), PrivateKeyDer::from_pem_file(key).expect("leaf.key"))
            .expect("a leaf and its key");
        TlsAcceptor::from(Arc::new(config))
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn openssl(arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).output();
    let output = output.expect("the openssl command is needed for these tests: apt-get install openssl");
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
