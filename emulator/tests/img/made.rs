//! Sources that are made here, and what is read back of results.

use std::io::Cursor;

use emulator::img::{Output, process};
use image::codecs::gif::{GifDecoder, GifEncoder};
use image::codecs::jpeg::JpegEncoder;
use image::{AnimationDecoder, DynamicImage, Frame, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use mozjpeg::{ColorSpace, Compress, Marker};
use shared::error::{OssCode, OssError};
use shared::img::Process;

pub const WHITE: Rgb<u8> = Rgb([255; 3]);
pub const RED: Rgb<u8> = Rgb([255, 0, 0]);

pub fn run_with(source: &[u8], text: &str, mark: &[u8]) -> Result<Output, OssError> {
    let parsed = Process::parse(text)?;
    process(source, source.len() as u64, &parsed, &mut |_| Ok(mark.to_vec()))
}

pub fn run(source: &[u8], text: &str) -> Result<Output, OssError> {
    let parsed = Process::parse(text)?;
    let no_mark = |key: &str| Err(OssError::new(OssCode::NoSuchKey, key));
    process(source, source.len() as u64, &parsed, &mut { no_mark })
}

pub fn pixels(output: Result<Output, OssError>) -> RgbaImage {
    image::load_from_memory(&output.unwrap().body).unwrap().into_rgba8()
}

pub fn png(picture: &DynamicImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
    bytes
}

pub fn solid_png(width: u32, height: u32, colour: Rgb<u8>) -> Vec<u8> {
    png(&DynamicImage::ImageRgb8(RgbImage::from_pixel(width, height, colour)))
}

/// A smooth picture with some texture, so that JPEG has something to do.
pub fn photo(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let wave = |v: u32, scale: f32| ((v as f32 * scale).sin() * 60.0 + 128.0) as u8;
        Rgb([wave(x + y / 2, 0.031), wave(y, 0.043), wave(x * 3 + y, 0.017)])
    })
}

/// EXIF of one entry, big-endian: Orientation (0x0112), SHORT.
pub fn orientation(value: u8) -> Vec<u8> {
    [b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", &[value, 0, 0, 0, 0, 0, 0][..]].concat()
}

pub fn jpeg(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(picture).unwrap();
    bytes
}

/// A JPEG with extra segments.
pub fn jpeg_with(picture: &RgbImage, segments: &[(Marker, &[u8])]) -> Vec<u8> {
    let mut encoder = Compress::new(ColorSpace::JCS_RGB);
    encoder.set_size(picture.width() as usize, picture.height() as usize);
    let mut encoder = encoder.start_compress(Vec::new()).unwrap();
    for (marker, data) in segments {
        encoder.write_marker(*marker, data);
    }
    encoder.write_scanlines(picture).unwrap();
    encoder.finish().unwrap()
}

/// A JPEG whose left half is red, with these colour components and extra segments.
pub fn raw_jpeg(space: ColorSpace, left: &[u8], right: &[u8], segments: &[(Marker, &[u8])]) -> Vec<u8> {
    let mut encoder = Compress::new(space);
    encoder.set_size(64, 32);
    encoder.set_quality(95.0);
    let mut encoder = encoder.start_compress(Vec::new()).unwrap();
    for (marker, data) in segments {
        encoder.write_marker(*marker, data);
    }
    let row = [left.repeat(32), right.repeat(32)].concat();
    encoder.write_scanlines(&row.repeat(32)).unwrap();
    encoder.finish().unwrap()
}

pub fn gif(width: u32, height: u32, frames: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut bytes, 30);
    for shade in 0..frames {
        let colour = Rgba([shade * 80, 100, 200, 255]);
        encoder.encode_frame(Frame::new(RgbaImage::from_pixel(width, height, colour))).unwrap();
    }
    drop(encoder);
    bytes
}

pub fn frames(gif: &[u8]) -> usize {
    GifDecoder::new(Cursor::new(gif)).unwrap().into_frames().collect_frames().unwrap().len()
}

