//! Well-known text, as far as it names a coordinate system or its units: version 1 (`PROJCS[…,
//! AUTHORITY["EPSG","26917"]]`) and 2 (`PROJCRS[…, ID["EPSG",26917]]`).

/// Deeper texts are not coordinate systems.
const DEEPEST: usize = 32;

/// Elements that name an element's authority and code.
const IDENTIFIERS: [&str; 2] = ["AUTHORITY", "ID"];
/// Elements that put systems together.
const COMPOUND: [&str; 2] = ["COMPD_CS", "COMPOUNDCRS"];

/// `KEYWORD[arguments]`, a quoted text, or a bare word or number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Element {
        keyword: String,
        arguments: Vec<Node>,
    },
    Text(String),
    Word(String),
}

impl std::fmt::Display for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(f, "\"{}\"", text.replace('"', "\"\"")),
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
    /// Parses the first element of a text. Brackets may be missing behind its identifier or its
    /// second axis, and nothing else: a number may have had more digits, a system more elements.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::parse_closing(text).map(|(node, _)| node)
    }

    /// Parses like [`Self::parse`], and tells whether brackets were missing.
    pub(crate) fn parse_closing(text: &str) -> Option<(Self, bool)> {
        let mut parser = Parser {
            rest: text.trim(),
            is_open: false,
            ends_in_word: false,
        };
        let node = parser.parse_node(0)?;
        let is_readable = !parser.is_open
            || !parser.ends_in_word && (node.ends_with_identifier() || node.ends_with_axes());
        is_readable.then_some((node, parser.is_open))
    }

    /// Whether the last argument is the identifier, which nothing follows; of compound systems that
    /// of the last system.
    fn ends_with_identifier(&self) -> bool {
        let Some((last, before)) = self.arguments().split_last() else {
            return false;
        };
        let mut elements = before
            .iter()
            .filter(|part| matches!(part, Self::Element { .. }));
        let is_second_system = elements.next().is_some();
        match last {
            _ if last.is(&IDENTIFIERS) => last.value_at(1).is_some(),
            _ => self.is(&COMPOUND) && is_second_system && last.ends_with_identifier(),
        }
    }

    /// Whether it is a projected system of version 1 that has its unit and ends with its second
    /// axis: nothing that follows changes where points are.
    fn ends_with_axes(&self) -> bool {
        let axes = self
            .children(&["AXIS"])
            .filter(|axis| axis.arguments().len() > 1)
            .count();
        let ends_with_axis = self
            .arguments()
            .last()
            .is_some_and(|last| last.is(&["AXIS"]) && last.arguments().len() > 1);
        self.is(&["PROJCS"]) && self.unit_factor().is_some() && axes == 2 && ends_with_axis
    }

    /// An element.
    pub(crate) fn new(keyword: &str, arguments: Vec<Self>) -> Self {
        Self::Element {
            keyword: keyword.into(),
            arguments,
        }
    }

    pub(crate) fn keyword(&self) -> &str {
        match self {
            Self::Element { keyword, .. } => keyword,
            Self::Text(_) | Self::Word(_) => "",
        }
    }

    /// The elements between its brackets.
    pub(crate) fn arguments(&self) -> &[Self] {
        match self {
            Self::Element { arguments, .. } => arguments,
            Self::Text(_) | Self::Word(_) => &[],
        }
    }

    /// Its name: the first argument.
    pub(crate) fn name(&self) -> Option<&str> {
        self.value_at(0)
    }

    pub(crate) fn value_at(&self, i: usize) -> Option<&str> {
        match self.arguments().get(i)? {
            Self::Text(value) | Self::Word(value) => Some(value),
            Self::Element { .. } => None,
        }
    }

    /// Whether it is an element with one of the keywords.
    pub(crate) fn is(&self, keywords: &[&str]) -> bool {
        keywords
            .iter()
            .any(|keyword| self.keyword().eq_ignore_ascii_case(keyword))
    }

    /// The first direct child with one of the keywords.
    pub(crate) fn child(&self, keywords: &[&str]) -> Option<&Self> {
        self.arguments().iter().find(|node| node.is(keywords))
    }

    /// EPSG code of the node itself.
    pub(crate) fn epsg_code(&self) -> Option<u16> {
        let id = self.child(&IDENTIFIERS)?;
        id.name()?.eq_ignore_ascii_case("EPSG").then_some(())?;
        id.value_at(1)?.parse().ok()
    }

    /// The last direct child that is a unit, or that of the first axis: its factor to metres or
    /// radians.
    pub(crate) fn unit_factor(&self) -> Option<f64> {
        self.own_unit()
            .or_else(|| self.child(&["AXIS"])?.own_unit())
    }

    /// The last direct child that is a unit: its factor to metres or radians.
    pub(crate) fn own_unit(&self) -> Option<f64> {
        self.arguments()
            .iter()
            .rev()
            .find(|node: &&Self| node.is(&["UNIT", "LENGTHUNIT", "ANGLEUNIT"]))?
            .number_at(1)
    }

    /// An argument that is a number.
    pub(crate) fn number_at(&self, i: usize) -> Option<f64> {
        self.value_at(i)?
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
    }

    /// Without elements of this keyword, at any depth.
    pub(crate) fn without_child(self, keyword: &str) -> Self {
        let Self::Element {
            keyword: own,
            arguments,
        } = self
        else {
            return self;
        };
        let kept = arguments.into_iter().filter(|part| !part.is(&[keyword]));
        Self::Element {
            keyword: own,
            arguments: kept.map(|part| part.without_child(keyword)).collect(),
        }
    }

    /// All direct children with one of the keywords.
    pub(crate) fn children<'a>(&'a self, keywords: &'a [&str]) -> impl Iterator<Item = &'a Self> {
        self.arguments().iter().filter(|node| node.is(keywords))
    }
}

