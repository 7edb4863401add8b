//! Times the thumbnails of a 12-megapixel JPEG: `img_bench [ROUNDS] [JPEG]`. Build with `--release`.
//!
//! T1 is width 200, T2 width 1080, T3 is T2 with a text and an image watermark. Medians over the rounds, one thread.

use std::io::Cursor;
use std::time::Instant;

use emulator::img::process;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use shared::img::Process;

const CASES: [(&str, &str); 3] = [
    ("T1", "image/resize,w_200"),
    ("T2", "image/resize,w_1080"),
    (
        "T3",
        "image/resize,w_1080/watermark,text_55u05Lyg56S65L6L,color_FFFFFF,size_48,shadow_50/watermark,image_bWFyaw,g_nw,t_80",
    ),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let rounds: usize = arguments.next().map_or(Ok(15), |text| text.parse())?;
    let source = match arguments.next() {
        Some(path) => std::fs::read(path)?,
        None => twelve_megapixels()?,
    };
    let mark = DynamicImage::ImageRgba8(RgbaImage::from_pixel(160, 160, Rgba([220, 40, 40, 200])));
    let mut mark_png = Vec::new();
    mark.write_to(&mut Cursor::new(&mut mark_png), ImageFormat::Png)?;
    for (name, text) in CASES {
        let parsed = Process::parse(text)?;
        let mut times = Vec::new();
        let mut bytes = 0;
        for _ in 0..rounds.max(1) {
            let start = Instant::now();
            bytes = process(&source, source.len() as u64, &parsed, &mut |_| Ok(mark_png.clone()))?.body.len();
            times.push(start.elapsed().as_secs_f64() * 1000.0);
        }
        times.sort_by(f64::total_cmp);
        println!("{name}  {:7.1} ms  {bytes:>7} bytes  {text}", times[times.len() / 2]);
    }
    Ok(())
}

/// 4000 by 3000 pixels with the bytes of a camera's picture.
fn twelve_megapixels() -> Result<Vec<u8>, image::ImageError> {
    let mut grain = 1u32;
    let picture = RgbImage::from_fn(4000, 3000, |x, y| {
        grain = grain.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (grain >> 28) as f32;
        let wave = |v: u32, scale: f32| ((v as f32 * scale).sin() * 70.0 + 120.0 + noise) as u8;
        Rgb([wave(x + y, 0.011), wave(x + 2 * y, 0.017), wave(3 * x + y, 0.023)])
    });
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 90).encode_image(&picture)?;
    Ok(jpeg)
}
