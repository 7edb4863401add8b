//! What is refused, by its head or where it ends, and what damage does.

use emulator::img::process;
use image::DynamicImage;
use shared::error::OssCode;
use shared::img::Process;

use crate::made::{gif, jpeg, photo, png, run};

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
