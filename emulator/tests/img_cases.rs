//! IMG: the documented cases of `data/img-cases.json`, then pixels: where marks stand, what fills, what is refused.
#![cfg(test)]

use std::collections::HashMap;
use std::io::Cursor;

use emulator::img::{Output, process};
use image::codecs::gif::{GifDecoder, GifEncoder};
use image::codecs::jpeg::JpegEncoder;
use image::{AnimationDecoder, DynamicImage, Frame, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use mozjpeg::{ColorSpace, Compress, Marker};
use serde_json::Value;
use shared::error::{OssCode, OssError};
use shared::img::{Format, ImgError, Process};

const WHITE: Rgb<u8> = Rgb([255; 3]);
const RED: Rgb<u8> = Rgb([255, 0, 0]);

fn run_with(source: &[u8], text: &str, mark: &[u8]) -> Result<Output, OssError> {
    let parsed = Process::parse(text)?;
    process(source, source.len() as u64, &parsed, &mut |_| Ok(mark.to_vec()))
}

fn run(source: &[u8], text: &str) -> Result<Output, OssError> {
    let parsed = Process::parse(text)?;
    let no_mark = |key: &str| Err(OssError::new(OssCode::NoSuchKey, key));
    process(source, source.len() as u64, &parsed, &mut { no_mark })
}

fn pixels(output: Result<Output, OssError>) -> RgbaImage {
    image::load_from_memory(&output.unwrap().body).unwrap().into_rgba8()
}

fn png(picture: &DynamicImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
    bytes
}

fn solid_png(width: u32, height: u32, colour: Rgb<u8>) -> Vec<u8> {
    png(&DynamicImage::ImageRgb8(RgbImage::from_pixel(width, height, colour)))
}

/// A smooth picture with some texture, so that JPEG has something to do.
fn photo(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let wave = |v: u32, scale: f32| ((v as f32 * scale).sin() * 60.0 + 128.0) as u8;
        Rgb([wave(x + y / 2, 0.031), wave(y, 0.043), wave(x * 3 + y, 0.017)])
    })
}

/// A photo whose mean colour is that of Alibaba's example picture, 0x5c783b.
fn example() -> RgbImage {
    let mut picture = photo(400, 267);
    let count = f64::from(400 * 267);
    for (channel, wanted) in [0x5c, 0x78, 0x3b].into_iter().enumerate() {
        let mean = picture.pixels().map(|pixel| f64::from(pixel[channel])).sum::<f64>() / count;
        picture.pixels_mut().for_each(|pixel| {
            pixel[channel] = (f64::from(wanted) + (f64::from(pixel[channel]) - mean) / 2.0).round() as u8;
        });
    }
    picture
}

/// EXIF of one entry, big-endian: Orientation (0x0112), SHORT.
fn orientation(value: u8) -> Vec<u8> {
    [b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", &[value, 0, 0, 0, 0, 0, 0][..]].concat()
}

fn jpeg(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(picture).unwrap();
    bytes
}

fn gif(width: u32, height: u32, frames: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut bytes, 30);
    for shade in 0..frames {
        let colour = Rgba([shade * 80, 100, 200, 255]);
        encoder.encode_frame(Frame::new(RgbaImage::from_pixel(width, height, colour))).unwrap();
    }
    drop(encoder);
    bytes
}

fn frames(gif: &[u8]) -> usize {
    GifDecoder::new(Cursor::new(gif)).unwrap().into_frames().collect_frames().unwrap().len()
}

/// The quality of a JPEG by the sum of its luminance table, which is 3688 at quality 50.
fn quality_of(jpeg: &[u8]) -> u32 {
    let at = jpeg.windows(2).position(|marker| marker == [0xFF, 0xDB]).unwrap();
    let sum: u32 = jpeg[at + 5..at + 69].iter().map(|&b| u32::from(b)).sum();
    let percent = sum * 100 / 3688;
    if percent <= 100 { (200 - percent) / 2 } else { 5000 / percent }
}

/// The source that a case names; `None` for those that only Alibaba's own bytes would serve.
fn case_source(name: &str) -> Option<Vec<u8>> {
    let size = |text: &str| text.split_once('x').map(|(w, h)| (w.parse::<u32>().unwrap(), h.parse::<u32>().unwrap()));
    match name {
        "example.jpg" => Some(jpeg(&example(), 82)),
        "f.jpg" => Some(jpeg_with(&photo(424, 333), &[(Marker::APP(1), &orientation(7))])),
        "example.gif" => Some(gif(500, 300, 3)),
        "text.txt" => Some(b"This is no picture, whatever its name says.".to_vec()),
        _ => {
            let (kind, (width, height)) = name.split_once('-').and_then(|(kind, s)| Some((kind, size(s)?)))?;
            (kind == "solid" || kind == "demo").then(|| jpeg(&RgbImage::from_pixel(width, height, RED), 90))
        }
    }
}

