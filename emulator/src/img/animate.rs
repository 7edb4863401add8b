//! A GIF stays animated through `resize` by size and `watermark`; each frame is decoded, changed and encoded before the next is read.

use std::collections::HashMap;
use std::io::Cursor;

use image::codecs::gif::{GifDecoder, GifEncoder, Repeat};
use image::metadata::LoopCount;
use image::{AnimationDecoder, Frame, ImageDecoder, Limits, RgbaImage};
use shared::error::OssError;
use shared::img::{Action, Format, Process};

use super::encode::GIF_SPEED;
use super::header::damage;
use super::picture::Picture;
use super::{Fetch, limits, resize, watermark};

/// Whether every action keeps the animation: `p`, `format` and `quality` make a still (`img-and-ram.md` §1.5).
pub(super) fn stays_animated(process: &Process) -> bool {
    process.actions.iter().all(|action| match action {
        Action::Resize(resize) => resize.p.is_none(),
        Action::Watermark(_) => true,
        Action::Format(_) | Action::Quality(_) | Action::Info => false,
    })
}

/// The animated result. Animated pictures are never enlarged, whatever `limit` says.
pub(super) fn run(source: &[u8], process: &Process, fetch: Fetch<'_>) -> Result<Vec<u8>, OssError> {
    let damaged = |_| damage(Format::Gif);
    let mut decoder = GifDecoder::new(Cursor::new(source)).map_err(damaged)?;
    let mut bounds = Limits::no_limits();
    bounds.max_alloc = Some(limits::MAX_DECODER_BYTES);
    decoder.set_limits(bounds).map_err(damaged)?;
    let size = decoder.dimensions();
    let mut body = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut body, GIF_SPEED);
    encoder.set_repeat(repeat(decoder.loop_count())).map_err(damaged)?;
    let mut marks = HashMap::new();
    let mut fetch_once = |key: &str| match marks.get(key) {
        Some(mark) => Ok(Vec::clone(mark)),
        None => fetch(key).inspect(|mark| drop(marks.insert(key.to_owned(), mark.clone()))),
    };
    for (count, frame) in (1..).zip(decoder.into_frames()) {
        limits::source_pixels(size, count)?;
        let frame = change(frame.map_err(damaged)?, process, &mut fetch_once)?;
        encoder.encode_frame(frame).map_err(damaged)?;
    }
    drop(encoder);
    if body.is_empty() { Err(damage(Format::Gif)) } else { Ok(body) }
}

fn change(frame: Frame, process: &Process, fetch: Fetch<'_>) -> Result<Frame, OssError> {
    let delay = frame.delay();
    let buffer = frame.into_buffer();
    let mut picture = Picture::new(buffer.dimensions(), 4, buffer.into_raw());
    for action in &process.actions {
        match action {
            Action::Resize(resize) => {
                let shrinking = shared::img::Resize { limit: true, ..resize.clone() };
                let size = picture.size();
                resize::apply(&mut picture, size, &shrinking)?;
            }
            Action::Watermark(mark) => watermark::apply(&mut picture, mark, fetch)?,
            Action::Format(_) | Action::Quality(_) | Action::Info => {}
        }
    }
    let buffer = RgbaImage::from_raw(picture.width, picture.height, picture.pixels);
    Ok(Frame::from_parts(buffer.unwrap_or_default(), 0, 0, delay))
}

fn repeat(count: LoopCount) -> Repeat {
    match count {
        LoopCount::Infinite => Repeat::Infinite,
        LoopCount::Finite(times) => Repeat::Finite(u16::try_from(times.get()).unwrap_or(u16::MAX)),
    }
}
