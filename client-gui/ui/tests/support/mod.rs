//! A desk to test the app on: a harness that paints on the CPU, jobs and dialogs that a test scripts, a clock that stands still.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use client_ui::command::{
    Activity, Command, Event, Found, Hop, HopOutcome, JobId, Picture, Pixels, Processed, Progress, QueueCommand,
    QueueEvent, Receipt, TokenView,
};
use client_ui::dialogs::{Dialogs, Pick, Picked};
use client_ui::paint::Painter;
use client_ui::problem::{Help, Problem};
use client_ui::settings::{Settings, ThemeChoice};
use client_ui::{App, Jobs, theme};
use egui_kittest::kittest::Queryable as _;
use egui_kittest::{Harness, TestRenderer};
use image::RgbaImage;
use shared::clock::ManualClock;
use shared::token::GrantPlace;
use time::OffsetDateTime;
use time::macros::datetime;

/// When every test begins.
pub const START: OffsetDateTime = datetime!(2017-12-12 07:34:09 UTC);
/// The margin that the harness puts around an app.
const MARGIN: u32 = 8;

#[derive(Default)]
struct Script {
    commands: Vec<Command>,
    events: VecDeque<Event>,
    dialogs_opened: usize,
    picked: Option<Picked>,
}

struct FakeJobs(Rc<RefCell<Script>>);

impl Jobs for FakeJobs {
    fn run(&mut self, command: Command) {
        self.0.borrow_mut().commands.push(command);
    }

    fn poll(&mut self) -> Option<Event> {
        self.0.borrow_mut().events.pop_front()
    }

    fn is_idle(&self) -> bool {
        true
    }

    fn close(&mut self) {}
}

struct FakeDialogs(Rc<RefCell<Script>>);

impl Dialogs for FakeDialogs {
    fn pick(&mut self, _: Pick) {
        self.0.borrow_mut().dialogs_opened += 1;
    }

    fn poll(&mut self) -> Option<Picked> {
        self.0.borrow_mut().picked.take()
    }
}

#[derive(Default)]
struct Cpu(Painter);

impl TestRenderer for Cpu {
    fn handle_delta(&mut self, delta: &mut egui::TexturesDelta) {
        self.0.apply(delta);
    }

    fn render(&mut self, ctx: &egui::Context, output: &egui::FullOutput) -> Result<RgbaImage, String> {
        let scale = output.pixels_per_point;
        let primitives = ctx.tessellate(output.shapes.clone(), scale);
        let size = (ctx.viewport_rect().size() * scale).round();
        Ok(self.0.paint(&primitives, [size.x as u32, size.y as u32], scale, egui::Color32::BLACK))
    }
}

/// A test's desk.
pub struct Desk {
    pub harness: Harness<'static, App>,
    pub clock: Arc<ManualClock>,
    script: Rc<RefCell<Script>>,
}

impl Desk {
    /// An app with empty settings in a window of `size` points.
    pub fn new(size: [u32; 2], theme: ThemeChoice) -> Self {
        Self::with_settings(size, Settings { theme, ..Settings::default() })
    }

    pub fn with_settings(size: [u32; 2], settings: Settings) -> Self {
        let script = Rc::new(RefCell::new(Script::default()));
        let clock = Arc::new(ManualClock::new(START));
        let (jobs, dialogs) = (FakeJobs(Rc::clone(&script)), FakeDialogs(Rc::clone(&script)));
        let app = App::new(settings, Box::new(jobs), Box::new(dialogs), Arc::clone(&clock) as _);
        let size = size.map(|side| (side + 2 * MARGIN) as f32);
        let mut harness = Harness::builder()
            .with_size(size)
            .with_max_steps(12)
            .renderer(Cpu::default())
            .with_context_setup(theme::install)
            .build_ui_state(|ui, app: &mut App| app.ui(ui), app);
        harness.run();
        Self { harness, clock, script }
    }

    /// The commands that the app has given since the last call.
    pub fn commands(&self) -> Vec<Command> {
        std::mem::take(&mut self.script.borrow_mut().commands)
    }

    /// The job of the last command that is one of `wanted`.
    pub fn job(&self, wanted: impl Fn(&Command) -> Option<JobId>) -> JobId {
        self.commands().iter().rev().find_map(wanted).expect("the app gave no such command")
    }

    pub fn dialogs_opened(&self) -> usize {
        self.script.borrow().dialogs_opened
    }

    pub fn end_dialog(&mut self, picked: Picked) {
        self.script.borrow_mut().picked = Some(picked);
        self.harness.run();
    }