fn check(id: &str, answer: Result<Output, OssError>, expect: &Value) {
    let status = answer.as_ref().map_or_else(|error| u64::from(error.status), |_| 200);
    assert_eq!(Some(status), expect["status"].as_u64(), "{id}: {answer:?}", answer = answer.as_ref().err());
    let output = match answer {
        Ok(output) => output,
        Err(error) => {
            let text = |key: &str| expect[key].as_str();
            assert!(text("ec").is_none_or(|ec| error.ec.as_deref() == Some(ec)), "{id}: {error}");
            assert!(text("code").is_none_or(|code| error.code.as_str() == code), "{id}: {error}");
            assert!(text("message").is_none_or(|message| error.message == message), "{id}: {error}");
            return;
        }
    };
    if let Some(json) = expect.get("json") {
        let answer = serde_json::from_slice::<Value>(&output.body).unwrap();
        match expect["tolerance_per_channel"].as_u64() {
            None => assert_eq!(&answer, json, "{id}"),
            Some(tolerance) => {
                let rgb =
                    |json: &Value| u32::from_str_radix(&json["RGB"].as_str().unwrap()[2..], 16).unwrap().to_be_bytes();
                let far = rgb(&answer).iter().zip(rgb(json)).any(|(a, b)| u64::from(a.abs_diff(b)) > tolerance);
                assert!(!far, "{id}: {answer}");
            }
        }
        return;
    }
    let picture = image::load_from_memory(&output.body).unwrap();
    let size = (Some(u64::from(picture.width())), Some(u64::from(picture.height())));
    assert_eq!(size, (expect["width"].as_u64(), expect["height"].as_u64()), "{id}");
    if let Some(format) = expect["format"].as_str() {
        let mime = if format == "jpg" { "image/jpeg".to_owned() } else { format!("image/{format}") };
        assert_eq!(output.content_type, mime, "{id}");
        assert_eq!(image::guess_format(&output.body).unwrap().to_mime_type(), mime, "{id}");
    }
    if let Some(alpha) = expect["corner_alpha"].as_u64() {
        assert_eq!(u64::from(picture.to_rgba8().get_pixel(0, 0)[3]), alpha, "{id}");
    }
    if let Some(rgb) = expect["corner_rgb"].as_str() {
        let corner = picture.to_rgb8().get_pixel(0, 0).0;
        let wanted = u32::from_str_radix(rgb, 16).unwrap().to_be_bytes();
        assert!(corner.iter().zip(&wanted[1..]).all(|(a, b)| a.abs_diff(*b) < 12), "{id}: {corner:?}");
    }
    if expect["progressive"] == true {
        assert!(output.body.windows(2).any(|marker| marker == [0xFF, 0xC2]), "{id}");
    }
    if let Some(count) = expect["frames"].as_u64().filter(|_| output.content_type == "image/gif") {
        assert_eq!(frames(&output.body) as u64, count, "{id}");
    }
    if let Some(most) = expect["max_quality"].as_u64() {
        assert!(u64::from(quality_of(&output.body)) <= most, "{id}");
    }
    if let Some(about) = expect["approx_quality"].as_u64() {
        assert!(u64::from(quality_of(&output.body)).abs_diff(about) <= 2, "{id}: {}", quality_of(&output.body));
    }
}

#[test]
fn the_documented_cases_hold() {
    let data: Value = serde_json::from_str(include_str!("data/img-cases.json")).unwrap();
    let (mut ran, mut not_yet) = (0, 0);
    let mut sources = HashMap::new();
    for case in data["cases"].as_array().unwrap() {
        let text = |key: &str| case[key].as_str().unwrap();
        let (id, request) = (text("id"), text("process"));
        if text("kind") == "unconfirmed" || !request.starts_with("image/") {
            continue;
        }
        let parsed = Process::parse(request);
        if matches!(parsed, Err(ImgError::NotImplemented(_))) {
            not_yet += 1;
            continue;
        }
        let Some(source) = sources.entry(text("src")).or_insert_with_key(|name| case_source(name)) else { continue };
        // The published FileSize is that of the published picture.
        let file_size = case["expect"]["json"]["FileSize"]["value"].as_str().and_then(|size| size.parse().ok());
        let mut no_marks = |key: &str| Err(OssError::new(OssCode::NoSuchKey, key));
        let answer = parsed
            .map_err(OssError::from)
            .and_then(|parsed| process(source, file_size.unwrap_or(source.len() as u64), &parsed, &mut no_marks));
        check(id, answer, &case["expect"]);
        ran += 1;
    }
    assert_eq!((ran, not_yet), (104, 1), "cases that ran, and that of HEIC");
}

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

