//! HTTPS: a certificate from files, replaced while the server runs when the files are.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::config::TlsSection;
use crate::error::StartError;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(10);

/// The certificate in use.
#[derive(Clone)]
pub struct Tls {
    files: TlsSection,
    provider: Arc<CryptoProvider>,
    current: Arc<Current>,
    seen: Arc<Mutex<Pair>>,
}

/// What both files hold, PEM.
type Pair = (Vec<u8>, Vec<u8>);

#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Tls {
    /// Reads both files; blocks on them.
    ///
    /// # Errors
    /// [`StartError::Tls`] with the file that is wrong.
    pub fn load(files: &TlsSection) -> Result<Self, StartError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let start_error = |reason| StartError::Tls { reason };
        let pair = read(files).map_err(start_error)?;
        let key = parse(files, &pair, &provider).map_err(start_error)?;
        let current = Arc::new(Current(ArcSwap::from_pointee(key)));
        Ok(Self { files: files.clone(), provider, current, seen: Arc::new(Mutex::new(pair)) })
    }

    /// Answers handshakes, each with the certificate then in use.
    ///
    /// # Errors
    /// [`StartError::Tls`] in the words of the TLS library.
    pub fn acceptor(&self) -> Result<TlsAcceptor, StartError> {
        let builder =
            ServerConfig::builder_with_provider(Arc::clone(&self.provider)).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| StartError::Tls { reason: error.to_string() })?;
        let resolver: Arc<dyn ResolvesServerCert> = Arc::clone(&self.current) as _;
        let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Reads the files again, and uses them if they have changed and belong together; else the last good certificate stays.
    /// Whether there is a new one. Blocks on two small files.
    ///
    /// # Errors
    /// What is wrong, once for each change of the files.
    pub fn reload(&self) -> Result<bool, String> {
        let pair = read(&self.files)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == pair {
            return Ok(false);
        }
        let key = parse(&self.files, &pair, &self.provider);
        *seen = pair;
        self.current.0.store(Arc::new(key?));
        Ok(true)
    }

    /// Looks at the files every few seconds, for ever.
    pub(crate) async fn watch(self) {
        let mut looks = tokio::time::interval(LOOK);
        let mut unreadable = false;
        loop {
            looks.tick().await;
            let tls = self.clone();
            let outcome = tokio::task::spawn_blocking(move || tls.reload()).await;
            match outcome.unwrap_or_else(|error| Err(error.to_string())) {
                Ok(true) => {
                    tracing::info!(file = %self.files.certificate_file.display(), "another certificate is in use")
                }
                Ok(false) => unreadable = false,
                // What cannot be read stays so for a while; once is enough.
                Err(_) if unreadable => {}
                Err(reason) => {
                    unreadable = true;
                    tracing::error!(reason, "the certificate is not replaced; the last good one stays in use");
                }
            }
        }
    }
}

fn read(files: &TlsSection) -> Result<Pair, String> {
    let read = |name: &str, path: &Path| {
        std::fs::read(path).map_err(|error| format!("{name} {} cannot be read: {error}", path.display()))
    };
    Ok((read("CertificateFile", &files.certificate_file)?, read("KeyFile", &files.key_file)?))
}

fn parse(files: &TlsSection, (certificates, key): &Pair, provider: &CryptoProvider) -> Result<CertifiedKey, String> {
    let (certificate_file, key_file) = (files.certificate_file.display(), files.key_file.display());
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates).collect();
    let chain = chain.map_err(|error| format!("CertificateFile {certificate_file} is not PEM: {error}"))?;
    if chain.is_empty() {
        return Err(format!("CertificateFile {certificate_file} holds no certificate in PEM form"));
    }
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|_| format!("KeyFile {key_file} holds no private key in PEM form, without a passphrase"))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| {
        format!("CertificateFile {certificate_file} and KeyFile {key_file} do not go together: {error}")
    })
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}
