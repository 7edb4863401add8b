//! Tags.
use shared::error::OssError;
pub fn from_header(_text: &str) -> Result<Vec<(String, String)>, OssError> {
    Ok(Vec::new())
}
pub fn of_object(_xml: &str) -> Result<Vec<(String, String)>, OssError> {
    Ok(Vec::new())
}
pub fn to_xml(_tags: &[(String, String)]) -> String {
    String::new()
}
