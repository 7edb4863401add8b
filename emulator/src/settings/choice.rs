//! Settings of one element with few values, as data: versioning, payer, acceleration and the like.

use shared::error::{OssCode, OssError};

use super::fault::malformed;
use super::tree::{Node, Part};
use crate::xml::Xml;

/// `<root><element>value</element></root>`.
#[derive(Debug)]
pub struct Choice {
    root: &'static str,
    element: &'static str,
    values: Values,
    /// What a body without the element means; `MalformedXML` when there is nothing.
    implied: Option<&'static str>,
    unset: Unset,
}

#[derive(Debug)]
enum Values {
    /// true or false, in any letter case.
    Flag,
    /// One of these, letter by letter.
    OneOf(&'static [&'static str]),
    /// Any text but none.
    Text,
}

/// What GET answers for a bucket that has no such setting.
#[derive(Debug)]
enum Unset {
    Value(&'static str),
    /// The root element alone.
    Empty,
    Missing(OssCode, &'static str),
}

/// `?versioning`: Enabled or Suspended; empty for a bucket that never had versions.
pub static VERSIONING: Choice = Choice {
    root: "VersioningConfiguration",
    element: "Status",
    values: Values::OneOf(&["Enabled", "Suspended"]),
    implied: None,
    unset: Unset::Empty,
};

/// `?requestPayment`: BucketOwner or Requester.
pub static REQUEST_PAYMENT: Choice = Choice {
    root: "RequestPaymentConfiguration",
    element: "Payer",
    values: Values::OneOf(&["BucketOwner", "Requester"]),
    implied: None,
    unset: Unset::Value("BucketOwner"),
};

/// `?transferAcceleration`
pub static TRANSFER_ACCELERATION: Choice = Choice {
    root: "TransferAccelerationConfiguration",
    element: "Enabled",
    values: Values::Flag,
    implied: None,
    unset: Unset::Missing(
        OssCode::NoSuchTransferAccelerationConfiguration,
        "The transfer acceleration configuration does not exist.",
    ),
};

/// `?accessmonitor`: Enabled or Disabled.
pub static ACCESS_MONITOR: Choice = Choice {
    root: "AccessMonitorConfiguration",
    element: "Status",
    values: Values::OneOf(&["Enabled", "Disabled"]),
    implied: None,
    unset: Unset::Value("Disabled"),
};

/// `?bucketArchiveDirectRead`
pub static ARCHIVE_DIRECT_READ: Choice = Choice {
    root: "ArchiveDirectReadConfiguration",
    element: "Enabled",
    values: Values::Flag,
    implied: Some("false"),
    unset: Unset::Missing(
        OssCode::NoSuchArchiveDirectReadConfiguration,
        "The archive direct read configuration does not exist.",
    ),
};

/// `?publicAccessBlock`
pub static PUBLIC_ACCESS_BLOCK: Choice = Choice {
    root: "PublicAccessBlockConfiguration",
    element: "BlockPublicAccess",
    values: Values::Flag,
    implied: Some("false"),
    unset: Unset::Value("false"),
};

/// `?resourceGroup`: the id of any group; the emulator knows none but the default.
pub static RESOURCE_GROUP: Choice = Choice {
    root: "BucketResourceGroupConfiguration",
    element: "ResourceGroupId",
    values: Values::Text,
    implied: None,
    unset: Unset::Value("rg-default-id"),
};

impl Choice {
    /// Reads the body of PUT; the value in OSS's spelling.
    ///
    /// # Errors
    /// `MalformedXML`, as OSS answers to a versioning status that it does not know.
    pub fn parse(&self, xml: &str) -> Result<String, OssError> {
        let root = Node::parse(xml, self.root)?;
        root.check(&[(self.element, Part::Text)])?;
        let given = match (root.word(self.element), self.implied) {
            (Some(given), _) => given,
            (None, Some(implied)) => implied,
            (None, None) => return Err(malformed(format!("{} has no {}", self.root, self.element))),
        };
        let value = match self.values {
            Values::Flag => Some(given.to_ascii_lowercase()).filter(|value| value == "true" || value == "false"),
            Values::OneOf(values) => values.contains(&given).then(|| given.to_owned()),
            Values::Text => Some(given.to_owned()),
        };
        value.ok_or_else(|| {
            let expected = match self.values {
                Values::OneOf(values) => values.join(" or "),
                Values::Flag | Values::Text => "true or false".to_owned(),
            };
            malformed(format!("{} is not {expected}", self.element))
        })
    }

    /// What GET returns for a value.
    pub fn to_xml(&self, value: &str) -> String {
        let mut xml = Xml::new(self.root);
        xml.leaf(self.element, value);
        xml.finish()
    }

    /// What GET answers for a bucket without the setting.
    ///
    /// # Errors
    /// 404, where OSS has a code for it.
    pub fn unset(&self) -> Result<String, OssError> {
        match &self.unset {
            Unset::Value(value) => Ok(self.to_xml(value)),
            Unset::Empty => Ok(Xml::new(self.root).finish()),
            Unset::Missing(code, message) => Err(OssError::new(code.clone(), *message)),
        }
    }

    /// The value in force for a bucket with this stored text: its own or, without one, the default; `None` without either.
    ///
    /// # Errors
    /// `MalformedXML` when the stored text is not what [`Choice::to_xml`] wrote.
    pub fn value(&self, stored: Option<&str>) -> Result<Option<String>, OssError> {
        match (stored, &self.unset) {
            (Some(xml), _) => self.parse(xml).map(Some),
            (None, Unset::Value(value)) => Ok(Some((*value).to_owned())),
            (None, Unset::Empty | Unset::Missing(..)) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_few_and_spelt_one_way() {
        let choices = [
            (&VERSIONING, vec![("Enabled", true), ("Suspended", true), ("Disabled", false), ("None", false)]),
            (&REQUEST_PAYMENT, vec![("Requester", true), ("BucketOwner", true), ("requester", false)]),
            (&TRANSFER_ACCELERATION, vec![("true", true), ("False", true), ("yes", false), ("", false)]),
            (&ACCESS_MONITOR, vec![("Enabled", true), ("Disabled", true), ("Suspended", false)]),
            (&ARCHIVE_DIRECT_READ, vec![("true", true), ("", true), ("1", false)]),
            (&PUBLIC_ACCESS_BLOCK, vec![("True", true), ("", true), ("no", false)]),
            (&RESOURCE_GROUP, vec![("rg-aekz", true), ("", false)]),
        ];
        for (choice, values) in choices {
            for (value, fits) in values {
                let read = choice.parse(&choice.to_xml(value));
                assert_eq!(read.is_ok(), fits, "{} {value}", choice.root);
                if let Ok(read) = read {
                    assert_eq!(choice.value(Some(&choice.to_xml(&read))), Ok(Some(read)));
                }
            }
        }
    }

    #[test]
    fn each_answers_for_a_bucket_without_it() {
        for (choice, value, answer) in [
            (&VERSIONING, None, Ok("<VersioningConfiguration>\n</VersioningConfiguration>")),
            (&REQUEST_PAYMENT, Some("BucketOwner"), Ok("<Payer>BucketOwner</Payer>")),
            (&TRANSFER_ACCELERATION, None, Err("NoSuchTransferAccelerationConfiguration")),
            (&ACCESS_MONITOR, Some("Disabled"), Ok("<Status>Disabled</Status>")),
            (&ARCHIVE_DIRECT_READ, None, Err("NoSuchArchiveDirectReadConfiguration")),
            (&PUBLIC_ACCESS_BLOCK, Some("false"), Ok("<BlockPublicAccess>false</BlockPublicAccess>")),
            (&RESOURCE_GROUP, Some("rg-default-id"), Ok("<ResourceGroupId>rg-default-id</ResourceGroupId>")),
        ] {
            assert_eq!(choice.value(None), Ok(value.map(str::to_owned)));
            match (choice.unset(), answer) {
                (Ok(xml), Ok(part)) => assert!(xml.contains(part), "{xml}"),
                (Err(error), Err(code)) => assert_eq!((error.code.as_str(), error.status), (code, 404)),
                (found, expected) => panic!("{found:?} instead of {expected:?}"),
            }
        }
    }
}
