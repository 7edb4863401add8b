//! Many files: chosen, listed, uploaded some at a time; a picture of each station lands in the target's `tmp` folder.

use std::time::Duration;

use crate::support::{Desk, connect_job, denied, granted, progress, receipt};
use client_ui::action::Step;
use client_ui::command::{Command, Event, Failure, JobId, Progress, QueueCommand, Receipt};
use client_ui::screen::Screen;
use client_ui::settings::{Settings, ThemeChoice, UploadMode};
use client_ui::words::LanguageChoice;
use egui_kittest::kittest::Queryable as _;
use samples::Set;

const NARROW: [u32; 2] = [560, 700];
const USUAL: [u32; 2] = [1100, 760];

/// A desk on Select Image with a token, and files of these names and sizes.
fn desk_with<'a>(size: [u32; 2], theme: ThemeChoice, files: impl IntoIterator<Item = (&'a str, u64)>) -> Desk {
    let mut desk = Desk::new(size, theme);
    desk.type_into("App server", "http://127.0.0.1:8080");
    desk.configure();
    desk.drop_file("/home/me/Pictures");
    desk.find(files);
    desk.load();
    desk
}

/// Job, object name and mode of every upload that was begun since the last look.
fn begun(desk: &Desk) -> Vec<(JobId, String, UploadMode)> {
    let upload = |command| match command {
        Command::Upload { job, key, mode, .. } => Some((job, key, mode)),
        _ => None,
    };
    desk.commands().into_iter().filter_map(upload).collect()
}

fn done(job: JobId, key: &str) -> Event {
    Event::Uploaded { job, outcome: Ok(Receipt { key: key.to_owned(), ..receipt() }) }
}

fn walk(size: [u32; 2], theme: ThemeChoice, name: &str) {
    let files = [("a.jpg", 1 << 20), ("large.bmp", 36 << 20), ("b.png", 300_000), ("c.png", 5), ("雪.webp", 80_000)];
    let mut desk = desk_with(size, theme, files);
    assert_eq!(desk.harness.state().state().step, Step::Select, "several files can be looked at first");
    assert!(desk.sees("5 files, 39.2 MB"));
    desk.shot(&format!("{name}-queue-1-select"));
    desk.press("Continue to Upload");
    desk.commands();
    desk.press("Upload all");
    let jobs = begun(&desk);
    let (a, large, b) = (jobs[0].0, jobs[1].0, jobs[2].0);
    let modes: Vec<_> = jobs.iter().map(|(_, key, mode)| (key.as_str(), *mode)).collect();
    let expected = [
        ("users/alice/a.jpg", UploadMode::Simple),
        ("users/alice/large.bmp", UploadMode::Resumable),
        ("users/alice/b.png", UploadMode::Simple),
    ];
    assert_eq!(modes, expected, "three at once, in parts from 5 MiB on");
    let at =
        |sent, ms| Progress { total: 36 << 20, parts: 36, elapsed: Duration::from_millis(ms), ..progress(sent, ms) };
    desk.report([
        Event::Progress { job: large, progress: at(0, 0) },
        Event::Progress { job: large, progress: at(8 << 20, 1000) },
        done(b, "users/alice/b.png"),
    ]);
    assert!(desk.sees("large.bmp: 8.4 MB/s, 00:04 left"));
    assert!(desk.sees("Uploading 5 files, 1 done"));
    let next = begun(&desk);
    assert_eq!(next[0].1, "users/alice/c.png", "the next one's turn");
    desk.report([
        Event::Uploaded { job: next[0].0, outcome: Err(Failure::Problem(denied())) },
        done(a, "users/alice/a.jpg"),
    ]);
    assert!(desk.sees("c.png: The upload failed (AccessDenied)"));
    desk.shot(&format!("{name}-queue-2-running"));
    desk.press("Pause large.bmp");
    let commands = desk.commands();
    assert!(commands.contains(&Command::Pause { job: large }), "{commands:?}");
    desk.report([Event::Uploaded { job: large, outcome: Err(Failure::Paused) }]);
    desk.press("Try again with c.png");
    assert_eq!(begun(&desk)[0].1, "users/alice/c.png");
    desk.press("Go on with large.bmp");
    assert_eq!(begun(&desk)[0].1, "users/alice/large.bmp");
    desk.press("large.bmp: ");
    desk.shot(&format!("{name}-queue-3-selected"));
}

#[test]
fn light_usual() {
    walk(USUAL, ThemeChoice::Light, "light-usual");
}

#[test]
fn dark_narrow() {
    walk(NARROW, ThemeChoice::Dark, "dark-narrow");
}

#[test]
fn all_at_once_are_paused_gone_on_with_and_cancelled() {
    let mut desk = desk_with(USUAL, ThemeChoice::Dark, [("a.jpg", 1), ("b.jpg", 2), ("c.jpg", 3), ("d.jpg", 4)]);
    desk.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::U);
    desk.harness.run();
    let first = begun(&desk);
    assert_eq!(first.len(), 3);
    desk.click("Pause all");
    let paused: Vec<_> = desk.commands();
    assert_eq!(paused, first.iter().map(|(job, ..)| Command::Pause { job: *job }).collect::<Vec<_>>());
    desk.report(first.iter().map(|(job, ..)| Event::Uploaded { job: *job, outcome: Err(Failure::Paused) }));
    assert!(desk.sees("4 files, 4 paused"), "the one that waited as well");
    assert!(begun(&desk).is_empty(), "nothing begins by itself");
    desk.click("Upload all");
    let again = begun(&desk);
    desk.click("Cancel all");
    desk.report(again.iter().map(|(job, ..)| Event::Uploaded { job: *job, outcome: Err(Failure::Cancelled) }));
    assert!(desk.sees("d.jpg: cancelled"));
    desk.click("Remove a.jpg");
    assert!(desk.sees("3 files"));
}

