//! From text to a process. Unknown keys, empty tokens and trailing commas pass, as they do on OSS; of a doubled key the last counts.

use std::ops::RangeInclusive;

use super::error::ImgError;
use super::value::{Gravity, Rgb, from_base64, named};
use super::watermark::{Align, Font, ImageWatermark, MAX_TEXT_BYTES, TextWatermark, Watermark};
use super::{Action, Format, MAX_IMAGE_WATERMARKS, MAX_SIDE, Process, Quality, Resize, ResizeMode};

/// No real request is longer; a hostile one may be. OSS's own limit is not published.
const MAX_BYTES: usize = 8192;

/// Actions of OSS that are still to come.
const NOT_YET: [&str; 12] = [
    "crop",
    "indexcrop",
    "circle",
    "rounded-corners",
    "rotate",
    "auto-orient",
    "blur",
    "bright",
    "contrast",
    "sharpen",
    "interlace",
    "average-hue",
];

/// Whose process it is: a picture's own, or a watermark's, which may be resized only.
#[derive(Clone, Copy, PartialEq)]
enum Of {
    Main,
    Watermark,
}

pub(super) fn process(text: &str) -> Result<Process, ImgError> {
    if text.len() > MAX_BYTES {
        return Err(ImgError::shape("the x-oss-process parameter is too long", "0017-00000288"));
    }
    if text.contains('|') {
        let problem = "sys/saveas works with POST alone: send the process in the body of a POST";
        return Err(ImgError::Shape { problem, ec: None });
    }
    actions(text, Of::Main)
}

fn actions(text: &str, of: Of) -> Result<Process, ImgError> {
    let mut parts = text.split('/');
    match parts.next().unwrap_or_default() {
        "image" => {}
        "style" => return Err(ImgError::NotImplemented("style".to_owned())),
        other => return Err(ImgError::UnknownAction(other.to_owned())),
    }
    let actions = parts.filter(|part| !part.is_empty()).map(|part| action(part, of)).collect::<Result<Vec<_>, _>>()?;
    let process = Process { actions };
    if process.actions.is_empty() {
        return Err(ImgError::shape("the image process names no action", "0040-00000212"));
    }
    if process.actions.len() > 1 && process.actions.contains(&Action::Info) {
        return Err(ImgError::Shape { problem: "info stands alone", ec: None });
    }
    if process.watermark_objects().count() > MAX_IMAGE_WATERMARKS {
        return Err(ImgError::TooManyWatermarks);
    }
    Ok(process)
}

fn action(part: &str, of: Of) -> Result<Action, ImgError> {
    let mut tokens = part.split(',');
    let name = tokens.next().unwrap_or_default();
    let params = Params(tokens.filter(|token| !token.is_empty()).collect());
    match name {
        "resize" => resize(&params, of).map(Action::Resize),
        name if NOT_YET.contains(&name) => Err(ImgError::NotImplemented(name.to_owned())),
        "watermark" | "format" | "quality" | "info" if of == Of::Watermark => {
            Err(ImgError::value("image", name, Some("0040-00000265")))
        }
        "watermark" => watermark(&params).map(|mark| Action::Watermark(Box::new(mark))),
        "format" => format(&params).map(Action::Format),
        "quality" => quality(&params).map(Action::Quality),
        "info" => Ok(Action::Info),
        other => Err(ImgError::UnknownAction(other.to_owned())),
    }
}

/// The tokens after an action's name.
struct Params<'a>(Vec<&'a str>);

impl<'a> Params<'a> {
    /// The value of `key`; empty where the key stands alone.
    fn get(&self, key: &str) -> Option<&'a str> {
        let mut pairs = self.0.iter().rev().map(|token| token.split_once('_').unwrap_or((token, "")));
        pairs.find(|(k, _)| *k == key).map(|(_, value)| value)
    }

    /// What `read` makes of the value of `key`, if that is given.
    fn map<T>(
        &self,
        key: &'static str,
        ec: Option<&'static str>,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ImgError> {
        self.get(key).map(|text| read(text).ok_or_else(|| ImgError::value(key, text, ec))).transpose()
    }

    fn number(
        &self,
        key: &'static str,
        range: RangeInclusive<u32>,
        ec: Option<&'static str>,
    ) -> Result<Option<u32>, ImgError> {
        self.map(key, ec, |text| unsigned(text, &range))
    }

    fn percent(&self, key: &'static str, least: u32, ec: &'static str) -> Result<Option<u8>, ImgError> {
        Ok(self.number(key, least..=100, Some(ec))?.and_then(|n| u8::try_from(n).ok()))
    }

    fn flag(&self, key: &'static str, ec: &'static str) -> Result<Option<bool>, ImgError> {
        Ok(self.number(key, 0..=1, Some(ec))?.map(|n| n == 1))
    }
}