/// The smallest box (left, top, right, bottom), edges excluded at the far end, around pixels that `is` picks.
fn box_of(picture: &RgbaImage, is: impl Fn(&Rgba<u8>) -> bool) -> Option<(u32, u32, u32, u32)> {
    picture.enumerate_pixels().filter(|(.., pixel)| is(pixel)).fold(None, |found, (x, y, _)| {
        let (left, top, right, bottom) = found.unwrap_or((x, y, 0, 0));
        Some((left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1)))
    })
}

fn red(pixel: &Rgba<u8>) -> bool {
    *pixel == Rgba([255, 0, 0, 255])
}

#[test]
fn image_marks_stand_in_each_of_the_nine_cells() {
    let (source, mark) = (solid_png(200, 100, WHITE), solid_png(20, 10, RED));
    let cases = [
        ("g_nw,x_3,y_5", (3, 5)),
        ("g_north,x_3,y_5", (90, 5)),
        ("g_ne,x_3,y_5", (177, 5)),
        ("g_west,x_3,y_5", (3, 45)),
        ("g_center,x_3,y_5", (90, 45)),
        ("g_center,voffset_-20", (90, 25)),
        ("g_east,x_3,voffset_20", (177, 65)),
        ("g_sw,x_3,y_5", (3, 85)),
        ("g_south,x_3,y_5", (90, 85)),
        ("x_3,y_5", (177, 85)),
        ("", (170, 80)),
    ];
    for (parameters, (left, top)) in cases {
        let result = pixels(run_with(&source, &format!("image/watermark,image_cGFuZGEucG5n,{parameters}"), &mark));
        assert_eq!(box_of(&result, red), Some((left, top, left + 20, top + 10)), "{parameters}");
    }
}

#[test]
fn image_marks_are_sized_tiled_and_made_transparent() {
    let (source, mark) = (solid_png(200, 100, WHITE), solid_png(50, 50, RED));
    // panda.png?x-oss-process=image/resize,P_30
    let sized = "image/watermark,g_nw,x_0,y_0,image_cGFuZGEucG5nP3gtb3NzLXByb2Nlc3M9aW1hZ2UvcmVzaXplLFBfMzA";
    assert_eq!(box_of(&pixels(run_with(&source, sized, &mark)), red), Some((0, 0, 30, 30)));

    let tiled = pixels(run_with(&source, "image/watermark,fill_1,padx_30,pady_10,image_cGFuZGEucG5n", &mark));
    let reds = tiled.pixels().filter(|pixel| red(pixel)).count();
    assert_eq!(reds, (50 + 50 + 40) * (50 + 40), "columns at 0, 80 and 160, rows at 0 and 60");

    let half = pixels(run_with(&source, "image/watermark,t_50,g_center,image_cGFuZGEucG5n", &mark));
    assert_eq!(half.get_pixel(100, 50).0, [255, 128, 128, 255]);

    let outside = pixels(run_with(&source, "image/watermark,x_4096,y_4096,image_cGFuZGEucG5n", &mark));
    assert_eq!(box_of(&outside, red), None, "a mark beyond the edge is cut");
}

#[test]
fn text_marks_have_their_colour_size_and_place() {
    let source = solid_png(400, 200, WHITE);
    let ink = |pixel: &Rgba<u8>| pixel[1] < 128;
    let look = |parameters: &str| {
        let result = pixels(run(&source, &format!("image/watermark,{parameters}")));
        (box_of(&result, ink).unwrap(), result)
    };
    let ((left, top, right, bottom), result) = look("text_5Zu-54mH,color_ff0000,size_40,g_se,x_10,y_10"); // 图片
    assert!(right <= 390 && bottom <= 190 && left >= 400 - 10 - 80 && top >= 200 - 10 - 50, "{left} {top}");
    assert!((65..=80).contains(&(right - left)), "two full-width characters of 40 pixels: {}", right - left);
    assert!(result.pixels().any(|pixel| pixel.0 == [255, 0, 0, 255]), "drawn in the colour asked for");

    let (level, _) = look("text_SGVsbG8,g_center");
    let (upright, _) = look("text_SGVsbG8,g_center,rotate_90");
    let extent = |b: (u32, u32, u32, u32)| (b.2 - b.0, b.3 - b.1);
    let (level, upright) = (extent(level), extent(upright));
    assert!(level.0.abs_diff(upright.1) <= 2 && level.1.abs_diff(upright.0) <= 2, "{level:?} {upright:?}");

    let (missing, _) = look("text_8J-YgA,g_nw"); // an emoji, which the font lacks
    assert!(extent(missing).0 > 10, "a glyph that the font lacks draws a box");

    let shadowed = pixels(run(&source, "image/watermark,text_SGVsbG8,g_nw,color_ffffff,shadow_100"));
    assert!(box_of(&shadowed, ink).is_some(), "white on white shows by its shadow alone");
}

