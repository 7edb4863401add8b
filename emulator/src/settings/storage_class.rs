//! The storage classes, from hot to cold.

use serde::{Deserialize, Serialize};
use shared::error::OssError;

use super::fault::invalid;

/// A storage class. The order is that of lifecycle transitions: a later class is colder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum StorageClass {
    /// `Standard`
    Standard,
    /// `IA`
    InfrequentAccess,
    /// `Archive`
    Archive,
    /// `ColdArchive`
    ColdArchive,
    /// `DeepColdArchive`
    DeepColdArchive,
}

impl StorageClass {
    const ALL: [Self; 5] =
        [Self::Standard, Self::InfrequentAccess, Self::Archive, Self::ColdArchive, Self::DeepColdArchive];

    /// As OSS writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::InfrequentAccess => "IA",
            Self::Archive => "Archive",
            Self::ColdArchive => "ColdArchive",
            Self::DeepColdArchive => "DeepColdArchive",
        }
    }

    /// Reads a class; letter case counts.
    ///
    /// # Errors
    /// `InvalidArgument`, naming `StorageClass`.
    pub fn parse(text: &str) -> Result<Self, OssError> {
        let known = Self::ALL.into_iter().find(|class| class.as_str() == text);
        known.ok_or_else(|| {
            invalid("StorageClass", text, "Standard, IA, Archive, ColdArchive or DeepColdArchive is expected")
        })
    }
}
