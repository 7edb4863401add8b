//! The steps `blur` and `sharpen`: a Gaussian over rows, then columns; sharpening adds what the blur took away.

use shared::img::Blur;

use super::picture::Picture;

/// Over how many neighbours on each side, and how widely, `sharpen` looks.
const SHARPEN: Blur = Blur { radius: 2, sigma: 1 };

/// Blurs the picture; alpha, too.
pub(super) fn apply(picture: &mut Picture, blur: &Blur) {
    let weights = gaussian(blur);
    // Hidden colours must not bleed into the visible.
    picture.premultiply();
    let rows = horizontal(picture, &weights);
    // Two copies at a time.
    drop(std::mem::take(&mut picture.pixels));
    picture.pixels = vertical(&rows, picture.width as usize * picture.channels, &weights);
    picture.unpremultiply();
}

/// Unsharp masking: `amount` 100 adds the whole difference to the blurred picture.
pub(super) fn sharpen(picture: &mut Picture, amount: i32) {
    let mut blurred = picture.clone();
    apply(&mut blurred, &SHARPEN);
    let channels = picture.channels;
    for (sharp, soft) in picture.pixels.chunks_exact_mut(channels).zip(blurred.pixels.chunks_exact(channels)) {
        for (value, soft) in sharp.iter_mut().zip(soft).take(3) {
            let difference = i32::from(*value) - i32::from(*soft);
            *value = (i32::from(*value) + difference * amount / 100).clamp(0, 255) as u8;
        }
    }
}

/// Weights of the neighbours from `-radius` to `radius`; their sum is 1.
fn gaussian(blur: &Blur) -> Vec<f32> {
    let radius = blur.radius as i32;
    let sigma = blur.sigma as f32;
    let weights: Vec<f32> = (-radius..=radius).map(|at| (-((at * at) as f32) / (2.0 * sigma * sigma)).exp()).collect();
    let sum: f32 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

/// Each row's pixels, mixed with their neighbours. The edge repeats outwards.
fn horizontal(picture: &Picture, weights: &[f32]) -> Vec<u8> {
    let (channels, reach) = (picture.channels, weights.len() / 2);
    let length = picture.width as usize * channels;
    let mut padded = vec![0.0; length + 2 * reach * channels];
    let mut sums = vec![0.0; length];
    let mut mixed = Vec::with_capacity(picture.pixels.len());
    for row in picture.pixels.chunks_exact(length) {
        let (first, last) = (&row[..channels], &row[length - channels..]);
        let wide = first.iter().cycle().take(reach * channels).chain(row);
        for (to, from) in padded.iter_mut().zip(wide.chain(last.iter().cycle().take(reach * channels))) {
            *to = f32::from(*from);
        }
        sums.fill(0.0);
        for (tap, weight) in weights.iter().enumerate() {
            add(&mut sums, &padded[tap * channels..], *weight);
        }
        mixed.extend(sums.iter().map(|sum| (sum + 0.5) as u8));
    }
    mixed
}

/// Each column's pixels, mixed with their neighbours.
fn vertical(pixels: &[u8], length: usize, weights: &[f32]) -> Vec<u8> {
    let rows: Vec<&[u8]> = pixels.chunks_exact(length).collect();
    let reach = weights.len() / 2;
    let mut sums = vec![0.0; length];
    let mut mixed = Vec::with_capacity(pixels.len());
    for y in 0..rows.len() {
        sums.fill(0.0);
        for (tap, weight) in weights.iter().enumerate() {
            let neighbour = (y + tap).saturating_sub(reach).min(rows.len() - 1);
            for (sum, value) in sums.iter_mut().zip(rows[neighbour]) {
                *sum += f32::from(*value) * weight;
            }
        }
        mixed.extend(sums.iter().map(|sum| (sum + 0.5) as u8));
    }
    mixed
}

fn add(sums: &mut [f32], values: &[f32], weight: f32) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value * weight;
    }
}
