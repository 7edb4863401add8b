//! The playground of step 4, but for its controls, which are the settings' [`Recipe`]: the process as it is being typed, and what is shared.

use crate::command::{Command, JobId, PictureCommand, PictureEvent, PictureOutcome, PictureWish, Place, Presigned};
use crate::format;
use crate::problem::Problem;
use crate::recipe::{Code, Recipe};
use crate::toasts::Toasts;
use crate::words::tr;

/// What the playground knows.
#[derive(Debug, Default)]
pub struct Playground {
    /// The process in its field; the recipe's, unless it is being typed.
    pub typed: String,
    /// Why IMG would refuse what is typed.
    pub wrong: Option<String>,
    /// The name to save under.
    pub target: String,
    /// What is being made of the picture.
    running: Option<JobId>,
    /// Why the last of it failed.
    pub failed: Option<Problem>,
}

/// Something in the playground.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaygroundAction {
    /// The process was typed.
    Type(String),
    /// The keyboard has left the field of the process.
    Typed,
    /// Let the controls speak again in place of what was typed.
    Controls,
    /// Copy it in this language.
    Code(Code),
    /// Copy a URL that anybody may open.
    Presign(Presigned),
    /// Keep the picture at OSS.
    SaveAs,
}

impl Playground {
    /// Whether a job is under way.
    pub fn is_busy(&self) -> bool {
        self.running.is_some()
    }

    /// Lets the field follow the controls.
    pub fn follow(&mut self, recipe: &Recipe) {
        if self.wrong.is_none() {
            self.typed = recipe.process();
        }
    }

    /// Lets the controls follow the field.
    pub fn adopt(&mut self, typed: String, recipe: &mut Recipe) {
        self.wrong = recipe.adopt(&typed).err();
        self.typed = typed;
    }

    /// Forgets what IMG would refuse.
    pub fn leave_field(&mut self, recipe: &Recipe) {
        self.wrong = None;
        self.follow(recipe);
    }

    /// The command for `wish` about the picture that `recipe` makes of `key`.
    pub fn ask(&mut self, job: JobId, place: &Place, key: &str, recipe: &Recipe, wish: PictureWish) -> Command {
        self.running = Some(job);
        self.failed = None;
        let (place, key) = (place.clone(), key.to_owned());
        Command::Picture(PictureCommand { job, place, key, process: recipe.process(), wish })
    }

    /// Takes in what came of it; the text to copy, if it is one.
    pub fn receive(&mut self, event: PictureEvent, toasts: &mut Toasts) -> Option<String> {
        if self.running != Some(event.job) {
            return None;
        }
        self.running = None;
        match event.outcome {
            Ok(PictureOutcome::Presigned(text)) => {
                toasts.good(tr("Copied. Whoever has this URL sees the picture, for an hour at most."));
                return Some(text);
            }
            Ok(PictureOutcome::Saved { key, size }) => {
                toasts.good(tr!("Saved as {0}, {1}", key, format::bytes(size)));
            }
            Err(problem) => self.failed = Some(problem),
        }
        None
    }
}

/// A name for what `recipe` makes of `key`: beside it, and never its own.
pub fn beside(key: &str, recipe: &Recipe) -> String {
    let folder = key.rfind('/').map_or(0, |slash| slash + 1);
    let (stem, extension) = match key.rfind('.').filter(|dot| *dot > folder) {
        Some(dot) => key.split_at(dot),
        None => (key, ""),
    };
    let extension = if recipe.output.convert { format!(".{}", recipe.output.format) } else { extension.to_owned() };
    format!("{stem}-img{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_named_beside_its_source() {
        let plain = Recipe::default();
        let mut webp = Recipe::default();
        webp.output.convert = true;
        for (key, recipe, name) in [
            ("a/b.jpg", &plain, "a/b-img.jpg"),
            ("a/b.jpg", &webp, "a/b-img.webp"),
            ("a.b/c", &plain, "a.b/c-img"),
            ("a/.jpg", &plain, "a/.jpg-img"),
        ] {
            assert_eq!(beside(key, recipe), name);
        }
    }
}
