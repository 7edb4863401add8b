//! Opens the window and runs the app in it, and turns whatever goes wrong on the way into one error with a hint.

use std::future::Future;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use client_ui::problem::Problem;
use client_ui::words::Language;
use client_ui::{App, Settings, TokioJobs, theme};
use eframe::{CreationContext, NativeOptions, Renderer};
use egui::{ViewportBuilder, ViewportCommand};
use shared::clock::Clock;
use shared::decision::Witness;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::dialogs::RfdDialogs;
use crate::icon;

const TITLE: &str = "Direct Transfer";
const SIZE: [f32; 2] = [1120.0, 780.0];
const LEAST_SIZE: [f32; 2] = [480.0, 480.0];

/// What comes while the window is open already.
pub type Coming<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// How to open the window.
pub struct WindowOptions {
    /// What stands in the fields at first.
    pub settings: Settings,
    /// Where changed settings are kept; `None` keeps nothing.
    pub settings_file: Option<PathBuf>,
    /// A picture to select once it is there, unless one has been chosen by then.
    pub image: Option<Coming<Option<PathBuf>>>,
    /// Closes the window when it ends.
    pub until: Option<Coming<()>>,
    /// A few words beside the app's name, such as what kind of world this is.
    pub note: Option<String>,
    /// Something to say above the page at first.
    pub notice: Option<Problem>,
    /// Tells what became of each request at its other end, where that is known.
    pub witness: Option<Witness>,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// The runtime that jobs run on; it must outlive the window.
    pub runtime: Handle,
}

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// There is no screen to open one on.
    #[error("no display: {detail}; start this program in a desktop session, or set DISPLAY or WAYLAND_DISPLAY")]
    NoDisplay {
        /// What was looked for.
        detail: String,
    },
    /// A system library is missing.
    #[error(
        "a system library for windows is missing ({detail}); \
         on Debian: apt-get install libx11-6 libxcursor1 libxi6 libxkbcommon-x11-0 libx11-xcb1 libgl1"
    )]
    Libraries {
        /// What could not be loaded.
        detail: String,
    },
    /// Something else.
    #[error("the window failed: {detail}")]
    Failed {
        /// What the window system said.
        detail: String,
    },
}

/// Opens the window and returns when it is closed. Blocks, and must be called on the main thread; one window a process.
///
/// # Errors
/// [`WindowError`] when no window can be opened, or when it fails later on.
pub fn run(options: WindowOptions) -> Result<(), WindowError> {
    check_display(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))?;
    let native = NativeOptions {
        viewport: ViewportBuilder::default()
            .with_title(TITLE)
            .with_app_id("direct-transfer")
            .with_inner_size(size_of(&options.settings))
            .with_min_inner_size(LEAST_SIZE)
            .with_icon(icon::app_icon())
            .with_drag_and_drop(true),
        renderer: Renderer::Glow,
        ..NativeOptions::default()
    };
    let outcome = without_panics(|| {
        eframe::run_native(TITLE, native, Box::new(|creation| Ok(Box::new(Shell::new(options, creation)))))
    });
    match outcome {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(classify(error.to_string())),
        Err(panic) => Err(classify(panic)),
    }
}

/// The app as eframe wants it.
struct Shell {
    app: App,
    image: Option<oneshot::Receiver<PathBuf>>,
}

impl Shell {
    fn new(options: WindowOptions, creation: &CreationContext<'_>) -> Self {
        theme::install(&creation.egui_ctx);
        let ctx = creation.egui_ctx.clone();
        if let Some(until) = options.until {
            let ctx = ctx.clone();
            options.runtime.spawn(async move {
                until.await;
                ctx.send_viewport_cmd(ViewportCommand::Close);
                ctx.request_repaint();
            });
        }
        let wake = Arc::new(move || ctx.request_repaint());
        let image = options.image.map(|image| when_there(image, &options.runtime, wake.clone()));
        let jobs =
            TokioJobs::new(options.runtime.clone(), Arc::clone(&options.clock), wake.clone(), options.settings_file);
        let dialogs = RfdDialogs::new(options.runtime, wake);
        let locale = sys_locale::get_locale().unwrap_or_default();
        let mut app = App::new(options.settings, Box::new(jobs), Box::new(dialogs), options.clock)
            .with_system_language(Language::of_locale(&locale));
        if let Some(note) = options.note {
            app = app.with_note(note);
        }
        if let Some(notice) = options.notice {
            app.tell(notice);
        }
        if let Some(witness) = options.witness {
            app.watch(witness);
        }
        Self { app, image }
    }
}

