//! How long the window takes for a frame while eight files go up to an emulator in the same process: layout, shapes and triangles, all but
//! what the graphics card does with them.
//!
//!     cargo run --profile demo -p tests --example frames

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use client_ui::dialogs::{Dialogs, Pick, Picked};
use client_ui::settings::{Settings, ThemeChoice, UploadMode};
use client_ui::{App, TokioJobs, theme};
use demo::World;
use egui::accesskit::{Action, ActionRequest, Node, Role};
use egui::{Context, Event, Key, Modifiers, Pos2, RawInput, Rect, Vec2};
use tokio::runtime::Runtime;

const FILES: usize = 8;
const BYTES: usize = 96 << 20;
/// 60 frames a second.
const FRAME: Duration = Duration::from_micros(16_667);
/// Long enough for any machine that is worth measuring.
const MOST_FRAMES: usize = 60 * 120;

/// Dialogs that never open.
struct NoDialogs;

impl Dialogs for NoDialogs {
    fn pick(&mut self, _: Pick) {}

    fn poll(&mut self) -> Option<Picked> {
        None
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

struct Window {
    app: App,
    ctx: Context,
    began: Instant,
}

impl Window {
    /// Draws a frame; how long that took.
    fn frame(&mut self, input: RawInput) -> Duration {
        let screen = Rect::from_min_size(Pos2::ZERO, Vec2::new(1280.0, 860.0));
        let time = Some(self.began.elapsed().as_secs_f64());
        let input = RawInput { screen_rect: Some(screen), time, ..input };
        let began = Instant::now();
        let app = &mut self.app;
        let output = self.ctx.run_ui(input, |ui| app.ui(ui));
        let triangles = self.ctx.tessellate(output.shapes, output.pixels_per_point);
        std::hint::black_box(triangles);
        let took = began.elapsed();
        let mut textures = output.textures_delta;
        textures.clear();
        took
    }

    /// Frames at their pace until `reached`; how long each took.
    #[allow(clippy::disallowed_methods)] // a screen waits, whatever happens
    fn until(&mut self, reached: impl Fn(&App) -> bool) -> Vec<Duration> {
        let mut frames = Vec::new();
        while !reached(&self.app) && frames.len() < MOST_FRAMES {
            let took = self.frame(RawInput::default());
            frames.push(took);
            std::thread::sleep(FRAME.saturating_sub(took));
        }
        frames
    }

    /// Presses the button of this name as a screen reader does.
    fn press_button(&mut self, name: &str) -> Result<(), Box<dyn std::error::Error>> {
        self.ctx.enable_accesskit();
        let app = &mut self.app;
        let mut output = self.ctx.run_ui(RawInput::default(), |ui| app.ui(ui));
        output.textures_delta.clear();
        let tree = output.platform_output.accesskit_update.ok_or("there is no tree of widgets")?;
        let is_it = |node: &Node| node.role() == Role::Button && node.label() == Some(name);
        let target =
            tree.nodes.iter().find(|(_, node)| is_it(node)).map(|(id, _)| *id).ok_or("there is no such button")?;
        let request =
            ActionRequest { action: Action::Click, target_tree: tree.tree_id, target_node: target, data: None };
        self.frame(RawInput { events: vec![Event::AccessKitActionRequest(request)], ..RawInput::default() });
        self.ctx.disable_accesskit();
        Ok(())
    }

    fn press(&mut self, modifiers: Modifiers, key: Key) {
        let event = Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers };
        self.frame(RawInput { events: vec![event], ..RawInput::default() });
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = Runtime::new()?;
    let world = runtime.block_on(World::start())?;
    let folder = tempfile::tempdir()?;
    let files: Vec<PathBuf> = (0..FILES).map(|at| folder.path().join(format!("{at}.bin"))).collect();
    for (seed, file) in (0_u8..).zip(&files) {
        std::fs::write(file, vec![seed; BYTES])?;
    }
    let settings = Settings {
        theme: ThemeChoice::Light,
        app_server: world.token_url.clone(),
        control: world.emulator.control_endpoint.clone(),
        parallel: FILES as u8,
        mode: UploadMode::Resumable,
        ..Settings::default()
    };
    let jobs = TokioJobs::new(runtime.handle().clone(), world.clock.clone(), Arc::new(|| {}), None);
    let app = App::new(settings, Box::new(jobs), Box::new(NoDialogs), world.clock.clone());
    let ctx = Context::default();
    theme::install(&ctx);
    let mut window = Window { app, ctx, began: Instant::now() };
    window.until(App::is_idle);
    window.press_button("Configure")?;
    window.until(App::is_idle);
    let dropped = files.iter().map(|file| Arc::new(Dropped(file.clone())) as _).collect();
    window.frame(RawInput { dropped_files: dropped, ..RawInput::default() });
    window.until(App::is_idle);
    window.press(Modifiers::COMMAND, Key::U);
    let began = Instant::now();
    let mut frames = window.until(|app| app.is_idle());
    let took = began.elapsed();
    let sent = (FILES * BYTES) as f64 / 1e6;
    frames.sort_unstable();
    let at = |share: f64| frames.get(((frames.len() - 1) as f64 * share) as usize).copied().unwrap_or_default();
    println!(
        "{FILES} files of {} MB in {:.1} s, {:.0} MB/s",
        BYTES / 1_000_000,
        took.as_secs_f64(),
        sent / took.as_secs_f64()
    );
    let late = frames.iter().filter(|frame| **frame > FRAME).count();
    println!(
        "{} frames: median {:?}, p99 {:?}, longest {:?}; {late} took more than {:?}",
        frames.len(),
        at(0.5),
        at(0.99),
        at(1.0),
        FRAME
    );
    drop(window);
    runtime.block_on(world.stop());
    Ok(())
}
