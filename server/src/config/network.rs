//! The sections `TrustedProxies`, `Cors`, `Metrics`, `Tls` and `Audit`: whom to believe, whom to answer, and where to write.

use std::path::{Path, PathBuf};

use axum::http::HeaderValue;
use ipnet::IpNet;
use serde::Deserialize;
use serde_json::Value;

use super::section::{self, Section};
use crate::error::Problem;

/// The proxies whose `X-Forwarded-For` is believed: addresses or networks such as `10.0.0.0/8`.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct TrustedProxiesSection(Vec<Network>);

impl TrustedProxiesSection {
    /// The networks.
    pub(crate) fn networks(&self) -> Vec<IpNet> {
        self.0.iter().map(|network| network.0).collect()
    }
}

impl Section for TrustedProxiesSection {
    const KEY: &'static str = "TrustedProxies";

    fn read(value: &Value, problems: &mut Vec<Problem>) -> Option<Self> {
        section::object(value, Self::KEY, problems)
    }

    fn check(&self, at: &str, problems: &mut Vec<Problem>) {
        // The widest networks that anybody owns are 10.0.0.0/8 and fc00::/7.
        if self.networks().iter().any(|network| network.prefix_len() < 7) {
            section::wrong(problems, at, "a network of almost everybody would let strangers choose their address");
        }
    }
}

/// Who may read `/metrics`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct MetricsSection {
    /// Addresses or networks, beside this machine's own.
    allowed_from: Vec<Network>,
}

impl MetricsSection {
    /// The networks.
    pub(crate) fn networks(&self) -> Vec<IpNet> {
        self.allowed_from.iter().map(|network| network.0).collect()
    }
}

impl Section for MetricsSection {
    const KEY: &'static str = "Metrics";

    fn read(value: &Value, problems: &mut Vec<Problem>) -> Option<Self> {
        section::object(value, Self::KEY, problems)
    }

    fn check(&self, _: &str, _: &mut Vec<Problem>) {}
}

/// The web pages that may ask from a browser.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CorsSection {
    /// `https://app.example.com` and the like, or `*` for every page.
    pub allowed_origins: Vec<String>,
}

impl Section for CorsSection {
    const KEY: &'static str = "Cors";

    fn read(value: &Value, problems: &mut Vec<Problem>) -> Option<Self> {
        section::object(value, Self::KEY, problems)
    }

    fn check(&self, at: &str, problems: &mut Vec<Problem>) {
        for (index, origin) in self.allowed_origins.iter().enumerate() {
            let whole = origin.strip_prefix("https://").or(origin.strip_prefix("http://"));
            let good = whole.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', ' ']));
            if origin != "*" && !(good && HeaderValue::from_str(origin).is_ok()) {
                let what = "it must be * or an origin such as https://app.example.com, with no path";
                section::wrong(problems, format!("{at}.AllowedOrigins[{index}]"), what);
            }
        }
    }
}

/// The certificate of HTTPS, PEM. Both files are looked at again every few seconds.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TlsSection {
    /// The certificate and those that vouch for it, in that order.
    pub certificate_file: PathBuf,
    /// Its private key.
    pub key_file: PathBuf,
}

impl TlsSection {
    /// Relative paths are relative to `folder`.
    pub(super) fn in_folder(self, folder: &Path) -> Self {
        Self { certificate_file: folder.join(self.certificate_file), key_file: folder.join(self.key_file) }
    }
}

impl Section for TlsSection {
    const KEY: &'static str = "Tls";

    fn read(value: &Value, problems: &mut Vec<Problem>) -> Option<Self> {
        section::object(value, Self::KEY, problems)
    }

    fn check(&self, _: &str, _: &mut Vec<Problem>) {}
}

/// The audit trail.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AuditSection {
    /// Lines are appended to this file.
    pub file: PathBuf,
}

impl AuditSection {
    /// A relative path is relative to `folder`.
    pub(super) fn in_folder(self, folder: &Path) -> Self {
        Self { file: folder.join(self.file) }
    }
}

impl Section for AuditSection {
    const KEY: &'static str = "Audit";

    fn read(value: &Value, problems: &mut Vec<Problem>) -> Option<Self> {
        section::object(value, Self::KEY, problems)
    }

    fn check(&self, _: &str, _: &mut Vec<Problem>) {}
}

/// `10.0.0.0/8`, or a single address.
#[derive(Debug, Clone, Copy)]
struct Network(IpNet);

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let address = || text.parse::<std::net::IpAddr>().ok().map(IpNet::from);
        let found = text.parse().ok().or_else(address);
        found.map(Self).ok_or_else(|| serde::de::Error::custom("expected an address or a network such as 10.0.0.0/8"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told<T: Section>(value: &Value) -> String {
        let mut problems = Vec::new();
        let read = T::read(value, &mut problems);
        read.iter().for_each(|section| section.check(T::KEY, &mut problems));
        problems.first().map(ToString::to_string).unwrap_or_default()
    }

    #[test]
    fn mistakes_are_told_by_their_place() {
        assert_eq!(told::<TrustedProxiesSection>(&json!(["10.0.0.0/8", "192.0.2.1", "::1"])), "");
        assert!(
            told::<TrustedProxiesSection>(&json!(["::1", "proxy"]))
                .starts_with("TrustedProxies.[1]: expected an address")
        );
        for wide in ["0.0.0.0/0", "128.0.0.0/1", "::/0"] {
            assert!(told::<TrustedProxiesSection>(&json!([wide])).contains("everybody"), "{wide}");
        }
        assert_eq!(told::<CorsSection>(&json!({"AllowedOrigins": ["*", "http://localhost:3000"]})), "");
        for origin in ["app.example.com", "https://app.example.com/", "https://*.example.com", "https://"] {
            let found = told::<CorsSection>(&json!({ "AllowedOrigins": ["*", origin] }));
            assert!(found.starts_with("Cors.AllowedOrigins[1]: it must be"), "{origin}: {found}");
        }
        assert!(told::<TlsSection>(&json!({"CertificateFile": "a.pem"})).contains("KeyFile"));
        assert!(told::<AuditSection>(&json!({"Files": "a"})).contains("Audit.Files"));
        assert!(told::<MetricsSection>(&json!({"AllowedFrom": ["x"]})).contains("Metrics.AllowedFrom[0]"));
    }
}