#[test]
fn two_files_of_one_name_do_not_replace_each_other() {
    let mut desk = desk_with(USUAL, ThemeChoice::Light, [("a.jpg", 1), ("a.jpg", 2)]);
    desk.click("Continue to Upload");
    desk.commands();
    desk.click("Upload all");
    assert_eq!(begun(&desk).len(), 1);
    assert!(desk.sees("a.jpg: Two files have one object name (SameName)"));
    desk.shot("error-same-name");
}

#[test]
fn whether_the_token_allows_the_name_is_said_before() {
    let object_name = "users/bob/{name}".to_owned();
    let settings = Settings { theme: ThemeChoice::Light, object_name, ..Settings::default() };
    let mut desk = Desk::with_settings(USUAL, settings);
    desk.type_into("App server", "http://127.0.0.1:8080");
    desk.configure();
    desk.select();
    assert!(desk.sees("This lies outside users/alice/"));
    assert!(desk.sees("Policy lab: No statement of the session policy allows it"));
    desk.shot("refused-before");
    desk.click("Look at the policies");
    assert!(desk.sees("PutObject holiday-photos/users/bob/雪山 sunrise.jpg"));
    desk.press(Screen::Upload.name());
    desk.click("Put it into users/alice/");
    assert!(!desk.sees("This lies outside"));
    assert!(desk.sees("Policy lab: Statement 0 of the session policy allows it"));
}

#[test]
fn test_pictures_pasted_pictures_and_pasted_paths_are_taken() {
    let mut desk = Desk::new(USUAL, ThemeChoice::Light);
    desk.harness.key_press_modifiers(egui::Modifiers::ALT, egui::Key::Num2);
    desk.harness.run();
    desk.shot("select-empty");
    desk.click("Orientations");
    assert!(matches!(&desk.commands()[..], [Command::Queue(QueueCommand::Samples { set: Set::Orientations, .. })]));
    let image = egui::ColorImage::new([2, 1], vec![egui::Color32::RED; 2]);
    desk.harness.input_mut().events.push(egui::Event::PasteImage(std::sync::Arc::new(image)));
    desk.harness.run();
    let commands = desk.commands();
    let [Command::Queue(QueueCommand::Paste { pixels, name, .. })] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!((pixels.size, name.as_str()), ([2, 1], "pasted-20171212T073409Z.png"));
    desk.harness.input_mut().events.push(egui::Event::Paste("file:///pictures/a%20b.png".to_owned()));
    desk.harness.run();
    let commands = desk.commands();
    let [Command::Queue(QueueCommand::Gather { paths, .. })] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!(paths[0].to_str(), Some("/pictures/a b.png"));
}

#[test]
fn ten_thousand_files_draw_only_what_is_in_sight() {
    let names: Vec<String> = (0..10_000).map(|n| format!("photo-{n:05}.jpg")).collect();
    let mut desk = desk_with(USUAL, ThemeChoice::Light, names.iter().map(|name| (name.as_str(), 1000)));
    desk.click("Continue to Upload");
    assert!(desk.harness.query_all_by_label_contains(".jpg: not begun").count() < 20);
    desk.shot("queue-ten-thousand");
}

#[test]
fn the_speed_limit_is_in_force_at_once() {
    let mut desk = desk_with(USUAL, ThemeChoice::Light, [("a.jpg", 1), ("b.jpg", 2)]);
    desk.click("Continue to Upload");
    desk.commands();
    desk.click("Speed limit");
    let limit = desk.harness.get_by_label("Speed limit");
    limit.type_text("500");
    desk.harness.key_press(egui::Key::Enter);
    desk.harness.run();
    let limits: Vec<_> = desk.commands().into_iter().filter(|command| matches!(command, Command::Limit(_))).collect();
    assert_eq!(limits, [Command::Limit(std::num::NonZeroU64::new(500_000))]);
}

#[test]
fn choosing_uploading_and_the_history_speak_chinese() {
    let app_server = "http://127.0.0.1:8080".to_owned();
    let settings = Settings { app_server, language: LanguageChoice::Chinese, ..Settings::default() };
    let mut desk = Desk::with_settings(USUAL, settings);
    desk.press_button("配置");
    let job = desk.job(connect_job);
    desk.report(granted(job).into_iter().chain([Event::Connected { job, ok: true }]));
    desk.drop_file("/home/me/Pictures");
    desk.find([("a.jpg", 1 << 20), ("large.bmp", 36 << 20), ("b.png", 300_000)]);
    desk.load();
    assert!(desk.sees("3 个文件，共 39.1 MB"));
    desk.shot("queue-chinese-1-select");
    desk.press("继续上传");
    desk.commands();
    desk.press("全部上传");
    let jobs = begun(&desk);
    desk.report([
        Event::Progress { job: jobs[1].0, progress: Progress { total: 36 << 20, parts: 36, ..progress(0, 0) } },
        done(jobs[0].0, "users/alice/a.jpg"),
        Event::Uploaded { job: jobs[2].0, outcome: Err(Failure::Problem(denied())) },
    ]);
    assert!(desk.sees("正在上传 3 个文件，1 个已完成，1 个失败"));
    assert!(desk.sees("a.jpg: 已上传") && desk.sees("历史记录：2") && desk.sees("已上传，CRC64 一致"));
    desk.shot("queue-chinese-2-running");
}
