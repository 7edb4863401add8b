//! The objects' screen: folders, lines and small pictures, one object and what is done with it, refusals that are named, ten thousand lines.

use std::time::Instant;

use crate::support::{Desk, START, connect_job, granted, objects, pixels};
use client_ui::command::{Command, Event, JobId, ObjectsEvent, ObjectsOutcome, ObjectsWish};
use client_ui::problem::{Help, Problem};
use client_ui::screen::Screen;
use client_ui::settings::{Settings, ThemeChoice};
use client_ui::words::{LanguageChoice, said};
use egui_kittest::kittest::Queryable as _;
use transfer::{FolderPage, ListedObject, OpenUpload, RecordPage, UploadRecord};

const PHONE: [u32; 2] = [480, 900];
const USUAL: [u32; 2] = [1280, 900];

fn object(key: &str, size: u64) -> ListedObject {
    ListedObject { key: key.to_owned(), size, last_modified: Some(START), ..ListedObject::default() }
}

/// The last thing that was asked of the jobs.
fn wish(desk: &Desk) -> (JobId, ObjectsWish) {
    let asked = desk.commands().into_iter().rev().find_map(|command| match command {
        Command::Objects(command) => Some((command.job, command.wish)),
        _ => None,
    });
    asked.expect("something is asked of OSS")
}

fn answer(desk: &mut Desk, job: JobId, outcome: Result<ObjectsOutcome, Problem>) {
    desk.report([Event::Objects(ObjectsEvent { job, outcome })]);
}

/// At the folder of the token.
fn folder(size: [u32; 2], theme: ThemeChoice) -> Desk {
    let mut desk = Desk::new(size, theme);
    desk.type_into("App server", "http://127.0.0.1:8080");
    desk.configure();
    desk.click("Objects");
    let (job, asked) = wish(&desk);
    assert_eq!(asked, ObjectsWish::Page { prefix: "users/alice/".to_owned(), after: None });
    answer(&mut desk, job, Ok(objects(&asked).expect("a page")));
    desk
}

/// With the photo selected.
fn selected(size: [u32; 2], theme: ThemeChoice) -> Desk {
    let mut desk = folder(size, theme);
    desk.press("雪山 sunrise.jpg");
    let (job, asked) = wish(&desk);
    answer(&mut desk, job, Ok(objects(&asked).expect("all about it")));
    desk
}

#[test]
fn a_folder_is_walked_and_an_object_looked_at() {
    for (size, theme, name) in [
        (USUAL, ThemeChoice::Light, "usual-light"),
        (USUAL, ThemeChoice::Dark, "usual-dark"),
        (PHONE, ThemeChoice::Light, "phone-light"),
    ] {
        let mut desk = selected(size, theme);
        for words in ["9548687815775124833", "x-oss-meta-camera", "trip=alps", "5 shown, that is all"] {
            assert!(desk.sees(words), "{words}");
        }
        desk.shot(&format!("objects-{name}-lines"));
        desk.click("Pictures");
        let asked: Vec<_> = desk.commands();
        assert_eq!(asked.len(), 2, "the pictures in sight, and no text: {asked:?}");
        for command in asked {
            let Command::Objects(command) = command else { panic!("{command:?}") };
            answer(&mut desk, command.job, Ok(ObjectsOutcome::Thumb(pixels(256, 192))));
        }
        assert_eq!(desk.commands(), [], "each is asked for once");
        desk.shot(&format!("objects-{name}-pictures"));
        desk.harness.get_by_label("2017/").click_accesskit();
        desk.harness.run();
        let (_, asked) = wish(&desk);
        assert_eq!(asked, ObjectsWish::Page { prefix: "users/alice/2017/".to_owned(), after: None });
    }
}