struct Parser<'a> {
    rest: &'a str,
    /// Whether the text ended before an element did.
    is_open: bool,
    /// Whether its last letters are those of a bare word or number.
    ends_in_word: bool,
}

impl Parser<'_> {
    fn eat_one(&mut self, wanted: &[char]) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn parse_node(&mut self, depth: usize) -> Option<Node> {
        self.rest = self.rest.trim_start();
        if depth > DEEPEST {
            return None;
        }
        if let Some(quoted) = self.rest.strip_prefix('"') {
            return self.parse_quoted(quoted);
        }
        let end = self
            .rest
            .find(|c: char| "[](),\"".contains(c) || c.is_whitespace())
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        if word.is_empty() {
            return None;
        }
        if !self.eat_one(&['[', '(']) {
            self.ends_in_word = self.rest.is_empty();
            return Some(Node::Word(word.into()));
        }
        let mut arguments = Vec::new();
        while !self.eat_one(&[']', ')']) {
            if self.rest.is_empty() {
                self.is_open = true;
                break;
            }
            arguments.push(self.parse_node(depth + 1)?);
            self.eat_one(&[',']);
        }
        Some(Node::Element {
            keyword: word.into(),
            arguments,
        })
    }

    /// A text that begins at `rest` and ends with a quote; two quotes stand for one.
    fn parse_quoted(&mut self, mut rest: &str) -> Option<Node> {
        let mut text = String::new();
        loop {
            let (part, after) = rest.split_once('"')?;
            text.push_str(part);
            let Some(more) = after.strip_prefix('"') else {
                self.rest = &self.rest[self.rest.len() - after.len()..];
                return Some(Node::Text(text));
            };
            text.push('"');
            rest = more;
        }
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
        assert_eq!(
            (one.name(), one.epsg_code(), one.unit_factor()),
            (Some("UTM 17N"), Some(26917), Some(1.0))
        );
        let two = Node::parse(r#"PROJCRS["UTM 17N", BASEGEOGCRS["NAD83"], CS[Cartesian,2], AXIS["(E)",east,LENGTHUNIT["metre",1]], ID["EPSG",26917]]"#).unwrap();
        assert_eq!(
            (two.epsg_code(), two.unit_factor()),
            (Some(26917), Some(1.0))
        );
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic_or_loop(text in r#"[A-Z\[\](),"0-9 é]{0,200}"#) {
            let _ = Node::parse(&text);
        }
    }

    #[test]
    fn a_missing_bracket_is_closed_at_the_end_and_quotes_are_doubled() {
        let whole = Node::parse(r#"A["x ""y"" z",B[1,C["d"]],UNIT["m",1],ID["EPSG",12]]"#).unwrap();
        assert_eq!(whole.name(), Some(r#"x "y" z"#));
        assert_eq!(
            Node::parse(r#"A["x ""y"" z",B[1,C["d"]],UNIT["m",1],ID["EPSG",12]"#),
            Some(whole.clone())
        );
        assert_eq!(Node::parse(&whole.to_string()), Some(whole));
    }

    #[test]
    fn a_text_that_ends_early_is_none() {
        for text in [
            r#"A["x"#,
            r#"A["x","#,
            r#"A["x",UNIT["m",1"#,
            r#"A["x",UNIT["m",1]"#,
            r#"A["x",ID["EPSG"#,
            r#"A["x",ID["EPSG","#,
            r#"A["x",ID["EPSG",1"#,
            r#"A["x",ID["EPSG",1 "#,
            r#"A["x",B["y",ID["EPSG",1]"#,
            r#"COMPD_CS["x",PROJCS["y",AUTHORITY["EPSG","1"]]"#,
        ] {
            assert_eq!(Node::parse(text), None, "{text}");
        }
    }

    #[test]
    fn bottomless_nesting_is_refused() {
        assert_eq!(Node::parse(&"A[".repeat(100_000)), None);
    }
}
