//! Controls and text are two ways to say the same; what IMG refuses is refused before it is sent.

use shared::bucket::BucketName;
use shared::region::Endpoint;

use super::*;

/// What the controls say of `text`, from a window in which much was tried before.
fn adopted(text: &str) -> Result<Recipe, String> {
    let mut recipe = Recipe::default();
    recipe.watermark.text = "before".to_owned();
    recipe.tone.blur = 9;
    recipe.adopt(text).map(|()| recipe)
}

#[test]
fn controls_and_process_are_two_ways_to_say_the_same() {
    for text in [
        "",
        "image/resize,w_200",
        "image/resize,h_200",
        "image/resize,l_1080,limit_0",
        "image/resize,s_64",
        "image/resize,p_150",
        "image/resize,m_fill,w_100,h_50",
        "image/resize,m_pad,w_100,h_50,color_FF0010",
        "image/crop,w_100,h_100,x_10,g_center",
        "image/rotate,90",
        "image/circle,r_100",
        "image/rounded-corners,r_30/format,png",
        "image/bright,50/contrast,-50/sharpen,100/blur,r_3,s_3",
        "image/watermark,text_5Zu-54mH,color_FF0010,size_32,shadow_40,rotate_30,t_60,g_north,x_20,fill_1",
        "image/watermark,image_cGFuZGEucG5n",
        "image/resize,w_480/watermark,image_cGFuZGEucG5nP3gtb3NzLXByb2Nlc3M9aW1hZ2UvcmVzaXplLFBfMzA,g_nw/quality,Q_80/interlace,1",
        "image/resize,w_480/format,webp/quality,q_90",
    ] {
        let recipe = adopted(text).unwrap();
        assert_eq!((recipe.by_hand.as_deref(), recipe.process().as_str()), (None, text));
        let kept: Recipe = serde_json::from_str(&serde_json::to_string(&recipe).unwrap()).unwrap();
        assert_eq!(kept, recipe, "{text}");
    }
    let pasted = adopted(" x-oss-process=image/resize,w_200 ").unwrap();
    assert_eq!(pasted.process(), "image/resize,w_200", "the parameter's name may stand before it");
}

#[test]
fn what_the_controls_cannot_show_is_kept_as_it_was_typed() {
    for text in [
        "style/small",
        "image/resize,w_200/crop,w_100",
        "image/resize,w_200/resize,w_100",
        "image/auto-orient,0/resize,w_200",
        "image/indexcrop,x_100,i_0",
        "image/blur,r_3,s_9",
        "image/watermark,text_5Zu-,image_cGFuZGEucG5n",
    ] {
        let mut recipe = adopted(text).unwrap();
        assert_eq!((recipe.by_hand.as_deref(), recipe.process().as_str()), (Some(text), text));
        assert_eq!(recipe.watermark.text, "before", "{text}");
        recipe.adopt("image/resize,w_9").unwrap();
        assert_eq!((recipe.by_hand.as_deref(), recipe.process().as_str()), (None, "image/resize,w_9"));
    }
}

#[test]
fn what_img_refuses_changes_nothing_and_is_explained() {
    for (text, why) in [
        ("image/resize,w_0", "parameter: w"),
        ("image/unheard,x_1", "unheard"),
        ("video/snapshot,t_1", ""),
        ("image/info", "facts"),
    ] {
        let mut recipe = Recipe::default();
        let before = recipe.clone();
        let told = recipe.adopt(text).unwrap_err();
        assert!(!told.is_empty() && told.contains(why), "{text}: {told}");
        assert_eq!(recipe, before, "{text}");
    }
}

#[test]
fn words_that_img_would_refuse_are_not_sent() {
    let mut recipe = Recipe::default();
    recipe.watermark.on = true;
    recipe.watermark.text = "字".repeat(22);
    assert_eq!(recipe.process(), "image/resize,w_480");
    recipe.watermark.text = " 图片 ".to_owned();
    assert!(recipe.process().ends_with("/watermark,text_5Zu-54mH,color_FFFFFF,size_32,shadow_40"));
}

#[test]
fn every_language_names_the_same_picture() {
    let endpoint = Endpoint::parse("https://oss-cn-hangzhou.aliyuncs.com").unwrap();
    let bucket = BucketName::parse("photos").unwrap();
    let subject = Subject { endpoint: &endpoint, bucket: &bucket, key: "a \"b\".jpg", process: "image/resize,w_200" };
    let url = subject.code(Code::Url);
    assert_eq!(
        url,
        "https://photos.oss-cn-hangzhou.aliyuncs.com/a%20%22b%22.jpg?x-oss-process=image%2Fresize%2Cw%5F200"
    );
    assert_eq!(subject.code(Code::Parameter), "x-oss-process=image/resize,w_200");
    for code in [Code::Android, Code::Ios, Code::JavaScript] {
        let code = subject.code(code);
        assert!(code.contains(r#""a \"b\".jpg""#) && code.contains(r#""image/resize,w_200""#), "{code}");
    }
}
