//! `watermark`: its text, its picture and where they stand.

use super::super::error::ImgError;
use super::super::value::{Gravity, Rgb, from_base64, named};
use super::super::watermark::{Align, Font, ImageWatermark, MAX_TEXT_BYTES, TextWatermark, Watermark};
use super::params::{Params, signed};
use super::{Of, actions};

pub(super) fn watermark(params: &Params<'_>) -> Result<Watermark, ImgError> {
    let default = Watermark::default();
    let mark = Watermark {
        text: text(params)?,
        image: params.get("image").map(image).transpose()?,
        opacity: params.percent("t", 0, "0040-00000263")?.unwrap_or(default.opacity),
        gravity: params.map("g", None, |g| named(&Gravity::NAMES, g))?.unwrap_or_default(),
        x: params.number("x", 0..=4096, Some("0040-00000262"))?.unwrap_or(default.x),
        y: params.number("y", 0..=4096, Some("0040-00000264"))?.unwrap_or(default.y),
        voffset: params.map("voffset", Some("0040-00000268"), |offset| signed(offset, &(-1000..=1000)))?.unwrap_or(0),
        fill: params.flag("fill", "0040-00000274")?.unwrap_or(false),
        padx: params.number("padx", 0..=4096, Some("0040-00000276"))?.unwrap_or(0),
        pady: params.number("pady", 0..=4096, None)?.unwrap_or(0),
        text_first: params.flag("order", "0040-00000269")?.unwrap_or(false),
        align: params.map("align", Some("0040-00000271"), align)?.unwrap_or(default.align),
        interval: params.number("interval", 0..=1000, Some("0040-00000270"))?.unwrap_or(0),
    };
    if mark.text.is_none() && mark.image.is_none() {
        return Err(ImgError::shape("a watermark needs text or image", "0040-00000278"));
    }
    Ok(mark)
}

/// The text and its looks. Looks are checked even where no text is given.
fn text(params: &Params<'_>) -> Result<Option<TextWatermark>, ImgError> {
    let default = TextWatermark::default();
    let looks = TextWatermark {
        text: String::new(),
        font: params.get("type").map(font).transpose()?.unwrap_or(default.font),
        color: params.map("color", Some("0040-00000254"), Rgb::parse)?.unwrap_or(default.color),
        size: params.number("size", 1..=1000, Some("0040-00000256"))?.unwrap_or(default.size),
        shadow: params.percent("shadow", 0, "0040-00000255")?.unwrap_or(default.shadow),
        rotate: params.number("rotate", 0..=360, Some("0040-00000272"))?.unwrap_or(default.rotate),
    };
    let Some(encoded) = params.get("text") else { return Ok(None) };
    let text = from_base64(encoded).ok_or_else(|| ImgError::value("text", encoded, Some("0040-00000257")))?;
    match text.len() {
        0 => Err(ImgError::shape("the text of the watermark is empty", "0040-00000258")),
        1..=MAX_TEXT_BYTES => Ok(Some(TextWatermark { text, ..looks })),
        _ => Err(ImgError::shape("font content is too large", "0040-00000259")),
    }
}

fn font(encoded: &str) -> Result<Font, ImgError> {
    let name = from_base64(encoded).ok_or_else(|| ImgError::value("type", encoded, Some("0040-00000250")))?;
    named(&Font::NAMES, &name).ok_or_else(|| ImgError::value("type", encoded, Some("0040-00000251")))
}

fn align(text: &str) -> Option<Align> {
    match text {
        "0" => Some(Align::Top),
        "1" => Some(Align::Middle),
        "2" => Some(Align::Bottom),
        _ => None,
    }
}

/// `panda.png` or `panda.png?x-oss-process=image/resize,P_30`, in base64.
fn image(encoded: &str) -> Result<ImageWatermark, ImgError> {
    let invalid = || ImgError::value("image", encoded, Some("0040-00000265"));
    let decoded = from_base64(encoded).filter(|text| !text.is_empty()).ok_or_else(invalid)?;
    let (object, nested) = match decoded.split_once("?x-oss-process=") {
        Some((object, nested)) => (object, Some(actions(nested, Of::Watermark)?)),
        None => (decoded.as_str(), None),
    };
    crate::object_key::ObjectKey::parse(object).map_err(|_| invalid())?;
    Ok(ImageWatermark { object: object.to_owned(), process: nested })
}
