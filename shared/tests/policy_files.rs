//! The tests beside the shipped policies: every case passes, and every statement is needed by one of them.
#![cfg(test)]

use std::fs;
use std::path::Path;

use shared::ram::cases::{Suite, SuiteError};

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy").join(name)).unwrap()
}

fn names(folder: &str, ending: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy").join(folder);
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    entries.filter(|name| name.ends_with(ending)).collect()
}

#[test]
fn every_policy_has_tests_and_keeps_them() {
    let suites: Vec<(String, Suite)> = names("tests", ".json")
        .into_iter()
        .map(|name| (name.clone(), Suite::parse(&read(&format!("tests/{name}"))).unwrap()))
        .collect();
    for policy in names("", ".txt") {
        assert!(suites.iter().any(|(_, suite)| suite.policy == policy), "{policy} has no tests");
    }
    for (name, suite) in suites {
        let report = suite.run(&read(&suite.policy)).unwrap();
        for (case, passed) in suite.cases.iter().zip(&report.passed) {
            assert!(passed, "{name}: {} on {}: {}", case.action, case.resource, case.reason);
        }
        assert_eq!(report.uncovered, [0_usize; 0], "{name}: statements that decide no case");
        assert_eq!(report.unneeded, [0_usize; 0], "{name}: statements that could be deleted");
    }
}

#[test]
fn a_suite_finds_what_is_wrong_with_a_policy() {
    let suite = Suite::parse(&read("tests/bucket_read_write_policy.json")).unwrap();
    let policy = read("bucket_read_write_policy.txt");
    let wider = policy.replace("$OBJECT_PREFIX*\"]\n    },", "users/alice*\"]\n    },");
    let report = suite.run(&wider).unwrap();
    let failed: Vec<&str> = suite
        .cases
        .iter()
        .zip(&report.passed)
        .filter(|(_, ok)| !**ok)
        .map(|(case, _)| case.resource.as_str())
        .collect();
    assert_eq!(failed, ["$BUCKET_NAME/users/alice2/photo.jpg"]);
    let idle = policy.replacen(
        "\"Statement\": [",
        r#""Statement": [{"Effect": "Allow", "Action": "oss:GetObjectAcl", "Resource": "*"},"#,
        1,
    );
    let report = suite.run(&idle).unwrap();
    assert_eq!((report.uncovered.as_slice(), report.unneeded.as_slice()), (&[0][..], &[0][..]));
    assert!(!report.is_good());
    assert!(matches!(suite.run("{"), Err(SuiteError::Template(_))));
    assert!(matches!(Suite::parse("{\"policy\": 1}"), Err(SuiteError::Suite(_))));
}
