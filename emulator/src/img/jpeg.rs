//! JPEG in, through mozjpeg, which decodes straight to a fraction of the size and so saves most of the work of a thumbnail; JPEG
//! out, through jpeg-encoder, which needs no assembler for its speed.
//!
//! mozjpeg reports errors by unwinding; no call leaves this file without [`guarded`].

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::metadata::Orientation;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use mozjpeg::qtable::{AnnexK_Luma, QTable};
use mozjpeg::{ColorSpace, Decompress, Marker};
use shared::error::{OssCode, OssError};
use shared::img::Format;

use super::header::{self, Header};
use super::picture::Picture;
use super::{buffers, icc, limits};

const EXIF: Marker = Marker::APP(1);
const ICC: Marker = Marker::APP(2);
const ADOBE: Marker = Marker::APP(14);
const EXIF_HEAD: &[u8] = b"Exif\0\0";
const ICC_HEAD: &[u8] = b"ICC_PROFILE\0";

/// Runs mozjpeg and turns its unwinding into an error.
fn guarded<T>(work: impl FnOnce() -> io::Result<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok().and_then(Result::ok)
}

/// The head of a JPEG.
pub(super) fn header(source: &[u8]) -> Result<Header, OssError> {
    let scans = limits::scans(source);
    if scans > limits::MAX_JPEG_SCANS {
        return Err(header::damage(Format::Jpg));
    }
    guarded(|| {
        let jpeg = Decompress::with_markers(&[EXIF, ICC]).from_mem(source)?;
        let (width, height) = jpeg.size();
        let area = width as u64 * height as u64;
        let components = jpeg.components().len();
        let grey = jpeg.color_space() == ColorSpace::JCS_GRAYSCALE;
        let exif = jpeg.markers().filter(|m| m.marker == EXIF).find_map(|m| m.data.strip_prefix(EXIF_HEAD));
        Ok(Header {
            format: Format::Jpg,
            width: u32::try_from(width).unwrap_or(u32::MAX),
            height: u32::try_from(height).unwrap_or(u32::MAX),
            orientation: exif.and_then(Orientation::from_exif_chunk),
            icc: read_icc(&jpeg).filter(|profile| icc::describes(profile, grey)),
            decoder_bytes: if in_one_pass(source, scans, components) { 0 } else { area * 2 * components as u64 },
            animated: false,
            pixels: area,
        })
    })
    .ok_or_else(|| header::damage(Format::Jpg))
}

/// Whether pixels come out as the file is read. What comes in several scans, or could (ITU-T T.81 §B.2.2: progressive frames, and a
/// scan of fewer components than the frame has), is put together in memory, as coefficients of two bytes.
fn in_one_pass(source: &[u8], scans: usize, components: usize) -> bool {
    // The only scan there is; the frame's head stands before it.
    let Some(scan) = memchr::memmem::find(source, b"\xFF\xDA").filter(|_| scans == 1) else { return false };
    let (head, scan) = source.split_at(scan);
    let progressive = [b"\xFF\xC2", b"\xFF\xCA"].iter().any(|frame| memchr::memmem::find(head, *frame).is_some());
    !progressive && scan.get(4).is_some_and(|count| usize::from(*count) == components)
}

/// A profile may be spread over several segments: each begins with its number, counted from 1, and their count.
fn read_icc<R>(jpeg: &Decompress<R>) -> Option<Vec<u8>> {
    let mut parts: Vec<&[u8]> =
        jpeg.markers().filter(|m| m.marker == ICC).filter_map(|m| m.data.strip_prefix(ICC_HEAD)).collect();
    parts.sort_by_key(|part| part.first().copied());
    let profile: Vec<u8> = parts.iter().filter_map(|part| part.get(2..)).flatten().copied().collect();
    (!profile.is_empty()).then_some(profile)
}

/// The number of eighths, 1 to 8, at which both sides of a picture reach `at_least`.
pub(super) fn eighths(size: (u32, u32), at_least: (u32, u32)) -> u8 {
    let reaches = |eighths: &u8| {
        let scaled = |side: u32| (u64::from(side) * u64::from(*eighths)).div_ceil(8);
        scaled(size.0) >= u64::from(at_least.0) && scaled(size.1) >= u64::from(at_least.1)
    };
    (1..8).find(reaches).unwrap_or(8)
}

