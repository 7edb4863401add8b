//! Hostile pictures and processes: whatever comes in, a picture within the limits or an error with a name comes out.

use std::io::Cursor;
use std::sync::LazyLock;

use emulator::img;
use image::codecs::gif::GifEncoder;
use image::{DynamicImage, Frame, ImageFormat, Rgba, RgbaImage};
use moxcms::ColorProfile;
use mozjpeg::{ColorSpace, Marker};
use proptest::prelude::*;
use shared::img::Process;

use crate::avif::READABLE;
use crate::made::{RED, WHITE, chunk, grey_ink_profile, orientation, raw_jpeg, webp, webp_frame, webp_pixels};

/// One small source of each kind.
static SOURCES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let picture = RgbaImage::from_fn(60, 44, |x, y| Rgba([(x * 4) as u8, (y * 5) as u8, 90, (255 - x * 2) as u8]));
    let picture = DynamicImage::ImageRgba8(picture);
    let write = |format| {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    };
    let png = write(ImageFormat::Png);
    let mut gif = Vec::new();
    let mut encoder = GifEncoder::new(&mut gif);
    encoder.encode_frames([Frame::new(picture.to_rgba8()), Frame::new(picture.fliph().to_rgba8())]).unwrap();
    drop(encoder);
    let made = |source: &[u8], process: &str| run(source, process).unwrap().body;
    let mut sources = vec![write(ImageFormat::Bmp), write(ImageFormat::Tiff), gif];
    for process in [
        "image/format,jpg",
        "image/format,jpg/interlace,1",
        "image/format,webp",
        "image/format,avif",
        "image/blur,r_1,s_1",
    ] {
        sources.push(made(&png, process));
    }
    sources.push(png);
    // Of another encoder: grids, sequences and turns are nothing that we write.
    sources.extend(READABLE.map(<[u8]>::to_vec));
    sources.extend(with_profiles());
    sources
});

/// Pictures with EXIF and profiles that no checksum guards.
fn with_profiles() -> [Vec<u8>; 4] {
    let encoded = |profile: ColorProfile| profile.encode().unwrap();
    let (wide, grey) = (encoded(ColorProfile::new_display_p3()), encoded(ColorProfile::new_gray_with_gamma(1.8)));
    let segment = |profile: &[u8]| [b"ICC_PROFILE\0\x01\x01", profile].concat();
    let exif = orientation(6);
    let jpeg = |space, left: &[u8], right: &[u8], profile: &[u8]| {
        raw_jpeg(space, left, right, &[(Marker::APP(1), &exif), (Marker::APP(2), &segment(profile))])
    };
    let size = (24, 16);
    let frame = |colour| webp_frame(size, 50, &webp_pixels(size, colour));
    let chunks = [chunk(b"ICCP", &wide), chunk(b"ANIM", &[0; 6]), frame(RED), frame(WHITE), chunk(b"EXIF", &exif[6..])];
    [
        jpeg(ColorSpace::JCS_RGB, &[200, 20, 20], &[20, 20, 200], &wide),
        jpeg(ColorSpace::JCS_GRAYSCALE, &[40], &[200], &grey),
        jpeg(ColorSpace::JCS_CMYK, &[200, 20, 9, 0], &[9, 90, 200, 40], &grey_ink_profile()),
        webp(0x3a, size, &chunks),
    ]
}

fn run(source: &[u8], process: &str) -> Result<img::Output, shared::error::OssError> {
    let process = Process::parse(process)?;
    img::weight(source, &process, |_| Some(source))?;
    img::process(source, source.len() as u64, &process, &mut |_| Ok(source.to_vec()))
}

fn action() -> impl Strategy<Value = String> {
    prop_oneof![
        "resize(,m_(lfit|mfit|fill|pad|fixed))?,[whls]_[0-9]{1,3}(,h_[0-9]{1,2})?(,limit_[01])?",
        "resize,p_[0-9]{1,3}",
        "crop(,[xywh]_[0-9]{1,2}){0,4}(,g_(nw|north|ne|west|center|east|sw|south|se))?",
        "indexcrop,[xy]_[0-9]{1,2},i_[0-9]",
        "(circle|rounded-corners),r_[0-9]{1,4}",
        "rotate,[0-9]{1,3}",
        "auto-orient,[01]",
        "blur,r_[0-9]{1,2},s_[0-9]{1,2}",
        "(bright|contrast),-?[0-9]{1,3}",
        "sharpen,[0-9]{2,3}",
        "format,(jpg|png|webp|bmp|gif|tiff|avif|heic)",
        "quality,[qQ]_[0-9]{1,3}",
        "interlace,[01]",
        "watermark,text_[A-Za-z0-9_-]{4,12},size_[0-9]{1,3},rotate_[0-9]{1,3},fill_[01],shadow_[0-9]{1,2}",
        "watermark,image_cA(,t_[0-9]{1,2})?(,g_[a-z]{2})?(,[xy]_[0-9]{1,4})?(,fill_1)?(,text_SGk)?(,order_[01])?",
        "info|average-hue|slim,1|crop",
        "[a-z,_0-9/]{0,20}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn every_source_and_process_has_an_answer(
        which in any::<prop::sample::Index>(),
        hurts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
        actions in prop::collection::vec(action(), 1..4),
    ) {
        let mut source = SOURCES[which.index(SOURCES.len())].clone();
        for (at, value) in hurts {
            let at = at.index(source.len());
            source[at] = value;
        }
        if let Some(cut) = cut {
            source.truncate(cut.index(source.len()));
        }
        let text = format!("image/{}", actions.join("/"));
        match run(&source, &text) {
            Ok(output) if output.content_type == "application/json" => {
                prop_assert!(serde_json::from_slice::<serde_json::Value>(&output.body).is_ok(), "{}", text);
            }
            Ok(output) => {
                let read = |body: &[u8]| match output.content_type {
                    "image/avif" => run(body, "image/format,png").map(drop).map_err(|error| error.to_string()),
                    _ => image::load_from_memory(body).map(drop).map_err(|error| error.to_string()),
                };
                prop_assert_eq!(read(&output.body), Ok(()), "{} gives what cannot be read", text);
            }
            Err(error) => {
                prop_assert!((400..=501).contains(&error.status), "{}: {}", text, error);
                prop_assert!(error.code != shared::error::OssCode::InternalError, "{}: {}", text, error);
            }
        }
    }
}
