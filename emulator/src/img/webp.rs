//! WebP out: libwebp encodes the frames, this file puts them, a profile, EXIF and animation into the container (RFC 9649 §2).
//! WebP in is the `image` crate's, written in Rust: hostile bytes never reach C.

use shared::error::{OssCode, OssError};
use webp::{Encoder, PixelLayout, WebPConfig};

use super::header::exif_of;
use super::picture::Picture;

/// The flags of the `VP8X` chunk.
const ICC: u8 = 0x20;
const ALPHA: u8 = 0x10;
const EXIF: u8 = 0x08;
const ANIMATION: u8 = 0x02;

/// How good a WebP is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// None at all.
    Lossless,
    /// This quality, 1 to 100.
    Quality(u8),
}

/// Whether a still WebP was written without loss.
pub(super) fn is_lossless(source: &[u8]) -> bool {
    source.get(12..).is_some_and(|body| chunks(body).any(|(name, _)| name == b"VP8L"))
}

/// The number of an animation's frames. `None` where pixels are of another size than is said of them: a decoder makes room for
/// what they are, however small the `canvas`.
pub(super) fn frames(source: &[u8], canvas: (u32, u32)) -> Option<u64> {
    let fits =
        |(name, data): (&[u8], &[u8]), size: (u32, u32)| coded_size(name, data).is_none_or(|coded| coded == size);
    let mut count = 0;
    for (name, data) in chunks(source.get(12..)?) {
        if name != b"ANMF" {
            if !fits((name, data), canvas) {
                return None;
            }
            continue;
        }
        count += 1;
        // Left, top, width, height, in three bytes each; the first two halved, the others less one.
        let [left, top, width, height] = [0, 3, 6, 9].map(|at| data.get(at..at + 3).map(three_bytes));
        let (left, top, size) = (left? * 2, top? * 2, (width? + 1, height? + 1));
        let outside = left + size.0 > canvas.0 || top + size.1 > canvas.1;
        // The decoder looks for the next frame at once behind this one, other readers behind a byte that evens it.
        let odd = data.len() % 2 == 1;
        if outside || odd || !chunks(data.get(16..)?).all(|chunk| fits(chunk, size)) {
            return None;
        }
    }
    Some(count)
}

