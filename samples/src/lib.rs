//! Test pictures, painted by our own code: the same name has the same bytes on every machine, so that two testers speak of the same file.

mod encode;
mod photo;
mod sets;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

pub use photo::photo;
pub use sets::Set;

/// A test picture.
pub struct Sample {
    /// Its file name.
    pub name: String,
    make: Box<dyn Fn() -> Vec<u8>>,
}

impl Sample {
    fn new(name: impl Into<String>, make: impl Fn() -> Vec<u8> + 'static) -> Self {
        Self { name: name.into(), make: Box::new(make) }
    }

    /// The bytes of its file. Takes up to a few seconds for the largest.
    pub fn bytes(&self) -> Vec<u8> {
        (self.make)()
    }
}

/// Writes the pictures of `set` into `folder`, which is made if need be, and returns their paths in the set's order. What is
/// there already is left alone, so that an upload of it can go on. Blocking.
///
/// # Errors
/// What the system says; no picture is then half written.
pub fn write(set: Set, folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::create_dir_all(folder)?;
    let mut paths = Vec::new();
    for sample in set.samples() {
        let path = folder.join(&sample.name);
        if !path.try_exists()? {
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(&sample.bytes())?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
        }
        paths.push(path);
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, ImageDecoder as _, ImageReader, metadata::Orientation};
    use std::io::Cursor;

    fn upright(bytes: &[u8]) -> (Orientation, DynamicImage) {
        let mut decoder = ImageReader::new(Cursor::new(bytes)).with_guessed_format().unwrap().into_decoder().unwrap();
        let orientation = decoder.orientation().unwrap();
        let mut picture = DynamicImage::from_decoder(decoder).unwrap();
        picture.apply_orientation(orientation);
        (orientation, picture)
    }

    #[test]
    fn every_sample_but_the_broken_ones_decodes_and_repeats() {
        for set in Set::ALL.into_iter().filter(|set| !matches!(set, Set::Large | Set::Photos)) {
            for sample in set.samples().into_iter().take(20) {
                let bytes = sample.bytes();
                assert_eq!(bytes, sample.bytes(), "{}", sample.name);
                let decodes = image::load_from_memory(&bytes).is_ok();
                assert_eq!(decodes, set != Set::Broken, "{}", sample.name);
            }
        }
    }

    #[test]
    fn all_orientations_show_the_same_picture() {
        let samples = Set::Orientations.samples();
        let (_, first) = upright(&samples[0].bytes());
        for (number, sample) in (1..).zip(&samples) {
            let (orientation, picture) = upright(&sample.bytes());
            assert_eq!(orientation.to_exif(), number, "{}", sample.name);
            let apart = |(a, b): (&u8, &u8)| u64::from(a.abs_diff(*b));
            let (a, b) = (first.to_rgb8(), picture.to_rgb8());
            assert_eq!(a.dimensions(), b.dimensions(), "{}", sample.name);
            let mean = a.iter().zip(b.iter()).map(apart).sum::<u64>() / a.len() as u64;
            assert!(mean < 4, "{} is another picture, {mean} apart", sample.name);
        }
    }

    #[test]
    fn cmyk_has_the_colours_of_the_plain_photo() {
        let mean = |name: &str| {
            let sample = Set::Formats.samples().into_iter().find(|sample| sample.name == name).unwrap();
            let picture = image::load_from_memory(&sample.bytes()).unwrap().into_rgb8();
            let sum = |channel: usize| picture.pixels().map(|pixel| u64::from(pixel[channel])).sum::<u64>();
            [0, 1, 2].map(|channel| sum(channel) / u64::from(picture.width() * picture.height()))
        };
        let (plain, cmyk) = (mean("baseline.jpg"), mean("cmyk.jpg"));
        assert!(plain.iter().zip(&cmyk).all(|(a, b)| a.abs_diff(*b) < 8), "{plain:?} {cmyk:?}");
    }

    #[test]
    fn files_are_written_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("new/samples");
        let paths = write(Set::OddNames, &at).unwrap();
        assert_eq!(paths.len(), Set::OddNames.samples().len());
        let modified = || fs::metadata(&paths[0]).unwrap().modified().unwrap();
        let before = modified();
        assert_eq!(write(Set::OddNames, &at).unwrap(), paths);
        assert_eq!(modified(), before, "what is there is left alone");
        assert_eq!(fs::read_dir(&at).unwrap().count(), paths.len(), "no temporary file stays");
    }
}
