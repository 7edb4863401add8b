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
use super::webp::{self, Animation};
use super::{Fetch, limits, step};

/// Whether every action keeps the animation: `p`, `format`, `quality` and others make a still (`img-and-ram.md` §1.5).
pub(super) fn stays_animated(process: &Process, header: &Header) -> bool {
    header.animated
        && process.actions.iter().all(|action| match action {
            Action::Resize(resize) => resize.p.is_none(),
            Action::Crop(_) | Action::Watermark(_) | Action::AutoOrient(_) | Action::Interlace(_) => true,
            _ => false,
        })
}

/// How many frames an animation has, by its blocks alone; at least one.
pub(super) fn frames(source: &[u8], format: Format) -> u64 {
    if format == Format::Webp {
        return webp::frames(source).max(1);
    }
    let mut options = gif::DecodeOptions::new();
    options.skip_frame_decoding(true);
    let Ok(mut decoder) = options.read_info(source) else { return 1 };
    let frames = std::iter::from_fn(|| decoder.next_frame_info().ok().flatten().map(drop));
    (frames.count() as u64).max(1)
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
        Ok::<_, OssError>((changed(frame, process, &mut fetch_once)?, delay))
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
fn changed(frame: Frame, process: &Process, fetch: Fetch<'_>) -> Result<Picture, OssError> {
    let buffer = frame.into_buffer();
    let mut picture = Picture::new(buffer.dimensions(), 4, buffer.into_raw());
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
