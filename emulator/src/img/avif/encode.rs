//! AVIF out.

use imgref::Img;
use ravif::{BitDepth, Encoder};
use rgb::FromSlice;
use shared::error::{OssCode, OssError};

use crate::img::header::exif_of;
use crate::img::limits;
use crate::img::picture::Picture;

/// The fastest preset: an answer is waited for.
const SPEED: u8 = 10;
/// What the encoder holds of each pixel, in bytes, about.
pub(in crate::img) const ENCODER_BYTES: u64 = 48;

/// One picture of `quality` 1 to 100, in sRGB.
///
/// # Errors
/// `ImageTooLarge` for a size that OSS does not write.
pub(in crate::img) fn encode(picture: &Picture, quality: u8) -> Result<Vec<u8>, OssError> {
    limits::avif_result(picture.size())?;
    let quality = f32::from(quality.clamp(1, 100));
    let mut encoder = Encoder::new()
        .with_quality(quality)
        .with_alpha_quality(quality)
        .with_speed(SPEED)
        .with_bit_depth(BitDepth::Eight)
        .with_num_threads(Some(1));
    if let Some(orientation) = picture.untold {
        encoder = encoder.with_exif(exif_of(orientation));
    }
    let (width, height) = (picture.width as usize, picture.height as usize);
    let encoded = if picture.channels == 4 {
        encoder.encode_rgba(Img::new(picture.pixels.as_rgba(), width, height))
    } else {
        encoder.encode_rgb(Img::new(picture.pixels.as_rgb(), width, height))
    };
    let failed = |_| OssError::new(OssCode::InternalError, "The result could not be encoded as AVIF.");
    encoded.map(|encoded| encoded.avif_file).map_err(failed)
}
