//! What a source says about itself before its pixels are decoded: format, size, orientation, profile.

use std::io::Cursor;

use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use shared::error::{OssCode, OssError};
use shared::img::{Format, ImgError};

use super::avif::{self, Family};
use super::{animate, jpeg, limits};

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
    /// The ICC profile, where it describes RGB.
    pub icc: Option<Vec<u8>>,
    /// Whether it may have several frames.
    pub animated: bool,
    /// How many frames it has, as far as its blocks can be read.
    pub frames: u64,
    /// What the decoder holds of each pixel beside the picture, in bytes.
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
        limits::source_pixels((header.width, header.height), header.frames)?;
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
        let animated = match format {
            Format::Gif => true,
            Format::Webp => WebPDecoder::new(Cursor::new(source)).is_ok_and(|webp| webp.has_animation()),
            _ => false,
        };
        let frames = if animated { animate::frames(source, format) } else { 1 };
        let exif = decoder.exif_metadata().ok().flatten();
        let orientation = match format {
            // It is one of its own tags.
            Format::Tiff => decoder.orientation().ok(),
            _ => exif.and_then(|chunk| Orientation::from_exif_chunk(&chunk)),
        };
        Ok(Self {
            format,
            width,
            height,
            orientation,
            icc: decoder.icc_profile().ok().flatten().filter(|profile| describes_rgb(profile)),
            animated,
            frames,
            decoder_bytes: u64::from(decoder.color_type().bytes_per_pixel()),
        })
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

/// Bytes 16 to 19 of an ICC profile name its colour space. A profile of another space would be wrong for the RGB that we write.
pub(super) fn describes_rgb(profile: &[u8]) -> bool {
    profile.get(16..20) == Some(b"RGB ")
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
