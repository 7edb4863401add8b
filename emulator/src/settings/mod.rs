//! Bucket settings.
pub mod tagging;
pub mod versioning;
