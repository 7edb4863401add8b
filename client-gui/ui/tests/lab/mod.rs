//! Walks through the policy lab as a person does, with scripted jobs; pictures land in the target's `tmp` folder.

use crate::support::{Desk, denied};
use client_ui::command::{Command, Event, Failure, JobId, LabCommand, LabEvent, ProbeOf};
use client_ui::lab::{Observed, Sheet};
use client_ui::screen::Screen;
use client_ui::settings::{Settings, ThemeChoice};
use client_ui::words::said;
use egui::Key;
use egui_kittest::kittest::Queryable as _;

const SMALL: [u32; 2] = [900, 640];
const USUAL: [u32; 2] = [1280, 960];
const LARGE: [u32; 2] = [1440, 1140];

fn lab(size: [u32; 2], theme: ThemeChoice) -> Desk {
    let mut desk = Desk::new(size, theme);
    desk.type_into("App server", "http://127.0.0.1:8080");
    desk.configure();
    desk.click("Policy lab");
    desk
}

fn editor(desk: &mut Desk, text: &str) {
    let label = "Text of the session policy";
    desk.harness.get_by_label(label).focus();
    desk.harness.run();
    desk.harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::A);
    desk.harness.run();
    desk.harness.get_by_label(label).type_text(text);
    desk.harness.run();
}

/// The last command that the lab has given.
fn command(desk: &Desk) -> LabCommand {
    let last = desk.commands().into_iter().rev().find_map(|command| match command {
        Command::Lab(command) => Some(command),
        _ => None,
    });
    last.expect("a command of the lab")
}

fn probes(desk: &Desk) -> (JobId, Vec<ProbeOf>) {
    match command(desk) {
        LabCommand::Probe { job, probes, .. } => (job, probes),
        other => panic!("{other:?}"),
    }
}

/// Lets OSS answer as predicted, but for the operations in `otherwise`.
fn answer(desk: &mut Desk, otherwise: &[&str]) {
    let (job, probes) = probes(desk);
    let mut events = Vec::new();
    for probe in probes {
        let predicted = desk.harness.state().state().lab.analysis.cell(probe.place).expect("a cell").verdict.is_allow();
        let allowed = predicted != otherwise.contains(&probe.question.operation.as_str());
        let observed = if allowed { Observed::Allowed(200) } else { Observed::Denied("0003-00000301".to_owned()) };
        events.push(Event::Lab(LabEvent::Observed { job, place: probe.place, observed }));
    }
    events.push(Event::Lab(LabEvent::Probed { job, outcome: Ok(()) }));
    desk.report(events);
}

fn walk(size: [u32; 2], theme: ThemeChoice, name: &str) {
    let mut desk = lab(size, theme);
    assert!(desk.sees("PutObject in Own folder: allowed, role allows, session allows"));
    assert!(desk.sees("PutObject in Sibling: denied, role allows, session does not allow"));
    assert!(desk.sees("ListObjects in Own folder: allowed"));
    assert!(desk.sees("ListObjects in Bucket root: denied"));
    assert!(desk.sees("Proven: the token touches nothing outside of users/alice/"));
    assert!(desk.sees("13 of 13 pass; every statement is needed by one"));
    desk.shot(&format!("{name}-lab-1"));
    desk.press("Ask OSS itself");
    answer(&mut desk, &[]);
    assert!(desk.sees("OSS agrees with the prediction in 57 cells"));
    desk.press("ListObjects in Own folder");
    assert!(
        desk.sees(
            "Allowed. Statement 1 of the session policy allows it, and statement 0 of the role policy does, too."
        )
    );
    desk.shot(&format!("{name}-lab-2-allowed"));
    desk.press("ListObjects in Sibling");
    assert!(desk.sees("No statement of the session policy allows it"));
    assert!(desk.sees("StringLike oss:Prefix: wants \"users/alice/*\", the request has \"users/alice0/\""));
    assert!(desk.sees("0003-00000301"));
    desk.shot(&format!("{name}-lab-2-why"));
    desk.press("DeleteObject in Own folder");
    assert!(desk.sees("Add oss:DeleteObject to statement 0 of the session policy"));
    assert!(desk.sees("Changes: DeleteObject in Own folder."));
    desk.press("Add to the session policy");
    assert!(desk.sees("DeleteObject in Own folder: allowed"));
    assert!(desk.sees("12 of 13 pass"), "a test of the policy minds");
    assert!(desk.sees("Allows more than as loaded, such as oss:deleteobject"));
    assert!(desk.sees("a token that is stolen can delete"));
    assert!(desk.sees("OSS disagrees in 1 cell"), "the token that was probed has no such right");
    desk.shot(&format!("{name}-lab-3-changed"));
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
fn a_leak_is_told_by_the_key_that_escapes_and_mended_by_its_fix() {
    let mut desk = lab(USUAL, ThemeChoice::Light);
    editor(
        &mut desk,
        r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": ["oss:PutObject", "oss:ListParts", "oss:AbortMultipartUpload"],
  "Resource": ["acs:oss:*:*:$BUCKET_NAME/users/alice*"]}]}"#,
    );
    assert!(desk.sees("PutObject in Sibling: allowed"));
    assert!(desk.sees("on the key \"users/alice\" of the bucket holiday-photos"));
    desk.shot("error-lab-leak");
    desk.press("End the folder with /");
    assert!(desk.sees("PutObject in Sibling: denied"));
    assert!(desk.sees("Proven: the token touches nothing"));
}

