//! The steps `crop` and `indexcrop`: a part of the picture stays.

use shared::error::{OssCode, OssError};
use shared::img::{Area, Crop};

use super::picture::Picture;

/// Keeps what `crop` names.
///
/// # Errors
/// `CutEdgeExceedRange` where it begins outside; code and wording were measured on real OSS, which gives no finer code.
pub(super) fn apply(picture: &mut Picture, crop: &Crop) -> Result<(), OssError> {
    let area = crop.area(picture.width, picture.height).ok_or_else(|| {
        let code = OssCode::Other("CutEdgeExceedRange".to_owned());
        OssError { status: 400, ..OssError::new(code, "Advance cut's position is out of image.") }
    })?;
    keep(picture, area);
    Ok(())
}

/// Keeps `area`, which must lie inside. The rows move forward within the buffer, so nothing is allocated.
pub(super) fn keep(picture: &mut Picture, area: Area) {
    let row = picture.width as usize * picture.channels;
    let left = area.left as usize * picture.channels;
    let kept = area.width as usize * picture.channels;
    for line in 0..area.height as usize {
        let from = (area.top as usize + line) * row + left;
        picture.pixels.copy_within(from..from + kept, line * kept);
    }
    picture.pixels.truncate(kept * area.height as usize);
    (picture.width, picture.height) = (area.width, area.height);
}
