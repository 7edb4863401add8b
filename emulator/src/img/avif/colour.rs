//! From the planes of an AV1 picture to RGB of 8 bits (ITU-T H.273 §8.3), in fixed point of 16 bits. Chroma that was stored at
//! half the size is repeated.

use re_rav1d::{Picture as Frame, PixelLayout, PlanarImageComponent, Plane, pixel};
use zenavif_parse::ColorInformation;

use crate::img::picture::Picture;

/// One in fixed point.
const ONE: f64 = 65_536.0;
const HALF: i32 = 1 << 15;

/// A plane and how its samples lie.
struct Samples {
    plane: Plane,
    /// Bytes from row to row.
    stride: usize,
    /// By how many bits columns and rows are fewer than the picture's.
    shift: (usize, usize),
    /// Whether a sample takes two bytes.
    wide: bool,
}

impl Samples {
    fn of(frame: &Frame, component: PlanarImageComponent) -> Self {
        let shift = match (component, frame.pixel_layout()) {
            (PlanarImageComponent::Y, _) | (_, PixelLayout::I400 | PixelLayout::I444) => (0, 0),
            (_, PixelLayout::I420) => (1, 1),
            (_, PixelLayout::I422) => (1, 0),
        };
        let stride = frame.stride(component) as usize;
        Self { plane: frame.plane(component), stride, shift, wide: frame.bit_depth() > 8 }
    }

    /// The samples of a row of the picture, one for each of its columns.
    fn row(&self, y: usize, into: &mut [i32]) {
        let bytes = self.plane.get((y >> self.shift.1) * self.stride..).unwrap_or_default();
        let step = self.shift.0;
        if self.wide {
            for (x, to) in into.iter_mut().enumerate() {
                let at = (x >> step) * 2;
                *to = bytes.get(at..at + 2).map_or(0, |pair| i32::from(u16::from_ne_bytes([pair[0], pair[1]])));
            }
        } else {
            for (x, to) in into.iter_mut().enumerate() {
                *to = bytes.get(x >> step).map_or(0, |sample| i32::from(*sample));
            }
        }
    }
}

/// A decoded picture, and what makes colours of its samples.
pub(super) struct Colours {
    /// One plane, or three.
    planes: Vec<Samples>,
    size: (usize, usize),
    /// For red, green and blue: the share of each plane.
    shares: [[i32; 3]; 3],
    /// What stands for 0 in each plane.
    zeros: [i32; 3],
}

impl Colours {
    /// `None` for matrices that no picture has. The container's word counts before the picture's own.
    pub fn of(frame: &Frame, named: Option<&ColorInformation>) -> Option<Self> {
        let (matrix, full) = match named {
            Some(ColorInformation::Nclx { matrix_coefficients, full_range, .. }) => (*matrix_coefficients, *full_range),
            _ => (frame.matrix_coefficients() as u16, frame.color_range() == pixel::YUVRange::Full),
        };
        let depth = frame.bits_per_component()?.0 as u32;
        let grey = frame.pixel_layout() == PixelLayout::I400;
        let steps = f64::from((1u32 << depth) - 1);
        let scale = f64::from(1u32 << (depth - 8));
        let (luma, chroma) =
            if full { (255.0 / steps, 255.0 / steps) } else { (255.0 / 219.0 / scale, 255.0 / 224.0 / scale) };
        let (black, middle) = (if full { 0 } else { 16 << (depth - 8) }, 1 << (depth - 1));
        let components: &[_] = match grey {
            true => &[PlanarImageComponent::Y],
            false => &[PlanarImageComponent::Y, PlanarImageComponent::U, PlanarImageComponent::V],
        };
        let shares = if grey { [[1.0, 0.0, 0.0]; 3] } else { shares_of(matrix)? };
        // The planes of the identity are green, blue and red: none is a difference.
        let differences = matrix != 0 && !grey;
        let scales = if differences { [luma, chroma, chroma] } else { [luma; 3] };
        let fixed = |row: [f64; 3]| [0, 1, 2].map(|plane| (row[plane] * scales[plane] * ONE).round() as i32);
        Some(Self {
            planes: components.iter().map(|component| Samples::of(frame, *component)).collect(),
            size: (frame.width() as usize, frame.height() as usize),
            shares: shares.map(fixed),
            zeros: if differences { [black, middle, middle] } else { [black; 3] },
        })
    }

    /// Writes red, green and blue into `picture` from `at` on; what would stick out is cut.
    pub fn paint(&self, picture: &mut Picture, at: (u32, u32)) {
        let (left, top) = (at.0 as usize, at.1 as usize);
        let (width, channels) = (picture.width as usize, picture.channels);
        let columns = self.size.0.min(width.saturating_sub(left));
        let mut planes = vec![vec![0; columns]; 3];
        let rows = picture.pixels.chunks_exact_mut(width * channels).skip(top).take(self.size.1);
        for (y, row) in rows.enumerate() {
            for (samples, into) in self.planes.iter().zip(&mut planes) {
                samples.row(y, into);
            }
            let samples = planes[0].iter().zip(&planes[1]).zip(&planes[2]);
            for (pixel, ((first, second), third)) in row[left * channels..].chunks_exact_mut(channels).zip(samples) {
                let from = [first - self.zeros[0], second - self.zeros[1], third - self.zeros[2]];
                for (channel, shares) in pixel.iter_mut().zip(&self.shares) {
                    *channel = eight_bits(from[0] * shares[0] + from[1] * shares[1] + from[2] * shares[2]);
                }
            }
        }
    }

    /// Writes the first plane into the alpha channel of `picture`, which must have one.
    pub fn fade(&self, picture: &mut Picture) {
        let mut alphas = vec![0; picture.width as usize];
        for (y, row) in picture.pixels.chunks_exact_mut(picture.width as usize * 4).enumerate() {
            self.planes[0].row(y, &mut alphas);
            for (pixel, alpha) in row.chunks_exact_mut(4).zip(&alphas) {
                pixel[3] = eight_bits((alpha - self.zeros[0]) * self.shares[0][0]);
            }
        }
    }
}

fn eight_bits(fixed: i32) -> u8 {
    ((fixed + HALF) >> 16).clamp(0, 255) as u8
}

/// The shares of the three planes in red, green and blue for a matrix of H.273 table 4.
fn shares_of(matrix: u16) -> Option<[[f64; 3]; 3]> {
    let (red, blue) = match matrix {
        0 => return Some([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
        1 => (0.2126, 0.0722),
        4 => (0.30, 0.11),
        // Who names none means BT.601, as JPEG does.
        2 | 5 | 6 => (0.299, 0.114),
        7 => (0.212, 0.087),
        8 => return Some([[1.0, -1.0, 1.0], [1.0, 1.0, 0.0], [1.0, -1.0, -1.0]]),
        9 | 10 => (0.2627, 0.0593),
        _ => return None,
    };
    let green = 1.0 - red - blue;
    let (from_blue, from_red) = (2.0 * (1.0 - blue), 2.0 * (1.0 - red));
    Some([[1.0, 0.0, from_red], [1.0, -from_blue * blue / green, -from_red * red / green], [1.0, from_blue, 0.0]])
}
