//! Where access logs go, and which headers and parameters they keep: stored and returned; no log is written.

use shared::error::{OssCode, OssError};

use super::tree::{Node, Part};
use crate::xml::Xml;

/// Where the access logs of a bucket go; nowhere without `enabled`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Logging {
    /// Absent when logging is off.
    pub enabled: Option<LoggingTarget>,
}

/// A place for access logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggingTarget {
    /// A bucket of the same owner and region; the caller checks that it is there ([`invalid_target`]).
    pub bucket: String,
    /// What the names of log objects begin with; may be empty.
    pub prefix: String,
    /// The role that writes them.
    pub role: Option<String>,
}

impl Logging {
    /// Reads a `BucketLoggingStatus`; an empty one turns logging off.
    ///
    /// # Errors
    /// `MalformedXML`.
    pub fn parse(xml: &str) -> Result<Self, OssError> {
        let root = Node::parse(xml, "BucketLoggingStatus")?;
        root.check(&[("LoggingEnabled", Part::Node)])?;
        let Some(node) = root.child("LoggingEnabled") else { return Ok(Self::default()) };
        node.check(&[("TargetBucket", Part::Text), ("TargetPrefix", Part::Text), ("LoggingRole", Part::Text)])?;
        let target = LoggingTarget {
            bucket: node.required("TargetBucket")?.to_owned(),
            prefix: node.value("TargetPrefix").unwrap_or_default().to_owned(),
            role: node.word("LoggingRole").map(str::to_owned),
        };
        Ok(Self { enabled: Some(target) })
    }

    /// What GetBucketLogging returns; when logging is off, too.
    pub fn to_xml(&self) -> String {
        let mut xml = Xml::new("BucketLoggingStatus");
        if let Some(target) = &self.enabled {
            xml.open("LoggingEnabled").leaf("TargetBucket", &target.bucket).leaf("TargetPrefix", &target.prefix);
            if let Some(role) = &target.role {
                xml.leaf("LoggingRole", role);
            }
        }
        xml.finish()
    }
}

/// 400, for a target bucket that does not exist or is another owner's.
pub fn invalid_target() -> OssError {
    let message = "put bucket log requester is not target bucket owner.";
    OssError::new(OssCode::InvalidTargetBucketForLogging, message)
}

/// The request headers and parameters that real-time logs keep besides the usual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFields {
    /// Names of headers.
    pub headers: Vec<String>,
    /// Names of URL parameters.
    pub parameters: Vec<String>,
}

impl LogFields {
    /// Reads a `UserDefinedLogFieldsConfiguration`.
    ///
    /// # Errors
    /// `MalformedXML`.
    pub fn parse(xml: &str) -> Result<Self, OssError> {
        let root = Node::parse(xml, "UserDefinedLogFieldsConfiguration")?;
        root.check(&[("HeaderSet", Part::Node), ("ParamSet", Part::Node)])?;
        let names = |set: &str, name: &'static str| -> Result<Vec<String>, OssError> {
            let Some(node) = root.child(set) else { return Ok(Vec::new()) };
            node.check(&[(name, Part::Texts)])?;
            Ok(node.values(name))
        };
        Ok(Self { headers: names("HeaderSet", "header")?, parameters: names("ParamSet", "parameter")? })
    }

    /// What GetUserDefinedLogFieldsConfig returns.
    pub fn to_xml(&self) -> String {
        let mut xml = Xml::new("UserDefinedLogFieldsConfiguration");
        for (set, name, values) in [("HeaderSet", "header", &self.headers), ("ParamSet", "parameter", &self.parameters)]
        {
            xml.open(set);
            values.iter().for_each(|value| {
                xml.leaf(name, value);
            });
            xml.close();
        }
        xml.finish()
    }
}

/// 404, for a bucket that names no fields.
pub fn missing_fields() -> OssError {
    let message = "The user defined log fields configuration does not exist.";
    OssError::new(OssCode::NoSuchUserDefinedLogFieldsConfig, message)
}
