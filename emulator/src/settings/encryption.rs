//! The default encryption of a bucket: stored and returned; nothing is encrypted by it.

use shared::error::{OssCode, OssError};

use super::fault::{invalid, malformed};
use super::tree::{Node, Part};
use crate::xml::Xml;

const ALGORITHMS: [&str; 3] = ["AES256", "KMS", "SM4"];

/// The rule that new objects of a bucket are encrypted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encryption {
    /// `AES256`, `KMS` or `SM4`.
    pub algorithm: String,
    /// The customer master key; with `KMS` alone.
    pub kms_key: Option<String>,
    /// `SM4`, or nothing for AES; with `KMS` alone.
    pub kms_data: Option<String>,
}

impl Encryption {
    /// Reads a `ServerSideEncryptionRule`.
    ///
    /// # Errors
    /// `MalformedXML`, `InvalidEncryptionAlgorithmError` (EC 0005-00000003), `InvalidArgument` for a key without KMS
    /// (EC 0005-00000204) or another data encryption than SM4 (EC 0005-00000203).
    pub fn parse(xml: &str) -> Result<Self, OssError> {
        let root = Node::parse(xml, "ServerSideEncryptionRule")?;
        root.check(&[("ApplyServerSideEncryptionByDefault", Part::Node)])?;
        let rule = root
            .child("ApplyServerSideEncryptionByDefault")
            .ok_or_else(|| malformed("there is no ApplyServerSideEncryptionByDefault"))?;
        rule.check(&[("SSEAlgorithm", Part::Text), ("KMSMasterKeyID", Part::Text), ("KMSDataEncryption", Part::Text)])?;
        let algorithm = rule.required("SSEAlgorithm")?;
        if !ALGORITHMS.contains(&algorithm) {
            let message = format!("The encryption algorithm must be one of {}.", ALGORITHMS.join(", "));
            return Err(OssError::new(OssCode::InvalidEncryptionAlgorithmError, message)
                .ec("0005-00000003")
                .detail("ArgumentName", "SSEAlgorithm")
                .detail("ArgumentValue", algorithm));
        }
        let (kms_key, kms_data) = (rule.word("KMSMasterKeyID"), rule.word("KMSDataEncryption"));
        if let Some(key) = kms_key.filter(|_| algorithm != "KMS") {
            return Err(invalid("KMSMasterKeyID", key, "a key goes with SSEAlgorithm KMS alone").ec("0005-00000204"));
        }
        if let Some(data) = kms_data.filter(|data| algorithm != "KMS" || *data != "SM4") {
            let why = "it is SM4, and goes with SSEAlgorithm KMS alone";
            return Err(invalid("KMSDataEncryption", data, why).ec("0005-00000203"));
        }
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Ok(Self { algorithm: algorithm.to_owned(), kms_key: owned(kms_key), kms_data: owned(kms_data) })
    }

    /// What GetBucketEncryption returns.
    pub fn to_xml(&self) -> String {
        let mut xml = Xml::new("ServerSideEncryptionRule");
        xml.open("ApplyServerSideEncryptionByDefault").leaf("SSEAlgorithm", &self.algorithm);
        for (name, value) in [("KMSMasterKeyID", &self.kms_key), ("KMSDataEncryption", &self.kms_data)] {
            if let Some(value) = value {
                xml.leaf(name, value);
            }
        }
        xml.finish()
    }
}

/// 404, for a bucket that encrypts nothing by default.
pub fn missing() -> OssError {
    let message = "The server side encryption configuration does not exist.";
    OssError::new(OssCode::NoSuchServerSideEncryptionRule, message).ec("0005-00000004")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_contradict_themselves_are_refused() {
        for (inside, code, ec) in [
            ("<SSEAlgorithm>DES</SSEAlgorithm>", OssCode::InvalidEncryptionAlgorithmError, Some("0005-00000003")),
            (
                "<SSEAlgorithm>AES256</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID>",
                OssCode::InvalidArgument,
                Some("0005-00000204"),
            ),
            (
                "<SSEAlgorithm>KMS</SSEAlgorithm><KMSDataEncryption>abc</KMSDataEncryption>",
                OssCode::InvalidArgument,
                Some("0005-00000203"),
            ),
            ("<KMSMasterKeyID>k</KMSMasterKeyID>", OssCode::MalformedXML, None),
        ] {
            let xml = format!(
                "<ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault>{inside}\
                 </ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>"
            );
            let error = Encryption::parse(&xml).unwrap_err();
            assert_eq!((error.code, error.ec.as_deref()), (code, ec), "{inside}");
        }
    }
}
