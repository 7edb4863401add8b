//! Resumable uploads: what is sent again after an interruption (nothing that OSS holds), and what is believed of a checkpoint.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use shared::crc64::crc64;
use shared::sign::SignVersion;
use tempfile::{NamedTempFile, TempDir};
use tokio::sync::Notify;
use transfer::{
    CancelToken, Checkpoint, Client, Event, Observer, SavedCheckpoint, TransferError, UploadOptions, Uploaded,
};

use crate::fake::{Fake, Fault, key, recorder};
use crate::uploads::{PART, file_of};

const PARTS: usize = 8;

/// A file of eight parts whose upload stops after some of them, and a folder for its checkpoint.
struct Stage {
    fake: Fake,
    folder: TempDir,
    file: NamedTempFile,
    body: Vec<u8>,
}

impl Stage {
    async fn open() -> Self {
        let (file, body) = file_of(PARTS * PART - 7);
        Self { fake: Fake::start().await, folder: tempfile::tempdir().unwrap(), file, body }
    }

    /// One request at a time, so that it is known which parts are there.
    fn client(&self, version: SignVersion, observer: Observer) -> Client {
        let mut config = self.fake.config();
        config.sign_version = version;
        config.max_concurrent_requests = 1;
        self.fake.client(config, observer)
    }

    async fn upload(&self, client: &Client, options: &UploadOptions) -> Result<Uploaded, TransferError> {
        client.upload_resumable(&key("照片/a"), self.file.path(), self.folder.path(), options).await
    }

    /// An upload that OSS refuses to go on with at part 4.
    async fn interrupted(&self, version: SignVersion) {
        self.fake.mistreat("UploadPart 4", &[Fault::Refuse(403, "AccessDenied")]);
        let outcome = self.upload(&self.client(version, Observer::silent()), &UploadOptions::default()).await;
        assert_eq!(outcome.unwrap_err().code(), "AccessDenied");
        self.fake.world().log.clear();
    }

    async fn saved(&self) -> Vec<SavedCheckpoint> {
        Checkpoint::list(self.folder.path()).await.unwrap()
    }

    fn assert_whole(&self, uploaded: &Uploaded) {
        assert_eq!(self.fake.world().objects["照片/a"].body, self.body);
        assert_eq!((uploaded.size, uploaded.crc64), (self.body.len() as u64, crc64(&self.body)));
        assert!(self.fake.world().uploads.is_empty());
        assert_eq!(fs::read_dir(self.folder.path()).unwrap().count(), 0, "nothing is left in the folder");
    }
}

#[tokio::test]
async fn the_second_run_sends_what_is_missing_and_nothing_else() {
    for version in [SignVersion::V4, SignVersion::V1] {
        let stage = Stage::open().await;
        stage.interrupted(version).await;
        let (observer, events) = recorder();
        let client = stage.client(version, observer);
        let [saved] = &stage.saved().await[..] else { panic!("one checkpoint") };
        assert_eq!((saved.checkpoint.part_count(), saved.checkpoint.confirmed()), (PARTS as u64, 3 * PART as u64));
        assert_eq!(saved.checkpoint.file, stage.file.path());
        let map = client.part_map(&saved.checkpoint).await.unwrap();
        assert!(map.known);
        assert_eq!(map.parts.iter().filter(|part| part.here && part.at_oss).count(), 3);
        assert_eq!(map.parts.iter().map(|part| part.size).sum::<u64>(), stage.body.len() as u64);
        let uploaded = stage.upload(&client, &UploadOptions::default()).await.unwrap();
        stage.assert_whole(&uploaded);
        assert_eq!(stage.fake.count("UploadPart"), PARTS - 3);
        assert_eq!(stage.fake.count("InitiateMultipartUpload"), 0);
        assert_eq!(uploaded.held, 3 * PART as u64);
        assert_eq!(uploaded.resent, PART as u64, "the part that was refused");
        let resumed = Event::UploadResumed { key: "照片/a".to_owned(), parts: vec![1, 2, 3], bytes: 3 * PART as u64 };
        assert!(events.lock().unwrap().contains(&resumed));
    }
}

