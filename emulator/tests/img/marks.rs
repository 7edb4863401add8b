//! Where marks stand, how large they are and what shines through.

use image::Rgba;

use crate::made::{RED, WHITE, box_of, pixels, red, run, run_with, solid_png};

#[test]
fn image_marks_stand_in_each_of_the_nine_cells() {
    let (source, mark) = (solid_png(200, 100, WHITE), solid_png(20, 10, RED));
    let cases = [
        ("g_nw,x_3,y_5", (3, 5)),
        ("g_north,x_3,y_5", (90, 5)),
        ("g_ne,x_3,y_5", (177, 5)),
        ("g_west,x_3,y_5", (3, 45)),
        ("g_center,x_3,y_5", (90, 45)),
        ("g_center,voffset_-20", (90, 25)),
        ("g_east,x_3,voffset_20", (177, 65)),
        ("g_sw,x_3,y_5", (3, 85)),
        ("g_south,x_3,y_5", (90, 85)),
        ("x_3,y_5", (177, 85)),
        ("", (170, 80)),
    ];
    for (parameters, (left, top)) in cases {
        let result = pixels(run_with(&source, &format!("image/watermark,image_cGFuZGEucG5n,{parameters}"), &mark));
        assert_eq!(box_of(&result, red), Some((left, top, left + 20, top + 10)), "{parameters}");
    }
}

#[test]
fn image_marks_are_sized_tiled_and_made_transparent() {
    let (source, mark) = (solid_png(200, 100, WHITE), solid_png(50, 50, RED));
    // panda.png?x-oss-process=image/resize,P_30
    let sized = "image/watermark,g_nw,x_0,y_0,image_cGFuZGEucG5nP3gtb3NzLXByb2Nlc3M9aW1hZ2UvcmVzaXplLFBfMzA";
    assert_eq!(box_of(&pixels(run_with(&source, sized, &mark)), red), Some((0, 0, 30, 30)));

    let tiled = pixels(run_with(&source, "image/watermark,fill_1,padx_30,pady_10,image_cGFuZGEucG5n", &mark));
    let reds = tiled.pixels().filter(|pixel| red(pixel)).count();
    assert_eq!(reds, (50 + 50 + 40) * (50 + 40), "columns at 0, 80 and 160, rows at 0 and 60");

    let half = pixels(run_with(&source, "image/watermark,t_50,g_center,image_cGFuZGEucG5n", &mark));
    assert_eq!(half.get_pixel(100, 50).0, [255, 128, 128, 255]);

    let outside = pixels(run_with(&source, "image/watermark,x_4096,y_4096,image_cGFuZGEucG5n", &mark));
    assert_eq!(box_of(&outside, red), None, "a mark beyond the edge is cut");
}

#[test]
fn text_marks_have_their_colour_size_and_place() {
    let source = solid_png(400, 200, WHITE);
    let ink = |pixel: &Rgba<u8>| pixel[1] < 128;
    let look = |parameters: &str| {
        let result = pixels(run(&source, &format!("image/watermark,{parameters}")));
        (box_of(&result, ink).unwrap(), result)
    };
    let ((left, top, right, bottom), result) = look("text_5Zu-54mH,color_ff0000,size_40,g_se,x_10,y_10"); // 图片
    assert!(right <= 390 && bottom <= 190 && left >= 400 - 10 - 80 && top >= 200 - 10 - 50, "{left} {top}");
    assert!((65..=80).contains(&(right - left)), "two full-width characters of 40 pixels: {}", right - left);
    assert!(result.pixels().any(|pixel| pixel.0 == [255, 0, 0, 255]), "drawn in the colour asked for");

    let (level, _) = look("text_SGVsbG8,g_center");
    let (upright, _) = look("text_SGVsbG8,g_center,rotate_90");
    let extent = |b: (u32, u32, u32, u32)| (b.2 - b.0, b.3 - b.1);
    let (level, upright) = (extent(level), extent(upright));
    assert!(level.0.abs_diff(upright.1) <= 2 && level.1.abs_diff(upright.0) <= 2, "{level:?} {upright:?}");

    let (missing, _) = look("text_8J-YgA,g_nw"); // an emoji, which the font lacks
    assert!(extent(missing).0 > 10, "a glyph that the font lacks draws a box");

    let unseen = pixels(run(&source, "image/watermark,text_4oCu4oCN77iP"));
    assert_eq!(box_of(&unseen, ink), None, "marks of direction and variation alone draw nothing");
    assert_eq!(look("text_ZcyB"), look("text_w6k"), "e with an accent is one character"); // e\u{301}, é

    let shadowed = pixels(run(&source, "image/watermark,text_SGVsbG8,g_nw,color_ffffff,shadow_100"));
    assert!(box_of(&shadowed, ink).is_some(), "white on white shows by its shadow alone");
}

#[test]
fn text_and_image_together_stand_side_by_side() {
    let (source, mark) = (solid_png(400, 200, WHITE), solid_png(60, 60, RED));
    let both = |order: u8| {
        let text = format!(
            "image/watermark,image_cGFuZGEucG5n,text_SGVsbG8,color_0000ff,g_nw,x_0,y_0,interval_20,align_1,order_{order}"
        );
        let result = pixels(run_with(&source, &text, &mark));
        let blue = box_of(&result, |pixel| pixel[2] == 255 && pixel[0] < 100).unwrap();
        (box_of(&result, red).unwrap(), blue)
    };
    let (image, text) = both(0);
    assert_eq!(image.0, 0, "the image stands first");
    assert!(text.0 >= 80, "behind the interval");
    let (image, text) = both(1);
    assert!(text.2 + 20 <= image.0, "the text stands first: {text:?} {image:?}");
}
