//! From pixels to the body of the answer.

use std::io::Cursor;

use image::codecs::bmp::BmpEncoder;
use image::codecs::gif::GifEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::tiff::TiffEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageResult};
use shared::error::{OssCode, OssError};
use shared::img::{Format, Quality};

use super::picture::Picture;
use super::{jpeg, limits};

/// The quality of a JPEG that nobody asked a quality of. Alibaba's example picture, of quality 82, keeps 96 % of its bytes when real
/// OSS turns it by 90 degrees (`img-and-ram.md` §1.11), which is about this.
const DEFAULT_QUALITY: u8 = 80;
/// Speed of the search for a GIF's palette: 1 (best) to 30 (fastest).
pub(super) const GIF_SPEED: i32 = 10;

/// The quality of a JPEG result: never above that of a JPEG source.
pub(super) fn quality(wanted: Option<Quality>, source: Option<u8>) -> u8 {
    let ceiling = source.unwrap_or(100);
    match wanted {
        None => DEFAULT_QUALITY.min(ceiling),
        Some(Quality::Absolute(quality)) => quality.min(ceiling),
        Some(Quality::Relative(percent)) => ((u16::from(ceiling) * u16::from(percent) + 50) / 100).max(1) as u8,
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
    }
}

/// Encodes `picture`. `quality` is JPEG's; WebP is written without loss.
pub(super) fn encode(picture: &Picture, format: Format, quality: u8) -> Result<Vec<u8>, OssError> {
    let mut body = Vec::new();
    let written = match format {
        Format::Jpg => return jpeg::encode(picture, quality),
        Format::Png => write(PngEncoder::new(&mut body), picture),
        Format::Webp => {
            limits::webp_side(picture.size())?;
            write(WebPEncoder::new_lossless(&mut body), picture)
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
        Err(_) => Err(OssError::new(OssCode::InternalError, format!("The result could not be encoded as {format}."))),
    }
}

fn write(mut encoder: impl ImageEncoder, picture: &Picture) -> ImageResult<()> {
    if let Some(icc) = &picture.icc {
        // Formats without a place for a profile refuse it; the picture is then read as sRGB.
        let _ = encoder.set_icc_profile(icc.clone());
    }
    encoder.write_image(&picture.pixels, picture.width, picture.height, colour(picture))
}

fn colour(picture: &Picture) -> ExtendedColorType {
    if picture.channels == 4 { ExtendedColorType::Rgba8 } else { ExtendedColorType::Rgb8 }
}