/// (width, height) that coded pixels tell of themselves; `None` for other chunks and for what is cut (RFC 6386 §9.1, RFC 9649 §3.4).
fn coded_size(name: &[u8], data: &[u8]) -> Option<(u32, u32)> {
    match name {
        b"VP8 " => {
            let side =
                |at: usize| data.get(at..at + 2).map(|pair| u32::from(u16::from_le_bytes([pair[0], pair[1]]) & 0x3FFF));
            Some((side(6)?, side(8)?))
        }
        b"VP8L" => {
            let bits = u32::from_le_bytes(*data.get(1..)?.first_chunk()?);
            Some(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
        }
        _ => None,
    }
}

fn three_bytes(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

/// What the first chunk of this name holds.
pub(super) fn content(source: &[u8], wanted: &[u8; 4]) -> Option<Vec<u8>> {
    chunks(source.get(12..)?).find(|(name, _)| name == wanted).map(|(_, data)| data.to_vec())
}

/// One still picture.
pub(super) fn encode(picture: &Picture, loss: Loss) -> Result<Vec<u8>, OssError> {
    let file = frame(picture, loss)?;
    let (icc, exif) = (picture.icc.as_deref(), picture.untold.map(exif_of));
    if icc.is_none() && exif.is_none() {
        return Ok(file);
    }
    // Of a picture that turns out to be opaque no alpha is written, and a flag without it is an error to some readers.
    let alpha = picture_chunks(&file)
        .any(|(name, data)| name == b"ALPH" || name == b"VP8L" && data.get(4).is_some_and(|byte| byte & 0x10 != 0));
    let mut flags = if alpha { ALPHA } else { 0 };
    let mut body = Vec::with_capacity(file.len());
    if let Some(icc) = icc {
        flags |= ICC;
        chunk(&mut body, b"ICCP", icc);
    }
    for (name, data) in picture_chunks(&file) {
        chunk(&mut body, name, data);
    }
    if let Some(exif) = exif {
        flags |= EXIF;
        chunk(&mut body, b"EXIF", &exif);
    }
    Ok(container(flags, picture.size(), &body))
}

/// An animation that grows frame by frame. All frames must be of one size.
pub(super) struct Animation {
    size: (u32, u32),
    body: Vec<u8>,
}

impl Animation {
    /// `loops` is how often it runs, 0 for ever.
    pub fn new(size: (u32, u32), loops: u16) -> Self {
        let mut body = Vec::new();
        let [low, high] = loops.to_le_bytes();
        chunk(&mut body, b"ANIM", &[0, 0, 0, 0, low, high]);
        Self { size, body }
    }

    /// Appends a whole frame that is shown for `milliseconds`.
    pub fn push(&mut self, picture: &Picture, milliseconds: u32, loss: Loss) -> Result<(), OssError> {
        let file = frame(picture, loss)?;
        let mut data = vec![0; 6];
        for value in [picture.width - 1, picture.height - 1, milliseconds] {
            data.extend(&value.to_le_bytes()[..3]);
        }
        // Replaces what was there, blends with nothing.
        data.push(0b10);
        for (name, part) in picture_chunks(&file) {
            chunk(&mut data, name, part);
        }
        chunk(&mut self.body, b"ANMF", &data);
        Ok(())
    }

    /// The file.
    pub fn finish(self) -> Vec<u8> {
        container(ANIMATION | ALPHA, self.size, &self.body)
    }
}

fn frame(picture: &Picture, loss: Loss) -> Result<Vec<u8>, OssError> {
    let failed = || OssError::new(OssCode::InternalError, "The result could not be encoded as WebP.");
    let mut config = WebPConfig::new().map_err(|()| failed())?;
    match loss {
        Loss::Lossless => {
            config.lossless = 1;
            config.quality = 40.0;
            config.exact = 1;
        }
        Loss::Quality(quality) => config.quality = f32::from(quality),
    }
    let layout = if picture.channels == 4 { PixelLayout::Rgba } else { PixelLayout::Rgb };
    let encoder = Encoder::new(&picture.pixels, layout, picture.width, picture.height);
    encoder.encode_advanced(&config).map(|file| file.to_vec()).map_err(|_| failed())
}

/// The chunks of a still file that hold its pixels.
fn picture_chunks(file: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    chunks(file.get(12..).unwrap_or_default())
        .filter(|(name, _)| [b"ALPH", b"VP8 ", b"VP8L"].iter().any(|n| *n == name))
}

/// Names and contents of a run of chunks, of which the last may be cut.
fn chunks(mut rest: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let (name, after) = rest.split_at_checked(4)?;
        let (size, after) = after.split_first_chunk::<4>()?;
        let size = usize::try_from(u32::from_le_bytes(*size)).ok()?;
        let data = after.get(..size).unwrap_or(after);
        rest = after.get(size + size % 2..).unwrap_or_default();
        Some((name, data))
    })
}

fn chunk(into: &mut Vec<u8>, name: &[u8], data: &[u8]) {
    into.extend(name);
    into.extend((data.len() as u32).to_le_bytes());
    into.extend(data);
    if data.len() % 2 == 1 {
        into.push(0);
    }
}

fn container(flags: u8, size: (u32, u32), body: &[u8]) -> Vec<u8> {
    let mut head = vec![flags, 0, 0, 0];
    for side in [size.0 - 1, size.1 - 1] {
        head.extend(&side.to_le_bytes()[..3]);
    }
    let mut inner = b"WEBP".to_vec();
    chunk(&mut inner, b"VP8X", &head);
    inner.extend(body);
    let mut file = Vec::with_capacity(inner.len() + 8);
    chunk(&mut file, b"RIFF", &inner);
    file
}
