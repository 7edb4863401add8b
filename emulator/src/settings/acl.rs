//! Access control lists of buckets and objects: in by a header, out as XML.

use serde::{Deserialize, Serialize};
use shared::error::{OssCode, OssError};

use crate::xml::Xml;

/// An access control list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Acl {
    /// Of an object alone: what its bucket says.
    Default,
    /// Nobody but the owner.
    Private,
    /// Everybody may read.
    PublicRead,
    /// Everybody may read and write.
    PublicReadWrite,
}

impl Acl {
    /// Reads the value of `x-oss-acl`.
    ///
    /// # Errors
    /// `InvalidArgument`.
    pub fn of_bucket(value: &str) -> Result<Self, OssError> {
        let known = Self::from_wire(value).filter(|acl| *acl != Self::Default);
        known.ok_or_else(|| unknown("bucket", "x-oss-acl", value))
    }

    /// Reads the value of `x-oss-object-acl`.
    ///
    /// # Errors
    /// `InvalidArgument`.
    pub fn of_object(value: &str) -> Result<Self, OssError> {
        Self::from_wire(value).ok_or_else(|| unknown("object", "x-oss-object-acl", value))
    }

    /// As OSS writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Private => "private",
            Self::PublicRead => "public-read",
            Self::PublicReadWrite => "public-read-write",
        }
    }

    /// Whether everybody may read.
    pub fn is_public(self) -> bool {
        matches!(self, Self::PublicRead | Self::PublicReadWrite)
    }

    /// Whether everybody may write.
    pub fn is_public_write(self) -> bool {
        self == Self::PublicReadWrite
    }

    /// What GetBucketAcl and GetObjectAcl return; `owner` is the account's number.
    pub fn to_xml(self, owner: &str) -> String {
        let mut xml = Xml::new("AccessControlPolicy");
        xml.owner("Owner", owner).open("AccessControlList").leaf("Grant", self.as_str());
        xml.finish()
    }

    fn from_wire(value: &str) -> Option<Self> {
        let all = [Self::Default, Self::Private, Self::PublicRead, Self::PublicReadWrite];
        all.into_iter().find(|acl| acl.as_str() == value)
    }
}

fn unknown(what: &str, header: &str, value: &str) -> OssError {
    OssError::new(OssCode::InvalidArgument, format!("no such {what} access control exists"))
        .detail("ArgumentName", header)
        .detail("ArgumentValue", value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_is_for_objects() {
        for (value, bucket, object) in [
            ("private", true, true),
            ("public-read", true, true),
            ("public-read-write", true, true),
            ("default", false, true),
            ("Private", false, false),
            ("", false, false),
        ] {
            assert_eq!((Acl::of_bucket(value).is_ok(), Acl::of_object(value).is_ok()), (bucket, object), "{value}");
        }
        let xml = Acl::PublicRead.to_xml("1234");
        assert!(xml.contains("<ID>1234</ID>") && xml.contains("<Grant>public-read</Grant>"), "{xml}");
    }
}
