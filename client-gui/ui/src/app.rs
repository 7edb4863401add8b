//! The app: drains events, draws the views, and carries out what they ask for.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use egui::{Align2, Context, Ui};
use shared::clock::Clock;
use shared::decision::Witness;
use time::OffsetDateTime;

use crate::action::{Action, Step};
use crate::art::Art;
use crate::clipboard;
use crate::command::{Command, MemoryCommand};
use crate::conditions::ConditionsAction;
use crate::dialogs::{Dialogs, Pick, Picked};
use crate::jobs::Jobs;
use crate::problem::{Help, Problem};
use crate::queue::QueueAction;
use crate::screen::Screen;
use crate::settings::{Settings, ThemeChoice};
use crate::shortcuts;
use crate::state::{Connection, Selection, State};
use crate::theme::{self, palette, space};
use crate::views::{conditions, header, lab, nav, objects, page, sheet, stepper, toasts, wire};
use crate::words::{self, Language, said, tr};

/// Events taken in one frame; the rest waits for the next, so that a flood cannot freeze the window.
const EVENTS_A_FRAME: usize = 500;

/// The app without its window.
pub struct App {
    state: State,
    jobs: Box<dyn Jobs>,
    dialogs: Box<dyn Dialogs>,
    clock: Arc<dyn Clock>,
    art: Art,
    note: Option<String>,
    shown_theme: Option<ThemeChoice>,
    shown_zoom: Option<f32>,
    system_language: Language,
}

impl App {
    /// An app at its first step. Call [`theme::install`] on the context before the first frame.
    pub fn new(settings: Settings, jobs: Box<dyn Jobs>, dialogs: Box<dyn Dialogs>, clock: Arc<dyn Clock>) -> Self {
        let mut state = State::new(settings, clock.now());
        let mut jobs = jobs;
        jobs.run(Command::Memory(MemoryCommand::Recall));
        if state.settings.limit > 0 {
            jobs.run(state.limit_command());
        }
        let look = state.act(Action::Conditions(ConditionsAction::Look), state.now);
        look.into_iter().for_each(|command| jobs.run(command));
        Self {
            state,
            jobs,
            dialogs,
            clock,
            art: Art::default(),
            note: None,
            shown_theme: None,
            shown_zoom: None,
            system_language: Language::default(),
        }
    }

    /// With a few words beside the name, such as what kind of world this is.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// In `language` where the settings name none.
    #[must_use]
    pub fn with_system_language(mut self, language: Language) -> Self {
        self.system_language = language;
        self
    }

    /// Shows on the wire's screen what `witness` tells of the other end of each message, as an emulator on this machine can.
    pub fn watch(&mut self, witness: Witness) {
        self.state.wire.watch(witness);
    }

    /// Shows `problem` above the page until it is dismissed.
    pub fn tell(&mut self, problem: Problem) {
        self.state.notice = Some(problem);
    }

    /// Stops uploads and keeps what is to be remembered; to be called when the window closes. May wait a moment.
    pub fn close(&mut self) {
        self.state.now = self.clock.now();
        // What the uploads end with is to be kept, and so is what comes while that is written.
        for _ in 0..3 {
            self.jobs.close();
            while self.hear() {}
            let due = self.state.due_memory();
            if due.is_empty() {
                return;
            }
            self.run(due);
        }
        self.jobs.close();
    }

    /// Remembers how large the window is, in points that no zoom has changed.
    pub fn note_window(&mut self, size: [f32; 2]) {
        self.state.settings.window = Some(size.map(f32::round));
    }

    /// Selects `image` if the person has selected none yet, and leaves the step that is shown.
    pub fn open(&mut self, image: PathBuf) {
        let chosen = self.state.queue.items.len() > self.state.memory.taken_back;
        if !chosen && self.state.queue.gathering.is_none() {
            let shown = self.state.step;
            self.act(Action::Queue(QueueAction::Take(vec![image])));
            self.act(Action::GoTo(shown));
        }
    }

