//! `watermark`: text, a picture of the same bucket, or both side by side (`img-and-ram.md` §1.2, §1.4).

use super::Process;
use super::value::{Gravity, Rgb};

/// The longest text of a watermark, in bytes of UTF-8; a Chinese character counts 3.
pub const MAX_TEXT_BYTES: usize = 64;

/// The parameters of `watermark`. At least one of `text` and `image` must be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watermark {
    /// `text` and how it looks.
    pub text: Option<TextWatermark>,
    /// `image`.
    pub image: Option<ImageWatermark>,
    /// `t`: opacity in percent, 0 to 100.
    pub opacity: u8,
    /// `g`: where it stands.
    pub gravity: Gravity,
    /// `x`: distance from the left or right edge in pixels, 0 to 4096; of no effect in the middle column.
    pub x: u32,
    /// `y`: distance from the top or bottom edge in pixels, 0 to 4096; of no effect in the middle row.
    pub y: u32,
    /// `voffset`: pixels below the middle, -1000 to 1000; only in the middle row.
    pub voffset: i32,
    /// `fill`: whether it is repeated over the whole picture.
    pub fill: bool,
    /// `padx`: pixels between repetitions in a row, 0 to 4096.
    pub padx: u32,
    /// `pady`: pixels between rows of repetitions, 0 to 4096.
    pub pady: u32,
    /// `order`: of text and image together, whether the text stands first.
    pub text_first: bool,
    /// `align`: how text and image together line up.
    pub align: Align,
    /// `interval`: pixels between text and image, 0 to 1000.
    pub interval: u32,
}

impl Default for Watermark {
    fn default() -> Self {
        Self {
            text: None,
            image: None,
            opacity: 100,
            gravity: Gravity::SouthEast,
            x: 10,
            y: 10,
            voffset: 0,
            fill: false,
            padx: 0,
            pady: 0,
            text_first: false,
            align: Align::Bottom,
            interval: 0,
        }
    }
}

/// How text and image of one watermark line up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// `0`
    Top,
    /// `1`
    Middle,
    /// `2`, the default
    Bottom,
}

/// One line of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextWatermark {
    /// `text`: 1 to [`MAX_TEXT_BYTES`] bytes.
    pub text: String,
    /// `type`
    pub font: Font,
    /// `color`
    pub color: Rgb,
    /// `size`: height of the font in pixels, 1 to 1000.
    pub size: u32,
    /// `shadow`: opacity of the shadow in percent, 0 to 100.
    pub shadow: u8,
    /// `rotate`: degrees clockwise, 0 to 360.
    pub rotate: u32,
}

impl Default for TextWatermark {
    fn default() -> Self {
        Self { text: String::new(), font: Font::WqyZenhei, color: Rgb::BLACK, size: 40, shadow: 0, rotate: 0 }
    }
}

/// A picture of the same bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageWatermark {
    /// The object's key.
    pub object: String,
    /// What is done to it first: `resize` only, whose `P` counts against the picture being marked.
    pub process: Option<Process>,
}

/// The fonts that OSS offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Font {
    /// WenQuanYi Zen Hei, the default
    WqyZenhei,
    /// WenQuanYi Micro Hei
    WqyMicrohei,
    /// FangZheng Shusong
    FangzhengShusong,
    /// FangZheng Kaiti
    FangzhengKaiti,
    /// FangZheng Heiti
    FangzhengHeiti,
    /// FangZheng Fangsong
    FangzhengFangsong,
    /// Droid Sans Fallback
    DroidSansFallback,
}

impl Font {
    /// All fonts, with the names whose base64 stands in `type_…`.
    pub const NAMES: [(Self, &'static str); 7] = [
        (Self::WqyZenhei, "wqy-zenhei"),
        (Self::WqyMicrohei, "wqy-microhei"),
        (Self::FangzhengShusong, "fangzhengshusong"),
        (Self::FangzhengKaiti, "fangzhengkaiti"),
        (Self::FangzhengHeiti, "fangzhengheiti"),
        (Self::FangzhengFangsong, "fangzhengfangsong"),
        (Self::DroidSansFallback, "droidsansfallback"),
    ];

    /// Its name, before base64.
    pub fn name(self) -> &'static str {
        super::value::name_of(&Self::NAMES, self)
    }
}

impl Watermark {
    /// A watermark of this text, otherwise by default.
    pub fn of_text(text: TextWatermark) -> Self {
        Self { text: Some(text), ..Self::default() }
    }

    /// A watermark of this picture, otherwise by default.
    pub fn of_image(image: ImageWatermark) -> Self {
        Self { image: Some(image), ..Self::default() }
    }
}
