//! What is refused before pixels are allocated (`img-and-ram.md` §1.5, §1.10).

use shared::error::{OssCode, OssError};
use shared::img::{
    MAX_AVIF_PIXELS, MAX_AVIF_SOURCE_SIDE, MAX_AVIF_WIDTH, MAX_RESULT_PIXELS, MAX_SIDE, MAX_SOURCE_BYTES,
    MAX_SOURCE_PIXELS, MAX_SOURCE_SIDE,
};

/// The most memory that one decoder may take, in bytes: the largest source allowed, as RGBA.
pub(super) const MAX_DECODER_BYTES: u64 = MAX_SOURCE_PIXELS * 4;
/// The most memory that profiles and texts of a PNG may take, unpacked, in bytes.
pub(super) const MAX_PNG_EXTRA: u64 = 16 << 20;
/// The largest side of a WebP, in pixels; its format allows no more.
const MAX_WEBP_SIDE: u32 = 16_383;
/// Real progressive JPEGs have about ten scans; each scan of a hostile one costs a pass over all its coefficients.
pub(super) const MAX_JPEG_SCANS: usize = 100;

/// What the pixels of one request may take, in bytes, and with it those of all requests at a time.
pub(super) const MAX_PIXEL_BYTES: u64 = 1 << 30;

fn too_large(message: String, ec: &str) -> OssError {
    OssError::new(OssCode::ImageTooLarge, message).ec(ec)
}

/// Refuses a source object of more than 20 MB, before it is read.
///
/// # Errors
/// `ImageTooLarge`, `0040-00000001`.
pub fn source_bytes(bytes: u64) -> Result<(), OssError> {
    if bytes <= MAX_SOURCE_BYTES {
        return Ok(());
    }
    Err(too_large(format!("The source is {bytes} bytes, more than the {MAX_SOURCE_BYTES} allowed."), "0040-00000001"))
}

/// Refuses a source picture by the size in its header; `pixels` are those of all its frames.
pub(super) fn source_pixels((width, height): (u32, u32), pixels: u64) -> Result<(), OssError> {
    if width.max(height) > MAX_SOURCE_SIDE {
        let message = format!("The source is {width}x{height} pixels; no side may exceed {MAX_SOURCE_SIDE}.");
        return Err(too_large(message, "0040-00000009"));
    }
    if pixels > MAX_SOURCE_PIXELS {
        let message = format!("The source has more than {MAX_SOURCE_PIXELS} pixels.");
        return Err(too_large(message, "0040-00000012"));
    }
    Ok(())
}

/// Refuses a result of `resize`.
pub(super) fn result_pixels((width, height): (u32, u32)) -> Result<(), OssError> {
    if width.max(height) <= MAX_SIDE && u64::from(width) * u64::from(height) <= MAX_RESULT_PIXELS {
        return Ok(());
    }
    let message = format!(
        "The result would be {width}x{height} pixels; {MAX_SIDE} a side and {MAX_RESULT_PIXELS} in all are allowed."
    );
    Err(too_large(message, "0040-00000007"))
}

/// Refuses a result that WebP cannot hold.
pub(super) fn webp_side((width, height): (u32, u32)) -> Result<(), OssError> {
    if width.max(height) <= MAX_WEBP_SIDE {
        return Ok(());
    }
    let message = format!("The result is {width}x{height} pixels; WebP holds {MAX_WEBP_SIDE} a side.");
    Err(too_large(message, "0040-00000011"))
}

/// Refuses an AVIF source by the size in its header.
pub(super) fn avif_source((width, height): (u32, u32)) -> Result<(), OssError> {
    if width.max(height) <= MAX_AVIF_SOURCE_SIDE {
        return Ok(());
    }
    let message = format!("The AVIF source is {width}x{height} pixels; no side may exceed {MAX_AVIF_SOURCE_SIDE}.");
    Err(too_large(message, "0040-00000014"))
}

/// Refuses a result that OSS does not write as AVIF.
pub(super) fn avif_result((width, height): (u32, u32)) -> Result<(), OssError> {
    if width <= MAX_AVIF_WIDTH && u64::from(width) * u64::from(height) <= MAX_AVIF_PIXELS {
        return Ok(());
    }
    let message = format!(
        "The AVIF result would be {width}x{height} pixels; a width of {MAX_AVIF_WIDTH} and {MAX_AVIF_PIXELS} in all are allowed."
    );
    Err(too_large(message, "0040-00000014"))
}

/// How many scans a JPEG has, counted up to one more than [`MAX_JPEG_SCANS`].
pub(super) fn scans(jpeg: &[u8]) -> usize {
    // Inside compressed data FF is always followed by 00, so these two bytes begin a scan, there or in an embedded thumbnail.
    memchr::memmem::find_iter(jpeg, b"\xFF\xDA").take(MAX_JPEG_SCANS + 1).count()
}
