//! Downloads in ranges that outlive the program: side by side into a file under a temporary name, with a checkpoint beside it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use shared::object_key::ObjectKey;
use tokio::sync::Mutex;

use super::{DownloadOptions, whole};
use crate::blocking;
use crate::checkpoint::{self, Lock};
use crate::durable;
use crate::error::TransferError;
use crate::http::sink::{FileSink, Range, Sink};
use crate::http::{Call, Http};
use crate::object::{self, Downloaded, ObjectMeta};
use crate::source::SourceFile;
use crate::upload::parts::{Part, combined, plan};
use crate::upload::progress::Progress;

const VERSION: u32 = 1;
/// The shortest time between two saves of the checkpoint.
const INTERVAL: Duration = Duration::from_millis(250);

/// A download that was begun: which object, and the CRC64 of each range that is in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    version: u32,
    bucket_url: String,
    key: String,
    etag: String,
    size: u64,
    crc64: Option<u64>,
    part_size: u64,
    parts: BTreeMap<u32, u64>,
}

impl Record {
    /// Whether the other is of the very same object, cut in the same way.
    fn is_of(&self, other: &Self) -> bool {
        *self == Self { parts: self.parts.clone(), ..other.clone() }
    }
}

/// Where a download keeps what it has: beside its target, on the same file system.
struct Places {
    target: PathBuf,
    data: PathBuf,
    record: PathBuf,
    /// Whether a file at the target stays what it is.
    keep: bool,
}

impl Places {
    fn beside(target: &Path, keep: bool) -> Result<Self, TransferError> {
        let nameless = || TransferError::file(target, "write", io::Error::other("the path names no file"));
        let mut name = std::ffi::OsString::from(".");
        name.push(target.file_name().ok_or_else(nameless)?);
        name.push(".part");
        let data = target.with_file_name(name);
        Ok(Self { target: target.to_owned(), record: durable::beside(&data, ".json"), data, keep })
    }

    fn forget(&self) -> Result<(), TransferError> {
        checkpoint::remove(&self.data)?;
        checkpoint::remove(&self.record)
    }
}

/// GetObject in ranges into the file at `to`, which appears whole or not at all. Goes on where an earlier call stopped, if
/// the object is still the same. What fits into one range is fetched whole.
pub(crate) async fn download(
    http: &Http,
    key: &ObjectKey,
    to: &Path,
    options: &DownloadOptions,
) -> Result<Downloaded, TransferError> {
    let began = Instant::now();
    let meta = options.cancel.guard(object::head(http, key)).await?;
    let part_size = http.config.part_size_for(meta.size);
    if meta.size <= part_size {
        return whole(http, key, to, options).await;
    }
    let places = Arc::new(Places::beside(to, options.keep_existing)?);
    let record = places.record.clone();
    let lock = blocking::run(move || Lock::take(&record)).await?;
    let work = Download::begin(http, key, &places, &meta, part_size, options).await?;
    let outcome = options.cancel.guard(work.run()).await;
    let outcome = work.settle(outcome).await;
    drop(lock);
    outcome?;
    let crc64 = work.crc64().await;
    Ok(Downloaded { size: meta.size, crc64, etag: meta.etag, request_id: meta.request_id, elapsed: began.elapsed() })
}

/// One run of a download.
struct Download<'a> {
    http: &'a Http,
    key: &'a ObjectKey,
    places: &'a Arc<Places>,
    etag: &'a str,
    plan: Vec<Part>,
    record: Mutex<(Record, Instant)>,
    progress: Arc<Progress>,
}

impl<'a> Download<'a> {
    /// Opens the file, and reads again what an earlier run has brought.
    async fn begin(
        http: &'a Http,
        key: &'a ObjectKey,
        places: &'a Arc<Places>,
        meta: &'a ObjectMeta,
        part_size: u64,
        options: &DownloadOptions,
    ) -> Result<Self, TransferError> {
        let wanted = Record {
            version: VERSION,
            bucket_url: http.bucket_url(),
            key: key.to_string(),
            etag: meta.etag.clone(),
            size: meta.size,
            crc64: meta.crc64,
            part_size,
            parts: BTreeMap::new(),
        };
        let plan = plan(meta.size, part_size)?;
        let (at, size) = (Arc::clone(places), meta.size);
        let found = blocking::run(move || open(&at, size, wanted)).await?;
        let progress = Progress::of_download(key.as_str(), meta.size, &http.observer, options.progress.clone());
        let record = Mutex::new((found, Instant::now()));
        let this = Self { http, key, places, etag: &meta.etag, plan, record, progress: Arc::new(progress) };
        this.keep_what_is_true().await?;
        Ok(this)
    }

