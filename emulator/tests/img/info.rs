//! `info` and `average-hue`: what is told of a picture.

use image::{DynamicImage, Rgba, RgbaImage};
use mozjpeg::Marker;
use serde_json::Value;

use crate::made::{jpeg_with, photo, png, run};

/// A block of EXIF at `start`, big-endian: its entries of tag, type, count and bytes, and behind them what is too long for an entry.
fn block(start: usize, entries: &[(u16, u16, u32, &[u8])]) -> Vec<u8> {
    let mut block = (entries.len() as u16).to_be_bytes().to_vec();
    let mut long = Vec::new();
    for (tag, kind, count, bytes) in entries {
        block.extend([tag.to_be_bytes(), kind.to_be_bytes()].concat());
        block.extend(count.to_be_bytes());
        if bytes.len() <= 4 {
            block.extend([bytes, &[0; 4][bytes.len()..]].concat());
        } else {
            block.extend(((start + 2 + entries.len() * 12 + 4 + long.len()) as u32).to_be_bytes());
            long.extend(*bytes);
        }
    }
    [block, vec![0; 4], long].concat()
}

#[test]
fn exif_is_told_as_oss_prints_it() {
    let (exif, gps) = (200, 300);
    let numbers = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>();
    let mut tiff = b"MM\0\x2a\0\0\0\x08".to_vec();
    for (start, entries) in [
        (
            8,
            &[
                (0x0112, 3, 1, &[0, 7][..]),
                (0x011A, 5, 1, &numbers(&[96, 1])),
                (0x0128, 3, 1, &[0, 2]),
                (0x0131, 2, 10, b"Some maker"),
                (0x0132, 2, 20, b"2015:02:11 15:38:27\0"),
                (0x8769, 4, 1, &numbers(&[exif as u32])),
                (0x8825, 4, 1, &numbers(&[gps as u32])),
            ][..],
        ),
        (exif, &[(0x9003, 2, 20, b"2015:02:10 15:38:27\0")]),
        (
            gps,
            &[
                (0x0000, 1, 4, &[2, 2, 0, 0]),
                (0x0001, 2, 2, b"N\0"),
                (0x0002, 5, 3, &numbers(&[22, 1, 48, 1, 5055, 100])),
                (0x0003, 2, 2, b"W\0"),
            ],
        ),
    ] {
        tiff.resize(start, 0);
        tiff.extend(block(start, entries));
    }
    let segment = [b"Exif\0\0", &tiff[..]].concat();
    let source = jpeg_with(&photo(42, 33), &[(Marker::APP(1), &segment)]);
    let told: Value = serde_json::from_slice(&run(&source, "image/info").unwrap().body).unwrap();
    let expected = [
        ("DateTime", "2015:02:11 15:38:27"),
        ("DateTimeOriginal", "2015:02:10 15:38:27"),
        ("ExifTag", "200"),
        ("FileSize", &source.len().to_string()),
        ("Format", "jpg"),
        ("GPSLatitude", "22deg 48' 50.55\""),
        ("GPSLatitudeRef", "North"),
        ("GPSLongitudeRef", "West"),
        ("GPSTag", "300"),
        ("GPSVersionID", "2 2 0 0"),
        ("ImageHeight", "33"),
        ("ImageWidth", "42"),
        ("Orientation", "7"),
        ("ResolutionUnit", "2"),
        ("Software", "Some maker"),
        ("XResolution", "96/1"),
    ];
    let told = told.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value["value"].as_str().unwrap()));
    assert_eq!(told.collect::<Vec<_>>(), expected, "sorted by name, every value a text");
}

#[test]
fn the_average_counts_what_is_seen() {
    let half = RgbaImage::from_fn(40, 20, |x, _| if x < 20 { Rgba([200, 100, 0, 255]) } else { Rgba([0, 0, 255, 0]) });
    let hue = run(&png(&DynamicImage::ImageRgba8(half)), "image/average-hue").unwrap();
    assert_eq!((hue.content_type, &hue.body[..]), ("application/json", &br#"{"RGB":"0xc86400"}"#[..]));
}
