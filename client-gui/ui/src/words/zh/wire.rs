//! The wire: who spoke with whom.

use super::Table;

/// English and Chinese.
pub const WORDS: Table = &[
    ("All", "全部"),
    ("OSS", "OSS"),
    ("Failed", "失败"),
    ("This app", "本应用"),
    ("asks for a token", "请求访问凭证"),
    ("token", "访问凭证"),
    ("credentials", "临时凭证"),
    ("requests, and files straight to OSS", "请求及文件直传 OSS"),
    ("answers", "响应"),
    (
        "Dashed: out of this app's sight; a new key tells that it took place.",
        "虚线：本应用无法直接看到；收到新的密钥即表明它已发生。",
    ),
    (
        "{0} tokens from the app server, {1} keys from STS, {2} requests to OSS",
        "应用服务器返回凭证 {0} 次，STS 颁发密钥 {1} 次，请求 OSS {2} 次",
    ),
    ("Nothing has been said yet. Press Configure, and watch.", "还没有任何请求。请点击“配置”，然后在此观察。"),
    ("None of the requests is of this kind.", "没有符合条件的请求。"),
    ("Requests", "请求"),
    ("Clear", "清空"),
    ("broken off", "连接中断"),
    (
        "Press a request to see its headers, what was signed, and its times.",
        "点击一条请求，查看其请求头、签名内容和耗时。",
    ),
    ("Times", "时间"),
    ("Request headers", "请求头"),
    ("Answer headers", "响应头"),
    ("Copy as curl", "复制为 curl"),
    ("Its secrets are missing", "其中不含密钥信息"),
    ("Copy as presigned curl", "复制为签名 curl"),
    ("Presigned with this token, so that it can be run", "使用当前临时访问凭证签名，可直接执行"),
    ("What the refusal says", "拒绝原因详情"),
    ("sent", "发送"),
    ("head of the answer", "收到响应头"),
    ("all of it", "全部完成"),
    ("after {0}", "{0}后"),
    ("Canonical request", "规范请求"),
    ("String to sign", "待签名字符串"),
    ("Both are the same: the secrets differ.", "两者相同：说明密钥不一致。"),
    ("They differ first in line {0}.", "首个不同之处在第 {0} 行。"),
    ("This app signed", "本应用签名的内容"),
    ("OSS computed", "OSS 计算的内容"),
    (
        "Copied. Whoever has this command can repeat the request, for 15 minutes at most.",
        "已复制。持有该命令的任何人都能重复此请求，最长 15 分钟。",
    ),
];
