//! Downloads in ranges, appends, and the limit on bytes per second.

use std::fs;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use shared::crc64::crc64;
use tempfile::TempDir;
use transfer::{CancelToken, Client, DownloadOptions, Observer, ProgressFn, Tail, TransferError, UploadOptions};

use crate::fake::{Fake, Fault, key};
use crate::store::Stored;
use crate::uploads::PART;

const PARTS: usize = 5;

struct Stage {
    fake: Fake,
    folder: TempDir,
    body: Vec<u8>,
}

impl Stage {
    async fn open() -> Self {
        let body: Vec<u8> = (0..PARTS * PART - 9).map(|i| (i * 7 + i / 253) as u8).collect();
        let stage = Self { fake: Fake::start().await, folder: tempfile::tempdir().unwrap(), body };
        stage.store(&stage.body);
        stage
    }

    fn store(&self, body: &[u8]) {
        let stored = Stored { body: body.to_vec().into(), headers: Vec::new() };
        self.fake.world().objects.insert("a".to_owned(), stored);
    }

    /// One request at a time, so that it is known which ranges came.
    fn client(&self) -> Client {
        let mut config = self.fake.config();
        config.max_concurrent_requests = 1;
        self.fake.client(config, Observer::silent())
    }

    fn target(&self) -> PathBuf {
        self.folder.path().join("雪.jpg")
    }

    /// A download that OSS refuses to go on with at the fourth range.
    async fn interrupted(&self) {
        let mut config = self.fake.config();
        (config.max_concurrent_requests, config.max_error_retries) = (1, 0);
        let client = self.fake.client(config, Observer::silent());
        let options = DownloadOptions { cancel: CancelToken::new(), ..DownloadOptions::default() };
        let key = key("a");
        let target = self.target();
        let download = client.download_resumable(&key, &target, &options);
        let (outcome, ()) = tokio::join!(download, async {
            self.fake.wait_for_count("GetObject", 3).await;
            self.fake.mistreat("GetObject", &[Fault::Refuse(503, "SlowDown")]);
        });
        assert_eq!(outcome.unwrap_err().code(), "SlowDown");
        assert!(!self.target().exists(), "nothing is in place before it is whole");
        self.fake.world().log.clear();
    }

    fn files(&self) -> usize {
        fs::read_dir(self.folder.path()).unwrap().count()
    }
}

#[tokio::test]
async fn the_second_run_fetches_what_is_missing() {
    let stage = Stage::open().await;
    stage.interrupted().await;
    let done =
        stage.client().download_resumable(&key("a"), &stage.target(), &DownloadOptions::default()).await.unwrap();
    assert_eq!(fs::read(stage.target()).unwrap(), stage.body);
    assert_eq!((done.size, done.crc64, stage.files()), (stage.body.len() as u64, crc64(&stage.body), 1));
    assert!(stage.fake.count("GetObject") <= PARTS - 3, "{:?}", stage.fake.world().log);
}

#[tokio::test]
async fn what_lies_on_the_disk_is_believed_only_if_it_is_true() {
    for (case, fetched) in [("damaged", 3), ("replaced", PARTS), ("record lost", PARTS), ("data lost", PARTS)] {
        let stage = Stage::open().await;
        stage.interrupted().await;
        let (data, record) = (stage.folder.path().join(".雪.jpg.part"), stage.folder.path().join(".雪.jpg.part.json"));
        let mut body = stage.body.clone();
        match case {
            "damaged" => {
                let mut held = fs::read(&data).unwrap();
                held[PART + 1] ^= 1;
                fs::write(&data, held).unwrap();
            }
            "replaced" => {
                body[0] ^= 1;
                stage.store(&body);
            }
            "record lost" => fs::write(record, "{").unwrap(),
            _ => fs::remove_file(data).unwrap(),
        }
        let outcome = stage.client().download_resumable(&key("a"), &stage.target(), &DownloadOptions::default()).await;
        outcome.unwrap();
        assert!(fs::read(stage.target()).unwrap() == body, "{case}");
        assert!(stage.fake.count("GetObject") <= fetched, "{case}: {}", stage.fake.count("GetObject"));
        assert_eq!(stage.files(), 1, "{case}");
    }
}

#[tokio::test]
async fn an_object_that_is_replaced_meanwhile_is_not_mixed() {
    let stage = Stage::open().await;
    let (client, options, key, target) = (stage.client(), DownloadOptions::default(), key("a"), stage.target());
    let mut other = stage.body.clone();
    other[0] ^= 1;
    let (outcome, ()) = tokio::join!(client.download_resumable(&key, &target, &options), async {
        stage.fake.wait_for("GetObject").await;
        stage.store(&other);
    });
    assert_eq!(outcome.unwrap_err().code(), "PreconditionFailed");
    client.download_resumable(&key, &target, &options).await.unwrap();
    assert!(fs::read(target).unwrap() == other);
}

