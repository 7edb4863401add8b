//! The certificate of HTTPS: made on this machine, kept in the data folder, and trusted by those who are told to.
//!
//! An authority of its own signs the server's certificate once; its key is then thrown away. So whoever trusts the authority
//! trusts this one server, and nobody can make it vouch for another.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use tokio_rustls::TlsAcceptor;

use crate::options::Options;
use crate::private_files::{FileError, PrivateFiles};

/// The file within the data folder; only its owner may read it.
const FILE: &str = "https.json";
/// How long a certificate is good. Some systems trust none that is good for more than 825 days.
const LIFE: Duration = Duration::days(820);
/// One that ends so soon is replaced at start.
const REMAINDER: Duration = Duration::days(30);

/// Why there is no HTTPS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is not as it was written.
    #[error("{}: {reason}. Remove the file, and another certificate is made; clients must then be told to trust that one.", path.display())]
    Kept {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// No certificate could be made.
    #[error("no certificate could be made: {0}")]
    Made(#[from] rcgen::Error),
    /// The work was broken off.
    #[error("no certificate could be made: {0}")]
    Broken(#[from] tokio::task::JoinError),
}

/// What HTTPS needs.
pub struct Identity {
    /// Answers handshakes.
    pub acceptor: TlsAcceptor,
    /// The authority's certificate, PEM: what a client is to trust.
    pub ca_pem: String,
}

/// What is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// What the certificate is for.
    names: Vec<String>,
    /// When it ends, in Unix seconds.
    ends: i64,
    ca: String,
    certificate: String,
    key: String,
}

/// The hosts that the certificate is for: this machine, the region's endpoints, the CNAMEs, and addresses that were asked for.
pub fn names(options: &Options) -> Vec<String> {
    let region = &options.region;
    let mut names = vec![
        "localhost".to_owned(),
        "*.localhost".to_owned(),
        // Not all clients accept a wildcard so high up.
        format!("{}.localhost", options.bucket),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
        format!("oss-{region}.aliyuncs.com"),
        format!("*.oss-{region}.aliyuncs.com"),
    ];
    names.extend(options.cname.iter().map(|cname| cname.host.clone()));
    let asked =
        [options.listen, options.sts_listen].map(|address| address.ip()).into_iter().filter(|ip| !ip.is_unspecified());
    names.extend(asked.map(|ip| ip.to_string()));
    names.sort();
    names.dedup();
    names
}

/// The identity kept in `dir`, or a new one where there is none, it is for other `names`, or it ends within 30 days.
///
/// # Errors
/// [`TlsError`].
pub async fn identity(dir: PathBuf, names: Vec<String>, now: OffsetDateTime) -> Result<Identity, TlsError> {
    tokio::task::spawn_blocking(move || find(&PrivateFiles::new(dir), &names, now)).await?
}

fn find(files: &PrivateFiles, names: &[String], now: OffsetDateTime) -> Result<Identity, TlsError> {
    let spoilt = |reason: String| TlsError::Kept { path: files.path(FILE), reason };
    let kept = match files.read(FILE)? {
        Some(text) => Some(serde_json::from_str::<Kept>(&text).map_err(|error| spoilt(error.to_string()))?),
        None => None,
    };
    let good = |kept: &Kept| kept.names == names && kept.ends > (now + REMAINDER).unix_timestamp();
    let kept = match kept.filter(good) {
        Some(kept) => kept,
        None => {
            let made = make(names, now)?;
            let text = serde_json::to_string_pretty(&made).map_err(|error| spoilt(error.to_string()))?;
            files.write(FILE, &text)?;
            made
        }
    };
    let acceptor = acceptor(&kept).map_err(spoilt)?;
    Ok(Identity { acceptor, ca_pem: kept.ca })
}

fn make(names: &[String], now: OffsetDateTime) -> Result<Kept, TlsError> {
    let (begins, ends) = (now - Duration::days(1), now + LIFE);
    let mut ca = CertificateParams::new(Vec::new())?;
    // A name of its own: stores that hold several of these tell them apart.
    ca.distinguished_name.push(DnType::CommonName, format!("OSS emulator {}", crate::request_id()));
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    (ca.not_before, ca.not_after) = (begins, ends);
    let ca_key = KeyPair::generate()?;
    let ca_pem = ca.self_signed(&ca_key)?.pem();

    let mut server = CertificateParams::new(names)?;
    server.distinguished_name.push(DnType::CommonName, "OSS emulator");
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    (server.not_before, server.not_after) = (begins, ends);
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &Issuer::new(ca, ca_key))?.pem();
    Ok(Kept { names: names.to_vec(), ends: ends.unix_timestamp(), ca: ca_pem, certificate, key: key.serialize_pem() })
}

fn acceptor(kept: &Kept) -> Result<TlsAcceptor, String> {
    let certificate = CertificateDer::from_pem_slice(kept.certificate.as_bytes()).map_err(|error| error.to_string())?;
    let key = PrivateKeyDer::from_pem_slice(kept.key.as_bytes()).map_err(|error| error.to_string())?;
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key));
    let mut config = config.map_err(|error| error.to_string())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_kept_until_it_no_longer_serves() {
        let dir = tempfile::tempdir().unwrap();
        let files = PrivateFiles::new(dir.path().to_owned());
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        let names = names(&Options::default());
        let ca = |names: &[String], now| find(&files, names, now).map(|identity| identity.ca_pem);
        let first = ca(&names, now).unwrap();
        assert_eq!(ca(&names, now + Duration::days(700)).unwrap(), first, "a restart keeps it");
        let renewed = ca(&names, now + Duration::days(800)).unwrap();
        assert_ne!(renewed, first, "one that ends is replaced");
        assert_ne!(ca(&names[1..], now).unwrap(), renewed, "one for other names is replaced");
        files.write(FILE, "{}").unwrap();
        let error = ca(&names, now).unwrap_err().to_string();
        assert!(error.contains("https.json") && error.contains("Remove the file"), "{error}");
        assert_eq!(files.read(FILE).unwrap().as_deref(), Some("{}"), "what cannot be read is not overwritten");
    }
}