    /// What the app knows.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Whether nothing is under way: no job runs, and none has ended that the app has not heard of.
    pub fn is_idle(&self) -> bool {
        self.jobs.is_idle()
            && !matches!(self.state.connection, Connection::Trying(..))
            && !matches!(self.state.picture, Selection::Loading(..))
            && self.state.queue.running() == 0
            && self.state.queue.gathering.is_none()
            && self.state.processed.running.is_none()
            && !self.state.objects.is_busy()
            && !self.state.playground.is_busy()
            && !self.state.conditions.is_busy()
            && self.state.lab.probes.running.is_none()
    }

    /// Draws one frame into the whole of `ui`.
    pub fn ui(&mut self, ui: &mut Ui) {
        words::speak(self.state.settings.language.language(self.system_language));
        self.state.now = self.clock.now();
        self.take_in();
        let ctx = ui.ctx().clone();
        self.apply_look(&ctx);
        let mut actions = self.keys_and_drops(&ctx);
        self.draw(ui, &mut actions);
        let mut busy = !actions.is_empty();
        for action in actions {
            if let Action::Copy(text) = &action {
                ctx.copy_text(text.clone());
            }
            self.act(action);
        }
        if let Some(text) = self.state.clipboard.take() {
            ctx.copy_text(text);
        }
        let due = self.state.due();
        busy |= !due.is_empty();
        self.run(due);
        if busy {
            // What was just drawn shows the state before the actions.
            ctx.request_repaint();
        }
        self.tick(&ctx);
    }

    fn take_in(&mut self) {
        for _ in 0..EVENTS_A_FRAME {
            if !self.hear() {
                break;
            }
        }
        match self.dialogs.poll() {
            None | Some(Picked::Nothing) => {}
            Some(Picked::Files(paths)) => self.act(Action::Queue(QueueAction::Take(paths))),
            Some(Picked::Unavailable(why)) => {
                let why = said!("{0} Drop a picture on the window, or type its path in step 2.", why);
                let problem = Problem::new("NoDialog", said("No file dialog on this desktop"), why, Help::None);
                self.tell(problem);
            }
        }
    }

    /// Takes in one event; whether there was one.
    fn hear(&mut self) -> bool {
        let Some(event) = self.jobs.poll() else { return false };
        let commands = self.state.receive(event);
        self.run(commands);
        true
    }

    pub(crate) fn act(&mut self, action: Action) {
        let pick = match action {
            Action::PickImage => Some(Pick::Images),
            Action::PickFolder => Some(Pick::Folder),
            _ => None,
        };
        if let Some(pick) = pick {
            self.state.step = Step::Select;
            self.dialogs.pick(pick);
            return;
        }
        let now = self.clock.now();
        let commands = self.state.act(action, now);
        self.run(commands);
    }

    fn run(&mut self, commands: Vec<Command>) {
        for command in commands {
            self.jobs.run(command);
        }
    }

    fn apply_look(&mut self, ctx: &Context) {
        let theme = self.state.settings.theme;
        if self.shown_theme != Some(theme) {
            self.shown_theme = Some(theme);
            ctx.set_theme(match theme {
                ThemeChoice::System => egui::ThemePreference::System,
                ThemeChoice::Light => egui::ThemePreference::Light,
                ThemeChoice::Dark => egui::ThemePreference::Dark,
            });
        }
        let zoom = &mut self.state.settings.zoom;
        if self.shown_zoom == Some(*zoom) {
            // egui's own Ctrl and plus or minus.
            *zoom = ctx.zoom_factor();
        } else {
            ctx.set_zoom_factor(*zoom);
        }
        self.shown_zoom = Some(*zoom);
    }