fn unsigned(text: &str, range: &RangeInclusive<u32>) -> Option<u32> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|n| digits && range.contains(n))
}

fn resize(params: &Params<'_>, of: Of) -> Result<Resize, ImgError> {
    if params.get("w") == Some("0") && params.get("h") == Some("0") {
        return Err(ImgError::shape("w and h of resize are both 0", "0040-00000321"));
    }
    let main_percent = match of {
        Of::Main => None,
        Of::Watermark => params.number("P", 1..=100, Some("0040-00000265"))?,
    };
    let resize = Resize {
        mode: params.map("m", Some("0040-00000311"), |m| named(&ResizeMode::NAMES, m))?.unwrap_or_default(),
        w: params.number("w", 1..=MAX_SIDE, Some("0040-00000312"))?,
        h: params.number("h", 1..=MAX_SIDE, None)?,
        l: params.number("l", 1..=MAX_SIDE, None)?,
        s: params.number("s", 1..=MAX_SIDE, Some("0040-00000315"))?,
        p: params.number("p", 1..=1000, Some("0040-00000317"))?,
        main_percent,
        limit: params.flag("limit", "0040-00000319")?.unwrap_or(true),
        color: params.map("color", Some("0040-00000318"), Rgb::parse)?.unwrap_or(Rgb::WHITE),
    };
    let sizes = [resize.w, resize.h, resize.l, resize.s, resize.p, resize.main_percent];
    if sizes.iter().all(Option::is_none) {
        return Err(ImgError::shape("resize needs one of w, h, l, s and p", "0040-00000322"));
    }
    Ok(resize)
}

fn watermark(params: &Params<'_>) -> Result<Watermark, ImgError> {
    let default = Watermark::default();
    let mark = Watermark {
        text: text(params)?,
        image: params.get("image").map(image).transpose()?,
        opacity: params.percent("t", 0, "0040-00000263")?.unwrap_or(default.opacity),
        gravity: params.map("g", None, |g| named(&Gravity::NAMES, g))?.unwrap_or_default(),
        x: params.number("x", 0..=4096, Some("0040-00000262"))?.unwrap_or(default.x),
        y: params.number("y", 0..=4096, Some("0040-00000264"))?.unwrap_or(default.y),
        voffset: params
            .map("voffset", Some("0040-00000268"), |v| v.parse().ok().filter(|n| (-1000..=1000).contains(n)))?
            .unwrap_or(0),
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

fn format(params: &Params<'_>) -> Result<Format, ImgError> {
    let value = bare(params, "format needs a format", "0040-00000207")?;
    // OSS reads up to the first underscore: it answers `f_png` with "The value: f of parameter: f is invalid."
    match value.split('_').next().unwrap_or_default() {
        later @ ("heic" | "avif") => Err(ImgError::NotImplemented(format!("format,{later}"))),
        name => named(&Format::NAMES, name).ok_or_else(|| ImgError::value("f", name, Some("0040-00000206"))),
    }
}

/// The one value of an action that has no keys.
fn bare<'a>(params: &Params<'a>, missing: &'static str, ec: &'static str) -> Result<&'a str, ImgError> {
    match params.0.as_slice() {
        [] => Err(ImgError::shape(missing, ec)),
        [value] => Ok(value),
        _ => Err(ImgError::shape("this action takes one value", "0040-00000203")),
    }
}

fn quality(params: &Params<'_>) -> Result<Quality, ImgError> {
    let relative = params.percent("q", 1, "0040-00000309")?.map(Quality::Relative);
    let absolute = params.percent("Q", 1, "0040-00000308")?.map(Quality::Absolute);
    match (absolute.or(relative), params.0.first()) {
        (Some(quality), _) => Ok(quality),
        (None, None) => Err(ImgError::shape("quality needs q or Q", "0040-00000307")),
        (None, Some(token)) => Err(ImgError::value("quality", token, Some("0040-00000310"))),
    }
}
