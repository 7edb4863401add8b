//! From pixels to files: the formats, pixel types and oddities of the test pictures. Writing into memory does not fail.

use std::io::Cursor;

use image::codecs::gif::{GifEncoder, Repeat};
use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{Delay, DynamicImage, ExtendedColorType, Frame, ImageBuffer, ImageEncoder as _, ImageFormat, Luma, Rgb};
use image::{RgbImage, Rgba, RgbaImage};
use jpeg_encoder::{ColorType, Encoder};

use crate::photo::paint;

const QUALITY: u8 = 90;

/// `picture` in `format`.
pub fn as_format(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let written = picture.write_to(&mut file, format);
    debug_assert!(written.is_ok(), "{format:?} into memory: {written:?}");
    file.into_inner()
}

/// Raw samples in `format`.
pub fn raw(samples: &[u8], width: u32, height: u32, color: ExtendedColorType, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let written = image::write_buffer_with_format(&mut file, samples, width, height, color, format);
    debug_assert!(written.is_ok(), "{format:?} into memory: {written:?}");
    file.into_inner()
}

/// A JPEG whose scans follow one another.
pub fn progressive(picture: &RgbImage) -> Vec<u8> {
    jpeg(picture.as_raw(), picture, ColorType::Rgb, true)
}

/// A JPEG with brightness alone.
pub fn grey(picture: &RgbImage) -> Vec<u8> {
    let grey: ImageBuffer<Luma<u8>, _> = DynamicImage::from(picture.clone()).into_luma8();
    jpeg(grey.as_raw(), picture, ColorType::Luma, false)
}

/// A JPEG in four inks, as print shops have it.
pub fn cmyk(picture: &RgbImage) -> Vec<u8> {
    let ink = |Rgb([r, g, b]): &Rgb<u8>| {
        let most = *[r, g, b].into_iter().max().unwrap_or(&0);
        let share = |channel: u8| {
            let wanted = u16::from(most - channel) * 255;
            wanted.checked_div(u16::from(most)).unwrap_or(0) as u8
        };
        [share(*r), share(*g), share(*b), 255 - most]
    };
    let inks: Vec<u8> = picture.pixels().flat_map(ink).collect();
    jpeg(&inks, picture, ColorType::Cmyk, false)
}

fn jpeg(samples: &[u8], size_of: &RgbImage, color: ColorType, progressive: bool) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, QUALITY);
    encoder.set_progressive(progressive);
    let side = |pixels: u32| u16::try_from(pixels).unwrap_or(u16::MAX);
    let written = encoder.encode(samples, side(size_of.width()), side(size_of.height()), color);
    debug_assert!(written.is_ok(), "a JPEG into memory: {written:?}");
    file
}

/// With 16 bits a channel, the lower ones in use.
pub fn deep(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let wide = |x: u32, y: u32| {
        let Rgb(channels) = picture.get_pixel(x, y);
        Rgb(channels.map(|channel| u16::from(channel) << 8 | (x ^ y) as u16 & 0xff))
    };
    let deep: ImageBuffer<Rgb<u16>, Vec<u16>> = ImageBuffer::from_fn(picture.width(), picture.height(), wide);
    as_format(&deep.into(), format)
}

/// Fading to nothing from left to right.
pub fn transparent(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let faded = RgbaImage::from_fn(picture.width(), picture.height(), |x, y| {
        let Rgb([r, g, b]) = *picture.get_pixel(x, y);
        Rgba([r, g, b, (255 - x * 255 / picture.width().max(1)) as u8])
    });
    as_format(&faded.into(), format)
}

/// A GIF of `frames` landscapes, for ever.
pub fn animated(width: u32, height: u32, frames: u64) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut file, 20);
    let delay = Delay::from_numer_denom_ms(250, 1);
    let frames = (0..frames).map(|seed| {
        let picture = DynamicImage::from(paint(width, height, seed)).into_rgba8();
        Frame::from_parts(picture, 0, 0, delay)
    });
    let written = encoder.set_repeat(Repeat::Infinite).and_then(|()| encoder.encode_frames(frames));
    debug_assert!(written.is_ok(), "a GIF into memory: {written:?}");
    drop(encoder);
    file
}

/// A JPEG that looks like `picture` once the EXIF orientation `number`, 1 to 8, is respected.
pub fn oriented(picture: &RgbImage, number: u8) -> Vec<u8> {
    let back = match Orientation::from_exif(number).unwrap_or(Orientation::NoTransforms) {
        Orientation::Rotate90 => Orientation::Rotate270,
        Orientation::Rotate270 => Orientation::Rotate90,
        // Mirrored or turned twice, it is as it was.
        same => same,
    };
    let mut turned = DynamicImage::from(picture.clone());
    turned.apply_orientation(back);
    let mut file = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut file, QUALITY);
    let written = encoder.set_exif_metadata(exif(number)).map(|()| turned.write_with_encoder(encoder));
    debug_assert!(matches!(written, Ok(Ok(()))), "a JPEG into memory: {written:?}");
    file
}

/// A TIFF header with one entry: tag 0x0112, Orientation, a SHORT.
fn exif(orientation: u8) -> Vec<u8> {
    let mut tiff = b"MM\0\x2a\0\0\0\x08\0\x01".to_vec();
    tiff.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    tiff.extend([0; 4]);
    tiff
}

/// A PNG that claims to be of this size and ends after that.
pub fn claim(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = as_format(&RgbImage::new(1, 1).into(), ImageFormat::Png);
    // The signature takes 8 bytes; length and name of IHDR 8 more.
    bytes.truncate(33);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    bytes
}
