//! The documented cases of `../data/img-cases.json`.

use std::collections::HashMap;

use emulator::img::{Output, process};
use image::RgbImage;
use mozjpeg::Marker;
use serde_json::Value;
use shared::error::{OssCode, OssError};
use shared::img::{ImgError, Process};

use crate::made::{RED, frames, gif, jpeg, jpeg_with, orientation, photo, quality_of};

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
    let data: Value = serde_json::from_str(include_str!("../data/img-cases.json")).unwrap();
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
