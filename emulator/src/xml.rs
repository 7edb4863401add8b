//! XML bodies of answers, element by element.

use shared::error::push_element;
use shared::sign::encode;

/// An XML document in the making.
#[derive(Debug)]
pub struct Xml {
    text: String,
    open: Vec<&'static str>,
    url_encoded: bool,
}

impl Xml {
    /// A document with its root element.
    pub fn new(root: &'static str) -> Self {
        let mut xml = Self {
            text: String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"),
            open: Vec::new(),
            url_encoded: false,
        };
        xml.open(root);
        xml
    }

    /// From here on, [`Xml::key`] percent-encodes, as `encoding-type=url` asks; the document says so itself.
    pub fn url_encode_keys(&mut self) {
        self.url_encoded = true;
        self.leaf("EncodingType", "url");
    }

    /// Opens an element.
    pub fn open(&mut self, name: &'static str) -> &mut Self {
        self.text.push_str(&format!("<{name}>\n"));
        self.open.push(name);
        self
    }

    /// Closes the element opened last.
    pub fn close(&mut self) -> &mut Self {
        if let Some(name) = self.open.pop() {
            self.text.push_str(&format!("</{name}>\n"));
        }
        self
    }

    /// Adds an element with text.
    pub fn leaf(&mut self, name: &str, value: impl ToString) -> &mut Self {
        push_element(&mut self.text, name, &value.to_string());
        self
    }

    /// Adds an element with an object key or a part of one.
    pub fn key(&mut self, name: &str, value: &str) -> &mut Self {
        if self.url_encoded { self.leaf(name, encode(value)) } else { self.leaf(name, value) }
    }

    /// Adds the owner of everything: the account.
    pub fn owner(&mut self, name: &'static str, account: &str) -> &mut Self {
        self.open(name).leaf("ID", account).leaf("DisplayName", account).close()
    }

    /// Closes what is open and returns the text.
    pub fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.text
    }
}
