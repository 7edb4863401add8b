//! The invariants of ARCHITECTURE.md, kept by reading the tree.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every file of ours that ends so, target folders aside.
fn sources(ending: &str) -> Vec<(String, String)> {
    fn walk(dir: &Path, ending: &str, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap().flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if path.is_dir() && name != "target" && name != "node_modules" && !name.starts_with('.') {
                walk(&path, ending, found);
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root(), ending, &mut found);
    found.sort();
    let name = |path: &Path| path.strip_prefix(root()).unwrap().display().to_string();
    found.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

fn dependencies(manifest: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(manifest).join("Cargo.toml")).unwrap();
    let section = text.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap().to_owned();
    section
        .lines()
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn walls_between_crates_stand() {
    for (krate, forbidden) in [
        ("shared", &["tokio", "reqwest", "axum", "hyper", "egui", "eframe", "redb", "rfd"][..]),
        ("transfer", &["server", "emulator", "client-ui", "client-gui", "demo"]),
        ("transfer-cli", &["server", "emulator", "client-ui", "client-gui", "demo"]),
        ("server", &["emulator", "transfer", "client-ui", "client-gui", "demo"]),
        ("emulator", &["server", "transfer", "client-ui", "client-gui", "demo"]),
        ("client-gui", &["server", "emulator", "demo"]),
        ("client-gui/ui", &["server", "emulator", "demo", "eframe", "winit", "rfd"]),
    ] {
        let found = dependencies(krate);
        assert!(
            found.contains(&"shared".to_owned()) || krate == "shared" || krate == "client-gui",
            "{krate}: {found:?}"
        );
        for name in forbidden {
            assert!(!found.contains(&(*name).to_owned()), "{krate} depends on {name}");
        }
    }
}

#[test]
fn wall_time_is_read_in_one_file() {
    for (path, text) in sources(".rs") {
        if path == "shared/src/clock.rs" || path.ends_with("tidy.rs") {
            continue;
        }
        for reading in ["SystemTime::now", "OffsetDateTime::now_utc", "now_local"] {
            assert!(!text.contains(reading), "{path} reads {reading}; take a shared::clock::Clock");
        }
    }
}

#[test]
fn every_file_says_its_one_job() {
    for (path, text) in sources(".rs") {
        assert!(text.starts_with("//! "), "{path} does not open with //!");
        let lines = text.lines().count();
        assert!(lines <= 600, "{path} has {lines} lines: two jobs live there");
    }
}

#[test]
fn nothing_is_left_for_later() {
    for (path, text) in sources(".rs") {
        if path.ends_with("tidy.rs") {
            continue;
        }
        for mark in ["todo!(", "unimplemented!(", "FIXME", "XXX", "dbg!(", "#[ignore"] {
            assert!(!text.contains(mark), "{path} holds {mark}");
        }
    }
}

#[test]
fn unsafe_code_is_forbidden_everywhere() {
    let root = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(root.contains("unsafe_code = \"forbid\""));
    for krate in [
        "shared",
        "transfer",
        "transfer-cli",
        "server",
        "emulator",
        "client-gui",
        "client-gui/ui",
        "samples",
        "demo",
        "tests",
    ] {
        let manifest = fs::read_to_string(self::root().join(krate).join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{krate} leaves the workspace's lints");
    }
}
