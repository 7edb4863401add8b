//! The steps `bright` and `contrast`: each channel through a table. Sources do not print OSS's curve; this is ImageMagick's
//! `-brightness-contrast`, a straight line whose slope is the tangent of the contrast's angle.

use std::f32::consts::FRAC_PI_4;

use super::picture::Picture;

/// Adds `value` percent of full brightness.
pub(super) fn bright(picture: &mut Picture, value: i32) {
    through(picture, |channel| channel + value as f32 * 2.55);
}

/// Turns the line around the middle: -100 leaves grey, 100 black and white.
pub(super) fn contrast(picture: &mut Picture, value: i32) {
    let slope = (FRAC_PI_4 * (value as f32 / 100.0 + 1.0)).tan().clamp(0.0, 1e6);
    through(picture, |channel| (channel - 127.5) * slope + 127.5);
}

fn through(picture: &mut Picture, curve: impl Fn(f32) -> f32) {
    let table: Vec<u8> = (0u8..=255).map(|channel| curve(f32::from(channel)).round().clamp(0.0, 255.0) as u8).collect();
    for pixel in picture.pixels.chunks_exact_mut(picture.channels) {
        for channel in &mut pixel[..3] {
            *channel = table[usize::from(*channel)];
        }
    }
}
