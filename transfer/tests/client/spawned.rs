//! Every operation runs on whatever thread a runtime gives it: its future can be spawned.

use std::future::Future;
use std::path::Path;

use transfer::{Checkpoint, Client, DownloadOptions, Presign, Probe, Provider, SavedCheckpoint, Tail, UploadOptions};

use crate::fake::{Fake, key};
use crate::uploads::{PART, file_of};

/// Compiles only for what can be spawned.
fn spawnable<T>(future: impl Future<Output = T> + Send) {
    drop(future);
}

#[allow(dead_code)] // compiled, which is the test, and never run
fn every_operation(client: &Client, provider: &Provider, saved: &SavedCheckpoint, checkpoint: &Checkpoint) {
    let (key, path, uploading, downloading) =
        (key("a"), Path::new("a"), UploadOptions::default(), DownloadOptions::default());
    let life = std::time::Duration::from_secs(60);
    spawnable(client.put_bytes(&key, "".into(), &uploading));
    spawnable(client.upload_simple(&key, path, &uploading));
    spawnable(client.upload_multipart(&key, path, &uploading));
    spawnable(client.upload_resumable(&key, path, path, &uploading));
    spawnable(client.part_map(checkpoint));
    spawnable(client.discard(saved));
    spawnable(client.post_form(&key, "".into(), &uploading));
    spawnable(client.head(&key));
    spawnable(client.get(&key, None));
    spawnable(client.save_as(&key, "image/info", &key));
    spawnable(client.download(&key, path));
    spawnable(client.download_resumable(&key, path, &downloading));
    spawnable(client.append(&key, Tail::default(), "".into(), &uploading));
    spawnable(client.delete(&key));
    spawnable(client.list("", 1));
    spawnable(client.folder("", None));
    spawnable(client.open_uploads(""));
    spawnable(client.abort_upload(&key, ""));
    spawnable(client.tags(&key));
    spawnable(client.copy(&key, &key));
    spawnable(client.probe(Probe::PutObject, transfer::probe::Subject::Object(&key)));
    spawnable(client.presign("GET", &key, None, life));
    spawnable(client.presign_request(Presign { method: "GET", key: None, query: &[], headers: &[] }, life));
    spawnable(Checkpoint::list(path));
    spawnable(provider.grant());
    spawnable(provider.upload_records("", None));
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_run_on_tasks_of_their_own() {
    let fake = Fake::start().await;
    let (file, body) = file_of(3 * PART + 7);
    let folder = tempfile::tempdir().unwrap();
    let (client, from, to) = (fake.plain_client(), file.path().to_owned(), folder.path().join("copy"));
    let (checkpoints, target) = (folder.path().join("checkpoints"), to.clone());
    let work = tokio::spawn(async move {
        client.upload_resumable(&key("a"), &from, &checkpoints, &UploadOptions::default()).await?;
        client.download_resumable(&key("a"), &target, &DownloadOptions::default()).await
    });
    work.await.unwrap().unwrap();
    assert!(std::fs::read(to).unwrap() == body);
    assert_eq!(fake.count("GetObject"), 4, "in ranges");
}
