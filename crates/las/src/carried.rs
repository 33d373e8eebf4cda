//! Extra bytes that are carried from files to a file as they are stored.
//!
//! Numbers of eight bytes, no-data values and the bits of a NaN survive, since no value is read.

use crate::{
    Catalogue, ExtraBytes, Las,
    error::{LasError, LasProblem},
};
use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

/// Bytes of the description of an extra column.
const DESCRIPTION: usize = 32;

/// Extra columns of several files, and whether all of them store a column alike.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CommonExtra {
    /// Columns that all files have and store alike: in the order of the files if it is the same in
    /// all, else by name.
    pub columns: Vec<ExtraBytes>,
    /// Names of columns that all files have, with different types, scales, offsets or no-data
    /// values, by name.
    pub stored_differently: Vec<String>,
    /// Names of columns that some of the files lack, by name.
    pub only_in_some: Vec<String>,
}

impl CommonExtra {
    /// Whether all files have a column of this name, however they store it.
    #[must_use]
    pub fn has_name(&self, name: &str) -> bool {
        let is_column = self.columns.iter().any(|column| column.name == name);
        is_column || self.stored_differently.iter().any(|other| other == name)
    }
}

/// Where the extra bytes to be carried are in the records of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct CarriedBytes {
    /// In the order of the carried columns; those that touch are one.
    ranges: Vec<Range<usize>>,
    width: u16,
}

impl CarriedBytes {
    /// Copies the carried bytes of a record.
    #[inline]
    pub(crate) fn copy_from(&self, record: &[u8], to: &mut [u8]) {
        let mut rest = to;
        for range in &self.ranges {
            let (now, later) = rest.split_at_mut(range.len());
            now.copy_from_slice(&record[range.clone()]);
            rest = later;
        }
    }

    /// Refuses a request for another number of extra bytes.
    pub(crate) fn check_width(&self, width: u16) -> Result<(), LasProblem> {
        if width == 0 || width == self.width {
            return Ok(());
        }
        Err(LasProblem::Unsupported(format!(
            "reading {width} extra bytes a point, where {} are named (Catalogue::carry_extra),",
            self.width
        )))
    }
}

/// Bytes a point of extra columns; `None` if they are more than a record can have.
#[must_use]
pub fn width_of_extra(columns: &[ExtraBytes]) -> Option<u16> {
    let bytes: usize = columns.iter().map(|column| column.kind.bytes()).sum();
    u16::try_from(bytes).ok()
}

impl Las {
    /// Carries these extra columns in [`Attributes::extra`](crate::Attributes::extra), if as many
    /// bytes are read ([`Columns::extra_width`](crate::Columns::extra_width)).
    pub(crate) fn carry_extra(mut self, columns: &[ExtraBytes]) -> Result<Self, LasError> {
        self.carried = self.find_carried(columns)?;
        Ok(self)
    }

    /// Where these extra columns are in the records.
    fn find_carried(&self, columns: &[ExtraBytes]) -> Result<CarriedBytes, LasError> {
        let own = &self.header().extra_bytes;
        // A file has each name once.
        let places = own.iter().enumerate();
        let places: HashMap<&str, usize> = places.map(|(at, own)| (&*own.name, at)).collect();
        let mut carried = CarriedBytes::default();
        for column in columns {
            let number = places.get(&*column.name).copied();
            let Some(number) = number.filter(|&at| own[at].is_stored_like(column)) else {
                let problem = LasProblem::MissingColumn {
                    format: self.parsed.layout.format,
                    column: format!("extra column {:?}, stored in this way", column.name),
                };
                return Err(problem.at_path(&self.path));
            };
            let at = self.parsed.layout.base + self.parsed.extra_offsets[number];
            let end = at + column.kind.bytes();
            match carried.ranges.last_mut() {
                Some(last) if last.end == at => last.end = end,
                _ => carried.ranges.push(at..end),
            }
        }
        let width = width_of_extra(columns).ok_or_else(|| {
            LasProblem::Unsupported("extra columns of more than 65,535 bytes a point".into())
                .at_path(&self.path)
        });
        carried.width = width?;
        Ok(carried)
    }

    /// Bytes a point behind the standard fields that no column describes.
    #[must_use]
    pub fn undescribed_bytes(&self) -> usize {
        let columns = &self.header().extra_bytes;
        let described: usize = columns.iter().map(|column| column.kind.bytes()).sum();
        let standard = self.parsed.layout.base;
        self.record_length().saturating_sub(standard + described)
    }
}

impl Catalogue {
    /// The extra columns that all files store alike, and the names of the others.
    #[must_use]
    pub fn common_extra(&self) -> CommonExtra {
        common_extra(&self.headers())
    }

