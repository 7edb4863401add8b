//! How much memory a request will take, by the heads of its pictures alone: what the pool gives out before anything is decoded.

use shared::error::OssError;
use shared::img::{Action, Format, MAX_AVIF_PIXELS, Process};

use super::encode::Wish;
use super::header::Header;
use super::{avif, jpeg, limits, resize, shrink_to};

/// An estimate of the bytes that pixels will take while `process` runs on `source`. `mark` gives the bytes of the objects that mark it.
///
/// # Errors
/// As [`super::process`], as far as the heads tell.
pub fn weight<'a>(source: &[u8], process: &Process, mark: impl Fn(&str) -> Option<&'a [u8]>) -> Result<u64, OssError> {
    let (mut bytes, main) = weigh(source, process, None)?;
    let nothing = Process::default();
    for action in &process.actions {
        if let Action::Watermark(watermark) = action
            && let Some(image) = &watermark.image
            && let Some(source) = mark(&image.object)
        {
            bytes += weigh(source, image.process.as_ref().unwrap_or(&nothing), Some(main))?.0;
        }
    }
    Ok(bytes)
}

fn area(size: (u32, u32)) -> u64 {
    u64::from(size.0) * u64::from(size.1)
}

/// The bytes of one picture, and the most pixels that a row and a column of it ever have. `main` is that of the picture it marks.
fn weigh(source: &[u8], process: &Process, main: Option<(u32, u32)>) -> Result<(u64, (u32, u32)), OssError> {
    let header = Header::read(source)?;
    let mut size = header.upright();
    if process.actions == [Action::Info] {
        return Ok((0, size));
    }
    let mut decoded = area(size);
    if header.format == Format::Jpg {
        let at_least = if process.actions == [Action::AverageHue] { (1, 1) } else { shrink_to(process, size, main) };
        let eighths = u64::from(jpeg::eighths(size, at_least));
        decoded = decoded * eighths * eighths / 64;
    }
    let (mut largest, mut most, mut copies) = (decoded, size, 1);
    for action in &process.actions {
        match action {
            Action::Resize(resize) => size = resize::effective(resize, main).target(size.0, size.1).canvas,
            // The canvas of a turned picture is at most twice as large.
            Action::Rotate(degrees) if degrees % 180 != 0 => size = (size.0.max(size.1), size.0.saturating_add(size.1)),
            // It looks at the picture, at the blurred one, and at what is blurred in one direction.
            Action::Sharpen(_) => copies = 2,
            _ => continue,
        }
        largest = largest.max(area(size).min(limits::MAX_DECODER_BYTES));
        most = (most.0.max(size.0), most.1.max(size.1));
    }
    let encoder = if Wish::of(process, &header, source).format == Format::Avif { avif::ENCODER_BYTES } else { 0 };
    // A step holds the picture before and after it, with four channels at most.
    let steps = header.decoder_bytes + decoded * 4 + largest * 4 * copies;
    Ok((steps + area(size).min(MAX_AVIF_PIXELS) * encoder, most))
}
