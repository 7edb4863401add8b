//! One app with scripted jobs, drawn without a window and painted on the CPU.

use std::sync::Arc;
use std::time::Duration;

use egui::{Color32, Context, Pos2, RawInput, Rect, Vec2};
use image::RgbaImage;
use shared::clock::{Clock as _, ManualClock};

use super::facts::{self, START};
use super::script::{NoDialogs, Script};
use crate::action::Action;
use crate::app::App;
use crate::command::{
    Command, ConditionsCommand, ConditionsEvent, ConditionsOutcome, Event, Found, JobId, ObjectsCommand, ObjectsEvent,
    QueueCommand, QueueEvent,
};
use crate::paint::Painter;
use crate::queue::QueueAction;
use crate::settings::Settings;
use crate::theme;

/// Frames until nothing moves; what needs more is painted as it is then.
const FRAMES: usize = 12;
/// Where the demo's pictures lie.
const FOLDER: &str = "/home/me/Pictures";

pub(super) struct Stage {
    app: App,
    ctx: Context,
    painter: Painter,
    script: Script,
    clock: Arc<ManualClock>,
    size: Vec2,
}

impl Stage {
    /// An app in a window of `size` points.
    pub(super) fn new(settings: Settings, size: [u16; 2]) -> Self {
        let ctx = Context::default();
        theme::install(&ctx);
        let script = Script::default();
        let clock = Arc::new(ManualClock::new(START));
        let app = App::new(settings, Box::new(script.jobs()), Box::new(NoDialogs), Arc::clone(&clock) as _);
        let size = Vec2::new(f32::from(size[0]), f32::from(size[1]));
        let mut stage = Self { app, ctx, painter: Painter::default(), script, clock, size };
        stage.run();
        stage
    }

    /// Does as a person who asks for `action`; what the app then asks of its jobs.
    pub(super) fn act(&mut self, action: Action) -> Vec<Command> {
        self.app.act(action);
        self.run();
        self.script.commands()
    }

    /// Lets the jobs report `events`; what the app then asks of them.
    pub(super) fn report(&mut self, events: impl IntoIterator<Item = Event>) -> Vec<Command> {
        self.script.report(events);
        self.run();
        self.script.commands()
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, time: Duration) {
        self.clock.advance(time.try_into().unwrap_or_default());
        self.run();
    }

    /// Answers what the conditions' screen asks: an emulator whose clock is ahead, on a flaky network.
    pub(super) fn answer_conditions(&mut self, asked: &[Command]) {
        for command in asked {
            if let Command::Conditions(ConditionsCommand { job, .. }) = command {
                let seen = Box::new(facts::conditions(self.clock.now()));
                let outcome = Ok(ConditionsOutcome::Seen(seen));
                self.report([Event::Conditions(ConditionsEvent { job: *job, outcome })]);
            }
        }
    }

    /// Gets a token from the demo's app server.
    pub(super) fn configure(&mut self) {
        let asked = self.act(Action::Configure);
        if let Some(job) = asked.iter().find_map(connect_job) {
            self.report(facts::granted(job).into_iter().chain([Event::Connected { job, ok: true }]));
        }
    }

    /// Selects these files of the demo, sizes in bytes; the preview is the demo's photo.
    pub(super) fn select(&mut self, files: &[(&str, u64)]) {
        let paths = files.iter().map(|(name, _)| format!("{FOLDER}/{name}").into()).collect();
        let asked = self.act(Action::Queue(QueueAction::Take(paths)));
        let gather = asked.iter().find_map(|command| match command {
            Command::Queue(QueueCommand::Gather { job, .. }) => Some(*job),
            _ => None,
        });
        let Some(job) = gather else { return };
        let found = |(name, bytes): &(&str, u64)| Found {
            path: format!("{FOLDER}/{name}").into(),
            name: (*name).to_owned(),
            relative: (*name).to_owned(),
            bytes: *bytes,
        };
        let found = files.iter().map(found).collect();
        let asked = self.report([Event::Queue(QueueEvent::Gathered { job, found, problem: None })]);
        let load = asked.iter().find_map(|command| match command {
            Command::Load { job, .. } => Some(*job),
            _ => None,
        });
        if let Some(job) = load {
            self.report([Event::Loaded { job, outcome: Ok(facts::photo()) }]);
        }
    }

    /// Begins to upload; the job of each file, in order.
    pub(super) fn upload(&mut self) -> Vec<JobId> {
        let asked = self.act(Action::Upload);
        let uploads = asked.iter().filter_map(|command| match command {
            Command::Upload { job, .. } => Some(*job),
            _ => None,
        });
        uploads.collect()
    }

    /// Ends the upload well; the demo's IMG makes what is then asked for.
    pub(super) fn uploaded(&mut self, job: JobId) {
        let asked = self.report([Event::Uploaded { job, outcome: Ok(facts::receipt()) }]);
        self.made(&asked);
    }

    /// Lets IMG make what `asked` asks for.
    pub(super) fn made(&mut self, asked: &[Command]) {
        for command in asked {
            if let Command::Process { job, process, .. } = command {
                self.report([Event::Processed { job: *job, outcome: Ok(facts::thumbnail(process)) }]);
            }
        }
    }

    /// Answers what the objects' screen asks, and what it then asks, until it asks no more.
    pub(super) fn answer_objects(&mut self, mut asked: Vec<Command>) {
        while !asked.is_empty() {
            let answers = asked.iter().filter_map(|command| match command {
                Command::Objects(ObjectsCommand { job, wish, .. }) => {
                    let outcome = facts::objects(wish).map(Ok)?;
                    Some(Event::Objects(ObjectsEvent { job: *job, outcome }))
                }
                _ => None,
            });
            let answers: Vec<_> = answers.collect();
            asked = self.report(answers);
        }
    }

    fn run(&mut self) {
        for _ in 0..FRAMES {
            if !self.frame().1 {
                break;
            }
        }
    }

    /// Draws one frame; its picture's shapes, and whether the next one would differ.
    fn frame(&mut self) -> (Vec<egui::ClippedPrimitive>, bool) {
        let screen = Rect::from_min_size(Pos2::ZERO, self.size);
        let input = RawInput { screen_rect: Some(screen), focused: false, ..RawInput::default() };
        let app = &mut self.app;
        let mut output = self.ctx.run_ui(input, |ui| app.ui(ui));
        self.painter.apply(&mut output.textures_delta);
        let again = output.viewport_output.values().any(|viewport| viewport.repaint_delay.is_zero());
        (self.ctx.tessellate(output.shapes, output.pixels_per_point), again)
    }

    /// The window as it is now.
    pub(super) fn shot(mut self) -> RgbaImage {
        self.run();
        let (shapes, _) = self.frame();
        let size = [self.size.x as u32, self.size.y as u32];
        self.painter.paint(&shapes, size, 1.0, Color32::BLACK)
    }
}

fn connect_job(command: &Command) -> Option<JobId> {
    match command {
        Command::Connect { job, .. } => Some(*job),
        _ => None,
    }
}
