//! The step `average-hue`: the mean colour as JSON (`img-and-ram.md` §1.6). OSS leaves out outliers; a plain mean is close.

use serde_json::json;

use super::picture::Picture;

/// `{"RGB": "0xRRGGBB"}`; transparent pixels count less.
pub(super) fn json(picture: &Picture) -> Vec<u8> {
    let (mut sums, mut weight) = ([0u64; 3], 0u64);
    for pixel in picture.pixels.chunks_exact(picture.channels) {
        let alpha = u64::from(pixel.get(3).copied().unwrap_or(255));
        weight += alpha;
        for (sum, channel) in sums.iter_mut().zip(pixel) {
            *sum += u64::from(*channel) * alpha;
        }
    }
    let [red, green, blue] = sums.map(|sum| (sum + weight / 2).checked_div(weight).unwrap_or(255));
    json!({ "RGB": format!("0x{red:02x}{green:02x}{blue:02x}") }).to_string().into_bytes()
}
