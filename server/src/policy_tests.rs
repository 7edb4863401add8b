//! Policy tests beside the policies that the configuration names: `tests/*.json`, run by `server check`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use shared::ram::cases::{Expectation, Report, Suite};

use crate::config::Config;
use crate::error::Problem;
use crate::files;

/// The folder beside a policy that its tests are in.
const FOLDER: &str = "tests";

/// What the tests say of each policy that has some: a line for each file of tests, and what is wrong.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// `tests/upload.json: 6 cases pass, and each of 3 statements is needed by one`.
    pub(crate) good: Vec<String>,
    /// A case that came out otherwise, a statement that no case needs, or a file that is none.
    pub(crate) wrong: Vec<String>,
}

/// Runs all of them. Files of tests for other policies are passed over. Blocks.
pub(crate) fn run(config: &Config) -> Outcome {
    let mut outcome = Outcome::default();
    for (path, template) in policies(config) {
        let Ok(entries) = path.parent().unwrap_or(Path::new("")).join(FOLDER).read_dir() else { continue };
        let mut suites: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        suites.retain(|file| file.extension() == Some(OsStr::new("json")));
        suites.sort();
        for file in suites {
            judge(&file, &path, &template, &mut outcome);
        }
    }
    outcome
}

/// Each policy's file and its text, once.
fn policies(config: &Config) -> Vec<(PathBuf, String)> {
    let mut all: Vec<(PathBuf, String)> =
        config.policy.iter().map(|policy| (PathBuf::from(&policy.source), policy.text.clone())).collect();
    for (name, path) in config.grants.iter().flat_map(|grants| &grants.custom) {
        // What cannot be read is told by the grants themselves.
        let mut told: Vec<Problem> = Vec::new();
        let text = files::read(&config.folder, path, &format!("Grants.Custom.{name}"), &mut told);
        let path = config.folder.join(path);
        if let Some(text) = text.filter(|_| !all.iter().any(|(known, _)| *known == path)) {
            all.push((path, text));
        }
    }
    all
}

/// Runs the tests in `file` if they are those of the policy at `path`.
fn judge(file: &Path, path: &Path, template: &str, outcome: &mut Outcome) {
    let shown = file.display();
    // A file that is broken is taken for the policy's own where it is named like it.
    let named_alike = file.file_stem() == path.file_stem();
    let read = std::fs::read_to_string(file).map_err(|error| error.to_string());
    let suite = match read.and_then(|text| Suite::parse(&text).map_err(|error| error.to_string())) {
        Ok(suite) => suite,
        Err(error) if named_alike => return outcome.wrong.push(format!("{shown}: {error}")),
        Err(_) => return,
    };
    if path.file_name() != Some(OsStr::new(&suite.policy)) {
        return;
    }
    match suite.run(template) {
        Err(error) => outcome.wrong.push(format!("{shown}: {error}")),
        Ok(report) if report.is_good() => outcome.good.push(format!(
            "{shown}: {} cases pass, and each of {} statements is needed by one",
            suite.cases.len(),
            report.statements
        )),
        Ok(report) => outcome.wrong.extend(faults(&suite, &report).map(|fault| format!("{shown}: {fault}"))),
    }
}

/// The cases that fail, and the statements whose absence no case notices.
fn faults(suite: &Suite, report: &Report) -> impl Iterator<Item = String> {
    let failed = suite.cases.iter().zip(&report.passed).filter(|(_, passed)| !**passed).map(|(case, _)| {
        let not = if case.expect == Expectation::Allow { "denied" } else { "allowed" };
        format!("{} on {} is {not}: {}", case.action, case.resource, case.reason)
    });
    let unneeded = report.unneeded.iter().map(|statement| {
        let why = if report.uncovered.contains(statement) { "decides no case" } else { "could go" };
        format!("Statement[{statement}] {why}: no case fails without it")
    });
    failed.chain(unneeded).collect::<Vec<_>>().into_iter()
}
