//! The objects' screen without its looks: what lies in a folder, what is known of one object, what is being asked.

mod changes;
mod records;
mod thumbs;

use time::OffsetDateTime;
use transfer::{ListedObject, ObjectMeta, OpenUpload};

use crate::command::{JobId, ObjectsWish};
use crate::lab::grid::Question;
use crate::problem::Problem;
use crate::qr::Code;

pub use changes::copy_of;
pub use records::{Fate, Records};
pub use thumbs::Thumbs;

/// Something that the person asked of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectsAction {
    /// Show a folder: the beginning of its keys.
    Open(String),
    /// Ask again what lies in the folder.
    Refresh,
    /// Fetch the next page.
    More,
    /// Look at an object more closely.
    Select(String),
    /// Show small pictures, or lines.
    Grid(bool),
    /// A small picture of this object.
    Thumb(String),
    /// Bring the selected object into the folder of downloads.
    Download,
    /// Make the selected object once more, under the name in the field.
    Copy,
    /// Ask whether the selected object may go.
    AskDelete,
    /// Leave it.
    KeepIt,
    /// Delete the selected object.
    Delete,
    /// Make a URL of the selected object.
    Share,
    /// Ask which uploads have not ended.
    Leftovers,
    /// Give one of them up.
    Abort(OpenUpload),
    /// Show something else beside the folder.
    Beside(Beside),
    /// Ask the app server anew what it knows of uploads to the folder.
    Records,
    /// Fetch the next page of that.
    MoreRecords,
}

/// What stands beside the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Beside {
    /// The selected object.
    #[default]
    Object,
    /// What the app server knows of uploads to the folder.
    Records,
}

/// One line of the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line<'a> {
    /// A folder, by its whole name.
    Folder(&'a str),
    /// An object.
    Object(&'a ListedObject),
}

/// A URL with which anybody may read an object.
#[derive(Debug)]
pub struct Link {
    /// The URL.
    pub url: String,
    /// When it ends.
    pub until: OffsetDateTime,
    /// It for a phone to take from the screen; `None` when it is too long.
    pub(crate) code: Option<Code>,
}

/// What is known of the selected object.
#[derive(Debug, Default)]
pub struct Detail {
    /// Its key.
    pub key: String,
    /// What OSS tells of it.
    pub told: Option<ObjectMeta>,
    /// Its tags, where the token may read them.
    pub tags: Option<Vec<(String, String)>>,
    /// Why OSS does not tell.
    pub failed: Option<Problem>,
    /// A URL for others.
    pub link: Option<Link>,
    /// The name of a copy.
    pub copy_to: String,
    /// Whether it is being asked if the object may go.
    pub deleting: bool,
}

/// All that the screen draws.
#[derive(Debug, Default)]
pub struct Objects {
    /// The folder: the beginning of its keys; `None` before any was opened.
    pub prefix: Option<String>,
    /// Folders within it.
    pub folders: Vec<String>,
    /// Objects within it.
    pub objects: Vec<ListedObject>,
    /// Where the next page begins, if there is one.
    next: Option<String>,
    /// Whether any page has come.
    listed: bool,
    /// Why the folder is not shown.
    pub failed: Option<Problem>,
    /// Only names that contain this are shown.
    pub search: String,
    /// Small pictures in place of lines.
    pub grid: bool,
    /// The selected object.
    pub detail: Option<Detail>,
    /// Uploads that have not ended, once asked for.
    pub leftovers: Option<Vec<OpenUpload>>,
    /// Small pictures.
    pub thumbs: Thumbs,
    /// What stands beside the folder.
    pub beside: Beside,
    /// What the app server knows of uploads to the folder.
    pub records: Records,
    /// Jobs that run, with what is wanted of them.
    running: Vec<(JobId, ObjectsWish)>,
    /// The request that was refused last, for the policy lab.
    pub(crate) refused: Option<Question>,
}

impl Objects {
    /// Whether the folder's next page is on its way.
    pub fn is_listing(&self) -> bool {
        self.running.iter().any(|(_, wish)| matches!(wish, ObjectsWish::Page { .. }))
    }

    /// Whether a page of records is on its way.
    pub fn is_asking_records(&self) -> bool {
        self.running.iter().any(|(_, wish)| matches!(wish, ObjectsWish::Records { .. }))
    }

    /// Whether records should be asked for: nobody has yet.
    pub fn wants_records(&self) -> bool {
        self.prefix.is_some() && !self.records.is_told() && self.records.failed.is_none() && !self.is_asking_records()
    }

    /// Whether anything is on its way.
    pub fn is_busy(&self) -> bool {
        !self.running.is_empty()
    }

    /// Whether there is more than what is here.
    pub fn has_more(&self) -> bool {
        self.next.is_some()
    }

    /// The lines that the search lets through: folders, then objects.
    pub fn lines(&self) -> Vec<Line<'_>> {
        let wanted = self.search.trim().to_lowercase();
        let fits = |name: &str| wanted.is_empty() || self.name(name).to_lowercase().contains(&wanted);
        let folders = self.folders.iter().filter(|name| fits(name)).map(|name| Line::Folder(name));
        folders.chain(self.objects.iter().filter(|object| fits(&object.key)).map(Line::Object)).collect()
    }

    /// A name within the folder.
    pub fn name<'a>(&self, whole: &'a str) -> &'a str {
        whole.strip_prefix(self.prefix.as_deref().unwrap_or_default()).filter(|name| !name.is_empty()).unwrap_or(whole)
    }
}
