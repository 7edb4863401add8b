//! Words of more than one room.

use super::Table;

/// English and Chinese.
pub const WORDS: Table = &[
    ("As the system", "跟随系统"),
    ("Language", "语言"),
    ("Save", "保存"),
    ("Settings", "设置"),
    ("Text size: {0} %", "文字大小：{0}%"),
    ("Objects", "文件管理"),
    ("See what is in the bucket", "查看存储空间中的文件"),
    ("Object", "文件 (Object)"),
    ("Size", "大小"),
    ("App server", "应用服务器"),
    ("Why was I denied?", "为什么被拒绝？"),
    ("Give up", "放弃"),
    ("Share", "分享"),
    ("Delete", "删除"),
    ("Upload", "上传"),
    ("Configure", "配置"),
    ("Select Image", "选择图片"),
    ("Uploading", "正在上传"),
    ("Uploads", "上传操作"),
    ("none", "不限"),
];
