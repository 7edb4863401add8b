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

/// The number of an animation's frames.
pub(super) fn frames(source: &[u8]) -> u64 {
    source.get(12..).map_or(0, |body| chunks(body).filter(|(name, _)| name == b"ANMF").count() as u64)
}

/// One still picture.
pub(super) fn encode(picture: &Picture, loss: Loss) -> Result<Vec<u8>, OssError> {
    let file = frame(picture, loss)?;
    let (icc, exif) = (picture.icc.as_deref(), picture.untold.map(exif_of));
    if icc.is_none() && exif.is_none() {
        return Ok(file);
    }
    let mut flags = if picture.channels == 4 { ALPHA } else { 0 };
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

/// Names and contents of a run of chunks; ends at the first that is cut.
fn chunks(mut rest: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let (name, after) = rest.split_at_checked(4)?;
        let (size, after) = after.split_first_chunk::<4>()?;
        let size = usize::try_from(u32::from_le_bytes(*size)).ok()?;
        let data = after.get(..size)?;
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
