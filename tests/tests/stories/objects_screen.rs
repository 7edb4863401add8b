//! The objects' screen beside the real app server and emulator: what the token may see, and what it may not.

use client_ui::settings::Settings;
use egui_kittest::kittest::Queryable as _;

use crate::window::Desk;

fn press(desk: &mut Desk, label: &str) {
    desk.harness.get_by_label_contains(label).click_accesskit();
    desk.settle();
}

#[test]
fn the_folder_of_the_token_is_walked_and_each_refusal_has_its_reason() {
    let photo = samples::photo(320, 240, 5);
    let mut desk = Desk::new(&photo, "湖.jpg", |world| Settings {
        app_server: world.token_url.clone(),
        object_name: "{prefix}2017/{name}".to_owned(),
        ..Settings::default()
    });
    desk.click("Configure");
    desk.click("Select Image");
    desk.click("Upload");
    desk.click("Objects");
    press(&mut desk, "Folder 2017/");
    desk.click("Pictures");
    let key = "users/demo/2017/湖.jpg";
    let thumb = desk.harness.state().state().objects.thumbs.get(key).map(|pixels| pixels.size);
    assert_eq!(thumb, Some([256, 192]), "IMG made it");
    desk.click("湖.jpg");
    assert!(desk.sees(&shared::crc64::crc64(&photo).to_string()));
    assert!(desk.sees("may not be read with this token"), "its tags");
    desk.keep("7-objects");

    // A copy is a GET and a PUT in the token's folder, which it may do.
    desk.click("Copy");
    assert!(desk.sees("Copied to users/demo/2017/湖-copy.jpg"));
    assert_eq!(desk.harness.state().state().objects.objects.len(), 2);

    desk.click("Delete");
    desk.click("Delete it");
    assert!(desk.sees("The object was not deleted"));
    desk.click("Why was I denied?");
    assert!(desk.sees("Refused: DeleteObject"));

    desk.click("Objects");
    let bucket = desk.world.emulator.bucket.clone();
    desk.click(&bucket);
    assert!(desk.sees("The folder cannot be listed"));
    desk.click("Why was I denied?");
    assert!(desk.sees(&format!("Refused: ListObjects {bucket}, no prefix")));
    desk.close();
}
