//! Decoded pixels: 8 bits a channel, RGB or RGBA, rows without padding. Fresh from a JPEG they may still be luma and chroma.

use image::metadata::Orientation;
use image::{DynamicImage, RgbImage, RgbaImage};

/// A picture between two steps.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// 3 (RGB) or 4 (RGBA, alpha not premultiplied).
    pub channels: usize,
    /// `width × height × channels` bytes.
    pub pixels: Vec<u8>,
    /// Whether the three channels are JPEG's Y, Cb and Cr, which `resize`, `watermark` and JPEG take; see [`Picture::become_rgb`].
    pub luma_chroma: bool,
    /// The source's ICC profile, where it describes RGB.
    pub icc: Option<Vec<u8>>,
    /// An orientation that the result must tell of, because the pixels were not turned.
    pub untold: Option<Orientation>,
    /// The quality of a JPEG source, 1 to 100, estimated.
    pub source_quality: Option<u8>,
}

impl Picture {
    /// A picture of these pixels alone. The length of `pixels` must fit.
    pub fn new(size: (u32, u32), channels: usize, pixels: Vec<u8>) -> Self {
        Self {
            width: size.0,
            height: size.1,
            channels,
            pixels,
            luma_chroma: false,
            icc: None,
            untold: None,
            source_quality: None,
        }
    }

    /// A picture of one colour; alpha, where there is any, as given.
    pub fn filled(size: (u32, u32), channels: usize, rgba: [u8; 4]) -> Self {
        let count = size.0 as usize * size.1 as usize;
        Self::new(size, channels, rgba[..channels].repeat(count))
    }

    /// (width, height).
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// The colour and alpha at (x, y), which must lie inside.
    pub fn rgba(&self, x: u32, y: u32) -> [u8; 4] {
        let at = self.offset(x, y);
        let alpha = if self.channels == 4 { self.pixels[at + 3] } else { 255 };
        [self.pixels[at], self.pixels[at + 1], self.pixels[at + 2], alpha]
    }

    /// Lays `rgb` over the pixel at (x, y) with this opacity, 0 to 1. Outside the picture nothing happens.
    pub fn blend(&mut self, x: i64, y: i64, rgb: [u8; 3], opacity: f32) {
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return };
        if x >= self.width || y >= self.height || opacity <= 0.0 {
            return;
        }
        let at = self.offset(x, y);
        // Both are sums of the same shares of red, green and blue, so a mix is the same in either.
        let colour = if self.luma_chroma { luma_chroma_of(rgb) } else { rgb };
        let under = if self.channels == 4 { f32::from(self.pixels[at + 3]) / 255.0 } else { 1.0 };
        let alpha = opacity + under * (1.0 - opacity);
        for (below, above) in self.pixels[at..at + 3].iter_mut().zip(colour) {
            let mixed = f32::from(above) * opacity + f32::from(*below) * under * (1.0 - opacity);
            *below = (mixed / alpha + 0.5) as u8; // `round` is a call
        }
        if self.channels == 4 {
            self.pixels[at + 3] = (alpha * 255.0).round() as u8;
        }
    }

    /// Turns luma and chroma into RGB (ITU-T T.871), in fixed point of 16 bits.
    pub fn become_rgb(&mut self) {
        if !std::mem::take(&mut self.luma_chroma) {
            return;
        }
        const HALF: i32 = 1 << 15;
        for pixel in self.pixels.chunks_exact_mut(3) {
            let (luma, cb, cr) = (i32::from(pixel[0]) << 16, i32::from(pixel[1]) - 128, i32::from(pixel[2]) - 128);
            let channel = |value: i32| ((value + HALF) >> 16).clamp(0, 255) as u8;
            pixel[0] = channel(luma + 91_881 * cr);
            pixel[1] = channel(luma - 22_554 * cb - 46_802 * cr);
            pixel[2] = channel(luma + 116_130 * cb);
        }
    }

    /// Gives an opaque picture an alpha channel.
    pub fn add_alpha(&mut self) {
        if self.channels == 3 {
            self.pixels = self.pixels.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect();
            self.channels = 4;
        }
    }

    /// Weighs each colour with its alpha, for steps that mix neighbours.
    pub fn premultiply(&mut self) {
        if self.channels == 4 {
            for pixel in self.pixels.chunks_exact_mut(4) {
                let alpha = u16::from(pixel[3]);
                pixel[..3].iter_mut().for_each(|channel| *channel = ((u16::from(*channel) * alpha + 127) / 255) as u8);
            }
        }
    }

    /// Undoes [`Picture::premultiply`].
    pub fn unpremultiply(&mut self) {
        if self.channels == 4 {
            for pixel in self.pixels.chunks_exact_mut(4) {
                let alpha = u16::from(pixel[3]).max(1);
                let whole = |channel: u8| ((u16::from(channel) * 255 + alpha / 2) / alpha).min(255) as u8;
                pixel[..3].iter_mut().for_each(|channel| *channel = whole(*channel));
            }
        }
    }

    /// Copies all of `other`, which must have as many channels and lie inside, to (x, y).
    pub fn paste(&mut self, other: &Self, x: u32, y: u32) {
        let row = other.width as usize * other.channels;
        for (line, source) in (y..).zip(other.pixels.chunks_exact(row)) {
            let at = self.offset(x, line);
            self.pixels[at..at + row].copy_from_slice(source);
        }
    }

    /// Turns the picture upright.
    pub fn orient(&mut self, orientation: Orientation) {
        if orientation == Orientation::NoTransforms {
            return;
        }
        let pixels = std::mem::take(&mut self.pixels);
        let dynamic = if self.channels == 4 {
            RgbaImage::from_raw(self.width, self.height, pixels).map(DynamicImage::ImageRgba8)
        } else {
            RgbImage::from_raw(self.width, self.height, pixels).map(DynamicImage::ImageRgb8)
        };
        if let Some(mut dynamic) = dynamic {
            dynamic.apply_orientation(orientation);
            (self.width, self.height) = (dynamic.width(), dynamic.height());
            self.pixels = dynamic.into_bytes();
        }
    }

    /// The pixels as RGB, alpha laid on white: JPEG has no alpha (`img-and-ram.md` §1.5).
    pub fn rgb_on_white(&self) -> std::borrow::Cow<'_, [u8]> {
        if self.channels == 3 {
            return std::borrow::Cow::Borrowed(&self.pixels);
        }
        let over_white = |channel: u8, alpha: u8| {
            let (channel, alpha) = (u32::from(channel), u32::from(alpha));
            ((channel * alpha + 255 * (255 - alpha) + 127) / 255) as u8
        };
        self.pixels.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]].map(|channel| over_white(channel, p[3]))).collect()
    }

    fn offset(&self, x: u32, y: u32) -> usize {
        (y as usize * self.width as usize + x as usize) * self.channels
    }
}

/// Y, Cb and Cr of a colour (ITU-T T.871).
fn luma_chroma_of(rgb: [u8; 3]) -> [u8; 3] {
    let [red, green, blue] = rgb.map(f32::from);
    let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
    [luma, (blue - luma) / 1.772 + 128.0, (red - luma) / 1.402 + 128.0].map(|value| value.round() as u8)
}
