//! Configure and its profiles: each field is checked as it is typed, profiles and presets fill them, a key is shown to one app server and shared
//! with nobody; a picture of each station lands in the target's `tmp` folder.

use std::path::PathBuf;

use crate::support::Desk;
use client_ui::command::{
    Command, Event, FileTrouble, Kept, MemoryCommand, MemoryEvent, Place, ProfileCommand, ProfileEvent,
};
use client_ui::profiles::{Identity, Profile, document};
use client_ui::settings::{Settings, ThemeChoice};
use client_ui::words::LanguageChoice;
use egui_kittest::kittest::Queryable as _;

const USUAL: [u32; 2] = [1120, 860];
const SMALL: [u32; 2] = [760, 560];

fn profile(name: &str) -> Profile {
    Profile {
        name: name.to_owned(),
        app_server: format!("https://{name}.example.com/sts"),
        identity: Identity::Bearer,
        bucket: format!("{name}-photos"),
        region: "cn-hangzhou".to_owned(),
        endpoint: "https://oss-cn-hangzhou.aliyuncs.com".to_owned(),
        object_name: "{prefix}{name}".to_owned(),
        ..Profile::default()
    }
}

fn settings() -> Settings {
    Settings { profiles: vec![profile("holiday"), profile("work")], ..Settings::default() }
}

/// The place that Configure asks for.
fn asked(desk: &mut Desk) -> Place {
    desk.press_button("Configure");
    let place = desk.commands().into_iter().rev().find_map(|command| match command {
        Command::Connect { place, .. } => Some(place),
        _ => None,
    });
    place.expect("the app asks for a token")
}

fn value(desk: &Desk, label: &str) -> String {
    desk.harness.get_by_label(label).value().unwrap_or_default()
}

#[test]
fn each_field_says_what_is_wrong_with_it_as_it_is_typed() {
    for (field, text, words) in [
        ("App server", "app.example.com", "Not possible: it must begin with http:// or https://."),
        ("App server", "http://app.example.com", "whoever is on the way can read the key and the token"),
        ("App server", "https://app.example.com?key=1", "Better enter it as a key"),
        ("Bucket", "No", "Not possible: it must have 3 to 63 characters."),
        ("Region", "Hangzhou", "Not possible: it must look like cn-hangzhou."),
        ("Endpoint", "oss:x", "Not possible: what follows the ':' must be a port number."),
        ("Endpoint", "http://oss-cn-hangzhou.aliyuncs.com", "whoever is on the way can read and change the files"),
    ] {
        let mut desk = Desk::new(USUAL, ThemeChoice::Light);
        assert!(!desk.sees(words));
        desk.type_into(field, text);
        assert!(desk.sees(words), "{field}: {text}");
    }
    let mut desk = Desk::new(USUAL, ThemeChoice::Light);
    desk.type_into("Bucket", "No");
    desk.type_into("App server", "http://app.example.com?key=1");
    desk.click("The bucket's own domain (CNAME)");
    assert!(desk.sees("Not possible: it must be the bucket's own domain."));
    desk.click("Key in the query");
    desk.shot("configure-complaints");
}

#[test]
fn presets_and_the_https_switch_fill_in_what_belongs_together() {
    let mut desk = Desk::with_settings(USUAL, Settings { bucket: "photos".to_owned(), ..Settings::default() });
    desk.click("Profile");
    desk.press("US (Silicon Valley)");
    let oss = "oss-us-west-1.aliyuncs.com";
    assert_eq!((value(&desk, "Region"), value(&desk, "Endpoint")), ("us-west-1".to_owned(), format!("https://{oss}")));
    assert_eq!(value(&desk, "Bucket"), "photos");
    desk.click("HTTPS");
    assert_eq!(value(&desk, "Endpoint"), format!("http://{oss}"));
    desk.click("HTTPS");
    assert_eq!(value(&desk, "Endpoint"), format!("https://{oss}"));
    desk.click("Profile");
    desk.press("App server on this machine");
    assert_eq!(
        (value(&desk, "App server"), value(&desk, "Region")),
        ("http://127.0.0.1:7080/sts".to_owned(), String::new())
    );
}

