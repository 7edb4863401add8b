//! A disk that is full, or not ours to write: a clear word, nothing acknowledged lost, reads go on.

#![allow(clippy::panic, clippy::unwrap_used)] // helpers of tests, where a surprise is a failure
#![cfg(target_os = "linux")]

mod support;

use std::process::Command;

use shared::sign::Request;
use support::{Answer, Connection, Program};

const BUCKET: &str = "direct-transfer";

/// No file may grow beyond 4 MiB; a write that would is refused instead of ending the process.
const SMALL_DISK: &str = "trap '' XFSZ; ulimit -f 8192;";

fn put(connection: &mut Connection, key: &str, meta: &str, body: &[u8]) -> Answer {
    connection.ask(Request::new("PUT", Some(BUCKET), Some(key)).with_header("x-oss-meta-filler", meta), body).unwrap()
}

fn get(connection: &mut Connection, key: &str) -> Answer {
    connection.ask(Request::new("GET", Some(BUCKET), Some(key)), &[]).unwrap()
}

fn error_of(answer: &Answer) -> (u16, String) {
    (answer.status, answer.leaf("Code"))
}

#[test]
fn an_object_that_does_not_fit_is_refused_whole() {
    let dir = tempfile::tempdir().unwrap();
    let mut program = Program::start(dir.path(), SMALL_DISK, "");
    let mut connection = program.connect();
    assert_eq!(put(&mut connection, "k", "", &vec![1; 1 << 20]).status, 200);
    let refusal = put(&mut connection, "k", "", &vec![2; 6 << 20]);
    assert_eq!(error_of(&refusal), (500, "InternalError".to_owned()));
    let mut connection = program.connect();
    assert_eq!(get(&mut connection, "k").body, vec![1; 1 << 20]);
    assert_eq!(std::fs::read_dir(dir.path().join("incoming")).unwrap().count(), 0);
    let log = program.kill();
    assert!(log.contains("/incoming/") && log.contains("free some space"), "{log}");
}

#[test]
fn an_index_that_cannot_grow_loses_nothing_and_is_read_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut program = Program::start(dir.path(), SMALL_DISK, "");
    let mut connection = program.connect();
    let meta = "m".repeat(7000);
    let mut kept = 0;
    let refusal = loop {
        assert!(kept < 2000, "the index never filled");
        let answer = put(&mut connection, &format!("k{kept}"), &meta, b"kept");
        if answer.status != 200 {
            break answer;
        }
        kept += 1;
    };
    assert_eq!(error_of(&refusal), (500, "InternalError".to_owned()));
    assert!(kept > 20, "only {kept} objects fitted");
    for n in 0..kept {
        assert_eq!(get(&mut connection, &format!("k{n}")).body, b"kept", "k{n}");
    }
    // A second refusal is like the first, and reads go on after it.
    assert_eq!(error_of(&put(&mut connection, "k0", &meta, b"new")), (500, "InternalError".to_owned()));
    assert_eq!(get(&mut connection, "k0").body, b"kept");
    let log = program.kill();
    assert!(log.contains("index.redb") && log.contains("free some space"), "{log}");

    let program = Program::start(dir.path(), "", "");
    let mut connection = program.connect();
    for n in 0..kept {
        assert_eq!(get(&mut connection, &format!("k{n}")).body, b"kept", "k{n}");
    }
    assert_eq!(get(&mut connection, &format!("k{kept}")).status, 404);
    assert_eq!(put(&mut connection, "more", &meta, b"kept").status, 200);
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let first = Program::start(dir.path(), "", "");
    let broken = tempfile::tempdir().unwrap();
    std::fs::write(broken.path().join("index.redb"), "not an index").unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let pid = std::fs::read_to_string(dir.path().join("lock")).unwrap();
    for (data, wanted) in [
        (dir.path(), [&*format!("process {}", pid.trim()), "name another folder"]),
        (broken.path(), ["index.redb: ", "begin with an empty folder"]),
        (file.path(), [file.path().to_str().unwrap(), "--data"]),
        (std::path::Path::new("/proc/nowhere"), ["/proc/nowhere", "--data"]),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_emulator")).arg("--data").arg(data).output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{log}");
        assert!(wanted.iter().all(|wanted| log.contains(wanted)), "{wanted:?}: {log}");
    }
    drop(first);
}