/// The quality of a JPEG by the sum of its luminance table, which is 3688 at quality 50.
pub fn quality_of(jpeg: &[u8]) -> u32 {
    let at = jpeg.windows(2).position(|marker| marker == [0xFF, 0xDB]).unwrap();
    let sum: u32 = jpeg[at + 5..at + 69].iter().map(|&b| u32::from(b)).sum();
    let percent = sum * 100 / 3688;
    if percent <= 100 { (200 - percent) / 2 } else { 5000 / percent }
}

/// The smallest box (left, top, right, bottom), edges excluded at the far end, around pixels that `is` picks.
pub fn box_of(picture: &RgbaImage, is: impl Fn(&Rgba<u8>) -> bool) -> Option<(u32, u32, u32, u32)> {
    picture.enumerate_pixels().filter(|(.., pixel)| is(pixel)).fold(None, |found, (x, y, _)| {
        let (left, top, right, bottom) = found.unwrap_or((x, y, 0, 0));
        Some((left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1)))
    })
}

pub fn red(pixel: &Rgba<u8>) -> bool {
    *pixel == Rgba([255, 0, 0, 255])
}

pub fn near(pixel: &Rgba<u8>, colour: [u8; 3]) -> bool {
    pixel.0.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 12)
}

/// A chunk of a WebP.
pub fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let even = [0].repeat(data.len() % 2);
    [name, &(data.len() as u32).to_le_bytes()[..], data, &even].concat()
}

/// A WebP of a canvas of this size with these chunks. `flags` tells of profile (0x20), alpha (0x10) and animation (0x02).
pub fn webp(flags: u8, (width, height): (u32, u32), chunks: &[Vec<u8>]) -> Vec<u8> {
    let head = [[flags, 0, 0, 0], (width - 1).to_le_bytes(), (height - 1).to_le_bytes()];
    let head = [&head[0][..], &head[1][..3], &head[2][..3]].concat();
    chunk(b"RIFF", &[&b"WEBP"[..], &chunk(b"VP8X", &head), &chunks.concat()].concat())
}

/// The chunk of a frame at the top left corner, shown for `milliseconds`.
pub fn webp_frame((width, height): (u32, u32), milliseconds: u32, pixels: &[u8]) -> Vec<u8> {
    let numbers = [0, 0, width - 1, height - 1, milliseconds].map(|number| number.to_le_bytes());
    chunk(b"ANMF", &[&numbers.map(|n| [n[0], n[1], n[2]]).concat(), &[2][..], pixels].concat())
}

/// The coded pixels of a WebP of one colour.
pub fn webp_pixels((width, height): (u32, u32), colour: Rgb<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let picture = RgbImage::from_pixel(width, height, colour);
    picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::WebP).unwrap();
    bytes.split_off(12)
}

/// A profile of ink in which every mixture is the same grey, of lightness 50 (ICC.1:2022 §7.2, §10.11: `mft1`).
pub fn grey_ink_profile() -> Vec<u8> {
    let (inks, grid) = (4usize, 2usize);
    let matrix = [1u32, 0, 0, 0, 1, 0, 0, 0, 1].map(|share| (share << 16).to_be_bytes()).concat();
    let straight: Vec<u8> = (0..=255).collect();
    let colours = [128u8, 128, 128].repeat(grid.pow(4));
    let table =
        [&b"mft1\0\0\0\0\x04\x03\x02\0"[..], &matrix, &straight.repeat(inks), &colours, &straight.repeat(3)].concat();
    let mut head = vec![0; 128];
    head[8..12].copy_from_slice(&[4, 0, 0, 0]);
    head[12..24].copy_from_slice(b"prtrCMYKLab ");
    head[36..40].copy_from_slice(b"acsp");
    head[68..80].copy_from_slice(&[0x0000_F6D6u32, 0x0001_0000, 0x0000_D32D].map(u32::to_be_bytes).concat());
    let tags = [&1u32.to_be_bytes()[..], b"A2B0", &144u32.to_be_bytes(), &(table.len() as u32).to_be_bytes()].concat();
    let mut profile = [head, tags, table].concat();
    let size = (profile.len() as u32).to_be_bytes();
    profile[..4].copy_from_slice(&size);
    profile
}
