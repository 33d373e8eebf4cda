//! What `--print-profile` prints, line by line.

/// What it says of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// With its table.
    pub(crate) key: String,
    /// As the comment above names it: `--cell`.
    pub(crate) option: String,
    /// From the equals sign on, or why there is none.
    pub(crate) says: String,
}

/// All keys in their order.
pub(crate) fn lines(text: &str) -> Vec<Line> {
    let (mut table, mut option, mut found) = (String::new(), String::new(), Vec::new());
    for line in text.lines() {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            table = name.to_owned();
        } else if let Some(at) = line
            .rfind("(--")
            .filter(|_| line.starts_with('#') && line.ends_with(')'))
        {
            option = line[at + 1..line.len() - 1].to_owned();
        } else if let Some((key, says)) = line
            .trim_start_matches("# ")
            .split_once(' ')
            .filter(|_| !table.is_empty())
        {
            found.push(Line {
                key: format!("{table}.{key}"),
                option: option.clone(),
                says: says.to_owned(),
            });
        }
    }
    found
}
