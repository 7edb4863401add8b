//! A picture of the same bucket as a mark.

use shared::error::{OssCode, OssError};
use shared::img::{Format, ImageWatermark, Process};

use crate::img::header::Header;
use crate::img::picture::Picture;
use crate::img::{Fetch, icc, limits, run};

/// Reads the mark and runs its own process. `main` is the size of the picture that it will stand on.
pub(super) fn load(mark: &ImageWatermark, main: (u32, u32), fetch: Fetch<'_>) -> Result<Picture, OssError> {
    let source = fetch(&mark.object)?;
    limits::source_bytes(source.len() as u64)?;
    let header = Header::read(&source)?;
    if header.format == Format::Gif {
        let message = format!("The watermark object {} is a GIF, which OSS does not draw.", mark.object);
        return Err(OssError::new(OssCode::WatermarkError, message));
    }
    let nothing = Process::default();
    let mut picture = run(&source, &header, mark.process.as_ref().unwrap_or(&nothing), Some(main), fetch)?;
    picture.become_rgb();
    icc::to_srgb(&mut picture);
    Ok(picture)
}

/// Lays `mark` over `on`, its top left corner `at`.
pub(super) fn draw(mark: &Picture, on: &mut Picture, at: (i64, i64), opacity: f32) {
    // Only the rows and columns that fall on the picture are visited.
    let inside = |side: u32, start: i64, length: u32| {
        let first = (-start).clamp(0, i64::from(side));
        let last = (i64::from(length) - start).clamp(first, i64::from(side));
        (first as u32, last as u32)
    };
    let (left, right) = inside(mark.width, at.0, on.width);
    let (top, bottom) = inside(mark.height, at.1, on.height);
    for y in top..bottom {
        for x in left..right {
            let [red, green, blue, alpha] = mark.rgba(x, y);
            let (to_x, to_y) = (at.0 + i64::from(x), at.1 + i64::from(y));
            on.blend(to_x, to_y, [red, green, blue], f32::from(alpha) / 255.0 * opacity);
        }
    }
}
