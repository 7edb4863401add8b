//! The policy lab: three policies, what they come to for each request of a grid, and what OSS itself says.

pub mod analysis;
mod changes;
pub mod detail;
pub mod grid;
mod precheck;
mod smallest;
pub mod told;

use std::collections::HashMap;
use std::path::PathBuf;

use shared::ram::cases::{Suite, SuiteError};
use shared::ram::{Edit, Layer, PolicyKind};
use shared::timefmt;
use time::OffsetDateTime;

use crate::command::{JobId, Place as Settings};
use crate::problem::Problem;
use crate::words::{Text, tr, word};
use analysis::{Analysis, Place};
use grid::{Question, Scene};

pub use changes::LabAction;
pub use smallest::Smallest;

/// One of the three policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sheet {
    /// Of the role that tokens are issued for.
    Role,
    /// The Policy parameter of AssumeRole.
    Session,
    /// On the bucket.
    Bucket,
}

impl Sheet {
    /// All, in the order of the tabs.
    pub const ALL: [Self; 3] = [Self::Role, Self::Session, Self::Bucket];

    /// Its name on the screen.
    pub fn title(self) -> &'static str {
        match self {
            Self::Role => tr("Role policy"),
            Self::Session => tr("Session policy"),
            Self::Bucket => tr("Bucket policy"),
        }
    }

    /// In a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Role => tr("role policy"),
            Self::Session => tr("session policy"),
            Self::Bucket => tr("bucket policy"),
        }
    }

    pub fn index(self) -> usize {
        self as usize
    }

    pub fn kind(self) -> PolicyKind {
        match self {
            Self::Role => PolicyKind::Identity,
            Self::Session => PolicyKind::Session,
            Self::Bucket => PolicyKind::Bucket,
        }
    }

    /// The sheet that a layer's policy is on.
    pub fn of(layer: Layer) -> Self {
        match layer {
            // Control policies have no sheet: the lab knows of no resource directory.
            Layer::Control | Layer::Identity => Self::Role,
            Layer::Session => Self::Session,
            Layer::Bucket => Self::Bucket,
        }
    }
}

/// A policy that comes with the app: its sheet, its name, its text, its tests.
pub struct Template {
    pub sheet: Sheet,
    /// On its button.
    pub name: &'static str,
    pub text: &'static str,
    tests: Option<&'static str>,
}

/// The shipped templates for session policies, and what one begins with on the other sheets.
pub static TEMPLATES: [Template; 8] = [
    Template {
        sheet: Sheet::Session,
        name: word("Read and write"),
        text: include_str!("../../../../policy/bucket_read_write_policy.txt"),
        tests: Some(include_str!("../../../../policy/tests/bucket_read_write_policy.json")),
    },
    Template {
        sheet: Sheet::Session,
        name: word("Write"),
        text: include_str!("../../../../policy/bucket_write_policy.txt"),
        tests: Some(include_str!("../../../../policy/tests/bucket_write_policy.json")),
    },
    Template {
        sheet: Sheet::Session,
        name: word("Read"),
        text: include_str!("../../../../policy/bucket_read_policy.txt"),
        tests: Some(include_str!("../../../../policy/tests/bucket_read_policy.json")),
    },
    Template { sheet: Sheet::Session, name: word("None"), text: "", tests: None },
    Template { sheet: Sheet::Role, name: word("All of OSS"), text: ALL_OF_OSS, tests: None },
    Template { sheet: Sheet::Role, name: word("One bucket"), text: ONE_BUCKET, tests: None },
    Template { sheet: Sheet::Bucket, name: word("None"), text: "", tests: None },
    Template { sheet: Sheet::Bucket, name: word("Deny deletes"), text: DENY_DELETES, tests: None },
];

const ALL_OF_OSS: &str = r#"{
  "Version": "1",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["oss:*"],
      "Resource": ["acs:oss:*:*:*"]
    }
  ]
}
"#;

const ONE_BUCKET: &str = r#"{
  "Version": "1",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["oss:*"],
      "Resource": [
        "acs:oss:*:*:$BUCKET_NAME",
        "acs:oss:*:*:$BUCKET_NAME/*"
      ]
    }
  ]
}
"#;

const DENY_DELETES: &str = r#"{
  "Version": "1",
  "Statement": [
    {
      "Effect": "Deny",
      "Principal": ["*"],
      "Action": ["oss:DeleteObject", "oss:DeleteObjectVersion"],
      "Resource": ["acs:oss:*:*:$BUCKET_NAME/*"]
    }
  ]
}
"#;

/// One sheet's text.
#[derive(Debug, Default)]
pub struct Editor {
    pub text: String,
    /// As it was loaded or chosen.
    pub loaded: String,
    /// The text of the field for its file.
    pub file: String,
}

/// What is looked at more closely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// A cell of the grid.
    Cell(Place),
    /// The request that was refused.
    Asked,
}

