//! The objects' screen: folders, lines and small pictures, one object and what is done with it, refusals that are named, ten thousand lines.

use std::time::Instant;

use crate::support::{Desk, START, objects, pixels};
use client_ui::command::{Command, Event, JobId, ObjectsEvent, ObjectsOutcome, ObjectsWish};
use client_ui::problem::{Help, Problem};
use client_ui::screen::Screen;
use client_ui::settings::ThemeChoice;
use client_ui::words::said;
use egui_kittest::kittest::Queryable as _;
use transfer::{FolderPage, ListedObject, OpenUpload};

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
                desk.harness.event(egui::Event::MouseWheel {
                    unit: egui::MouseWheelUnit::Point,
                    delta: egui::vec2(0.0, -1_000_000.0),
                    phase: egui::TouchPhase::Move,
                    modifiers: egui::Modifiers::NONE,
                    source: egui::MouseWheelSource::Wheel,
                });
                desk.harness.run_steps(3);
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
