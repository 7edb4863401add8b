//! AVIF: files of another encoder (libavif with libaom, from generated pictures), and our own.
//!
//! `turned`, `grid` and `premultiplied` show four quarters: red, green, blue, white.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageReader, Rgba, RgbaImage};
use serde_json::Value;
use shared::error::OssCode;

use crate::made::{RED, jpeg, near, photo, pixels, png, run, run_with, solid_png};

const TURNED: &[u8] = include_bytes!("../data/avif/turned.avif");
pub const GRID: &[u8] = include_bytes!("../data/avif/grid.avif");
const PREMULTIPLIED: &[u8] = include_bytes!("../data/avif/premultiplied.avif");
const P3: &[u8] = include_bytes!("../data/avif/p3.avif");
const SEQUENCE: &[u8] = include_bytes!("../data/avif/sequence.avif");
const WIDE: &[u8] = include_bytes!("../data/avif/wide.avif");

/// Those that are not refused by their heads.
pub const READABLE: [&[u8]; 5] = [TURNED, GRID, PREMULTIPLIED, P3, SEQUENCE];

const QUARTERS: [[u8; 3]; 4] = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255; 3]];

/// The pixels in the middle of the four quarters, row by row.
fn quarters(picture: &RgbaImage) -> [Rgba<u8>; 4] {
    let (width, height) = picture.dimensions();
    [(1, 1), (3, 1), (1, 3), (3, 3)].map(|(x, y)| *picture.get_pixel(width * x / 4, height * y / 4))
}

#[test]
fn turns_and_mirrors_are_applied_in_their_order() {
    let byte_of = |name: &[u8]| TURNED.windows(4).position(|bytes| bytes == name).unwrap() + 4;
    for (turns, axis) in (0..4).flat_map(|turns| [(turns, 0), (turns, 1)]) {
        let mut file = TURNED.to_vec();
        (file[byte_of(b"irot")], file[byte_of(b"imir")]) = (turns, axis);
        let [mut a, mut b, mut c, mut d] = QUARTERS;
        for _ in 0..turns {
            (a, b, c, d) = (b, d, a, c); // counter-clockwise
        }
        let expected = if axis == 0 { [c, d, a, b] } else { [b, a, d, c] };
        let picture = pixels(run(&file, "image/format,png"));
        assert_eq!(picture.dimensions(), if turns % 2 == 0 { (64, 32) } else { (32, 64) });
        let seen = quarters(&picture);
        assert!(seen.iter().zip(expected).all(|(seen, wanted)| near(seen, wanted)), "{turns} {axis}: {seen:?}");
    }
    let left = pixels(run(TURNED, "image/auto-orient,0/format,png"));
    assert!(quarters(&left).iter().zip(QUARTERS).all(|(seen, wanted)| near(seen, wanted)));
    let info: Value = serde_json::from_slice(&run(TURNED, "image/info").unwrap().body).unwrap();
    let value = |key: &str| info[key]["value"].as_str().unwrap().to_owned();
    assert_eq!(["Format", "ImageWidth", "ImageHeight"].map(value), ["avif", "64", "32"]);
}

#[test]
fn tiles_of_ten_bits_stand_in_their_places() {
    let picture = pixels(run(GRID, "image/format,png"));
    assert_eq!(picture.dimensions(), (128, 128));
    assert!(quarters(&picture).iter().zip(QUARTERS).all(|(seen, wanted)| near(seen, wanted)));
}

