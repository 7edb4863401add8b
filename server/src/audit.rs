//! The audit trail: who was given what, one line of JSON each, written behind the requests and never with a secret.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use crate::error::StartError;

/// So many lines may wait for the disk; after that, requests do.
const QUEUE: usize = 4096;
/// So many lines are written with one call.
const BATCH: usize = 256;

/// One line. Absent fields are left out.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Entry {
    /// `2017-12-12T07:49:09.123Z`, by the app server's clock.
    pub time: String,
    /// `granted`, `refused`, or `signed` where the server's own key signed a request for its caller.
    pub outcome: &'static str,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Who vouches for the identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Who asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The named grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// The folder that the token covers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// What the cloud's own audit trail (ActionTrail) calls the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The id of the temporary key, or of the one that signed, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// When the token ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// STS's name for the request that made the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sts_request_id: Option<String>,
    /// Whether the token was in the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached: Option<bool>,
    /// Where the request came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<std::net::IpAddr>,
}

/// Appends to one file. What was noted is written even if this is dropped; [`Audit::flush`] waits for it.
pub struct Audit {
    path: PathBuf,
    queue: mpsc::Sender<Message>,
}

enum Message {
    Line(Box<Entry>),
    /// Answered when everything before it is on the disk.
    Flush(oneshot::Sender<()>),
    /// The file may have been moved away: what follows goes into the one that has its name now.
    Reopen,
}

impl Audit {
    /// Opens `path`, which is made if it is not there, readable by its owner alone.
    ///
    /// # Errors
    /// The system's.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = open_file(path)?;
        let (queue, arriving) = mpsc::channel(QUEUE);
        let writer = Writer { path: path.to_owned(), file };
        std::thread::Builder::new().name("audit".to_owned()).spawn(move || writer.write_all(arriving))?;
        Ok(Self { path: path.to_owned(), queue })
    }

    /// Whether `path` lies in a folder, so that the file can be made; for a look that makes nothing.
    ///
    /// # Errors
    /// [`StartError::Audit`].
    pub fn may_be_in(path: &Path) -> Result<(), StartError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let found = std::fs::metadata(folder).and_then(|found| match found.is_dir() {
            true => Ok(()),
            false => Err(io::ErrorKind::NotADirectory.into()),
        });
        found.map_err(|error| StartError::Audit { file: path.display().to_string(), reason: error.to_string() })
    }

    /// Where it is written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is noted from now on goes into the file that has the path then: programs that rotate logs move the old one away.
    pub fn reopen(&self) {
        // While the queue is full the disk has trouble of its own.
        let _ = self.queue.try_send(Message::Reopen);
    }

    /// Notes one entry; waits only while thousands of others wait for the disk.
    pub async fn note(&self, entry: Entry) {
        // The writer ends with this alone.
        let _ = self.queue.send(Message::Line(Box::new(entry))).await;
    }

    /// Returns when everything noted before is on the disk.
    pub async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if self.queue.send(Message::Flush(done)).await.is_ok() {
            let _ = wait.await;
        }
    }
}

fn open_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The other end of the queue, on a thread of its own.
struct Writer {
    path: PathBuf,
    file: File,
}

impl Writer {
    /// Writes until nobody can note anything any more, then sees to it that all of it is on the disk.
    fn write_all(mut self, mut arriving: mpsc::Receiver<Message>) {
        let mut batch = Vec::with_capacity(BATCH);
        while arriving.blocking_recv_many(&mut batch, BATCH) > 0 {
            let mut text = Vec::new();
            for message in batch.drain(..) {
                match message {
                    Message::Line(entry) => {
                        if serde_json::to_writer(&mut text, &entry).is_ok() {
                            text.push(b'\n');
                        }
                    }
                    Message::Flush(done) => {
                        self.write(&mut text);
                        self.sync();
                        // Whoever waited may have given up.
                        let _ = done.send(());
                    }
                    Message::Reopen => {
                        self.write(&mut text);
                        self.reopen();
                    }
                }
            }
            self.write(&mut text);
        }
        self.sync();
    }

    fn write(&mut self, text: &mut Vec<u8>) {
        self.told("cannot be written; lines are lost", |file| file.write_all(text));
        text.clear();
    }

    fn sync(&mut self) {
        self.told("may not be on the disk", |file| file.sync_all());
    }

    fn reopen(&mut self) {
        self.sync();
        match open_file(&self.path) {
            Ok(file) => self.file = file,
            Err(error) => {
                tracing::error!(path = %self.path.display(), %error, "the audit trail stays in the older file")
            }
        }
    }

    fn told(&mut self, trouble: &str, work: impl FnOnce(&mut File) -> io::Result<()>) {
        if let Err(error) = work(&mut self.file) {
            tracing::error!(path = %self.path.display(), %error, "the audit trail {trouble}");
        }
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audit").field("path", &self.path).finish_non_exhaustive()
    }
}
