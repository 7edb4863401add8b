//! The step `rotate`: by quarters without loss, by other angles on a canvas that grows.

use image::metadata::Orientation;
use shared::error::{OssCode, OssError};
use shared::img::MAX_TURNED_SIDE;

use super::picture::Picture;

/// Turns the picture clockwise. What the canvas gains is transparent, and white in formats without alpha.
///
/// # Errors
/// `ImageTooLarge` for a side of more than 4096 pixels (`img-and-ram.md` §1.2).
pub(super) fn apply(picture: &mut Picture, degrees: i32) -> Result<(), OssError> {
    check_side(picture.size(), "rotate")?;
    match degrees.rem_euclid(360) {
        0 => {}
        90 => picture.orient(Orientation::Rotate90),
        180 => picture.orient(Orientation::Rotate180),
        270 => picture.orient(Orientation::Rotate270),
        degrees => *picture = turned(picture, (degrees as f32).to_radians()),
    }
    Ok(())
}

/// Refuses to turn a picture with a side of more than 4096 pixels.
pub(super) fn check_side((width, height): (u32, u32), action: &str) -> Result<(), OssError> {
    if width.max(height) <= MAX_TURNED_SIDE {
        return Ok(());
    }
    let message = format!("{action} takes pictures of at most {MAX_TURNED_SIDE} pixels a side, not {width}x{height}.");
    Err(OssError::new(OssCode::ImageTooLarge, message))
}

fn turned(picture: &mut Picture, angle: f32) -> Picture {
    picture.add_alpha();
    let (sin, cos) = angle.sin_cos();
    let (w, h) = (picture.width as f32, picture.height as f32);
    let side = |length: f32| (length.round() as u32).max(1);
    let size = (side(w * cos.abs() + h * sin.abs()), side(w * sin.abs() + h * cos.abs()));
    let mut canvas = Picture::filled(size, 4, [255, 255, 255, 0]);
    let (middle_x, middle_y) = (size.0 as f32 / 2.0, size.1 as f32 / 2.0);
    for (y, row) in canvas.pixels.chunks_exact_mut(size.0 as usize * 4).enumerate() {
        let dy = y as f32 + 0.5 - middle_y;
        for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
            let dx = x as f32 + 0.5 - middle_x;
            let from = (dx * cos + dy * sin + w / 2.0 - 0.5, dy * cos - dx * sin + h / 2.0 - 0.5);
            if let Some(sampled) = sample(picture, from) {
                pixel.copy_from_slice(&sampled);
            }
        }
    }
    Picture { icc: picture.icc.take(), source_quality: picture.source_quality, ..canvas }
}

/// The colour between four pixels, each weighed by its nearness and its alpha; `None` far outside.
fn sample(picture: &Picture, (x, y): (f32, f32)) -> Option<[u8; 4]> {
    if x <= -1.0 || y <= -1.0 || x >= picture.width as f32 || y >= picture.height as f32 {
        return None;
    }
    let (left, top) = (x.floor(), y.floor());
    let (right_share, bottom_share) = (x - left, y - top);
    let (mut colour, mut alpha) = ([0.0f32; 3], 0.0f32);
    for (dx, dy, share) in [
        (0, 0, (1.0 - right_share) * (1.0 - bottom_share)),
        (1, 0, right_share * (1.0 - bottom_share)),
        (0, 1, (1.0 - right_share) * bottom_share),
        (1, 1, right_share * bottom_share),
    ] {
        let (Ok(x), Ok(y)) = (u32::try_from(left as i64 + dx), u32::try_from(top as i64 + dy)) else { continue };
        if x >= picture.width || y >= picture.height {
            continue;
        }
        let [red, green, blue, opacity] = picture.rgba(x, y);
        let weight = share * f32::from(opacity);
        alpha += weight;
        for (sum, channel) in colour.iter_mut().zip([red, green, blue]) {
            *sum += weight * f32::from(channel);
        }
    }
    (alpha > 0.0).then(|| {
        let [red, green, blue] = colour.map(|sum| (sum / alpha).round() as u8);
        [red, green, blue, alpha.round() as u8]
    })
}
