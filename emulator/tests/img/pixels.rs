//! What is seen in results: quality, padding, the part that stays, and small decoding.

use image::metadata::Orientation;
use image::{DynamicImage, GenericImageView, Rgb, RgbImage};
use mozjpeg::Marker;

use crate::made::{
    RED, WHITE, jpeg, jpeg_with, near, orientation, photo, pixels, png, quality_of, red, run, solid_png,
};

#[test]
fn quality_is_relative_to_the_source() {
    let source = jpeg(&photo(400, 267), 82);
    let cases = [("q_50", 41), ("q_100", 82), ("Q_60", 60), ("Q_95", 82)];
    for (parameter, expected) in cases {
        let result = run(&source, &format!("image/quality,{parameter}")).unwrap();
        assert!(quality_of(&result.body).abs_diff(expected) <= 1, "{parameter}: {}", quality_of(&result.body));
    }
    let kept = run(&jpeg(&photo(400, 267), 60), "image/resize,w_200").unwrap();
    assert!(quality_of(&kept.body).abs_diff(60) <= 1, "no result is better than its source");
}

#[test]
fn padding_takes_the_colour_asked_for() {
    let source = solid_png(2500, 1875, Rgb([0, 0, 255]));
    let result = pixels(run(&source, "image/resize,m_pad,w_100,h_100,color_FF0000"));
    assert_eq!((result.get_pixel(50, 11).0, result.get_pixel(50, 88).0), ([255, 0, 0, 255], [255, 0, 0, 255]));
    assert_eq!((result.get_pixel(50, 13).0, result.get_pixel(50, 86).0), ([0, 0, 255, 255], [0, 0, 255, 255]));
}

#[test]
fn filling_keeps_the_middle() {
    let source = RgbImage::from_fn(300, 100, |x, _| if (100..200).contains(&x) { RED } else { WHITE });
    let result = pixels(run(&png(&DynamicImage::ImageRgb8(source)), "image/resize,m_fill,w_50,h_50"));
    assert!((4..46).all(|x| red(result.get_pixel(x, 25))));
}

#[test]
fn a_thumbnail_decoded_small_looks_like_one_decoded_whole() {
    let photo = photo(1600, 1200);
    for width in [100, 300, 1000] {
        let request = format!("image/resize,w_{width}/format,png");
        let small = pixels(run(&jpeg(&photo, 95), &request));
        let whole = pixels(run(&png(&DynamicImage::ImageRgb8(photo.clone())), &request));
        let difference: u64 = small.iter().zip(whole.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        let mean = difference as f64 / small.len() as f64;
        assert!(mean < 1.5, "w_{width}: {mean}");
    }
}

#[test]
fn each_of_the_eight_orientations_is_turned_upright_before_anything_else() {
    let quarters = |x: u32, y: u32| match (x < 32, y < 16) {
        (true, true) => [255, 0, 0],
        (false, true) => [0, 255, 0],
        (true, false) => [0, 0, 255],
        _ => [255; 3],
    };
    let picture = RgbImage::from_fn(64, 32, |x, y| Rgb(quarters(x, y)));
    for told in 1..=8 {
        let source = jpeg_with(&picture, &[(Marker::APP(1), &orientation(told))]);
        let mut upright = DynamicImage::ImageRgb8(picture.clone());
        upright.apply_orientation(Orientation::from_exif(told).unwrap());
        for process in ["image/format,png", "image/resize,p_50/format,png", "image/crop,w_64,h_64/format,png"] {
            let result = pixels(run(&source, process));
            let scale = upright.width() / result.width();
            for (x, y) in
                [(1, 1), (3, 1), (1, 3), (3, 3)].map(|(x, y)| (result.width() * x / 4, result.height() * y / 4))
            {
                let wanted = upright.get_pixel(x * scale, y * scale);
                let seen = result.get_pixel(x, y);
                assert!(near(seen, [wanted[0], wanted[1], wanted[2]]), "{told} {process}: {seen:?} {wanted:?}");
            }
        }
    }
}