/// Decodes `source` at the smallest of these fractions whose sides reach `at_least`. `raw` leaves luma and chroma as they are.
pub(super) fn decode(source: &[u8], at_least: (u32, u32), raw: bool) -> Result<Picture, OssError> {
    let damaged = || header::damage(Format::Jpg);
    let ran_dry = Cell::new(false);
    let picture = guarded(|| {
        let mut jpeg =
            Decompress::with_markers(&[ADOBE, ICC]).from_reader(Watched { rest: source, ran_dry: &ran_dry })?;
        let size = jpeg.size();
        jpeg.scale(eighths((size.0 as u32, size.1 as u32), at_least));
        match jpeg.color_space() {
            ColorSpace::JCS_CMYK | ColorSpace::JCS_YCCK => decode_cmyk(jpeg),
            ColorSpace::JCS_YCbCr if raw => {
                let mut rows = jpeg.to_colorspace(ColorSpace::JCS_YCbCr)?;
                let pixels = read(&mut rows, 3)?;
                Ok(Picture { luma_chroma: true, ..finish(&rows, pixels) })
            }
            _ => {
                let mut rows = jpeg.rgb()?;
                let pixels = read(&mut rows, 3)?;
                Ok(finish(&rows, pixels))
            }
        }
    });
    // libjpeg pads a truncated file with grey; OSS calls it damaged.
    picture.filter(|_| !ran_dry.get()).ok_or_else(damaged)
}

fn read<R: BufRead>(rows: &mut mozjpeg::decompress::DecompressStarted<R>, channels: usize) -> io::Result<Vec<u8>> {
    let mut pixels = buffers::take(rows.width() * rows.height() * channels);
    rows.read_scanlines_into::<u8>(&mut pixels)?;
    Ok(pixels)
}

fn finish<R>(rows: &mozjpeg::decompress::DecompressStarted<R>, pixels: Vec<u8>) -> Picture {
    use mozjpeg::CompInfoExt;
    let size = (rows.width() as u32, rows.height() as u32);
    let luma = rows.components().first().and_then(CompInfoExt::qtable);
    Picture { source_quality: luma.as_ref().map(estimate_quality), ..Picture::new(size, 3, pixels) }
}

/// CMYK and YCCK become RGB, by the file's profile if it has one. Adobe writes ink inverted.
fn decode_cmyk<R: BufRead>(jpeg: Decompress<R>) -> io::Result<Picture> {
    let inverted = jpeg.markers().any(|m| m.marker == ADOBE && m.data.starts_with(b"Adobe"));
    let profile = read_icc(&jpeg);
    let mut rows = jpeg.to_colorspace(ColorSpace::JCS_CMYK)?;
    let width = rows.width();
    let mut ink = read(&mut rows, 4)?;
    if inverted {
        ink.iter_mut().for_each(|ink| *ink = 255 - *ink);
    }
    let plain = |ink: &[u8]| {
        let light = |ink: u8| u16::from(255 - ink);
        [ink[0], ink[1], ink[2]].map(|colour| ((light(colour) * light(ink[3]) + 127) / 255) as u8)
    };
    let pixels = icc::from_cmyk(&ink, profile.as_deref(), width)
        .unwrap_or_else(|| ink.chunks_exact(4).flat_map(plain).collect());
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

/// A JPEG of RGB, or of luma and chroma as they are, with 4:2:0 chroma, at `quality` 1 to 100, with the standard tables: their quality can be read back from the file.
pub(super) fn encode(picture: &Picture, quality: u8, progressive: bool) -> Result<Vec<u8>, OssError> {
    let failed = || OssError::new(OssCode::InternalError, "The result could not be encoded as JPEG.");
    let side = |side: u32| u16::try_from(side).map_err(|_| failed());
    let mut body = Vec::new();
    let mut jpeg = Encoder::new(&mut body, quality);
    jpeg.set_sampling_factor(SamplingFactor::F_2_2);
    jpeg.set_progressive(progressive);
    if let Some(profile) = &picture.icc {
        jpeg.add_icc_profile(profile).map_err(|_| failed())?;
    }
    if let Some(orientation) = picture.untold {
        jpeg.add_exif_metadata(&header::exif_of(orientation)).map_err(|_| failed())?;
    }
    let colours = if picture.luma_chroma { ColorType::Ycbcr } else { ColorType::Rgb };
    jpeg.encode(&picture.rgb_on_white(), side(picture.width)?, side(picture.height)?, colours).map_err(|_| failed())?;
    Ok(body)
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
