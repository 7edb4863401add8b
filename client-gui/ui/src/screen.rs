//! The screens of the window, and the sheets that may lie over them.

use crate::icons::Icon;
use crate::words::word;

/// What fills the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Screen {
    /// The four steps: Configure, Select Image, Upload, Thumbnail.
    Upload,
    /// What is in the bucket.
    Objects,
    /// What the app says to the app server and to OSS.
    Wire,
    /// What a token can do, and why.
    Lab,
    /// Time, faults, many apps at once: what an emulator lets one choose.
    Conditions,
}

impl Screen {
    /// All, in order.
    pub const ALL: [Self; 5] = [Self::Upload, Self::Objects, Self::Wire, Self::Lab, Self::Conditions];

    /// On its button; for [`tr`](crate::words::tr), as are all words here.
    pub fn label(self) -> &'static str {
        match self {
            Self::Upload => word("Upload"),
            Self::Objects => word("Objects"),
            Self::Wire => word("Wire"),
            Self::Lab => word("Policy lab"),
            Self::Conditions => word("Conditions"),
        }
    }

    /// For screen readers, which must be able to tell the screen from the button of the step.
    pub fn name(self) -> &'static str {
        match self {
            Self::Upload => word("Steps of the upload"),
            other => other.label(),
        }
    }

    /// What one does there.
    pub fn words(self) -> &'static str {
        match self {
            Self::Upload => word("Upload pictures, step by step"),
            Self::Objects => word("See what is in the bucket"),
            Self::Wire => word("Watch each request and its answer"),
            Self::Lab => word("See what a token can do, and why"),
            Self::Conditions => word("Choose the time and what goes wrong"),
        }
    }

    pub(crate) fn icon(self) -> Icon {
        match self {
            Self::Upload => Icon::Upload,
            Self::Objects => Icon::Folder,
            Self::Wire => Icon::Wire,
            Self::Lab => Icon::Key,
            Self::Conditions => Icon::Bolt,
        }
    }
}

/// What may lie over a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sheet {
    /// All keyboard shortcuts.
    Shortcuts,
    /// How the app looks.
    Settings,
    /// Profiles: saved, shared, taken in.
    Profiles,
}
