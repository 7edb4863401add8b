//! The steps `circle` and `rounded-corners`: what lies outside becomes transparent, and white in formats without alpha.

use shared::img;

use super::crop;
use super::picture::Picture;

/// Keeps the largest circle of `radius` around the middle that there is: 2r + 1 pixels a side.
pub(super) fn circle(picture: &mut Picture, radius: u32) {
    let (area, radius) = img::circle(radius, picture.width, picture.height);
    crop::keep(picture, area);
    // The circle goes through the outer edge of the pixels that are `radius` away from the middle one.
    mask(picture, radius as f32 + 0.5);
}

/// Rounds the four corners.
pub(super) fn round(picture: &mut Picture, radius: u32) {
    let radius = img::corner_radius(radius, picture.width, picture.height);
    if radius > 0 {
        mask(picture, radius as f32);
    }
}

/// Fades out what is further than `radius` from the centres of the corners' circles.
fn mask(picture: &mut Picture, radius: f32) {
    picture.add_alpha();
    let (width, height) = (picture.width as usize, picture.height as usize);
    let reach = (radius.ceil() as usize).min(width).min(height);
    let outside = |at: usize, side: usize| (radius - (at.min(side - 1 - at) as f32 + 0.5)).max(0.0);
    for (y, row) in picture.pixels.chunks_exact_mut(width * 4).enumerate() {
        let dy = outside(y, height);
        if dy == 0.0 {
            continue;
        }
        for x in (0..reach).chain((width - reach).max(reach)..width) {
            let distance = outside(x, width).hypot(dy);
            let coverage = (radius - distance + 0.5).clamp(0.0, 1.0);
            let alpha = &mut row[x * 4 + 3];
            *alpha = (f32::from(*alpha) * coverage).round() as u8;
        }
    }
}
