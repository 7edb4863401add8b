//! What outlives the app: the offer to go on, and the history; a picture of each station lands in the target's `tmp` folder.

use crate::support::{Desk, START, connect_job, denied, granted, receipt};
use client_ui::action::Step;
use client_ui::command::{Command, Event, Failure, Kept, MemoryCommand, MemoryEvent, Receipt};
use client_ui::memory::{End, Entry, Left};
use client_ui::problem::{Help, Problem};
use client_ui::settings::{Settings, ThemeChoice, UploadMode};
use client_ui::words::said;

const USUAL: [u32; 2] = [1100, 760];
const SMALL: [u32; 2] = [760, 520];

fn left(name: &str, key: Option<&str>, begun: bool) -> Left {
    Left {
        path: format!("/home/me/Pictures/{name}").into(),
        relative: name.to_owned(),
        bytes: 36 << 20,
        taken: START.unix_timestamp() - 3600,
        mode: Some(UploadMode::Resumable),
        key: key.map(str::to_owned),
        begun,
    }
}

fn done(name: &str, minutes_ago: i64, resent: u64) -> Entry {
    let Receipt { crc64, crc64_at_oss, request_id, .. } = receipt();
    let end = End::Done { crc64, crc64_at_oss, resent, held: 3 * resent, took_ms: 1840, request_id };
    entry(name, minutes_ago, end)
}

fn entry(name: &str, minutes_ago: i64, end: End) -> Entry {
    Entry {
        at: START.unix_timestamp() - 60 * minutes_ago,
        file: format!("/home/me/Pictures/{name}").into(),
        bucket: "holiday-photos".to_owned(),
        key: format!("users/alice/{name}"),
        bytes: 4_718_592,
        end,
    }
}

/// A desk whose app remembers this.
fn desk(size: [u32; 2], theme: ThemeChoice, history: Vec<Entry>, queue: Vec<Left>, problem: Option<Problem>) -> Desk {
    let app_server = "http://127.0.0.1:8080".to_owned();
    let mut desk = Desk::with_settings(size, Settings { app_server, theme, ..Settings::default() });
    let (history, queue) = (Some(history), Some(queue));
    desk.report([Event::Memory(MemoryEvent::Recalled { history, queue, problem })]);
    desk
}

fn saved(desk: &Desk) -> Vec<MemoryCommand> {
    let memory = |command| match command {
        Command::Memory(command) => Some(command),
        _ => None,
    };
    desk.commands().into_iter().filter_map(memory).collect()
}

#[test]
fn what_the_last_run_left_is_offered_and_goes_on_under_its_name() {
    let queue = vec![
        left("large.bmp", Some("users/alice/20171212/large.bmp"), true),
        left("late.jpg", None, true),
        left("idle.jpg", None, false),
    ];
    let mut desk = desk(USUAL, ThemeChoice::Light, Vec::new(), queue, None);
    assert!(desk.sees("2 uploads, 75.5 MB, were not finished when the app last ended"));
    desk.shot("memory-1-offer");
    desk.commands();
    desk.click("Resume uploads");
    let job = desk.job(connect_job);
    assert!(!desk.sees("were not finished"));
    assert!(desk.sees("It begins once the settings of step 1 work"));
    desk.report(granted(job).into_iter().chain([Event::Connected { job, ok: true }]));
    let begun: Vec<_> = desk
        .commands()
        .into_iter()
        .filter_map(|command| match command {
            Command::Upload { key, mode, .. } => Some((key, mode)),
            _ => None,
        })
        .collect();
    let resumable = |key: &str| (key.to_owned(), UploadMode::Resumable);
    assert_eq!(begun, [resumable("users/alice/20171212/large.bmp"), resumable("users/alice/late.jpg")]);
    assert_eq!(desk.harness.state().state().step, Step::Upload);
}

