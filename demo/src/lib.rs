//! Emulator, app server and window in one process.

mod banner;
pub mod evidence;
pub mod flow;
pub mod headless;
pub mod options;
pub mod report;
pub mod window;
pub mod world;

pub use banner::banner;
pub use options::Options;
pub use world::World;
