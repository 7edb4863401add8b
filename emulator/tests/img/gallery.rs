//! Every action of IMG still looks as it did on `docs/img.png`, tile by tile.

use crate::sheet::{ACTIONS, TILE, scene, sheet};
use image::{GenericImageView, RgbImage};

/// Mean difference of a channel, of 255, that no eye sees.
const TOLERANCE: f64 = 0.6;

fn difference(a: &impl GenericImageView<Pixel = image::Rgb<u8>>, b: &RgbImage) -> f64 {
    let sum: u64 = a
        .pixels()
        .zip(b.pixels())
        .flat_map(|((_, _, a), b)| a.0.into_iter().zip(b.0))
        .map(|(a, b)| u64::from(a.abs_diff(b)))
        .sum();
    sum as f64 / b.len() as f64
}

#[test]
fn all_actions_look_as_on_the_sheet() {
    let golden = image::open(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/img.png")).unwrap().into_rgb8();
    let sheet = sheet().unwrap();
    assert_eq!(
        sheet.dimensions(),
        golden.dimensions(),
        "redraw docs/img.png: cargo run -p emulator --example img_sheet"
    );
    let columns = sheet.width() / TILE.0;
    for (index, action) in (0..).zip(ACTIONS) {
        let (x, y) = (TILE.0 * (index % columns), TILE.1 * (index / columns));
        let tile = golden.view(x, y, TILE.0, TILE.1).to_image();
        let far = difference(&*sheet.view(x, y, TILE.0, TILE.1), &tile);
        assert!(far <= TOLERANCE, "{action} looks different ({far:.2}): look at it, then redraw docs/img.png");
    }
    // So that the tolerance is one that a wrong picture does not meet.
    let wrong = image::imageops::brighten(&scene(), 2);
    assert!(difference(&*scene().view(0, 0, 240, 160), &wrong) > TOLERANCE);
}