    /// Lets the jobs report `events`.
    pub fn report(&mut self, events: impl IntoIterator<Item = Event>) {
        self.script.borrow_mut().events.extend(events);
        self.harness.run();
    }

    pub fn click(&mut self, label: &str) {
        self.harness.get_by_label(label).click();
        self.harness.run();
    }

    /// Presses what may have been scrolled out of sight; `part` is some of its label.
    pub fn press(&mut self, part: &str) {
        self.harness.get_by_label_contains(part).click_accesskit();
        self.harness.run();
    }

    pub fn type_into(&mut self, label: &str, text: &str) {
        self.harness.get_by_label(label).focus();
        self.harness.run();
        self.harness.get_by_label(label).type_text(text);
        self.harness.run();
    }

    pub fn sees(&self, part: &str) -> bool {
        self.harness.query_all_by_label_contains(part).next().is_some()
    }

    /// Saves a picture of the window as `name.png` in the target folder's `tmp`.
    pub fn shot(&mut self, name: &str) -> RgbaImage {
        self.harness.remove_cursor();
        // While a file hovers, egui repaints without end.
        self.harness.run_ok();
        let whole = self.harness.render().expect("the CPU painter paints");
        let (width, height) = (whole.width() - 2 * MARGIN, whole.height() - 2 * MARGIN);
        let window = image::imageops::crop_imm(&whole, MARGIN, MARGIN, width, height).to_image();
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.png"));
        window.save(path).expect("the target's tmp folder can be written");
        window
    }

    /// Presses Configure and lets the app server answer with [`token`].
    pub fn configure(&mut self) {
        self.click("Configure");
        let job = self.job(connect_job);
        self.report(granted(job).into_iter().chain([Event::Connected { job, ok: true }]));
    }

    /// Selects [`photo`] as if it had been dropped.
    pub fn select(&mut self) {
        self.drop_file("/home/me/Pictures/雪山 sunrise.jpg");
        self.find([("雪山 sunrise.jpg", 4_718_592)]);
        self.load();
    }

    /// Lets the search for files find these names and sizes, in the folder of pictures.
    pub fn find<'a>(&mut self, files: impl IntoIterator<Item = (&'a str, u64)>) {
        let job = self.job(|command| match command {
            Command::Queue(
                QueueCommand::Gather { job, .. } | QueueCommand::Samples { job, .. } | QueueCommand::Paste { job, .. },
            ) => Some(*job),
            _ => None,
        });
        let found = |(name, bytes): (&str, u64)| Found {
            path: PathBuf::from("/home/me/Pictures").join(name),
            name: name.to_owned(),
            relative: name.to_owned(),
            bytes,
        };
        let found = files.into_iter().map(found).collect();
        self.report([Event::Queue(QueueEvent::Gathered { job, found, problem: None })]);
    }

    /// Lets the preview of the selected file be [`photo`].
    pub fn load(&mut self) {
        let job = self.job(|command| match command {
            Command::Load { job, .. } => Some(*job),
            _ => None,
        });
        self.report([Event::Loaded { job, outcome: Ok(photo()) }]);
    }

    pub fn drop_file(&mut self, path: &str) {
        self.harness.input_mut().dropped_files.push(Arc::new(Dropped(path.into())));
        self.harness.run();
    }

    /// Presses Upload and returns its job.
    pub fn upload(&mut self) -> JobId {
        // In a small window it may lie below.
        self.harness.get_by_label("Upload").click_accesskit();
        self.harness.run();
        self.job(|command| match command {
            Command::Upload { job, .. } => Some(*job),
            _ => None,
        })
    }
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &std::path::Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("the app reads files through its jobs".to_owned())
    }
}

pub fn connect_job(command: &Command) -> Option<JobId> {
    match command {
        Command::Connect { job, .. } => Some(*job),
        _ => None,
    }
}

/// A token for `users/alice/` that lives for 900 seconds.
pub fn token() -> TokenView {
    TokenView {
        access_key_id: "STS.NS…3fQ".to_owned(),
        obtained: START,
        expiration: Some(START + Duration::from_secs(900)),
        place: GrantPlace {
            bucket: Some("holiday-photos".to_owned()),
            region: Some("cn-hangzhou".to_owned()),
            endpoint: Some("http://127.0.0.1:9000".to_owned()),
            object_prefix: Some("users/alice/".to_owned()),
            object_key: None,
        },
    }
}

