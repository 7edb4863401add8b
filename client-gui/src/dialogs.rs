//! Real file dialogs through rfd, one at a time, with a word when the desktop has none.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use client_ui::dialogs::{Dialogs, PICTURE_ENDINGS, Pick, Picked};
use client_ui::words::said;
use tokio::runtime::Handle;

/// rfd reports a missing dialog like a closed one; nobody closes a dialog as fast as this.
const TOO_FAST_FOR_A_PERSON: Duration = Duration::from_millis(400);
/// A portal that never starts leaves rfd waiting for ever. Whoever asks again after this long sees no dialog.
const HUNG_AFTER: Duration = Duration::from_secs(20);

type Opening = Pin<Box<dyn Future<Output = Option<Vec<PathBuf>>> + Send>>;

/// File dialogs on a runtime.
pub struct RfdDialogs {
    runtime: Handle,
    wake: Arc<dyn Fn() + Send + Sync>,
    open: fn(Pick) -> Opening,
    opened: Option<Instant>,
    current: u64,
    sender: Sender<(u64, Picked)>,
    answers: Receiver<(u64, Picked)>,
}

impl RfdDialogs {
    /// Dialogs that call `wake` when they end.
    pub fn new(runtime: Handle, wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self::with_opener(runtime, wake, ask_rfd)
    }

    fn with_opener(runtime: Handle, wake: Arc<dyn Fn() + Send + Sync>, open: fn(Pick) -> Opening) -> Self {
        let (sender, answers) = channel();
        Self { runtime, wake, open, opened: None, current: 0, sender, answers }
    }

    fn answer(&self, number: u64, picked: Picked) {
        // Both ends live in `self`: sending cannot fail.
        let _ = self.sender.send((number, picked));
        (self.wake)();
    }
}

impl Dialogs for RfdDialogs {
    fn pick(&mut self, what: Pick) {
        match self.opened {
            Some(since) if since.elapsed() < HUNG_AFTER => return,
            Some(_) => {
                let why = said("The desktop did not open one for 20 seconds.");
                self.answer(self.current, Picked::Unavailable(why));
                return;
            }
            None => {}
        }
        let started = Instant::now();
        self.opened = Some(started);
        self.current += 1;
        let (number, sender, wake, dialog) =
            (self.current, self.sender.clone(), Arc::clone(&self.wake), (self.open)(what));
        self.runtime.spawn(async move {
            let picked = match dialog.await {
                Some(paths) => Picked::Files(paths),
                None if started.elapsed() < TOO_FAST_FOR_A_PERSON => {
                    Picked::Unavailable(said("It has neither a file portal nor zenity."))
                }
                None => Picked::Nothing,
            };
            if sender.send((number, picked)).is_ok() {
                wake();
            }
        });
    }

    fn poll(&mut self) -> Option<Picked> {
        let (number, picked) = self.answers.try_recv().ok()?;
        // The late answer of a dialog that was given up is still a choice, unless another dialog is open.
        if number == self.current {
            self.opened = None;
        }
        (number == self.current).then_some(picked)
    }
}

fn ask_rfd(what: Pick) -> Opening {
    let dialog = rfd::AsyncFileDialog::new();
    match what {
        Pick::Images => {
            let dialog = dialog
                .set_title("Select Image")
                .add_filter("Pictures", &PICTURE_ENDINGS)
                .add_filter("All files", &["*"]);
            Box::pin(async move {
                let files = dialog.pick_files().await?;
                Some(files.iter().map(|file| file.path().to_owned()).collect())
            })
        }
        Pick::Folder => {
            let dialog = dialog.set_title("Select a folder of images");
            Box::pin(async move { dialog.pick_folder().await.map(|folder| vec![folder.path().to_owned()]) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialogs(open: fn(Pick) -> Opening) -> (tokio::runtime::Runtime, RfdDialogs, Receiver<()>) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (ended, wait) = channel();
        let wake = Arc::new(move || ended.send(()).unwrap_or_default());
        let dialogs = RfdDialogs::with_opener(runtime.handle().clone(), wake, open);
        (runtime, dialogs, wait)
    }

    #[test]
    fn a_choice_comes_back() {
        let (_runtime, mut dialogs, ended) = dialogs(|_| Box::pin(async { Some(vec!["/a/猫.png".into()]) }));
        for _ in 0..2 {
            dialogs.pick(Pick::Images);
            ended.recv_timeout(Duration::from_secs(10)).unwrap();
            assert_eq!(dialogs.poll(), Some(Picked::Files(vec!["/a/猫.png".into()])));
            assert_eq!(dialogs.poll(), None);
        }
    }

    #[test]
    fn a_desktop_without_dialogs_is_told_from_a_closed_dialog() {
        let (_runtime, mut dialogs, ended) = dialogs(|_| Box::pin(async { None }));
        dialogs.pick(Pick::Images);
        ended.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(matches!(dialogs.poll(), Some(Picked::Unavailable(_))));
    }

    #[test]
    fn no_second_dialog_opens_and_a_hung_one_is_given_up() {
        let (_runtime, mut dialogs, ended) = dialogs(|_| Box::pin(std::future::pending()));
        dialogs.pick(Pick::Images);
        dialogs.pick(Pick::Images);
        assert_eq!((dialogs.current, dialogs.poll()), (1, None));
        dialogs.opened = Instant::now().checked_sub(HUNG_AFTER);
        dialogs.pick(Pick::Images);
        ended.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(matches!(dialogs.poll(), Some(Picked::Unavailable(_))));
        dialogs.pick(Pick::Images);
        assert_eq!(dialogs.current, 2);
    }
}
