//! The wire's screen: messages light its arrows, a request is seen as a whole and copied, a refusal leads to the policy lab.

use crate::support::Desk;
use std::sync::Arc;

use client_ui::command::{Command, Event, WireCommand, WireEvent};
use client_ui::gallery::talk::{self, MISSIGNED, Saying};
use client_ui::screen::Screen;
use client_ui::settings::ThemeChoice;
use egui::Key;
use egui_kittest::kittest::Queryable as _;
use shared::decision::{Decision, LayerOutcome};

const PHONE: [u32; 2] = [480, 900];
const USUAL: [u32; 2] = [1280, 900];

fn watched(size: [u32; 2], theme: ThemeChoice) -> Desk {
    let mut desk = Desk::new(size, theme);
    desk.type_into("App server", "http://127.0.0.1:8080");
    desk.configure();
    desk.click("Wire");
    desk.report(talk::ALL.iter().flat_map(talk::heard));
    desk
}

#[test]
fn messages_pass_between_the_roles_and_each_is_seen_as_a_whole() {
    for (size, theme, name) in [
        (USUAL, ThemeChoice::Light, "usual-light"),
        (USUAL, ThemeChoice::Dark, "usual-dark"),
        (PHONE, ThemeChoice::Light, "phone-light"),
    ] {
        let mut desk = watched(size, theme);
        assert!(desk.sees("1 tokens from the app server, 1 keys from STS, 3 requests to OSS"));
        desk.press("PutObject users/alice/雪山 sunrise.jpg: 200");
        assert!(desk.sees("Request headers"));
        assert!(desk.sees("PUT http://127.0.0.1:9000/holiday-photos/users/alice/"));
        desk.shot(&format!("wire-{name}"));
    }
}

#[test]
fn the_list_is_filtered_and_cleared() {
    let mut desk = watched(USUAL, ThemeChoice::Light);
    desk.click("Failed");
    assert!(desk.sees("PutObject users/bob/x.jpg: 403") && !desk.sees("GetToken"));
    desk.harness.get_all_by_label("App server").last().unwrap().click_accesskit();
    desk.harness.run();
    assert!(desk.sees("GetToken") && !desk.sees("PutObject users/bob/x.jpg: 403"));
    desk.click("Clear");
    assert!(desk.sees("Nothing has been said yet"));
}

#[test]
fn keys_lead_from_request_to_request_and_the_list_follows() {
    let mut desk = watched(PHONE, ThemeChoice::Dark);
    desk.report((10..90).flat_map(|id| talk::heard(&Saying { id, ..talk::ALL[1] })));
    let shown = |desk: &Desk| desk.harness.state().state().wire.selected.map(|id| id.0);
    let press = |desk: &mut Desk, key| {
        desk.harness.key_press(key);
        desk.harness.run();
    };
    press(&mut desk, Key::ArrowUp);
    assert_eq!(shown(&desk), None, "there is none above");
    for id in (60..90).rev() {
        press(&mut desk, Key::ArrowDown);
        assert_eq!(shown(&desk), Some(id));
    }
    let rows = desk.harness.query_all_by_label_contains("PutObject users").count();
    assert!((4..20).contains(&rows), "{rows} rows are laid out: those in sight");
    desk.shot("wire-keys");
    desk.report(talk::heard(&talk::ALL[0]));
    press(&mut desk, Key::ArrowUp);
    assert_eq!(shown(&desk), Some(61), "what comes in meanwhile moves nothing");
    desk.harness.get_by_label("Copy as curl").focus();
    desk.harness.run();
    press(&mut desk, Key::ArrowDown);
    assert_eq!(shown(&desk), Some(61), "the keys are another widget's");
}

#[test]
fn a_refusal_leads_to_its_place_in_the_lab() {
    let mut desk = watched(USUAL, ThemeChoice::Light);
    desk.press("PutObject users/bob/x.jpg: 403");
    assert!(desk.sees("Access denied by authorizer's policy."));
    desk.click("Why was I denied?");
    assert_eq!(desk.harness.state().state().screen, Screen::Lab);
    assert!(desk.sees("users/bob/x.jpg: denied, role allows, session does not allow"));
}

#[test]
fn what_an_emulator_decided_stands_beside_the_request() {
    let mut desk = watched(USUAL, ThemeChoice::Light);
    assert!(desk.sees("Dashed: out of this app's sight"));
    let session = LayerOutcome {
        layer: "session".to_owned(),
        effect: "ImplicitDeny".to_owned(),
        because: "no statement allows it".to_owned(),
        ..LayerOutcome::default()
    };
    let identity = LayerOutcome {
        layer: "identity".to_owned(),
        effect: "Allow".to_owned(),
        statement: Some(3),
        because: "it allows the folder".to_owned(),
    };
    let denied = Decision {
        sequence: 2,
        service: "oss".to_owned(),
        request_id: talk::ID.to_owned(),
        action: "oss:PutObject".to_owned(),
        layers: vec![session, identity],
        faults: vec!["latency 120 ms".to_owned()],
        ..Decision::default()
    };
    let assumed = Decision {
        sequence: 1,
        service: "sts".to_owned(),
        operation: "AssumeRole".to_owned(),
        status: 403,
        ..Decision::default()
    };
    let told = [assumed, denied].map(Arc::new);
    let witness = move |after: u64| -> Vec<Arc<Decision>> {
        told.iter().filter(|decision| decision.sequence > after).cloned().collect()
    };
    desk.harness.state_mut().watch(Arc::new(witness));
    desk.press("PutObject users/bob/x.jpg: 403");
    for fact in [
        "2 keys from STS",
        "The emulator tells what it decided",
        "ImplicitDeny (no statement allows it)",
        "Allow, by statement 3 (it allows the folder)",
        "latency 120 ms",
    ] {
        assert!(desk.sees(fact), "{fact} is not seen");
    }
    desk.shot("wire-decided");
}

#[test]
fn where_both_ends_signed_otherwise_is_marked() {
    let mut desk = watched(USUAL, ThemeChoice::Light);
    desk.report(talk::heard(&MISSIGNED));
    desk.press("sunrise.jpg: 403");
    assert!(desk.sees("They differ first in line 4."), "the canonical requests name two types");
    let marked = desk.harness.query_all_by_label("They differ first in line 4.").count();
    assert_eq!(marked, 2, "and the strings to sign two digests");
    desk.shot("wire-difference");
}

#[test]
fn a_request_is_copied_without_its_secrets_or_as_one_that_can_be_run() {
    let mut desk = watched(USUAL, ThemeChoice::Light);
    desk.press("PutObject users/bob/x.jpg: 403");
    desk.click("Copy as curl");
    assert!(desk.sees("Copied"));
    desk.commands();
    desk.click("Copy as presigned curl");
    let asked = desk.commands();
    assert!(
        matches!(&asked[..], [Command::Wire(WireCommand::Presign { exchange, .. })] if exchange.id.0 == 4),
        "{asked:?}"
    );
    desk.report([Event::Wire(WireEvent::Presigned(Ok("curl 'http://signed'".to_owned())))]);
    assert!(desk.sees("can repeat the request"));
}