#[test]
fn alpha_is_told_from_the_colours_it_was_multiplied_with() {
    let [red, green, _, white] = quarters(&pixels(run(PREMULTIPLIED, "image/format,png")));
    let alphas = [red, green, white].map(|pixel| pixel[3]);
    assert!(alphas.iter().zip([128u8, 255, 64]).all(|(a, b)| a.abs_diff(b) < 4), "{alphas:?}");
    let opaque = |pixel: Rgba<u8>| Rgba([pixel[0], pixel[1], pixel[2], 255]);
    assert!(near(&opaque(red), QUARTERS[0]) && near(&opaque(white), QUARTERS[3]), "{red:?} {white:?}");

    let half = png(&DynamicImage::ImageRgba8(RgbaImage::from_pixel(40, 40, Rgba([255, 0, 0, 128]))));
    let there = run(&half, "image/format,avif").unwrap();
    let back = *pixels(run(&there.body, "image/format,png")).get_pixel(20, 20);
    assert!(near(&opaque(back), [255, 0, 0]) && back[3].abs_diff(128) < 4, "{back:?}");
    assert!(near(pixels(run(&there.body, "image/format,jpg")).get_pixel(20, 20), [255, 127, 127]));
}

#[test]
fn wider_colours_are_kept_where_there_is_a_place_and_converted_elsewhere() {
    let kept = run(P3, "image/format,png").unwrap();
    let mut decoder = ImageReader::new(Cursor::new(kept.body)).with_guessed_format().unwrap().into_decoder().unwrap();
    assert!(decoder.icc_profile().unwrap().is_some(), "a profile of Display P3");
    // The same numbers are a stronger red in Display P3 than in sRGB.
    let primaries = P3.windows(8).position(|bytes| bytes == b"colrnclx").unwrap() + 9;
    let mut srgb = P3.to_vec();
    srgb[primaries] = 1;
    let [wide, narrow] = [P3, &srgb].map(|file| *pixels(run(file, "image/format,bmp")).get_pixel(32, 16));
    assert!(near(&narrow, [180, 90, 90]) && wide[0] > narrow[0] + 5 && wide[1] < narrow[1], "{narrow:?} {wide:?}");
}

#[test]
fn the_brand_may_stand_in_the_second_place() {
    let mut file = P3.to_vec();
    file[8..12].copy_from_slice(b"mif1");
    assert!(file[16..].windows(4).take(8).any(|brand| brand == b"avif"));
    assert_eq!(run(&file, "image/format,bmp"), run(P3, "image/format,bmp"));
}

#[test]
fn of_a_sequence_the_first_picture_counts() {
    let first = pixels(run(SEQUENCE, "image/resize,w_32/format,png"));
    assert_eq!(first.dimensions(), (32, 16));
    assert!(near(first.get_pixel(16, 8), RED.0));
}

#[test]
fn a_photo_survives_and_may_be_a_mark() {
    let photo = photo(300, 200);
    let there = run(&jpeg(&photo, 95), "image/resize,w_150/format,avif").unwrap();
    let there_again = run(&there.body, "image/resize,w_75").unwrap();
    assert_eq!((there.content_type, there_again.content_type), ("image/avif", "image/avif"));
    let small = pixels(run(&there_again.body, "image/format,png"));
    let wanted = pixels(run(&png(&DynamicImage::ImageRgb8(photo)), "image/resize,w_75"));
    let difference: u64 = small.iter().zip(wanted.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!((difference as f64 / wanted.len() as f64) < 3.0, "{difference}");
    let sizes = ["Q_90", "Q_30"].map(|q| {
        let result = run(&there.body, &format!("image/quality,{q}")).unwrap();
        result.body.len()
    });
    assert!(sizes[0] * 2 > sizes[1] * 3, "{sizes:?}");
    let marked = pixels(run_with(&solid_png(200, 100, RED), "image/watermark,image_cA,g_nw,x_0,y_0", GRID));
    assert!(near(marked.get_pixel(96, 32), QUARTERS[1]));
}

#[test]
fn what_oss_does_not_read_or_write_is_refused_by_its_size() {
    let too_wide = solid_png(4097, 4, RED);
    for (source, process) in [(WIDE, "image/resize,w_10"), (WIDE, "image/info"), (&too_wide, "image/format,avif")] {
        let error = run(source, process).unwrap_err();
        assert_eq!((&error.code, error.ec.as_deref()), (&OssCode::ImageTooLarge, Some("0040-00000014")), "{process}");
    }
}
