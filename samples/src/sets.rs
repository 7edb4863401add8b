//! Which test pictures there are, set by set.

use image::{ExtendedColorType, ImageFormat};

use crate::Sample;
use crate::encode;
use crate::photo::{paint, photo};

/// A set of test pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// From one pixel to a phone's 12 megapixels, wide and tall.
    Photos,
    /// Every format and pixel type that OSS's IMG reads.
    Formats,
    /// The eight EXIF orientations; all look the same where they are respected.
    Orientations,
    /// Names that are hard to encode, sign and show.
    OddNames,
    /// What no decoder may accept.
    Broken,
    /// Files of many parts.
    Large,
    /// Two hundred small pictures.
    Many,
}

/// How many small pictures [`Set::Many`] has.
const MANY: u64 = 200;

impl Set {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Photos, Self::Formats, Self::Orientations, Self::OddNames, Self::Broken, Self::Large, Self::Many];

    /// Its pictures. Painting waits until their bytes are asked for.
    pub fn samples(self) -> Vec<Sample> {
        match self {
            Self::Photos => photos(),
            Self::Formats => formats(),
            Self::Orientations => (1..=8).map(orientation).collect(),
            Self::OddNames => odd_names(),
            Self::Broken => broken(),
            Self::Large => large(),
            Self::Many => {
                let small = |seed| Sample::new(format!("photo-{seed:03}.jpg"), move || photo(160, 120, seed));
                (1..=MANY).map(small).collect()
            }
        }
    }
}

fn photos() -> Vec<Sample> {
    [
        ("phone-12mp.jpg", 4000, 3000),
        ("screen.jpg", 1920, 1280),
        ("small.jpg", 320, 240),
        ("panorama.jpg", 4000, 500),
        ("tall.jpg", 400, 2400),
        ("one-pixel.jpg", 1, 1),
    ]
    .into_iter()
    .zip(1..)
    .map(|((name, width, height), seed)| Sample::new(name, move || photo(width, height, seed)))
    .collect()
}

fn formats() -> Vec<Sample> {
    let picture = || paint(480, 320, 3);
    let in_format = move |format| move || encode::as_format(&picture().into(), format);
    vec![
        Sample::new("baseline.jpg", || photo(480, 320, 3)),
        Sample::new("progressive.jpg", move || encode::progressive(&picture())),
        Sample::new("grey.jpg", move || encode::grey(&picture())),
        Sample::new("cmyk.jpg", move || encode::cmyk(&picture())),
        Sample::new("8-bit.png", in_format(ImageFormat::Png)),
        Sample::new("16-bit.png", move || encode::deep(&picture(), ImageFormat::Png)),
        Sample::new("transparent.png", move || encode::transparent(&picture(), ImageFormat::Png)),
        Sample::new("lossless.webp", in_format(ImageFormat::WebP)),
        Sample::new("transparent.webp", move || encode::transparent(&picture(), ImageFormat::WebP)),
        Sample::new("animated.gif", || encode::animated(160, 120, 8)),
        Sample::new("plain.bmp", in_format(ImageFormat::Bmp)),
        Sample::new("plain.tiff", in_format(ImageFormat::Tiff)),
        Sample::new("16-bit.tiff", move || encode::deep(&picture(), ImageFormat::Tiff)),
    ]
}

fn orientation(number: u8) -> Sample {
    Sample::new(format!("orientation-{number}.jpg"), move || encode::oriented(&paint(320, 240, 5), number))
}

/// Every name is possible on Linux, macOS and Windows.
fn odd_names() -> Vec<Sample> {
    let long = format!("{}.jpg", "long-name-".repeat(20));
    [
        "雪山 at dawn (1).jpg",
        "emoji 🌄.jpg",
        "é, composed and de\u{301}composed.jpg",
        "percent%20plus+and&equals=.jpg",
        "hash#semicolon;comma,'quote'.jpg",
        "two..dots.jpg",
        "~tilde $dollar @at!.jpg",
        ".hidden.jpg",
        "no-ending",
        "UPPER.JPG",
        "wrong-ending.png",
        "العربية.jpg",
        long.as_str(),
    ]
    .into_iter()
    .zip(11..)
    .map(|(name, seed)| Sample::new(name, move || photo(160, 120, seed)))
    .collect()
}

fn broken() -> Vec<Sample> {
    let png = || encode::as_format(&paint(320, 240, 7).into(), ImageFormat::Png);
    vec![
        Sample::new("empty.jpg", Vec::new),
        Sample::new("text.jpg", || b"This is no picture.\n".to_vec()),
        Sample::new("first-bytes-only.jpg", || photo(320, 240, 7).into_iter().take(200).collect()),
        Sample::new("half.png", move || {
            let whole = png();
            whole[..whole.len() / 2].to_vec()
        }),
        Sample::new("wrong-checksum.png", move || {
            let mut bytes = png();
            // In the first IDAT chunk, whose CRC-32 then does not agree.
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x55;
            bytes
        }),
        Sample::new("huge-claim.png", || encode::claim(60_000, 60_000)),
    ]
}

fn large() -> Vec<Sample> {
    vec![
        Sample::new("phone-12mp.bmp", || encode::as_format(&paint(4000, 3000, 1).into(), ImageFormat::Bmp)),
        Sample::new("noise-6mp.png", || {
            let grain = paint(3000, 2000, 2);
            encode::raw(grain.as_raw(), 3000, 2000, ExtendedColorType::Rgb8, ImageFormat::Png)
        }),
    ]
}
