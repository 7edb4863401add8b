//! The demo in its window: the desktop app, configured for the world that runs beside it.

use std::path::PathBuf;

use client_gui::{Coming, Profile, Settings, WindowError, WindowOptions, run};
use tokio::runtime::Handle;

use crate::world::World;

/// What the window says of itself.
const NOTE: &str = "Demo: emulator and app server run in this process; nothing leaves this machine";

/// Opens the window and returns when it is closed, as it is when `until` ends. `image` is selected once it is there.
///
/// # Errors
/// [`WindowError`], as when there is no display.
pub fn open(
    world: &World,
    image: Coming<Option<PathBuf>>,
    until: Coming<()>,
    runtime: Handle,
) -> Result<(), WindowError> {
    let settings = Settings {
        app_server: world.token_url.clone(),
        bucket: world.emulator.bucket.clone(),
        region: world.emulator.region.clone(),
        endpoint: world.emulator.oss_endpoint.clone(),
        control: world.emulator.control_endpoint.clone(),
        ..Settings::default()
    };
    let profile = Profile::of(&settings, "Embedded demo");
    run(WindowOptions {
        settings: Settings { profile: profile.name.clone(), profiles: vec![profile], ..settings },
        // What is set here is about a world that is gone afterwards.
        settings_file: None,
        image: Some(image),
        until: Some(until),
        note: Some(NOTE.to_owned()),
        notice: None,
        witness: Some(world.witness()),
        clock: world.clock.clone(),
        runtime,
    })
}
