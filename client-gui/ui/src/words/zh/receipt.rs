//! What stands beside the steps: the token, the activity, the receipt of an upload.

use super::Table;

/// English and Chinese.
pub const WORDS: Table = &[
    ("Drop pictures and folders here", "将图片或文件夹拖放到此处"),
    ("picture", "图片"),
    ("{0} byte", "{0} 字节"),
    ("{0} bytes", "{0} 字节"),
    // The token, and the stations on the way to it.
    ("Token", "访问凭证"),
    (
        "None yet. The app server hands one out when you press Configure. Its secrets never reach the screen.",
        "尚无。点击“配置”后由应用服务器颁发。其中的密钥不会显示在界面上。",
    ),
    ("Key id", "密钥 ID"),
    ("Refresh token", "刷新凭证"),
    ("ended", "已过期"),
    ("left", "后过期"),
    ("left, then a new one is fetched", "后过期，届时将获取新的凭证"),
    ("answered in {0}", "已响应，耗时 {0}"),
    ("bucket {0} answered in {1}", "Bucket {0} 已响应，耗时 {1}"),
    (
        "{0}; the token is good, but its policy does not allow reading here",
        "{0}；访问凭证有效，但其权限策略不允许在此读取",
    ),
    ("valid for {0}", "有效期 {0}"),
    ("without end", "长期有效"),
    ("{0}, {1}", "{0}，{1}"),
    ("{0}, {1}, for {2}", "{0}，{1}，目录 {2}"),
    // The activity.
    ("Activity", "活动记录"),
    (
        "Nothing yet. Requests to the app server and to OSS are listed here.",
        "尚无记录。对应用服务器和 OSS 的请求会列在这里。",
    ),
    ("No token: {0}: {1}", "未获得访问凭证：{0}：{1}"),
    ("This computer's clock is {0} s behind OSS; corrected", "本机时钟比 OSS 慢 {0} 秒；已校正"),
    ("Token {0}, valid until {1}", "访问凭证 {0}，有效期至 {1}"),
    ("{0} answered {1} in {2}", "{0} 返回 {1}，耗时 {2}"),
    ("{0}: begins anew, because {1}", "{0}：重新开始上传，原因：{1}"),
    ("{0}: goes on; OSS holds {1} parts, {2}", "{0}：断点续传；OSS 已有 {1} 个分片，共 {2}"),
    ("{0}: not uploaded: {1}", "{0}：未上传：{1}"),
    ("{0}: repetition {1}, because {2}", "{0}：第 {1} 次重试，原因：{2}"),
    ("{0}: {1} in {2}", "{0}：{1}，耗时 {2}"),
    // The receipt.
    ("Uploaded", "上传成功"),
    ("{0} in {1}, {2}; straight to OSS", "{0}，耗时 {1}，{2}；直接上传到 OSS"),
    ("in one request", "单次请求"),
    ("in {0} parts", "{0} 个分片"),
    ("this token may not read it", "当前访问凭证无权读取"),
    ("{0}, different: the object was replaced since", "{0}，不一致：该文件此后已被覆盖"),
    ("{0}; {1} were at OSS before", "{0}；OSS 此前已有 {1}"),
    ("Make a thumbnail", "生成缩略图"),
    ("Upload again", "重新上传"),
    ("Under another name, or in another way", "换一个名称，或换一种方式"),
    ("Select another", "选择其他图片"),
    ("Copy result", "复制结果"),
];
