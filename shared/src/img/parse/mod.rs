//! From text to a process. Unknown keys, empty tokens and trailing commas pass, as they do on OSS; of a doubled key the last counts.

mod params;
mod watermark;

use std::ops::RangeInclusive;

use super::adjust::{Blur, ROTATE, SHARPEN, TONE};
use super::crop::{Axis, Crop, IndexCrop};
use super::error::ImgError;
use super::value::{Gravity, Rgb, named};
use super::{Action, Format, MAX_IMAGE_WATERMARKS, MAX_RADIUS, MAX_SIDE, Process, Quality, Resize, ResizeMode};
use params::Params;

/// No real request is longer; a hostile one may be. OSS's own limit is not published.
const MAX_BYTES: usize = 8192;

/// No real request has more steps; each may cost a pass over every pixel.
const MAX_ACTIONS: usize = 64;

/// Whose process it is: a picture's own, or a watermark's, of which fewer actions are known.
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
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    if parts.len() > MAX_ACTIONS {
        return Err(ImgError::TooManyActions);
    }
    let actions = parts.into_iter().map(|part| action(part, of)).collect::<Result<Vec<_>, _>>()?;
    let process = Process { actions };
    if process.actions.is_empty() {
        return Err(ImgError::shape("the image process names no action", "0040-00000212"));
    }
    if process.actions.len() > 1
        && process.actions.iter().any(|action| matches!(action, Action::Info | Action::AverageHue))
    {
        return Err(ImgError::Shape { problem: "info and average-hue stand alone", ec: None });
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
    Ok(match name {
        "resize" => Action::Resize(resize(&params, of)?),
        "crop" => Action::Crop(crop(&params)?),
        "indexcrop" => Action::IndexCrop(index_crop(&params)?),
        "rounded-corners" => Action::RoundedCorners(radius(&params, "0040-00000237")?),
        "rotate" => Action::Rotate(number(&params, "rotate", &ROTATE, ("0040-00000216", "0040-00000217"))?),
        known if of == Of::Watermark && is_action(known) => {
            return Err(ImgError::value("image", known, Some("0040-00000265")));
        }
        "circle" => Action::Circle(radius(&params, "0040-00000233")?),
        "auto-orient" => Action::AutoOrient(flag(&params, "auto-orient", ("0040-00000214", "0040-00000215"))?),
        "blur" => Action::Blur(blur(&params)?),
        "bright" => Action::Bright(number(&params, "bright", &TONE, ("0040-00000245", "0040-00000246"))?),
        // Sources name no finer codes of contrast and interlace.
        "contrast" => Action::Contrast(number(&params, "contrast", &TONE, None)?),
        "sharpen" => Action::Sharpen(number(&params, "sharpen", &SHARPEN, ("0040-00000279", "0040-00000280"))?),
        "interlace" => Action::Interlace(flag(&params, "interlace", None)?),
        "watermark" => Action::Watermark(Box::new(watermark::watermark(&params)?)),
        "format" => Action::Format(format(&params)?),
        "quality" => Action::Quality(quality(&params)?),
        "info" => Action::Info,
        "average-hue" => Action::AverageHue,
        blind @ ("blindwatermark" | "deblindwatermark") => {
            return Err(ImgError::NotImplemented(format!("{blind}, which needs IMM,")));
        }
        other => return Err(ImgError::UnknownAction(other.to_owned())),
    })
}

