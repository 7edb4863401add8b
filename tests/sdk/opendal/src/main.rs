//! Stories of OpenDAL's OSS service: a line each, as the other clients print them. It signs with V1, in path style.
//! The world comes in `SDK_WORLD`, texts that choose stories as arguments. Status 1 when a story failed.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures::StreamExt;
use opendal::services::Oss;
use opendal::{ErrorKind, Operator};
use serde_json::Value;

type Outcome = Result<(), String>;
type Story = fn(Stage) -> Pin<Box<dyn Future<Output = Outcome>>>;

/// A client with a folder of its own.
#[derive(Clone)]
struct Stage {
    store: Operator,
    stranger: Operator,
}

const STORIES: &[(&str, Story)] = &[
    ("writes, reads and tells about an object", |stage| Box::pin(writes_and_reads(stage))),
    ("reads ranges", |stage| Box::pin(reads_ranges(stage))),
    ("keeps awkward names", |stage| Box::pin(keeps_awkward_names(stage))),
    ("lists folders and pages", |stage| Box::pin(lists(stage))),
    ("writes in parts", |stage| Box::pin(writes_in_parts(stage))),
    ("aborts an upload", |stage| Box::pin(aborts(stage))),
    ("appends", |stage| Box::pin(appends(stage))),
    ("copies", |stage| Box::pin(copies(stage))),
    ("writes on conditions", |stage| Box::pin(writes_on_conditions(stage))),
    ("deletes one and many", |stage| Box::pin(deletes(stage))),
    ("presigns", |stage| Box::pin(presigns(stage))),
    ("is refused with a wrong secret", |stage| Box::pin(is_refused(stage))),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    let only: Vec<String> = std::env::args().skip(1).collect();
    let world = std::env::var("SDK_WORLD").expect("SDK_WORLD is set by the runner");
    let world: Value = serde_json::from_str(&world).expect("SDK_WORLD is JSON");
    // The HTTP client wants TLS, though nothing here uses it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    opendal_http_transport_reqwest::install_default();
    let mut failed = 0;
    for (kind, key) in [("key", &world["key"]), ("role", &world["role"])] {
        let stage = Stage {
            store: client(&world, kind, key, text(&key["secret"])),
            stranger: client(&world, kind, key, "wrong"),
        };
        for (title, story) in STORIES {
            let name = format!("opendal V1 {kind}: {title}");
            if !only.is_empty() && !only.iter().any(|part| name.contains(part)) {
                continue;
            }
            let started = Instant::now();
            let outcome = story(stage.clone()).await;
            let verdict = if outcome.is_ok() { "PASS" } else { "FAIL" };
            println!("{verdict} {name} ({:.2} s)", started.elapsed().as_secs_f64());
            if let Err(why) = outcome {
                failed += 1;
                println!("     {}", why.replace('\n', "\n     "));
            }
        }
    }
    std::process::ExitCode::from(u8::from(failed > 0))
}