#[test]
fn what_cannot_be_read_says_where_and_predicts_nothing() {
    let mut desk = lab(SMALL, ThemeChoice::Dark);
    editor(&mut desk, "{\"Version\": \"1\", \"Statement\": [{\"Effect\": \"Erlauben 照片\"}]}");
    assert!(desk.sees("A policy cannot be read"));
    assert!(desk.sees("Statement[0].Effect"));
    assert!(!desk.sees("PutObject in Own folder"));
    desk.shot("error-lab-unreadable");
    desk.click("Read and write");
    assert!(desk.sees("PutObject in Own folder: allowed"));
}

#[test]
fn drift_is_red_and_a_failed_probe_is_told() {
    let mut desk = lab(USUAL, ThemeChoice::Light);
    desk.press("Ask OSS itself");
    answer(&mut desk, &["GetBucketInfo", "PutObject"]);
    assert!(desk.sees("OSS disagrees in 7 cells"));
    desk.press("PutObject in Own folder");
    assert!(desk.sees("That is not what the policies here say"));
    desk.shot("error-lab-drift");
    desk.press("Ask OSS itself");
    let (job, _) = probes(&desk);
    desk.report([Event::Lab(LabEvent::Probed { job, outcome: Err(denied()) })]);
    assert!(desk.sees("The upload failed"));
}

#[test]
fn from_a_refused_upload_to_its_statement() {
    let object_name = "users/bob/{name}".to_owned();
    let settings = Settings { theme: ThemeChoice::Light, object_name, ..Settings::default() };
    let mut desk = Desk::with_settings(SMALL, settings);
    desk.type_into("App server", "http://127.0.0.1:8080");
    desk.configure();
    desk.select();
    let job = desk.upload();
    desk.report([Event::Uploaded { job, outcome: Err(Failure::Problem(denied())) }]);
    desk.click("Why was I denied?");
    assert!(desk.sees("Refused: PutObject holiday-photos/users/bob/雪山 sunrise.jpg: denied"));
    assert!(desk.sees("No statement of the session policy allows it"));
    desk.shot("error-lab-denied");
    desk.press(Screen::Upload.name());
    assert_eq!(desk.harness.state().state().screen, Screen::Upload, "a step leads out of the lab");
}

