//! The manifest of a run: enough to tell whether another run is the same.

use super::bounded;
use crate::TilingError;
use isopach_compute::{Error, Result, fnv1a};
use serde_json::{Value, json};
use std::{io::ErrorKind, path::Path};

/// Format of the folder; a different one is refused.
const FORMAT: u64 = 3;

/// The version that wrote it; results of another are not mixed with those of this one.
const PROGRAM: &str = concat!("isopach ", env!("CARGO_PKG_VERSION"));

/// Bytes of a manifest that any run may read, and the part of its memory that one may take.
const LEAST_BYTES: u64 = 16 << 20;
const PART: u64 = 8;

/// Bytes that a manifest may have where there are so many of memory: more is refused, whatever
/// there is on the disk.
pub(crate) fn max_manifest_bytes(memory: u64) -> u64 {
    LEAST_BYTES.max(memory / PART)
}

/// Program, parameters, sources and tiles of a run, and values that were derived from the data.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Manifest(Value);

impl Manifest {
    /// `parameters`: text, or JSON that is kept as such; `precision`: rounding of the backends;
    /// `sources`: identities of the inputs of each source; `found`: values derived from the data.
    /// It has no tiles yet.
    pub(crate) fn describe(
        parameters: &str,
        precision: &[&str],
        sources: &[Vec<String>],
        found: &Value,
    ) -> Self {
        Self(json!({
            "format": FORMAT,
            "program": PROGRAM,
            "parameters": as_json(parameters),
            "precision": precision,
            "sources": sources,
            "found": found,
        }))
    }

    /// With the tiles of the run.
    pub(crate) fn with_plan(mut self, plan: Value) -> Self {
        self.0["plan"] = plan;
        self
    }

    /// The tiles.
    pub(crate) fn plan(&self) -> &Value {
        &self.0["plan"]
    }

    /// Values that were derived from the data.
    pub(crate) fn derived(&self) -> &Value {
        &self.0["found"]
    }

