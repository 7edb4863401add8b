//! Formats of sources and results, and what of a source reaches its result: alpha, frames, orientation, profile.

use std::io::Cursor;

use image::codecs::gif::{GifDecoder, GifEncoder, Repeat};
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::LoopCount;
use image::{
    AnimationDecoder, Delay, DynamicImage, ExtendedColorType, Frame, GrayImage, ImageEncoder, Luma, Rgb, Rgba,
    RgbaImage,
};
use moxcms::ColorProfile;
use mozjpeg::{ColorSpace, Marker};
use serde_json::Value;
use shared::img::Format;

use crate::made::{
    RED, chunk, frames, gif, grey_ink_profile, near, orientation, photo, pixels, png, raw_jpeg, run, run_with,
    solid_png, webp, webp_frame, webp_pixels,
};

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
fn alpha_survives_png_and_becomes_white_in_jpeg() {
    let source = png(&DynamicImage::ImageRgba8(RgbaImage::from_pixel(64, 64, Rgba([255, 0, 0, 0]))));
    assert_eq!(pixels(run(&source, "image/resize,w_32")).get_pixel(16, 16)[3], 0);
    assert_eq!(pixels(run(&source, "image/resize,w_32/format,jpg")).get_pixel(16, 16).0, [255; 4]);
    let marked = pixels(run_with(&source, "image/watermark,g_nw,image_cGFuZGEucG5n", &solid_png(8, 8, RED)));
    assert_eq!(marked.get_pixel(12, 12).0, [255, 0, 0, 255], "a mark is opaque on a transparent picture");
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
    let segment = [b"ICC_PROFILE\0\x01\x01", &grey_ink_profile()[..]].concat();
    let by_profile = raw_jpeg(ColorSpace::JCS_CMYK, &[255, 0, 0, 255], &[255; 4], &[(Marker::APP(2), &segment)]);
    let result = pixels(run(&by_profile, "image/resize,w_32"));
    assert!(near(result.get_pixel(4, 8), [119; 3]) && near(result.get_pixel(28, 8), [119; 3]), "{result:?}");
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

/// A TIFF of one row, black and white, of this photometric interpretation and orientation.
fn tiff(photometric: u16, orientation: u16) -> Vec<u8> {
    let tags = [(256, 2), (257, 1), (258, 8), (259, 1), (262, photometric), (273, 8), (274, orientation), (277, 1)];
    let mut file = b"II\x2a\0\x0a\0\0\0\x00\xff".to_vec();
    file.extend((tags.len() as u16 + 2).to_le_bytes());
    for (tag, value) in tags.into_iter().chain([(278, 1), (279, 2)]) {
        file.extend([tag, 3, 1, 0, value, 0].into_iter().flat_map(u16::to_le_bytes)); // one SHORT
    }
    file.extend([0; 4]);
    file
}

#[test]
fn a_tiff_is_turned_by_its_tag_and_refused_by_the_name_of_its_kind() {
    let upright = pixels(run(&tiff(1, 6), "image/format,png"));
    assert_eq!((upright.dimensions(), upright.get_pixel(0, 1).0), ((1, 2), [255; 4]));
    assert_eq!(pixels(run(&tiff(1, 1), "image/format,png")).dimensions(), (2, 1));
    let lab = run(&tiff(8, 1), "image/format,png").unwrap_err();
    assert_eq!((lab.code.as_str(), lab.ec.as_deref()), ("BadRequest", Some("0040-00000005")));
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

#[test]
fn an_animated_webp_stays_so_and_its_colours_become_srgb() {
    let (size, profile) = ((40, 20), ColorProfile::new_display_p3().encode().unwrap());
    let colour = Rgb([180, 90, 90]);
    let frames = [(colour, 70), (Rgb([0, 0, 255]), 90)];
    let mut chunks = vec![chunk(b"ICCP", &profile), chunk(b"ANIM", &[0, 0, 0, 0, 3, 0])];
    chunks.extend(frames.map(|(colour, delay)| webp_frame(size, delay, &webp_pixels(size, colour))));
    let source = webp(0x32, size, &chunks);
    let small = run(&source, "image/resize,w_20,limit_0/watermark,text_YQ,size_4").unwrap();
    assert_eq!(small.content_type, "image/webp");
    let decoder = WebPDecoder::new(Cursor::new(&small.body)).unwrap();
    assert!(matches!(decoder.loop_count(), LoopCount::Finite(times) if times.get() == 3));
    let shown = decoder.into_frames().collect_frames().unwrap();
    let told: Vec<_> =
        shown.iter().map(|frame| (frame.buffer().dimensions(), frame.delay().numer_denom_ms())).collect();
    assert_eq!(told, [((20, 10), (70, 1)), ((20, 10), (90, 1))]);
    let still = pixels(run(&png_with(&profile, colour), "image/format,bmp"));
    let seen = shown[0].buffer().get_pixel(2, 2);
    assert!(
        near(seen, [0, 1, 2].map(|channel| still.get_pixel(0, 0)[channel])),
        "{seen:?} {:?}",
        still.get_pixel(0, 0)
    );
    let larger = run(&source, "image/resize,w_80,limit_0").unwrap();
    assert_eq!(pixels(Ok(larger)).dimensions(), (40, 20), "never enlarged");
    assert_eq!(pixels(run(&source, "image/quality,q_90")).dimensions(), size, "a still");
}

fn png_with(profile: &[u8], colour: Rgb<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = PngEncoder::new(&mut bytes);
    encoder.set_icc_profile(profile.to_vec()).unwrap();
    encoder.write_image(&colour.0.repeat(64), 8, 8, ExtendedColorType::Rgb8).unwrap();
    bytes
}

#[test]
fn a_gif_of_one_frame_is_no_animation() {
    let size = |frames| pixels(run(&gif(60, 40, frames), "image/resize,w_120,limit_0")).dimensions();
    assert_eq!((size(1), size(2)), ((120, 80), (60, 40)));
}

#[test]
fn greys_are_read_by_their_profile() {
    // Half the light, which sRGB writes as 188.
    let profile = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    let mut grey_png = Vec::new();
    let mut encoder = PngEncoder::new(&mut grey_png);
    encoder.set_icc_profile(profile.clone()).unwrap();
    let picture = GrayImage::from_pixel(64, 32, Luma([128]));
    encoder.write_image(&picture, 64, 32, ExtendedColorType::L8).unwrap();
    let segment = [b"ICC_PROFILE\0\x01\x01", &profile[..]].concat();
    let grey_jpeg = raw_jpeg(ColorSpace::JCS_GRAYSCALE, &[128], &[128], &[(Marker::APP(2), &segment)]);
    for (source, process) in
        [(&grey_png, "image/format,png"), (&grey_jpeg, "image/resize,w_32"), (&grey_png, "image/format,bmp")]
    {
        let result = pixels(run(source, process));
        assert!(near(result.get_pixel(9, 9), [188; 3]), "{process}: {:?}", result.get_pixel(9, 9));
    }
    // One of grey says nothing of a picture with colours.
    let red = raw_jpeg(ColorSpace::JCS_RGB, &[255, 0, 0], &[255, 0, 0], &[(Marker::APP(2), &segment)]);
    assert!(near(pixels(run(&red, "image/resize,w_32")).get_pixel(9, 9), RED.0));
}

#[test]
fn a_profile_that_no_format_has_room_for_is_left_out() {
    let mut profile = vec![0; 17 << 20];
    profile[16..20].copy_from_slice(b"RGB ");
    let source = webp(0x20, (8, 8), &[chunk(b"ICCP", &profile), webp_pixels((8, 8), RED)]);
    for format in ["jpg", "png", "webp"] {
        let result = run(&source, &format!("image/format,{format}")).unwrap();
        assert!(result.body.len() < 1 << 20, "{format}");
    }
}

#[test]
fn a_gif_keeps_its_times_its_turns_and_what_is_transparent() {
    let mut source = Vec::new();
    let mut encoder = GifEncoder::new(&mut source);
    encoder.set_repeat(Repeat::Finite(3)).unwrap();
    for (shade, delay) in [(0, 70), (80, 90), (160, 200)] {
        let clear = Rgba([0; 4]);
        let frame = RgbaImage::from_fn(60, 40, |x, _| if x < 30 { clear } else { Rgba([200, shade, 30, 255]) });
        encoder.encode_frame(Frame::from_parts(frame, 0, 0, Delay::from_numer_denom_ms(delay, 1))).unwrap();
    }
    drop(encoder);
    for process in ["resize,w_30", "crop,w_30,h_20,g_center", "auto-orient,1/interlace,1/resize,m_fill,w_30,h_20"] {
        let result = run(&source, &format!("image/{process}")).unwrap();
        let decoder = GifDecoder::new(Cursor::new(&result.body)).unwrap();
        assert!(matches!(decoder.loop_count(), LoopCount::Finite(times) if times.get() == 3), "{process}");
        let shown = decoder.into_frames().collect_frames().unwrap();
        let told = shown.iter().map(|frame| (frame.buffer().dimensions(), frame.delay().numer_denom_ms().0));
        assert_eq!(told.collect::<Vec<_>>(), [70, 90, 200].map(|delay| ((30, 20), delay)), "{process}");
        let seen = shown.iter().map(|frame| [3, 26].map(|x| frame.buffer().get_pixel(x, 10)[3]));
        assert!(seen.eq([[0, 255]; 3]), "{process}");
    }
}
