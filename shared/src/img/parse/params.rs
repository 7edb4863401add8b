//! The tokens after an action's name, and their values.

use std::ops::RangeInclusive;

use super::super::error::ImgError;

/// The tokens after an action's name.
pub(super) struct Params<'a>(pub Vec<&'a str>);

impl<'a> Params<'a> {
    /// The value of `key`; empty where the key stands alone.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        let mut pairs = self.0.iter().rev().map(|token| token.split_once('_').unwrap_or((token, "")));
        pairs.find(|(k, _)| *k == key).map(|(_, value)| value)
    }

    /// What `read` makes of the value of `key`, if that is given.
    pub fn map<T>(
        &self,
        key: &'static str,
        ec: Option<&'static str>,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ImgError> {
        self.get(key).map(|text| read(text).ok_or_else(|| ImgError::value(key, text, ec))).transpose()
    }

    pub fn number(
        &self,
        key: &'static str,
        range: RangeInclusive<u32>,
        ec: Option<&'static str>,
    ) -> Result<Option<u32>, ImgError> {
        self.map(key, ec, |text| unsigned(text, &range))
    }

    pub fn percent(&self, key: &'static str, least: u32, ec: &'static str) -> Result<Option<u8>, ImgError> {
        Ok(self.number(key, least..=100, Some(ec))?.and_then(|n| u8::try_from(n).ok()))
    }

    pub fn flag(&self, key: &'static str, ec: &'static str) -> Result<Option<bool>, ImgError> {
        Ok(self.number(key, 0..=1, Some(ec))?.map(|n| n == 1))
    }
}

/// A number of digits alone.
fn unsigned(text: &str, range: &RangeInclusive<u32>) -> Option<u32> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|n| digits && range.contains(n))
}

/// A number with or without a minus.
pub(super) fn signed(text: &str, range: &RangeInclusive<i32>) -> Option<i32> {
    let digits = text.strip_prefix('-').unwrap_or(text).bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|n| digits && range.contains(n))
}
