//! Warnings that need the user's action, in sentences.

/// Sentences for terminal, page and JSON, in the order in which they were found.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    sentences: Vec<String>,
}

impl Warnings {
    /// Adds a sentence, once.
    pub(crate) fn add(&mut self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        if !self.sentences.contains(&sentence) {
            self.sentences.push(sentence);
        }
    }

    /// All of them.
    pub(crate) fn sentences(&self) -> &[String] {
        &self.sentences
    }
}