    /// Strikes out every range whose bytes in the file are others than recorded: a record says nothing of a disk that lost
    /// its power.
    async fn keep_what_is_true(&self) -> Result<(), TransferError> {
        let data = SourceFile::look(&self.places.data).await?;
        let mut record = self.record.lock().await;
        let mut held = 0;
        for part in &self.plan {
            let Some(crc) = record.0.parts.get(&part.number) else { continue };
            if part.range(&data).crc64().await? == *crc {
                held += part.len;
            } else {
                record.0.parts.remove(&part.number);
            }
        }
        self.progress.hold(held);
        Ok(())
    }

    async fn run(&self) -> Result<(), TransferError> {
        let held = self.record.lock().await.0.parts.clone();
        // The parts by value: a closure that takes them by reference makes a future that the compiler does not see to be Send.
        let missing: Vec<Part> = self.plan.iter().filter(|part| !held.contains_key(&part.number)).copied().collect();
        let fetches = missing.into_iter().map(|part| self.fetch(part));
        let at_once = self.http.config.max_concurrent_requests;
        stream::iter(fetches).buffer_unordered(at_once).try_collect::<Vec<()>>().await?;
        let (local, remote) = (self.crc64().await, self.record.lock().await.0.crc64);
        match remote {
            Some(remote) if remote != local => Err(TransferError::CrcMismatch { local, remote }),
            _ => Ok(()),
        }
    }

    async fn fetch(&self, part: Part) -> Result<(), TransferError> {
        let path = self.places.data.clone();
        let file = blocking::run(move || {
            OpenOptions::new().write(true).open(&path).map_err(|error| TransferError::file(&path, "write", error))
        })
        .await?;
        let range = Range { offset: part.offset, len: part.len, host: self.http.host().to_owned() };
        let mut sink = FileSink::ranged(file, &self.places.data, range, &self.progress, &self.http.observer);
        let last = part.offset + part.len - 1;
        let call = Call::new("GetObject", "GET", Some(self.key))
            .header("range", format!("bytes={}-{last}", part.offset))
            // A range of another object than the one that was begun is of no use.
            .header("if-match", format!("\"{}\"", self.etag));
        self.http.send(&call, &mut Sink::File(&mut sink)).await?;
        let Some((_, crc64)) = sink.into_file() else { return Err(TransferError::Cancelled) };
        let mut record = self.record.lock().await;
        record.0.parts.insert(part.number, crc64);
        if record.1.elapsed() >= INTERVAL {
            record.1 = Instant::now();
            self.save(&record.0).await?;
        }
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<(), TransferError> {
        let (path, record) = (self.places.record.clone(), record.clone());
        blocking::run(move || {
            let failed = |error| TransferError::file(&path, "write", error);
            let text = serde_json::to_vec(&record).map_err(|error| failed(io::Error::other(error)))?;
            durable::write(&path, &text).map_err(failed)
        })
        .await
    }

    /// The checksum of the file, from those of its ranges.
    async fn crc64(&self) -> u64 {
        let parts = &self.record.lock().await.0.parts;
        combined(self.plan.iter().filter_map(|part| Some((*parts.get(&part.number)?, part.len))))
    }

    /// Puts a whole file in its place; keeps what can be gone on with; removes the rest.
    async fn settle(&self, outcome: Result<(), TransferError>) -> Result<(), TransferError> {
        let places = Arc::clone(self.places);
        match &outcome {
            Ok(()) => {
                let placed = blocking::run(move || {
                    let failed = |error| TransferError::file(&places.target, "write", error);
                    let file = File::options().write(true).open(&places.data).map_err(failed)?;
                    durable::put_in_place_of(file, &places.data, &places.target, places.keep).map_err(failed)?;
                    checkpoint::remove(&places.record)
                });
                if let Err(error) = placed.await {
                    // Whoever makes room for it has it without another request.
                    self.save(&self.record.lock().await.0).await?;
                    return Err(error);
                }
                self.progress.finish();
            }
            Err(TransferError::Cancelled | TransferError::CrcMismatch { .. }) => {
                blocking::run(move || places.forget()).await?;
            }
            Err(_) => self.save(&self.record.lock().await.0).await?,
        }
        outcome
    }
}

/// The record of an earlier run if it is of the same object, else `wanted`, with a file to go with it. Blocking.
fn open(places: &Places, size: u64, wanted: Record) -> Result<Record, TransferError> {
    let failed = |error| TransferError::file(&places.data, "write", error);
    let text = std::fs::read(&places.record).unwrap_or_default();
    let earlier = serde_json::from_slice::<Record>(&text).ok().filter(|record| record.is_of(&wanted));
    let there = std::fs::metadata(&places.data).is_ok_and(|data| data.len() == size);
    if let (Some(record), true) = (earlier, there) {
        return Ok(record);
    }
    File::create(&places.data).and_then(|file| file.set_len(size)).map_err(failed)?;
    Ok(wanted)
}
