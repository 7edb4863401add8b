//! The playground of IMG: controls and text say the same, whoever speaks; the result is copied in several forms and kept.

use crate::support::{Desk, receipt, thumbnail};
use client_ui::command::{Command, Event, JobId, PictureCommand, PictureEvent, PictureOutcome, PictureWish, Presigned};
use client_ui::problem::{Help, Problem};
use client_ui::recipe::Position;
use client_ui::settings::{Settings, ThemeChoice};
use client_ui::words::said;
use egui_kittest::kittest::Queryable as _;

const PHONE: [u32; 2] = [480, 720];
const USUAL: [u32; 2] = [1120, 900];

/// At step 4, with the first thumbnail there.
fn playground(size: [u32; 2], theme: ThemeChoice) -> Desk {
    let mut desk = Desk::with_settings(
        size,
        Settings { theme, app_server: "http://127.0.0.1:8080".to_owned(), ..Settings::default() },
    );
    desk.configure();
    desk.select();
    let job = desk.upload();
    desk.report([Event::Uploaded { job, outcome: Ok(receipt()) }]);
    desk.click("Make a thumbnail");
    made(&mut desk);
    desk
}

/// Lets OSS make what was last asked for; the process.
fn made(desk: &mut Desk) -> String {
    let asked = desk.commands().into_iter().rev().find_map(|command| match command {
        Command::Process { job, process, .. } => Some((job, process)),
        _ => None,
    });
    let (job, process) = asked.expect("a picture is asked for");
    desk.report([Event::Processed { job, outcome: Ok(thumbnail(&process)) }]);
    process
}

fn wish(desk: &Desk) -> PictureCommand {
    let wished = desk.commands().into_iter().rev().find_map(|command| match command {
        Command::Picture(command) => Some(command),
        _ => None,
    });
    wished.expect("something is wanted of the picture")
}

/// Puts `text` into the field in place of what is there.
fn retype(desk: &mut Desk, text: &str) {
    desk.harness.get_by_label("x-oss-process").focus();
    desk.harness.run();
    desk.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    desk.harness.run();
    desk.harness.get_by_label("x-oss-process").type_text(text);
    desk.harness.run();
}

#[test]
fn each_control_is_a_step_of_the_process() {
    for (size, theme, name) in [
        (PHONE, ThemeChoice::Dark, "phone-dark"),
        (USUAL, ThemeChoice::Light, "usual-light"),
        (USUAL, ThemeChoice::Dark, "usual-dark"),
    ] {
        let mut desk = playground(size, theme);
        desk.shot(&format!("playground-{name}-1"));
        for control in ["Crop", "Rotate", "Round corners", "Tone", "Format", "Quality", "Progressive JPEG"] {
            desk.press(control);
        }
        assert_eq!(
            made(&mut desk),
            "image/resize,w_480/rotate,90",
            "one request at a time, and then what is wanted by then"
        );
        assert_eq!(
            made(&mut desk),
            "image/resize,w_480/rotate,90/rounded-corners,r_30/format,webp/quality,Q_80/interlace,1"
        );
        desk.shot(&format!("playground-{name}-2-all"));
    }
}

#[test]
fn what_is_typed_moves_the_controls_and_what_img_refuses_is_not_sent() {
    let mut desk = playground(USUAL, ThemeChoice::Light);
    retype(&mut desk, "image/resize,m_pad,w_300,h_300,color_FF0000/watermark,text_5Zu-,g_nw,fill_1");
    assert!(made(&mut desk).starts_with("image/resize,m_pad,w_300,h_300,color_FF0000/watermark,text_5Zu-"));
    let recipe = &desk.harness.state().state().settings.recipe;
    assert_eq!(
        (recipe.resize.width, recipe.watermark.text.as_str(), recipe.watermark.position),
        (300, "图", Position::NorthWest)
    );
    desk.shot("playground-typed");
    retype(&mut desk, "image/resize,w_0");
    assert!(desk.sees("IMG would refuse this"));
    assert_eq!(desk.commands(), [], "nothing of it is sent");
    desk.shot("playground-refused");
    retype(&mut desk, "style/small");
    assert_eq!(made(&mut desk), "style/small");
    assert!(desk.sees("more than these controls can show"));
    desk.click("Back to the controls");
    assert!(made(&mut desk).starts_with("image/resize,m_pad"), "the controls are as they were");
}

#[test]
fn the_result_is_copied_in_several_forms_and_kept_as_an_object() {
    let mut desk = playground(USUAL, ThemeChoice::Light);
    for (button, part) in [
        ("URL (public objects)", "?x-oss-process=image%2Fresize%2Cw%5F480"),
        ("Android (Java)", "get.setxOssProcess(\"image/resize,w_480\");"),
        ("iOS (Objective-C)", "get.xOssProcess = @\"image/resize,w_480\";"),
        ("JavaScript (ali-oss)", "{ process: \"image/resize,w_480\" }"),
    ] {
        let text = desk.copied(button);
        assert!(text.contains(part), "{button}: {text}");
    }
    desk.click("curl");
    let command = wish(&desk);
    assert_eq!(
        (command.process.as_str(), &command.wish),
        ("image/resize,w_480", &PictureWish::Presign(Presigned::Curl))
    );
    answer(&mut desk, command.job, Ok(PictureOutcome::Presigned("curl 'https://signed'".to_owned())));
    assert!(desk.sees("Whoever has this URL sees the picture"));
    desk.click("Save");
    let command = wish(&desk);
    assert!(matches!(&command.wish, PictureWish::SaveAs(target) if target.ends_with("-img.jpg")), "{command:?}");
    answer(
        &mut desk,
        command.job,
        Ok(PictureOutcome::Saved { key: "users/alice/x-img.jpg".to_owned(), size: 4_100_000 }),
    );
    assert!(desk.sees("Saved as users/alice/x-img.jpg, 4.1 MB"));
    desk.type_into("Save as", "elsewhere/x.jpg");
    desk.click("Save");
    let command = wish(&desk);
    assert_eq!(command.wish, PictureWish::SaveAs("elsewhere/x.jpg".to_owned()));
    let problem =
        Problem::new("AccessDenied", said("The picture was not kept"), said("The policy forbids it."), Help::None);
    answer(&mut desk, command.job, Err(problem));
    assert!(desk.sees("The picture was not kept"));
    desk.shot("playground-shared");
}

fn answer(desk: &mut Desk, job: JobId, outcome: Result<PictureOutcome, Problem>) {
    desk.report([Event::Picture(PictureEvent { job, outcome })]);
}

#[test]
fn it_is_the_same_in_chinese() {
    let mut desk = playground(USUAL, ThemeChoice::Light);
    desk.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Comma);
    desk.harness.run();
    desk.click("简体中文");
    desk.harness.key_press(egui::Key::Escape);
    desk.harness.run();
    for words in ["图片处理 (IMG) 的结果", "缩放", "水印", "裁剪", "复制为", "另存为"] {
        assert!(desk.sees(words), "{words}");
    }
    desk.press("水印");
    desk.shot("playground-chinese");
}
