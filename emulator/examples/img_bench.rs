//! IMG at work, for `tests/bench/img`. `img_bench sources FOLDER` writes what is processed, `img_bench run FOLDER CASE COUNT`
//! processes it, `img_bench png FOLDER WIDTH PATH` writes a result without loss. Build with `--release`.

use std::io::Cursor;
use std::path::Path;

use emulator::img::process;
use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, DynamicImage, Frame, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use shared::img::Process;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The case, its source, its process.
const CASES: [(&str, &str, &str); 5] = [
    ("T1", "photo.jpg", "image/resize,w_200"),
    ("T2", "photo.jpg", "image/resize,w_1080"),
    (
        "T3",
        "photo.jpg",
        "image/resize,w_1080/watermark,text_5LuF5L6b56S65L6L,color_FFFFFF,size_48/watermark,image_bWFyaw,g_nw",
    ),
    ("PNG", "alpha.png", "image/resize,w_800"),
    ("GIF", "frames.gif", "image/resize,w_240"),
];

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["sources", folder] => sources(Path::new(folder)),
        ["run", folder, name, count] => {
            let (_, source, text) = CASES.iter().find(|(case, ..)| case == name).ok_or("no such case")?;
            let source = std::fs::read(Path::new(folder).join(source))?;
            for _ in 0..count.parse()? {
                run(&source, text, Path::new(folder))?;
            }
            Ok(())
        }
        ["png", folder, width, path] => {
            let source = std::fs::read(Path::new(folder).join("photo.jpg"))?;
            let result = run(&source, &format!("image/resize,w_{width}/format,png"), Path::new(folder))?;
            Ok(std::fs::write(path, result)?)
        }
        _ => Err("img_bench sources FOLDER | run FOLDER CASE COUNT | png FOLDER WIDTH PATH".into()),
    }
}

fn run(source: &[u8], text: &str, folder: &Path) -> Outcome<Vec<u8>> {
    let mark = std::fs::read(folder.join("mark.png"))?;
    let parsed = Process::parse(text)?;
    Ok(process(source, source.len() as u64, &parsed, &mut |_| Ok(mark.clone()))?.body)
}

/// A photo of 12 megapixels with the bytes of a camera's, a PNG that fades out, an animation, and a mark.
fn sources(folder: &Path) -> Outcome<()> {
    let photo = photo(4000, 3000);
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, 92);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.encode(&photo, 4000, 3000, ColorType::Rgb)?;
    std::fs::write(folder.join("photo.jpg"), jpeg)?;
    let alpha = RgbaImage::from_fn(2048, 1536, |x, y| {
        let Rgb([red, green, blue]) = *photo.get_pixel(x, y);
        Rgba([red, green, blue, (x / 8) as u8])
    });
    png(&folder.join("alpha.png"), DynamicImage::ImageRgba8(alpha))?;
    let mut gif = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut gif, 10);
    encoder.set_repeat(Repeat::Infinite)?;
    for step in 0..20 {
        let view = image::imageops::crop_imm(&photo, step * 40, step * 20, 480, 320).to_image();
        let frame = DynamicImage::ImageRgb8(view).into_rgba8();
        encoder.encode_frame(Frame::from_parts(frame, 0, 0, Delay::from_numer_denom_ms(100, 1)))?;
    }
    drop(encoder);
    std::fs::write(folder.join("frames.gif"), gif)?;
    let mark = RgbaImage::from_pixel(160, 160, Rgba([220, 40, 40, 200]));
    png(&folder.join("mark.png"), DynamicImage::ImageRgba8(mark))
}

fn png(path: &Path, picture: DynamicImage) -> Outcome<()> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(std::fs::write(path, bytes.into_inner())?)
}

fn photo(width: u32, height: u32) -> RgbImage {
    let mut grain = 1u32;
    RgbImage::from_fn(width, height, |x, y| {
        grain = grain.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (grain >> 28) as f32;
        let wave = |v: u32, scale: f32| ((v as f32 * scale).sin() * 70.0 + 120.0 + noise) as u8;
        Rgb([wave(x + y, 0.011), wave(x + 2 * y, 0.017), wave(3 * x + y, 0.023)])
    })
}
