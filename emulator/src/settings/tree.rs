//! Small XML documents as trees: bounded in size, depth and number of elements; no entities beyond XML's own five, no DTD.

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use shared::error::{OssCode, OssError, push_element};

use super::fault::{invalid, malformed};

/// The longest document that is read, in bytes: a thousand lifecycle rules fit well.
pub const MAX_BYTES: usize = 1 << 20;
/// No XML of OSS is deeper; a hostile one may be.
const MAX_DEPTH: usize = 16;
/// Bounds the memory of a document made of nothing but tags.
const MAX_ELEMENTS: usize = 50_000;

/// An element: a name, and children or text. Attributes and namespaces are not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    name: String,
    text: String,
    children: Vec<Node>,
}

/// What an element may hold under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Text, once at most.
    Text,
    /// Text, any number of times.
    Texts,
    /// Further elements, once at most.
    Node,
    /// Further elements, any number of times.
    Nodes,
}

impl Node {
    /// An element with text.
    pub fn leaf(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), text: text.to_owned(), children: Vec::new() }
    }

    /// Reads a document whose root must be `root`.
    ///
    /// # Errors
    /// `MalformedXML` for what is not well-formed, has another root, or is beyond the bounds.
    pub fn parse(xml: &str, root: &str) -> Result<Self, OssError> {
        Self::parse_within(xml, root, MAX_BYTES)
    }

    /// As [`Node::parse`], of at most so many bytes.
    ///
    /// # Errors
    /// As [`Node::parse`].
    pub fn parse_within(xml: &str, root: &str, most: usize) -> Result<Self, OssError> {
        if xml.len() > most {
            return Err(malformed(format!("the document is longer than {most} bytes")));
        }
        let node = read(xml)?;
        if node.name != root {
            return Err(malformed(format!("the root element is {}, not {root}", shortened(&node.name))));
        }
        Ok(node)
    }

    /// The element's text; empty when it has children.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether there is no text in it, nor in any child.
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty() && self.children.iter().all(Self::is_blank)
    }

    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// As [`Node::child`], to change it.
    pub fn child_mut(&mut self, name: &str) -> Option<&mut Self> {
        self.children.iter_mut().find(|child| child.name == name)
    }

    /// The children of that name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Every child, in order, to change them.
    pub fn children_mut(&mut self) -> &mut Vec<Self> {
        &mut self.children
    }

    /// The text of the first child of that name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.child(name).map(Self::text)
    }

    /// The texts of the children of that name.
    pub fn values(&self, name: &str) -> Vec<String> {
        self.all(name).map(|child| child.text.clone()).collect()
    }

    /// As [`Node::value`] without the white space around it; an empty value counts as none.
    pub fn word(&self, name: &str) -> Option<&str> {
        self.value(name).map(str::trim).filter(|word| !word.is_empty())
    }

    /// As [`Node::word`], for an element that must be there.
    ///
    /// # Errors
    /// `MalformedXML`.
    pub fn required(&self, name: &str) -> Result<&str, OssError> {
        self.word(name).ok_or_else(|| malformed(format!("{} has no {name}", self.name)))
    }

    /// A truth value in any letter case: the Python SDKs send `True`.
    ///
    /// # Errors
    /// `MalformedXML` for anything but true and false.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, OssError> {
        match self.value(name).map(|text| text.trim().to_ascii_lowercase()) {
            None => Ok(None),
            Some(text) if text == "true" => Ok(Some(true)),
            Some(text) if text == "false" => Ok(Some(false)),
            Some(text) => Err(malformed(format!("{name} is {:?}, neither true nor false", shortened(&text)))),
        }
    }

    /// A whole number from `least` to `most`.
    ///
    /// # Errors
    /// `InvalidArgument`, naming the element.
    pub fn number(&self, name: &str, least: u64, most: u64) -> Result<Option<u64>, OssError> {
        let Some(text) = self.value(name).map(str::trim) else { return Ok(None) };
        match text.parse::<u64>() {
            Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => Err(invalid(name, text, format!("a whole number from {least} to {most} is expected"))),
        }
    }

    /// Refuses what a schema does not know: to overlook it would be to answer 200 to something else.
    ///
    /// # Errors
    /// `NotImplemented`, naming an unknown element; `MalformedXML` for one that is repeated or not of its kind.
    pub fn check(&self, schema: &[(&str, Part)]) -> Result<(), OssError> {
        for (index, child) in self.children.iter().enumerate() {
            let name = shortened(&child.name);
            let Some((_, part)) = schema.iter().find(|(known, _)| *known == child.name) else {
                let message = format!("{name} in {} is not implemented by this emulator.", self.name);
                return Err(OssError::new(OssCode::NotImplemented, message));
            };
            if matches!(part, Part::Text | Part::Texts) && !child.children.is_empty() {
                return Err(malformed(format!("{name} holds elements instead of text")));
            }
            if matches!(part, Part::Node | Part::Nodes) && !child.text.trim().is_empty() {
                return Err(malformed(format!("{name} holds text instead of elements")));
            }
            let again = self.children.iter().take(index).any(|earlier| earlier.name == child.name);
            if again && matches!(part, Part::Text | Part::Node) {
                return Err(malformed(format!("{} has {name} more than once", self.name)));
            }
        }
        Ok(())
    }

    /// The document, as answers have it.
    pub fn to_xml(&self) -> String {
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        self.write(&mut xml);
        xml
    }

    fn write(&self, xml: &mut String) {
        if self.children.is_empty() {
            return push_element(xml, &self.name, &self.text);
        }
        xml.push_str(&format!("<{}>\n", self.name));
        self.children.iter().for_each(|child| child.write(xml));
        xml.push_str(&format!("</{}>\n", self.name));
    }
}

