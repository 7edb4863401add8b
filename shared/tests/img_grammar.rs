//! The `x-oss-process` grammar: what is read, what is refused with which code, what size comes out.
#![cfg(test)]

use proptest::prelude::*;
use shared::error::{OssCode, OssError};
use shared::img::{
    Action, Align, Axis, Format, Gravity, ImageWatermark, IndexCrop, Process, Quality, Resize, ResizeMode, Rgb,
    TextWatermark, Watermark, circle, corner_radius,
};

fn parse(text: &str) -> Process {
    Process::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn builders_print_what_oss_reads() {
    let resize = Resize { w: Some(200), ..Resize::default() };
    let text = TextWatermark { text: "Hello World".into(), color: Rgb([255, 106, 0]), size: 30, ..Default::default() };
    let panda = ImageWatermark {
        object: "panda.png".into(),
        process: Some(Process::new([Resize { main_percent: Some(30), ..Resize::default() }.into()])),
    };
    let cases: [(Process, &str); 4] = [
        (Process::new([resize.clone().into()]), "image/resize,w_200"),
        (
            Process::new([resize.into(), Watermark::of_text(text).into()]),
            "image/resize,w_200/watermark,text_SGVsbG8gV29ybGQ,color_FF6A00,size_30",
        ),
        (
            Process::new([Watermark { gravity: Gravity::NorthWest, opacity: 50, ..Watermark::of_image(panda) }.into()]),
            "image/watermark,image_cGFuZGEucG5nP3gtb3NzLXByb2Nlc3M9aW1hZ2UvcmVzaXplLFBfMzA,t_50,g_nw",
        ),
        (
            Process::new([Action::Quality(Quality::Absolute(80)), Action::Format(Format::Webp)]),
            "image/quality,Q_80/format,webp",
        ),
    ];
    for (process, printed) in cases {
        assert_eq!(process.to_string(), printed);
        assert_eq!(parse(printed), process);
    }
}

#[test]
fn lenient_spellings_mean_the_same() {
    let cases = [
        ("image/resize,w_100,r_1,", "image/resize,w_100", "unknown keys and trailing commas pass"),
        ("image//resize,,w_100", "image/resize,w_100", "empty tokens pass"),
        ("image/resize,w_50,w_100", "image/resize,w_100", "of a doubled key the last counts"),
        ("image/watermark,text_SGVsbG8gV29ybGQ=", "image/watermark,text_SGVsbG8gV29ybGQ", "padded base64"),
        ("image/watermark,text_5Zu+54mH", "image/watermark,text_5Zu-54mH", "standard base64"),
        ("image/quality,q_10,Q_80", "image/quality,Q_80", "Q wins over q"),
        ("image/crop,w_0,h_50,g_nw,r_1", "image/crop,h_50", "0 is as much as there is"),
        ("image/indexcrop,x_9,y_50", "image/indexcrop,y_50,i_0", "y wins over x"),
        ("image/resize,m_lfit,w_100,limit_1,color_ffffff", "image/resize,w_100", "defaults are not printed"),
    ];
    for (spelling, normal, why) in cases {
        assert_eq!(parse(spelling).to_string(), normal, "{why}");
    }
}

#[test]
fn every_watermark_parameter_is_read() {
    let all = "image/watermark,image_cGFuZGEucG5n,text_SGVsbG8,type_ZmFuZ3poZW5na2FpdGk,color_ff0000,size_100,shadow_50,\
               rotate_30,t_90,g_west,x_1,y_2,voffset_-50,fill_1,padx_3,pady_4,order_1,align_1,interval_5";
    let process = parse(all);
    let [Action::Watermark(mark)] = process.actions.as_slice() else { panic!("{process:?}") };
    let text = mark.text.as_ref().unwrap();
    assert_eq!((text.text.as_str(), text.font.name(), text.size), ("Hello", "fangzhengkaiti", 100));
    assert_eq!((text.color, text.shadow, text.rotate), (Rgb([255, 0, 0]), 50, 30));
    assert_eq!((mark.opacity, mark.gravity, mark.x, mark.y, mark.voffset), (90, Gravity::West, 1, 2, -50));
    assert_eq!((mark.fill, mark.padx, mark.pady), (true, 3, 4));
    assert_eq!((mark.text_first, mark.align, mark.interval), (true, Align::Middle, 5));
    assert_eq!(process.watermark_objects().collect::<Vec<_>>(), ["panda.png"]);
    assert_eq!(parse(&process.to_string()), process);
}

#[test]
fn refusals_carry_the_code_of_the_documentation() {
    let long_text = format!("image/watermark,text_{}", "YWFh".repeat(22));
    let nested_format = "image/watermark,image_YT94LW9zcy1wcm9jZXNzPWltYWdlL2Zvcm1hdCxqcGc"; // a?x-oss-process=image/format,jpg
    let too_many = format!("image{}", "/watermark,image_cGFuZGEucG5n".repeat(4));
    let too_long = format!("image{}", "/rotate,1".repeat(65));
    let cases: &[(&str, OssCode, Option<&str>)] = &[
        ("image/resize", OssCode::InvalidArgument, Some("0040-00000322")),
        ("image/resize,w_0", OssCode::InvalidArgument, Some("0040-00000312")),
        ("image/resize,w_+5", OssCode::InvalidArgument, Some("0040-00000312")),
        ("image/resize,w_16385", OssCode::InvalidArgument, Some("0040-00000312")),
        ("image/resize,m_stretch,w_1", OssCode::InvalidArgument, Some("0040-00000311")),
        ("image/resize,p_1001", OssCode::InvalidArgument, Some("0040-00000317")),
        ("image/resize,P_30", OssCode::InvalidArgument, Some("0040-00000322")),
        ("image/quality", OssCode::InvalidArgument, Some("0040-00000307")),
        ("image/quality,Q_200", OssCode::InvalidArgument, Some("0040-00000308")),
        ("image/quality,200", OssCode::InvalidArgument, Some("0040-00000310")),
        ("image/format,png,jpg", OssCode::InvalidArgument, Some("0040-00000203")),
        ("image/watermark,text", OssCode::InvalidArgument, Some("0040-00000258")),
        ("image/watermark,text_!", OssCode::InvalidArgument, Some("0040-00000257")),
        (&long_text, OssCode::InvalidArgument, Some("0040-00000259")),
        ("image/watermark,image_Lw", OssCode::InvalidArgument, Some("0040-00000265")),
        (nested_format, OssCode::InvalidArgument, Some("0040-00000265")),
        (&too_many, OssCode::WatermarkError, None),
        (&too_long, OssCode::TooManyPipe, None),
        ("image/blindwatermark,content_YQ", OssCode::NotImplemented, None),
        ("image/watermark,text_YQ,voffset_+1", OssCode::InvalidArgument, Some("0040-00000268")),
        ("image/info/resize,w_1", OssCode::InvalidArgument, None),
        ("image/resize,w_1|sys/saveas,o_dGVzdC5qcGc", OssCode::InvalidArgument, None),
        ("video/snapshot,t_1", OssCode::InvalidArgument, Some("0040-00000213")),
        ("", OssCode::InvalidArgument, Some("0040-00000213")),
        ("style/thumb", OssCode::NotImplemented, None),
        ("image/crop,w_1,g_face", OssCode::NotImplemented, None),
        ("image/crop,w_-1", OssCode::InvalidArgument, Some("0040-00000225")),
        ("image/crop,x_-1", OssCode::InvalidArgument, None),
        ("image/indexcrop,x_abc", OssCode::InvalidArgument, Some("0040-00000227")),
        ("image/indexcrop,i_1", OssCode::InvalidArgument, Some("0040-00000230")),
        ("image/indexcrop,x_10,i_abc", OssCode::InvalidArgument, Some("0040-00000229")),
        ("image/circle", OssCode::InvalidArgument, Some("0040-00000233")),
        ("image/rotate,a_90", OssCode::InvalidArgument, Some("0040-00000217")),
        ("image/rotate,361", OssCode::InvalidArgument, Some("0040-00000217")),
        ("image/bright", OssCode::InvalidArgument, Some("0040-00000245")),
        ("image/contrast,101", OssCode::InvalidArgument, None),
        ("image/sharpen,400", OssCode::InvalidArgument, Some("0040-00000280")),
        ("image/blur,r_3", OssCode::InvalidArgument, Some("0040-00000242")),
        ("image/interlace,2", OssCode::InvalidArgument, None),
        ("image/average-hue/resize,w_1", OssCode::InvalidArgument, None),
        ("image/format,heic", OssCode::NotImplemented, None),
    ];
    for (text, code, ec) in cases {
        let error = OssError::from(Process::parse(text).expect_err(text));
        assert_eq!((&error.code, error.ec.as_deref()), (code, *ec), "{text}: {error}");
    }
    let wide = OssError::from(Process::parse("image/resize,w_99999999").unwrap_err());
    assert_eq!(wide.message, "The value: 99999999 of parameter: w is invalid.");
}

#[test]
fn sizes_follow_the_published_tables() {
    // (source, parameters, scaled, canvas)
    type Size = (u32, u32);
    let cases: &[(Size, &str, Size, Size)] = &[
        ((200, 100), "m_lfit,w_150,h_80", (150, 75), (150, 75)),
        ((200, 100), "m_mfit,w_150,h_80", (160, 80), (160, 80)),
        ((200, 100), "m_fill,w_150,h_80", (160, 80), (150, 80)),
        ((200, 100), "m_pad,w_150,h_80", (150, 75), (150, 80)),
        ((200, 100), "m_fixed,w_150,h_80", (150, 80), (150, 80)),
        ((2500, 1875), "p_50", (1250, 938), (1250, 938)),
        ((2500, 1875), "p_200", (5000, 3750), (5000, 3750)),
        ((2500, 1875), "w_3000,limit_0", (3000, 2250), (3000, 2250)),
        ((2500, 1875), "w_3000", (2500, 1875), (2500, 1875)),
        ((2500, 1875), "h_2000,limit_0", (2667, 2000), (2667, 2000)),
        ((2500, 1875), "m_pad,w_100,h_100", (100, 75), (100, 100)),
        ((256, 144), "h_100", (178, 100), (178, 100)),
        ((256, 144), "m_fill,h_100", (178, 100), (100, 100)),
        ((400, 267), "l_100", (100, 67), (100, 67)),
        ((267, 400), "l_100", (67, 100), (67, 100)),
        ((400, 267), "s_100", (150, 100), (150, 100)),
        ((400, 267), "s_100,l_100,m_fixed", (100, 100), (100, 100)),
        ((267, 400), "s_50,l_200,m_fixed", (50, 200), (50, 200)),
        ((400, 267), "w_100,l_300,s_10", (100, 67), (100, 67)),
        ((30_000, 1), "w_1", (1, 1), (1, 1)),
        ((1, 30_000), "m_mfit,w_16384,limit_0", (16_384, 491_520_000), (16_384, 491_520_000)),
    ];
    for (source, parameters, scaled, canvas) in cases {
        let process = parse(&format!("image/resize,{parameters}"));
        let [Action::Resize(resize)] = process.actions.as_slice() else { panic!("{process:?}") };
        let target = resize.target(source.0, source.1);
        assert_eq!((target.scaled, target.canvas), (*scaled, *canvas), "{source:?} {parameters}");
    }
}

#[test]
fn every_action_prints_as_it_is_read() {
    let all = "image/resize,w_9/crop,w_1,h_2,x_3,y_4,g_se/indexcrop,x_5,i_6/circle,r_7/rounded-corners,r_8/rotate,90/auto-orient,1/\
               blur,r_3,s_2/bright,-50/contrast,50/sharpen,100/format,png/quality,q_90/interlace,1";
    assert_eq!(parse(all).to_string(), all);
    for alone in ["image/info", "image/average-hue"] {
        assert!(parse(alone).is_question());
        assert_eq!(parse(alone).to_string(), alone);
    }
}

#[test]
fn crops_keep_the_documented_part() {
    /// Width and height of the source, parameters; left, top, width and height of what is kept.
    type Crop = ((u32, u32), &'static str, Option<[u32; 4]>);
    let cases: &[Crop] = &[
        ((400, 267), "x_100,y_50", Some([100, 50, 300, 217])),
        ((400, 267), "x_10,y_10,w_200,h_200,g_se", Some([210, 77, 190, 190])),
        ((400, 300), "w_100,h_100,g_center", Some([150, 100, 100, 100])),
        ((400, 300), "w_100,h_100,g_north", Some([150, 0, 100, 100])),
        ((400, 300), "w_100,h_100,g_east", Some([300, 100, 100, 100])),
        ((400, 300), "w_100,h_100,g_sw", Some([0, 200, 100, 100])),
        ((400, 267), "w_10000,h_10000,g_se", Some([0, 0, 400, 267])),
        ((400, 267), "x_399,y_266", Some([399, 266, 1, 1])),
        ((400, 267), "x_400", None),
        ((1, 1), "x_10,y_10,w_100,h_100", None),
        ((400, 300), "x_4294967295,g_se", None),
    ];
    for (source, parameters, expected) in cases {
        let process = parse(&format!("image/crop,{parameters}"));
        let [Action::Crop(crop)] = process.actions.as_slice() else { panic!("{process:?}") };
        let area = crop.area(source.0, source.1).map(|a| [a.left, a.top, a.width, a.height]);
        assert_eq!(area, *expected, "{source:?} {parameters}");
    }
    let strip = |axis, length, index| {
        let area = IndexCrop { axis, length, index }.area(400, 267);
        [area.left, area.top, area.width, area.height]
    };
    assert_eq!(strip(Axis::X, 100, 3), [300, 0, 100, 267]);
    assert_eq!(strip(Axis::Y, 200, 1), [0, 200, 400, 67], "the last strip is what is left");
    assert_eq!(strip(Axis::Y, 100, 10), [0, 0, 400, 267], "no such strip");
    assert_eq!(strip(Axis::X, u32::MAX, u32::MAX), [0, 0, 400, 267]);
    let square = |area: shared::img::Area| (area.left, area.top, area.width, area.height);
    assert_eq!((square(circle(100, 400, 267).0), circle(500, 400, 267).1), ((99, 33, 201, 201), 133));
    assert_eq!(square(circle(4096, 400, 267).0), (66, 0, 267, 267));
    assert_eq!((circle(9, 1, 1).1, corner_radius(100, 50, 33)), (0, 16));
}

#[test]
fn a_watermark_can_be_sized_against_the_picture_that_it_marks() {
    let resize = Resize { main_percent: Some(10), mode: ResizeMode::Fixed, ..Resize::default() };
    assert_eq!(resize.against((100, 100)).target(100, 100).canvas, (10, 10));
    assert_eq!(resize.against((1080, 810)).target(50, 100).canvas, (41, 81));
}

proptest! {
    #[test]
    fn any_text_can_be_read(text in ".*") {
        let _ = Process::parse(&text);
    }

    #[test]
    fn what_is_read_survives_printing(
        actions in prop::collection::vec(
            "(resize|watermark|format|quality|info|crop|indexcrop|circle|rounded-corners|rotate|auto-orient|blur|bright|contrast|\
             sharpen|interlace|average-hue)(,(-?[0-9]{1,3}|[rsi]_[0-9]{1,2}|m_(fill|pad|fixed)|[whlsp]_[0-9]{1,4}|limit_[01]|color_[0-9a-f]{6}|\
             text_[A-Za-z0-9_=-]{1,8}|image_[A-Za-z0-9_-]{1,8}|[txyqQ]_[0-9]{1,2}|g_(nw|south)|voffset_-?[0-9]{1,3}|png|webp)){0,4}",
            1..4,
        )
    ) {
        let text = format!("image/{}", actions.join("/"));
        if let Ok(process) = Process::parse(&text) {
            prop_assert_eq!(Process::parse(&process.to_string()), Ok(process), "{}", text);
        }
    }

    #[test]
    fn no_size_panics(w in 0u32..=u32::MAX, h in 0u32..=u32::MAX, side in 1u32..=16384, mode in 0usize..5, limit: bool) {
        let resize = Resize { mode: ResizeMode::NAMES[mode].0, w: Some(side), h: Some(1), limit, ..Resize::default() };
        let target = resize.target(w, h);
        prop_assert!(target.canvas.0 > 0 && target.canvas.1 > 0 && target.scaled.0 > 0 && target.scaled.1 > 0);
    }
}