#[tokio::test]
async fn the_checkpoint_is_there_before_the_first_part() {
    let stage = Stage::open().await;
    stage.fake.mistreat("UploadPart 1", &[Fault::Silence]);
    let client = stage.client(SignVersion::V4, Observer::silent());
    let options = UploadOptions::default();
    let upload = stage.upload(&client, &options);
    tokio::select! {
        outcome = upload => panic!("it hangs: {outcome:?}"),
        () = stage.fake.wait_for("UploadPart 1") => {}
    }
    // The future was dropped half-way, as a kill would have it.
    let [saved] = &stage.saved().await[..] else { panic!("one checkpoint") };
    assert!(stage.fake.world().uploads.contains_key(&saved.checkpoint.upload_id));
    stage.assert_whole(&stage.upload(&client, &options).await.unwrap());
    assert_eq!(stage.fake.count("InitiateMultipartUpload"), 1);
}

#[tokio::test]
async fn what_oss_holds_counts_even_if_the_checkpoint_does_not_know() {
    let stage = Stage::open().await;
    stage.interrupted(SignVersion::V4).await;
    let [saved] = &stage.saved().await[..] else { panic!("one checkpoint") };
    // The checkpoint as it was just after Initiate; at OSS one part has other bytes than the file, one is too short.
    let text = fs::read_to_string(&saved.path).unwrap();
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    value["parts"] = serde_json::json!({});
    value["sent"] = 0.into();
    fs::write(&saved.path, value.to_string()).unwrap();
    let id = saved.checkpoint.upload_id.clone();
    let held = stage.fake.world().uploads[&id].clone();
    stage.fake.world().uploads.get_mut(&id).unwrap().insert(2, vec![b'x'; PART].into());
    stage.fake.world().uploads.get_mut(&id).unwrap().insert(3, held[&3].slice(1..));
    let client = stage.client(SignVersion::V4, Observer::silent());
    stage.assert_whole(&stage.upload(&client, &UploadOptions::default()).await.unwrap());
    assert_eq!((stage.fake.count("UploadPart"), stage.fake.count("UploadPart 1")), (PARTS - 1, 0));
}

/// An upload that ends, as by a kill, when it tells of the event of this number; whether there was one.
async fn killed_at(stage: &Stage, number: usize) -> bool {
    let (moment, told) = (Arc::new(Notify::new()), AtomicUsize::new(0));
    let reached = Arc::clone(&moment);
    let client = stage.client(
        SignVersion::V4,
        Observer::new(move |_| {
            if told.fetch_add(1, Ordering::Relaxed) == number {
                reached.notify_one();
            }
        }),
    );
    let options = UploadOptions::default();
    let killed = tokio::select! {
        biased;
        () = moment.notified() => true,
        outcome = stage.upload(&client, &options) => outcome.map(|_| false).unwrap(),
    };
    // What was on its way arrives, or breaks off.
    while stage.fake.world().running > 0 {
        tokio::task::yield_now().await;
    }
    killed
}

#[tokio::test]
async fn killed_at_each_moment_that_is_told_it_goes_on_and_sends_nothing_that_oss_holds() {
    let mut moments = 0;
    loop {
        let stage = Stage::open().await;
        if !killed_at(&stage, moments).await {
            break;
        }
        let held: Vec<u32> =
            stage.fake.world().uploads.values().flat_map(|parts| parts.keys().copied().collect::<Vec<_>>()).collect();
        let complete = stage.fake.world().objects.contains_key("照片/a");
        stage.fake.world().log.clear();
        let client = stage.client(SignVersion::V4, Observer::silent());
        let uploaded = stage.upload(&client, &UploadOptions::default()).await.unwrap();
        assert_eq!(stage.fake.world().objects["照片/a"].body, stage.body, "{moments}");
        assert_eq!(uploaded.crc64, crc64(&stage.body), "{moments}");
        let again: Vec<_> = held.iter().filter(|part| stage.fake.count(&format!("UploadPart {part}")) > 0).collect();
        assert!(again.is_empty(), "{moments}: {again:?} were at OSS, and sent again");
        if complete && stage.fake.count("InitiateMultipartUpload") == 0 {
            assert_eq!(stage.fake.count("UploadPart"), 0, "{moments}");
        }
        assert_eq!(fs::read_dir(stage.folder.path()).unwrap().count(), 0, "{moments}: nothing is left in the folder");
        moments += 1;
    }
    // Seven requests of five events each at least, and parts besides.
    assert!(moments > 50, "{moments}");
}

