//! What a large bucket costs: the start, pages of its list from the first to the last, and the end of a long upload.
//! `million [OBJECTS]`, 1,000,000 unless told otherwise. Build with `--release`.
//!
//! The records are written into the index as the store writes them, each with an empty file for its bytes; all else is the emulator
//! as it is, asked over HTTP. The start is timed after an orderly end, and after one that left no mark, as a kill does.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use emulator::{Options, Running, start};
use redb::TableDefinition;
use serde_json::json;
use shared::clock::{Clock, ShiftedClock};
use shared::credentials::Credentials;
use shared::secret::Secret;
use shared::sign::{Request, SignVersion, Signer};

const OBJECTS: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("objects");
const UPLOADS: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("uploads");
const PARTS: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("parts");
/// An upload that waits to be completed.
const UPLOAD: &str = "0123456789ABCDEF0123456789ABCDEF";
/// Objects under one common prefix.
const FOLDER: usize = 1000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let objects: usize = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let dir = tempfile::tempdir()?;
    let emulator = open(dir.path()).await?;
    let bucket = emulator.ready.bucket.clone();
    emulator.shutdown().await;
    let begun = Instant::now();
    fill(dir.path(), &bucket, objects)?;
    println!("{objects} objects made in {:.1} s", begun.elapsed().as_secs_f64());
    timed("start after others have changed the index", open(dir.path())).await?.shutdown().await;
    let emulator = timed("start after an orderly end", open(dir.path())).await?;
    pages(&emulator, objects).await?;
    let complete = Request::new("POST", Some(&bucket), Some("assembled")).with_param("uploadId", UPLOAD);
    timed("10,000 parts completed", ask(&emulator, complete.with_header("x-oss-complete-all", "yes"))).await?;
    emulator.shutdown().await;
    fs::remove_file(dir.path().join("clean"))?;
    timed("start after a kill", open(dir.path())).await?.shutdown().await;
    Ok(())
}

async fn open(dir: &Path) -> Result<Running, Box<dyn Error>> {
    let options = Options { data: Some(dir.to_owned()), ..Options::default() };
    Ok(start(options, Arc::new(ShiftedClock::new())).await?)
}

async fn timed<T, E>(what: &str, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let begun = Instant::now();
    let done = work.await?;
    println!("{what}: {:.1} ms", begun.elapsed().as_secs_f64() * 1000.0);
    Ok(done)
}

const ETAG: &str = "D41D8CD98F00B204E9800998ECF8427E";
const MODIFIED_MS: i64 = 1_700_000_000_000;

fn attributes() -> serde_json::Value {
    json!({ "headers": [["content-type", "image/jpeg"]], "acl": "Default", "storage_class": "Standard", "tags": [] })
}

fn key(n: usize) -> String {
    format!("folder-{:05}/object-{n:08}", n / FOLDER)
}

fn fill(dir: &Path, bucket: &str, objects: usize) -> Result<(), Box<dyn Error>> {
    let db = redb::Database::create(dir.join("index.redb"))?;
    let write = db.begin_write()?;
    {
        let mut table = write.open_table(OBJECTS)?;
        for n in 0..objects {
            let blob = format!("{:02x}{n:030x}", n % 256);
            let shelf = dir.join("blobs").join(&blob[..2]);
            if n < 256 {
                fs::create_dir_all(&shelf)?;
            }
            fs::File::create(shelf.join(&blob))?;
            let record = json!({
                "etag": ETAG, "crc64": 0, "size": 0, "modified_ms": MODIFIED_MS, "object_type": "Normal",
                "attributes": attributes(), "segments": [{ "blob": blob, "size": 0 }],
            });
            let row = [bucket.as_bytes(), &[0], key(n).as_bytes()].concat();
            table.insert(row.as_slice(), record.to_string().as_bytes())?;
        }
        let upload = json!({ "initiated_ms": MODIFIED_MS, "attributes": attributes() }).to_string();
        let row = [bucket.as_bytes(), &[0], b"assembled", &[0], UPLOAD.as_bytes()].concat();
        write.open_table(UPLOADS)?.insert(row.as_slice(), upload.as_bytes())?;
        let mut table = write.open_table(PARTS)?;
        for number in 1..=10_000_u32 {
            let part = json!({
                "etag": ETAG, "crc64": number, "size": 102_400, "modified_ms": MODIFIED_MS, "blob": format!("part-{number}"),
            });
            let row = [UPLOAD.as_bytes(), &number.to_be_bytes()].concat();
            table.insert(row.as_slice(), part.to_string().as_bytes())?;
        }
    }
    write.commit()?;
    Ok(())
}

/// Pages of a thousand entries, the best of several looks.
async fn pages(emulator: &Running, objects: usize) -> Result<(), Box<dyn Error>> {
    let middle = key(objects / 2);
    let last = key(objects.saturating_sub(1000));
    let folder = format!("{}/", middle.split('/').next().unwrap_or_default());
    for (what, parameters) in [
        ("first page", vec![]),
        ("middle page", vec![("start-after", middle.as_str())]),
        ("last page", vec![("start-after", last.as_str())]),
        ("folders, first page", vec![("delimiter", "/")]),
        ("folders, middle page", vec![("delimiter", "/"), ("start-after", middle.as_str())]),
        ("one folder", vec![("delimiter", "/"), ("prefix", folder.as_str())]),
    ] {
        let mut best = f64::MAX;
        let mut length = 0;
        for _ in 0..10 {
            let begun = Instant::now();
            length = list(emulator, &parameters).await?.len();
            best = best.min(begun.elapsed().as_secs_f64() * 1000.0);
        }
        println!("{what}: {best:.1} ms, {length} bytes");
    }
    Ok(())
}

async fn list(emulator: &Running, parameters: &[(&str, &str)]) -> Result<String, Box<dyn Error>> {
    let mut request = Request::new("GET", Some(&emulator.ready.bucket), None)
        .with_param("list-type", "2")
        .with_param("max-keys", "1000");
    for (name, value) in parameters {
        request = request.with_param(name, value);
    }
    ask(emulator, request).await
}

async fn ask(emulator: &Running, mut request: Request) -> Result<String, Box<dyn Error>> {
    let ready = &emulator.ready;
    let user = Credentials::long_term(&ready.access_key_id, Secret::new(&ready.access_key_secret));
    let now = ShiftedClock::new().now();
    Signer { credentials: &user, region: &ready.region, version: SignVersion::V4, now }.sign_headers(&mut request);
    let key = request.key.as_deref().unwrap_or_default();
    let url = format!("{}/{}/{key}?{}", ready.oss_endpoint, ready.bucket, request.query_string());
    let method = reqwest::Method::from_bytes(request.method.as_bytes())?;
    let mut send = reqwest::Client::builder().no_proxy().build()?.request(method, url);
    for (name, value) in &request.headers {
        send = send.header(name, value);
    }
    Ok(send.send().await?.error_for_status()?.text().await?)
}
