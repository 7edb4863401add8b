//! From a source to upright pixels.

use image::DynamicImage;
use shared::error::OssError;
use shared::img::Format;

use super::header::{self, Header};
use super::picture::Picture;
use super::{avif, icc, jpeg};

/// Decodes `source` and turns it upright. A JPEG may come smaller than stored, though not smaller than `at_least`; where that is
/// smaller than the whole, it may also come as luma and chroma.
pub(super) fn decode(source: &[u8], header: &Header, at_least: (u32, u32)) -> Result<Picture, OssError> {
    let mut picture = match header.format {
        Format::Jpg => jpeg::decode(source, header.stored(at_least.0, at_least.1), at_least != header.upright())?,
        Format::Avif => avif::decode(source)?,
        _ => {
            let decoded = header::decoder(source).and_then(DynamicImage::from_decoder);
            from_dynamic(decoded.map_err(|error| header::failure(header.format, &error))?)
        }
    };
    picture.icc.clone_from(&header.icc);
    icc::spread_grey(&mut picture);
    if let Some(orientation) = header.orientation {
        picture.orient(orientation);
    }
    Ok(picture)
}

/// Any picture of the `image` crate, brought to 8 bits.
fn from_dynamic(decoded: DynamicImage) -> Picture {
    let size = (decoded.width(), decoded.height());
    if decoded.color().has_alpha() {
        Picture::new(size, 4, decoded.into_rgba8().into_raw())
    } else {
        Picture::new(size, 3, decoded.into_rgb8().into_raw())
    }
}
