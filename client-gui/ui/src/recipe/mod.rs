//! What the playground's controls say. [`Recipe::process`] prints them as a value of `x-oss-process`, [`Recipe::adopt`] reads one back.

mod code;
mod process;
mod read;

use serde::{Deserialize, Serialize};
use shared::img::{Font, Gravity, ResizeMode};

pub use code::{Code, Subject};

use crate::words::word;

/// The steps that a picture may go through, each on or off; what is off keeps its values for later. They run in the order of these fields.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recipe {
    /// Which part of the picture.
    pub crop: Cropping,
    /// How large.
    pub resize: Resizing,
    /// Which way up.
    pub rotate: Rotating,
    /// How round.
    pub corners: Rounding,
    /// How bright, how sharp.
    pub tone: Toning,
    /// What is drawn on it.
    pub watermark: Marking,
    /// As which kind of file.
    pub output: Output,
    /// A process that was typed and that the controls cannot show; it stands in their place.
    pub by_hand: Option<String>,
}

/// `crop`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cropping {
    /// Whether it is done.
    pub on: bool,
    /// Pixels to keep; 0 keeps all columns.
    pub width: u32,
    /// Pixels to keep; 0 keeps all rows.
    pub height: u32,
    /// Pixels from the origin to the right.
    pub x: u32,
    /// Pixels from the origin downwards.
    pub y: u32,
    /// Where the origin is.
    pub from: Corner,
}

/// The origin of a crop: as [`Position`], but the top left by default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Corner(pub Position);

impl Default for Corner {
    fn default() -> Self {
        Self(Position::NorthWest)
    }
}

/// `resize`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Resizing {
    /// Whether it is done.
    pub on: bool,
    /// Which measure is given.
    pub by: Measure,
    /// In pixels: the width, or the longer or the shorter side.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Of the source.
    pub percent: u32,
    /// How the picture meets a box.
    pub fit: Fit,
    /// Whether a result larger than the source is made (`limit_0`).
    pub enlarge: bool,
    /// What [`Fit::Pad`] fills with: red, green, blue.
    pub color: [u8; 3],
}

impl Default for Resizing {
    fn default() -> Self {
        let (by, fit) = (Measure::default(), Fit::default());
        Self { on: true, by, width: 480, height: 360, percent: 50, fit, enlarge: false, color: [255; 3] }
    }
}

/// What a resize is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// `w`
    #[default]
    Width,
    /// `h`
    Height,
    /// `w` and `h`
    Box,
    /// `l`
    Longer,
    /// `s`
    Shorter,
    /// `p`
    Percent,
}

impl Measure {
    /// All of them, with their words.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Width, word("Width")),
        (Self::Height, word("Height")),
        (Self::Box, word("Width and height")),
        (Self::Longer, word("Longer side")),
        (Self::Shorter, word("Shorter side")),
        (Self::Percent, word("Percent")),
    ];
}

/// How a picture meets a box of width and height: IMG's `m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// `lfit`
    #[default]
    Inside,
    /// `mfit`
    Cover,
    /// `fill`
    Fill,
    /// `pad`
    Pad,
    /// `fixed`
    Stretch,
}

impl Fit {
    /// All of them, with IMG's value and what it does.
    pub const ALL: [(Self, ResizeMode, &'static str); 5] = [
        (Self::Inside, ResizeMode::Lfit, word("inside the box (lfit)")),
        (Self::Cover, ResizeMode::Mfit, word("covers the box (mfit)")),
        (Self::Fill, ResizeMode::Fill, word("covers it, cut off (fill)")),
        (Self::Pad, ResizeMode::Pad, word("inside, filled up (pad)")),
        (Self::Stretch, ResizeMode::Fixed, word("stretched to it (fixed)")),
    ];
}

/// `rotate`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rotating {
    /// Whether it is done.
    pub on: bool,
    /// Clockwise, 0 to 360.
    pub degrees: u32,
}

impl Default for Rotating {
    fn default() -> Self {
        Self { on: false, degrees: 90 }
    }
}

