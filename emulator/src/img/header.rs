//! What a source says about itself before its pixels are decoded: format, size, orientation, profile.

use std::io::Cursor;

use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{ColorType, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use shared::error::{OssCode, OssError};
use shared::img::{Format, ImgError};

use super::avif::{self, Family};
use super::{animate, icc, jpeg, limits, webp};

/// The head of a source picture, checked against the limits.
#[derive(Debug, Clone)]
pub(super) struct Header {
    /// The container.
    pub format: Format,
    /// Pixels in a row as stored, before orientation.
    pub width: u32,
    /// Rows as stored, before orientation.
    pub height: u32,
    /// What EXIF says, if it says anything.
    pub orientation: Option<Orientation>,
    /// The ICC profile, where it describes RGB, or grey in a grey picture.
    pub icc: Option<Vec<u8>>,
    /// Whether it may have several frames.
    pub animated: bool,
    /// The pixels of all its frames, as far as its blocks can be read.
    pub pixels: u64,
    /// What the decoder holds beside the picture, in bytes.
    pub decoder_bytes: u64,
}

impl Header {
    /// Reads and checks the head of `source`.
    pub fn read(source: &[u8]) -> Result<Self, OssError> {
        let format = sniff(source)?;
        let header = match format {
            Format::Jpg => jpeg::header(source)?,
            Format::Avif => avif::header(source)?,
            _ => Self::of_other(source, format)?,
        };
        if header.width == 0 || header.height == 0 {
            return Err(damage(format));
        }
        limits::source_pixels((header.width, header.height), header.pixels)?;
        Ok(header)
    }

    /// (width, height) once the picture stands upright.
    pub fn upright(&self) -> (u32, u32) {
        self.stored(self.width, self.height)
    }

    /// A size turned from upright to stored, or back: orientations 5 to 8 swap the sides.
    pub fn stored(&self, width: u32, height: u32) -> (u32, u32) {
        let swaps = self.orientation.is_some_and(|orientation| orientation.to_exif() >= 5);
        if swaps { (height, width) } else { (width, height) }
    }

    fn of_other(source: &[u8], format: Format) -> Result<Self, OssError> {
        let mut decoder = decoder(source).map_err(|error| failure(format, &error))?;
        let (width, height) = decoder.dimensions();
        let area = u64::from(width) * u64::from(height);
        let color = decoder.color_type();
        let (mut animated, mut pixels, mut decoder_bytes) = (false, area, area * u64::from(color.bytes_per_pixel()));
        match format {
            Format::Gif => {
                let frames = animate::gif_frames(source, area);
                (animated, pixels, decoder_bytes) = (frames.several, frames.pixels, (area + frames.largest) * 4);
            }
            Format::Webp => {
                let frames = webp::frames(source, (width, height)).ok_or_else(|| damage(format))?;
                animated = WebPDecoder::new(Cursor::new(source)).is_ok_and(|webp| webp.has_animation());
                pixels = area * if animated { frames.max(1) } else { 1 };
            }
            _ => {}
        }
        let (profile, exif) = match format {
            // A chunk may claim to be longer than the file, and the decoder would make room for it.
            Format::Webp => (webp::content(source, b"ICCP"), webp::content(source, b"EXIF")),
            _ => (decoder.icc_profile().ok().flatten(), decoder.exif_metadata().ok().flatten()),
        };
        let orientation = match format {
            // It is one of its own tags.
            Format::Tiff => decoder.orientation().ok(),
            _ => exif.and_then(|chunk| Orientation::from_exif_chunk(&chunk)),
        };
        let grey = matches!(color, ColorType::L8 | ColorType::La8 | ColorType::L16 | ColorType::La16);
        let icc = profile.filter(|profile| icc::describes(profile, grey));
        Ok(Self { format, width, height, orientation, icc, animated, pixels, decoder_bytes })
    }
}

/// A decoder of any format but JPEG and AVIF, with the memory that it may take bounded.
pub(super) fn decoder(source: &[u8]) -> image::ImageResult<impl ImageDecoder + '_> {
    let mut reader = ImageReader::new(Cursor::new(source)).with_guessed_format()?;
    let mut bounds = Limits::no_limits();
    // A PNG decoder needs a row at a time; what it asks for beyond is profiles and texts, which may be bombs.
    let png = reader.format() == Some(ImageFormat::Png);
    bounds.max_alloc = Some(if png { limits::MAX_PNG_EXTRA } else { limits::MAX_DECODER_BYTES });
    reader.limits(bounds);
    reader.into_decoder()
}

/// The answer to a picture that the `image` crate does not decode: because it is damaged, or of a kind that is unknown here.
pub(super) fn failure(format: Format, error: &ImageError) -> OssError {
    match error {
        ImageError::Unsupported(_) => unsupported(),
        _ => damage(format),
    }
}

fn unsupported() -> OssError {
    OssError::new(OssCode::BadRequest, "This image format is not supported.").ec("0040-00000005")
}

/// The answer to a picture whose head is right and whose body is not.
pub(super) fn damage(format: Format) -> OssError {
    match format {
        Format::Webp => OssError::new(OssCode::BadWebPImage, "The webp image file may be damaged."),
        _ => OssError::new(OssCode::ImageDamage, "The image file may be damaged."),
    }
}

fn sniff(source: &[u8]) -> Result<Format, OssError> {
    match avif::family(source) {
        Some(Family::Avif) => return Ok(Format::Avif),
        Some(Family::OtherPicture) => return Err(ImgError::NotImplemented("a HEIC source".to_owned()).into()),
        None => {}
    }
    match image::guess_format(source) {
        Ok(ImageFormat::Jpeg) => Ok(Format::Jpg),
        Ok(ImageFormat::Png) => Ok(Format::Png),
        Ok(ImageFormat::WebP) => Ok(Format::Webp),
        Ok(ImageFormat::Bmp) => Ok(Format::Bmp),
        Ok(ImageFormat::Gif) => Ok(Format::Gif),
        Ok(ImageFormat::Tiff) => Ok(Format::Tiff),
        _ => Err(unsupported()),
    }
}

/// EXIF that says nothing but `orientation`: a TIFF of one entry, big-endian.
pub(super) fn exif_of(orientation: Orientation) -> Vec<u8> {
    let mut exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation.to_exif(), 0, 0, 0, 0, 0, 0]);
    exif
}
