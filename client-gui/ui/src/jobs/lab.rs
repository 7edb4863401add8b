//! The policy lab's jobs: probes of OSS with the real token, and the policies' files.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use shared::error::OssCode;
use shared::object_key::ObjectKey;
use transfer::probe::Subject;
use transfer::{Client, TransferError};

use super::Shared;
use super::explain::explain;
use super::told::{refused, told};
use crate::command::{Event, JobId, LabCommand, LabEvent, Place, ProbeOf};
use crate::files::write_whole;
use crate::lab::Observed;
use crate::problem::{Help, Problem};
use crate::words::{Text, said};

/// More than STS or OSS would take for a policy.
const MAX_FILE: u64 = 1024 * 1024;

/// Runs a command of the lab.
pub(super) async fn run(shared: Arc<Shared>, command: LabCommand) {
    let event = match command {
        LabCommand::Probe { job, place, probes } => {
            let outcome = probe_all(&shared, job, &place, probes).await;
            LabEvent::Probed { job, outcome }
        }
        LabCommand::Load { sheet, path } => {
            let outcome = blocking(said("The policy was not loaded"), path, load).await;
            LabEvent::Loaded { sheet, outcome }
        }
        LabCommand::Save { sheet, path, text } => {
            let outcome = blocking(said("The policy was not saved"), path, move |path| {
                write_whole(path, text.as_bytes()).map(|()| path.to_owned()).map_err(system)
            });
            LabEvent::Saved { sheet, outcome: outcome.await }
        }
    };
    shared.outbox.send(Event::Lab(event));
}

async fn probe_all(shared: &Shared, job: JobId, place: &Place, probes: Vec<ProbeOf>) -> Result<(), Problem> {
    let failed = |error: &TransferError| explain(error, said("OSS could not be asked"));
    let mut clients: HashMap<String, Client> = HashMap::new();
    for ProbeOf { place: cell, probe, question } in probes {
        // The service is asked for through any bucket's client.
        let bucket = question.bucket.clone().unwrap_or_else(|| place.bucket.clone());
        let client = match clients.get(&bucket) {
            Some(client) => client.clone(),
            None => match shared.sessions.client_of(place, &bucket) {
                Ok(client) => clients.entry(bucket).or_insert(client).clone(),
                // The other bucket's name is typed by hand; the cells of the own bucket are asked all the same.
                Err(error) if bucket != place.bucket => {
                    let observed = Observed::Unknown(told(&error));
                    shared.outbox.send(Event::Lab(LabEvent::Observed { job, place: cell, observed }));
                    continue;
                }
                Err(error) => return Err(failed(&error)),
            },
        };
        let key = question.key.as_deref().map(ObjectKey::parse).transpose();
        let observed = match &key {
            Err(error) => Observed::Unknown(refused(error)),
            Ok(key) => {
                let prefix = question.prefix.as_deref();
                let subject = key.as_ref().map_or(Subject::Bucket { prefix }, Subject::Object);
                observe(client.probe(probe, subject).await).map_err(|error| failed(&error))?
            }
        };
        shared.outbox.send(Event::Lab(LabEvent::Observed { job, place: cell, observed }));
    }
    Ok(())
}

/// What an answer says of the policies.
///
/// # Errors
/// The error, when it would be the same for every probe.
fn observe(outcome: Result<(), TransferError>) -> Result<Observed, TransferError> {
    let error = match outcome {
        Ok(()) => return Ok(Observed::Allowed(200)),
        Err(error) => error,
    };
    let Some(refusal) = error.oss() else { return Err(error) };
    Ok(match refusal.code {
        OssCode::AccessDenied => Observed::Denied(refusal.ec.clone().unwrap_or_default()),
        // Policies are asked before any of these.
        OssCode::NoSuchKey
        | OssCode::NoSuchUpload
        | OssCode::InvalidDigest
        | OssCode::InvalidArgument
        | OssCode::InvalidRange => Observed::Allowed(refusal.status),
        OssCode::NoSuchBucket => Observed::Unknown(said("There is no such bucket.")),
        _ if matches!(refusal.status, 401 | 403) => return Err(error),
        _ => Observed::Unknown(format!("{} {}: {}", refusal.status, refusal.code, refusal.message).into()),
    })
}

/// Runs `work` on the file where blocking is no harm.
async fn blocking<T: Send + 'static>(
    title: Text,
    path: PathBuf,
    work: impl FnOnce(&Path) -> Result<T, Text> + Send + 'static,
) -> Result<T, Problem> {
    let named = path.display().to_string();
    let why = match tokio::task::spawn_blocking(move || work(&path)).await {
        Ok(Ok(done)) => return Ok(done),
        Ok(Err(why)) => why,
        Err(error) => error.to_string().into(),
    };
    Err(Problem::new("File", title, said!("The file {0} cannot be used: {1}", named, why), Help::None))
}

/// What the system says.
fn system(error: std::io::Error) -> Text {
    error.to_string().into()
}

/// The policy, and `tests/NAME.json` beside it.
fn load(path: &Path) -> Result<(String, Option<String>), Text> {
    let text = small_file(path)?;
    // What stands before the last dot, whatever other dots there are.
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(".json");
    let tests = path.parent().unwrap_or(Path::new("")).join("tests").join(name);
    Ok((text, small_file(&tests).ok()))
}

fn small_file(path: &Path) -> Result<String, Text> {
    let mut text = String::new();
    std::fs::File::open(path).map_err(system)?.take(MAX_FILE).read_to_string(&mut text).map_err(system)?;
    if text.len() as u64 == MAX_FILE {
        return Err(said("it is far too large for a policy"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_s_tests_are_those_of_its_whole_name() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("tests")).unwrap();
        for (file, text) in
            [("upload.v2.txt", "{}"), ("tests/upload.json", "of another"), ("tests/upload.v2.json", "own")]
        {
            std::fs::write(folder.path().join(file), text).unwrap();
        }
        let (text, tests) = load(&folder.path().join("upload.v2.txt")).unwrap();
        assert_eq!((text.as_str(), tests.as_deref()), ("{}", Some("own")));
    }
}