#[test]
fn what_is_done_with_an_object_is_told_and_deleting_asked_twice() {
    let mut desk = selected(USUAL, ThemeChoice::Light);
    desk.click("Share");
    let (job, _) = wish(&desk);
    let until = START + time::Duration::minutes(15);
    answer(&mut desk, job, Ok(ObjectsOutcome::Shared("http://127.0.0.1:9000/x?signed".to_owned(), until)));
    assert!(desk.sees("anybody with this URL may read the object"));
    desk.shot("objects-shared");
    desk.clock.advance(time::Duration::minutes(16));
    desk.harness.run();
    assert!(desk.sees("The shared URL has ended."));
    desk.click("Copy");
    let (job, asked) = wish(&desk);
    let to = "users/alice/雪山 sunrise-copy.jpg".to_owned();
    assert_eq!(asked, ObjectsWish::Copy { from: "users/alice/雪山 sunrise.jpg".to_owned(), to: to.clone() });
    answer(&mut desk, job, Ok(ObjectsOutcome::Copied(to)));
    let (job, asked) = wish(&desk);
    assert!(matches!(asked, ObjectsWish::Page { .. }), "the folder is listed anew: {asked:?}");
    answer(&mut desk, job, Ok(objects(&asked).expect("a page")));
    desk.click("Delete");
    assert_eq!(desk.commands(), [], "asked once more");
    desk.click("Keep it");
    desk.click("Delete");
    desk.click("Delete it");
    let (job, asked) = wish(&desk);
    assert_eq!(asked, ObjectsWish::Delete("users/alice/雪山 sunrise.jpg".to_owned()));
    answer(&mut desk, job, Ok(ObjectsOutcome::Deleted));
    assert!(desk.sees("users/alice/雪山 sunrise.jpg is deleted"));
    assert!(!desk.sees("Object 雪山 sunrise.jpg"), "and gone from the list");
}

#[test]
fn a_refused_listing_is_named_and_explained() {
    let mut desk = folder(USUAL, ThemeChoice::Light);
    desk.click("holiday-photos");
    let (job, asked) = wish(&desk);
    assert_eq!(asked, ObjectsWish::Page { prefix: String::new(), after: None });
    let why = "The token is good, but its policy does not allow this.";
    let denied = Problem::new("AccessDenied", said("The folder cannot be listed"), said(why), Help::None);
    answer(&mut desk, job, Err(denied));
    assert!(desk.sees("The folder cannot be listed"));
    desk.shot("objects-denied");
    desk.click("Why was I denied?");
    assert_eq!(desk.harness.state().state().screen, Screen::Lab);
    assert!(desk.sees("Refused: ListObjects holiday-photos, no prefix: denied"));
}

#[test]
fn unfinished_uploads_are_given_up_one_by_one() {
    let mut desk = folder(USUAL, ThemeChoice::Light);
    desk.click("Unfinished uploads");
    let (job, _) = wish(&desk);
    let upload = OpenUpload {
        key: "users/alice/panorama.tiff".to_owned(),
        upload_id: "0004B9894A22E5B1888A1E29F823".to_owned(),
        initiated: Some(START),
    };
    answer(&mut desk, job, Ok(ObjectsOutcome::Leftovers(vec![upload.clone()])));
    assert!(desk.sees("users/alice/panorama.tiff"));
    desk.shot("objects-unfinished");
    desk.click("Give up");
    let (job, asked) = wish(&desk);
    assert_eq!(asked, ObjectsWish::Abort(upload));
    answer(&mut desk, job, Ok(ObjectsOutcome::Aborted));
    assert!(desk.sees("There are none."));
}

/// With the app server's records asked for.
fn asked_records(size: [u32; 2], theme: ThemeChoice) -> (Desk, JobId) {
    let mut desk = folder(size, theme);
    desk.press("Upload records");
    let (job, asked) = wish(&desk);
    assert_eq!(asked, ObjectsWish::Records { prefix: "users/alice/".to_owned(), after: None });
    assert!(desk.sees("The app server is being asked"));
    (desk, job)
}

fn told(records: &RecordPage) -> Result<ObjectsOutcome, Problem> {
    Ok(ObjectsOutcome::Records { page: records.clone(), covers: Some("users/alice/".to_owned()) })
}

