//! Colour profiles. A result keeps the profile of its source where its format can carry one; else its colours become sRGB.

use moxcms::{CicpProfile, ColorProfile, DataColorSpace, Layout, MatrixCoefficients, TransformOptions};

use super::picture::Picture;

/// Turns the colours of `picture` into sRGB and drops its profile. A profile that cannot be read is dropped alone.
pub(super) fn to_srgb(picture: &mut Picture) {
    let Some(profile) = picture.icc.take() else { return };
    picture.become_rgb();
    let layout = if picture.channels == 4 { Layout::Rgba } else { Layout::Rgb };
    if let Some(pixels) = converted(&picture.pixels, &profile, layout, layout, picture.width as usize) {
        picture.pixels = pixels;
    }
}

/// RGB from ink, 0 none and 255 full, by the profile of a CMYK source; `None` where it has none that can be read.
pub(super) fn from_cmyk(ink: &[u8], profile: Option<&[u8]>, width: usize) -> Option<Vec<u8>> {
    // The fourth channel of an RGBA layout is the black ink.
    converted(ink, profile?, Layout::Rgba, Layout::Rgb, width)
}

/// The profile of colours that are named by code points of ITU-T H.273, where they are wider than sRGB's or of a high range.
pub(super) fn of_code_points(primaries: u16, transfer: u16) -> Option<Vec<u8>> {
    // BT.2020, DCI P3 and Display P3; PQ and HLG.
    if !matches!(primaries, 9 | 11 | 12) && !matches!(transfer, 16 | 18) {
        return None;
    }
    let profile = ColorProfile::new_from_cicp(CicpProfile {
        color_primaries: u8::try_from(primaries).ok()?.try_into().ok()?,
        transfer_characteristics: u8::try_from(transfer).ok()?.try_into().ok()?,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    });
    profile.encode().ok()
}

fn converted(pixels: &[u8], profile: &[u8], from: Layout, to: Layout, width: usize) -> Option<Vec<u8>> {
    let source = ColorProfile::new_from_slice(profile).ok()?;
    let inks = source.color_space == DataColorSpace::Cmyk;
    // Both ends must speak of as many inks: four in and three out is CMYK.
    if inks != (from != to) {
        return None;
    }
    let transform =
        source.create_transform_8bit(from, &ColorProfile::new_srgb(), to, TransformOptions::default()).ok()?;
    let mut result = vec![0; pixels.len() / from.channels() * to.channels()];
    let rows = pixels.chunks_exact(width * from.channels());
    for (row, into) in rows.zip(result.chunks_exact_mut(width * to.channels())) {
        transform.transform(row, into).ok()?;
    }
    Some(result)
}
