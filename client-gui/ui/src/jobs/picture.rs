//! Pictures: reads the selected file, gets what IMG made, and makes previews of both, on the blocking pool.

use std::io::{BufRead, Cursor, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use image::{DynamicImage, ImageDecoder as _, ImageError, ImageReader};
use shared::object_key::ObjectKey;

use super::Shared;
use super::connect::tell_token;
use super::explain::explain;
use super::told::refused;
use crate::command::{PREVIEW_SIDE, Picture, Pixels, Place, Processed};
use crate::problem::{Help, Problem};
use crate::words::{Text, said, word};

/// Runs `Command::Load`.
pub(super) async fn load(path: PathBuf) -> Result<Picture, Problem> {
    tokio::task::spawn_blocking(move || read(&path))
        .await
        .unwrap_or_else(|_| Err(unreadable(said("its decoder gave up"))))
}

/// Runs `Command::Process`.
pub(super) async fn process(shared: &Shared, place: Place, key: String, process: String) -> Result<Processed, Problem> {
    let title = || said("There is no thumbnail");
    let started = Instant::now();
    let key = ObjectKey::parse(&key).map_err(|error| Problem::new("Config", title(), refused(&error), Help::None))?;
    let client = shared.sessions.client(&place).map_err(|error| explain(&error, title()))?;
    let wanted = Some(process.as_str()).filter(|process| !process.is_empty());
    let outcome = client.get(&key, wanted).await;
    tell_token(shared, &place);
    let body = outcome.map_err(|error| explain(&error, title()))?;
    let elapsed = started.elapsed();
    let bytes = body.len() as u64;
    let decoded = tokio::task::spawn_blocking(move || decode(Cursor::new(body))).await;
    let Ok(Ok(decoded)) = decoded else {
        let why =
            said("OSS answered with something that is no picture. Select a JPEG, PNG, WebP, GIF, BMP or TIFF image.");
        return Err(Problem::new("NotAPicture", title(), why, Help::SelectAnother));
    };
    let Decoded { size, format, preview } = decoded;
    Ok(Processed { process, bytes, size, format, elapsed, preview })
}

fn read(path: &Path) -> Result<Picture, Problem> {
    let file = std::fs::File::open(path)
        .and_then(|file| file.metadata().map(|meta| (file, meta)))
        .map_err(|error| unreadable(error.to_string()).fact(word("File"), &path.display().to_string()))?;
    let (file, meta) = file;
    if meta.is_dir() {
        return Err(unreadable(said("it is a folder")).fact(word("Folder"), &path.display().to_string()));
    }
    let decoded = decode(std::io::BufReader::new(file))
        .map_err(|error| unreadable(error.to_string()).fact(word("File"), &path.display().to_string()))?;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let Decoded { size, format, preview } = decoded;
    Ok(Picture { path: path.to_owned(), name, bytes: meta.len(), size, format, preview })
}

fn unreadable(reason: impl Into<Text>) -> Problem {
    let why = said!(
        "Reading it failed: {0}. Select a JPEG, PNG, WebP, GIF, BMP or TIFF image that you can open.",
        reason.into(),
    );
    Problem::new("File", said("This image cannot be read"), why, Help::SelectAnother)
}

struct Decoded {
    size: [u32; 2],
    format: String,
    preview: Arc<Pixels>,
}

/// A preview of a picture in memory; `None` when it is none. Blocking.
pub(super) fn preview<R: BufRead + Seek>(source: R) -> Option<Arc<Pixels>> {
    decode(source).ok().map(|decoded| decoded.preview)
}

/// Decodes a picture upright and scales it down to a preview. The decoder's own limits bound its memory.
fn decode<R: BufRead + Seek>(source: R) -> Result<Decoded, ImageError> {
    let reader = ImageReader::new(source).with_guessed_format()?;
    let format = reader.format().map_or(word("picture"), name).to_owned();
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    let size = [picture.width(), picture.height()];
    if size.iter().any(|side| *side > PREVIEW_SIDE) {
        picture = picture.thumbnail(PREVIEW_SIDE, PREVIEW_SIDE);
    }
    let rgba = picture.into_rgba8();
    let preview = Pixels { size: [rgba.width() as usize, rgba.height() as usize], rgba: rgba.into_raw() };
    Ok(Decoded { size, format, preview: Arc::new(preview) })
}

fn name(format: image::ImageFormat) -> &'static str {
    match format {
        image::ImageFormat::Jpeg => "JPEG",
        image::ImageFormat::Png => "PNG",
        image::ImageFormat::WebP => "WebP",
        image::ImageFormat::Gif => "GIF",
        image::ImageFormat::Bmp => "BMP",
        image::ImageFormat::Tiff => "TIFF",
        _ => word("picture"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previews_are_small_and_sizes_are_those_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("照片.png");
        image::RgbImage::new(1600, 400).save(&path).unwrap();
        let picture = read(&path).unwrap();
        assert_eq!((picture.name.as_str(), picture.size, picture.format.as_str()), ("照片.png", [1600, 400], "PNG"));
        assert_eq!(picture.preview.size, [800, 200]);
        assert_eq!(picture.preview.rgba.len(), 800 * 200 * 4);
    }

    #[test]
    fn what_is_no_picture_is_explained() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("text.jpg");
        std::fs::write(&text, "not a picture").unwrap();
        for path in [folder.path().to_owned(), folder.path().join("missing.png"), text] {
            let problem = read(&path).unwrap_err();
            assert_eq!(problem.help, Help::SelectAnother, "{problem:?}");
            assert!(problem.facts.iter().any(|(_, value)| *value == path.display().to_string()), "{problem:?}");
        }
    }
}