fn demo_records() -> RecordPage {
    let wish = ObjectsWish::Records { prefix: "users/alice/".to_owned(), after: None };
    match objects(&wish) {
        Some(ObjectsOutcome::Records { page, .. }) => page,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_the_app_server_knows_stands_beside_the_listing_and_each_difference_is_marked() {
    for (size, theme, name) in [
        (USUAL, ThemeChoice::Light, "usual-light"),
        (USUAL, ThemeChoice::Dark, "usual-dark"),
        (PHONE, ThemeChoice::Light, "phone-light"),
    ] {
        let (mut desk, job) = asked_records(size, theme);
        answer(&mut desk, job, told(&demo_records()));
        assert_eq!(desk.commands(), [], "asked once");
        desk.shot(&format!("objects-{name}-records"));
        for words in [
            "5 shown, that is all",
            "Objects that are gone: 1",
            "Objects here without a record: 1",
            "Upload record 雪山 sunrise.jpg 4.7 MB alice (Pixel 2), by callback 2017-12-12 07:32:09 verified",
            "harbour.png 2.3 MB alice (Pixel 2), by the app 2017-12-12 06:54:09 not verified",
            "06:04:09 verified: the app server has seen it in the bucket replaced since",
            "06:34:09 verified: the app server has seen it in the bucket object is gone",
            "Object notes.txt 1.2 kB no record",
        ] {
            assert!(desk.sees(words), "{name}: {words}");
        }
        assert!(!desk.sees("Object harbour.png 2.3 MB no record"));
    }
}

#[test]
fn records_are_reached_by_keyboard_paged_and_lead_to_their_object() {
    let (mut desk, job) = asked_records(USUAL, ThemeChoice::Light);
    let many = |from: usize| {
        let mut page = demo_records();
        let one = page.records.remove(0);
        page.records = (from..from + 100)
            .map(|number| UploadRecord { key: format!("users/alice/{number:03}.jpg"), ..one.clone() })
            .collect();
        page
    };
    answer(&mut desk, job, told(&RecordPage { next: Some("c".to_owned()), ..many(0) }));
    assert!(desk.sees("100 shown, more as you scroll"));
    assert!(!desk.sees("no record"), "not before all records are here");
    let rows = desk.harness.query_all_by_label_contains("Upload record 0").count();
    assert!((3..40).contains(&rows), "{rows} rows are laid out");
    desk.harness.get_by_label_contains("Upload record 000.jpg").focus();
    desk.harness.run();
    desk.harness.key_press(egui::Key::Enter);
    desk.harness.run();
    let (job, asked) = wish(&desk);
    assert_eq!(asked, ObjectsWish::Look("users/alice/000.jpg".to_owned()));
    answer(
        &mut desk,
        job,
        Err(Problem::new("NoSuchKey", said("The object cannot be looked at"), said("Gone."), Help::None)),
    );
    assert!(desk.sees("The object cannot be looked at"));
    assert!(desk.sees("alice (Pixel 2), by callback, 2017-12-12 07:32:09"), "what is known of it all the same");
    desk.press_tab("Upload records");
    assert_eq!(desk.commands(), [], "they are still here");
    desk.harness.get_by_label_contains("Upload record 002.jpg").hover();
    for _ in 0..20 {
        desk.scroll(-100_000.0);
        if desk.harness.state().state().objects.is_asking_records() {
            break;
        }
    }
    let (job, asked) = wish(&desk);
    assert_eq!(asked, ObjectsWish::Records { prefix: "users/alice/".to_owned(), after: Some("c".to_owned()) });
    answer(&mut desk, job, told(&many(100)));
    assert!(desk.sees("200 shown, that is all"));
    assert!(desk.sees("Objects that are gone: 200") && desk.sees("Objects here without a record: 3"));
    // Another folder has records of its own, and they are asked for as long as they are looked at.
    desk.press("Folder 2017/");
    let wishes: Vec<_> = desk
        .commands()
        .into_iter()
        .map(|command| match command {
            Command::Objects(command) => command.wish,
            other => panic!("{other:?}"),
        })
        .collect();
    let prefix = "users/alice/2017/".to_owned();
    assert_eq!(
        wishes,
        [ObjectsWish::Page { prefix: prefix.clone(), after: None }, ObjectsWish::Records { prefix, after: None }]
    );
}

#[test]
fn a_server_without_records_says_what_to_set_and_a_failure_can_be_tried_again() {
    let why = said("there are no records of uploads");
    for (code, words) in [
        ("UploadsNotKept", "sets the section \"Uploads\" in its configuration"),
        ("NoUploadsRoute", "It has no route /v1/uploads."),
    ] {
        let (mut desk, job) = asked_records(USUAL, ThemeChoice::Light);
        answer(
            &mut desk,
            job,
            Err(Problem::new(code, said("Upload records cannot be shown"), why.clone(), Help::None)),
        );
        assert!(desk.sees(words), "{code}");
        assert_eq!(desk.commands(), [], "it is not asked again by itself");
        desk.shot(&format!("objects-records-{code}"));
        desk.press_button("Ask again");
        assert!(matches!(wish(&desk).1, ObjectsWish::Records { .. }));
    }
    let (mut desk, job) = asked_records(USUAL, ThemeChoice::Light);
    let away = Problem::new(
        "UploadsUnavailable",
        said("Upload records cannot be shown"),
        said("The database is away."),
        Help::None,
    );
    answer(&mut desk, job, Err(away));
    assert!(desk.sees("Upload records cannot be shown") && desk.sees("The database is away."));
    desk.shot("objects-records-away");
    desk.press_button("Ask again");
    let (job, _) = wish(&desk);
    answer(&mut desk, job, told(&RecordPage::default()));
    assert!(desk.sees("The app server knows of no upload to this folder."));
    assert!(desk.sees("Object notes.txt 1.2 kB no record"));
    desk.shot("objects-records-empty");
}

#[test]
fn records_are_shown_in_chinese() {
    let app_server = "http://127.0.0.1:8080".to_owned();
    let settings = Settings { app_server, language: LanguageChoice::Chinese, ..Settings::default() };
    let mut desk = Desk::with_settings(USUAL, settings);
    desk.press_button("配置");
    let job = desk.job(connect_job);
    desk.report(granted(job).into_iter().chain([Event::Connected { job, ok: true }]));
    desk.click("文件管理");
    let (job, asked) = wish(&desk);
    answer(&mut desk, job, Ok(objects(&asked).expect("a page")));
    desk.press("上传记录");
    let (job, _) = wish(&desk);
    answer(&mut desk, job, told(&demo_records()));
    for words in ["上传记录", "已不存在的文件：1", "来自回调", "文件已不存在", "无记录"] {
        assert!(desk.sees(words), "{words}");
    }
    desk.shot("objects-records-chinese");
}

#[test]
fn ten_thousand_objects_cost_no_more_than_those_in_sight() {
    let mut desk = folder(USUAL, ThemeChoice::Light);
    desk.click("Refresh");
    let mut begun = 0;
    while begun < 10_000 {
        let (job, asked) = wish(&desk);
        assert!(matches!(asked, ObjectsWish::Page { .. }), "{asked:?}");
        let objects = (begun..begun + 1000).map(|number| object(&format!("users/alice/{number:05}.jpg"), 9)).collect();
        begun += 1000;
        let next = (begun < 10_000).then(|| begun.to_string());
        answer(&mut desk, job, Ok(ObjectsOutcome::Page(FolderPage { objects, next, ..FolderPage::default() })));
        if begun < 10_000 {
            // Pages come as one scrolls.
            desk.harness.get_all_by_label_contains("Object ").nth(5).expect("a row in sight").hover();
            for _ in 0..10 {
                desk.scroll(-1_000_000.0);
                if desk.harness.state().state().objects.is_listing() {
                    break;
                }
            }
        }
    }
    assert_eq!(desk.harness.state().state().objects.objects.len(), 10_000);
    let rows = desk.harness.query_all_by_label_contains("Object ").count();
    assert!((10..60).contains(&rows), "{rows} rows are laid out");
    let began = Instant::now();
    for _ in 0..20 {
        desk.harness.step();
    }
    // Far above what a frame takes in a debug build, far below what 10,000 rows would.
    assert!(began.elapsed().as_millis() < 20 * 100, "{:?}", began.elapsed());
}