fn client(world: &Value, kind: &str, key: &Value, secret: &str) -> Operator {
    let mut service = Oss::default()
        .root(&format!("/opendal-{kind}"))
        .bucket(text(&world["bucket"]))
        .endpoint(text(&world["oss_endpoint"]))
        .addressing_style("path")
        .access_key_id(text(&key["id"]))
        .access_key_secret(secret);
    if let Some(token) = key["token"].as_str() {
        service = service.security_token(token);
    }
    Operator::new(service).expect("the service is complete")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn equal<T: PartialEq + std::fmt::Debug>(found: T, expected: T, what: &str) -> Outcome {
    if found == expected { Ok(()) } else { Err(format!("{what}: found {found:?}, expected {expected:?}")) }
}

async fn writes_and_reads(Stage { store, .. }: Stage) -> Outcome {
    let write = store.write_with("plain.txt", "0123456789").content_type("text/plain").cache_control("no-cache");
    write.await.map_err(said)?;
    equal(store.read("plain.txt").await.map_err(said)?.to_vec(), b"0123456789".to_vec(), "body")?;
    let told = store.stat("plain.txt").await.map_err(said)?;
    let told = (told.content_length(), told.content_type(), told.cache_control(), told.etag());
    equal(told, (10, Some("text/plain"), Some("no-cache"), Some("\"781E5E245D69B566979B86E28D23F2C7\"")), "stat")?;
    equal(store.exists("none").await.map_err(said)?, false, "exists")?;
    let missing = store.read("none").await.err().map(|error| error.kind());
    equal(missing, Some(ErrorKind::NotFound), "a missing key")
}

async fn reads_ranges(Stage { store, .. }: Stage) -> Outcome {
    store.write("ranges.txt", "0123456789").await.map_err(said)?;
    for (range, expected) in [(0..3, "012"), (7..10, "789"), (4..5, "4")] {
        let read = store.read_with("ranges.txt").range(range).await.map_err(said)?;
        equal(read.to_vec(), expected.as_bytes().to_vec(), "range")?;
    }
    Ok(())
}

async fn keeps_awkward_names(Stage { store, .. }: Stage) -> Outcome {
    for name in ["names/a b+中?.txt", "names/笑😀&=#'\"<>~.txt", "names/100%25.txt"] {
        store.write(name, name).await.map_err(said)?;
        equal(store.read(name).await.map_err(said)?.to_vec(), name.as_bytes().to_vec(), name)?;
    }
    equal(store.list("names/").await.map_err(said)?.len(), 3, "listed")
}

async fn lists(Stage { store, .. }: Stage) -> Outcome {
    let names = ["list/a", "list/b c", "list/dir/1", "list/dir/2", "list/e"];
    for name in names {
        store.write(name, "x").await.map_err(said)?;
    }
    let mut found = Vec::new();
    let mut pages = store.lister_with("list/").recursive(true).limit(2).await.map_err(said)?;
    while let Some(entry) = pages.next().await {
        found.push(entry.map_err(said)?.path().to_owned());
    }
    equal(found, names.map(str::to_owned).to_vec(), "all, two a page")?;
    let mut level: Vec<_> =
        store.list("list/").await.map_err(said)?.iter().map(|entry| entry.path().to_owned()).collect();
    level.sort();
    equal(level, ["list/a", "list/b c", "list/dir/", "list/e"].map(str::to_owned).to_vec(), "one level")?;
    let after = store.list_with("list/").recursive(true).start_after("list/dir/1").await.map_err(said)?;
    equal(after.len(), 2, "after a name")
}

async fn writes_in_parts(Stage { store, .. }: Stage) -> Outcome {
    let body: Vec<u8> = (0..400 * 1024_u32).map(|number| (number % 251) as u8).collect();
    let mut writer = store.writer_with("parts.bin").chunk(128 * 1024).concurrent(2).await.map_err(said)?;
    for piece in body.chunks(50 * 1024) {
        writer.write(piece.to_vec()).await.map_err(said)?;
    }
    writer.close().await.map_err(said)?;
    equal(store.read("parts.bin").await.map_err(said)?.to_vec() == body, true, "same bytes")
}

async fn aborts(Stage { store, .. }: Stage) -> Outcome {
    let mut writer = store.writer_with("aborted.bin").chunk(128 * 1024).await.map_err(said)?;
    writer.write(vec![1; 300 * 1024]).await.map_err(said)?;
    writer.abort().await.map_err(said)?;
    equal(store.exists("aborted.bin").await.map_err(said)?, false, "exists")
}

async fn appends(Stage { store, .. }: Stage) -> Outcome {
    for piece in ["one,", "two,", "three"] {
        store.write_with("log.txt", piece).append(true).await.map_err(said)?;
    }
    equal(store.read("log.txt").await.map_err(said)?.to_vec(), b"one,two,three".to_vec(), "appended")?;
    store.delete("log.txt").await.map_err(said)
}

async fn copies(Stage { store, .. }: Stage) -> Outcome {
    store.write("source 中.txt", "copied").await.map_err(said)?;
    store.copy("source 中.txt", "copy.txt").await.map_err(said)?;
    equal(store.read("copy.txt").await.map_err(said)?.to_vec(), b"copied".to_vec(), "copy")?;
    let missing = store.copy("none", "copy.txt").await.err().map(|error| error.kind());
    equal(missing, Some(ErrorKind::NotFound), "a missing source")
}

async fn writes_on_conditions(Stage { store, .. }: Stage) -> Outcome {
    store.write("once.txt", "first").await.map_err(said)?;
    let second = store.write_with("once.txt", "second").if_not_exists(true).await.err().map(|error| error.kind());
    equal(second, Some(ErrorKind::ConditionNotMatch), "an object that is there")?;
    let etag = store.stat("once.txt").await.map_err(said)?.etag().unwrap_or_default().to_owned();
    equal(store.read_with("once.txt").if_match(&etag).await.map_err(said)?.to_vec(), b"first".to_vec(), "if-match")?;
    let other = store.read_with("once.txt").if_match("\"0\"").await.err().map(|error| error.kind());
    equal(other, Some(ErrorKind::ConditionNotMatch), "another ETag")
}

async fn deletes(Stage { store, .. }: Stage) -> Outcome {
    let names: Vec<String> = (0..5).map(|number| format!("many/a b&{number}")).collect();
    for name in &names {
        store.write(name, "x").await.map_err(said)?;
    }
    store.delete(&names[0]).await.map_err(said)?;
    store.delete(&names[0]).await.map_err(said)?;
    store.delete_iter(names[1..].to_vec()).await.map_err(said)?;
    equal(store.list("many/").await.map_err(said)?.len(), 0, "left")
}

async fn presigns(Stage { store, .. }: Stage) -> Outcome {
    store.write("signed 中.txt", "signed").await.map_err(said)?;
    let signed = store.presign_read("signed 中.txt", Duration::from_secs(60)).await.map_err(said)?;
    let request = signed.uri().to_string();
    let answer = tokio::task::spawn_blocking(move || get(&request)).await.map_err(said)??;
    equal(answer.0 == 200 && answer.1.ends_with("signed"), true, &answer.1)
}

/// A plain HTTP request: what a browser would fetch.
fn get(url: &str) -> Result<(u16, String), String> {
    use std::io::{Read, Write};
    let rest = url.strip_prefix("http://").ok_or("no http URL")?;
    let (host, path) = rest.split_once('/').ok_or("no path")?;
    let mut stream = std::net::TcpStream::connect(host).map_err(said)?;
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").map_err(said)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(said)?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or("no status")?;
    Ok((status, answer))
}

async fn is_refused(Stage { stranger, .. }: Stage) -> Outcome {
    let refused = stranger.read("plain.txt").await.err();
    let told = refused.map(|error| (error.kind(), error.to_string().contains("SignatureDoesNotMatch")));
    equal(told, Some((ErrorKind::PermissionDenied, true)), "refusal")
}
