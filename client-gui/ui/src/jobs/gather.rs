//! Looks for files: of what was dropped, chosen or pasted, and test pictures that are painted first.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::{ImageFormat, RgbaImage};
use samples::Set;

use super::Shared;
use crate::command::{Event, Found, Pixels, QueueCommand, QueueEvent};
use crate::dialogs::PICTURE_ENDINGS;
use crate::files::write_whole;
use crate::problem::{Help, Problem};
use crate::queue::MOST_ITEMS;
use crate::words::{Text, said};

/// How deep in a folder pictures are looked for.
const DEEPEST: usize = 16;

/// Runs a command of the queue.
pub(super) async fn run(shared: Arc<Shared>, command: QueueCommand) {
    let pictures = shared.pictures.clone();
    let job = match &command {
        QueueCommand::Gather { job, .. } | QueueCommand::Samples { job, .. } | QueueCommand::Paste { job, .. } => *job,
    };
    let work = move || match command {
        QueueCommand::Gather { paths, .. } => gather(&paths),
        QueueCommand::Samples { set, .. } => paint(set, &pictures),
        QueueCommand::Paste { pixels, name, .. } => paste(&pixels, &pictures.join("pasted").join(name)),
    };
    let ended = tokio::task::spawn_blocking(work).await;
    let Gathered { found, problem } = ended.unwrap_or_else(|_| Gathered {
        problem: Some(Problem::new(
            "File",
            said("No picture was taken"),
            said("Its encoder gave up."),
            Help::SelectAnother,
        )),
        ..Gathered::default()
    });
    shared.outbox.send(Event::Queue(QueueEvent::Gathered { job, found, problem }));
}

#[derive(Default)]
struct Gathered {
    found: Vec<Found>,
    problem: Option<Problem>,
}

impl Gathered {
    fn fail(&mut self, title: Text, path: &Path, reason: impl Into<Text>) {
        let why = said!("{0}: {1}.", path.display().to_string(), reason.into());
        self.problem.get_or_insert(Problem::new("File", title, why, Help::SelectAnother));
    }

    fn take(&mut self, path: &Path, relative: &str, metadata: &std::fs::Metadata) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = metadata.len();
        self.found.push(Found { path: path.to_owned(), name, relative: relative.to_owned(), bytes });
    }

    fn is_full(&self) -> bool {
        // One more than fits, so that the queue can say that some were left out.
        self.found.len() > MOST_ITEMS
    }

    /// Takes the pictures in `folder`, by name; what is hidden is left alone.
    fn walk(&mut self, folder: &Path, relative: &str, depth: usize) {
        let mut entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries.flatten().collect::<Vec<_>>(),
            Err(error) => return self.fail(said("This folder cannot be read"), folder, error.to_string()),
        };
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            // Links are not followed, so that no walk is endless.
            let Ok(metadata) = entry.metadata() else { continue };
            if name.starts_with('.') || self.is_full() {
                continue;
            }
            let relative = format!("{relative}/{name}");
            if metadata.is_dir() && depth < DEEPEST {
                self.walk(&entry.path(), &relative, depth + 1);
            } else if metadata.is_file() && is_picture(&entry.path()) {
                self.take(&entry.path(), &relative, &metadata);
            }
        }
    }
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    PICTURE_ENDINGS.contains(&ending.as_str())
}

/// A file that was named is taken whatever it is; of a folder, the pictures.
fn gather(paths: &[PathBuf]) -> Gathered {
    let mut gathered = Gathered::default();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                let before = gathered.found.len();
                gathered.walk(path, &name, 0);
                if gathered.found.len() == before {
                    gathered.fail(said("No picture was found"), path, said("this folder holds none"));
                }
            }
            Ok(metadata) => gathered.take(path, &name, &metadata),
            Err(error) => gathered.fail(said("This file cannot be read"), path, error.to_string()),
        }
    }
    gathered
}

fn paint(set: Set, pictures: &Path) -> Gathered {
    let folder = pictures.join(format!("{set:?}").to_lowercase());
    match samples::write(set, &folder) {
        Ok(paths) => gather(&paths),
        Err(error) => {
            let mut gathered = Gathered::default();
            gathered.fail(said("The test pictures cannot be kept"), &folder, error.to_string());
            gathered
        }
    }
}

fn paste(pixels: &Pixels, path: &Path) -> Gathered {
    let write = || -> Result<(), Text> {
        let [width, height] = pixels.size.map(|side| u32::try_from(side).unwrap_or(u32::MAX));
        let picture = RgbaImage::from_raw(width, height, pixels.rgba.clone()).ok_or_else(|| said("it has no size"))?;
        let mut png = Cursor::new(Vec::new());
        picture.write_to(&mut png, ImageFormat::Png).map_err(|error| Text::from(error.to_string()))?;
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))
            .map_err(|error| Text::from(error.to_string()))?;
        write_whole(path, &png.into_inner()).map_err(|error| Text::from(error.to_string()))
    };
    match write() {
        Ok(()) => gather(&[path.to_owned()]),
        Err(error) => {
            let mut gathered = Gathered::default();
            gathered.fail(said("The pasted picture cannot be kept"), path, error);
            gathered
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_taken_as_they_are_and_folders_by_their_pictures() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("trip/day 2")).unwrap();
        for name in ["notes.txt", "trip/b.JPG", "trip/a.png", "trip/.hidden.png", "trip/day 2/c.webp", "trip/notes.txt"]
        {
            std::fs::write(at(name), "123").unwrap();
        }
        let Gathered { found, problem } = gather(&[at("notes.txt"), at("trip"), at("missing.png")]);
        let names: Vec<&str> = found.iter().map(|found| found.relative.as_str()).collect();
        assert_eq!(names, ["notes.txt", "trip/a.png", "trip/b.JPG", "trip/day 2/c.webp"]);
        assert!(found.iter().all(|found| found.bytes == 3));
        assert!(problem.unwrap().why.to_string().contains("missing.png"));
    }

    #[test]
    fn what_was_pasted_and_painted_are_files() {
        let folder = tempfile::tempdir().unwrap();
        let pixels = Pixels { size: [2, 1], rgba: vec![255; 8] };
        let path = folder.path().join("new/pasted.png");
        let Gathered { found, problem } = paste(&pixels, &path);
        assert_eq!((found.len(), problem), (1, None));
        assert_eq!(image::open(&path).unwrap().width(), 2);
        assert_eq!(paint(Set::Orientations, folder.path()).found.len(), 8);
    }
}
