//! What a person does with profiles, and how that changes the state.

use std::path::PathBuf;

use super::document::{self, Broken, MAX_NAME};
use super::{MOST, Profile, presets};
use crate::command::{Command, FileTrouble, ProfileCommand, ProfileEvent};
use crate::state::State;
use crate::words::tr;

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileAction {
    /// Put the saved profile of this name into the fields.
    Choose(String),
    /// Fill region and endpoint of this region.
    UseRegion(&'static str),
    /// Fill the address of an app server on this machine.
    UseOwnAppServer,
    /// Save the fields under the name that was typed.
    Save,
    /// Forget the profile of this name; the fields stay.
    Remove(String),
    /// Take in the text that was pasted.
    Paste,
    /// Take in the file that was named.
    ReadFile,
    /// Write the fields to the file that was named.
    WriteFile,
}

impl State {
    /// Carries out `action`.
    pub(crate) fn act_on_profile(&mut self, action: ProfileAction) -> Vec<Command> {
        self.profiles.said = None;
        match action {
            ProfileAction::Choose(name) => {
                if let Some(profile) = self.settings.profiles.iter().find(|profile| profile.name == name).cloned() {
                    self.choose(&profile);
                }
            }
            ProfileAction::UseRegion(id) => presets::use_region(id, &mut self.settings),
            ProfileAction::UseOwnAppServer => {
                self.forget_key_unless(presets::OWN_APP_SERVER);
                presets::use_own_app_server(&mut self.settings);
            }
            ProfileAction::Save => self.save_profile(),
            ProfileAction::Remove(name) => {
                self.settings.profiles.retain(|profile| profile.name != name);
                if self.settings.profile == name {
                    self.settings.profile.clear();
                }
            }
            ProfileAction::Paste => {
                let text = std::mem::take(&mut self.profiles.pasted);
                if !self.take_profile(&text) {
                    // What was pasted can then be corrected.
                    self.profiles.pasted = text;
                }
            }
            ProfileAction::ReadFile => return self.file_command(|path, _| ProfileCommand::Read(path)),
            ProfileAction::WriteFile => return self.file_command(|path, text| ProfileCommand::Write { path, text }),
        }
        Vec::new()
    }

    /// Takes in what the jobs report.
    pub(crate) fn receive_profile(&mut self, event: ProfileEvent) {
        match event {
            ProfileEvent::Read(Ok(text)) => {
                self.take_profile(&text);
            }
            ProfileEvent::Written(Ok(path)) => {
                self.profiles.said = Some((true, tr!("Written to {0}", path.display())));
            }
            ProfileEvent::Read(Err(trouble)) | ProfileEvent::Written(Err(trouble)) => {
                let why = match trouble {
                    FileTrouble::TooLarge => tr("It is too large for a profile.").to_owned(),
                    FileTrouble::Foreign => {
                        tr("There is a file of this name, and it is no profile. Choose another name.").to_owned()
                    }
                    FileTrouble::System(why) => tr!("The file cannot be used: {0}", why),
                };
                self.profiles.said = Some((false, why));
            }
        }
    }

    /// The text of the fields as a profile, as it is shared.
    pub(crate) fn profile_text(&self) -> String {
        document::write(&Profile::of(&self.settings, &self.settings.profile))
    }

    fn file_command(&self, make: fn(PathBuf, String) -> ProfileCommand) -> Vec<Command> {
        match self.profiles.file.trim() {
            "" => Vec::new(),
            path => vec![Command::Profile(make(PathBuf::from(path), self.profile_text()))],
        }
    }

    fn choose(&mut self, profile: &Profile) {
        self.forget_key_unless(&profile.app_server);
        profile.fill(&mut self.settings);
        self.profiles.name.clone_from(&profile.name);
    }

    /// A key is shown to the app server that it was entered for, and to no other.
    fn forget_key_unless(&mut self, app_server: &str) {
        if self.settings.app_server.trim() != app_server {
            self.key = None;
        }
    }

    fn save_profile(&mut self) {
        let name: String = self.profiles.name.trim().chars().take(MAX_NAME).collect();
        if name.is_empty() {
            return;
        }
        let profile = Profile::of(&self.settings, &name);
        let is_full = self.settings.profiles.len() >= MOST;
        match self.settings.profiles.iter_mut().find(|known| known.name == name) {
            Some(known) => *known = profile,
            None if is_full => {
                self.profiles.said = Some((false, tr!("There are {0} profiles already. Delete one first.", MOST)));
                return;
            }
            None => self.settings.profiles.push(profile),
        }
        self.profiles.said = Some((true, tr!("Saved as {0}", name)));
        self.settings.profile = name;
    }

    /// Takes in the profile in `text`, under a name of its own, and puts it into the fields; whether it is one.
    fn take_profile(&mut self, text: &str) -> bool {
        let mut profile = match document::read(text) {
            Ok(profile) => profile,
            Err(broken) => {
                let why = match broken {
                    Broken::Foreign(why) => tr(why).to_owned(),
                    Broken::Json(why) => tr!("It is no profile: {0}", why),
                };
                self.profiles.said = Some((false, why));
                return false;
            }
        };
        if profile.name.is_empty() {
            tr("Imported").clone_into(&mut profile.name);
        }
        if !self.settings.profiles.contains(&profile) {
            if self.settings.profiles.len() >= MOST {
                self.profiles.said = Some((false, tr!("There are {0} profiles already. Delete one first.", MOST)));
                return false;
            }
            profile.name = self.free_name(&profile.name);
            self.settings.profiles.push(profile.clone());
        }
        self.choose(&profile);
        self.profiles.said = Some((true, tr!("Imported as {0}", profile.name)));
        true
    }

    /// `name`, or `name (2)` and so on where that is taken.
    fn free_name(&self, name: &str) -> String {
        let is_taken = |name: &str| self.settings.profiles.iter().any(|profile| profile.name == name);
        let numbered = (2..=MOST + 1).map(|number| format!("{name} ({number})"));
        std::iter::once(name.to_owned()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default()
    }
}
