//! Image processing: the pipeline behind `x-oss-process` (`img-and-ram.md` part 1). One file a step.
//!
//! Everything here blocks and computes; the caller runs it on a bounded pool of threads. What is kept of a source: its ICC profile,
//! where it describes RGB, travels into JPEG, PNG and WebP results; EXIF is dropped, after its orientation has been applied.

mod animate;
mod decode;
mod encode;
mod header;
mod info;
mod jpeg;
mod limits;
mod picture;
mod resize;
mod watermark;

use shared::error::OssError;
use shared::img::{Action, Format, Process, Quality};

pub use limits::source_bytes as check_source_bytes;

use header::Header;
use picture::Picture;

/// Reads an object of the same bucket by its key, for an image watermark. The caller checks the right to read it.
pub type Fetch<'a> = &'a mut dyn FnMut(&str) -> Result<Vec<u8>, OssError>;

/// The answer to a processed GetObject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The MIME type.
    pub content_type: &'static str,
    /// The picture, or the JSON of `info`.
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
    let header = Header::read(source)?;
    if process.is_info() {
        return Ok(Output { content_type: "application/json", body: info::json(&header, file_size) });
    }
    let format = result_format(process, &header);
    if header.format == Format::Gif && format == Format::Gif && animate::stays_animated(process) {
        return Ok(Output { content_type: encode::mime(format), body: animate::run(source, process, fetch)? });
    }
    let picture = run(source, &header, process, None, fetch)?;
    let quality = encode::quality(wanted_quality(process), picture.source_quality);
    Ok(Output { content_type: encode::mime(format), body: encode::encode(&picture, format, quality)? })
}

/// Width, height and format of a picture, as stored; `None` for what is none. The beginning of the file will do.
pub fn probe(source: &[u8]) -> Option<(u32, u32, &'static str)> {
    let header = Header::read(source).ok()?;
    let (_, name) = Format::NAMES.iter().find(|(format, _)| *format == header.format)?;
    Some((header.width, header.height, *name))
}

/// Decodes a source and takes it through all actions that change pixels. `main` is the size of the picture that this one will mark.
fn run(
    source: &[u8],
    header: &Header,
    process: &Process,
    main: Option<(u32, u32)>,
    fetch: Fetch<'_>,
) -> Result<Picture, OssError> {
    let mut nominal = header.upright();
    let shrink_to = match first_step(process) {
        Some(Action::Resize(first)) => resize::effective(first, main).target(nominal.0, nominal.1).scaled,
        _ => nominal,
    };
    let mut picture = decode::decode(source, header, shrink_to)?;
    for action in &process.actions {
        match action {
            Action::Resize(resize) => {
                resize::apply(&mut picture, nominal, &resize::effective(resize, main))?;
                nominal = picture.size();
            }
            Action::Watermark(mark) => watermark::apply(&mut picture, mark, fetch)?,
            Action::Format(_) | Action::Quality(_) | Action::Info => {}
        }
    }
    Ok(picture)
}

/// The first action that looks at pixels.
fn first_step(process: &Process) -> Option<&Action> {
    process.actions.iter().find(|action| matches!(action, Action::Resize(_) | Action::Watermark(_)))
}

/// The last `format` counts; `gif` counts for a GIF only.
fn result_format(process: &Process, header: &Header) -> Format {
    let asked = process.actions.iter().rev().find_map(|action| match action {
        Action::Format(format) => Some(*format),
        _ => None,
    });
    match asked {
        Some(Format::Gif) | None => header.format,
        Some(format) => format,
    }
}

fn wanted_quality(process: &Process) -> Option<Quality> {
    process.actions.iter().rev().find_map(|action| match action {
        Action::Quality(quality) => Some(*quality),
        _ => None,
    })
}
