//! How the screen changes: by what the person asks for, and by what jobs report.

use std::time::Duration;

use shared::object_key::ObjectKey;

use super::records::{Listed, Records};
use super::thumbs::AT_ONCE;
use super::{Beside, Detail, Link, Objects, ObjectsAction, Thumbs};
use crate::command::{Command, JobId, ObjectsCommand, ObjectsEvent, ObjectsOutcome, ObjectsWish, Place};
use crate::lab::grid::{Question, ROWS};
use crate::problem::Problem;
use crate::qr::Code;
use crate::toasts::Toasts;
use crate::words::tr;

/// How long a shared URL lives, if the token does.
const SHARED: Duration = Duration::from_secs(900);
/// Endings of pictures that IMG reads.
const PICTURES: [&str; 9] = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif"];

impl Objects {
    /// Carries out `action` at `place`; `job` names the job that it may need.
    pub fn act(&mut self, action: ObjectsAction, job: JobId, place: &Place) -> Option<Command> {
        let wish = match action {
            ObjectsAction::Open(prefix) => {
                *self = Self { grid: self.grid, beside: self.beside, prefix: Some(prefix), ..Self::default() };
                self.page(None)
            }
            ObjectsAction::Refresh => {
                // A page that is still on its way is not of the new listing, and a picture may be of an older object.
                self.running.retain(|(_, wish)| !matches!(wish, ObjectsWish::Page { .. } | ObjectsWish::Thumb(_)));
                self.thumbs = Thumbs::default();
                self.clear();
                self.compare(place);
                self.page(None)
            }
            ObjectsAction::More => {
                let after = self.next.clone().filter(|_| !self.is_listing())?;
                self.page(Some(after))
            }
            ObjectsAction::Select(key) => {
                self.detail = Some(Detail { key: key.clone(), ..Detail::default() });
                self.beside = Beside::Object;
                ObjectsWish::Look(key)
            }
            ObjectsAction::Grid(grid) => {
                self.grid = grid;
                return None;
            }
            ObjectsAction::Thumb(key) => {
                self.thumbs.keep(key.clone(), None);
                ObjectsWish::Thumb(key)
            }
            ObjectsAction::Download => ObjectsWish::Download(self.detail.as_ref()?.key.clone()),
            ObjectsAction::Copy => {
                let detail = self.detail.as_ref()?;
                let to = detail.copy_to.trim();
                let to = if to.is_empty() { copy_of(&detail.key) } else { to.to_owned() };
                ObjectsWish::Copy { from: detail.key.clone(), to }
            }
            ObjectsAction::AskDelete | ObjectsAction::KeepIt => {
                self.detail.as_mut()?.deleting = action == ObjectsAction::AskDelete;
                return None;
            }
            ObjectsAction::Delete => ObjectsWish::Delete(self.detail.as_ref()?.key.clone()),
            ObjectsAction::Share => ObjectsWish::Share { key: self.detail.as_ref()?.key.clone(), life: SHARED },
            ObjectsAction::Leftovers => {
                self.beside = Beside::Object;
                ObjectsWish::Leftovers(self.prefix.clone()?)
            }
            ObjectsAction::Abort(upload) => ObjectsWish::Abort(upload),
            ObjectsAction::Beside(beside) => {
                self.beside = beside;
                return None;
            }
            ObjectsAction::Records => {
                self.running.retain(|(_, wish)| !matches!(wish, ObjectsWish::Records { .. }));
                self.records = Records::default();
                self.compare(place);
                ObjectsWish::Records { prefix: self.prefix.clone()?, after: None }
            }
            ObjectsAction::MoreRecords => {
                let after = self.records.next.clone().filter(|_| !self.is_asking_records())?;
                ObjectsWish::Records { prefix: self.prefix.clone()?, after: Some(after) }
            }
        };
        self.running.push((job, wish.clone()));
        Some(Command::Objects(ObjectsCommand { job, place: place.clone(), wish }))
    }

