//! Animations stay animated through `resize` by size, `crop` and `watermark`; each frame is decoded, changed and encoded before the
//! next is read, so that memory does not grow with their number.

use std::collections::HashMap;
use std::io::Cursor;

use image::codecs::gif::{GifDecoder, GifEncoder, Repeat};
use image::codecs::webp::WebPDecoder;
use image::metadata::LoopCount;
use image::{AnimationDecoder, Frame, ImageDecoder, ImageResult, Limits, RgbaImage};
use shared::error::{OssCode, OssError};
use shared::img::{Action, Format, Process};

use super::encode::{GIF_SPEED, Wish};
use super::header::{Header, damage};
use super::picture::Picture;
use super::webp::Animation;
use super::{Fetch, icc, limits, step};

/// Whether every action keeps the animation: `p`, `format`, `quality` and others make a still (`img-and-ram.md` §1.5).
pub(super) fn stays_animated(process: &Process, header: &Header) -> bool {
    header.animated
        && process.actions.iter().all(|action| match action {
            Action::Resize(resize) => resize.p.is_none(),
            Action::Crop(_) | Action::Watermark(_) | Action::AutoOrient(_) | Action::Interlace(_) => true,
            _ => false,
        })
}

/// What the blocks of a GIF say of its frames.
pub(super) struct Frames {
    /// Whether there are several, or some that cannot be read, of which the decoder will tell.
    pub several: bool,
    /// The pixels of all of them. Each takes the screen, and more where it is larger than that.
    pub pixels: u64,
    /// The pixels of the largest, which may exceed the screen's.
    pub largest: u64,
}

/// The frames of a GIF, by its blocks alone. `screen` is the number of its screen's pixels.
pub(super) fn gif_frames(source: &[u8], screen: u64) -> Frames {
    let mut options = gif::DecodeOptions::new();
    options.skip_frame_decoding(true);
    let mut found = Frames { several: true, pixels: 0, largest: 0 };
    if let Ok(mut decoder) = options.read_info(source) {
        let mut count = 0;
        while let Ok(next) = decoder.next_frame_info() {
            let Some(frame) = next else {
                found.several = count > 1;
                break;
            };
            let own = u64::from(frame.width) * u64::from(frame.height);
            found.pixels += own.max(screen);
            found.largest = found.largest.max(own);
            count += 1;
        }
    }
    Frames { pixels: found.pixels.max(screen), ..found }
}

/// The animated result, in the format of its source.
pub(super) fn run(
    source: &[u8],
    header: &Header,
    process: &Process,
    wish: Wish,
    fetch: Fetch<'_>,
) -> Result<Vec<u8>, OssError> {
    let damaged = |_| damage(header.format);
    let mut bounds = Limits::no_limits();
    bounds.max_alloc = Some(limits::MAX_DECODER_BYTES);
    let mut marks = HashMap::new();
    let mut fetch_once = |key: &str| match marks.get(key) {
        Some(mark) => Ok(Vec::clone(mark)),
        None => fetch(key).inspect(|mark| drop(marks.insert(key.to_owned(), mark.clone()))),
    };
    let mut change = |frame: ImageResult<Frame>| {
        let frame = frame.map_err(damaged)?;
        let delay = frame.delay();
        Ok::<_, OssError>((changed(frame, header, process, &mut fetch_once)?, delay))
    };
    if header.format == Format::Webp {
        let mut decoder = WebPDecoder::new(Cursor::new(source)).map_err(damaged)?;
        decoder.set_limits(bounds).map_err(damaged)?;
        let loops = times(decoder.loop_count());
        let mut animation: Option<Animation> = None;
        for frame in decoder.into_frames() {
            let (picture, delay) = change(frame)?;
            limits::webp_side(picture.size())?;
            let (numerator, denominator) = delay.numer_denom_ms();
            let animation = animation.get_or_insert_with(|| Animation::new(picture.size(), loops));
            animation.push(&picture, numerator / denominator.max(1), wish.webp_loss())?;
        }
        return animation.map(Animation::finish).ok_or_else(|| damage(Format::Webp));
    }
    let failed = |_| OssError::new(OssCode::InternalError, "The result could not be encoded as gif.");
    let mut decoder = GifDecoder::new(Cursor::new(source)).map_err(damaged)?;
    decoder.set_limits(bounds).map_err(damaged)?;
    let mut body = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut body, GIF_SPEED);
    encoder.set_repeat(repeat(decoder.loop_count())).map_err(failed)?;
    for frame in decoder.into_frames() {
        let (picture, delay) = change(frame)?;
        let buffer = RgbaImage::from_raw(picture.width, picture.height, picture.pixels);
        encoder.encode_frame(Frame::from_parts(buffer.unwrap_or_default(), 0, 0, delay)).map_err(failed)?;
    }
    drop(encoder);
    if body.is_empty() { Err(damage(Format::Gif)) } else { Ok(body) }
}

/// One frame after all actions. Animated pictures are never enlarged, whatever `limit` says.
fn changed(frame: Frame, header: &Header, process: &Process, fetch: Fetch<'_>) -> Result<Picture, OssError> {
    let buffer = frame.into_buffer();
    let picture = Picture::new(buffer.dimensions(), 4, buffer.into_raw());
    let mut picture = Picture { icc: header.icc.clone(), ..picture };
    for action in &process.actions {
        let nominal = picture.size();
        match action {
            Action::Resize(resize) => {
                let shrinking = shared::img::Resize { limit: true, ..resize.clone() };
                step(&mut picture, nominal, &Action::Resize(shrinking), None, fetch)?;
            }
            other => step(&mut picture, nominal, other, None, fetch)?,
        }
    }
    // No profile is written into an animation.
    icc::to_srgb(&mut picture);
    Ok(picture)
}

fn times(count: LoopCount) -> u16 {
    match count {
        LoopCount::Infinite => 0,
        LoopCount::Finite(times) => u16::try_from(times.get()).unwrap_or(u16::MAX),
    }
}

fn repeat(count: LoopCount) -> Repeat {
    match times(count) {
        0 => Repeat::Infinite,
        times => Repeat::Finite(times),
    }
}
