//! A sheet of all actions of IMG with their captions: `docs/img.png`. Pictures, captions and layout are made by IMG itself.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use emulator::img;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage, imageops};
use shared::error::OssError;
use shared::img::Process;

/// Pixels of a tile with its caption.
pub const TILE: (u32, u32) = (276, 226);
const COLUMNS: u32 = 5;
const PAPER: Rgb<u8> = Rgb([236, 240, 244]);

/// Each action, as a caption shows it; `T:` stands for the base64 of a text, `I:` for that of a mark with its process.
pub const ACTIONS: [&str; 40] = [
    "format,png",
    "resize,w_120",
    "resize,h_90,m_mfit",
    "resize,m_fill,w_100,h_150",
    "resize,m_pad,w_160,h_160,color_2E8B57",
    "resize,m_fixed,w_100,h_160",
    "resize,p_60",
    "resize,l_130",
    "resize,s_90",
    "crop,x_60,y_30,w_120,h_100",
    "crop,w_100,h_80,g_se",
    "crop,w_120,h_120,g_center",
    "indexcrop,x_80,i_1",
    "indexcrop,y_80,i_1",
    "circle,r_70",
    "rounded-corners,r_40",
    "resize,w_156/rotate,90",
    "resize,w_140/rotate,30",
    "auto-orient,1",
    "resize,h_156/auto-orient,0/format,bmp",
    "blur,r_5,s_3",
    "sharpen,300",
    "bright,40",
    "bright,-40",
    "contrast,50",
    "contrast,-50",
    "quality,q_5",
    "quality,Q_20/format,webp",
    "quality,Q_20/format,avif",
    "rounded-corners,r_60/format,avif",
    "interlace,1",
    "watermark,T:图片服务 IMG,size_30,color_FFFFFF",
    "watermark,T:Emoji 😀🚀🐼,size_30,g_center",
    "watermark,T:Shadow,color_FFFFFF,shadow_80,g_nw,rotate_20",
    "watermark,T:样图,fill_1,rotate_30,padx_20,pady_16,t_50",
    "watermark,I:mark.png,g_ne,t_60",
    "watermark,I:mark.png|resize P_30|rounded-corners r_15,g_west",
    "watermark,I:mark.png|resize w_24,fill_1,padx_30,pady_30",
    "watermark,I:mark.png|resize w_40,T:both,order_1,align_1,interval_8",
    "resize,w_160/circle,r_50/rotate,45/format,png",
];

/// The whole sheet.
///
/// # Errors
/// What IMG answers to one of [`ACTIONS`].
pub fn sheet() -> Result<RgbImage, OssError> {
    let rows = (ACTIONS.len() as u32).div_ceil(COLUMNS);
    let mut sheet = RgbImage::from_pixel(TILE.0 * COLUMNS, TILE.1 * rows, PAPER);
    for (index, action) in (0..).zip(ACTIONS) {
        let tile = tile(action)?;
        let (x, y) = (TILE.0 * (index % COLUMNS), TILE.1 * (index / COLUMNS));
        imageops::replace(&mut sheet, &tile, x.into(), y.into());
    }
    Ok(sheet)
}

/// One picture over its caption.
fn tile(action: &str) -> Result<RgbImage, OssError> {
    let source = if action.contains("auto-orient") { turned_scene() } else { jpeg(&scene(), &[]) };
    let picture = run(&source, &format!("image/{}", spelt(action)), &mark())?;
    let paper = png(&DynamicImage::ImageRgb8(RgbImage::from_pixel(TILE.0, TILE.1, PAPER)));
    let mut process = "image/watermark,image_cA,g_north,y_10".to_owned();
    for (line, y) in lines(action).into_iter().zip([24, 8]) {
        let line = URL_SAFE_NO_PAD.encode(line);
        process.push_str(&format!("/watermark,text_{line},size_12,color_26323E,g_south,y_{y}"));
    }
    let tile = run(&paper, &process, &picture)?;
    Ok(image::load_from_memory(&tile).unwrap_or_default().into_rgb8())
}

/// The caption in two lines.
fn lines(action: &str) -> [String; 2] {
    let shown = action.replace("T:", "text_").replace("I:", "image_");
    let cut = shown
        .char_indices()
        .filter(|(at, c)| *at < 36 && matches!(c, ',' | '/' | '|'))
        .map(|(at, _)| at + 1)
        .next_back();
    match cut.filter(|_| shown.chars().count() > 36) {
        Some(cut) => [shown[..cut].to_owned(), shown[cut..].to_owned()],
        None => [shown, " ".to_owned()],
    }
}

/// The process that a caption stands for.
fn spelt(action: &str) -> String {
    let token = |token: &str| match (token.strip_prefix("T:"), token.strip_prefix("I:")) {
        (Some(text), _) => format!("text_{}", URL_SAFE_NO_PAD.encode(text)),
        (_, Some(mark)) => {
            let (object, process) = mark.split_once('|').unwrap_or((mark, ""));
            let process = process.replace('|', "/").replace(' ', ",");
            let full =
                if process.is_empty() { object.into() } else { format!("{object}?x-oss-process=image/{process}") };
            format!("image_{}", URL_SAFE_NO_PAD.encode(full))
        }
        _ => token.to_owned(),
    };
    action.split(',').map(token).collect::<Vec<_>>().join(",")
}

fn run(source: &[u8], process: &str, mark: &[u8]) -> Result<Vec<u8>, OssError> {
    let parsed = Process::parse(process)?;
    Ok(img::process(source, source.len() as u64, &parsed, &mut |_| Ok(mark.to_vec()))?.body)
}

/// 240 by 160 pixels: a sky with a sun, two hills, and fine stripes that show what sharpness is lost.
pub fn scene() -> RgbImage {
    RgbImage::from_fn(240, 160, |x, y| {
        let (fx, fy) = (x as f32, y as f32);
        let hill = |middle: f32, top: f32, width: f32| fy > top + ((fx - middle) / width).powi(2) * 60.0;
        if (fx - 180.0).hypot(fy - 40.0) < 20.0 {
            Rgb([255, 214, 90])
        } else if hill(70.0, 80.0, 80.0) {
            Rgb([46, (150.0 - fy * 0.4) as u8, 87])
        } else if hill(190.0, 95.0, 90.0) {
            Rgb([82, (170.0 - fy * 0.4) as u8, 110])
        } else if (20..70).contains(&x) && (20..50).contains(&y) && (x / 2 + y / 6) % 2 == 0 {
            Rgb([250, 250, 250])
        } else {
            Rgb([(90.0 + fy) as u8, (150.0 + fy * 0.6) as u8, 230])
        }
    })
}

/// The scene on its side, with EXIF that says so.
fn turned_scene() -> Vec<u8> {
    let exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    jpeg(&imageops::rotate270(&scene()), exif)
}

/// A mark of 64 pixels: a disc that fades to its edge.
fn mark() -> Vec<u8> {
    let disc = RgbaImage::from_fn(64, 64, |x, y| {
        let distance = (x as f32 - 31.5).hypot(y as f32 - 31.5);
        Rgba([214, 60, (40 + x * 2) as u8, (255.0 * ((32.0 - distance) / 8.0).clamp(0.0, 1.0)) as u8])
    });
    png(&DynamicImage::ImageRgba8(disc))
}

fn jpeg(picture: &RgbImage, exif: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 92);
    let _ = encoder.set_exif_metadata(exif.to_vec());
    let _ = encoder.encode_image(picture);
    bytes
}

fn png(picture: &DynamicImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let _ = picture.write_to(&mut bytes, ImageFormat::Png);
    bytes.into_inner()
}