#[test]
fn text_and_image_together_stand_side_by_side() {
    let (source, mark) = (solid_png(400, 200, WHITE), solid_png(60, 60, RED));
    let both = |order: u8| {
        let text = format!(
            "image/watermark,image_cGFuZGEucG5n,text_SGVsbG8,color_0000ff,g_nw,x_0,y_0,interval_20,align_1,order_{order}"
        );
        let result = pixels(run_with(&source, &text, &mark));
        let blue = box_of(&result, |pixel| pixel[2] == 255 && pixel[0] < 100).unwrap();
        (box_of(&result, red).unwrap(), blue)
    };
    let (image, text) = both(0);
    assert_eq!(image.0, 0, "the image stands first");
    assert!(text.0 >= 80, "behind the interval");
    let (image, text) = both(1);
    assert!(text.2 + 20 <= image.0, "the text stands first: {text:?} {image:?}");
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
fn alpha_survives_png_and_becomes_white_in_jpeg() {
    let source = png(&DynamicImage::ImageRgba8(RgbaImage::from_pixel(64, 64, Rgba([255, 0, 0, 0]))));
    assert_eq!(pixels(run(&source, "image/resize,w_32")).get_pixel(16, 16)[3], 0);
    assert_eq!(pixels(run(&source, "image/resize,w_32/format,jpg")).get_pixel(16, 16).0, [255; 4]);
    let marked = pixels(run_with(&source, "image/watermark,g_nw,image_cGFuZGEucG5n", &solid_png(8, 8, RED)));
    assert_eq!(marked.get_pixel(12, 12).0, [255, 0, 0, 255], "a mark is opaque on a transparent picture");
}

#[test]
fn every_format_can_be_written_and_read_again() {
    let picture = DynamicImage::ImageRgb8(photo(120, 80));
    for (format, name) in Format::NAMES {
        if format == Format::Gif {
            continue; // only a GIF becomes one
        }
        let there = run(&png(&picture), &format!("image/format,{name}")).unwrap();
        let back = pixels(run(&there.body, "image/format,png"));
        assert_eq!(back.dimensions(), (120, 80), "{name}");
        assert_eq!(image::guess_format(&there.body).unwrap().to_mime_type(), there.content_type, "{name}");
    }
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

/// A JPEG with extra segments.
fn jpeg_with(picture: &RgbImage, segments: &[(Marker, &[u8])]) -> Vec<u8> {
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
fn raw_jpeg(space: ColorSpace, left: &[u8], right: &[u8], segments: &[(Marker, &[u8])]) -> Vec<u8> {
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

fn near(pixel: &Rgba<u8>, colour: [u8; 3]) -> bool {
    pixel.0.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 12)
}

#[test]
fn grey_and_cmyk_jpegs_become_rgb() {
    let grey = raw_jpeg(ColorSpace::JCS_GRAYSCALE, &[40], &[200], &[]);
    let result = pixels(run(&grey, "image/resize,w_32"));
    assert!(near(result.get_pixel(4, 8), [40; 3]) && near(result.get_pixel(28, 8), [200; 3]));
    // Adobe's ink: 255 is none. Full magenta and yellow make red.
    let cmyk = raw_jpeg(ColorSpace::JCS_CMYK, &[255, 0, 0, 255], &[255, 255, 255, 128], &[]);
    let result = pixels(run(&cmyk, "image/resize,w_32"));
    assert!(near(result.get_pixel(4, 8), [255, 0, 0]) && near(result.get_pixel(28, 8), [128; 3]), "{result:?}");
}

#[test]
fn orientation_and_profile_of_the_source_are_honoured() {
    let exif = orientation(6); // turn right by 90 degrees
    let mut profile = vec![7; 70_000];
    profile[16..20].copy_from_slice(b"RGB ");
    let parts: Vec<Vec<u8>> =
        (1u8..).zip(profile.chunks(60_000)).map(|(n, part)| [b"ICC_PROFILE\0", &[n, 2][..], part].concat()).collect();
    let segments = [(Marker::APP(1), &exif[..]), (Marker::APP(2), &parts[0]), (Marker::APP(2), &parts[1])];
    let source = raw_jpeg(ColorSpace::JCS_RGB, &[255, 0, 0], &[255, 255, 255], &segments);

    let result = pixels(run(&source, "image/resize,w_16"));
    assert_eq!(result.dimensions(), (16, 32), "upright, then resized");
    assert!(near(result.get_pixel(8, 4), [255, 0, 0]) && near(result.get_pixel(8, 28), [255; 3]));

    let info: Value = serde_json::from_slice(&run(&source, "image/info").unwrap().body).unwrap();
    assert_eq!((&info["ImageWidth"]["value"], &info["Orientation"]["value"]), (&"64".into(), &"6".into()));

    for format in ["jpg", "png"] {
        let kept = run(&source, &format!("image/resize,w_16/format,{format}")).unwrap();
        let mut decoder = image::ImageReader::new(Cursor::new(kept.body)).with_guessed_format().unwrap().into_decoder();
        let found = image::ImageDecoder::icc_profile(decoder.as_mut().unwrap()).unwrap();
        assert!(found == Some(profile.clone()), "the profile reaches {format}");
    }
}

#[test]
fn animation_survives_what_keeps_it() {
    let source = gif(60, 40, 3);
    let small =
        run_with(&source, "image/resize,w_30/watermark,image_cGFuZGEucG5n,g_nw", &solid_png(9, 9, RED)).unwrap();
    assert_eq!((small.content_type, frames(&small.body)), ("image/gif", 3));
    assert_eq!(pixels(Ok(small)).dimensions(), (30, 20));
    assert_eq!(frames(&run(&source, "image/quality,q_90").unwrap().body), 1);
}

/// A BMP of this size whose pixels are missing: 54 bytes of head.
fn bmp_head(width: u32, height: u32) -> Vec<u8> {
    let mut head = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
    head.extend(width.to_le_bytes());
    head.extend(height.to_le_bytes());
    head.extend([1, 0, 24, 0]);
    head.resize(54, 0);
    head
}

#[test]
fn sources_are_refused_by_their_heads() {
    let cases: [(Vec<u8>, OssCode, Option<&str>); 8] = [
        (bmp_head(30_001, 1), OssCode::ImageTooLarge, Some("0040-00000009")),
        (bmp_head(20_000, 20_000), OssCode::ImageTooLarge, Some("0040-00000012")),
        (bmp_head(100, 100), OssCode::ImageDamage, None),
        (Vec::new(), OssCode::BadRequest, Some("0040-00000005")),
        (b"\0\0\0\x20ftypheic\0\0\0\0".to_vec(), OssCode::NotImplemented, None),
        (b"\xFF\xD8\xFF\xE0 but no more".to_vec(), OssCode::ImageDamage, None),
        (b"\x89PNG\r\n\x1a\n".to_vec(), OssCode::ImageDamage, None),
        (b"RIFF\x10\0\0\0WEBPVP8 ".to_vec(), OssCode::BadWebPImage, None),
    ];
    for (source, code, ec) in cases {
        let error = run(&source, "image/resize,w_10").unwrap_err();
        assert_eq!((&error.code, error.ec.as_deref()), (&code, ec), "{error}");
    }
    let resize = Process::parse("image/resize,w_10").unwrap();
    let small = jpeg(&photo(20, 20), 80);
    let error = process(&small, 20 * 1024 * 1024 + 1, &resize, &mut |_| Ok(Vec::new())).unwrap_err();
    assert_eq!(error.ec.as_deref(), Some("0040-00000001"));
}

#[test]
fn damage_never_panics_and_truncation_is_told() {
    let picture = photo(90, 70);
    let whole = png(&DynamicImage::ImageRgb8(picture.clone()));
    let mut sources = vec![jpeg(&picture, 80), whole.clone(), gif(90, 70, 2)];
    for format in ["webp", "bmp", "tiff"] {
        sources.push(run(&whole, &format!("image/format,{format}")).unwrap().body);
    }
    for source in &sources {
        let half = run(&source[..source.len() / 2], "image/resize,w_40").unwrap_err();
        assert!(matches!(half.code, OssCode::ImageDamage | OssCode::BadWebPImage), "{half}");
        for at in (2..source.len()).step_by(source.len() / 60 + 1) {
            let mut hurt = source.clone();
            hurt[at] ^= 0x55;
            let _ = run(&hurt, "image/resize,w_40");
        }
    }
}
