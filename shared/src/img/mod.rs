//! The `x-oss-process` grammar, typed: what the window builds and what the emulator runs (`img-and-ram.md` part 1).
//!
//! `Process::parse` reads a value of the query parameter, `Display` prints its normal form: every key that differs from its
//! default, in one fixed order, base64 in its URL-safe form without padding. `parse(print(p)) == p` for every `p` that was parsed.

mod error;
mod parse;
mod print;
mod resize;
mod value;
mod watermark;

pub use error::ImgError;
pub use resize::{Resize, ResizeMode, Target};
pub use value::{Gravity, Rgb};
pub use watermark::{Align, Font, ImageWatermark, MAX_TEXT_BYTES, TextWatermark, Watermark};

/// The largest side that `resize` may be asked for, in pixels; also the largest side of its result.
pub const MAX_SIDE: u32 = 16_384;
/// The most pixels that `resize` may make.
pub const MAX_RESULT_PIXELS: u64 = 16_777_216;
/// The largest source object, in bytes.
pub const MAX_SOURCE_BYTES: u64 = 20 * 1024 * 1024;
/// The largest side of a source picture, in pixels.
pub const MAX_SOURCE_SIDE: u32 = 30_000;
/// The most pixels of a source picture; of an animated one, over all its frames.
pub const MAX_SOURCE_PIXELS: u64 = 250_000_000;
/// How many image watermarks one request may draw.
pub const MAX_IMAGE_WATERMARKS: usize = 3;

/// One `x-oss-process=image/…`: actions that run left to right, each on the result of the one before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Process {
    /// At least one, or the text that is printed is refused (`0040-00000212`).
    pub actions: Vec<Action>,
}

impl Process {
    /// A process of these actions.
    pub fn new(actions: impl Into<Vec<Action>>) -> Self {
        Self { actions: actions.into() }
    }

    /// Reads `image/resize,w_200/watermark,…`, percent-decoded.
    ///
    /// # Errors
    /// [`ImgError`]: the value, its parameter and OSS's finer code; or which action is not implemented.
    pub fn parse(text: &str) -> Result<Self, ImgError> {
        parse::process(text)
    }

    /// Whether the answer is JSON about the picture instead of a picture.
    pub fn is_info(&self) -> bool {
        self.actions == [Action::Info]
    }

    /// The objects that its image watermarks read, in order.
    pub fn watermark_objects(&self) -> impl Iterator<Item = &str> {
        self.actions.iter().filter_map(|action| match action {
            Action::Watermark(mark) => mark.image.as_ref().map(|image| image.object.as_str()),
            _ => None,
        })
    }
}

/// One step of a [`Process`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// `resize,…`
    Resize(Resize),
    /// `watermark,…`
    Watermark(Box<Watermark>),
    /// `format,…`
    Format(Format),
    /// `quality,…`
    Quality(Quality),
    /// `info`: JSON about the picture; stands alone.
    Info,
}

impl From<Resize> for Action {
    fn from(resize: Resize) -> Self {
        Self::Resize(resize)
    }
}

impl From<Watermark> for Action {
    fn from(watermark: Watermark) -> Self {
        Self::Watermark(Box::new(watermark))
    }
}

/// The container of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JPEG; alpha becomes white.
    Jpg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
    /// BMP.
    Bmp,
    /// GIF; only a GIF may become one, any other source keeps its format.
    Gif,
    /// TIFF.
    Tiff,
}

impl Format {
    /// All formats, with the names that they have in `format,…`.
    pub const NAMES: [(Self, &'static str); 6] = [
        (Self::Jpg, "jpg"),
        (Self::Png, "png"),
        (Self::Webp, "webp"),
        (Self::Bmp, "bmp"),
        (Self::Gif, "gif"),
        (Self::Tiff, "tiff"),
    ];

    /// Its name in `format,…` and in the JSON of `info`.
    pub fn name(self) -> &'static str {
        value::name_of(&Self::NAMES, self)
    }
}

/// The quality of a JPEG or WebP result, 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quality {
    /// `q`: percent of the source's own quality.
    Relative(u8),
    /// `Q`: this quality, though never above the source's own.
    Absolute(u8),
}
