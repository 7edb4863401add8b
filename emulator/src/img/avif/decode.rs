//! From an AVIF to pixels: every tile in its place, then alpha.

use std::panic::{AssertUnwindSafe, catch_unwind};

use re_rav1d::{Decoder, Picture as Frame, Settings};
use shared::error::OssError;
use shared::img::Format;

use super::colour::Colours;
use super::{File, tile};
use crate::img::header;
use crate::img::picture::Picture;

/// One picture is ready after one look, or never.
const LOOKS: usize = 4;

/// Decodes the picture as stored. Of hostile colours the decoder's interface panics, which is damage to us.
pub(in crate::img) fn decode(source: &[u8]) -> Result<Picture, OssError> {
    catch_unwind(AssertUnwindSafe(|| put_together(source))).unwrap_or_else(|_| Err(damaged()))
}

fn put_together(source: &[u8]) -> Result<Picture, OssError> {
    let file = File::read(source)?;
    let alpha = file.alpha()?;
    let channels = if alpha.is_some() { 4 } else { 3 };
    let mut picture = Picture::filled(file.size, channels, [0, 0, 0, 255]);
    let size = file.tile_size();
    for index in 0..file.grid.0 * file.grid.1 {
        let frame = frame(tile(&file.container, index as usize)?.into_owned(), size)?;
        let colours = Colours::of(&frame, file.container.color_info()).ok_or_else(damaged)?;
        colours.paint(&mut picture, (index % file.grid.0 * size.0, index / file.grid.0 * size.1));
    }
    if let Some(alpha) = alpha {
        let frame = frame(alpha.into_owned(), size)?;
        Colours::of(&frame, None).ok_or_else(damaged)?.fade(&mut picture);
        if file.container.premultiplied_alpha() {
            picture.unpremultiply();
        }
    }
    Ok(picture)
}

/// Decodes one AV1 picture, which must have this size.
fn frame(coded: Vec<u8>, size: (u32, u32)) -> Result<Frame, OssError> {
    let mut settings = Settings::new();
    // The pool's turn is one processor.
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_frame_size_limit(size.0.saturating_mul(size.1));
    let mut decoder = Decoder::with_settings(&settings).map_err(|_| damaged())?;
    let mut sent = decoder.send_data(coded, None, None, None);
    for _ in 0..LOOKS {
        match (sent, decoder.get_picture()) {
            (_, Ok(frame)) if (frame.width(), frame.height()) == size => return Ok(frame),
            (Err(error), _) | (_, Err(error)) if !error.is_again() => break,
            (_, Ok(_)) => break,
            _ => sent = decoder.send_pending_data(),
        }
    }
    Err(damaged())
}

fn damaged() -> OssError {
    header::damage(Format::Avif)
}