/// `rounded-corners`, or `circle`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rounding {
    /// Whether it is done.
    pub on: bool,
    /// A circle is cut out in place of rounding the corners.
    pub circle: bool,
    /// In pixels, 1 to 4096.
    pub radius: u32,
}

impl Default for Rounding {
    fn default() -> Self {
        Self { on: false, circle: false, radius: 30 }
    }
}

/// `bright`, `contrast`, `sharpen` and `blur`; 0 leaves each out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Toning {
    /// Whether any is done.
    pub on: bool,
    /// -100 to 100.
    pub bright: i32,
    /// -100 to 100.
    pub contrast: i32,
    /// 50 to 399.
    pub sharpen: i32,
    /// Radius and deviation, 1 to 50.
    pub blur: u32,
}

/// `watermark`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Marking {
    /// Whether it is drawn.
    pub on: bool,
    /// A picture of the bucket in place of words.
    pub picture: bool,
    /// The words.
    pub text: String,
    /// The name of their font, as OSS has it.
    pub font: String,
    /// The height of the font, in pixels.
    pub size: u32,
    /// Red, green, blue.
    pub color: [u8; 3],
    /// The opacity of the words' shadow, in percent.
    pub shadow: u8,
    /// Degrees clockwise.
    pub rotate: u32,
    /// The picture's object key.
    pub object: String,
    /// How large the picture is, in percent of the one that is marked; 0 leaves it as it is.
    pub percent: u32,
    /// Where it stands.
    pub position: Position,
    /// Pixels from the left or right edge.
    pub x: u32,
    /// Pixels from the upper or lower edge.
    pub y: u32,
    /// In percent.
    pub opacity: u8,
    /// Whether it is repeated all over.
    pub tile: bool,
}

impl Default for Marking {
    fn default() -> Self {
        Self {
            on: false,
            picture: false,
            text: String::new(),
            font: Font::WqyZenhei.name().to_owned(),
            size: 32,
            color: [255; 3],
            // Bright words stay legible on a bright sky.
            shadow: 40,
            rotate: 0,
            object: String::new(),
            percent: 20,
            position: Position::SouthEast,
            x: 10,
            y: 10,
            opacity: 100,
            tile: false,
        }
    }
}

/// `format`, `quality` and `interlace`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Output {
    /// Whether the format is another than the source's.
    pub convert: bool,
    /// Its name in `format`.
    pub format: String,
    /// Whether the quality is given.
    pub compress: bool,
    /// Of JPEG and WebP, 1 to 100.
    pub quality: u8,
    /// `q`: in percent of the source's own quality, in place of `Q`.
    pub relative: bool,
    /// A JPEG that appears coarse first.
    pub progressive: bool,
}

impl Default for Output {
    fn default() -> Self {
        Self {
            convert: false,
            format: "webp".to_owned(),
            compress: false,
            quality: 80,
            relative: false,
            progressive: false,
        }
    }
}

/// One of the nine places of a watermark, row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // the compass points explain themselves
pub enum Position {
    NorthWest,
    North,
    NorthEast,
    West,
    Center,
    East,
    SouthWest,
    South,
    #[default]
    SouthEast,
}

impl Position {
    /// All nine, row by row, with IMG's value and in words for tooltips and screen readers.
    pub const ALL: [(Self, Gravity, &'static str); 9] = [
        (Self::NorthWest, Gravity::NorthWest, word("top left")),
        (Self::North, Gravity::North, word("top")),
        (Self::NorthEast, Gravity::NorthEast, word("top right")),
        (Self::West, Gravity::West, word("middle left")),
        (Self::Center, Gravity::Center, word("centre")),
        (Self::East, Gravity::East, word("middle right")),
        (Self::SouthWest, Gravity::SouthWest, word("bottom left")),
        (Self::South, Gravity::South, word("bottom")),
        (Self::SouthEast, Gravity::SouthEast, word("bottom right")),
    ];
}

#[cfg(test)]
mod tests;
