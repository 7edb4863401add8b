//! What the crates below say in English, as a [`Text`]: recognised by the template that it was made of.

use super::Text;

/// `told`, if it is one of `templates` with values in it, and each value likewise; else as it came.
///
/// A template has `{0}`, `{1}`… in this order, and words beside them. A value ends where the words that follow it begin for the first time.
pub fn heard(told: &str, templates: &[&'static str]) -> Text {
    let found = templates.iter().find_map(|template| Some((*template, values(told, template)?)));
    found.map_or_else(
        || told.to_owned().into(),
        |(template, values)| Text::Words(template, values.into_iter().map(|value| heard(value, templates)).collect()),
    )
}

/// What stands in `told` for the places of `template`; `None` when it is another text.
fn values<'a>(told: &'a str, template: &str) -> Option<Vec<&'a str>> {
    let mut fixed = template.split('{').enumerate().map(|(index, piece)| match index {
        0 => piece,
        _ => piece.split_once('}').map_or(piece, |(_, after)| after),
    });
    let mut rest = told.strip_prefix(fixed.next()?)?;
    let mut values = Vec::new();
    let mut pieces = fixed.peekable();
    while let Some(piece) = pieces.next() {
        let end = match pieces.peek() {
            None => rest.strip_suffix(piece)?.len(),
            Some(_) => rest.find(piece)?,
        };
        values.push(&rest[..end]);
        rest = &rest[end + piece.len()..];
    }
    rest.is_empty().then_some(values)
}

#[cfg(test)]
mod tests {
    use super::super::said;
    use super::*;

    #[test]
    fn values_are_found_where_the_template_has_them() {
        for (told, template, found) in [
            ("a is b", "{0} is {1}", Some(vec!["a", "b"])),
            ("a is b is c", "{0} is {1}", Some(vec!["a", "b is c"])),
            ("it is so", "it is so", Some(vec![])),
            ("it is so!", "it is so", None),
            ("it is 照片!", "it is {0}!", Some(vec!["照片"])),
            ("it was", "it is {0}", None),
        ] {
            assert_eq!(values(told, template), found, "{told}");
        }
        let text = heard("a is b", &["{0} was {1}", "{0} is {1}", "b"]);
        assert_eq!(text, said!("{0} is {1}", "a".to_owned(), said("b")));
    }
}
