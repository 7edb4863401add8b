//! A desk to test the app on: a harness that paints on the CPU, jobs and dialogs that a test scripts, a clock that stands still.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use client_ui::command::{Command, Event, Found, JobId, QueueCommand, QueueEvent};
use client_ui::dialogs::{Dialogs, Pick, Picked};
use client_ui::gallery::Script;
pub use client_ui::gallery::facts::*;
use client_ui::paint::Painter;
use client_ui::settings::{Settings, ThemeChoice};
use client_ui::{App, theme};
use egui_kittest::kittest::Queryable as _;
use egui_kittest::{Harness, TestRenderer};
use image::RgbaImage;
use shared::clock::ManualClock;

/// The margin that the harness puts around an app.
const MARGIN: u32 = 8;

#[derive(Default)]
struct Picking {
    opened: usize,
    picked: Option<Picked>,
}

struct FakeDialogs(Rc<RefCell<Picking>>);

impl Dialogs for FakeDialogs {
    fn pick(&mut self, _: Pick) {
        self.0.borrow_mut().opened += 1;
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
    script: Script,
    picking: Rc<RefCell<Picking>>,
}

impl Desk {
    /// An app with empty settings in a window of `size` points.
    pub fn new(size: [u32; 2], theme: ThemeChoice) -> Self {
        Self::with_settings(size, Settings { theme, ..Settings::default() })
    }

    pub fn with_settings(size: [u32; 2], settings: Settings) -> Self {
        let (script, picking) = (Script::default(), Rc::new(RefCell::new(Picking::default())));
        let clock = Arc::new(ManualClock::new(START));
        let (jobs, dialogs) = (script.jobs(), FakeDialogs(Rc::clone(&picking)));
        let app = App::new(settings, Box::new(jobs), Box::new(dialogs), Arc::clone(&clock) as _);
        let size = size.map(|side| (side + 2 * MARGIN) as f32);
        let mut harness = Harness::builder()
            .with_size(size)
            .with_max_steps(12)
            .renderer(Cpu::default())
            .with_context_setup(theme::install)
            .build_ui_state(|ui, app: &mut App| app.ui(ui), app);
        harness.run();
        // What the start alone asks for.
        script.commands();
        Self { harness, clock, script, picking }
    }

    /// The commands that the app has given since the last call.
    pub fn commands(&self) -> Vec<Command> {
        self.script.commands()
    }

    /// The job of the last command that is one of `wanted`.
    pub fn job(&self, wanted: impl Fn(&Command) -> Option<JobId>) -> JobId {
        self.commands().iter().rev().find_map(wanted).expect("the app gave no such command")
    }

    pub fn dialogs_opened(&self) -> usize {
        self.picking.borrow().opened
    }

    pub fn end_dialog(&mut self, picked: Picked) {
        self.picking.borrow_mut().picked = Some(picked);
        self.harness.run();
    }

    /// Lets the jobs report `events`.
    pub fn report(&mut self, events: impl IntoIterator<Item = Event>) {
        self.script.report(events);
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

    /// Presses a button that copies; what is on the clipboard then.
    pub fn copied(&mut self, button: &str) -> String {
        self.harness.get_by_label(button).click();
        for _ in 0..4 {
            self.harness.step();
            let commands = &self.harness.output().platform_output.commands;
            let text = commands.iter().find_map(|command| match command {
                egui::OutputCommand::CopyText(text) => Some(text.clone()),
                _ => None,
            });
            if let Some(text) = text {
                self.harness.run();
                return text;
            }
        }
        panic!("{button} copies nothing");
    }

    /// Presses the button of this name, wherever it lies in a small window.
    pub fn press_button(&mut self, name: &str) {
        self.harness.get_by_role_and_label(egui::accesskit::Role::Button, name).click_accesskit();
        self.harness.run();
    }

    /// Shows another of several pages.
    pub fn press_tab(&mut self, name: &str) {
        self.harness.get_by_role_and_label(egui::accesskit::Role::Tab, name).click_accesskit();
        self.harness.run();
    }

    /// Turns the wheel over what the pointer is at; upwards by so many points.
    pub fn scroll(&mut self, points: f32) {
        self.harness.event(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, points),
            phase: egui::TouchPhase::Move,
            modifiers: egui::Modifiers::NONE,
            source: egui::MouseWheelSource::Wheel,
        });
        self.harness.run_steps(3);
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
        self.press_button("Configure");
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
