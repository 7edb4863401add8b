//! What each command does: the outcome as JSON, and in words.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytesize::ByteSize;
use serde_json::{Value, json};
use shared::object_key::ObjectKey;
use shared::timefmt;
use transfer::{CancelToken, DownloadOptions, ListedObject, ProgressFn, TransferError, UploadOptions};

use crate::bar::Bar;
use crate::options::{Command, Mode, Options, Tuning, Upload};
use crate::session::{self, Session};

/// The outcome of a command.
pub struct Outcome {
    /// For programs.
    pub json: Value,
    /// For people; one line or more.
    pub words: String,
}

/// Runs the command; `stop` pauses or cancels it.
///
/// # Errors
/// Whatever the transfer failed with.
pub async fn run(options: Options, stop: CancelToken) -> Result<Outcome, TransferError> {
    let bar = Arc::new(Bar::new(!options.json && !options.quiet));
    let Session { client, prefix } = session::open(options.place, &options.tuning).await?;
    let progress: ProgressFn = {
        let bar = Arc::clone(&bar);
        Arc::new(move |done, total| bar.show(done, total))
    };
    let outcome = match options.command {
        Command::Upload(ask) => {
            let key = object_key(&ask, prefix.as_deref())?;
            let folder = ask.checkpoints.clone().map_or_else(checkpoints, Ok)?;
            let upload = UploadOptions {
                content_type: ask.content_type,
                content_md5: ask.md5,
                metadata: ask.meta,
                cancel: stop,
                progress: Some(progress),
            };
            let done = if is_simple(ask.mode, &ask.file, &options.tuning) {
                client.upload_simple(&key, &ask.file, &upload).await?
            } else {
                client.upload_resumable(&key, &ask.file, &folder, &upload).await?
            };
            let held =
                if done.held > 0 { format!(", {} of it were there", ByteSize(done.held)) } else { String::new() };
            let resent =
                if done.resent > 0 { format!(", {} sent again", ByteSize(done.resent)) } else { String::new() };
            Outcome {
                words: format!("{key}: {} in {:.1?}{held}{resent}", ByteSize(done.size), done.elapsed),
                json: json!({
                    "key": key.as_str(), "size": done.size, "etag": done.etag, "crc64": done.crc64.to_string(),
                    "parts": done.parts, "held": done.held, "resent": done.resent,
                    "seconds": done.elapsed.as_secs_f64(), "request_id": done.request_id,
                }),
            }
        }
        Command::Download { key, to } => {
            let to = to.map_or_else(|| file_name(&key), Ok)?;
            let watch = DownloadOptions { cancel: stop, progress: Some(progress), keep_existing: false };
            let done = client.download_resumable(&key, &to, &watch).await?;
            Outcome {
                words: format!("{}: {} in {:.1?}", to.display(), ByteSize(done.size), done.elapsed),
                json: json!({
                    "key": key.as_str(), "file": to, "size": done.size, "etag": done.etag,
                    "crc64": done.crc64.to_string(), "seconds": done.elapsed.as_secs_f64(),
                    "request_id": done.request_id,
                }),
            }
        }
        Command::Ls { prefix: asked, max } => {
            let listing = client.list(&asked.or(prefix).unwrap_or_default(), max).await?;
            let mut lines: Vec<String> = listing.objects.iter().map(line).collect();
            if listing.truncated {
                lines.push(format!("… and more; see them with --max {}", max.saturating_mul(10)));
            }
            let objects: Vec<Value> = listing.objects.iter().map(listed).collect();
            Outcome { words: lines.join("\n"), json: json!({ "objects": objects, "truncated": listing.truncated }) }
        }
        Command::Head { key } => {
            let meta = client.head(&key).await?;
            let modified = meta.last_modified.map(timefmt::iso8601);
            let metadata = meta.metadata.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
            let json = json!({
                "key": key.as_str(), "size": meta.size, "etag": meta.etag, "crc64": meta.crc64.map(|crc| crc.to_string()),
                "content_type": meta.content_type, "last_modified": modified, "type": meta.object_type,
                "metadata": metadata.collect::<serde_json::Map<_, _>>(), "request_id": meta.request_id,
            });
            Outcome { words: in_lines(&json), json }
        }
        Command::Rm { keys } => {
            for key in &keys {
                client.delete(key).await?;
            }
            let keys: Vec<&str> = keys.iter().map(ObjectKey::as_str).collect();
            Outcome {
                words: keys.iter().map(|key| format!("{key}: gone")).collect::<Vec<_>>().join("\n"),
                json: json!({ "deleted": keys }),
            }
        }
        Command::Presign { key, method, expires, process } => {
            let url = client.presign(&method, &key, process.as_deref(), expires).await?;
            Outcome { json: json!({ "url": url, "seconds": expires.as_secs() }), words: url }
        }
        Command::Img { key, process, out } => {
            let body = client.get(&key, Some(&process)).await?;
            write(&out, &body).map_err(|source| TransferError::File {
                path: out.clone(),
                doing: "write",
                source: Arc::new(source),
            })?;
            let words = format!("{}: {}", out.display(), ByteSize(body.len() as u64));
            Outcome { words, json: json!({ "key": key.as_str(), "process": process, "file": out, "size": body.len() }) }
        }
        Command::Completions { .. } => Outcome { words: String::new(), json: Value::Null },
    };
    bar.clear();
    Ok(outcome)
}

