//! The normal form of a process: only what differs from the defaults, in one fixed order.

use std::fmt::{self, Display, Formatter};

use super::value::{Rgb, to_base64};
use super::watermark::{Align, Font};
use super::{
    Action, Axis, Crop, Format, Gravity, ImageWatermark, IndexCrop, Process, Quality, Resize, ResizeMode,
    TextWatermark, Watermark,
};

impl Display for Process {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("image")?;
        self.actions.iter().try_for_each(|action| write!(f, "/{action}"))
    }
}

impl Display for Action {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resize(resize) => resize.fmt(f),
            Self::Crop(crop) => crop.fmt(f),
            Self::IndexCrop(strip) => strip.fmt(f),
            Self::Circle(radius) => write!(f, "circle,r_{radius}"),
            Self::RoundedCorners(radius) => write!(f, "rounded-corners,r_{radius}"),
            Self::Rotate(degrees) => write!(f, "rotate,{degrees}"),
            Self::AutoOrient(on) => write!(f, "auto-orient,{}", u8::from(*on)),
            Self::Blur(blur) => write!(f, "blur,r_{},s_{}", blur.radius, blur.sigma),
            Self::Bright(value) => write!(f, "bright,{value}"),
            Self::Contrast(value) => write!(f, "contrast,{value}"),
            Self::Sharpen(value) => write!(f, "sharpen,{value}"),
            Self::Watermark(watermark) => watermark.fmt(f),
            Self::Format(format) => write!(f, "format,{format}"),
            Self::Quality(Quality::Relative(q)) => write!(f, "quality,q_{q}"),
            Self::Quality(Quality::Absolute(q)) => write!(f, "quality,Q_{q}"),
            Self::Interlace(on) => write!(f, "interlace,{}", u8::from(*on)),
            Self::Info => f.write_str("info"),
            Self::AverageHue => f.write_str("average-hue"),
        }
    }
}

impl Display for Resize {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("resize")?;
        if self.mode != ResizeMode::default() {
            write!(f, ",m_{}", self.mode.name())?;
        }
        let sides =
            [("w", self.w), ("h", self.h), ("l", self.l), ("s", self.s), ("p", self.p), ("P", self.main_percent)];
        for (key, value) in sides {
            if let Some(value) = value {
                write!(f, ",{key}_{value}")?;
            }
        }
        if !self.limit {
            f.write_str(",limit_0")?;
        }
        if self.color != Rgb::WHITE {
            write!(f, ",color_{}", self.color)?;
        }
        Ok(())
    }
}

impl Display for Crop {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let default = Self::default();
        f.write_str("crop")?;
        unless_default(f, "w", self.w.unwrap_or(0), 0)?;
        unless_default(f, "h", self.h.unwrap_or(0), 0)?;
        unless_default(f, "x", self.x, default.x)?;
        unless_default(f, "y", self.y, default.y)?;
        unless_default(f, "g", self.gravity, default.gravity)
    }
}

impl Display for IndexCrop {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let axis = if self.axis == Axis::X { 'x' } else { 'y' };
        write!(f, "indexcrop,{axis}_{},i_{}", self.length, self.index)
    }
}

impl Display for Watermark {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let default = Self::default();
        f.write_str("watermark")?;
        if let Some(image) = &self.image {
            write!(f, ",image_{}", to_base64(&image.to_string()))?;
        }
        if let Some(text) = &self.text {
            write!(f, ",{text}")?;
        }
        unless_default(f, "t", self.opacity, default.opacity)?;
        unless_default(f, "g", self.gravity, default.gravity)?;
        unless_default(f, "x", self.x, default.x)?;
        unless_default(f, "y", self.y, default.y)?;
        unless_default(f, "voffset", self.voffset, default.voffset)?;
        unless_default(f, "fill", u8::from(self.fill), 0)?;
        unless_default(f, "padx", self.padx, default.padx)?;
        unless_default(f, "pady", self.pady, default.pady)?;
        unless_default(f, "order", u8::from(self.text_first), 0)?;
        unless_default(f, "align", self.align, default.align)?;
        unless_default(f, "interval", self.interval, default.interval)
    }
}

impl Display for TextWatermark {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let default = Self::default();
        write!(f, "text_{}", to_base64(&self.text))?;
        if self.font != Font::WqyZenhei {
            write!(f, ",type_{}", to_base64(self.font.name()))?;
        }
        unless_default(f, "color", self.color, default.color)?;
        unless_default(f, "size", self.size, default.size)?;
        unless_default(f, "shadow", self.shadow, default.shadow)?;
        unless_default(f, "rotate", self.rotate, default.rotate)
    }
}

/// The text whose base64 stands in `image_…`.
impl Display for ImageWatermark {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.object)?;
        self.process.as_ref().map_or(Ok(()), |process| write!(f, "?x-oss-process={process}"))
    }
}

impl Display for Format {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Display for Gravity {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Display for Align {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Top => "0",
            Self::Middle => "1",
            Self::Bottom => "2",
        })
    }
}

impl Display for Rgb {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode_upper(self.0))
    }
}

fn unless_default<T: Display + PartialEq>(f: &mut Formatter<'_>, key: &str, value: T, default: T) -> fmt::Result {
    if value == default { Ok(()) } else { write!(f, ",{key}_{value}") }
}
