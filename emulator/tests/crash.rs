//! A process that is killed at any moment has lost nothing that it acknowledged, and leaves nothing behind.

#![allow(clippy::panic, clippy::unwrap_used)] // helpers of tests, where a surprise is a failure
#![cfg(unix)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::mpsc::{Sender, channel};

use shared::crc64::crc64;
use shared::sign::Request;
use support::{Answer, Chance, Connection, Program, files, named_blobs};

const KILLS: usize = 100;
const WORKERS: usize = 3;
const PLAIN: &str = "direct-transfer";
const VERSIONED: &str = "versioned";

/// An object's bytes; `None` when there is none.
type Content = Option<Vec<u8>>;

/// What one worker knows. Its keys are its own, so that each has one request under way at most.
#[derive(Default)]
struct Model {
    /// As acknowledged, by bucket and key.
    sure: BTreeMap<(&'static str, String), Content>,
    /// What a request without an answer may have made of one of them.
    open: Option<((&'static str, String), Content)>,
    /// Versions that were acknowledged: key, id and bytes.
    versions: Vec<(String, String, Vec<u8>)>,
    /// How many of them have been read back.
    seen_versions: usize,
}

struct Worker {
    number: usize,
    chance: Chance,
    model: Model,
}

fn request(method: &str, bucket: &str, key: &str) -> Request {
    Request::new(method, Some(bucket), Some(key))
}

fn accepted(answer: Answer) -> Answer {
    assert!((200..300).contains(&answer.status), "{}{}", answer.head, String::from_utf8_lossy(&answer.body));
    answer
}

impl Worker {
    /// Sends one request after the other until the emulator is gone.
    fn run(&mut self, mut connection: Connection, acknowledged: &Sender<()>) {
        while self.step(&mut connection).is_ok() {
            let _ = acknowledged.send(());
        }
    }

    fn step(&mut self, connection: &mut Connection) -> io::Result<()> {
        let key = format!("w{}/k{}", self.number, self.chance.below(12));
        match self.chance.below(10) {
            0..4 => self.put(connection, PLAIN, key),
            4 => self.delete(connection, PLAIN, key),
            5 => self.multipart(connection, key),
            6 => self.append(connection),
            7 => self.copy(connection, key),
            8 => self.put(connection, VERSIONED, key),
            _ => self.delete(connection, VERSIONED, key),
        }
    }

    /// Says what is about to change, changes it, and says that it has.
    fn change(
        &mut self,
        place: (&'static str, String),
        content: Content,
        send: impl FnOnce() -> io::Result<Answer>,
    ) -> io::Result<Answer> {
        self.model.open = Some((place.clone(), content.clone()));
        let answer = accepted(send()?);
        self.model.open = None;
        self.model.sure.insert(place, content);
        Ok(answer)
    }

    fn put(&mut self, connection: &mut Connection, bucket: &'static str, key: String) -> io::Result<()> {
        let length = [0, 10, 3000, 70_000][self.chance.below(4)] + self.chance.below(100);
        let bytes = self.chance.bytes(length);
        let ask = request("PUT", bucket, &key);
        let answer = self.change((bucket, key.clone()), Some(bytes.clone()), || connection.ask(ask, &bytes))?;
        if bucket == VERSIONED {
            self.model.versions.push((key, answer.header("x-oss-version-id").to_owned(), bytes));
        }
        Ok(())
    }

    fn delete(&mut self, connection: &mut Connection, bucket: &'static str, key: String) -> io::Result<()> {
        let ask = request("DELETE", bucket, &key);
        self.change((bucket, key), None, || connection.ask(ask, &[])).map(drop)
    }

    fn multipart(&mut self, connection: &mut Connection, key: String) -> io::Result<()> {
        let parts = [self.chance.bytes(100 * 1024), self.chance.bytes(500)];
        let begun = accepted(connection.ask(request("POST", PLAIN, &key).with_param("uploads", ""), &[])?);
        let id = begun.leaf("UploadId");
        let mut list = String::new();
        for (number, part) in (1..).zip(&parts) {
            let ask = request("PUT", PLAIN, &key).with_param("partNumber", &format!("{number}"));
            let answer = accepted(connection.ask(ask.with_param("uploadId", &id), part)?);
            let etag = answer.header("etag");
            list += &format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>");
        }
        let list = format!("<CompleteMultipartUpload>{list}</CompleteMultipartUpload>");
        let ask = request("POST", PLAIN, &key).with_param("uploadId", &id);
        self.change((PLAIN, key), Some(parts.concat()), || connection.ask(ask, list.as_bytes())).map(drop)
    }

    fn append(&mut self, connection: &mut Connection) -> io::Result<()> {
        let key = format!("w{}/log", self.number);
        let so_far = self.model.sure.get(&(PLAIN, key.clone())).cloned().flatten().unwrap_or_default();
        // Often enough that segments are merged.
        if so_far.len() > 60_000 {
            return self.delete(connection, PLAIN, key);
        }
        let more = self.chance.bytes(1500);
        let position = so_far.len().to_string();
        let ask = request("POST", PLAIN, &key).with_param("append", "").with_param("position", &position);
        self.change((PLAIN, key), Some([so_far, more.clone()].concat()), || connection.ask(ask, &more)).map(drop)
    }

    fn copy(&mut self, connection: &mut Connection, key: String) -> io::Result<()> {
        let from = format!("w{}/k{}", self.number, self.chance.below(12));
        let Some(bytes) = self.model.sure.get(&(PLAIN, from.clone())).cloned().flatten().filter(|_| from != key) else {
            return self.put(connection, PLAIN, key);
        };
        let ask = request("PUT", PLAIN, &key).with_header("x-oss-copy-source", &format!("/{PLAIN}/{from}"));
        self.change((PLAIN, key), Some(bytes), || connection.ask(ask, &[])).map(drop)
    }

    /// Reads everything back; what was open is now old or new.
    fn check(&mut self, connection: &mut Connection, round: usize) {
        let open = self.model.open.take();
        if let Some((place, _)) = &open {
            self.model.sure.entry(place.clone()).or_default();
        }
        for ((bucket, key), sure) in &mut self.model.sure {
            let found = read(connection, request("GET", bucket, key));
            let maybe = open.as_ref().filter(|(place, _)| (place.0, &place.1) == (*bucket, key));
            if let Some((_, content)) = maybe.filter(|_| found != *sure) {
                sure.clone_from(content);
            }
            assert!(found == *sure, "kill {round}: {bucket}/{key}: {:?}", found.map(|bytes| bytes.len()));
        }
    }

    /// Reads back the versions that came since the last look, or all.
    fn check_versions(&mut self, connection: &mut Connection, all: bool) {
        for (at, (key, id, bytes)) in self.model.versions.iter().enumerate() {
            if all || at >= self.model.seen_versions {
                let found = read(connection, request("GET", VERSIONED, key).with_param("versionId", id));
                assert!(found.as_ref() == Some(bytes), "{key} {id}");
            }
        }
        self.model.seen_versions = self.model.versions.len();
    }
}

/// The bytes, which fit their checksum; `None` when there are none.
fn read(connection: &mut Connection, ask: Request) -> Content {
    let answer = connection.ask(ask, &[]).unwrap();
    match answer.status {
        200 => {
            assert_eq!(answer.header("x-oss-hash-crc64ecma"), crc64(&answer.body).to_string());
            Some(answer.body)
        }
        404 => None,
        status => panic!("{status}: {}", String::from_utf8_lossy(&answer.body)),
    }
}

#[test]
fn a_hundred_kills_lose_nothing_and_leave_nothing() {
    for (arguments, kills) in [("--no-sync", 20), ("", KILLS - 20)] {
        let dir = tempfile::tempdir().unwrap();
        let mut chance = Chance::new(20_261_125);
        let mut workers: Vec<Worker> = (0..WORKERS)
            .map(|number| Worker { number, chance: Chance::new(number as u64 + 7), model: Model::default() })
            .collect();
        for round in 0..=kills {
            let mut program = Program::start(dir.path(), "", arguments);
            assert_eq!(files(&dir.path().join("incoming")), BTreeSet::new(), "kill {round}");
            assert_eq!(files(&dir.path().join("blobs")), named_blobs(dir.path()), "kill {round}");
            if round == 0 {
                make_versioned(&mut program.connect());
            }
            std::thread::scope(|scope| {
                for worker in &mut workers {
                    let mut connection = program.connect();
                    scope.spawn(move || {
                        worker.check(&mut connection, round);
                        worker.check_versions(&mut connection, round == kills);
                    });
                }
            });
            if round == kills {
                break;
            }
            let (send, acknowledged) = channel();
            std::thread::scope(|scope| {
                for worker in &mut workers {
                    let (connection, send) = (program.connect(), send.clone());
                    scope.spawn(move || worker.run(connection, &send));
                }
                for _ in 0..chance.below(25) {
                    acknowledged.recv().unwrap();
                }
                let log = program.kill();
                assert!(!log.contains("ERROR") && !log.contains("panicked"), "{log}");
            });
        }
        let objects = workers.iter().flat_map(|worker| worker.model.sure.values()).flatten().count();
        assert!(objects > 20, "the load has left only {objects} objects: it proves little");
    }
}

fn make_versioned(connection: &mut Connection) {
    accepted(connection.ask(Request::new("PUT", Some(VERSIONED), None), &[]).unwrap());
    let body = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    let ask = Request::new("PUT", Some(VERSIONED), None).with_param("versioning", "");
    accepted(connection.ask(ask, body).unwrap());
}