/// Hands over the picture, and calls `wake`, when there is one.
fn when_there(
    image: Coming<Option<PathBuf>>,
    runtime: &Handle,
    wake: Arc<dyn Fn() + Send + Sync>,
) -> oneshot::Receiver<PathBuf> {
    let (sender, receiver) = oneshot::channel();
    runtime.spawn(async move {
        if let Some(path) = image.await
            && sender.send(path).is_ok()
        {
            wake();
        }
    });
    receiver
}

/// As large as it was, as far as that can be.
fn size_of(settings: &Settings) -> [f32; 2] {
    const MOST: f32 = 8000.0;
    let remembered = settings.window.unwrap_or(SIZE);
    [0, 1].map(
        |side| if remembered[side].is_finite() { remembered[side].clamp(LEAST_SIZE[side], MOST) } else { SIZE[side] },
    )
}

impl eframe::App for Shell {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let (inner, filled) = ui.input(|input| {
            let window = input.viewport();
            (window.inner_rect, window.maximized == Some(true) || window.fullscreen == Some(true))
        });
        if let Some(inner) = inner.filter(|_| !filled) {
            self.app.note_window((inner.size() * ui.ctx().zoom_factor()).into());
        }
        if let Some(Ok(image)) = self.image.as_mut().map(oneshot::Receiver::try_recv) {
            self.app.open(image);
        }
        self.app.ui(ui);
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.app.close();
    }
}

/// On Unix desktops a missing display is found here, before the window system would panic over it.
fn check_display(is_set: impl Fn(&str) -> bool) -> Result<(), WindowError> {
    const NAMES: [&str; 3] = ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"];
    if cfg!(any(windows, target_os = "macos")) || NAMES.iter().any(|name| is_set(name)) {
        return Ok(());
    }
    Err(WindowError::NoDisplay { detail: "neither DISPLAY nor WAYLAND_DISPLAY is set".to_owned() })
}

/// Runs `work`; a panic in it becomes its message, and panics of other threads meanwhile go to the log.
fn without_panics<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let last = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&last);
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        tracing::error!(panic = %info);
        let words = info.payload_as_str().unwrap_or("a panic without a message");
        words.clone_into(&mut seen.lock().unwrap_or_else(PoisonError::into_inner));
    }));
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    panic::set_hook(usual);
    outcome.map_err(|_| last.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

/// The window system names what is missing only in its texts (winit 0.30, glutin 0.32, xkbcommon-dl).
fn classify(text: String) -> WindowError {
    // winit puts the place in its own source before the reason.
    let detail =
        text.rsplit_once(".rs:").and_then(|(_, rest)| rest.split_once(": ")).map_or(text.as_str(), |(_, why)| why);
    let detail = detail.to_owned();
    let has = |parts: &[&str]| parts.iter().any(|part| detail.contains(part));
    if has(&["XOpenDisplayFailed", "open connection to X server", "Failed to open display", "neither WAYLAND_DISPLAY"])
    {
        WindowError::NoDisplay { detail }
    } else if has(&[".so", "xkbcommon", "dlopen", "glutin config", "NoGlutinConfigs", "LibraryOpenError"]) {
        WindowError::Libraries { detail }
    } else {
        WindowError::Failed { detail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_display_is_said_before_anything_is_opened() {
        assert!(check_display(|name| name == "WAYLAND_DISPLAY").is_ok());
        #[cfg(target_os = "linux")]
        {
            let error = check_display(|_| false).unwrap_err();
            assert!(error.to_string().contains("DISPLAY"), "{error}");
        }
    }

    #[test]
    fn errors_of_the_window_system_become_one_hint() {
        for (text, hint) in [
            (
                "os error at winit/mod.rs:788: Failed to open connection to X server",
                "no display: Failed to open connection",
            ),
            ("libXcursor.so.1: cannot open shared object file", "apt-get install"),
            ("Library libxkbcommon-x11.so could not be loaded.", "apt-get install"),
            ("Found no glutin configs matching the template", "apt-get install"),
            ("something else", "the window failed: something else"),
        ] {
            let error = classify(text.to_owned()).to_string();
            assert!(error.contains(hint), "{error}");
        }
    }

    #[test]
    fn a_panic_becomes_its_message() {
        assert_eq!(without_panics(|| 1), Ok(1));
        assert_eq!(without_panics(|| -> u8 { panic!("the reason") }), Err("the reason".to_owned()));
    }
}