#[tokio::test]
async fn a_kill_while_the_checkpoint_is_written_costs_nothing_and_leaves_nothing() {
    let stage = Stage::open().await;
    stage.interrupted(SignVersion::V4).await;
    // Half of the next checkpoint lies beside the last whole one.
    let mut torn = stage.saved().await[0].path.clone().into_os_string();
    torn.push(".tmp");
    fs::write(torn, "{\"version\": 1, \"bucket").unwrap();
    assert_eq!(stage.saved().await.len(), 1, "it is no checkpoint");
    let client = stage.client(SignVersion::V4, Observer::silent());
    stage.assert_whole(&stage.upload(&client, &UploadOptions::default()).await.unwrap());
    assert_eq!(stage.fake.count("UploadPart"), PARTS - 3);
}

/// Something that happens to a checkpoint, its file, or OSS between two runs.
type Change = fn(&Stage, &SavedCheckpoint);

#[tokio::test]
async fn a_checkpoint_that_does_not_fit_begins_a_new_upload_and_ends_the_old_one() {
    let changes: [(&str, bool, Change); 5] = [
        ("the file was modified since", true, |stage, _| {
            let later =
                fs::metadata(stage.file.path()).unwrap().modified().unwrap() + std::time::Duration::from_secs(1);
            stage.file.as_file().set_modified(later).unwrap();
        }),
        ("the file begins with other bytes", true, |_, saved| edit(&saved.path, "head_md5", "0".into())),
        ("the file's size has changed", true, |_, saved| edit(&saved.path, "size", 1.into())),
        ("version", false, |_, saved| edit(&saved.path, "version", 99.into())),
        ("EOF", false, |_, saved| fs::write(&saved.path, "").unwrap()),
    ];
    for (reason, aborted, change) in changes {
        let stage = Stage::open().await;
        stage.interrupted(SignVersion::V4).await;
        change(&stage, &stage.saved().await[0]);
        let (observer, events) = recorder();
        let client = stage.client(SignVersion::V4, observer);
        let uploaded = stage.upload(&client, &UploadOptions::default()).await.unwrap();
        assert_eq!((uploaded.held, stage.fake.count("UploadPart")), (0, PARTS), "{reason}");
        assert_eq!(stage.fake.count("AbortMultipartUpload"), usize::from(aborted), "{reason}");
        assert_eq!(stage.fake.world().objects["照片/a"].body, stage.body, "{reason}");
        let told = events
            .lock()
            .unwrap()
            .iter()
            .any(|event| matches!(event, Event::CheckpointRejected { reason: told, .. } if told.contains(reason)));
        assert!(told, "{reason}: {:?}", events.lock().unwrap());
    }
}

fn edit(path: &Path, name: &str, value: serde_json::Value) {
    let mut all: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    all[name] = value;
    fs::write(path, all.to_string()).unwrap();
}

#[tokio::test]
async fn an_upload_that_is_gone_at_oss_begins_anew_unless_the_object_is_there() {
    // Aborted by somebody.
    let stage = Stage::open().await;
    stage.interrupted(SignVersion::V4).await;
    stage.fake.world().uploads.clear();
    let client = stage.client(SignVersion::V4, Observer::silent());
    let map = client.part_map(&stage.saved().await[0].checkpoint).await.unwrap();
    assert!(!map.known && map.parts.iter().all(|part| !part.at_oss));
    stage.assert_whole(&stage.upload(&client, &UploadOptions::default()).await.unwrap());
    assert_eq!(stage.fake.count("UploadPart"), PARTS);

    // Completed, but killed before the answer came: the checkpoint stayed.
    let stage = Stage::open().await;
    stage.interrupted(SignVersion::V4).await;
    let saved = stage.saved().await.remove(0);
    let text = fs::read(&saved.path).unwrap();
    let client = stage.client(SignVersion::V4, Observer::silent());
    stage.upload(&client, &UploadOptions::default()).await.unwrap();
    fs::write(&saved.path, text).unwrap();
    stage.fake.world().log.clear();
    let uploaded = stage.upload(&client, &UploadOptions::default()).await.unwrap();
    stage.assert_whole(&uploaded);
    assert_eq!((stage.fake.count("UploadPart"), uploaded.held), (0, stage.body.len() as u64));
}