/// Whether OSS has an action of this name, though not for watermarks.
fn is_action(name: &str) -> bool {
    const NAMES: [&str; 12] = [
        "circle",
        "auto-orient",
        "blur",
        "bright",
        "contrast",
        "sharpen",
        "interlace",
        "watermark",
        "format",
        "quality",
        "info",
        "average-hue",
    ];
    NAMES.contains(&name)
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

fn format(params: &Params<'_>) -> Result<Format, ImgError> {
    let value = bare(params, "format", Some(("0040-00000207", "0040-00000206")))?;
    // OSS reads up to the first underscore: it answers `f_png` with "The value: f of parameter: f is invalid."
    match value.split('_').next().unwrap_or_default() {
        "heic" => Err(ImgError::NotImplemented("format,heic".to_owned())),
        name => named(&Format::NAMES, name).ok_or_else(|| ImgError::value("f", name, Some("0040-00000206"))),
    }
}

/// OSS's finer codes of an action with one value: of none, and of a wrong one.
type Codes = Option<(&'static str, &'static str)>;

/// The one value of an action that has no keys.
fn bare<'a>(params: &Params<'a>, name: &'static str, codes: Codes) -> Result<&'a str, ImgError> {
    match params.0.as_slice() {
        [] => Err(ImgError::Missing { action: name, ec: codes.map(|(missing, _)| missing) }),
        [value] => Ok(value),
        _ => Err(ImgError::shape("this action takes one value", "0040-00000203")),
    }
}

fn number(
    params: &Params<'_>,
    name: &'static str,
    range: &RangeInclusive<i32>,
    codes: impl Into<Codes>,
) -> Result<i32, ImgError> {
    let codes = codes.into();
    let text = bare(params, name, codes)?;
    params::signed(text, range).ok_or_else(|| ImgError::value(name, text, codes.map(|(_, wrong)| wrong)))
}

fn flag(params: &Params<'_>, name: &'static str, codes: impl Into<Codes>) -> Result<bool, ImgError> {
    number(params, name, &(0..=1), codes).map(|value| value == 1)
}

fn crop(params: &Params<'_>) -> Result<Crop, ImgError> {
    if let Some(by_content @ ("face" | "faces" | "auto")) = params.get("g") {
        return Err(ImgError::NotImplemented(format!("crop,g_{by_content}, which needs IMM,")));
    }
    let side = |key, ec| Ok(params.number(key, 0..=u32::MAX, Some(ec))?.filter(|side| *side > 0));
    Ok(Crop {
        w: side("w", "0040-00000225")?,
        h: side("h", "0040-00000226")?,
        x: params.number("x", 0..=u32::MAX, None)?.unwrap_or(0),
        y: params.number("y", 0..=u32::MAX, None)?.unwrap_or(0),
        gravity: params.map("g", Some("0040-00000209"), |g| named(&Gravity::NAMES, g))?.unwrap_or(Gravity::NorthWest),
    })
}

fn index_crop(params: &Params<'_>) -> Result<IndexCrop, ImgError> {
    let x = params.number("x", 0..=u32::MAX, Some("0040-00000227"))?.filter(|length| *length > 0);
    let y = params.number("y", 0..=u32::MAX, Some("0040-00000224"))?.filter(|length| *length > 0);
    let index = params.number("i", 0..=u32::MAX, Some("0040-00000229"))?.unwrap_or(0);
    match (x, y) {
        (_, Some(length)) => Ok(IndexCrop { axis: Axis::Y, length, index }),
        (Some(length), None) => Ok(IndexCrop { axis: Axis::X, length, index }),
        (None, None) => Err(ImgError::shape("indexcrop needs x or y, at least 1", "0040-00000230")),
    }
}

/// `r` of `circle` and `rounded-corners`, which must be given.
fn radius(params: &Params<'_>, ec: &'static str) -> Result<u32, ImgError> {
    params.number("r", 1..=MAX_RADIUS, Some(ec))?.ok_or_else(|| ImgError::value("r", "", Some(ec)))
}

fn blur(params: &Params<'_>) -> Result<Blur, ImgError> {
    if let Some(by_content @ ("face" | "faces")) = params.get("g") {
        return Err(ImgError::NotImplemented(format!("blur,g_{by_content}, which needs IMM,")));
    }
    let one = |key, ec| {
        let value = params.number(key, Blur::RANGE, Some(ec))?;
        value.ok_or_else(|| ImgError::value(key, "", Some(ec)))
    };
    Ok(Blur { radius: one("r", "0040-00000241")?, sigma: one("s", "0040-00000242")? })
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
