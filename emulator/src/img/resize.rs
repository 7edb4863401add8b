//! The step `resize`.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, ResizeOptions, Resizer};
use shared::error::{OssCode, OssError};
use shared::img::{Resize, Target};

use super::picture::Picture;
use super::{buffers, icc, limits};

/// The resize with `P` resolved, for a watermark on a picture of `main` pixels.
pub(super) fn effective(resize: &Resize, main: Option<(u32, u32)>) -> Resize {
    main.map_or_else(|| resize.clone(), |main| resize.against(main))
}

/// Resizes `picture`. `nominal` is the size that the rules count with: larger than the pixels when the decoder already shrank them.
pub(super) fn apply(picture: &mut Picture, nominal: (u32, u32), resize: &Resize) -> Result<(), OssError> {
    let target = resize.target(nominal.0, nominal.1);
    if target.canvas != nominal {
        limits::result_pixels(target.canvas)?;
    }
    let [red, green, blue] = resize.color.0;
    let (scaled, canvas) = (target.scaled, target.canvas);
    let pads = scaled.0 < canvas.0 || scaled.1 < canvas.1;
    let pixels = scale(picture, &target)?;
    buffers::give(std::mem::replace(&mut picture.pixels, pixels));
    (picture.width, picture.height) = if pads { scaled } else { canvas };
    if pads {
        picture.become_rgb();
        // The colour that pads is sRGB's.
        icc::to_srgb(picture);
        let mut padded = Picture::filled(canvas, picture.channels, [red, green, blue, 255]);
        padded.paste(picture, (canvas.0 - scaled.0) / 2, (canvas.1 - scaled.1) / 2);
        picture.pixels = padded.pixels;
        (picture.width, picture.height) = canvas;
    }
    Ok(())
}

/// The pixels at the target's scaled size, less what sticks out of its canvas.
fn scale(picture: &mut Picture, target: &Target) -> Result<Vec<u8>, OssError> {
    let size = (target.scaled.0.min(target.canvas.0), target.scaled.1.min(target.canvas.1));
    if size == picture.size() && target.scaled == picture.size() {
        return Ok(std::mem::take(&mut picture.pixels));
    }
    let share = |kept: u32, of: u32, pixels: u32| f64::from(kept) / f64::from(of) * f64::from(pixels);
    let crop_w = share(size.0, target.scaled.0, picture.width);
    let crop_h = share(size.1, target.scaled.1, picture.height);
    let (left, top) = ((f64::from(picture.width) - crop_w) / 2.0, (f64::from(picture.height) - crop_h) / 2.0);
    let options = ResizeOptions::new().crop(left, top, crop_w, crop_h);
    let kind = if picture.channels == 4 { PixelType::U8x4 } else { PixelType::U8x3 };
    let failed = || OssError::new(OssCode::InternalError, "The picture could not be resized.");
    let source = ImageRef::new(picture.width, picture.height, &picture.pixels, kind).map_err(|_| failed())?;
    let buffer = buffers::take(size.0 as usize * size.1 as usize * picture.channels);
    let mut result = Image::from_vec_u8(size.0, size.1, buffer, kind).map_err(|_| failed())?;
    Resizer::new().resize(&source, &mut result, &options).map_err(|_| failed())?;
    Ok(result.into_vec())
}