#[test]
fn the_history_is_listed_searched_looked_at_and_cleared() {
    let failed = End::Failed { code: "AccessDenied".to_owned(), title: "The upload failed".to_owned() };
    let history = vec![
        entry("cancelled.png", 2000, End::Cancelled),
        entry("secret.png", 62, failed),
        done("雪山 sunrise.jpg", 61, 0),
        done("large.bmp", 1, 1 << 20),
    ];
    for (size, theme, name) in [(USUAL, ThemeChoice::Light, "light"), (SMALL, ThemeChoice::Dark, "dark-small")] {
        let mut desk = desk(size, theme, history.clone(), Vec::new(), None);
        desk.press("Step 3 of 4");
        assert!(desk.sees("History: 4"));
        assert!(desk.sees("2017-12-12 07:33:09 UTC users/alice/large.bmp: uploaded, CRC64 equal, 1.0 MB sent again"));
        desk.press("users/alice/large.bmp: uploaded");
        assert!(desk.sees("3,145,728 bytes"), "what OSS had before");
        desk.shot(&format!("memory-2-history-{name}"));
        desk.type_into("Search the history", "Denied");
        assert!(desk.sees("secret.png: The upload failed") && !desk.sees("sunrise.jpg: uploaded"));
        desk.commands();
        desk.press("Clear history");
        assert!(!desk.sees("History"));
        assert_eq!(saved(&desk), [MemoryCommand::SaveHistory(Vec::new())]);
    }
}

#[test]
fn queue_and_history_are_written_when_they_change_and_never_twice_at_once() {
    let mut desk = desk(USUAL, ThemeChoice::Dark, Vec::new(), Vec::new(), None);
    desk.configure();
    desk.select();
    let queue = |begun: bool| {
        let key = begun.then_some("users/alice/雪山 sunrise.jpg").map(str::to_owned);
        let (path, relative) = ("/home/me/Pictures/雪山 sunrise.jpg".into(), "雪山 sunrise.jpg".to_owned());
        let taken = START.unix_timestamp();
        MemoryCommand::SaveQueue(vec![Left { path, relative, bytes: 4_718_592, taken, mode: None, key, begun }])
    };
    let written = |what| Event::Memory(MemoryEvent::Saved { what, problem: None });
    let job = desk.upload();
    desk.report([written(Kept::Queue)]);
    assert_eq!(saved(&desk), [queue(true)], "what came while it was written");
    desk.report([Event::Uploaded { job, outcome: Err(Failure::Problem(denied())) }]);
    let commands = saved(&desk);
    let [MemoryCommand::SaveHistory(entries)] = &commands[..] else { panic!("{commands:?}") };
    assert!(matches!(&entries[..], [Entry { end: End::Failed { code, .. }, .. }] if code == "AccessDenied"));
    desk.report([written(Kept::Queue), written(Kept::History)]);
    assert_eq!(saved(&desk), [queue(false)]);
}

#[test]
fn a_broken_memory_is_said_and_what_cannot_be_read_is_not_written_over() {
    let why = "/home/me/.config/direct-transfer/queue.json is not valid: it was set aside.";
    let problem =
        Some(Problem::new("Memory", said("The queue of the last time cannot be read"), said(why), Help::None));
    let mut desk = Desk::new(SMALL, ThemeChoice::Light);
    desk.report([Event::Memory(MemoryEvent::Recalled { history: None, queue: None, problem })]);
    assert!(desk.sees("The queue of the last time cannot be read"));
    desk.shot("memory-3-broken");
    desk.click("Dismiss");
    desk.type_into("App server", "http://127.0.0.1:8080");
    desk.configure();
    desk.select();
    let job = desk.upload();
    desk.report([Event::Uploaded { job, outcome: Ok(receipt()) }]);
    assert!(saved(&desk).iter().all(|command| matches!(command, MemoryCommand::SaveSettings(_))));
    assert!(desk.sees("History: 1"), "it is kept until the end of the app");
}
