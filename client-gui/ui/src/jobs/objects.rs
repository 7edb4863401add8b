//! The jobs of the objects' screen: folders, one object, small pictures, and what is done with them.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use shared::object_key::ObjectKey;
use transfer::{Client, TransferError};

use super::Shared;
use super::connect::tell_token;
use super::explain::explain;
use super::picture;
use crate::command::{Event, ObjectsCommand, ObjectsEvent, ObjectsOutcome, ObjectsWish, Place};
use crate::problem::{Help, Problem};
use crate::words::{Text, said};

/// A small picture: as many pixels as a tile has on a sharp screen.
const THUMB: &str = "image/resize,m_lfit,w_256,h_256/format,webp";
/// Names that are tried for a download before it gives up.
const NAMES: u32 = 1000;

/// Runs `Command::Objects`.
pub(super) async fn run(shared: Arc<Shared>, command: ObjectsCommand) {
    let ObjectsCommand { job, place, wish } = command;
    let title = title(&wish);
    let outcome = match shared.sessions.client(&place) {
        Ok(client) => grant(&client, &shared, &place, wish).await,
        Err(error) => Err(error),
    };
    tell_token(&shared, &place);
    let outcome = outcome.map_err(|error| Problem { help: Help::None, ..explain(&error, title) });
    shared.outbox.send(Event::Objects(ObjectsEvent { job, outcome }));
}

fn title(wish: &ObjectsWish) -> Text {
    match wish {
        ObjectsWish::Page { .. } => said("The folder cannot be listed"),
        ObjectsWish::Look(_) | ObjectsWish::Thumb(_) => said("The object cannot be looked at"),
        ObjectsWish::Download(_) => said("The object was not downloaded"),
        ObjectsWish::Copy { .. } => said("The object was not copied"),
        ObjectsWish::Delete(_) => said("The object was not deleted"),
        ObjectsWish::Share { .. } => said("There is no URL"),
        ObjectsWish::Leftovers(_) => said("Unfinished uploads cannot be listed"),
        ObjectsWish::Abort(_) => said("The upload was not given up"),
    }
}

async fn grant(
    client: &Client,
    shared: &Shared,
    place: &Place,
    wish: ObjectsWish,
) -> Result<ObjectsOutcome, TransferError> {
    Ok(match wish {
        ObjectsWish::Page { prefix, after } => ObjectsOutcome::Page(client.folder(&prefix, after).await?),
        ObjectsWish::Look(key) => {
            let key = parsed(&key)?;
            let meta = client.head(&key).await?;
            // Reading tags is a right of its own.
            ObjectsOutcome::Looked(meta, client.tags(&key).await.ok())
        }
        ObjectsWish::Thumb(key) => {
            let body = client.get(&parsed(&key)?, Some(THUMB)).await?;
            let pixels = tokio::task::spawn_blocking(move || picture::preview(Cursor::new(body))).await;
            let pixels = pixels.ok().flatten().ok_or_else(|| config("object", "it is no picture"))?;
            ObjectsOutcome::Thumb(pixels)
        }
        ObjectsWish::Download(key) => {
            let key = parsed(&key)?;
            let name = key.as_str().to_owned();
            let to = tokio::task::spawn_blocking(move || destination(&name)).await;
            let to = to.map_err(|_| TransferError::Cancelled)??;
            client.download(&key, &to).await?;
            ObjectsOutcome::Downloaded(to)
        }
        ObjectsWish::Copy { from, to } => {
            client.copy(&parsed(&from)?, &parsed(&to)?).await?;
            ObjectsOutcome::Copied(to)
        }
        ObjectsWish::Delete(key) => {
            client.delete(&parsed(&key)?).await?;
            ObjectsOutcome::Deleted
        }
        ObjectsWish::Share { key, life } => share(client, shared, place, &key, life).await?,
        ObjectsWish::Leftovers(prefix) => ObjectsOutcome::Leftovers(client.open_uploads(&prefix).await?),
        ObjectsWish::Abort(upload) => {
            client.abort_upload(&parsed(&upload.key)?, &upload.upload_id).await?;
            ObjectsOutcome::Aborted
        }
    })
}

/// A URL lives no longer than the token that signed it.
async fn share(
    client: &Client,
    shared: &Shared,
    place: &Place,
    key: &str,
    life: Duration,
) -> Result<ObjectsOutcome, TransferError> {
    let url = client.presign("GET", &parsed(key)?, None, life).await?;
    let wanted = shared.outbox.now() + life;
    let until = shared.sessions.token_end(place).map_or(wanted, |end| end.min(wanted));
    Ok(ObjectsOutcome::Shared(url, until))
}

fn parsed(key: &str) -> Result<ObjectKey, TransferError> {
    ObjectKey::parse(key).map_err(|error| config("object name", &error.to_string()))
}

fn config(setting: &'static str, problem: &str) -> TransferError {
    TransferError::Config { setting, problem: problem.to_owned() }
}

/// Where a download of `key` goes: into the folder that systems call Downloads, or else the temporary one. Blocking.
fn destination(key: &str) -> Result<PathBuf, TransferError> {
    let folder = std::env::home_dir().map_or_else(std::env::temp_dir, |home| home.join("Downloads"));
    let wrong = |problem: String| config("the folder of downloads", &format!("{}: {problem}", folder.display()));
    std::fs::create_dir_all(&folder).map_err(|error| wrong(error.to_string()))?;
    free_name(&folder, key).ok_or_else(|| wrong("too many files there have the object's name".to_owned()))
}

/// A path in `folder` that no file has: `b.jpg`, `b (1).jpg`…
fn free_name(folder: &Path, key: &str) -> Option<PathBuf> {
    let name = key.rsplit('/').find(|part| !part.is_empty()).unwrap_or("object");
    // Letters that some file system does not take.
    let name: String =
        name.chars().map(|c| if c.is_control() || r#"\:*?"<>|"#.contains(c) { '_' } else { c }).collect();
    let (stem, ending) = match name.rfind('.').filter(|dot| *dot > 0) {
        Some(dot) => name.split_at(dot),
        None => (name.as_str(), ""),
    };
    let numbered = |number| if number == 0 { name.clone() } else { format!("{stem} ({number}){ending}") };
    (0..NAMES).map(|number| folder.join(numbered(number))).find(|path| !path.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_replaces_no_file_and_leaves_its_folder_never() {
        let folder = tempfile::tempdir().unwrap();
        let name = |key: &str| {
            let path = free_name(folder.path(), key).unwrap();
            assert_eq!(path.parent(), Some(folder.path()), "{key}");
            path.file_name().unwrap().to_string_lossy().into_owned()
        };
        assert_eq!(name("users/alice/雪山.jpg"), "雪山.jpg");
        std::fs::write(folder.path().join("雪山.jpg"), "").unwrap();
        assert_eq!(name("users/alice/雪山.jpg"), "雪山 (1).jpg");
        for (key, made) in
            [("a/..\\b?.png", ".._b_.png"), ("folder/", "folder"), ("a/..", ". (1)."), ("C:evil.exe", "C_evil.exe")]
        {
            assert_eq!(name(key), made);
        }
    }
}
