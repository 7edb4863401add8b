//! What the app remembers of uploads between starts: a history of those that ended, and the queue as it was left. Two JSON files beside
//! the settings, each written whole to a temporary name, synced and renamed. Neither holds a secret.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::command::{Failure, Found, Receipt};
use crate::files::{set_aside, write_whole};
use crate::queue::{Item, Upload};
use crate::settings::UploadMode;
use crate::words::Text;

/// The most ended uploads that are kept; the oldest go first.
pub const MOST_ENTRIES: usize = 500;

/// An upload that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it ended, in seconds since 1970.
    pub at: i64,
    /// The file.
    pub file: PathBuf,
    /// The bucket.
    pub bucket: String,
    /// The object's name.
    pub key: String,
    /// The file's size, in bytes.
    pub bytes: u64,
    /// How it ended.
    pub end: End,
}

/// How an upload ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// OSS has it.
    Done {
        /// CRC64 of the bytes that were sent, computed here.
        crc64: u64,
        /// CRC64 as OSS states it; `None` when the token may not read it.
        crc64_at_oss: Option<u64>,
        /// Bytes that were sent more than once.
        resent: u64,
        /// Bytes that OSS had before the last run.
        held: u64,
        /// How long the last run took, in milliseconds.
        took_ms: u64,
        /// Names the last request in the service's log.
        request_id: String,
    },
    /// It failed.
    Failed {
        /// The typed code.
        code: String,
        /// What happened, in one line of English.
        title: String,
    },
    /// The person stopped it.
    Cancelled,
}

impl Entry {
    /// How `item` has ended, `now`; `None` when it was paused: that is no end.
    pub fn of(item: &Item, bucket: &str, outcome: &Result<Receipt, Failure>, now: OffsetDateTime) -> Option<Self> {
        let end = match outcome {
            Ok(receipt) => End::Done {
                crc64: receipt.crc64,
                crc64_at_oss: receipt.crc64_at_oss,
                resent: receipt.resent,
                held: receipt.held,
                took_ms: u64::try_from(receipt.elapsed.as_millis()).unwrap_or(u64::MAX),
                request_id: receipt.request_id.clone(),
            },
            Err(Failure::Cancelled) => End::Cancelled,
            Err(Failure::Paused) => return None,
            Err(Failure::Problem(problem)) => {
                End::Failed { code: problem.code.clone(), title: problem.title.english() }
            }
        };
        let key = item.used_key().unwrap_or_default().to_owned();
        let (file, bytes) = (item.file.path.clone(), item.file.bytes);
        Some(Self { at: now.unix_timestamp(), file, bucket: bucket.to_owned(), key, bytes, end })
    }
}

/// A file of the queue that had not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// The file.
    pub path: PathBuf,
    /// Its path within the folder that was given.
    pub relative: String,
    /// Its size, in bytes.
    pub bytes: u64,
    /// When it was taken, in seconds since 1970.
    pub taken: i64,
    /// How to upload it; `None` is as the settings say.
    pub mode: Option<UploadMode>,
    /// The object's name, once the upload had begun.
    pub key: Option<String>,
    /// Whether the person had asked for it to be uploaded.
    pub begun: bool,
}

impl Left {
    /// What is to be remembered of `item`; `None` when it has ended.
    pub fn of(item: &Item) -> Option<Self> {
        let begun = match &item.upload {
            Upload::Done(_) | Upload::Cancelled => return None,
            Upload::Idle | Upload::Failed(_) => false,
            Upload::Waiting | Upload::Running { .. } | Upload::Paused => true,
        };
        Some(Self {
            path: item.file.path.clone(),
            relative: item.file.relative.clone(),
            bytes: item.file.bytes,
            taken: item.taken.unix_timestamp(),
            mode: item.mode,
            key: item.pinned.clone().or_else(|| item.used_key().map(str::to_owned)),
            begun,
        })
    }

    /// The file, as the queue has it.
    pub fn found(&self) -> Found {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Found { path: self.path.clone(), name, relative: self.relative.clone(), bytes: self.bytes }
    }
}

/// A file as it is written: `version` tells what the entries look like.
#[derive(Serialize, Deserialize)]
struct File<T> {
    version: u32,
    entries: T,
}

/// The version that is written, and the one that is read.
const VERSION: u32 = 1;

/// A file that could not be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Loss {
    /// What is wrong, with which file, and where it is now.
    pub what: Text,
    /// Whether the file was put out of the way, so that a new one may be written.
    pub is_aside: bool,
}

/// Reads what was written to `path`; nothing when there is no such file. A broken one, or one of a newer version, is set aside. Blocking.
///
/// # Errors
/// [`Loss`] when the file cannot be read.
pub fn load<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, Loss> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            let what = said!("{0} cannot be read: {1}.", path.display().to_string(), error.to_string());
            return Err(Loss { what, is_aside: false });
        }
    };
    // The version first: entries of another one may look like anything.
    let wrong = |error: serde_json::Error| Text::from(error.to_string());
    let file = serde_json::from_slice::<File<serde_json::Value>>(&text).map_err(wrong);
    let read = file.and_then(|file| match file.version {
        VERSION => serde_json::from_value(file.entries).map_err(wrong),
        other => Err(said!("it is of version {0}, and only {1} can be read", other.to_string(), VERSION.to_string())),
    });
    read.map_err(|error| {
        let name = path.display().to_string();
        match set_aside(path) {
            Ok(aside) => {
                let aside = aside.display().to_string();
                Loss {
                    what: said!("{0} is not valid: {1}; it was set aside as {2}.", name, error, aside),
                    is_aside: true,
                }
            }
            Err(why) => {
                let what = said!(
                    "{0} is not valid: {1}; it cannot be set aside: {2}; correct or delete it.",
                    name,
                    error,
                    why.to_string(),
                );
                Loss { what, is_aside: false }
            }
        }
    })
}

/// Writes `entries` to `path`, so that a crash leaves the old file or the new one. Blocking.
///
/// # Errors
/// What is wrong, and with which file.
pub fn save<T: Serialize>(path: &Path, entries: &[T]) -> Result<(), Text> {
    let failed =
        |error: std::io::Error| said!("{0} cannot be written: {1}.", path.display().to_string(), error.to_string());
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let text = serde_json::to_vec(&File { version: VERSION, entries }).map_err(|error| failed(error.into()))?;
    write_whole(path, &text).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_loaded_and_what_is_broken_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/history.json");
        assert_eq!(load::<Entry>(&path), Ok(Vec::new()));
        let end = End::Failed { code: "AccessDenied".to_owned(), title: "The upload failed".to_owned() };
        let entry =
            Entry { at: 7, file: "/猫.png".into(), bucket: "b".to_owned(), key: "k".to_owned(), bytes: 3, end };
        save(&path, std::slice::from_ref(&entry)).unwrap();
        assert_eq!(load(&path), Ok(vec![entry]));
        let broken = ["[{", r#"{"version":2,"entries":[]}"#, r#"{"version":1,"entries":[{"at":1}]}"#];
        for (index, text) in broken.into_iter().enumerate() {
            std::fs::write(&path, text).unwrap();
            let loss = load::<Entry>(&path).unwrap_err();
            let aside = path.with_file_name(format!("history.json.broken-{}", index + 1));
            assert!(loss.is_aside && loss.to_string().contains(&*aside.to_string_lossy()), "{loss}");
            assert_eq!(std::fs::read_to_string(aside).unwrap(), text, "nothing is thrown away");
            assert_eq!(load::<Entry>(&path), Ok(Vec::new()));
        }
    }
}
