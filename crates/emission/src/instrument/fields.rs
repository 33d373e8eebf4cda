//! The keys of a JSON object, each asked for by its name; other keys are refused.

use crate::InstrumentError;
use isopach_compute::{Error, Result};
use serde_json::{Map, Value};
use std::{cell::RefCell, collections::BTreeSet};

/// Least likeness of an unknown key to a known one, from 0 to 1, to be taken for a slip of the pen.
const ALIKE: f64 = 0.7;

/// An object within a file.
pub(super) struct Fields<'a> {
    /// Where it is: `channels[2].`, empty for the outermost.
    place: String,
    values: &'a Map<String, Value>,
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Fields<'a> {
    /// # Errors
    /// [`Error::InvalidInput`] for a value that is no object.
    pub(super) fn of_object(place: &str, value: &'a Value) -> Result<Self> {
        let named = place.trim_end_matches('.');
        let named = if named.is_empty() { "the file" } else { named };
        let values = value
            .as_object()
            .ok_or_else(|| wrong_value(named, "an object, {\"key\": value, …}", value))?;
        Ok(Self {
            place: place.into(),
            values,
            asked: RefCell::default(),
        })
    }

    /// The name of a key in messages.
    pub(super) fn path_of(&self, key: &str) -> String {
        format!("{}{key}", self.place)
    }

    pub(super) fn get_value(&self, key: &'static str) -> Option<&'a Value> {
        self.asked.borrow_mut().insert(key);
        self.values.get(key).filter(|value| !value.is_null())
    }

    /// The error of a missing key.
    pub(super) fn missing_key(&self, key: &str, meaning: &str) -> InstrumentError {
        InstrumentError::Missing {
            key: self.path_of(key),
            meaning: meaning.into(),
        }
    }

    /// A key that must be there.
    pub(super) fn require_value(&self, key: &'static str, what: &str) -> Result<&'a Value> {
        self.get_value(key)
            .ok_or_else(|| self.missing_key(key, what).into())
    }

    pub(super) fn get_text(&self, key: &'static str) -> Result<Option<String>> {
        self.get_value(key)
            .map(|value: &Value| match value.as_str().map(str::trim) {
                Some(text) if !text.is_empty() => Ok(text.to_owned()),
                _ => Err(wrong_value(&self.path_of(key), "a text", value)),
            })
            .transpose()
    }

    /// A number above zero.
    pub(super) fn get_positive(&self, key: &'static str) -> Result<Option<f64>> {
        self.get_number(key, "a number above zero", |x| x > 0.0)
    }

    /// A finite number that is as it must be.
    pub(super) fn get_number(
        &self,
        key: &'static str,
        must: &str,
        is_right: impl Fn(f64) -> bool,
    ) -> Result<Option<f64>> {
        self.get_value(key)
            .map(|value: &Value| {
                let number = value.as_f64().filter(|x| x.is_finite() && is_right(*x));
                number.ok_or_else(|| wrong_value(&self.path_of(key), must, value))
            })
            .transpose()
    }

    /// A list of finite numbers.
    pub(super) fn get_numbers(&self, key: &'static str, what: &str) -> Result<Vec<f64>> {
        let value = self.require_value(key, what)?;
        let list = value
            .as_array()
            .ok_or_else(|| wrong_value(&self.path_of(key), "a list of numbers", value))?;
        list.iter()
            .enumerate()
            .map(|(i, value): (usize, &Value)| {
                let number = value.as_f64().filter(|x| x.is_finite());
                number.ok_or_else(|| {
                    wrong_value(&format!("{}[{i}]", self.path_of(key)), "a number", value)
                })
            })
            .collect()
    }

    /// Refuses unknown keys.
    pub(super) fn refuse_unknown(self) -> Result<()> {
        let known = self.asked.into_inner();
        let Some(unknown) = self.values.keys().find(|key| !known.contains(key.as_str())) else {
            return Ok(());
        };
        let likeness = |key: &&str| strsim::jaro_winkler(unknown, key);
        let nearest = known
            .iter()
            .copied()
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let advice = match nearest.filter(|key| likeness(key) >= ALIKE) {
            Some(key) => format!("did you mean {key}?"),
            None => format!(
                "known are {}",
                known.into_iter().collect::<Vec<_>>().join(", ")
            ),
        };
        Err(InstrumentError::UnknownKey {
            key: format!("{}{}", self.place, shorten_text(unknown)),
            advice,
        }
        .into())
    }
}

/// The error of a wrong value.
pub(super) fn wrong_value(path: &str, must: &str, value: &Value) -> Error {
    InstrumentError::InvalidValue {
        key: path.into(),
        value: shorten_text(&value.to_string()),
        must: must.into(),
    }
    .into()
}

/// The beginning of a text that may be long.
fn shorten_text(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        text.into()
    } else {
        text.chars().take(MOST).chain("…".chars()).collect()
    }
}
