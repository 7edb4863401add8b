//! Snapshots on the control port: taken, restored in one step, deleted; and the reset.

#![allow(clippy::panic, clippy::unwrap_used)] // helpers of tests, where a surprise is a failure
#![cfg(unix)]

mod support;

use std::collections::BTreeSet;
use std::sync::mpsc::channel;

use shared::sign::Request;
use support::{Chance, Connection, Program, files, named_blobs};

const BUCKET: &str = "direct-transfer";

fn put(connection: &mut Connection, bucket: &str, key: &str, body: &[u8]) {
    let answer = connection.ask(Request::new("PUT", Some(bucket), (!key.is_empty()).then_some(key)), body).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.head);
}

fn get(connection: &mut Connection, bucket: &str, key: &str) -> Option<Vec<u8>> {
    let answer = connection.ask(Request::new("GET", Some(bucket), Some(key)), &[]).unwrap();
    (answer.status == 200).then_some(answer.body)
}

#[test]
fn a_snapshot_brings_back_what_was() {
    let dir = tempfile::tempdir().unwrap();
    let mut program = Program::start(dir.path(), "", "");
    let mut oss = program.connect();
    put(&mut oss, "other", "", b"");
    for (bucket, key) in [(BUCKET, "a"), (BUCKET, "b"), ("other", "c")] {
        put(&mut oss, bucket, key, b"before");
    }
    for (method, path, body, status) in [
        ("POST", "/snapshot", r#"{"name":"one"}"#, 201),
        ("POST", "/snapshot", r#"{"name":"one"}"#, 409),
        ("POST", "/snapshot", r#"{"name":"../one"}"#, 400),
        ("POST", "/snapshot", r#"{"name":".one"}"#, 400),
        ("POST", "/snapshot", r#"{"name":""}"#, 400),
        ("POST", "/restore", r#"{"name":"two"}"#, 404),
        ("DELETE", "/snapshots/two", "", 404),
        ("DELETE", "/snapshots/..", "", 400),
        ("DELETE", "/snapshots/%2e%2e%2fblobs", "", 400),
    ] {
        let (found, text) = program.control(method, path, body);
        assert_eq!(found, status, "{method} {path} {body}: {text}");
    }
    // Twice: what a restore has brought back can be changed and brought back again, also after a kill.
    for round in 0..2 {
        let mut oss = program.connect();
        put(&mut oss, BUCKET, "a", b"after");
        put(&mut oss, BUCKET, "new", b"after");
        assert_eq!(oss.ask(Request::new("DELETE", Some("other"), Some("c")), &[]).unwrap().status, 204);
        assert_eq!(oss.ask(Request::new("DELETE", Some("other"), None), &[]).unwrap().status, 204);
        assert_eq!(program.control("POST", "/restore", r#"{"name":"one"}"#).0, 200);
        program.kill();
        program = Program::start(dir.path(), "", "");
        let mut oss = program.connect();
        for (bucket, key, body) in [
            (BUCKET, "a", Some("before")),
            (BUCKET, "b", Some("before")),
            ("other", "c", Some("before")),
            (BUCKET, "new", None),
        ] {
            let found = get(&mut oss, bucket, key);
            assert_eq!(found.as_deref(), body.map(str::as_bytes), "round {round}: {bucket}/{key}");
        }
        assert_eq!(files(&dir.path().join("blobs")), named_blobs(dir.path()));
    }
    assert_eq!(program.control("POST", "/reset", "").0, 200);
    let mut oss = program.connect();
    assert_eq!(get(&mut oss, BUCKET, "a"), None);
    put(&mut oss, BUCKET, "a", b"after");
    let names = String::from_utf8(oss.ask(Request::new("GET", None, None), &[]).unwrap().body).unwrap();
    assert!(names.contains(BUCKET) && !names.contains("other"), "{names}");
    let (_, listed) = program.control("GET", "/snapshots", "");
    assert!(listed.contains(r#""name":"one""#) && listed.contains(r#""blobs":3"#), "{listed}");
    assert_eq!(program.control("DELETE", "/snapshots/one", "").0, 200);
    assert_eq!(program.control("GET", "/snapshots", "").1, r#"{"snapshots":[]}"#);
    assert_eq!(files(&dir.path().join("snapshots")), BTreeSet::new());
}

#[test]
fn what_is_being_read_is_read_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::start(dir.path(), "", "");
    let bytes = Chance::new(3).bytes(24 << 20);
    put(&mut program.connect(), BUCKET, "large", &bytes);
    let mut reader = program.connect();
    let begun = reader.begin(Request::new("GET", Some(BUCKET), Some("large")));
    assert_eq!(program.control("POST", "/reset", "").0, 200);
    assert_eq!(get(&mut program.connect(), BUCKET, "large"), None);
    assert!(reader.rest(begun) == bytes);
}

#[test]
fn everybody_sees_one_state_or_the_other_whatever_is_killed() {
    const KEYS: usize = 8;
    let dir = tempfile::tempdir().unwrap();
    let mut chance = Chance::new(11);
    let mut program = Program::start(dir.path(), "", "");
    for state in ["A", "B"] {
        let mut oss = program.connect();
        (0..KEYS).for_each(|n| put(&mut oss, BUCKET, &format!("k{n}"), state.as_bytes()));
        assert_eq!(program.control("POST", "/snapshot", &format!(r#"{{"name":"{state}"}}"#)).0, 201);
    }
    let etags = |oss: &mut Connection| {
        let listing = oss.ask(Request::new("GET", Some(BUCKET), None), &[])?;
        let text = String::from_utf8(listing.body).unwrap();
        let tags: Vec<_> =
            text.split("<ETag>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect();
        assert_eq!(tags.len(), KEYS, "{text}");
        assert_eq!(tags.iter().collect::<BTreeSet<_>>().len(), 1, "a mixture: {text}");
        std::io::Result::Ok(())
    };
    for _ in 0..12 {
        let (send, looked) = channel();
        std::thread::scope(|scope| {
            let (mut oss, mut control) = (program.connect(), program.control_connection());
            scope.spawn(move || while etags(&mut oss).is_ok() && send.send(()).is_ok() {});
            scope.spawn(move || {
                for state in ["A", "B"].iter().cycle() {
                    if control.control("POST", "/restore", &format!(r#"{{"name":"{state}"}}"#)).is_err() {
                        break;
                    }
                }
            });
            for _ in 0..5 + chance.below(60) {
                looked.recv().unwrap();
            }
            program.kill();
        });
        program = Program::start(dir.path(), "", "");
        let mut oss = program.connect();
        etags(&mut oss).unwrap();
        let all: BTreeSet<_> = (0..KEYS).map(|n| get(&mut oss, BUCKET, &format!("k{n}")).unwrap()).collect();
        assert_eq!(all.len(), 1);
        assert_eq!(files(&dir.path().join("blobs")), named_blobs(dir.path()));
    }
}