#[tokio::test]
async fn cancelling_leaves_nothing_and_pausing_leaves_what_came() {
    for (pause, code, left) in [(true, "Paused", 2), (false, "Cancelled", 0)] {
        let stage = Stage::open().await;
        let options = DownloadOptions { cancel: CancelToken::new(), ..DownloadOptions::default() };
        let (client, key, target) = (stage.client(), key("a"), stage.target());
        let (outcome, ()) = tokio::join!(client.download_resumable(&key, &target, &options), async {
            stage.fake.wait_for("GetObject").await;
            if pause { options.cancel.pause() } else { options.cancel.cancel() }
        });
        assert_eq!((outcome.unwrap_err().code(), stage.files()), (code, left));
    }
}

#[tokio::test]
async fn a_file_that_is_there_is_replaced_unless_it_is_to_be_kept() {
    for (part_size, what) in [(PART, "ranges"), (10 * PART, "one request")] {
        let stage = Stage::open().await;
        let mut config = stage.fake.config();
        config.part_size = part_size as u64;
        let client = stage.fake.client(config, Observer::silent());
        fs::write(stage.target(), "mine").unwrap();
        let keep = DownloadOptions { keep_existing: true, ..DownloadOptions::default() };
        let error = client.download_resumable(&key("a"), &stage.target(), &keep).await.unwrap_err();
        let TransferError::File { source, .. } = &error else { panic!("{what}: {error}") };
        assert_eq!(source.kind(), std::io::ErrorKind::AlreadyExists, "{what}");
        assert_eq!(fs::read(stage.target()).unwrap(), b"mine", "{what}");
        // What has come is not lost for whoever then makes room.
        stage.fake.world().log.clear();
        fs::rename(stage.target(), stage.folder.path().join("mine")).unwrap();
        client.download_resumable(&key("a"), &stage.target(), &keep).await.unwrap();
        assert!(fs::read(stage.target()).unwrap() == stage.body, "{what}");
        assert_eq!((stage.fake.count("GetObject"), stage.files()), (usize::from(part_size > PART), 2), "{what}");
        stage.store(b"other");
        client.download_resumable(&key("a"), &stage.target(), &DownloadOptions::default()).await.unwrap();
        assert_eq!(fs::read(stage.target()).unwrap(), b"other", "{what}: replaced");
    }
}

#[tokio::test]
async fn a_limit_that_is_lifted_lets_what_runs_go_at_once() {
    let fake = Fake::start().await;
    let mut config = fake.config();
    config.max_bytes_per_second = NonZeroU64::new(20_000);
    let client = fake.client(config, Observer::silent());
    let (lifted, began) = (client.clone(), Instant::now());
    let progress: ProgressFn = Arc::new(move |sent, _| {
        if sent >= 16_000 {
            lifted.limit(None).unwrap();
        }
    });
    let options = UploadOptions { progress: Some(progress), ..UploadOptions::default() };
    client.put_bytes(&key("a"), vec![1; 400_000].into(), &options).await.unwrap();
    // With the limit it would take 20 s.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(client.limit(NonZeroU64::new(1)).unwrap_err().code(), "Config");
}

#[tokio::test]
async fn an_object_grows_and_a_lost_answer_appends_nothing_twice() {
    let fake = Fake::start().await;
    let (client, options) = (fake.plain_client(), UploadOptions::default());
    let tail = client.append(&key("log"), Tail::default(), "one ".into(), &options).await.unwrap();
    fake.mistreat("AppendObject", &[Fault::Truncate]);
    let tail = client.append(&key("log"), tail, "two".into(), &options).await.unwrap();
    assert_eq!(&fake.world().objects["log"].body[..], b"one two");
    assert_eq!(tail, Tail { position: 7, crc64: crc64(b"one two") });
    let error = client.append(&key("log"), Tail::default(), "x".into(), &options).await.unwrap_err();
    assert_eq!(error.code(), "PositionNotEqualToLength");
}

#[tokio::test]
async fn a_limit_holds_for_all_requests_together_in_each_direction() {
    let fake = Fake::start().await;
    let mut config = fake.config();
    config.max_bytes_per_second = NonZeroU64::new(400_000);
    let client = fake.client(config, Observer::silent());
    let (options, body) = (UploadOptions::default(), vec![1_u8; 60_000]);
    let keys = [key("1"), key("2")];
    let began = Instant::now();
    let [one, two] = &keys;
    let (a, b) = tokio::join!(
        client.put_bytes(one, body.clone().into(), &options),
        client.put_bytes(two, body.clone().into(), &options)
    );
    assert!(a.is_ok() && b.is_ok());
    // 120 000 bytes, of which the last piece need not wait for its end.
    assert!(began.elapsed() >= Duration::from_millis(270), "{:?}", began.elapsed());
    let began = Instant::now();
    let (a, b) = tokio::join!(client.get(one, None), client.get(two, None));
    assert!(a.is_ok() && b.is_ok());
    assert!(began.elapsed() >= Duration::from_millis(100), "{:?}", began.elapsed());
    for rate in [1, 10 * 1024 - 1] {
        let mut config = fake.config();
        config.max_bytes_per_second = NonZeroU64::new(rate);
        let outcome = Client::new(config, fake.provider(&fake.clock), fake.clock.clone(), Observer::silent());
        assert_eq!(outcome.unwrap_err().code(), "Config", "{rate}");
    }
}
