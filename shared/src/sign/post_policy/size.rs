//! How large the file of a form may be: `content-length-range`, and OSS's own bound.

use crate::error::{OssCode, OssError};

/// The largest object of one PostObject, in bytes (DOC:0006-00000003).
pub const MAX_OBJECT_BYTES: u64 = 5 << 30;

/// Bounds of a file in bytes, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeLimits {
    /// The least.
    pub min: u64,
    /// The most.
    pub max: u64,
}

impl Default for SizeLimits {
    /// What a form without `content-length-range` may upload.
    fn default() -> Self {
        Self { min: 0, max: MAX_OBJECT_BYTES }
    }
}

impl SizeLimits {
    /// These bounds and another range's at once.
    #[must_use]
    pub fn within(self, min: u64, max: u64) -> Self {
        Self { min: self.min.max(min), max: self.max.min(max) }
    }

    /// Checks a file that has `so_far` bytes and may go on.
    ///
    /// # Errors
    /// 400 `EntityTooLarge`, EC 0006-00000003.
    pub fn check_so_far(self, so_far: u64) -> Result<(), OssError> {
        if so_far <= self.max {
            return Ok(());
        }
        Err(OssError::new(OssCode::EntityTooLarge, "Your proposed upload exceeds the maximum allowed size.")
            .ec("0006-00000003")
            .detail("MaxSizeAllowed", self.max.to_string()))
    }

    /// Checks a whole file.
    ///
    /// # Errors
    /// 400 `EntityTooLarge`, or `EntityTooSmall` with EC 0006-00000004.
    pub fn check_whole(self, size: u64) -> Result<(), OssError> {
        self.check_so_far(size)?;
        if size >= self.min {
            return Ok(());
        }
        Err(OssError::new(OssCode::EntityTooSmall, "Your proposed upload is smaller than the minimum allowed size.")
            .ec("0006-00000004")
            .detail("MinSizeAllowed", self.min.to_string())
            .detail("ProposedSize", size.to_string()))
    }
}
