//! Walks through the window as a person does, with scripted jobs; a picture of each station lands in the target's `tmp` folder.

// The lints know tests by their attribute, and these helpers have none.
#![allow(clippy::expect_used, clippy::panic)]

mod conditions;
mod lab;
mod memory;
mod nav;
mod objects;
mod playground;
mod profiles;
mod queue;
mod support;
mod wire;

use client_ui::action::Step;
use client_ui::command::{Command, Event, Failure, Hop, HopOutcome, JobId, PartState, QueueCommand, Reach, Unfinished};
use client_ui::dialogs::Picked;
use client_ui::problem::{Help, Problem};
use client_ui::queue::Upload;
use client_ui::settings::{Settings, ThemeChoice, UploadMode};
use client_ui::words::said;
use egui_kittest::kittest::Queryable as _;
use support::{Desk, connect_job, denied, photo, progress, receipt, thumbnail};

const SMALL: [u32; 2] = [760, 520];
const USUAL: [u32; 2] = [1100, 760];
const LARGE: [u32; 2] = [1440, 900];

fn process_job(desk: &Desk) -> (JobId, String) {
    let commands = desk.commands();
    let asked = commands.iter().rev().find_map(|command| match command {
        Command::Process { job, process, .. } => Some((*job, process.clone())),
        _ => None,
    });
    asked.unwrap_or_else(|| panic!("no thumbnail was asked for: {commands:?}"))
}

/// Configure, select, upload, thumbnail; `name` begins the names of the pictures.
fn walk(size: [u32; 2], theme: ThemeChoice, name: &str) {
    let mut desk = Desk::new(size, theme);
    desk.shot(&format!("{name}-1-empty"));
    desk.type_into("App server", "http://127.0.0.1:8080");
    desk.configure();
    assert_eq!(desk.harness.state().state().step, Step::Select);
    assert_eq!(desk.harness.state().state().settings.bucket, "holiday-photos", "filled from the reply");
    desk.shot(&format!("{name}-2-select"));
    desk.harness.get_by_label_contains("Step 1 of 4").click();
    desk.harness.run();
    assert!(desk.sees("Filled in from the app server's reply: Bucket, Region, Endpoint"));
    desk.shot(&format!("{name}-1-filled"));
    desk.select();
    desk.harness.get_by_label_contains("Step 2 of 4").click();
    desk.harness.run();
    desk.shot(&format!("{name}-2-selected"));
    desk.click("Continue to Upload");
    desk.click("Resumable upload");
    desk.shot(&format!("{name}-3-ready"));
    let job = desk.upload();
    desk.report(
        [(0, 0), (1 << 20, 400), (2_900_000, 1100)]
            .map(|(sent, ms)| Event::Progress { job, progress: progress(sent, ms) }),
    );
    assert!(desk.sees("2.9 MB of 4.7 MB, 2 of 5 parts done"));
    desk.shot(&format!("{name}-3-running"));
    desk.report([Event::Uploaded { job, outcome: Ok(receipt()) }]);
    assert!(desk.sees("9548687815775124833, equal"));
    desk.shot(&format!("{name}-3-done"));
    let (job, process) = process_job(&desk);
    assert_eq!(process, "image/resize,w_480");
    desk.report([Event::Processed { job, outcome: Ok(thumbnail(&process)) }]);
    desk.click("Make a thumbnail");
    desk.click("Watermark");
    desk.type_into("Text", "雪山 2017");
    let (job, process) = process_job(&desk);
    assert!(process.starts_with("image/resize,w_480/watermark,text_6Zuq5bGxIDIwMTc,"), "{process}");
    desk.harness.get_by_label("Watermark top").click_accesskit();
    desk.harness.run();
    assert_eq!(desk.commands(), [], "one request at a time");
    desk.report([Event::Processed { job, outcome: Ok(thumbnail(&process)) }]);
    let (job, process) = process_job(&desk);
    assert!(process.ends_with(",g_north"), "the newest wish wins: {process}");
    desk.report([Event::Processed { job, outcome: Ok(thumbnail(&process)) }]);
    assert!(desk.harness.query_by_label("The thumbnail").is_some());
    desk.shot(&format!("{name}-4-thumbnail"));
}