fn read(xml: &str) -> Result<Node, OssError> {
    let mut reader = Reader::from_str(xml);
    let (mut open, mut root, mut elements): (Vec<Node>, Option<Node>, usize) = (Vec::new(), None, 0);
    loop {
        match reader.read_event().map_err(|error| malformed(error.to_string()))? {
            Event::Start(tag) => {
                elements += 1;
                if open.len() == MAX_DEPTH || elements > MAX_ELEMENTS {
                    return Err(malformed("the document is too deep or has too many elements"));
                }
                open.push(started(&tag)?);
            }
            Event::Empty(tag) => {
                elements += 1;
                if elements > MAX_ELEMENTS {
                    return Err(malformed("the document has too many elements"));
                }
                place(started(&tag)?, &mut open, &mut root)?;
            }
            Event::End(_) => {
                let done = open.pop().ok_or_else(|| malformed("an element ends that never began"))?;
                place(done, &mut open, &mut root)?;
            }
            Event::Text(piece) => add_text(&piece.xml10_content(), &mut open)?,
            Event::CData(piece) => add_text(&piece.xml10_content(), &mut open)?,
            Event::GeneralRef(entity) => match entity.resolve_char_ref() {
                Ok(Some(c)) => add_text(c.encode_utf8(&mut [0; 4]), &mut open)?,
                Ok(None) => {
                    let known = resolve_xml_entity(&entity).ok_or_else(|| malformed("an entity is not XML's own"))?;
                    add_text(known, &mut open)?;
                }
                Err(error) => return Err(malformed(error.to_string())),
            },
            Event::DocType(_) => return Err(malformed("a document type is not allowed")),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof if open.is_empty() => return root.ok_or_else(|| malformed("there is no element")),
            Event::Eof => return Err(malformed("an element is not closed")),
        }
    }
}

fn started(tag: &BytesStart<'_>) -> Result<Node, OssError> {
    let name: &str = tag.local_name().into_inner();
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || !name.chars().all(fits) {
        return Err(malformed(format!("{:?} is no element name", shortened(name))));
    }
    Ok(Node::leaf(name, ""))
}

fn place(mut done: Node, open: &mut [Node], root: &mut Option<Node>) -> Result<(), OssError> {
    if !done.children.is_empty() {
        if !done.text.trim().is_empty() {
            return Err(malformed(format!("{} holds both text and elements", shortened(&done.name))));
        }
        done.text.clear();
    }
    match (open.last_mut(), &root) {
        (Some(parent), _) => parent.children.push(done),
        (None, None) => *root = Some(done),
        (None, Some(_)) => return Err(malformed("there is more than one root element")),
    }
    Ok(())
}

fn add_text(text: &str, open: &mut [Node]) -> Result<(), OssError> {
    match open.last_mut() {
        Some(node) => node.text.push_str(text),
        None if text.trim().trim_start_matches('\u{feff}').is_empty() => {}
        None => return Err(malformed("there is text outside the root element")),
    }
    Ok(())
}

/// At most eighty characters of what a client sent, for a message.
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_whole() {
        let xml = "\u{feff}<?xml version='1.0'?><!-- c --><A xmlns='u'>\n <B>x &lt;&#65;&amp; <![CDATA[<y>]]></B><n:C/> <C>\r\n</C></A>\n";
        let node = Node::parse(xml, "A").unwrap();
        assert_eq!(node.value("B"), Some("x <A& <y>"));
        assert_eq!(node.values("C"), ["", "\n"]);
        assert_eq!(node.text(), "");
        assert_eq!(Node::parse(&node.to_xml(), "A").unwrap(), node);
    }

    #[test]
    fn what_is_no_document_is_refused() {
        let deep = format!("{}{}", "<A>".repeat(17), "</A>".repeat(17));
        let wide = format!("<A>{}</A>", "<A/>".repeat(MAX_ELEMENTS));
        let long = format!("<A>{}</A>", "x".repeat(MAX_BYTES));
        for xml in [
            "",
            " ",
            "text",
            "<A>",
            "<A></B>",
            "</A>",
            "<A/><A/>",
            "<A/>tail",
            "<A>text<B/></A>",
            "<A>&nbsp;</A>",
            "<A>a & b</A>",
            "<A>&#xD800;</A>",
            "<!DOCTYPE A [<!ENTITY e 'x'>]><A>&e;</A>",
            "<A\"><B/></A\">",
            "<B/>",
            &deep,
            &wide,
            &long,
        ] {
            let error = Node::parse(xml, "A").unwrap_err();
            assert_eq!(error.code, OssCode::MalformedXML, "{}", shortened(xml));
        }
    }

    #[test]
    fn a_schema_names_what_does_not_fit() {
        let schema = [("T", Part::Text), ("Ts", Part::Texts), ("N", Part::Node), ("Ns", Part::Nodes)];
        for (inside, refused) in [
            ("<T>x</T><Ts>1</Ts><Ts>2</Ts><N><T/></N><Ns/><Ns/>", None),
            ("<T/><T/>", Some(OssCode::MalformedXML)),
            ("<N/><N/>", Some(OssCode::MalformedXML)),
            ("<T><x/></T>", Some(OssCode::MalformedXML)),
            ("<N>x</N>", Some(OssCode::MalformedXML)),
            ("<Other/>", Some(OssCode::NotImplemented)),
        ] {
            let node = Node::parse(&format!("<A>{inside}</A>"), "A").unwrap();
            assert_eq!(node.check(&schema).map_err(|error| error.code).err(), refused, "{inside}");
        }
    }
}
