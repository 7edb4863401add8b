//! From pixels to the body of the answer.

use std::io::Cursor;

use image::codecs::bmp::BmpEncoder;
use image::codecs::gif::GifEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::codecs::tiff::TiffEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageResult};
use shared::error::{OssCode, OssError};
use shared::img::{Action, Format, Process, Quality};

use super::header::{Header, exif_of};
use super::picture::Picture;
use super::webp::{self, Loss};
use super::{avif, buffers, icc, jpeg, limits};

/// The quality of a JPEG, WebP or AVIF that nobody asked a quality of. Alibaba's example picture, of quality 82, keeps 96 % of its bytes
/// when real OSS turns it by 90 degrees (`img-and-ram.md` §1.11), which is about this.
const DEFAULT_QUALITY: u8 = 80;
/// Speed of the search for a GIF's palette: 1 (best) to 30 (fastest).
pub(super) const GIF_SPEED: i32 = 10;

/// How a result is to be written, by the last action that says so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    /// The container.
    pub format: Format,
    quality: Option<Quality>,
    progressive: bool,
    /// The source was a WebP without loss.
    lossless: bool,
}

impl Wish {
    /// What `process` asks of the result of this source; `gif` counts for a GIF only.
    pub fn of(process: &Process, header: &Header, source: &[u8]) -> Self {
        let mut wish = Self {
            format: header.format,
            quality: None,
            progressive: false,
            lossless: header.format == Format::Webp && !header.animated && webp::is_lossless(source),
        };
        for action in &process.actions {
            match action {
                Action::Format(Format::Gif) => wish.format = header.format,
                Action::Format(format) => wish.format = *format,
                Action::Quality(quality) => wish.quality = Some(*quality),
                Action::Interlace(on) => wish.progressive = *on,
                _ => {}
            }
        }
        wish
    }

    /// The quality of a JPEG result: never above that of a JPEG source.
    fn jpeg_quality(self, source: Option<u8>) -> u8 {
        let ceiling = source.unwrap_or(100);
        match self.quality {
            None => DEFAULT_QUALITY.min(ceiling),
            Some(Quality::Absolute(quality)) => quality.min(ceiling),
            Some(Quality::Relative(percent)) => ((u16::from(ceiling) * u16::from(percent) + 50) / 100).max(1) as u8,
        }
    }

    /// The quality of a WebP result, of which relative and absolute are the same. A source without loss stays so unless asked.
    pub fn webp_loss(self) -> Loss {
        match self.quality {
            None if self.lossless => Loss::Lossless,
            None => Loss::Quality(DEFAULT_QUALITY),
            Some(Quality::Absolute(quality) | Quality::Relative(quality)) => Loss::Quality(quality),
        }
    }

    /// The quality of an AVIF result, as of WebP.
    fn avif_quality(self) -> u8 {
        match self.quality {
            None => DEFAULT_QUALITY,
            Some(Quality::Absolute(quality) | Quality::Relative(quality)) => quality,
        }
    }
}

/// The MIME type of a format.
pub(super) fn mime(format: Format) -> &'static str {
    match format {
        Format::Jpg => "image/jpeg",
        Format::Png => "image/png",
        Format::Webp => "image/webp",
        Format::Bmp => "image/bmp",
        Format::Gif => "image/gif",
        Format::Tiff => "image/tiff",
        Format::Avif => "image/avif",
    }
}

/// Encodes `picture`, whose buffer the next one then uses.
pub(super) fn encode(mut picture: Picture, wish: Wish) -> Result<Vec<u8>, OssError> {
    let body = body(&mut picture, wish)?;
    buffers::give(picture.pixels);
    Ok(body)
}

fn body(picture: &mut Picture, wish: Wish) -> Result<Vec<u8>, OssError> {
    if wish.format != Format::Jpg {
        picture.become_rgb();
    }
    if !matches!(wish.format, Format::Jpg | Format::Png | Format::Webp) {
        // They have no place for a profile, or their encoder has none.
        icc::to_srgb(picture);
    }
    let picture = &*picture;
    let mut body = Vec::new();
    let written = match wish.format {
        Format::Jpg => return jpeg::encode(picture, wish.jpeg_quality(picture.source_quality), wish.progressive),
        Format::Webp => {
            limits::webp_side(picture.size())?;
            return webp::encode(picture, wish.webp_loss());
        }
        Format::Avif => return avif::encode(picture, wish.avif_quality()),
        Format::Png => {
            write(PngEncoder::new_with_quality(&mut body, CompressionType::Fast, FilterType::Adaptive), picture)
        }
        Format::Bmp => write(BmpEncoder::new(&mut body), picture),
        Format::Gif => {
            let mut gif = GifEncoder::new_with_speed(&mut body, GIF_SPEED);
            gif.encode(&picture.pixels, picture.width, picture.height, colour(picture))
        }
        Format::Tiff => write(TiffEncoder::new(Cursor::new(&mut body)), picture),
    };
    match written {
        Ok(()) => Ok(body),
        Err(_) => {
            let message = format!("The result could not be encoded as {}.", wish.format);
            Err(OssError::new(OssCode::InternalError, message))
        }
    }
}

fn write(mut encoder: impl ImageEncoder, picture: &Picture) -> ImageResult<()> {
    // Formats without a place for a profile or EXIF refuse them; the picture is then read as sRGB, as it is stored.
    if let Some(icc) = &picture.icc {
        let _ = encoder.set_icc_profile(icc.clone());
    }
    if let Some(orientation) = picture.untold {
        let _ = encoder.set_exif_metadata(exif_of(orientation));
    }
    encoder.write_image(&picture.pixels, picture.width, picture.height, colour(picture))
}

fn colour(picture: &Picture) -> ExtendedColorType {
    if picture.channels == 4 { ExtendedColorType::Rgba8 } else { ExtendedColorType::Rgb8 }
}
