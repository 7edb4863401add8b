//! The `x-oss-process` grammar, typed: what the window builds and what the emulator runs (`img-and-ram.md` part 1).
//!
//! `Process::parse` reads a value of the query parameter, `Display` prints its normal form: every key that differs from its
//! default, in one fixed order, base64 in its URL-safe form without padding. `parse(print(p)) == p` for every `p` that was parsed.

mod adjust;
mod crop;
mod error;
mod parse;
mod print;
mod resize;
mod value;
mod watermark;

pub use adjust::{Blur, ROTATE, SHARPEN, TONE};
pub use crop::{Area, Axis, Crop, IndexCrop, circle, corner_radius};
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
/// The largest side of an AVIF source, in pixels.
pub const MAX_AVIF_SOURCE_SIDE: u32 = 10_000;
/// The widest AVIF result, in pixels.
pub const MAX_AVIF_WIDTH: u32 = 4096;
/// The most pixels of an AVIF result.
pub const MAX_AVIF_PIXELS: u64 = 9_437_184;
/// The largest radius of `circle` and `rounded-corners`, in pixels.
pub const MAX_RADIUS: u32 = 4096;
/// The largest side of a picture that `rotate` and `auto-orient` turn, in pixels.
pub const MAX_TURNED_SIDE: u32 = 4096;

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
    pub fn is_question(&self) -> bool {
        matches!(self.actions.as_slice(), [Action::Info | Action::AverageHue])
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
    /// `crop,…`
    Crop(Crop),
    /// `indexcrop,…`
    IndexCrop(IndexCrop),
    /// `circle,r_…`: radius in pixels, 1 to [`MAX_RADIUS`].
    Circle(u32),
    /// `rounded-corners,r_…`: radius in pixels, 1 to [`MAX_RADIUS`].
    RoundedCorners(u32),
    /// `rotate,…`: degrees clockwise, within [`ROTATE`].
    Rotate(i32),
    /// `auto-orient,…`: whether the picture is turned as its EXIF says. Without this action it is.
    AutoOrient(bool),
    /// `blur,…`
    Blur(Blur),
    /// `bright,…`: within [`TONE`].
    Bright(i32),
    /// `contrast,…`: within [`TONE`].
    Contrast(i32),
    /// `sharpen,…`: within [`SHARPEN`].
    Sharpen(i32),
    /// `watermark,…`
    Watermark(Box<Watermark>),
    /// `format,…`
    Format(Format),
    /// `quality,…`
    Quality(Quality),
    /// `interlace,…`: whether a JPEG result is progressive.
    Interlace(bool),
    /// `info`: JSON about the picture; stands alone.
    Info,
    /// `average-hue`: the picture's mean colour as JSON; stands alone.
    AverageHue,
}

impl From<Resize> for Action {
    fn from(resize: Resize) -> Self {
        Self::Resize(resize)
    }
}

impl From<Crop> for Action {
    fn from(crop: Crop) -> Self {
        Self::Crop(crop)
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
    /// AVIF.
    Avif,
}

impl Format {
    /// All formats, with the names that they have in `format,…`.
    pub const NAMES: [(Self, &'static str); 7] = [
        (Self::Jpg, "jpg"),
        (Self::Png, "png"),
        (Self::Webp, "webp"),
        (Self::Bmp, "bmp"),
        (Self::Gif, "gif"),
        (Self::Tiff, "tiff"),
        (Self::Avif, "avif"),
    ];

    /// Its name in `format,…` and in the JSON of `info`.
    pub fn name(self) -> &'static str {
        value::name_of(&Self::NAMES, self)
    }
}

/// The quality of a JPEG, WebP or AVIF result, 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quality {
    /// `q`: percent of the source's own quality.
    Relative(u8),
    /// `Q`: this quality, though never above the source's own.
    Absolute(u8),
}
