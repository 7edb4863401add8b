//! The wire's screen beside the real app server and emulator: it shows what was said, leads from a refusal to its reason, and tells no secret.

use client_ui::settings::Settings;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::window::Desk;

/// All that the window shows or tells a screen reader.
fn texts(desk: &Desk) -> Vec<String> {
    let nodes = desk.harness.query_all_by(|_| true);
    nodes.flat_map(|node| [node.accesskit_node().label(), node.value()]).flatten().collect()
}

#[test]
fn what_was_said_is_shown_without_a_secret_and_a_refusal_leads_to_its_reason() {
    let mut desk = Desk::new(&samples::photo(64, 48, 5), "湖.jpg", |world| Settings {
        app_server: world.token_url.clone(),
        ..Settings::default()
    });
    desk.click("Configure");
    desk.click("Select Image");
    desk.click("Upload");
    desk.click("Make a thumbnail");
    // The token may not do this.
    desk.click("Save");
    desk.click("Wire");
    let grant = desk.runtime.block_on(desk.world.app_provider().unwrap().grant()).unwrap();
    let mut secrets = vec![grant.credentials.access_key_secret.expose().to_owned()];
    secrets.extend(grant.credentials.security_token.map(|token| token.expose().to_owned()));
    assert_eq!(secrets.len(), 2);
    for (row, part) in [
        ("GetToken : 200", "Answer headers"),
        ("PutObject users/demo/湖.jpg: 200", "Canonical request"),
        ("ProcessObject users/demo/湖.jpg: 403", "oss:PostProcessTask"),
    ] {
        desk.harness.get_by_label(row).click_accesskit();
        desk.settle();
        let shown = texts(&desk);
        assert!(shown.iter().any(|text| text.contains(part)), "{row}: {shown:?}");
        for secret in &secrets {
            assert!(!shown.iter().any(|text| text.contains(secret.as_str())), "{row} shows a secret");
        }
    }
    desk.keep("6-wire");
    desk.click("Why was I denied?");
    assert!(desk.sees("Refused: ProcessObject"), "the lab is at what was refused");
    desk.close();
}
