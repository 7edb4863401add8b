//! The thumbnail step: what IMG makes of the object.

use super::Table;

/// English and Chinese.
pub const WORDS: Table = &[];
