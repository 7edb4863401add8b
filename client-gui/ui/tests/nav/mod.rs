//! From screen to screen, by pointer and by keyboard; the sheets over them, and toasts.

use crate::support::{Desk, receipt};
use client_ui::command::{Command, Event, Failure};
use client_ui::screen::Screen;
use client_ui::settings::{Settings, ThemeChoice};
use client_ui::words::LanguageChoice;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

const PHONE: [u32; 2] = [480, 720];
const USUAL: [u32; 2] = [1100, 760];

fn press(desk: &mut Desk, modifiers: Modifiers, key: Key) {
    desk.harness.key_press_modifiers(modifiers, key);
    desk.harness.run();
}

fn screen(desk: &Desk) -> Screen {
    desk.harness.state().state().screen
}

#[test]
fn every_screen_is_reached_by_its_button_and_by_its_key() {
    for (size, name) in [(PHONE, "phone"), (USUAL, "usual")] {
        for theme in [ThemeChoice::Light, ThemeChoice::Dark] {
            let mut desk = Desk::new(size, theme);
            for (screen_of, key) in Screen::ALL.into_iter().zip([Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5])
            {
                desk.click(screen_of.name());
                assert_eq!(screen(&desk), screen_of);
                let name = format!("screen-{name}-{theme:?}-{}", screen_of.label().replace(' ', "-")).to_lowercase();
                desk.shot(&name);
                desk.click(Screen::Upload.name());
                press(&mut desk, Modifiers::COMMAND, key);
                assert_eq!(screen(&desk), screen_of);
            }
        }
    }
}

#[test]
fn the_sheet_of_shortcuts_names_them_all_and_goes_by_escape() {
    let mut desk = Desk::new(USUAL, ThemeChoice::Light);
    press(&mut desk, Modifiers::SHIFT, Key::Questionmark);
    for words in ["Keyboard shortcuts", "Policy lab", "Choose images", "Paste a picture, or files", "Larger text"] {
        assert!(desk.sees(words), "{words} is not on the sheet");
    }
    desk.shot("sheet-shortcuts");
    press(&mut desk, Modifiers::NONE, Key::Escape);
    assert!(!desk.sees("Choose images"));
    press(&mut desk, Modifiers::COMMAND, Key::Comma);
    desk.shot("sheet-settings");
    desk.click("Dark");
    assert!(desk.harness.ctx.global_style().visuals.dark_mode);
    desk.harness.set_size(egui::vec2(496.0, 500.0));
    desk.shot("sheet-settings-phone");
    desk.click("Close");
    desk.click("Keyboard shortcuts (?)");
    desk.shot("sheet-shortcuts-phone");
    press(&mut desk, Modifiers::COMMAND, Key::Num2);
    assert!(!desk.sees("Choose images"), "another screen has no sheet over it");
}

#[test]
fn what_stands_around_the_screens_speaks_chinese() {
    for (size, theme, name) in [(PHONE, ThemeChoice::Dark, "phone"), (USUAL, ThemeChoice::Light, "usual")] {
        let settings = Settings { theme, language: LanguageChoice::Chinese, ..Settings::default() };
        let mut desk = Desk::with_settings(size, settings);
        for words in ["第 1 步，共 4 步：配置", "策略实验室", "报文", "键盘快捷键 (?)", "主题："]
        {
            assert!(desk.sees(words), "{words} is not seen");
        }
        desk.click("报文");
        desk.shot(&format!("chinese-wire-{name}"));
        desk.click("键盘快捷键 (?)");
        assert!(desk.sees("粘贴图片或文件") && desk.sees("选择图片"));
        desk.shot(&format!("chinese-shortcuts-{name}"));
    }
}

#[test]
fn a_question_mark_that_is_typed_is_no_shortcut() {
    let mut desk = Desk::new(USUAL, ThemeChoice::Light);
    desk.harness.get_by_label("App server").focus();
    desk.harness.run();
    press(&mut desk, Modifiers::SHIFT, Key::Questionmark);
    assert!(!desk.sees("Choose images"));
    press(&mut desk, Modifiers::NONE, Key::F1);
    assert!(desk.sees("Choose images"));
}

#[test]
fn what_ends_out_of_sight_is_said_and_goes_by_itself() {
    let mut desk = Desk::new(USUAL, ThemeChoice::Light);
    desk.type_into("App server", "http://127.0.0.1:8080");
    desk.configure();
    desk.select();
    let job = desk.upload();
    desk.click(Screen::Lab.name());
    desk.report([Event::Uploaded { job, outcome: Ok(receipt()) }]);
    assert!(desk.sees("users/alice/雪山 sunrise.jpg is uploaded"));
    desk.shot("toast");
    desk.clock.advance(time::Duration::seconds(6));
    desk.harness.run();
    assert!(!desk.sees("is uploaded"));
    desk.click(Screen::Upload.name());
    desk.press("Upload again");
    let job = desk.upload();
    desk.click(Screen::Lab.name());
    desk.report([Event::Uploaded { job, outcome: Err(Failure::Problem(crate::support::denied())) }]);
    assert!(desk.sees("The upload failed (AccessDenied)"));
    desk.click("Close this message");
    assert!(!desk.sees("The upload failed"));
    assert!(!desk.commands().iter().any(|command| matches!(command, Command::Cancel { .. })));
}
