//! What is refused, by its head or where it ends, and what damage does.

use emulator::img::{process, weight};
use image::DynamicImage;
use mozjpeg::{ColorSpace, Compress, Marker};
use shared::error::{OssCode, OssError};
use shared::img::Process;

use crate::avif::GRID;
use crate::made::{
    RED, chunk, gif, jpeg, jpeg_with, orientation, photo, png, run, solid_png, webp, webp_frame, webp_pixels,
};

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
    let cases: [(Vec<u8>, OssCode, Option<&str>); 10] = [
        (bmp_head(30_001, 1), OssCode::ImageTooLarge, Some("0040-00000009")),
        (bmp_head(20_000, 20_000), OssCode::ImageTooLarge, Some("0040-00000012")),
        (bmp_head(100, 100), OssCode::ImageDamage, None),
        (Vec::new(), OssCode::BadRequest, Some("0040-00000005")),
        (b"\0\0\0\x20ftypheic\0\0\0\0".to_vec(), OssCode::NotImplemented, None),
        (b"\0\0\0\x14ftypmif1\0\0\0\0heic".to_vec(), OssCode::NotImplemented, None),
        (b"\0\0\0\x14ftypisom\0\0\0\0avc1".to_vec(), OssCode::BadRequest, Some("0040-00000005")),
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
fn an_animation_is_refused_by_the_pixels_of_all_its_frames() {
    // Twenty-eight frames of one pixel on a screen of nine megapixels.
    let mut frames = b"GIF89a\xb8\x0b\xb8\x0b\x80\0\0\0\0\0\xff\xff\xff".to_vec();
    frames.extend(b",\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0".repeat(28));
    frames.push(b';');
    for process in ["image/resize,w_50", "image/quality,Q_50", "image/info"] {
        let error = run(&frames, process).unwrap_err();
        assert_eq!((&error.code, error.ec.as_deref()), (&OssCode::ImageTooLarge, Some("0040-00000012")), "{process}");
    }
    let few = [&frames[..frames.len() - 1 - 15], b";"].concat();
    assert!(run(&few, "image/info").is_ok(), "27 frames are 243 megapixels");
}

#[test]
fn damage_never_panics_and_truncation_is_told() {
    let picture = photo(90, 70);
    let whole = png(&DynamicImage::ImageRgb8(picture.clone()));
    let mut sources = vec![jpeg(&picture, 80), whole.clone(), gif(90, 70, 2)];
    for format in ["webp", "bmp", "tiff", "avif"] {
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

fn weight_of(source: &[u8], text: &str, mark: &[u8]) -> Result<u64, OssError> {
    weight(source, &Process::parse(text)?, |_| Some(mark))
}

/// A GIF whose screen is one pixel and whose frame is of this size.
fn gif_beyond_its_screen(width: u16, height: u16) -> Vec<u8> {
    let mut file = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0".to_vec();
    file.extend([width.to_le_bytes(), height.to_le_bytes()].concat());
    file.extend(b"\0\x02\x02\x44\x01\0;");
    file
}

/// What a lossy WebP says of its size before its pixels, which never come.
fn vp8_head(width: u16, height: u16) -> Vec<u8> {
    let sizes = [width.to_le_bytes(), height.to_le_bytes()].concat();
    chunk(b"VP8 ", &[&b"\x10\0\0\x9d\x01\x2a"[..], &sizes, &[0; 20]].concat())
}

#[test]
fn no_picture_hides_behind_a_small_head() {
    let small = "image/resize,w_1";
    let error = weight_of(&gif_beyond_its_screen(16_000, 16_000), small, &[]).unwrap_err();
    assert_eq!((&error.code, error.ec.as_deref()), (&OssCode::ImageTooLarge, Some("0040-00000012")));
    assert!(weight_of(&gif_beyond_its_screen(4000, 4000), small, &[]).unwrap() >= 4000 * 4000 * 4);

    let (size, anim) = ((16, 16), chunk(b"ANIM", &[0; 6]));
    let inside = webp_frame(size, 10, &webp_pixels(size, RED));
    let mut cut = webp(0, size, &[vp8_head(16_383, 16_383)]);
    cut.truncate(cut.len() - 10);
    for (hidden, what) in [
        (webp(0, size, &[vp8_head(16_383, 16_383)]), "a still"),
        (cut, "one whose end is missing"),
        (webp(2, size, &[anim.clone(), webp_frame(size, 10, &vp8_head(16_383, 16_383))]), "a frame"),
        (webp(2, size, &[anim.clone(), webp_frame((17, 16), 10, &webp_pixels((17, 16), RED))]), "beside the canvas"),
    ] {
        let error = weight_of(&hidden, small, &[]).unwrap_err();
        assert_eq!(error.code, OssCode::BadWebPImage, "{what}");
    }
    assert!(weight_of(&webp(2, size, &[anim, inside.clone(), inside]), small, &[]).is_ok());

    // Tiles of 64 pixels a side, of which one pixel is to be seen.
    let mut grid = GRID.to_vec();
    let shown = grid.windows(8).position(|bytes| bytes == [0, 0, 1, 1, 0, 128, 0, 128]).unwrap() + 4;
    grid[shown..shown + 4].copy_from_slice(&[0, 1, 0, 1]);
    assert!(weight_of(&grid, small, &[]).unwrap() >= 64 * 64 * 4);
}

/// A progressive JPEG that ends behind the first of its scans.
fn one_scan_of_many(width: usize, height: usize) -> Vec<u8> {
    let mut encoder = Compress::new(ColorSpace::JCS_RGB);
    encoder.set_size(width, height);
    encoder.set_progressive_mode();
    let mut encoder = encoder.start_compress(Vec::new()).unwrap();
    encoder.write_scanlines(&vec![90; width * height * 3]).unwrap();
    let mut jpeg = encoder.finish().unwrap();
    let marker = |jpeg: &[u8], name: u8, from: usize| {
        from + jpeg[from..].windows(2).position(|bytes| bytes == [0xFF, name]).unwrap()
    };
    let first = marker(&jpeg, 0xDA, 0);
    let next = marker(&jpeg, 0xC4, first);
    jpeg.truncate(next);
    jpeg.extend([0xFF, 0xD9]);
    jpeg
}

#[test]
fn coefficients_that_are_held_are_counted_whatever_the_number_of_scans() {
    let pixels = 800 * 600;
    let small = "image/resize,w_10";
    let progressive = one_scan_of_many(800, 600);
    assert_eq!(progressive.windows(2).filter(|bytes| *bytes == [0xFF, 0xDA]).count(), 1);
    assert!(weight_of(&progressive, small, &[]).unwrap() >= pixels * 3);
    assert!(run(&progressive, small).is_ok(), "it is shown as far as it goes");
    let plain = jpeg(&photo(800, 600), 80);
    assert!(weight_of(&plain, small, &[]).unwrap() < pixels, "read in one pass, at an eighth");
}

#[test]
fn marks_weigh_as_large_as_they_are_made() {
    let (source, mark) = (solid_png(100, 100, RED), solid_png(10, 10, RED));
    // p?x-oss-process=image/resize,w_4000,limit_0, and the same with P_100 on a picture of 4000 pixels a side
    for text in [
        "image/watermark,image_cD94LW9zcy1wcm9jZXNzPWltYWdlL3Jlc2l6ZSx3XzQwMDAsbGltaXRfMA",
        "image/resize,w_4000,limit_0/watermark,image_cD94LW9zcy1wcm9jZXNzPWltYWdlL3Jlc2l6ZSxQXzEwMA",
    ] {
        let marked = weight_of(&source, text, &mark).unwrap();
        let pictures = if text.contains("limit_0") { 2 } else { 1 };
        assert!(marked >= pictures * 4000 * 4000 * 4, "{text}: {marked}");
    }
}

#[test]
fn pictures_without_pixels_are_damaged() {
    let mut empty_gif = gif(8, 8, 1);
    empty_gif[6..10].fill(0);
    let mut narrow_gif = gif(8, 8, 2);
    narrow_gif[6..8].fill(0);
    for source in [empty_gif, narrow_gif, bmp_head(0, 0), bmp_head(0, 9)] {
        for action in [
            "info",
            "average-hue",
            "blur,r_1,s_1",
            "resize,w_9,limit_0",
            "crop,w_1",
            "circle,r_1",
            "rotate,45",
            "watermark,text_YQ,fill_1",
        ] {
            let error = run(&source, &format!("image/{action}")).unwrap_err();
            assert!(matches!(error.code, OssCode::ImageDamage | OssCode::BadRequest), "{action}: {error}");
        }
    }
}

#[test]
fn sides_that_a_step_or_a_format_does_not_take_are_refused() {
    let (wide, turned) = (solid_png(16_384, 2, RED), jpeg_with(&photo(4097, 8), &[(Marker::APP(1), &orientation(6))]));
    for (source, process, ec) in [
        (&wide, "image/format,webp", Some("0040-00000011")),
        (&wide, "image/rotate,90", None),
        (&turned, "image/auto-orient,1", None),
    ] {
        let error = run(source, process).unwrap_err();
        assert_eq!((&error.code, error.ec.as_deref()), (&OssCode::ImageTooLarge, ec), "{process}");
    }
    for (source, process) in [(&wide, "image/resize,w_4096/rotate,90"), (&turned, "image/resize,w_4")] {
        assert!(run(source, process).is_ok(), "{process}");
    }
}