fn is_simple(mode: Mode, file: &Path, tuning: &Tuning) -> bool {
    match mode {
        Mode::Simple => true,
        Mode::Resumable => false,
        // A file that cannot be looked at is told of by the upload itself.
        Mode::Auto => std::fs::metadata(file).is_ok_and(|metadata| metadata.len() <= tuning.part_size.as_u64()),
    }
}

fn config(setting: &'static str, problem: impl Into<String>) -> TransferError {
    TransferError::Config { setting, problem: problem.into() }
}

/// The object's name: as given, or the file's in the folder that is given or the token's.
fn object_key(ask: &Upload, prefix: Option<&str>) -> Result<ObjectKey, TransferError> {
    let name = || ask.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let key = match ask.key.as_deref() {
        Some(folder) if folder.ends_with('/') => format!("{folder}{}", name()),
        Some(key) => key.to_owned(),
        None => format!("{}{}", prefix.unwrap_or_default(), name()),
    };
    ObjectKey::parse(&key).map_err(|error| config("the object key", error.to_string()))
}

fn file_name(key: &ObjectKey) -> Result<PathBuf, TransferError> {
    let name = Path::new(key.as_str()).file_name();
    name.map(PathBuf::from).ok_or_else(|| config("the file", "the key names none; say where to download to"))
}

/// Where checkpoints are kept by default: in the user's own folder for state that programs keep.
fn checkpoints() -> Result<PathBuf, TransferError> {
    let folder = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = folder("XDG_STATE_HOME")
        .or_else(|| folder("LOCALAPPDATA"))
        .or_else(|| folder("HOME").map(|home| home.join(".local/state")));
    let state =
        state.ok_or_else(|| config("--checkpoints", "it is not given, and neither HOME nor XDG_STATE_HOME is set"))?;
    Ok(state.join("direct-transfer/uploads"))
}

fn listed(object: &ListedObject) -> Value {
    json!({
        "key": object.key, "size": object.size, "etag": object.etag, "type": object.object_type,
        "last_modified": object.last_modified.map(timefmt::iso8601),
    })
}

fn line(object: &ListedObject) -> String {
    let modified = object.last_modified.map(timefmt::iso8601).unwrap_or_default();
    format!("{:>12}  {modified:20}  {}", ByteSize(object.size).to_string(), printable(&object.key))
}

/// A key may hold anything; a terminal shall not obey it.
fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}

fn in_lines(json: &Value) -> String {
    let fields = json.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let line = |(name, value): (&String, &Value)| {
        format!("{name:14} {}", printable(&value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    };
    fields.map(line).collect::<Vec<_>>().join("\n")
}

/// Writes a file that is there whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map(|_| ()).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[test]
    fn an_object_has_the_name_that_was_given_or_the_file_s() {
        for (arguments, prefix, key) in [
            (vec!["雪.jpg"], Some("users/alice/"), "users/alice/雪.jpg"),
            (vec!["a/b.jpg"], None, "b.jpg"),
            (vec!["a/b.jpg", "x/"], Some("users/alice/"), "x/b.jpg"),
            (vec!["a/b.jpg", "x/y"], Some("users/alice/"), "x/y"),
        ] {
            let options = Options::try_parse_from(["transfer", "upload"].into_iter().chain(arguments)).unwrap();
            let Command::Upload(ask) = options.command else { panic!("an upload") };
            assert_eq!(object_key(&ask, prefix).unwrap().as_str(), key);
        }
    }

    #[test]
    fn keys_cannot_move_the_cursor() {
        assert_eq!(printable("雪\u{1b}[2J\n"), "雪\\u{1b}[2J\\n");
    }
}
