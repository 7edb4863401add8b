//! The pictures in the documentation are those that the app paints now.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;

use client_ui::gallery;
use image::RgbaImage;

/// How far a channel may be off, for machines whose sine differs in its last bit.
const TOLERANCE: u8 = 24;
/// Pixels that may be further off.
const PIXELS: usize = 20;
const HELP: &str =
    "paint the pictures anew with `cargo run -p client-gui -- --screenshot docs/screens`, and look at them";

#[test]
fn the_pictures_in_the_documentation_are_current() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/screens");
    let painted = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screens");
    std::fs::create_dir_all(&painted).unwrap();
    let mut names = BTreeSet::new();
    for (name, picture) in gallery::pictures() {
        picture.save(painted.join(format!("{name}.png"))).unwrap();
        let path = kept.join(format!("{name}.png"));
        let before =
            image::open(&path).unwrap_or_else(|error| panic!("{}: {error}; {HELP}", path.display())).into_rgba8();
        assert_eq!(before.dimensions(), picture.dimensions(), "{name}; {HELP}");
        let off = differing(&before, &picture);
        assert!(off <= PIXELS, "{name}: {off} pixels differ; {HELP}");
        names.insert(format!("{name}.png"));
    }
    let there: BTreeSet<_> =
        std::fs::read_dir(&kept).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(there, names, "pictures of no scene");
}

fn differing(one: &RgbaImage, other: &RgbaImage) -> usize {
    let far =
        |(a, b): &(&image::Rgba<u8>, &image::Rgba<u8>)| a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > TOLERANCE);
    one.pixels().zip(other.pixels()).filter(far).count()
}