    fn keys_and_drops(&self, ctx: &Context) -> Vec<Action> {
        let mut actions = shortcuts::pressed(ctx);
        ctx.input(|input| {
            let dropped: Vec<_> = input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect();
            if !dropped.is_empty() {
                actions.push(Action::Queue(QueueAction::Take(dropped)));
            }
        });
        if !ctx.text_edit_focused() {
            actions.extend(clipboard::pasted(ctx));
        }
        actions
    }

    fn draw(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let now = self.clock.now();
        let colors = palette(ui);
        let narrow = ui.available_width() < nav::WIDE;
        nav::show(ui, self.state.screen, actions);
        let bar = egui::Frame::new().fill(colors.card).inner_margin(egui::Margin::symmetric(0, 12));
        egui::Panel::top("header").frame(bar).show_separator_line(true).show(ui, |ui| {
            page::centred(ui, |ui| {
                header::show(ui, self.state.settings.theme, narrow, self.note.as_deref(), actions);
                if self.state.screen == Screen::Upload {
                    ui.add_space(space::XS);
                    stepper::show(ui, &self.state, actions);
                }
            });
        });
        conditions::banner(ui, &self.state, now, actions);
        let background = egui::Frame::new().fill(colors.page);
        egui::CentralPanel::no_frame().frame(background).show(ui, |ui| self.screen(ui, now, actions));
        sheet::show(ui, &mut self.state, actions);
        toasts::show(ui, &mut self.state.toasts, now, actions);
        drop_overlay(ui);
    }

    fn screen(&mut self, ui: &mut Ui, now: OffsetDateTime, actions: &mut Vec<Action>) {
        match self.state.screen {
            Screen::Upload => {
                if self.state.step == Step::Upload {
                    self.state.refresh_lab(now);
                }
                page::show(ui, &mut self.state, &mut self.art, now, actions);
            }
            Screen::Objects => objects::show(ui, &mut self.state, &mut self.art, now, actions),
            Screen::Wire => {
                self.state.wire.refresh();
                wire::show(ui, &mut self.state, actions);
            }
            Screen::Conditions => conditions::show(ui, &mut self.state, now, actions),
            Screen::Lab => {
                self.state.wire.refresh();
                self.state.refresh_lab(now);
                lab::show(ui, &mut self.state, actions);
            }
        }
    }

    /// Wakes the window when the seconds change that are on the screen, and not otherwise.
    fn tick(&self, ctx: &Context) {
        let now = self.clock.now();
        let counted = match self.state.screen {
            Screen::Upload => true,
            Screen::Objects => self.state.objects.detail.as_ref().is_some_and(|detail| detail.link.is_some()),
            Screen::Wire | Screen::Lab | Screen::Conditions => false,
        };
        let end = self.state.token.as_ref().and_then(|token| token.expiration).filter(|_| counted);
        let until_next = match end.map(|end| end - now) {
            Some(left) if left.is_positive() => left.subsec_nanoseconds().unsigned_abs(),
            _ if self.shows_clocks() => 1_000_000_000 - now.nanosecond(),
            _ => return,
        };
        ctx.request_repaint_after(Duration::from_nanos(u64::from(until_next).max(50_000_000)));
    }

    fn shows_clocks(&self) -> bool {
        let seen = self.state.conditions.seen.as_ref();
        self.state.screen == Screen::Conditions && seen.is_some_and(|seen| !seen.clock.frozen)
    }
}

/// While a file hovers over the window: says that it may be dropped.
fn drop_overlay(ui: &Ui) {
    if ui.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let colors = palette(ui);
    let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop overlay"));
    let painter = ui.ctx().layer_painter(layer);
    let rect = ui.ctx().content_rect();
    painter.rect_filled(rect, 0.0, colors.page.gamma_multiply(0.95));
    let stroke = egui::Stroke::new(3.0, colors.accent);
    painter.rect_stroke(rect.shrink(14.0), 14.0, stroke, egui::StrokeKind::Inside);
    let font = theme::title().resolve(ui.style());
    painter.text(rect.center(), Align2::CENTER_CENTER, tr("Drop pictures and folders here"), font, colors.text);
}
