//! The conditions' screen beside the real app server and emulator: time moves, clocks differ, faults strike, many apps ask; and all of it ends.

use client_ui::settings::{Settings, UploadMode};
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;

use crate::window::Desk;

fn desk(picture: &[u8], mode: UploadMode) -> Desk {
    let mut desk = Desk::new(picture, "tunnel.bin", |world| Settings {
        app_server: world.token_url.clone(),
        control: world.emulator.control_endpoint.clone(),
        mode,
        ..Settings::default()
    });
    desk.click("Configure");
    desk.click("Conditions");
    desk
}

fn press(desk: &mut Desk, part: &str) {
    let is_it = |node: &egui_kittest::kittest::AccessKitNode<'_>| {
        matches!(node.role(), Role::Button | Role::Tab) && node.label().is_some_and(|label| label.contains(part))
    };
    desk.harness.get_by(is_it).click_accesskit();
    desk.settle();
}

/// How the emulator answered the requests of `operation`, oldest first: `200` or an error's code.
fn answers(desk: &Desk, operation: &str) -> Vec<String> {
    let decisions = desk.world.decisions(0);
    let of_it = decisions.iter().filter(|decision| decision.operation == operation);
    of_it.map(|d| if d.error_code.is_empty() { d.status.to_string() } else { d.error_code.clone() }).collect()
}

#[test]
fn a_token_is_led_through_its_life_and_a_wrong_clock_is_corrected() {
    let mut desk = desk(&samples::photo(64, 48, 5), UploadMode::Simple);
    assert!(desk.sees("The life of the token") && desk.sees("0 of them parts, 0 refused"));
    press(&mut desk, "Stop time");
    assert!(desk.sees("Time stands still.") && desk.sees("Let time go on"));
    press(&mut desk, "To where the app replaces it");
    press(&mut desk, "Send a request");
    assert_eq!(answers(&desk, "AssumeRole"), ["200", "200"], "past the prefetch point the app asks for another token");
    press(&mut desk, "To just behind its end");
    press(&mut desk, "Send a request");
    assert_eq!(answers(&desk, "AssumeRole").len(), 3);
    press(&mut desk, "Let time go on");

    // A token of 15 minutes is no good 20 minutes later, so OSS is put behind.
    press(&mut desk, "20 behind");
    assert!(desk.sees("The clock of OSS and STS is 20:00 behind."), "the banner says so");
    press(&mut desk, "Send a request");
    let shown = answers(&desk, "HeadObject");
    assert!(shown.contains(&"RequestTimeTooSkewed".to_owned()), "{shown:?}");
    assert_eq!(shown.last().map(String::as_str), Some("NoSuchKey"), "it was corrected: {shown:?}");
    assert!(desk.sees("1 refused"), "the time line shows the refusal");
    desk.keep("12-time");
    press(&mut desk, "Back to normal");
    assert!(!desk.sees("behind.") && !desk.sees("Back to normal"), "the banner is gone");
    desk.close();
}

#[test]
fn faults_strike_and_are_counted_and_the_upload_arrives_all_the_same() {
    let bytes: Vec<u8> = (0..3 << 20).map(|at: u32| (at % 251) as u8).collect();
    let mut desk = desk(&bytes, UploadMode::Resumable);
    desk.click("Midnight expiry");
    assert!(desk.sees("Faults on purpose: Midnight expiry, seed 1."));
    desk.harness.get_by_role_and_label(Role::Tab, "Steps of the upload").click();
    desk.settle();
    assert!(desk.sees("Faults on purpose"), "the banner is on every screen");
    desk.click("Select Image");
    desk.click("Continue to Upload");
    desk.click("Upload");
    let crc64 = shared::crc64::crc64(&bytes).to_string();
    assert!(desk.sees(&format!("{crc64}, equal")));
    let struck = desk.world.decisions(0).iter().filter(|decision| !decision.faults.is_empty()).count();
    assert!(struck > 0, "something went wrong on purpose");
    desk.click("Conditions");
    assert!(desk.sees("Expired token, 50 %, at most 2"));
    desk.keep("13-faults");

    desk.click("Change its rules");
    desk.click("End all faults");
    assert!(desk.sees("Nothing goes wrong on purpose.") && !desk.sees("Faults on purpose"));
    for number in (2..=4).rev() {
        press(&mut desk, &format!("Remove rule {number}"));
    }
    press(&mut desk, "Let them strike");
    assert!(desk.sees("Faults on purpose: 1 rules, seed 1."));
    desk.close();
}

#[test]
fn a_stampede_costs_one_call_of_sts() {
    let mut desk = desk(&[1], UploadMode::Auto);
    desk.click("Let them ask");
    assert!(desk.sees("50 apps asked, 50 were given a token, 1 different ones; STS was asked 1 times"));
    assert_eq!(answers(&desk, "AssumeRole").len(), 2, "Configure's and the crowd's");
    desk.keep("14-stampede");
    desk.close();
}

#[test]
fn what_is_no_emulator_is_told_from_one() {
    let mut desk = Desk::new(&[1], "a.bin", |world| Settings {
        app_server: world.token_url.clone(),
        control: world.emulator.oss_endpoint.clone(),
        ..Settings::default()
    });
    desk.click("Conditions");
    assert!(desk.sees("is not an emulator's control port"), "OSS's own port is none");
    desk.harness.get_by_label("Control port").focus();
    desk.harness.run();
    desk.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    let control = desk.world.emulator.control_endpoint.clone();
    desk.harness.get_by_label("Control port").type_text(&control);
    desk.settle();
    desk.click("Connect");
    assert!(desk.sees("Time machine") && desk.sees("Fault lab"));
    desk.close();
}