#[test]
fn light_large() {
    walk(LARGE, ThemeChoice::Light, "light-large");
}

#[test]
fn dark_usual() {
    walk(USUAL, ThemeChoice::Dark, "dark-usual");
}

#[test]
fn light_small() {
    walk(SMALL, ThemeChoice::Light, "light-small");
}

#[test]
fn dark_small() {
    walk(SMALL, ThemeChoice::Dark, "dark-small");
}

#[test]
fn a_dead_app_server_is_named_with_what_to_do() {
    let mut desk = Desk::new(SMALL, ThemeChoice::Light);
    desk.type_into("App server", "http://127.0.0.1:1");
    desk.press_button("Test");
    let commands = desk.commands();
    assert!(matches!(&commands[..], [Command::Connect { reach: Reach::Oss, .. }]), "{commands:?}");
    let job = commands.iter().find_map(connect_job).unwrap();
    let why = "Cannot connect to 127.0.0.1:1: connection refused; check the address, and that the server is running.";
    let problem = Problem::new("Connect", said("The app server cannot be asked"), said(why), Help::Retry);
    desk.report([
        Event::Hop { job, hop: Hop::AppServer, outcome: HopOutcome::Failed(Box::new(problem)) },
        Event::Connected { job, ok: false },
    ]);
    assert!(desk.sees("connection refused"));
    desk.shot("error-app-server");
    let button = desk.harness.get_by_label("Try again").rect();
    assert!(button.bottom() < SMALL[1] as f32, "a small window scrolls to the failure: {button:?}");
    desk.click("Try again");
    assert!(desk.commands().iter().any(|command| connect_job(command).is_some()));
}

#[test]
fn a_refusal_shows_its_facts_and_the_way_out() {
    let settings = Settings {
        app_server: "http://127.0.0.1:8080".to_owned(),
        object_name: "users/bob/{name}".to_owned(),
        theme: ThemeChoice::Light,
        ..Settings::default()
    };
    let mut desk = Desk::with_settings(SMALL, settings);
    desk.configure();
    desk.select();
    assert!(desk.sees("This lies outside users/alice/"), "the name is doubted before the upload");
    let job = desk.upload();
    desk.report([Event::Uploaded { job, outcome: Err(Failure::Problem(denied())) }]);
    for fact in ["AccessDenied", "0003-00000301", "5C3D9175B6FC201293AD4890", "SessionPolicy"] {
        assert!(desk.sees(fact), "{fact} is not shown");
    }
    desk.shot("error-access-denied-small");
    desk.harness.set_size(egui::vec2(1116.0, 776.0));
    desk.shot("error-access-denied");
    desk.click("Copy details");
    desk.click("Use the token's folder");
    assert_eq!(desk.harness.state().state().key(), "users/alice/雪山 sunrise.jpg");
    assert!(!desk.sees("This lies outside"));
}

#[test]
fn while_the_app_server_is_down_the_token_at_hand_still_uploads() {
    let mut desk = Desk::new(USUAL, ThemeChoice::Light);
    desk.type_into("App server", "http://127.0.0.1:8080");
    desk.configure();
    desk.select();
    desk.click("Refresh token");
    let job = desk.job(connect_job);
    let down =
        Problem::new("Connect", said("The app server cannot be asked"), said("Connection refused."), Help::Retry);
    let outcome = HopOutcome::Failed(Box::new(down));
    desk.report([Event::Hop { job, hop: Hop::AppServer, outcome }, Event::Connected { job, ok: false }]);
    assert!(desk.sees("Connection refused."));
    desk.upload();
}

