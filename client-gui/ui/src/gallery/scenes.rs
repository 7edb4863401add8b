//! The scenes: how the app comes to look as on each picture.

use std::time::Duration;

use transfer::ExchangeId;

use super::facts;
use super::stage::Stage;
use super::talk::{self, Saying};
use crate::action::{Action, Step};
use crate::command::Event;
use crate::conditions::ConditionsAction;
use crate::lab::grid::{ROWS, Spot};
use crate::lab::{LabAction, Pick};
use crate::objects::{Beside, ObjectsAction};
use crate::profiles::{Profile, presets};
use crate::screen::{Screen, Sheet};
use crate::settings::{Settings, ThemeChoice};
use crate::wire::WireAction;
use crate::words::LanguageChoice;

/// A scene's name, and how to set it.
pub(super) type Scene = (&'static str, fn() -> Stage);

/// All of them.
pub(super) const ALL: &[Scene] = &[
    ("configure", configure),
    ("profiles", profiles),
    ("select", select),
    ("upload", upload),
    ("uploaded", uploaded),
    ("thumbnail", thumbnail),
    ("thumbnail-dark-chinese", thumbnail_in_chinese),
    ("objects", objects),
    ("upload-records", upload_records),
    ("wire", wire),
    ("policy-lab", policy_lab),
    ("conditions", conditions),
    ("settings-phone", settings_on_a_phone),
];

const USUAL: [u16; 2] = [1180, 800];
const LARGE: [u16; 2] = [1440, 1060];
const TALL: [u16; 2] = [1440, 1370];
const PHONE: [u16; 2] = [480, 760];
const PHOTO: (&str, u64) = ("雪山 sunrise.jpg", 4_718_592);

fn settings(theme: ThemeChoice) -> Settings {
    Settings { theme, app_server: "http://127.0.0.1:8080".to_owned(), ..Settings::default() }
}

/// With a token.
fn ready(settings: Settings, size: [u16; 2]) -> Stage {
    let mut stage = Stage::new(settings, size);
    stage.configure();
    stage
}

/// With the photo at OSS.
fn done(settings: Settings, size: [u16; 2]) -> Stage {
    let mut stage = ready(settings, size);
    stage.select(&[PHOTO]);
    if let Some(job) = stage.upload().first() {
        stage.uploaded(*job);
    }
    stage
}

fn configure() -> Stage {
    let mut stage = ready(settings(ThemeChoice::Light), USUAL);
    stage.act(Action::GoTo(Step::Configure));
    stage
}

fn profiles() -> Stage {
    let mut settings = settings(ThemeChoice::Light);
    settings.profiles.push(Profile::of(&settings, "App server at home"));
    settings.bucket = "holiday-photos".to_owned();
    presets::use_region("cn-hangzhou", &mut settings);
    let profile = Profile::of(&settings, "假期 (Hangzhou)");
    settings.profile.clone_from(&profile.name);
    settings.profiles.push(profile);
    let mut stage = Stage::new(settings, USUAL);
    stage.act(Action::Open(Sheet::Profiles));
    stage
}

fn select() -> Stage {
    let mut stage = ready(settings(ThemeChoice::Dark), USUAL);
    stage.select(&[PHOTO]);
    stage.act(Action::GoTo(Step::Select));
    stage
}

fn upload() -> Stage {
    let mut stage = ready(settings(ThemeChoice::Light), USUAL);
    stage.select(&[PHOTO, ("harbour.png", 2_310_144), ("panorama.tiff", 48_234_496), ("菊花.webp", 913_408)]);
    let jobs = stage.upload();
    if let Some(job) = jobs.first() {
        stage.report(
            [(0, 0), (1 << 20, 400), (2_900_000, 1100)]
                .map(|(sent, ms)| Event::Progress { job: *job, progress: facts::progress(sent, ms) }),
        );
    }
    if let Some(job) = jobs.get(1) {
        stage.report([Event::Uploaded { job: *job, outcome: Ok(facts::receipt()) }]);
    }
    stage.act(Action::GoTo(Step::Upload));
    stage
}

fn uploaded() -> Stage {
    done(settings(ThemeChoice::Light), USUAL)
}

fn thumbnail() -> Stage {
    playground(settings(ThemeChoice::Light), LARGE)
}

fn thumbnail_in_chinese() -> Stage {
    playground(Settings { language: LanguageChoice::Chinese, ..settings(ThemeChoice::Dark) }, LARGE)
}

fn playground(mut settings: Settings, size: [u16; 2]) -> Stage {
    settings.recipe.watermark.on = true;
    settings.recipe.watermark.text = "直传 2017".to_owned();
    let mut stage = done(settings, size);
    stage.act(Action::GoTo(Step::Thumbnail));
    stage
}

fn objects() -> Stage {
    let mut stage = ready(settings(ThemeChoice::Light), USUAL);
    stage.act(Action::Objects(ObjectsAction::Grid(true)));
    stage.act(Action::Show(Screen::Objects));
    let asked = stage.act(Action::Objects(ObjectsAction::Refresh));
    stage.answer_objects(asked);
    let asked = stage.act(Action::Objects(ObjectsAction::Select(facts::receipt().key)));
    stage.answer_objects(asked);
    stage
}

fn upload_records() -> Stage {
    let mut stage = ready(settings(ThemeChoice::Dark), USUAL);
    let asked = stage.act(Action::Show(Screen::Objects));
    stage.answer_objects(asked);
    let asked = stage.act(Action::Objects(ObjectsAction::Beside(Beside::Records)));
    stage.answer_objects(asked);
    stage
}

fn wire() -> Stage {
    let mut stage = ready(settings(ThemeChoice::Light), LARGE);
    stage.act(Action::Show(Screen::Wire));
    for saying in talk::ALL.iter().chain([&talk::MISSIGNED]) {
        stage.report(talk::heard(saying));
    }
    stage.act(Action::Wire(WireAction::Select(ExchangeId(talk::MISSIGNED.id))));
    stage
}

fn policy_lab() -> Stage {
    let mut stage = ready(settings(ThemeChoice::Light), TALL);
    stage.act(Action::Show(Screen::Lab));
    let listing = ROWS.iter().position(|row| row.operation == "ListObjects").unwrap_or(0);
    stage.act(Action::Lab(LabAction::Select(Pick::Cell((listing, Spot::Sibling)))));
    stage
}

fn conditions() -> Stage {
    let settings = Settings { control: "http://127.0.0.1:9090".to_owned(), ..settings(ThemeChoice::Light) };
    let mut stage = ready(settings, LARGE);
    for id in (250..600).step_by(25) {
        stage.report(talk::heard(&Saying { id, operation: "UploadPart", ..talk::ALL[1] }));
    }
    stage.report(talk::heard(&Saying { id: 610, ..talk::MISSIGNED }));
    stage.pass(Duration::from_secs(260));
    let asked = stage.act(Action::Show(Screen::Conditions));
    stage.answer_conditions(&asked);
    stage.act(Action::Conditions(ConditionsAction::AddRule));
    stage
}

fn settings_on_a_phone() -> Stage {
    let mut stage = ready(settings(ThemeChoice::Dark), PHONE);
    stage.act(Action::Open(Sheet::Settings));
    stage
}
