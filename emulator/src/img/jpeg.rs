//! JPEG in and out, through mozjpeg. It decodes straight to a fraction of the size, which saves most of the work of a thumbnail.
//!
//! mozjpeg reports errors by unwinding; no call leaves this file without [`guarded`].

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::metadata::Orientation;
use mozjpeg::qtable::{AnnexK_Luma, QTable};
use mozjpeg::{ColorSpace, Compress, Decompress, Marker};
use shared::error::{OssCode, OssError};
use shared::img::Format;

use super::header::{self, Header};
use super::limits;
use super::picture::Picture;

const EXIF: Marker = Marker::APP(1);
const ICC: Marker = Marker::APP(2);
const ADOBE: Marker = Marker::APP(14);
const EXIF_HEAD: &[u8] = b"Exif\0\0";
const ICC_HEAD: &[u8] = b"ICC_PROFILE\0";
/// What an APP2 segment holds at most, less its own length, [`ICC_HEAD`] and the two counters.
const ICC_CHUNK: usize = 65_533 - ICC_HEAD.len() - 2;

/// Runs mozjpeg and turns its unwinding into an error.
fn guarded<T>(work: impl FnOnce() -> io::Result<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok().and_then(Result::ok)
}

/// The head of a JPEG.
pub(super) fn header(source: &[u8]) -> Result<Header, OssError> {
    guarded(|| {
        let jpeg = Decompress::with_markers(&[EXIF, ICC]).from_mem(source)?;
        let (width, height) = jpeg.size();
        let exif = jpeg.markers().filter(|m| m.marker == EXIF).find_map(|m| m.data.strip_prefix(EXIF_HEAD));
        Ok(Header {
            format: Format::Jpg,
            width: u32::try_from(width).unwrap_or(u32::MAX),
            height: u32::try_from(height).unwrap_or(u32::MAX),
            orientation: exif.and_then(Orientation::from_exif_chunk),
            icc: read_icc(&jpeg).filter(|profile| header::describes_rgb(profile)),
        })
    })
    .ok_or_else(|| header::damage(Format::Jpg))
}

/// A profile may be spread over several segments: each begins with its number, counted from 1, and their count.
fn read_icc<R>(jpeg: &Decompress<R>) -> Option<Vec<u8>> {
    let mut parts: Vec<&[u8]> =
        jpeg.markers().filter(|m| m.marker == ICC).filter_map(|m| m.data.strip_prefix(ICC_HEAD)).collect();
    parts.sort_by_key(|part| part.first().copied());
    let profile: Vec<u8> = parts.iter().filter_map(|part| part.get(2..)).flatten().copied().collect();
    (!profile.is_empty()).then_some(profile)
}

/// Decodes `source` as RGB at the smallest number of eighths whose sides reach `at_least`.
pub(super) fn decode(source: &[u8], at_least: (u32, u32)) -> Result<Picture, OssError> {
    let damaged = || header::damage(Format::Jpg);
    if limits::too_many_scans(source) {
        return Err(damaged());
    }
    let ran_dry = Cell::new(false);
    let picture = guarded(|| {
        let mut jpeg = Decompress::with_markers(&[ADOBE]).from_reader(Watched { rest: source, ran_dry: &ran_dry })?;
        let size = jpeg.size();
        let reaches = |scale: &u8| {
            let scaled = |side: usize| (side * usize::from(*scale)).div_ceil(8);
            scaled(size.0) >= at_least.0 as usize && scaled(size.1) >= at_least.1 as usize
        };
        jpeg.scale((1..8).find(reaches).unwrap_or(8));
        match jpeg.color_space() {
            ColorSpace::JCS_CMYK | ColorSpace::JCS_YCCK => decode_cmyk(jpeg),
            _ => {
                let mut rows = jpeg.rgb()?;
                let pixels = rows.read_scanlines::<u8>()?;
                Ok(finish(&rows, pixels))
            }
        }
    });
    // libjpeg pads a truncated file with grey; OSS calls it damaged.
    picture.filter(|_| !ran_dry.get()).ok_or_else(damaged)
}

fn finish<R>(rows: &mozjpeg::decompress::DecompressStarted<R>, pixels: Vec<u8>) -> Picture {
    use mozjpeg::CompInfoExt;
    let size = (rows.width() as u32, rows.height() as u32);
    let luma = rows.components().first().and_then(CompInfoExt::qtable);
    Picture { source_quality: luma.as_ref().map(estimate_quality), ..Picture::new(size, 3, pixels) }
}

/// CMYK and YCCK become RGB without a colour profile. Adobe writes ink inverted.
fn decode_cmyk<R: BufRead>(jpeg: Decompress<R>) -> io::Result<Picture> {
    let inverted = jpeg.markers().any(|m| m.marker == ADOBE && m.data.starts_with(b"Adobe"));
    let mut rows = jpeg.to_colorspace(ColorSpace::JCS_CMYK)?;
    let mut row = vec![0; rows.width() * 4];
    let mut pixels = Vec::with_capacity(rows.width() * rows.height() * 3);
    for _ in 0..rows.height() {
        rows.read_scanlines_into::<u8>(&mut row)?;
        for ink in row.chunks_exact(4) {
            let light = |ink: u8| u16::from(if inverted { ink } else { 255 - ink });
            let black = light(ink[3]);
            pixels.extend(ink[..3].iter().map(|&colour| ((light(colour) * black + 127) / 255) as u8));
        }
    }
    Ok(finish(&rows, pixels))
}

/// The quality, 1 to 100, whose standard luminance table is nearest to this one.
fn estimate_quality(table: &QTable) -> u8 {
    let distance = |quality: &u8| {
        let (ratio, variance) = table.compare(&AnnexK_Luma.scaled(f32::from(*quality), f32::from(*quality)));
        (ratio - 1.0).powi(2) + variance
    };
    (1..=100).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(100)
}

/// A baseline JPEG with 4:2:0 chroma, at `quality` 1 to 100.
pub(super) fn encode(picture: &Picture, quality: u8) -> Result<Vec<u8>, OssError> {
    let rgb = picture.rgb_on_white();
    guarded(|| {
        let mut jpeg = Compress::new(ColorSpace::JCS_RGB);
        // The standard tables: their quality can be read back from the file, and thumbnails are made in milliseconds.
        jpeg.set_fastest_defaults();
        jpeg.set_size(picture.width as usize, picture.height as usize);
        jpeg.set_quality(f32::from(quality));
        let mut started = jpeg.start_compress(Vec::new())?;
        let chunks = picture.icc.as_deref().unwrap_or_default().chunks(ICC_CHUNK);
        let count = chunks.len();
        for (number, chunk) in (1u8..).zip(chunks) {
            started.write_marker(ICC, &[ICC_HEAD, &[number, count as u8], chunk].concat());
        }
        started.write_scanlines(&rgb)?;
        started.finish()
    })
    .ok_or_else(|| OssError::new(OssCode::InternalError, "The result could not be encoded as JPEG."))
}

/// A slice that notes whether a reader wanted more than there is.
struct Watched<'a> {
    rest: &'a [u8],
    ran_dry: &'a Cell<bool>,
}

impl Read for Watched<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.rest.read(into)
    }
}

impl BufRead for Watched<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.rest.is_empty() {
            self.ran_dry.set(true);
        }
        Ok(self.rest)
    }

    fn consume(&mut self, bytes: usize) {
        self.rest.consume(bytes);
    }
}
