//! The body of PutBucket: what a new bucket is to be.

use shared::error::{OssCode, OssError};

use super::fault::invalid;
use super::storage_class::StorageClass;
use super::tree::{Node, Part};

/// What a new bucket is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateBucket {
    /// The class of its objects.
    pub storage_class: StorageClass,
    /// `LRS` or `ZRS`.
    pub redundancy: &'static str,
}

impl CreateBucket {
    /// Reads a `CreateBucketConfiguration`; a body that is empty means Standard and LRS, as does an empty element.
    ///
    /// # Errors
    /// `MalformedXML`, `NotImplemented`, `InvalidArgument`, `InvalidLocationConstraint` for another region than `region` (`cn-hangzhou`).
    pub fn parse(xml: &str, region: &str) -> Result<Self, OssError> {
        let mut wanted = Self { storage_class: StorageClass::Standard, redundancy: "LRS" };
        if xml.trim().is_empty() {
            return Ok(wanted);
        }
        let root = Node::parse(xml, "CreateBucketConfiguration")?;
        root.check(&[
            ("StorageClass", Part::Text),
            ("DataRedundancyType", Part::Text),
            ("LocationConstraint", Part::Text),
        ])?;
        if let Some(class) = root.word("StorageClass") {
            wanted.storage_class = StorageClass::parse(class)?;
        }
        wanted.redundancy = match root.word("DataRedundancyType") {
            None | Some("LRS") => "LRS",
            Some("ZRS") => "ZRS",
            Some(other) => return Err(invalid("DataRedundancyType", other, "LRS or ZRS is expected")),
        };
        match root.word("LocationConstraint") {
            Some(place) if place.strip_prefix("oss-") != Some(region) => {
                let message = "The specified location-constraint is not valid";
                Err(OssError::new(OssCode::InvalidLocationConstraint, message)
                    .detail("LocationConstraint", place)
                    .detail("ErrorDetail", format!("this is oss-{region}")))
            }
            _ => Ok(wanted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_standard_unless_told_otherwise() {
        let made = |storage_class, redundancy| Ok(CreateBucket { storage_class, redundancy });
        for (inside, expected) in [
            ("", made(StorageClass::Standard, "LRS")),
            ("<StorageClass/>", made(StorageClass::Standard, "LRS")),
            ("<StorageClass>IA</StorageClass>", made(StorageClass::InfrequentAccess, "LRS")),
            ("<DataRedundancyType>ZRS</DataRedundancyType>", made(StorageClass::Standard, "ZRS")),
            ("<LocationConstraint>oss-cn-hangzhou</LocationConstraint>", made(StorageClass::Standard, "LRS")),
            ("<LocationConstraint>cn-hangzhou</LocationConstraint>", Err(OssCode::InvalidLocationConstraint)),
            ("<LocationConstraint>oss-cn-beijing</LocationConstraint>", Err(OssCode::InvalidLocationConstraint)),
            ("<StorageClass>ia</StorageClass>", Err(OssCode::InvalidArgument)),
            ("<DataRedundancyType>RRS</DataRedundancyType>", Err(OssCode::InvalidArgument)),
            ("<HnsStatus>Enabled</HnsStatus>", Err(OssCode::NotImplemented)),
        ] {
            let xml = format!("<CreateBucketConfiguration>{inside}</CreateBucketConfiguration>");
            assert_eq!(CreateBucket::parse(&xml, "cn-hangzhou").map_err(|error| error.code), expected, "{inside}");
        }
        assert_eq!(CreateBucket::parse(" \n", "cn-hangzhou"), Ok(made(StorageClass::Standard, "LRS").unwrap()));
    }
}
