//! The objects' screen beside the real app server and emulator: what the token may see, and what it may not.

use client_ui::settings::Settings;
use egui_kittest::kittest::Queryable as _;
use shared::credentials::Credentials;
use shared::object_key::ObjectKey;
use shared::secret::Secret;
use transfer::{CredentialsSource, Observer, UploadOptions};

use crate::window::{DOWNLOADS, Desk};

fn press(desk: &mut Desk, label: &str) {
    desk.harness.get_by_label_contains(label).click_accesskit();
    desk.settle();
}

#[test]
fn the_folder_of_the_token_is_walked_and_each_refusal_has_its_reason() {
    let photo = samples::photo(320, 240, 5);
    let mut desk = Desk::new(&photo, "湖.jpg", |world| Settings {
        app_server: world.token_url.clone(),
        object_name: "{prefix}2017/{name}".to_owned(),
        ..Settings::default()
    });
    desk.click("Configure");
    desk.click("Select Image");
    desk.click("Upload");
    desk.click("Objects");
    press(&mut desk, "Folder 2017/");
    desk.click("Pictures");
    let key = "users/demo/2017/湖.jpg";
    let thumb = desk.harness.state().state().objects.thumbs.get(key).map(|pixels| pixels.size);
    assert_eq!(thumb, Some([256, 192]), "IMG made it");
    desk.click("湖.jpg");
    assert!(desk.sees(&shared::crc64::crc64(&photo).to_string()));
    assert!(desk.sees("may not be read with this token"), "its tags");
    desk.keep("7-objects");

    // A copy is a GET and a PUT in the token's folder, which it may do.
    desk.click("Copy");
    assert!(desk.sees("Copied to users/demo/2017/湖-copy.jpg"));
    assert_eq!(desk.harness.state().state().objects.objects.len(), 2);

    desk.click("Delete");
    desk.click("Delete it");
    assert!(desk.sees("The object was not deleted"));
    desk.click("Why was I denied?");
    assert!(desk.sees("Refused: DeleteObject"));

    desk.click("Objects");
    let bucket = desk.world.emulator.bucket.clone();
    desk.click(&bucket);
    assert!(desk.sees("The folder cannot be listed"));
    desk.click("Why was I denied?");
    assert!(desk.sees(&format!("Refused: ListObjects {bucket}, no prefix")));
    desk.close();
}

#[test]
fn a_download_of_the_window_outlives_its_kill_is_checked_and_replaces_nothing() {
    const MIB: usize = 1024 * 1024;
    let bytes: Vec<u8> = (0..8 * MIB + 5).map(|at| (at % 251) as u8).collect();
    let mut desk = Desk::new(&[], "unused.jpg", |world| Settings {
        app_server: world.token_url.clone(),
        // Slow enough to be killed half way.
        limit: 8_000,
        ..Settings::default()
    });
    let ready = &desk.world.emulator;
    let owner = Credentials::long_term(&ready.access_key_id, Secret::new(&ready.access_key_secret));
    let provider = desk.world.provider(CredentialsSource::Fixed(owner), Observer::silent()).unwrap();
    let key = ObjectKey::parse("users/demo/large.bin").unwrap();
    let client = desk.world.client(provider).unwrap();
    desk.runtime.block_on(client.put_bytes(&key, bytes.clone().into(), &UploadOptions::default())).unwrap();
    let folder = desk.folder.path().join(DOWNLOADS);
    let select = |desk: &mut Desk| {
        desk.click("Configure");
        desk.click("Objects");
        press(desk, "Object large.bin");
    };
    let ranges = |desk: &Desk| {
        let decisions = desk.world.decisions(0);
        let gets = decisions.iter().filter(|decision| decision.operation == "GetObject" && decision.status == 206);
        gets.map(|decision| decision.bytes_out).sum::<u64>()
    };
    // The bytes of the ranges that are written down.
    let kept = |folder: &std::path::Path| {
        let text = std::fs::read(folder.join(".large.bin.part.json")).unwrap_or_default();
        let record: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
        let parts = record["parts"].as_object().map(|parts| parts.keys().cloned().collect::<Vec<_>>());
        parts.unwrap_or_default().iter().map(|number| if number == "9" { 5 } else { MIB }).sum::<usize>()
    };
    select(&mut desk);
    desk.harness.get_by_label("Download").click();
    desk.harness.run();
    desk.until(|_| kept(&folder) >= 2 * MIB);
    desk.kill_and_open();
    let held = kept(&folder);
    assert!(held < bytes.len() && !folder.join("large.bin").exists(), "killed half way: {held}");
    let before = ranges(&desk);
    select(&mut desk);
    desk.click("Download");
    assert!(desk.sees("Downloaded and checked: "));
    assert!(std::fs::read(folder.join("large.bin")).unwrap() == bytes);
    let fetched = ranges(&desk) - before;
    assert!(fetched as usize <= bytes.len() - held, "{fetched} bytes, though {held} were here");

    // Once more, beside what the person has made of the first.
    std::fs::write(folder.join("large.bin"), "mine").unwrap();
    desk.click("Download");
    assert!(std::fs::read(folder.join("large (1).bin")).unwrap() == bytes);
    assert_eq!(std::fs::read(folder.join("large.bin")).unwrap(), b"mine");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2, "nothing is left beside them");
    desk.close();
}