/// What OSS said to the request of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observed {
    /// Anything but a refusal by policy, in short: `200`, `404`.
    Allowed(u16),
    /// 403 `AccessDenied`, with its finer code.
    Denied(String),
    /// OSS never came to ask its policies; why.
    Unknown(Text),
}

/// The probes.
#[derive(Debug, Default)]
pub struct Probes {
    /// The job that runs.
    pub running: Option<JobId>,
    pub observed: HashMap<Place, Observed>,
}

/// All that the lab's screen draws.
#[derive(Debug)]
pub struct Lab {
    pub editors: [Editor; 3],
    /// The sheet that is shown.
    pub shown: Sheet,
    /// The text of the field for somebody else's bucket.
    pub other_bucket: String,
    pub selected: Option<Pick>,
    /// Whether the detail has changed since it was last drawn: a small window must scroll to it.
    pub reveal: bool,
    /// A request that was refused outside of the lab.
    pub asked: Option<Question>,
    pub probes: Probes,
    /// Something that went wrong here.
    pub notice: Option<Problem>,
    /// Where something was saved.
    pub saved: Option<PathBuf>,
    /// The session policy's tests, or why they cannot be read.
    pub suite: Option<Result<Suite, SuiteError>>,
    /// The smallest policy for a run, once it was asked for.
    smallest: Option<Smallest>,
    pub scene: Scene,
    pub analysis: Analysis,
    /// What the analysis is of.
    basis: Option<([String; 3], Scene)>,
}

impl Default for Lab {
    fn default() -> Self {
        let mut lab = Self {
            editors: Default::default(),
            shown: Sheet::Session,
            other_bucket: "another-bucket".to_owned(),
            selected: None,
            reveal: false,
            asked: None,
            probes: Probes::default(),
            notice: None,
            saved: None,
            suite: None,
            smallest: None,
            scene: Scene::default(),
            analysis: Analysis::default(),
            basis: None,
        };
        lab.take_template(0);
        lab.take_template(4);
        lab.shown = Sheet::Session;
        lab
    }
}

impl Lab {
    /// Brings the analysis up to date: with the editors, and with where the app uploads to. `now` is the time.
    pub fn refresh(&mut self, settings: &Settings, prefix: Option<&str>, now: OffsetDateTime) {
        let or = |text: &str, example: &str| if text.is_empty() { example.to_owned() } else { text.to_owned() };
        let local =
            settings.endpoint.starts_with("http://127.0.0.1") || settings.endpoint.starts_with("http://localhost");
        let mut scene = Scene {
            bucket: or(&settings.bucket, "photos"),
            prefix: prefix.unwrap_or("users/alice/").to_owned(),
            other_bucket: self.other_bucket.trim().to_owned(),
            secure: !settings.endpoint.starts_with("http://"),
            source_ip: local.then(|| "127.0.0.1".to_owned()),
            time: String::new(),
        };
        let texts = self.editors.each_ref().map(|editor| editor.text.clone());
        // Time alone brings nothing up to date: the lab would never come to rest.
        scene.time.clone_from(&self.scene.time);
        if self.basis.as_ref().is_some_and(|(known, at)| *known == texts && *at == scene) {
            return;
        }
        let moved = (&scene.bucket, &scene.prefix, &scene.other_bucket)
            != (&self.scene.bucket, &self.scene.prefix, &self.scene.other_bucket);
        if moved {
            self.probes.observed.clear();
        }
        scene.time = timefmt::iso8601(now);
        self.analysis = Analysis::of(&self.editors, &scene, self.suite.as_ref());
        self.scene = scene.clone();
        self.basis = Some((texts, scene));
    }

    /// Makes the next [`refresh`](Self::refresh) look at everything anew.
    fn stale(&mut self) {
        self.basis = None;
    }

    /// Whether a cell came out otherwise than OSS says; `None` where that is not known.
    pub fn drifts(&self, place: Place) -> Option<bool> {
        let predicted = self.analysis.cell(place)?.verdict.is_allow();
        match self.probes.observed.get(&place)? {
            Observed::Allowed(_) => Some(!predicted),
            Observed::Denied(_) => Some(predicted),
            Observed::Unknown(_) => None,
        }
    }

    fn take_template(&mut self, index: usize) {
        let Some(template) = TEMPLATES.get(index) else { return };
        let editor = &mut self.editors[template.sheet.index()];
        template.text.clone_into(&mut editor.text);
        template.text.clone_into(&mut editor.loaded);
        editor.file.clear();
        self.shown = template.sheet;
        if template.sheet == Sheet::Session {
            self.suite = template.tests.map(Suite::parse);
        }
        self.stale();
    }

    fn apply(&mut self, sheet: Sheet, edit: &Edit) {
        let editor = &mut self.editors[sheet.index()];
        if let Some(text) = edit.apply(&editor.text) {
            editor.text = text;
        }
        self.shown = sheet;
    }
}