    /// The next object of `keys` that is a picture and has not been asked for, while not too many are.
    pub fn due_thumb<'a>(&self, mut keys: impl Iterator<Item = &'a str>) -> Option<&'a str> {
        let asked = self.running.iter().filter(|(_, wish)| matches!(wish, ObjectsWish::Thumb(_))).count();
        keys.find(|key| asked < AT_ONCE && !self.thumbs.knows(key) && is_picture(key))
    }

    fn page(&self, after: Option<String>) -> ObjectsWish {
        ObjectsWish::Page { prefix: self.prefix.clone().unwrap_or_default(), after }
    }

    /// Compares the listing and the app server's records anew.
    fn compare(&mut self, place: &Place) {
        let listed = Listed {
            prefix: self.prefix.as_deref().unwrap_or_default(),
            folders: &self.folders,
            objects: &self.objects,
            whole: self.listed && self.next.is_none(),
            bucket: &place.bucket,
        };
        self.records.compare(&listed);
    }

    fn clear(&mut self) {
        self.folders.clear();
        self.objects.clear();
        (self.next, self.failed, self.listed) = (None, None, false);
    }

    /// Takes in what a job reports; whether the folder is not as it was.
    pub fn receive(&mut self, event: ObjectsEvent, place: &Place, toasts: &mut Toasts) -> bool {
        let Some(at) = self.running.iter().position(|(job, _)| *job == event.job) else { return false };
        let (_, wish) = self.running.swap_remove(at);
        match event.outcome {
            Ok(outcome) => {
                let differs = matches!(
                    outcome,
                    ObjectsOutcome::Page(_) | ObjectsOutcome::Deleted | ObjectsOutcome::Records { .. }
                );
                let changed = self.took(wish, outcome, toasts);
                if differs {
                    self.compare(place);
                }
                changed
            }
            Err(problem) => {
                self.refuse(&wish, problem, place, toasts);
                false
            }
        }
    }

    fn took(&mut self, wish: ObjectsWish, outcome: ObjectsOutcome, toasts: &mut Toasts) -> bool {
        match (outcome, wish) {
            (ObjectsOutcome::Page(page), ObjectsWish::Page { prefix, .. }) if self.prefix.as_ref() == Some(&prefix) => {
                self.folders.extend(page.folders);
                // OSS lists a folder's own marker in it.
                self.objects.extend(page.objects.into_iter().filter(|object| object.key != prefix));
                (self.next, self.listed) = (page.next, true);
            }
            (ObjectsOutcome::Looked(meta, tags), ObjectsWish::Look(key)) => {
                if let Some(detail) = self.detail.as_mut().filter(|detail| detail.key == key) {
                    (detail.told, detail.tags) = (Some(meta), tags);
                }
            }
            (ObjectsOutcome::Thumb(pixels), ObjectsWish::Thumb(key)) => self.thumbs.keep(key, Some(pixels)),
            (ObjectsOutcome::Downloaded(path), _) => {
                toasts.good(tr!("Downloaded and checked: {0}", path.display()));
            }
            (ObjectsOutcome::Copied(key), _) => {
                toasts.good(tr!("Copied to {0}", key));
                return true;
            }
            (ObjectsOutcome::Deleted, ObjectsWish::Delete(key)) => {
                self.objects.retain(|object| object.key != key);
                self.thumbs.forget(&key);
                self.detail = self.detail.take().filter(|detail| detail.key != key);
                toasts.good(tr!("{0} is deleted", key));
            }
            (ObjectsOutcome::Shared(url, until), ObjectsWish::Share { key, .. }) => {
                if let Some(detail) = self.detail.as_mut().filter(|detail| detail.key == key) {
                    let code = Code::of(&url);
                    detail.link = Some(Link { url, until, code });
                }
            }
            (ObjectsOutcome::Records { page, covers }, ObjectsWish::Records { prefix, .. })
                if self.prefix.as_ref() == Some(&prefix) =>
            {
                self.records.take(page, covers);
            }
            (ObjectsOutcome::Leftovers(uploads), _) => self.leftovers = Some(uploads),
            (ObjectsOutcome::Aborted, ObjectsWish::Abort(upload)) => {
                if let Some(uploads) = &mut self.leftovers {
                    uploads.retain(|known| *known != upload);
                }
                toasts.good(tr("The unfinished upload is gone, and its parts with it"));
            }
            _ => {}
        }
        false
    }

    fn refuse(&mut self, wish: &ObjectsWish, problem: Problem, place: &Place, toasts: &mut Toasts) {
        if matches!(wish, ObjectsWish::Thumb(_)) {
            // An object that is no picture, or may not be read, has none.
            return;
        }
        if problem.code == "AccessDenied" {
            self.refused = question(wish, place);
        }
        match wish {
            ObjectsWish::Records { .. } => self.records.failed = Some(problem),
            ObjectsWish::Page { .. } | ObjectsWish::Leftovers(_) | ObjectsWish::Abort(_) => self.failed = Some(problem),
            _ => match &mut self.detail {
                Some(detail) => {
                    detail.deleting = false;
                    detail.failed = Some(problem);
                }
                None => toasts.bad(format!("{}: {}", problem.title, problem.why)),
            },
        }
    }
}