/// What the jobs report when the app server grants [`token`].
pub fn granted(job: JobId) -> Vec<Event> {
    let seen = "STS.NS…3fQ, valid for 15:00, for users/alice/".to_owned();
    let noted =
        |text: &str| Event::Noted(Activity { at: START, with: Hop::AppServer, text: text.to_owned(), failed: false });
    vec![
        noted("GET http://127.0.0.1:8080/"),
        Event::Hop { job, hop: Hop::AppServer, outcome: HopOutcome::Passed("answered in 12 ms".to_owned()) },
        Event::Hop { job, hop: Hop::Token, outcome: HopOutcome::Passed(seen) },
        noted("Token STS.NS…3fQ, valid until 2017-12-12T07:49:09Z"),
        Event::Token(token()),
    ]
}

/// A painted landscape: sky, sun and hills.
pub fn pixels(width: usize, height: usize) -> Arc<Pixels> {
    let mut rgba = Vec::with_capacity(width * height * 4);
    for y in 0..height {
        for x in 0..width {
            let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
            let hill = |base: f32, high: f32, waves: f32, shift: f32| base - high * (u * waves + shift).sin().abs();
            let sun = ((u - 0.68).powi(2) * 1.8 + (v - 0.34).powi(2)).sqrt();
            let mut color = [92.0 + 150.0 * v, 128.0 + 70.0 * v, 190.0 - 40.0 * v];
            let glow = (1.0 - sun * 2.6).clamp(0.0, 1.0);
            for (channel, light) in color.iter_mut().zip([120.0, 90.0, 20.0]) {
                *channel += light * glow;
            }
            if sun < 0.07 {
                color = [255.0, 238.0, 196.0];
            }
            for (line, shade) in [
                (hill(0.72, 0.24, 5.0, 0.4), [112.0, 116.0, 158.0]),
                (hill(0.84, 0.2, 7.0, 1.9), [70.0, 84.0, 120.0]),
                (hill(0.97, 0.18, 4.0, 3.0), [38.0, 54.0, 74.0]),
            ] {
                if v > line {
                    color = shade;
                }
            }
            rgba.extend(color.map(|channel| channel.clamp(0.0, 255.0) as u8));
            rgba.push(255);
        }
    }
    Arc::new(Pixels { size: [width, height], rgba })
}

pub fn photo() -> Picture {
    Picture {
        path: "/home/me/Pictures/雪山 sunrise.jpg".into(),
        name: "雪山 sunrise.jpg".to_owned(),
        bytes: 4_718_592,
        size: [4000, 3000],
        format: "JPEG".to_owned(),
        preview: pixels(800, 600),
    }
}

pub fn progress(sent: u64, elapsed_ms: u64) -> Progress {
    Progress {
        sent,
        total: 4_718_592,
        parts_done: (sent >> 20) as u32,
        parts: 5,
        saved: Some((sent >> 20) as u32),
        elapsed: Duration::from_millis(elapsed_ms),
    }
}

pub fn receipt() -> Receipt {
    Receipt {
        bucket: "holiday-photos".to_owned(),
        key: "users/alice/雪山 sunrise.jpg".to_owned(),
        etag: "5B3C1A2E053D763E1B002CC607C5A0FE-5".to_owned(),
        size: 4_718_592,
        crc64: 9_548_687_815_775_124_833,
        crc64_at_oss: Some(9_548_687_815_775_124_833),
        parts: 5,
        held: 0,
        resent: 0,
        elapsed: Duration::from_millis(1840),
        request_id: "5C3D9175B6FC201293AD4890".to_owned(),
    }
}

pub fn thumbnail(process: &str) -> Processed {
    Processed {
        process: process.to_owned(),
        bytes: 38_204,
        size: [480, 360],
        format: "JPEG".to_owned(),
        elapsed: Duration::from_millis(64),
        preview: pixels(480, 360),
    }
}

pub fn denied() -> Problem {
    let why = "The token covers users/alice/ alone, and this object name lies outside of it.";
    Problem::new("AccessDenied", "The upload failed", why, Help::UseTokenFolder)
        .fact("Code", "AccessDenied")
        .fact("EC", "0003-00000301")
        .fact("Message", "You have no right to access this object because of bucket acl or policy.")
        .fact("RequestId", "5C3D9175B6FC201293AD4890")
        .fact("PolicyType", "SessionPolicy")
        .fact("AuthPrincipalDisplayName", "direct-transfer:alice")
        .fact("NoPermissionType", "ImplicitDeny")
}
