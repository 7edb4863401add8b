//! The demo as a program: it goes on when nobody reads it, and leaves nothing behind when it is stopped.

#![allow(clippy::unwrap_used)] // helpers of tests, where a surprise is a failure

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The headless demo, with its temporary files in `folder`.
fn headless(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
    command.arg("--headless").env("TMPDIR", folder).stderr(Stdio::piped());
    command
}

#[test]
fn the_flow_ends_well_though_its_reader_has_gone() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("photo.jpg");
    std::fs::write(&image, samples::photo(320, 240, 1)).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let out = folder.path().join("out");
    let run = headless(folder.path()).arg("--image").arg(&image).arg("--out").arg(&out).stdout(writer).output();
    let run = run.unwrap();
    assert!(run.status.success(), "{}: {}", run.status, String::from_utf8_lossy(&run.stderr));
    assert!(out.join("thumbnail.jpg").exists());
}

#[cfg(unix)]
#[test]
fn stopped_it_leaves_nothing_behind() {
    for signal in ["-TERM", "-INT", "-HUP"] {
        let folder = tempfile::tempdir().unwrap();
        let mut running = headless(folder.path()).stdout(Stdio::null()).spawn().unwrap();
        let files = || std::fs::read_dir(folder.path()).unwrap().count();
        // The picture's file is there from the start; painting the picture takes much longer than what follows.
        let late = Instant::now() + Duration::from_secs(60);
        while files() == 0 && Instant::now() < late {
            std::thread::yield_now();
        }
        assert_eq!(files(), 1, "the picture's file has not been made");
        let kill = Command::new("kill").args([signal, &running.id().to_string()]).status().unwrap();
        assert!(kill.success());
        assert_eq!(running.wait().unwrap().code(), Some(2), "{signal}");
        assert_eq!(files(), 0, "{signal}");
    }
}
