//! What the person asks for: views push actions, the app carries them out.

use std::path::PathBuf;

use crate::conditions::ConditionsAction;
use crate::lab::LabAction;
use crate::objects::ObjectsAction;
use crate::playground::PlaygroundAction;
use crate::problem::Help;
use crate::profiles::ProfileAction;
use crate::queue::QueueAction;
use crate::screen::{Screen, Sheet};
use crate::settings::ThemeChoice;
use crate::wire::WireAction;
use crate::words::{LanguageChoice, word};

/// A step of the flow, from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Where to get tokens and where to upload.
    Configure,
    /// Which picture.
    Select,
    /// Under which name, and how; and what OSS says.
    Upload,
    /// What IMG makes of it.
    Thumbnail,
}

impl Step {
    /// All four, in order.
    pub const ALL: [Self; 4] = [Self::Configure, Self::Select, Self::Upload, Self::Thumbnail];

    /// The words on the screen: those of the reference app. For [`tr`](crate::words::tr).
    pub fn label(self) -> &'static str {
        match self {
            Self::Configure => word("Configure"),
            Self::Select => word("Select Image"),
            Self::Upload => word("Upload"),
            Self::Thumbnail => word("Thumbnail"),
        }
    }

    /// 1 to 4.
    pub fn number(self) -> usize {
        self as usize + 1
    }
}

/// Something that the person asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Show a step.
    GoTo(Step),
    /// Show a screen.
    Show(Screen),
    /// Open a sheet over the screen.
    Open(Sheet),
    /// Close the sheet.
    CloseSheet,
    /// Take a toast away.
    DismissToast(u64),
    /// Use the settings: get a token, then go on to Select Image.
    Configure,
    /// Try the settings as far as OSS, and stay.
    Test,
    /// Open the file dialog.
    PickImage,
    /// Open the folder dialog.
    PickFolder,
    /// Something in the queue.
    Queue(QueueAction),
    /// Upload all that has not been.
    Upload,
    /// Let all uploads together send at most so many kilobytes a second; 0 sets no limit.
    Limit(u32),
    /// Put the finished upload aside, to upload the same picture under another name or in another way.
    UploadAgain,
    /// Go on with the unfinished upload of this checkpoint.
    Resume(PathBuf),
    /// Give the unfinished upload of this checkpoint up.
    Discard(PathBuf),
    /// Go on with every upload that is paused.
    GoOn,
    /// Leave the uploads of the last run paused.
    DismissOffer,
    /// Look at an entry of the history, by its place there.
    ShowEntry(Option<usize>),
    /// Forget every upload that has ended.
    ClearHistory,
    /// Close the sheet, or else stop the upload, or else dismiss the notice.
    Cancel,
    /// Ask the app server for a new token.
    NewToken,
    /// Something in the playground of step 4.
    Playground(PlaygroundAction),
    /// Put words on the clipboard.
    Copy(String),
    /// The button of a problem.
    Help(Help),
    /// Change the theme.
    Theme(ThemeChoice),
    /// Show another language.
    Language(LanguageChoice),
    /// Change the size of text and controls, in steps.
    Zoom(i8),
    /// Close the notice.
    DismissNotice,
    /// Something in the policy lab.
    Lab(LabAction),
    /// Something with a profile.
    Profile(ProfileAction),
    /// Something on the objects' screen.
    Objects(ObjectsAction),
    /// Something on the wire's screen.
    Wire(WireAction),
    /// Something on the conditions' screen.
    Conditions(ConditionsAction),
    /// Look in the policy lab at the request that was refused last; it needed this RAM action, if that is known.
    WhyDenied(Option<String>),
}
