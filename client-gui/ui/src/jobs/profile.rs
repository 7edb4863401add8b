//! Reads and writes files of profiles.

use std::io::{ErrorKind, Read as _};
use std::path::Path;
use std::sync::Arc;

use super::Shared;
use crate::command::{Event, FileTrouble, ProfileCommand, ProfileEvent};
use crate::files::write_whole;
use crate::profiles::document::{MAX_BYTES, read};

/// Runs a command.
pub(super) async fn run(shared: Arc<Shared>, command: ProfileCommand) {
    let work = move || match command {
        ProfileCommand::Read(path) => ProfileEvent::Read(load(&path)),
        ProfileCommand::Write { path, text } => ProfileEvent::Written(save(&path, &text).map(|()| path)),
    };
    // The work ends but by a panic, and then there is nothing to say.
    if let Ok(event) = tokio::task::spawn_blocking(work).await {
        shared.outbox.send(Event::Profile(event));
    }
}

fn load(path: &Path) -> Result<String, FileTrouble> {
    let system = |error: std::io::Error| FileTrouble::System(error.to_string());
    let mut bytes = Vec::new();
    let most = MAX_BYTES as u64 + 1;
    std::fs::File::open(path).map_err(system)?.take(most).read_to_end(&mut bytes).map_err(system)?;
    if bytes.len() > MAX_BYTES {
        return Err(FileTrouble::TooLarge);
    }
    String::from_utf8(bytes).map_err(|error| FileTrouble::System(error.to_string()))
}

fn save(path: &Path, text: &str) -> Result<(), FileTrouble> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(FileTrouble::System(error.to_string())),
        Ok(_) if load(path).is_ok_and(|there| read(&there).is_ok()) => {}
        Ok(_) => return Err(FileTrouble::Foreign),
    }
    write_whole(path, text.as_bytes()).map_err(|error| FileTrouble::System(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::{Profile, document};

    #[test]
    fn a_profile_is_written_over_and_no_other_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("假期.json");
        let text = |name: &str| document::write(&Profile { name: name.to_owned(), ..Profile::default() });
        for name in ["one", "two"] {
            save(&path, &text(name)).unwrap();
            assert_eq!(load(&path), Ok(text(name)));
        }
        std::fs::write(&path, "my thesis").unwrap();
        assert_eq!(save(&path, &text("three")), Err(FileTrouble::Foreign));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "my thesis");
        std::fs::write(&path, "x".repeat(MAX_BYTES + 1)).unwrap();
        assert_eq!(load(&path), Err(FileTrouble::TooLarge));
        assert!(matches!(load(&folder.path().join("none")), Err(FileTrouble::System(_))));
        assert!(matches!(save(&folder.path().join("no/folder.json"), "{}"), Err(FileTrouble::System(_))));
    }
}