    /// The manifest of a file of `most` bytes at most; `None` if there is none.
    pub(crate) fn read_file(path: &Path, most: u64) -> Result<Option<Self>> {
        let text = match bounded::read_bounded(path, most) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|error| Error::of_file(path, error))?,
        };
        Self::parse_text(&text)
            .map(Some)
            .ok_or_else(|| Error::of_file(path, "not a manifest: remove it to begin a new run"))
    }

    pub(crate) fn parse_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    /// As the file has it: members for people on lines of their own, the tiles on one line.
    pub(crate) fn to_text(&self) -> String {
        let members = self.0.as_object().into_iter().flatten();
        format!(
            "{{\n{}\n}}\n",
            members
                .map(|(name, value): (&String, &Value)| match name.as_str() {
                    "plan" => format!("\"{name}\": {value}"),
                    _ => format!("\"{name}\": {value:#}"),
                })
                .collect::<Vec<_>>()
                .join(",\n")
        )
    }

    /// A number that another manifest hardly has.
    pub(crate) fn fingerprint(&self) -> u64 {
        fnv1a(self.to_text().into_bytes())
    }

    /// Whether all else is the same but inputs of these sources, and with them perhaps tiles.
    pub(crate) fn differs_in_inputs_alone(&self, other: &Self, of: &[usize]) -> bool {
        let same = ["format", "program", "parameters", "precision"]
            .iter()
            .all(|part| self.0[part] == other.0[part]);
        let sources = [&self.0["sources"], &other.0["sources"]]
            .map(|sources| sources.as_array().map(Vec::as_slice));
        let [Some(then), Some(now)] = sources else {
            return false;
        };
        let mut differing = (0..then.len().max(now.len()))
            .filter(|&i| then.get(i) != now.get(i))
            .peekable();
        same && differing.peek().is_some() && differing.all(|source| of.contains(&source))
    }

    /// Refuses a run that was begun by another version of the program, or with other parameters.
    pub(crate) fn check_parameters(&self, parameters: &str, place: &str) -> Result<()> {
        self.check_part("format", "format", &json!(FORMAT), place)?;
        self.check_part("program", "program", &json!(PROGRAM), place)?;
        self.check_part("parameters", "parameters", &as_json(parameters), place)
    }

    fn check_part(&self, part: &str, what: &str, now: &Value, place: &str) -> Result<()> {
        let then = &self.0[part];
        if then == now {
            return Ok(());
        }
        let (name, [then, now]) = first_difference(then, now);
        let (then, now) = differing_words(&display_text(then), &display_text(now));
        let name = if name.is_empty() {
            name
        } else {
            format!("{name}: ")
        };
        Err(TilingError::OtherRun {
            place: place.into(),
            what: what.into(),
            name,
            then,
            now,
        }
        .into())
    }

    /// The lines that identify the inputs of all sources.
    fn source_lines(&self) -> Vec<String> {
        let sources = self.0["sources"].as_array().into_iter().flatten();
        let lines = sources.flat_map(|source| source.as_array()).flatten();
        lines.map(display_text).collect()
    }

    /// Refuses a run (`now`) that differs from the one that was begun (`self`) in anything but
    /// tiles.
    ///
    /// `names`: of the inputs that are there now, in their order.
    pub(crate) fn check_same(&self, now: &Self, names: &[String], place: &str) -> Result<()> {
        for (part, what) in [
            ("format", "format"),
            ("program", "program"),
            ("parameters", "parameters"),
            ("precision", "precision (the backends differ)"),
        ] {
            self.check_part(part, what, &now.0[part], place)?;
        }
        let then = self.source_lines();
        let now_sources = now.source_lines();
        let mut pairs = then.iter().zip(&now_sources);
        if let Some(at) = pairs.position(|(then, now)| then != now) {
            let name = names.get(at).filter(|name| !name.is_empty());
            let name = name.map_or(String::new(), |name| format!("{name}: "));
            return Err(TilingError::InputChanged {
                place: place.into(),
                name,
                then: then[at].clone(),
                now: now_sources[at].clone(),
            }
            .into());
        }
        if self.0["sources"] != now.0["sources"] {
            return Err(TilingError::InputCount {
                place: place.into(),
                then: then.len(),
                now: now_sources.len(),
            }
            .into());
        }
        if self.0["found"] != now.0["found"] {
            return Err(Error::Busy(format!(
                "{place} was begun by another process meanwhile, which found other values from the data: run the same command again"
            )));
        }
        Ok(())
    }
}

/// The value of a text that is a JSON object, else the text.
fn as_json(text: &str) -> Value {
    serde_json::from_str(text)
        .ok()
        .filter(Value::is_object)
        .unwrap_or_else(|| json!(text))
}

/// The first member that differs, by the names that lead to it, and its values then and now. Both
/// are JSON of the same depth as a file may have.
fn first_difference<'a>(then: &'a Value, now: &'a Value) -> (String, [&'a Value; 2]) {
    let (Some(before), Some(after)) = (then.as_object(), now.as_object()) else {
        return (String::new(), [then, now]);
    };
    let names = after
        .keys()
        .chain(before.keys().filter(|name| !after.contains_key(*name)));
    let mut differing_names = names.filter(|name| before.get(*name) != after.get(*name));
    let Some(name) = differing_names.next() else {
        return (String::new(), [then, now]);
    };
    let (within, values) = first_difference(&then[name.as_str()], &now[name.as_str()]);
    let name = if within.is_empty() {
        name.clone()
    } else {
        format!("{name}.{within}")
    };
    (name, values)
}

fn display_text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// The parts of two texts where they begin to differ, from the start of a word.
fn differing_words(a: &str, b: &str) -> (String, String) {
    let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let words: Vec<char> = a.chars().take(same).collect();
    let start = words
        .iter()
        .rposition(|c| c.is_whitespace() || *c == ',')
        .map_or(0, |at| at + 1);
    (excerpt(a, start), excerpt(b, start))
}

