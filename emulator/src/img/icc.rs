//! Colour profiles. A result keeps the profile of its source where its format can carry one; else its colours become sRGB.

use moxcms::{CicpProfile, ColorProfile, DataColorSpace, Layout, MatrixCoefficients, TransformOptions};

use super::picture::Picture;

const RGB: &[u8] = b"RGB ";
const GREY: &[u8] = b"GRAY";

/// Longer ones are none that anybody uses, and a JPEG has room for 16 MB alone. In bytes.
const MAX_PROFILE: usize = 4 << 20;

/// Bytes 16 to 19 of a profile name its colour space. One of another space would be wrong for the RGB that we write; that of a
/// `grey` source is good for [`spread_grey`].
pub(super) fn describes(profile: &[u8], grey: bool) -> bool {
    let space = profile.get(16..20);
    profile.len() <= MAX_PROFILE && (space == Some(RGB) || grey && space == Some(GREY))
}

/// Turns the shades of a grey picture into sRGB by its profile, if that describes grey: what we write has three channels.
pub(super) fn spread_grey(picture: &mut Picture) {
    let Some(profile) = picture.icc.take_if(|profile| profile.get(16..20) == Some(GREY)) else { return };
    let shades: Vec<u8> = (0..=255).collect();
    let spaces = (DataColorSpace::Gray, Layout::Gray, Layout::Rgb);
    let Some(colours) = converted(&shades, &profile, spaces, shades.len()) else { return };
    for pixel in picture.pixels.chunks_exact_mut(picture.channels) {
        let at = usize::from(pixel[0]) * 3;
        pixel[..3].copy_from_slice(&colours[at..at + 3]);
    }
}

/// Turns the colours of `picture` into sRGB and drops its profile. A profile that cannot be read is dropped alone.
pub(super) fn to_srgb(picture: &mut Picture) {
    let Some(profile) = picture.icc.take() else { return };
    picture.become_rgb();
    let layout = if picture.channels == 4 { Layout::Rgba } else { Layout::Rgb };
    let spaces = (DataColorSpace::Rgb, layout, layout);
    if let Some(pixels) = converted(&picture.pixels, &profile, spaces, picture.width as usize) {
        picture.pixels = pixels;
    }
}

/// RGB from ink, 0 none and 255 full, by the profile of a CMYK source; `None` where it has none that can be read.
pub(super) fn from_cmyk(ink: &[u8], profile: Option<&[u8]>, width: usize) -> Option<Vec<u8>> {
    // The fourth channel of an RGBA layout is the black ink.
    converted(ink, profile?, (DataColorSpace::Cmyk, Layout::Rgba, Layout::Rgb), width)
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

/// Rows of `width` pixels in sRGB; `None` where the profile cannot be read or is of another space.
fn converted(
    pixels: &[u8],
    profile: &[u8],
    (space, from, to): (DataColorSpace, Layout, Layout),
    width: usize,
) -> Option<Vec<u8>> {
    let source = ColorProfile::new_from_slice(profile).ok()?;
    if source.color_space != space {
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
