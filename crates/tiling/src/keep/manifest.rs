//! What a run is: enough to tell whether another one is the same.

use crate::{Plan, PointSource};
use isopach_compute::{Error, Result, fnv1a};
use serde_json::{Value, json};

/// Format of the folder; a different one is refused.
const FORMAT: u64 = 2;

/// Program, parameters, sources and tiles of a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Manifest(Value);

impl Manifest {
    /// `precision`: what results may be rounded by.
    pub(crate) fn of(parameters: &str, precision: &[&str], sources: &[&dyn PointSource], plan: &Plan) -> Result<Self> {
        let sources: Vec<Vec<String>> = sources.iter().map(|source| source.identity()).collect::<Result<_>>()?;
        Ok(Self(json!({
            "format": FORMAT,
            "program": concat!("isopach ", env!("CARGO_PKG_VERSION")),
            "parameters": parameters,
            "precision": precision,
            "sources": sources,
            "plan": plan.to_json(),
        })))
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    pub(crate) fn to_text(&self) -> String {
        format!("{:#}\n", self.0)
    }

    /// A number that another manifest hardly has.
    pub(crate) fn fingerprint(&self) -> u64 {
        fnv1a(self.to_text().into_bytes())
    }

    /// Whether all else is the same but inputs of these sources, and with them perhaps tiles.
    pub(crate) fn differs_in_inputs_alone(&self, other: &Self, of: &[usize]) -> bool {
        let same = ["format", "program", "parameters", "precision"].iter().all(|part| self.0[part] == other.0[part]);
        let sources = [&self.0["sources"], &other.0["sources"]].map(|sources| sources.as_array().map(Vec::as_slice));
        let [Some(then), Some(now)] = sources else { return false };
        let mut differing = (0..then.len().max(now.len())).filter(|&i| then.get(i) != now.get(i)).peekable();
        same && differing.peek().is_some() && differing.all(|source| of.contains(&source))
    }

    /// Says what differs between the run that was begun (`self`) and the one that is asked for.
    pub(crate) fn check_same(&self, now: &Self, place: &str) -> Result<()> {
        let advice = format!("finish that run with what it was begun with, or remove {place} to begin a new one");
        let parts = [
            ("format", "format"),
            ("program", "program"),
            ("parameters", "parameters"),
            ("precision", "precision (the backends differ)"),
        ];
        for (part, what) in parts {
            let (then, now) = (&self.0[part], &now.0[part]);
            if then != now {
                let (then, now) = difference(&text(then), &text(now));
                return Err(Error::InvalidInput(format!(
                    "{place} was begun with other {what} ({then}, now {now}): {advice}"
                )));
            }
        }
        let sources = |manifest: &Self| -> Vec<String> {
            let all = manifest.0["sources"].as_array().into_iter().flatten().flat_map(|s| s.as_array()).flatten();
            all.map(text).collect()
        };
        let (then, now_sources) = (sources(self), sources(now));
        if let Some((then, now)) = then.iter().zip(&now_sources).find(|(then, now)| then != now) {
            return Err(Error::InvalidInput(format!(
                "an input has changed since {place} was begun (then {then}, now {now}): {advice}"
            )));
        }
        if self.0["sources"] != now.0["sources"] {
            let (then, now) = (then.len(), now_sources.len());
            return Err(Error::InvalidInput(format!(
                "{place} was begun with {then} inputs, now there are {now}: {advice}"
            )));
        }
        if self.0["plan"] != now.0["plan"] {
            return Err(Error::InvalidInput(format!(
                "{place} was begun with other tiles (tile size, memory or the operation differ): {advice}"
            )));
        }
        Ok(())
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// The parts of two texts where they begin to differ, from the start of a word.
fn difference(a: &str, b: &str) -> (String, String) {
    let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let words: Vec<char> = a.chars().take(same).collect();
    let start = words.iter().rposition(|c| c.is_whitespace() || *c == ',').map_or(0, |at| at + 1);
    let part = |text: &str| {
        let part: String = text.chars().skip(start).take(60).collect();
        if part.is_empty() { "nothing".to_owned() } else { part }
    };
    (part(a), part(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(parameters: &str, sources: &[&str], tiles: u64) -> Manifest {
        Manifest(json!({ "format": 1, "program": "p", "parameters": parameters, "sources": [sources], "plan": tiles }))
    }

    #[test]
    fn a_change_of_other_sources_than_these_is_told_apart() {
        let of = |sources: [&str; 2], parameters: &str| {
            let sources = sources.map(|line| [line]);
            Manifest(json!({ "format": 1, "program": "p", "parameters": parameters, "sources": sources, "plan": 7 }))
        };
        let begun = of(["a 1", "b 1"], "cell 1");
        assert!(begun.differs_in_inputs_alone(&of(["a 2", "b 1"], "cell 1"), &[0]));
        assert!(begun.differs_in_inputs_alone(&of(["a 2", "b 2"], "cell 1"), &[0, 1]));
        assert!(!begun.differs_in_inputs_alone(&of(["a 2", "b 1"], "cell 1"), &[1]));
        assert!(!begun.differs_in_inputs_alone(&of(["a 2", "b 2"], "cell 1"), &[0]));
        assert!(!begun.differs_in_inputs_alone(&of(["a 2", "b 1"], "cell 2"), &[0]));
        assert!(!begun.differs_in_inputs_alone(&begun.clone(), &[0, 1]));
        assert!(!begun.differs_in_inputs_alone(&of(["a 2", "b 1"], "cell 1"), &[]));
    }

    #[test]
    fn what_differs_is_said() {
        let begun = manifest("cell 1 depth 5", &["a.laz 100 bytes", "b.laz"], 7);
        let complaint = |now: &Manifest| begun.check_same(now, "out/.run").unwrap_err().to_string();
        begun.check_same(&begun.clone(), "out/.run").unwrap();
        let message = complaint(&manifest("cell 1 depth 7", &["a.laz 100 bytes", "b.laz"], 7));
        assert!(message.contains("other parameters (5, now 7)") && message.contains("remove out/.run"), "{message}");
        let message = complaint(&manifest("cell 1 depth 5", &["a.laz 101 bytes", "b.laz"], 7));
        assert!(message.contains("then a.laz 100 bytes, now a.laz 101 bytes"), "{message}");
        assert!(complaint(&manifest("cell 1 depth 5", &["a.laz 100 bytes"], 7)).contains("2 inputs, now there are 1"));
        assert!(complaint(&manifest("cell 1 depth 5", &["a.laz 100 bytes", "b.laz"], 8)).contains("other tiles"));
        assert_ne!(begun.fingerprint(), manifest("cell 1 depth 5", &["a.laz 100 bytes", "b.laz"], 8).fingerprint());
    }
}
