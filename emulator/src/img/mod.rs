//! Image processing: the pipeline behind `x-oss-process` (`img-and-ram.md` part 1). One file a step.
//!
//! Everything here but [`Pool`] blocks and computes; the pool bounds how much of it runs at once. What is kept of a source: its ICC
//! profile, where it describes RGB and the result's format can carry it; EXIF is dropped, after its orientation has been applied.

mod animate;
mod avif;
mod blur;
mod buffers;
mod corners;
mod crop;
mod decode;
mod encode;
mod header;
mod hue;
mod icc;
mod info;
mod jpeg;
mod limits;
mod picture;
mod pool;
mod resize;
mod rotate;
mod tone;
mod watermark;
mod webp;
mod weight;

use shared::error::OssError;
use shared::img::{Action, Process};

pub use limits::source_bytes as check_source_bytes;
pub use pool::{Kept, Key, Pool};
pub use weight::weight;

use encode::Wish;
use header::Header;
use picture::Picture;

/// Reads an object of the same bucket by its key, for an image watermark. The caller checks the right to read it.
pub type Fetch<'a> = &'a mut dyn FnMut(&str) -> Result<Vec<u8>, OssError>;

/// The answer to a processed GetObject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The MIME type.
    pub content_type: &'static str,
    /// The picture, or the JSON of `info` or `average-hue`.
    pub body: Vec<u8>,
}

/// Runs `process` on the object `source`. `file_size` is the object's size, which `info` reports.
///
/// A picture with an EXIF orientation is turned upright first, as OSS does unless it is told `auto-orient,0`.
///
/// # Errors
/// The OSS error of what is wrong with the source (format, damage, size), the result (size) or a watermark.
pub fn process(source: &[u8], file_size: u64, process: &Process, fetch: Fetch<'_>) -> Result<Output, OssError> {
    limits::source_bytes(file_size)?;
    let mut header = Header::read(source)?;
    let json = |body| Ok(Output { content_type: "application/json", body });
    match process.actions.as_slice() {
        [Action::Info] => return json(info::json(source, &header, file_size)),
        // A picture shrunk by JPEG's own means has the same mean colour.
        [Action::AverageHue] => return json(hue::json(&decode_small(source, &header)?)),
        _ => {}
    }
    let untold = orient(&mut header, process)?;
    let wish = Wish::of(process, &header, source);
    let body = if animate::stays_animated(process, &header) {
        animate::run(source, &header, process, wish, fetch)?
    } else {
        let picture = run(source, &header, process, None, fetch)?;
        encode::encode(Picture { untold, ..picture }, wish)?
    };
    Ok(Output { content_type: encode::mime(wish.format), body })
}

/// The whole picture, as small as its decoder can make it.
fn decode_small(source: &[u8], header: &Header) -> Result<Picture, OssError> {
    let mut picture = decode::decode(source, header, (1, 1))?;
    picture.become_rgb();
    Ok(picture)
}

/// Width, height and format of a picture, as stored; `None` for what is none. The beginning of the file will do.
pub fn probe(source: &[u8]) -> Option<(u32, u32, &'static str)> {
    let header = Header::read(source).ok()?;
    Some((header.width, header.height, header.format.name()))
}

/// What `auto-orient` asks for. Told to leave the picture as it is, returns the orientation that the result then must tell of.
fn orient(header: &mut Header, process: &Process) -> Result<Option<image::metadata::Orientation>, OssError> {
    let asked = process.actions.iter().rev().find_map(|action| match action {
        Action::AutoOrient(on) => Some(*on),
        _ => None,
    });
    match (asked, header.orientation) {
        (Some(false), _) => Ok(header.orientation.take()),
        (Some(true), Some(_)) => rotate::check_side(header.upright(), "auto-orient").map(|()| None),
        _ => Ok(None),
    }
}

/// Decodes a source and takes it through all actions that change pixels; after `resize` and
/// `watermark` alone, colours may still be luma and chroma.
/// `main` is the size of the picture that this one will mark.
fn run(
    source: &[u8],
    header: &Header,
    process: &Process,
    main: Option<(u32, u32)>,
    fetch: Fetch<'_>,
) -> Result<Picture, OssError> {
    let mut nominal = header.upright();
    let mut picture = decode::decode(source, header, shrink_to(process, nominal, main))?;
    for action in &process.actions {
        step(&mut picture, nominal, action, main, fetch)?;
        if changes_pixels(action) {
            nominal = picture.size();
        }
    }
    Ok(picture)
}

/// The size that a decoder must reach: that of the first step, where this is a `resize`.
fn shrink_to(process: &Process, whole: (u32, u32), main: Option<(u32, u32)>) -> (u32, u32) {
    match process.actions.iter().find(|action| changes_pixels(action)) {
        Some(Action::Resize(first)) => resize::effective(first, main).target(whole.0, whole.1).scaled,
        _ => whole,
    }
}

fn changes_pixels(action: &Action) -> bool {
    !matches!(
        action,
        Action::AutoOrient(_)
            | Action::Format(_)
            | Action::Quality(_)
            | Action::Interlace(_)
            | Action::Info
            | Action::AverageHue
    )
}

/// One action. `nominal` is the size that the rules count with: larger than the pixels where the decoder already shrank them.
fn step(
    picture: &mut Picture,
    nominal: (u32, u32),
    action: &Action,
    main: Option<(u32, u32)>,
    fetch: Fetch<'_>,
) -> Result<(), OssError> {
    if changes_pixels(action) && !matches!(action, Action::Resize(_) | Action::Watermark(_)) {
        picture.become_rgb();
    }
    match action {
        Action::Resize(resize) => return resize::apply(picture, nominal, &resize::effective(resize, main)),
        Action::Crop(crop) => return crop::apply(picture, crop),
        Action::IndexCrop(strip) => crop::keep(picture, strip.area(picture.width, picture.height)),
        Action::Circle(radius) => corners::circle(picture, *radius),
        Action::RoundedCorners(radius) => corners::round(picture, *radius),
        Action::Rotate(degrees) => return rotate::apply(picture, *degrees),
        Action::Blur(blur) => blur::apply(picture, blur),
        Action::Bright(value) => tone::bright(picture, *value),
        Action::Contrast(value) => tone::contrast(picture, *value),
        Action::Sharpen(amount) => blur::sharpen(picture, *amount),
        Action::Watermark(mark) => return watermark::apply(picture, mark, fetch),
        // They concern the source as a whole, or the result.
        Action::AutoOrient(_)
        | Action::Format(_)
        | Action::Quality(_)
        | Action::Interlace(_)
        | Action::Info
        | Action::AverageHue => {}
    }
    Ok(())
}
