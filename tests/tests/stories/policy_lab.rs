//! The policy lab against the real token, app server and emulator: predictions, probes that leave nothing, drift.

use client_ui::lab::Observed;
use client_ui::settings::Settings;
use egui_kittest::kittest::Queryable as _;
use shared::clock::Clock as _;
use shared::credentials::Credentials;
use shared::secret::Secret;
use shared::sign::{SignVersion, Signer};
use tests::{Answer, Ask};

use crate::window::Desk;

/// A request by the RAM user whose key the emulator told.
fn by_the_user(desk: &Desk, ask: Ask) -> Answer {
    let ready = &desk.world.emulator;
    let key = Credentials::long_term(&ready.access_key_id, Secret::new(&ready.access_key_secret));
    let now = desk.world.clock.now();
    let mut request = ask.request;
    Signer { credentials: &key, region: &ready.region, version: SignVersion::V4, now }.sign_headers(&mut request);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    desk.runtime.block_on(Answer::of(&http, &ready.oss_endpoint, &request, ask.body))
}

#[test]
fn probes_agree_with_the_predictions_leave_nothing_and_show_drift() {
    let settings = |world: &demo::World| Settings { app_server: world.token_url.clone(), ..Settings::default() };
    let mut desk = Desk::new(&samples::photo(32, 24, 5), "p.jpg", settings);
    assert_eq!(by_the_user(&desk, Ask::new("PUT", "another-bucket", "")).status, 200);
    desk.click("Configure");
    desk.click("Policy lab");
    desk.click("Ask OSS itself");
    assert!(desk.sees("OSS agrees with the prediction in 57 cells"), "all of them, also in the other bucket");
    desk.keep("5-policy-lab");
    let lab = &desk.harness.state().state().lab;
    let allowed = lab.probes.observed.values().filter(|seen| matches!(seen, Observed::Allowed(_))).count();
    assert_eq!(allowed, 6, "put, get, the three of multipart, and the listing: each in the own folder");

    let bucket = desk.world.emulator.bucket.clone();
    for bucket in [bucket.as_str(), "another-bucket"] {
        let listed = by_the_user(&desk, Ask::new("GET", bucket, ""));
        assert_eq!(listed.leaves("ListBucketResult/Contents/Key"), [""; 0], "{bucket}");
        let uploads = by_the_user(&desk, Ask::new("GET", bucket, "").param("uploads", ""));
        assert_eq!(uploads.leaves("ListMultipartUploadsResult/Upload/Key"), [""; 0], "{bucket}");
    }

    // The token does not have the policy that the editor now shows.
    desk.click("Write");
    assert!(desk.sees("OSS disagrees in 2 cells"), "reading and listing the own folder");
    desk.harness.get_by_label_contains("GetObject in Own folder").click();
    desk.settle();
    assert!(desk.sees("That is not what the policies here say"));
    desk.close();
}

#[test]
fn the_smallest_policy_for_what_was_done_is_proven_and_put_into_the_editor() {
    let settings = |world: &demo::World| Settings { app_server: world.token_url.clone(), ..Settings::default() };
    let mut desk = Desk::new(&samples::photo(64, 48, 5), "湖.jpg", settings);
    desk.harness.state_mut().watch(desk.world.witness());
    desk.click("Configure");
    desk.click("Select Image");
    desk.click("Upload");
    desk.click("Make a thumbnail");
    desk.click("Policy lab");
    desk.harness.get_by_label_contains("The smallest policy for the").click_accesskit();
    desk.settle();
    assert!(desk.sees("requests come out under it as they did, and without any one action some would be refused"));
    for action in ["oss:GetObject", "oss:PutObject"] {
        assert!(desk.sees(&format!("Without {action}, ")), "{action}");
    }
    let lab = &desk.harness.state().state().lab;
    let text = &lab.editors[1].text;
    assert!(text.contains("acs:oss:*:*:$BUCKET_NAME/$OBJECT_PREFIX*") && !text.contains("oss:DeleteObject"), "{text}");
    assert!(desk.sees("Proven: the token touches nothing outside of"), "it leaks nothing");
    assert!(desk.sees("Allows less than as loaded"), "it is less than the template");
    desk.keep("15-smallest");
    desk.close();
}

#[test]
fn a_policy_is_loaded_with_its_tests_and_saved() {
    let settings = |world: &demo::World| Settings { app_server: world.token_url.clone(), ..Settings::default() };
    let mut desk = Desk::new(&samples::photo(32, 24, 5), "p.jpg", settings);
    let folder = desk.folder.path().to_owned();
    std::fs::create_dir(folder.join("tests")).unwrap();
    std::fs::write(folder.join("own.txt"), include_str!("../../../policy/bucket_read_policy.txt")).unwrap();
    std::fs::write(folder.join("tests/own.json"), include_str!("../../../policy/tests/bucket_read_policy.json"))
        .unwrap();
    desk.click("Policy lab");
    desk.harness.get_by_label("Policy file").focus();
    desk.harness.run();
    desk.harness.get_by_label("Policy file").type_text(&folder.join("own.txt").display().to_string());
    desk.settle();
    desk.click("Load");
    assert!(desk.sees("3 of 3 pass"));
    desk.harness.get_by_label_contains("PutObject in Own folder").click();
    desk.settle();
    desk.click("Add to the session policy");
    assert!(desk.sees("2 of 3 pass"));
    desk.click("Save");
    assert!(desk.sees("Saved to"));
    assert!(std::fs::read_to_string(folder.join("own.txt")).unwrap().contains("oss:PutObject"));
    desk.close();
}

#[test]
fn from_a_refused_upload_to_the_layer_that_refused_it() {
    let mut desk = Desk::new(&samples::photo(32, 24, 5), "p.jpg", |world| Settings {
        app_server: world.token_url.clone(),
        object_name: "users/somebody-else/{name}".to_owned(),
        ..Settings::default()
    });
    desk.click("Configure");
    desk.click("Select Image");
    desk.click("Upload");
    desk.click("Why was I denied?");
    assert!(desk.sees("users/somebody-else/p.jpg: denied, role allows, session does not allow"));
    // What the lab says is word for word what OSS said.
    for words in ["0003-00000301", "Access denied by authorizer&apos;s policy.", "SessionPolicy", "ImplicitDeny"] {
        assert!(desk.sees(words), "{words}");
    }
    desk.close();
}
