//! `SUPPORT.md` says what the code says, of every operation there is.

use std::path::Path;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

#[test]
fn the_page_holds_the_table_of_the_code() {
    let (page, table) = (read("SUPPORT.md"), emulator::support_table());
    assert!(
        page.contains(&table),
        "SUPPORT.md is out of date: put in what `cargo run -p emulator --example support_table` prints"
    );
}

#[test]
fn every_story_that_the_table_names_is_told() {
    for line in emulator::support_table().lines().skip(2) {
        let proof = line.split('|').nth(5).unwrap().trim().trim_matches('`');
        let story = format!("tests/tests/stories/{proof}.rs");
        assert!(proof.is_empty() || !read(&story).is_empty(), "{line}");
    }
}

#[test]
fn every_operation_of_the_published_list_is_there() {
    let published: serde_json::Value = serde_json::from_str(&read("emulator/tests/data/oss-actions.json")).unwrap();
    let table = emulator::support_table();
    let names: Vec<&str> = table
        .lines()
        .skip(2)
        .flat_map(|line| line.trim_start_matches("| ").split(" | ").next().unwrap().split(", "))
        .collect();
    for row in published["apis"].as_array().unwrap() {
        let api = row["api"].as_str().unwrap();
        // `ListBuckets (GetService)`, `(console) activate OSS`, `(IMM processing)`, `GetObject with x-oss-process=image/...`
        let bare = match api.strip_prefix('(') {
            Some(rest) => rest.split_once(") ").map_or(rest.trim_end_matches(')'), |(_, name)| name),
            None => api.split(' ').next().unwrap(),
        };
        let bare = if bare == "ImgSaveAs" { "ProcessObject" } else { bare };
        assert!(names.iter().any(|name| name.eq_ignore_ascii_case(bare)), "{api}");
    }
}