#[test]
fn escape_cancels_an_upload() {
    let mut desk = Desk::new(USUAL, ThemeChoice::Dark);
    desk.type_into("App server", "http://127.0.0.1:8080");
    desk.configure();
    desk.select();
    let job = desk.upload();
    desk.harness.key_press(egui::Key::Escape);
    desk.harness.run();
    assert_eq!(desk.commands(), [Command::Cancel { job }]);
    desk.report([Event::Uploaded { job, outcome: Err(Failure::Cancelled) }]);
    assert!(desk.sees("Cancelled."));
    desk.shot("cancelled");
    // The late word of a job that is over changes nothing.
    desk.report([Event::Uploaded { job, outcome: Ok(receipt()) }]);
    assert!(matches!(desk.harness.state().state().upload(), Upload::Cancelled));
}

#[test]
fn an_upload_can_be_paused_gone_on_with_and_given_up() {
    let mut desk = Desk::new(USUAL, ThemeChoice::Light);
    desk.type_into("App server", "http://127.0.0.1:8080");
    desk.configure();
    assert!(
        desk.commands().iter().any(|command| matches!(command, Command::Survey { .. })),
        "it looks for them at once"
    );
    desk.select();
    desk.click("Resumable upload");
    let job = desk.upload();
    let parts = [PartState::Held, PartState::Done, PartState::Sending, PartState::Waiting, PartState::Waiting];
    desk.report([Event::Progress { job, progress: progress(1 << 21, 400) }, Event::Parts { job, parts: parts.into() }]);
    assert!(desk.sees("Part map: 2 of 5 parts at OSS"));
    assert!(desk.sees("2 parts at OSS, 1 of them before this run, 1 on their way, 2 in the checkpoint on disk"));
    desk.shot("part-map");
    desk.click("Pause");
    assert_eq!(desk.commands(), [Command::Pause { job }]);
    let unfinished = Unfinished {
        checkpoint: "/c.json".into(),
        file: photo().path,
        key: "users/alice/雪山 sunrise.jpg".to_owned(),
        size: 4_718_592,
        parts: vec![(true, true), (false, true), (false, false), (false, false), (false, false)],
        held: 2 << 20,
        doubt: None,
    };
    desk.report([Event::Uploaded { job, outcome: Err(Failure::Paused) }, Event::Surveyed(vec![unfinished.clone()])]);
    assert!(desk.sees("Paused.") && desk.sees("Checkpoint here: 1 of 5 parts"));
    assert!(desk.sees("ListParts of OSS: 2 of 5 parts"));
    desk.shot("unfinished");
    desk.commands();
    desk.click("Resume");
    let commands = desk.commands();
    let Some(Command::Upload { path, key, mode: UploadMode::Resumable, .. }) = commands.first() else {
        panic!("{commands:?}")
    };
    assert_eq!((path, key), (&unfinished.file, &unfinished.key));
    desk.harness.key_press(egui::Key::Escape);
    desk.harness.run();
    let job = desk.job(|command| match command {
        Command::Cancel { job } => Some(*job),
        _ => None,
    });
    desk.report([Event::Uploaded { job, outcome: Err(Failure::Cancelled) }]);
    desk.commands();
    desk.click("Give up");
    assert!(
        matches!(&desk.commands()[..], [Command::Discard { checkpoint, .. }] if *checkpoint == unfinished.checkpoint)
    );
}

