//! The desktop app: a native window around `client-ui`, with real file dialogs and errors that say what is missing.

mod dialogs;
mod icon;
mod window;

pub use client_ui::profiles::Profile;
pub use client_ui::{App, Settings};
pub use window::{Coming, WindowError, WindowOptions, run};
