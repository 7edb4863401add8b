//! The TLS versions and cipher suites of a bucket: stored and returned.

use shared::error::OssError;

use super::fault::malformed;
use super::tree::{Node, Part, shortened};
use crate::xml::Xml;

const VERSIONS: [&str; 4] = ["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/// What a bucket asks of TLS; nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpsConfig {
    /// Whether `versions` are in force.
    pub enabled: bool,
    /// `TLSv1.0` to `TLSv1.3`, none twice.
    pub versions: Vec<String>,
    /// Absent when nothing is said of cipher suites.
    pub ciphers: Option<Ciphers>,
}

/// Which cipher suites a bucket accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ciphers {
    /// Whether they are in force.
    pub enabled: bool,
    /// The strong ones alone.
    pub strong: Option<bool>,
    /// Of TLS 1.2 and before.
    pub custom: Vec<String>,
    /// Of TLS 1.3.
    pub custom_tls13: Vec<String>,
}

impl HttpsConfig {
    /// Reads an `HttpsConfiguration`; a version given twice counts once.
    ///
    /// # Errors
    /// `MalformedXML`: also for unknown versions, and for TLS enabled without one.
    pub fn parse(xml: &str) -> Result<Self, OssError> {
        let root = Node::parse(xml, "HttpsConfiguration")?;
        root.check(&[("TLS", Part::Node), ("CipherSuite", Part::Node)])?;
        let mut config = Self::default();
        if let Some(tls) = root.child("TLS") {
            tls.check(&[("Enable", Part::Text), ("TLSVersion", Part::Texts)])?;
            config.enabled = enabled(tls)?;
            for version in tls.values("TLSVersion") {
                if !VERSIONS.contains(&version.trim()) {
                    let why = format!("TLSVersion {:?} is not one of {}", shortened(&version), VERSIONS.join(", "));
                    return Err(malformed(why));
                }
                let version = version.trim().to_owned();
                if !config.versions.contains(&version) {
                    config.versions.push(version);
                }
            }
            if config.enabled && config.versions.is_empty() {
                return Err(malformed("TLS is enabled without a TLSVersion"));
            }
        }
        config.ciphers = root.child("CipherSuite").map(Ciphers::read).transpose()?;
        Ok(config)
    }

    /// What GetBucketHttpsConfig returns; for a bucket that never asked, too.
    pub fn to_xml(&self) -> String {
        let mut xml = Xml::new("HttpsConfiguration");
        xml.open("TLS").leaf("Enable", self.enabled);
        self.versions.iter().for_each(|version| {
            xml.leaf("TLSVersion", version);
        });
        xml.close();
        if let Some(ciphers) = &self.ciphers {
            xml.open("CipherSuite").leaf("Enable", ciphers.enabled);
            if let Some(strong) = ciphers.strong {
                xml.leaf("StrongCipherSuite", strong);
            }
            for (name, suites) in
                [("CustomCipherSuite", &ciphers.custom), ("TLS13CustomCipherSuite", &ciphers.custom_tls13)]
            {
                suites.iter().for_each(|suite| {
                    xml.leaf(name, suite);
                });
            }
        }
        xml.finish()
    }
}

impl Ciphers {
    fn read(node: &Node) -> Result<Self, OssError> {
        node.check(&[
            ("Enable", Part::Text),
            ("StrongCipherSuite", Part::Text),
            ("CustomCipherSuite", Part::Texts),
            ("TLS13CustomCipherSuite", Part::Texts),
        ])?;
        Ok(Self {
            enabled: enabled(node)?,
            strong: node.flag("StrongCipherSuite")?,
            custom: node.values("CustomCipherSuite"),
            custom_tls13: node.values("TLS13CustomCipherSuite"),
        })
    }
}

fn enabled(node: &Node) -> Result<bool, OssError> {
    node.flag("Enable")?.ok_or_else(|| malformed("there is no Enable"))
}