    fn headers(&self) -> Vec<&[ExtraBytes]> {
        let files = self.files().iter();
        files.map(|file| &file.header().extra_bytes[..]).collect()
    }

    /// Carries these extra columns, of those that all files store alike: a chunk that is read with
    /// [`Columns::with_extra_width`](crate::Columns::with_extra_width) of [`width_of_extra`] bytes
    /// has them in [`Attributes::extra`](crate::Attributes::extra), in this order and as they are
    /// stored. [`Schema::carried`](crate::Schema::carried) writes them.
    ///
    /// # Errors
    /// [`LasProblem::MissingColumn`] of the first file that does not have a column in this form.
    pub fn carry_extra(self, columns: &[ExtraBytes]) -> Result<Self, LasError> {
        self.map_files(|file| file.carry_extra(columns))
    }
}

/// The columns that all lists have alike, and the names of the others.
fn common_extra(files: &[&[ExtraBytes]]) -> CommonExtra {
    let mut by_name: HashMap<&str, Vec<&ExtraBytes>> = HashMap::new();
    for column in files.iter().copied().flatten() {
        by_name.entry(&column.name).or_default().push(column);
    }
    let mut found = CommonExtra::default();
    for (name, columns) in by_name {
        if columns.len() < files.len() {
            found.only_in_some.push(name.to_owned());
        } else if columns.iter().all(|other| other.is_stored_like(columns[0])) {
            let described = columns.iter().map(|column| &column.description);
            let mut column = columns[0].clone();
            column.description = cut_text(described.min().unwrap_or(&column.description));
            found.columns.push(column);
        } else {
            found.stored_differently.push(name.to_owned());
        }
    }
    found.columns.sort_by(|a, b| a.name.cmp(&b.name));
    found.only_in_some.sort();
    found.stored_differently.sort();
    order_like_files(&mut found.columns, files);
    found
}

/// Puts columns into the order of the files, if all have the same.
fn order_like_files(columns: &mut [ExtraBytes], files: &[&[ExtraBytes]]) {
    let common: HashSet<String> = columns.iter().map(|column| column.name.clone()).collect();
    let order_of = |file: &&[ExtraBytes]| -> Vec<String> {
        let names = file.iter().map(|column| column.name.clone());
        names.filter(|name| common.contains(name)).collect()
    };
    let mut orders = files.iter().map(order_of);
    let first = orders.next().unwrap_or_default();
    if orders.all(|other| other == first) {
        let places = first.iter().enumerate();
        let places: HashMap<&str, usize> = places.map(|(at, name)| (&**name, at)).collect();
        columns.sort_by_key(|column| places.get(&*column.name).copied());
    }
}

/// A text of as many bytes as the field has, whole characters: one that was not UTF-8 has grown.
fn cut_text(text: &str) -> String {
    text[..text.floor_char_boundary(DESCRIPTION)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ExtraKind;

    fn column(name: &str, kind: ExtraKind) -> ExtraBytes {
        ExtraBytes::new(name, "", kind)
    }

    #[test]
    fn columns_of_all_files_are_found_and_others_are_named() {
        let u16 = ExtraKind::U16;
        let first = [
            column("b", u16),
            column("a", ExtraKind::F32),
            column("c", u16),
            column("d", u16),
        ];
        let second = [
            column("d", u16).with_scale(0.1, 0.0),
            column("b", u16),
            column("a", ExtraKind::F32),
        ];
        let found = common_extra(&[&first, &second]);
        let names: Vec<&str> = found.columns.iter().map(|column| &*column.name).collect();
        assert_eq!(names, ["b", "a"]);
        assert_eq!(found.stored_differently, ["d"]);
        assert_eq!(found.only_in_some, ["c"]);
    }

    #[test]
    fn another_order_of_files_changes_nothing() {
        let [a, b] = ["a", "b"].map(|name| column(name, ExtraKind::U8));
        let about = |text: &str| ExtraBytes {
            description: text.into(),
            ..a.clone()
        };
        let [first, second] = [[b.clone(), about("x")], [about("w"), b]];
        let there = common_extra(&[&first, &second]);
        assert_eq!(there, common_extra(&[&second, &first]));
        assert_eq!(there.columns[0].description, "w");
        assert_eq!(common_extra(&[]), CommonExtra::default());
    }

    #[test]
    fn descriptions_that_have_grown_are_cut_to_whole_characters() {
        let text = "\u{fffd}".repeat(32);
        let column = ExtraBytes {
            description: text,
            ..column("a", ExtraKind::U8)
        };
        let found = common_extra(&[&[column]]);
        assert_eq!(found.columns[0].description, "\u{fffd}".repeat(10));
    }
}