#[test]
fn a_profile_is_saved_remembered_chosen_and_deleted() {
    let mut desk = Desk::with_settings(USUAL, settings());
    desk.report([Event::Memory(MemoryEvent::Recalled { history: None, queue: None, problem: None })]);
    desk.click("Profile");
    desk.press("holiday");
    assert_eq!(value(&desk, "Bucket"), "holiday-photos");
    desk.type_into("Key", "s3cret");
    desk.click("The bucket's own domain (CNAME)");
    assert_eq!(value(&desk, "Profile"), "holiday, changed");
    desk.click("Profiles");
    desk.shot("profiles-1-sheet");
    desk.type_into("Save the settings of step 1 as", "!");
    // What was under way until now is on disk.
    for _ in 0..2 {
        desk.report([Event::Memory(MemoryEvent::Saved { what: Kept::Settings, problem: None })]);
    }
    desk.commands();
    desk.click("Save");
    assert!(desk.sees("Saved as holiday!"));
    let saved = desk.commands();
    let [Command::Memory(MemoryCommand::SaveSettings(kept))] = &saved[..] else { panic!("{saved:?}") };
    let made = Profile { name: "holiday!".to_owned(), cname: true, ..profile("holiday") };
    assert_eq!(kept.profiles, [profile("holiday"), profile("work"), made]);
    assert!(!format!("{kept:?}").contains("s3cret"), "the key is kept nowhere");
    desk.press("Delete holiday!");
    assert_eq!(desk.harness.state().state().settings.profiles.len(), 2);
    desk.press("Use work");
    desk.press("Close");
    assert_eq!((value(&desk, "Bucket"), value(&desk, "Key")), ("work-photos".to_owned(), String::new()));
    assert_eq!(asked(&mut desk).key, None, "a key is for the app server that it was entered for");
}

#[test]
fn a_key_goes_to_the_app_server_and_not_into_what_is_shared() {
    let mut desk = Desk::with_settings(SMALL, Settings { theme: ThemeChoice::Dark, ..Settings::default() });
    desk.type_into("App server", "https://app.example.com/sts?ticket=s3cret&grant=read");
    desk.click("Key in the query");
    desk.type_into("Key", "s3cret");
    let place = asked(&mut desk);
    assert_eq!(
        (place.identity.clone(), place.key.as_ref().map(|key| key.expose())),
        (Identity::Query("key".to_owned()), Some("s3cret"))
    );
    assert!(!format!("{:?}", place.key).contains("s3cret"));
    desk.press_button("Profiles");
    desk.shot("profiles-2-share-dark-small");
    assert!(desk.sees("QR code of these settings"));
    let text = desk.copied("Copy as text");
    assert!(!text.contains("s3cret"), "{text}");
    assert_eq!(document::read(&text).unwrap().app_server, "https://app.example.com/sts?grant=read");
}

#[test]
fn a_profile_comes_as_text_or_as_a_file_and_goes_into_one() {
    const PASTE: &str = "The text of a profile, as a QR code or a file has it";
    let mut desk = Desk::with_settings(USUAL, settings());
    desk.click("Profiles");
    desk.type_into(PASTE, "{\"AccessKeySecret\":1}");
    desk.press("Import the text");
    assert!(desk.sees("It is no profile: direct_transfer_profile is missing."));
    desk.shot("profiles-3-no-profile");
    let path = PathBuf::from("/home/me/friend.json");
    desk.type_into("File", "/home/me/friend.json");
    desk.commands();
    desk.press("Import the file");
    assert_eq!(desk.commands(), [Command::Profile(ProfileCommand::Read(path.clone()))]);
    let friend = Profile { bucket: "friends".to_owned(), ..profile("work") };
    desk.report([Event::Profile(ProfileEvent::Read(Ok(document::write(&friend))))]);
    assert!(desk.sees("Imported as work (2)"), "what has the name already stays");
    let state = desk.harness.state().state();
    assert_eq!((state.settings.bucket.as_str(), state.settings.profiles.len()), ("friends", 3));
    desk.press("Export to the file");
    let text = document::write(&Profile { name: "work (2)".to_owned(), ..friend });
    assert_eq!(desk.commands().last(), Some(&Command::Profile(ProfileCommand::Write { path: path.clone(), text })));
    desk.report([Event::Profile(ProfileEvent::Written(Err(FileTrouble::Foreign)))]);
    assert!(desk.sees("There is a file of this name, and it is no profile."));
    desk.report([Event::Profile(ProfileEvent::Written(Ok(path)))]);
    assert!(desk.sees("Written to /home/me/friend.json"));
}

#[test]
fn configure_and_profiles_speak_chinese() {
    let mut desk = Desk::with_settings(USUAL, Settings { language: LanguageChoice::Chinese, ..settings() });
    desk.type_into("应用服务器", "http://app.example.com");
    desk.type_into("存储空间 (Bucket)", "No");
    assert!(desk.sees("不合法：长度必须为 3～63 个字符。"));
    desk.shot("configure-chinese");
    desk.press("配置方案管理");
    assert!(desk.sees("当前设置的二维码"));
    desk.shot("profiles-chinese");
}