#[test]
fn the_keyboard_alone_reaches_a_cell_and_its_reason() {
    let mut desk = Desk::new(USUAL, ThemeChoice::Light);
    let digits = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5];
    let place = Screen::ALL.iter().position(|screen| *screen == Screen::Lab).expect("the lab is a screen");
    desk.harness.key_press_modifiers(egui::Modifiers::COMMAND, digits[place]);
    desk.harness.run();
    assert!(desk.sees("Before Configure, bucket and folder are examples"));
    for _ in 0..60 {
        desk.harness.key_press(Key::Tab);
        desk.harness.run();
        if desk.harness.get_by_label_contains("PutObject in Own folder").is_focused() {
            break;
        }
    }
    assert!(desk.harness.get_by_label_contains("PutObject in Own folder").is_focused());
    desk.harness.key_press(Key::Enter);
    desk.harness.run();
    assert!(
        desk.sees(
            "Allowed. Statement 0 of the session policy allows it, and statement 0 of the role policy does, too."
        )
    );
    desk.harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::Num1);
    desk.harness.run();
    assert_eq!(desk.harness.state().state().screen, Screen::Upload);
}

#[test]
fn policies_come_from_files_and_go_there() {
    let mut desk = lab(LARGE, ThemeChoice::Light);
    desk.type_into("Policy file", "policy/照片.txt");
    desk.press("Load");
    let path = "policy/照片.txt".into();
    assert_eq!(command(&desk), LabCommand::Load { sheet: Sheet::Session, path });
    let policy =
        r#"{"Version": "1", "Statement": [{"Effect": "Deny", "Action": "oss:*", "Resource": "acs:oss:*:*:照片/*"}]}"#;
    desk.report([Event::Lab(LabEvent::Loaded { sheet: Sheet::Session, outcome: Ok((policy.to_owned(), None)) })]);
    assert!(desk.sees("PutObject in Own folder: denied"));
    desk.shot("lab-chinese");
    let tests = Some("{\"policy\": \"照片.txt\", \"cases\": [{}]}".to_owned());
    desk.report([Event::Lab(LabEvent::Loaded { sheet: Sheet::Session, outcome: Ok((policy.to_owned(), tests)) })]);
    assert!(desk.sees("the tests are not readable: missing field `action`"), "a broken file is no absent one");
    desk.press("Save");
    let path = "policy/照片.txt".into();
    assert_eq!(command(&desk), LabCommand::Save { sheet: Sheet::Session, path, text: policy.to_owned() });
    let problem = client_ui::problem::Problem::new(
        "File",
        said("The policy was not saved"),
        said("disk full"),
        client_ui::problem::Help::None,
    );
    desk.report([Event::Lab(LabEvent::Saved { sheet: Sheet::Session, outcome: Err(problem) })]);
    assert!(desk.sees("disk full"));
}

#[test]
fn in_chinese_the_lab_and_a_problem_say_what_they_said_in_english() {
    let mut desk = lab(LARGE, ThemeChoice::Light);
    editor(
        &mut desk,
        r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": ["oss:PutObject", "oss:ListParts"],
  "Resource": ["acs:oss:*:*:$BUCKET_NAME/users/alice*"]}]}"#,
    );
    desk.report([Event::Lab(LabEvent::Saved { sheet: Sheet::Session, outcome: Err(denied()) })]);
    desk.press("PutObject in Sibling");
    assert!(desk.sees("The token covers users/alice/ alone"));
    desk.click("Settings of the window");
    desk.click("简体中文");
    desk.harness.key_press(Key::Escape);
    desk.harness.run();
    for words in [
        "上传失败",
        "访问凭证仅对 users/alice/ 有效",
        "使用访问凭证对应的目录",
        "错误信息",
        "PutObject，前缀相似：允许，角色策略允许，会话策略允许",
        "原因：PutObject",
        "会话策略的语句 0 允许该请求，角色策略的语句 0 也允许",
        "会话策略存在越权：Statement[0] 允许对 Bucket holiday-photos 中的 \"users/alice\" 执行",
        "users/alice* 还会匹配前缀相似的资源",
        "缺少 oss:AbortMultipartUpload",
        "添加操作",
    ] {
        assert!(desk.sees(words), "{words} is not seen");
    }
    desk.shot("chinese-lab");
    desk.press("目录以 / 结尾");
    assert!(desk.sees("PutObject，前缀相似：拒绝，角色策略允许，会话策略隐式拒绝"));
    assert!(desk.sees("已证明：访问凭证无法触及"));
    for english in [" the ", " is ", "statement", "policy "] {
        assert!(!desk.sees(english), "{english} is seen");
    }
}
