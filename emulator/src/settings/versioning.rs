//! Versioning.
use crate::store::Versioning;
use shared::error::OssError;
pub fn parse(xml: &str) -> Result<Versioning, OssError> {
    Ok(if xml.contains("Suspended") { Versioning::Suspended } else { Versioning::Enabled })
}
