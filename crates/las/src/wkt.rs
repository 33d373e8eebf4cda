//! Well-known text, as far as it names a coordinate system or its units: version 1 (`PROJCS[…, AUTHORITY["EPSG","26917"]]`) and 2
//! (`PROJCRS[…, ID["EPSG",26917]]`).

/// Deeper texts are not coordinate systems.
const DEEPEST: usize = 32;

/// `KEYWORD[arguments]`, a quoted text, or a bare word or number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Element { keyword: String, arguments: Vec<Node> },
    Text(String),
    Word(String),
}

impl std::fmt::Display for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Word(word) => f.write_str(word),
            Self::Element { keyword, arguments } => {
                write!(f, "{keyword}[")?;
                for (i, argument) in arguments.iter().enumerate() {
                    f.write_str(if i == 0 { "" } else { "," })?;
                    write!(f, "{argument}")?;
                }
                f.write_str("]")
            }
        }
    }
}

impl Node {
    /// Parses the first element of a text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Parser { rest: text.trim_start() }.node(0)
    }

    pub(crate) fn keyword(&self) -> &str {
        match self {
            Self::Element { keyword, .. } => keyword,
            Self::Text(_) | Self::Word(_) => "",
        }
    }

    fn arguments(&self) -> &[Self] {
        match self {
            Self::Element { arguments, .. } => arguments,
            Self::Text(_) | Self::Word(_) => &[],
        }
    }

    /// Its name: the first argument.
    pub(crate) fn name(&self) -> Option<&str> {
        self.value(0)
    }

    pub(crate) fn value(&self, i: usize) -> Option<&str> {
        match self.arguments().get(i)? {
            Self::Text(value) | Self::Word(value) => Some(value),
            Self::Element { .. } => None,
        }
    }

    /// Whether it is an element with one of the keywords.
    pub(crate) fn is(&self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.keyword().eq_ignore_ascii_case(keyword))
    }

    /// The first direct child with one of the keywords.
    pub(crate) fn child(&self, keywords: &[&str]) -> Option<&Self> {
        self.arguments().iter().find(|node| node.is(keywords))
    }

    /// This node or the first below it with one of the keywords.
    pub(crate) fn find(&self, keywords: &[&str]) -> Option<&Self> {
        if self.is(keywords) {
            return Some(self);
        }
        self.arguments().iter().find_map(|node| node.find(keywords))
    }

    /// EPSG code of the node itself.
    pub(crate) fn epsg(&self) -> Option<u16> {
        let id = self.child(&["AUTHORITY", "ID"])?;
        id.name()?.eq_ignore_ascii_case("EPSG").then_some(())?;
        id.value(1)?.parse().ok()
    }

    /// The last direct child that is a unit: its factor to metres or radians.
    pub(crate) fn unit(&self) -> Option<f64> {
        let is_unit = |node: &&Self| node.is(&["UNIT", "LENGTHUNIT", "ANGLEUNIT"]);
        let unit = self.arguments().iter().rev().find(is_unit).or_else(|| {
            let axis = self.child(&["AXIS"])?;
            axis.arguments().iter().find(is_unit)
        })?;
        unit.value(1)?.parse().ok()
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn eat(&mut self, wanted: &[char]) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn node(&mut self, depth: usize) -> Option<Node> {
        self.rest = self.rest.trim_start();
        if depth > DEEPEST {
            return None;
        }
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let (text, rest) = quoted.split_once('"')?;
            self.rest = rest;
            return Some(Node::Text(text.into()));
        }
        let end = self.rest.find(|c: char| "[](),\"".contains(c) || c.is_whitespace()).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        if word.is_empty() {
            return None;
        }
        if !self.eat(&['[', '(']) {
            return Some(Node::Word(word.into()));
        }
        let mut arguments = Vec::new();
        while !self.eat(&[']', ')']) {
            arguments.push(self.node(depth + 1)?);
            self.eat(&[',']);
        }
        Some(Node::Element { keyword: word.into(), arguments })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_versions_give_name_and_code() {
        let one = Node::parse(
            r#"PROJCS["UTM 17N",GEOGCS["NAD83",AUTHORITY["EPSG","4269"]],UNIT["metre",1],AUTHORITY["EPSG","26917"]]"#,
        )
        .unwrap();
        assert_eq!((one.name(), one.epsg(), one.unit()), (Some("UTM 17N"), Some(26917), Some(1.0)));
        let two = Node::parse(r#"PROJCRS["UTM 17N", BASEGEOGCRS["NAD83"], CS[Cartesian,2], AXIS["(E)",east,LENGTHUNIT["metre",1]], ID["EPSG",26917]]"#).unwrap();
        assert_eq!((two.epsg(), two.unit()), (Some(26917), Some(1.0)));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic_or_loop(text in r#"[A-Z\[\](),"0-9 é]{0,200}"#) {
            let _ = Node::parse(&text);
        }
    }

    #[test]
    fn bottomless_nesting_is_refused() {
        assert_eq!(Node::parse(&"A[".repeat(100_000)), None);
    }
}