/// The name of a copy that was not named: `a/b.jpg` becomes `a/b-copy.jpg`.
pub fn copy_of(key: &str) -> String {
    let folder = key.rfind('/').map_or(0, |slash| slash + 1);
    match key.rfind('.').filter(|dot| *dot > folder) {
        Some(dot) => {
            let (stem, ending) = key.split_at(dot);
            format!("{stem}-copy{ending}")
        }
        None => format!("{key}-copy"),
    }
}

/// Whether IMG can make a small picture of it, by its name.
pub fn is_picture(key: &str) -> bool {
    let ending = key.rsplit('.').next().unwrap_or_default();
    PICTURES.iter().any(|known| known.eq_ignore_ascii_case(ending)) && ObjectKey::parse(key).is_ok()
}

/// What the policy lab is asked about a refused wish; it knows nothing of the app server's own rules.
fn question(wish: &ObjectsWish, place: &Place) -> Option<Question> {
    let (operation, key, prefix) = match wish {
        ObjectsWish::Page { prefix, .. } => ("ListObjects", None, Some(prefix)),
        ObjectsWish::Leftovers(prefix) => ("ListMultipartUploads", None, Some(prefix)),
        ObjectsWish::Delete(key) => ("DeleteObject", Some(key), None),
        ObjectsWish::Copy { to, .. } => ("PutObject", Some(to), None),
        ObjectsWish::Abort(upload) => ("AbortMultipartUpload", Some(&upload.key), None),
        ObjectsWish::Look(key) | ObjectsWish::Thumb(key) | ObjectsWish::Download(key) => ("GetObject", Some(key), None),
        ObjectsWish::Share { key, .. } => ("GetObject", Some(key), None),
        ObjectsWish::Records { .. } => return None,
    };
    let action = ROWS.iter().find(|row| row.operation == operation).map_or("oss:GetObject", |row| row.action);
    Some(Question {
        operation: operation.to_owned(),
        action: action.to_owned(),
        bucket: Some(place.bucket.clone()),
        key: key.cloned(),
        prefix: prefix.cloned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use transfer::{FolderPage, ListedObject};

    #[test]
    fn a_page_of_a_folder_that_was_left_is_not_shown_in_another() {
        let (mut objects, place, mut toasts) = (Objects::default(), Place::default(), Toasts::default());
        objects.act(ObjectsAction::Open("a/".to_owned()), JobId(1), &place);
        objects.act(ObjectsAction::Open("b/".to_owned()), JobId(2), &place);
        let page = |key: &str| {
            let object = ListedObject { key: key.to_owned(), ..ListedObject::default() };
            let page = FolderPage { objects: vec![object], next: Some("n".to_owned()), ..FolderPage::default() };
            Ok(ObjectsOutcome::Page(page))
        };
        objects.receive(ObjectsEvent { job: JobId(1), outcome: page("a/x") }, &place, &mut toasts);
        assert!(objects.objects.is_empty());
        objects.receive(ObjectsEvent { job: JobId(2), outcome: page("b/x") }, &place, &mut toasts);
        assert_eq!(objects.lines().len(), 1);
        assert!(objects.act(ObjectsAction::More, JobId(3), &place).is_some());
        assert!(objects.act(ObjectsAction::More, JobId(4), &place).is_none(), "one page at a time");
        objects.act(ObjectsAction::Refresh, JobId(5), &place);
        objects.receive(ObjectsEvent { job: JobId(3), outcome: page("b/old") }, &place, &mut toasts);
        objects.receive(ObjectsEvent { job: JobId(5), outcome: page("b/new") }, &place, &mut toasts);
        let keys: Vec<_> = objects.objects.iter().map(|object| object.key.as_str()).collect();
        assert_eq!(keys, ["b/new"], "what was asked before a refresh does not come after it");
        objects.search = "Y".to_owned();
        assert!(objects.lines().is_empty());
    }

    #[test]
    fn copies_are_named_beside_their_source_and_pictures_told_by_their_ending() {
        for (key, copy, picture) in [
            ("a/b.JPG", "a/b-copy.JPG", true),
            ("a.b/c", "a.b/c-copy", false),
            ("a/.png", "a/.png-copy", true),
            ("notes.txt", "notes-copy.txt", false),
        ] {
            assert_eq!((copy_of(key).as_str(), is_picture(key)), (copy, picture));
        }
    }
}
