//! Values that several actions share: colours, positions, base64, names.

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE_NO_PAD, URL_SAFE_NO_PAD_INDIFFERENT};

/// A colour, `RRGGBB` in hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub [u8; 3]);

impl Rgb {
    /// `FFFFFF`
    pub const WHITE: Self = Self([255; 3]);
    /// `000000`
    pub const BLACK: Self = Self([0; 3]);

    /// Reads six hexadecimal digits of either case.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rgb = [0; 3];
        hex::decode_to_slice(text, &mut rgb).ok()?;
        Some(Self(rgb))
    }
}

/// One of the nine cells that a watermark may stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gravity {
    /// `nw`, top left
    NorthWest,
    /// `north`, top centre
    North,
    /// `ne`, top right
    NorthEast,
    /// `west`, middle left
    West,
    /// `center`
    Center,
    /// `east`, middle right
    East,
    /// `sw`, bottom left
    SouthWest,
    /// `south`, bottom centre
    South,
    /// `se`, bottom right; the default
    #[default]
    SouthEast,
}

impl Gravity {
    /// All cells row by row, with the names that they have in `g_…`.
    pub const NAMES: [(Self, &'static str); 9] = [
        (Self::NorthWest, "nw"),
        (Self::North, "north"),
        (Self::NorthEast, "ne"),
        (Self::West, "west"),
        (Self::Center, "center"),
        (Self::East, "east"),
        (Self::SouthWest, "sw"),
        (Self::South, "south"),
        (Self::SouthEast, "se"),
    ];

    /// Its name in `g_…`.
    pub fn name(self) -> &'static str {
        name_of(&Self::NAMES, self)
    }
}

/// The name of `wanted` in a table that holds every value of its type.
pub(super) fn name_of<T: PartialEq>(names: &[(T, &'static str)], wanted: T) -> &'static str {
    names.iter().find(|(value, _)| *value == wanted).map_or("", |(_, name)| name)
}

/// The value called `name`.
pub(super) fn named<T: Copy>(names: &[(T, &'static str)], name: &str) -> Option<T> {
    names.iter().find(|(_, n)| *n == name).map(|(value, _)| *value)
}

/// URL-safe base64 without padding.
pub(super) fn to_base64(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// Text from base64. Real OSS takes the URL-safe and the standard alphabet, padded or not (measured by ali-oss' own tests).
pub(super) fn from_base64(encoded: &str) -> Option<String> {
    let url_safe = encoded.replace('+', "-").replace('/', "_");
    String::from_utf8(URL_SAFE_NO_PAD_INDIFFERENT.decode(url_safe).ok()?).ok()
}
