//! The desktop app without its window: state, views, jobs and a CPU painter. It knows egui, but no window, file dialog or runtime of its own.

#[macro_use]
pub mod words;

pub mod action;
pub mod app;
mod art;
mod clipboard;
pub mod command;
pub mod conditions;
pub mod dialogs;
mod files;
pub mod format;
pub mod gallery;
mod icons;
pub mod jobs;
pub mod lab;
pub mod memory;
pub mod naming;
pub mod objects;
pub mod paint;
pub mod playground;
pub mod problem;
pub mod profiles;
mod qr;
pub mod queue;
pub mod recipe;
pub mod screen;
pub mod settings;
mod shortcuts;
pub mod state;
pub mod theme;
pub mod toasts;
mod views;
mod widgets;
pub mod wire;

pub use app::App;
pub use jobs::{Jobs, TokioJobs};
pub use settings::Settings;
