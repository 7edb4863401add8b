//! `blur`, `bright`, `contrast` and `sharpen`: values within their ranges (`img-and-ram.md` §1.2).

use std::ops::RangeInclusive;

/// Degrees that `rotate` takes, clockwise.
pub const ROTATE: RangeInclusive<i32> = 0..=360;
/// What `bright` and `contrast` take; 0 changes nothing.
pub const TONE: RangeInclusive<i32> = -100..=100;
/// What `sharpen` takes; OSS recommends 100.
pub const SHARPEN: RangeInclusive<i32> = 50..=399;

/// The parameters of `blur`, both required.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blur {
    /// `r`: how many neighbours on each side count, 1 to 50.
    pub radius: u32,
    /// `s`: the standard deviation of their weights in pixels, 1 to 50.
    pub sigma: u32,
}

impl Blur {
    /// What both parameters take.
    pub const RANGE: RangeInclusive<u32> = 1..=50;
}
