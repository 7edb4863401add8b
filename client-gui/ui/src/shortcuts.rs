//! The keyboard: one table that keys are read by and that the sheet of shortcuts is drawn from.

use egui::{Context, Key, KeyboardShortcut, Modifiers};

use crate::action::{Action, Step};
use crate::screen::{Screen, Sheet};
use crate::words::word;

/// One shortcut.
pub(crate) struct Shortcut {
    modifiers: Modifiers,
    key: Key,
    /// What it does, in English.
    pub(crate) words: &'static str,
    /// Whether it types a letter, so that a field which is being typed in has it first.
    types: bool,
    action: Action,
}

impl Shortcut {
    /// Its keys, as this system writes them.
    pub(crate) fn keys(&self, ctx: &Context) -> String {
        ctx.format_shortcut(&KeyboardShortcut::new(self.modifiers, self.key))
    }
}

/// The table: a title and its shortcuts.
pub(crate) fn table() -> [(&'static str, Vec<Shortcut>); 3] {
    const DIGITS: [Key; 5] = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5];
    let of = |modifiers, key, words, action| Shortcut { modifiers, key, words, types: false, action };
    let command = |key, words, action| of(Modifiers::COMMAND, key, words, action);
    let screens = Screen::ALL.into_iter().zip(DIGITS);
    let steps = Step::ALL.into_iter().zip(DIGITS);
    [
        (word("Screens"), screens.map(|(screen, key)| command(key, screen.label(), Action::Show(screen))).collect()),
        (
            word("Uploads"),
            steps
                .map(|(step, key)| of(Modifiers::ALT, key, step.label(), Action::GoTo(step)))
                .chain([
                    command(Key::O, word("Choose images"), Action::PickImage),
                    command(Key::U, word("Upload"), Action::Upload),
                    of(Modifiers::NONE, Key::Escape, word("Stop the upload, or close what is open"), Action::Cancel),
                ])
                .collect(),
        ),
        (
            word("Window"),
            vec![
                command(Key::Comma, word("Settings"), Action::Open(Sheet::Settings)),
                Shortcut {
                    types: true,
                    ..of(Modifiers::NONE, Key::Questionmark, word("This list"), Action::Open(Sheet::Shortcuts))
                },
                of(Modifiers::NONE, Key::F1, word("This list"), Action::Open(Sheet::Shortcuts)),
            ],
        ),
    ]
}

/// Keys that egui or a widget reads by itself.
pub(crate) fn others(ctx: &Context) -> [(String, &'static str); 6] {
    let command = |key| ctx.format_shortcut(&KeyboardShortcut::new(Modifiers::COMMAND, key));
    [
        (command(Key::V), word("Paste a picture, or files")),
        (command(Key::Plus), word("Larger text")),
        (command(Key::Minus), word("Smaller text")),
        ("Tab".to_owned(), word("To the next button or field")),
        ("Enter".to_owned(), word("Press the button")),
        ("\u{2191}, \u{2193}".to_owned(), word("From request to request, on the wire's screen")),
    ]
}

/// What was asked for by keys in this frame.
pub(crate) fn pressed(ctx: &Context) -> Vec<Action> {
    let typing = ctx.text_edit_focused();
    let all = table().into_iter().flat_map(|(_, shortcuts)| shortcuts);
    ctx.input_mut(|input| {
        all.filter(|shortcut| !(shortcut.types && typing))
            .filter(|shortcut| {
                if shortcut.key == Key::Escape {
                    // Fields and menus read it, too.
                    input.key_pressed(Key::Escape)
                } else {
                    input.consume_shortcut(&KeyboardShortcut::new(shortcut.modifiers, shortcut.key))
                }
            })
            .map(|shortcut| shortcut.action)
            .collect()
    })
}
