//! The words of a command line, kept with their parsed values.

use std::ffi::OsString;

/// A command as the user gave it: for reports, and for commands that continue a run.
#[derive(Clone, Debug, Default)]
pub struct CommandLine {
    /// The program's name, for people: `terrain_change`, `isopach change`.
    program: String,
    /// All words; the first is the name of the program in the call.
    words: Vec<String>,
}

impl CommandLine {
    /// The command of `program`; the first of the words is how it was called. Words that are no
    /// Unicode are kept with replacement characters.
    #[must_use]
    pub fn new(program: &str, words: &[OsString]) -> Self {
        Self {
            program: program.to_owned(),
            words: words
                .iter()
                .map(|word| word.to_string_lossy().into_owned())
                .collect(),
        }
    }

    /// The words behind the program.
    pub fn arguments(&self) -> impl Iterator<Item = &str> {
        self.words.iter().skip(1).map(String::as_str)
    }

    /// The whole command as a shell takes it.
    ///
    /// ```
    /// use isopach_program::command_words::CommandLine;
    ///
    /// let words = ["/usr/bin/isopach", "old epoch.laz", "new.laz"].map(Into::into);
    /// let command = CommandLine::new("isopach change", &words);
    /// assert_eq!(command.to_shell(), "isopach change 'old epoch.laz' new.laz");
    /// ```
    #[must_use]
    pub fn to_shell(&self) -> String {
        let arguments = self.arguments().map(quote_word);
        std::iter::once(self.program.clone())
            .chain(arguments)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// All words but those of some options.
    #[must_use]
    pub fn without(&self, options: &OptionNames) -> Vec<String> {
        options.removed_from(self.words.iter().cloned())
    }
}

/// A word that a shell leaves as it is.
fn quote_word(word: &str) -> String {
    if !word.is_empty()
        && word
            .chars()
            .all(|c: char| c.is_ascii_alphanumeric() || "_./,:=+@%-".contains(c))
    {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Names of some options: `--shard`.
#[derive(Clone, Copy, Debug)]
pub struct OptionNames {
    /// Options that have a value, as a separate word or after `=`.
    pub with_value: &'static [&'static str],
    /// Options without a value.
    pub without_value: &'static [&'static str],
}

impl OptionNames {
    /// A command without these options and their values.
    ///
    /// ```
    /// use isopach_program::command_words::OptionNames;
    ///
    /// let shares = OptionNames { with_value: &["--shard"], without_value: &["--fresh"] };
    /// let words = "change a.laz b.laz --shard 1/3 --fresh --cell 2".split(' ').map(str::to_owned);
    /// assert_eq!(shares.removed_from(words).join(" "), "change a.laz b.laz --cell 2");
    /// ```
    #[must_use]
    pub fn removed_from(&self, command: impl Iterator<Item = String>) -> Vec<String> {
        let mut kept = Vec::new();
        let mut is_value = false;
        for word in command {
            if std::mem::take(&mut is_value) {
                continue;
            }
            let (name, value) = word
                .split_once('=')
                .map_or((&word[..], None), |(name, value)| (name, Some(value)));
            if self.with_value.contains(&name) {
                is_value = value.is_none();
            } else if !self.without_value.contains(&name) {
                kept.push(word);
            }
        }
        kept
    }
}
