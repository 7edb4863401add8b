//! The wire's screen beside the real app server and emulator: it shows what was said, leads from a refusal to its reason, and tells no secret.

use client_ui::settings::Settings;
use egui::OutputCommand;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tests::{Proxy, Trouble};
use tokio::runtime::Runtime;

use crate::window::Desk;

/// All that the window shows or tells a screen reader.
fn texts(desk: &Desk) -> Vec<String> {
    let nodes = desk.harness.query_all_by(|_| true);
    nodes.flat_map(|node| [node.accesskit_node().label(), node.value()]).flatten().collect()
}

/// Presses a button that copies; what is on the clipboard then.
fn copied(desk: &mut Desk, button: &str) -> String {
    desk.harness.get_by_label(button).click_accesskit();
    let copied = (0..4).find_map(|_| {
        desk.harness.step();
        desk.harness.output().platform_output.commands.iter().find_map(|command| match command {
            OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        })
    });
    desk.settle();
    copied.expect("something is copied")
}

#[test]
fn what_was_said_is_shown_without_a_secret_and_a_refusal_leads_to_its_reason() {
    let mut desk = Desk::new(&samples::photo(64, 48, 5), "湖.jpg", |world| Settings {
        app_server: world.token_url.clone(),
        ..Settings::default()
    });
    desk.harness.state_mut().watch(desk.world.witness());
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
        ("PutObject users/demo/湖.jpg: 200", "Allow, by statement 0"),
        ("ProcessObject users/demo/湖.jpg: 403", "ImplicitDeny"),
    ] {
        desk.harness.get_by_label(row).click_accesskit();
        desk.settle();
        let shown = texts(&desk);
        assert!(shown.iter().any(|text| text.contains(part)), "{row}: {shown:?}");
        let curl = copied(&mut desk, "Copy as curl");
        assert!(curl.starts_with("curl ") && curl.contains("http://127.0.0.1:"), "{curl}");
        for secret in &secrets {
            assert!(!shown.iter().any(|text| text.contains(secret.as_str())), "{row} shows a secret");
            assert!(!curl.contains(secret.as_str()), "{row} copies a secret");
        }
        assert!(!curl.contains("Signature="), "{curl}");
    }
    assert!(desk.sees("1 tokens from the app server, 1 keys from STS"), "STS tells of itself");
    desk.keep("6-wire");
    desk.click("Why was I denied?");
    assert!(desk.sees("Refused: ProcessObject"), "the lab is at what was refused");
    desk.close();
}

#[test]
fn where_what_was_signed_is_not_what_arrived_is_marked() {
    let network = Runtime::new().unwrap();
    let mut proxy = None;
    let mut desk = Desk::new(&samples::photo(64, 48, 5), "b.jpg", |world| {
        // The `b` arrives as a `c`.
        let at = format!("PUT /{}/{}", world.emulator.bucket, demo::world::PREFIX).len() as u64;
        let started = Proxy::start(&world.emulator.oss_endpoint, move |_| Trouble::DamageUp(at));
        let proxy = proxy.insert(network.block_on(started));
        Settings { app_server: world.token_url.clone(), endpoint: proxy.endpoint.clone(), ..Settings::default() }
    });
    desk.click("Configure");
    desk.click("Select Image");
    desk.click("Upload");
    desk.click("Wire");
    desk.harness.get_by_label("PutObject users/demo/b.jpg: 403").click_accesskit();
    desk.settle();
    desk.keep("7-wire-difference");
    assert!(desk.sees("SignatureDoesNotMatch"));
    assert!(desk.sees("They differ first in line 2."), "the canonical requests name two objects");
    assert!(desk.sees("They differ first in line 4."), "and the strings to sign two digests");
    assert!(texts(&desk).iter().any(|text| text.contains("/users/demo/c.jpg")), "OSS says what it saw");
    desk.close();
}