/// Sixty characters of a text from `start` on.
fn excerpt(text: &str, start: usize) -> String {
    let part: String = text.chars().skip(start).take(60).collect();
    if part.is_empty() {
        "nothing".to_owned()
    } else {
        part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(parameters: &str, sources: &[&str], tiles: u64) -> Manifest {
        Manifest(
            json!({ "format": 1, "program": "p", "parameters": parameters, "sources": [sources], "plan": tiles }),
        )
    }

    #[test]
    fn a_change_of_other_sources_than_these_is_told_apart() {
        let of = |sources: [&str; 2], parameters: &str| {
            let sources = sources.map(|line| [line]);
            Manifest(
                json!({ "format": 1, "program": "p", "parameters": parameters, "sources": sources, "plan": 7 }),
            )
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
    fn a_parameter_that_differs_is_named() {
        let of = |parameters: &str| Manifest::describe(parameters, &[], &[], &Value::Null);
        let begun = of(
            r#"{"dod": {"cell_size_m": 1.0, "rasters": null}, "m3c2": {"normal_radii_m": [1.0, 2.0]}}"#,
        );
        let complaint = |parameters: &str| {
            begun
                .check_parameters(parameters, "out/.run")
                .unwrap_err()
                .to_string()
        };
        for (parameters, words) in [
            (
                r#"{"dod": {"cell_size_m": 2.0, "rasters": null}, "m3c2": {"normal_radii_m": [1.0, 2.0]}}"#,
                "(dod.cell_size_m: 1.0, now 2.0)",
            ),
            (
                r#"{"dod": {"cell_size_m": 1.0, "rasters": null}, "m3c2": {"normal_radii_m": [1.0, 3.0]}}"#,
                "(m3c2.normal_radii_m: 2.0], now 3.0])",
            ),
            (
                r#"{"dod": {"cell_size_m": 1.0, "rasters": null}, "m3c2": {}}"#,
                "(m3c2.normal_radii_m: [1.0,2.0], now null)",
            ),
            ("cell 1", "now cell 1)"),
        ] {
            let message = complaint(parameters);
            assert!(
                message.contains("with other parameters (") && message.contains(words),
                "{message}"
            );
        }
        begun
            .check_parameters(&begun.0["parameters"].to_string(), "out/.run")
            .unwrap();
    }

    #[test]
    fn what_differs_is_said() {
        let begun = manifest("cell 1 depth 5", &["a.laz 100 bytes", "b.laz"], 7);
        let complaint = |now: &Manifest| {
            begun
                .check_same(now, &["a.laz".into()], "out/.run")
                .unwrap_err()
                .to_string()
        };
        begun.check_same(&begun.clone(), &[], "out/.run").unwrap();
        let message = complaint(&manifest(
            "cell 1 depth 7",
            &["a.laz 100 bytes", "b.laz"],
            7,
        ));
        assert!(
            message.contains("other parameters (5, now 7)") && message.contains("remove out/.run"),
            "{message}"
        );
        let message = complaint(&manifest(
            "cell 1 depth 5",
            &["a.laz 101 bytes", "b.laz"],
            7,
        ));
        assert!(
            message.contains("(a.laz: then a.laz 100 bytes, now a.laz 101 bytes)"),
            "{message}"
        );
        assert!(
            complaint(&manifest("cell 1 depth 5", &["a.laz 100 bytes"], 7))
                .contains("2 inputs, now there are 1")
        );
        let other_tiles = manifest("cell 1 depth 5", &["a.laz 100 bytes", "b.laz"], 8);
        begun.check_same(&other_tiles, &[], "out/.run").unwrap();
        assert_eq!(Manifest::parse_text(&begun.to_text()).unwrap(), begun);
        assert_ne!(
            begun.fingerprint(),
            manifest("cell 1 depth 5", &["a.laz 100 bytes", "b.laz"], 8).fingerprint()
        );
    }
}