#[tokio::test]
async fn a_token_that_may_not_list_parts_resumes_by_the_checkpoint() {
    let stage = Stage::open().await;
    stage.interrupted(SignVersion::V4).await;
    stage.fake.mistreat("ListParts", &[Fault::Refuse(403, "AccessDenied")]);
    let client = stage.client(SignVersion::V4, Observer::silent());
    stage.assert_whole(&stage.upload(&client, &UploadOptions::default()).await.unwrap());
    assert_eq!(stage.fake.count("UploadPart"), PARTS - 3);
}

#[tokio::test]
async fn pausing_keeps_everything_cancelling_and_discarding_keep_nothing() {
    for way in ["pause", "cancel", "discard"] {
        let stage = Stage::open().await;
        stage.fake.mistreat("UploadPart 3", &[Fault::Silence]);
        let client = stage.client(SignVersion::V4, Observer::silent());
        let options = UploadOptions { cancel: CancelToken::new(), ..UploadOptions::default() };
        let (outcome, ()) = tokio::join!(stage.upload(&client, &options), async {
            stage.fake.wait_for("UploadPart 3").await;
            if way == "cancel" { options.cancel.cancel() } else { options.cancel.pause() }
        });
        let code = outcome.unwrap_err().code().to_owned();
        if way == "cancel" {
            assert_eq!(
                (code.as_str(), stage.saved().await.len(), stage.fake.world().uploads.len()),
                ("Cancelled", 0, 0)
            );
            continue;
        }
        let saved = stage.saved().await;
        assert_eq!((code.as_str(), saved.len(), stage.fake.world().uploads.len()), ("Paused", 1, 1));
        assert_eq!(saved[0].checkpoint.confirmed(), 2 * PART as u64);
        if way == "discard" {
            client.discard(&saved[0]).await.unwrap();
            assert_eq!((stage.saved().await.len(), stage.fake.world().uploads.len()), (0, 0));
        } else {
            stage.assert_whole(&stage.upload(&client, &UploadOptions::default()).await.unwrap());
            assert_eq!(stage.fake.count("UploadPart 1"), 1);
        }
    }
}

#[tokio::test]
async fn two_at_once_do_not_carry_on_the_same_upload() {
    let stage = Stage::open().await;
    stage.fake.mistreat("UploadPart 1", &[Fault::Silence]);
    let client = stage.client(SignVersion::V4, Observer::silent());
    let options = UploadOptions::default();
    tokio::select! {
        outcome = stage.upload(&client, &options) => panic!("it hangs: {outcome:?}"),
        () = async {
            stage.fake.wait_for("UploadPart 1").await;
            let second = stage.fake.plain_client();
            assert_eq!(stage.upload(&second, &options).await.unwrap_err().code(), "Busy");
        } => {}
    }
}

#[tokio::test]
async fn a_file_that_changes_takes_its_upload_with_it() {
    let stage = Stage::open().await;
    stage.fake.mistreat("UploadPart 3", &[Fault::Refuse(503, "ServiceUnavailable")]);
    let file = stage.file.reopen().unwrap();
    let changed = Observer::new(move |event| {
        if matches!(event, Event::Retrying { .. }) {
            file.set_len(1).unwrap();
        }
    });
    let client = stage.client(SignVersion::V4, changed);
    let error = stage.upload(&client, &UploadOptions::default()).await.unwrap_err();
    assert_eq!(error.code(), "FileChanged");
    assert!(stage.fake.world().uploads.is_empty() && stage.saved().await.is_empty());
}