#[test]
fn the_keyboard_alone_is_enough() {
    let mut desk = Desk::new(USUAL, ThemeChoice::Light);
    desk.type_into("App server", "http://127.0.0.1:8080");
    desk.harness.key_press(egui::Key::Enter);
    desk.harness.run();
    let job = desk.job(connect_job);
    desk.report(support::granted(job).into_iter().chain([Event::Connected { job, ok: true }]));
    desk.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::O);
    desk.harness.run();
    assert_eq!(desk.dialogs_opened(), 1);
    desk.end_dialog(Picked::Files(vec![photo().path]));
    desk.find([("雪山 sunrise.jpg", 4_718_592)]);
    desk.load();
    desk.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::U);
    desk.harness.run();
    let commands = desk.commands();
    // Small enough for one request, by itself.
    let uploads = commands.iter().any(|command| matches!(command, Command::Upload { mode: UploadMode::Simple, key, .. } if key == "users/alice/雪山 sunrise.jpg"));
    assert!(uploads, "{commands:?}");
}

#[test]
fn a_picture_that_comes_late_is_selected_unless_one_has_been() {
    let mut desk = Desk::new(USUAL, ThemeChoice::Light);
    desk.harness.state_mut().open("/tmp/sample.jpg".into());
    desk.harness.run();
    desk.find([("sample.jpg", 5)]);
    let load = |command: &Command| matches!(command, Command::Load { path, .. } if path.ends_with("sample.jpg"));
    assert!(desk.commands().iter().any(load));
    assert_eq!(desk.harness.state().state().step, Step::Configure, "the step that is shown stays");
    let mut desk = Desk::new(USUAL, ThemeChoice::Light);
    desk.select();
    desk.harness.state_mut().open("/tmp/sample.jpg".into());
    desk.harness.run();
    assert_eq!(desk.commands(), [], "the person's choice stays");
}

#[test]
fn without_a_file_dialog_there_are_other_ways() {
    let mut desk = Desk::new(SMALL, ThemeChoice::Light);
    desk.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::O);
    desk.harness.run();
    desk.end_dialog(Picked::Unavailable(said("The desktop offers no file dialog.")));
    assert!(desk.sees("Drop a picture on the window"));
    desk.shot("no-dialog");
    desk.click("Dismiss");
    desk.harness.input_mut().hovered_files.push(egui::HoveredFile::default());
    desk.shot("drop-overlay");
    desk.harness.input_mut().hovered_files.clear();
    desk.type_into("Or type its path", "/pictures/猫.png");
    desk.click("Open");
    let commands = desk.commands();
    let [Command::Queue(QueueCommand::Gather { paths, .. })] = &commands[..] else { panic!("{commands:?}") };
    assert!(paths[0].ends_with("猫.png"));
}

#[test]
fn the_token_ticks_and_ends() {
    let mut desk = Desk::new(LARGE, ThemeChoice::Dark);
    desk.type_into("App server", "http://127.0.0.1:8080");
    desk.configure();
    for (seconds, left) in [(2, "14:58"), (868, "00:30"), (100, "00:00")] {
        desk.clock.advance(time::Duration::seconds(seconds));
        desk.harness.run();
        assert!(desk.sees(left), "{left} is not shown");
    }
    desk.shot("token-ended");
    desk.click("Refresh token");
    assert!(desk.commands().iter().any(|command| connect_job(command).is_some()));
}

#[test]
fn empty_steps_say_what_to_do() {
    let mut desk = Desk::new(SMALL, ThemeChoice::Light);
    for (key, words) in [(egui::Key::Num3, "No picture selected"), (egui::Key::Num4, "Nothing uploaded yet")] {
        desk.harness.key_press_modifiers(egui::Modifiers::ALT, key);
        desk.harness.run();
        assert!(desk.sees(words));
        desk.shot(&format!("empty-{key:?}"));
    }
}

#[test]
fn large_text_still_fits() {
    let mut desk = Desk::new(USUAL, ThemeChoice::Light);
    desk.click("Settings of the window");
    for _ in 0..4 {
        desk.click("Larger text");
    }
    desk.shot("large-text-settings");
    desk.click("Close");
    assert_eq!(desk.harness.state().state().settings.zoom, 1.5);
    desk.type_into("App server", "http://127.0.0.1:8080");
    desk.configure();
    desk.select();
    desk.shot("large-text");
}
