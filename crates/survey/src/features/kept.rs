//! The attributes of the input that stand in the output: those of all formats, and extra bytes.

use super::FeatureOptionError;
use isopach::{
    cloud::Columns,
    compute::Result,
    las::{Catalogue, CommonExtra, ExtraBytes, width_of_extra},
};
use serde_json::{Value, json};

/// Names of columns on the command line.
const COLUMNS: [(&str, Columns); 10] = [
    ("intensity", Columns::INTENSITY),
    ("returns", Columns::RETURNS),
    ("class", Columns::CLASSIFICATION),
    ("time", Columns::GPS_TIME),
    ("color", Columns::RGB),
    ("source", Columns::POINT_SOURCE),
    ("angle", Columns::SCAN_ANGLE),
    ("flags", Columns::FLAGS),
    ("user", Columns::USER_DATA),
    ("nir", Columns::NIR),
];

/// The word for all extra bytes.
const EXTRA: &str = "extra";

/// Bytes of the name of an extra column that can be written.
const LONGEST_NAME: usize = 32;

/// Descriptors of extra columns of 192 bytes each that a file can have.
const MOST_EXTRA: usize = u16::MAX as usize / 192;

/// Bytes that the extra columns of a point may have beside the largest standard record.
const MOST_EXTRA_BYTES: usize = u16::MAX as usize - 100;

/// Bytes a new column has.
const NEW_BYTES: usize = size_of::<f32>();

/// Attributes to keep.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kept {
    /// Columns that all formats know, and the width of the extra bytes.
    pub(crate) columns: Columns,
    /// Extra columns, which stay the bytes that they are.
    pub(crate) extra: Vec<ExtraBytes>,
    /// What all files have.
    of_files: Columns,
    common: CommonExtra,
    /// Whether all extra columns are asked for, not some by name.
    all_extra: bool,
    /// Names of columns of all files that no file of ours can have.
    unwritable: Vec<String>,
}

impl Kept {
    /// The attributes of a list, of those that all files have: `all`, `none`, `extra`, or names.
    pub(crate) fn parse(list: &str, catalogue: &Catalogue) -> Result<Self> {
        let mut common = catalogue.common_extra();
        let unwritable = leave_out_unwritable(&mut common);
        let mut kept = Self::of_common(list, columns_of_all(catalogue), common)?;
        kept.unwritable = unwritable;
        Ok(kept)
    }

    fn of_common(list: &str, of_files: Columns, common: CommonExtra) -> Result<Self> {
        let mut columns = Columns::XYZ;
        let mut all_extra = false;
        let mut named = Vec::new();
        for name in list.split(',').map(str::trim) {
            match name {
                "all" => {
                    columns |= of_files;
                    all_extra = true;
                }
                "none" => {}
                EXTRA => all_extra = true,
                name => match (column_named(name), common.has_name(name)) {
                    (Some(column), _) => columns |= column,
                    (None, true) => named.push(name),
                    (None, false) => return Err(unknown_column(name, Some(&common))),
                },
            }
        }
        let is_kept = |column: &&ExtraBytes| all_extra || named.contains(&&*column.name);
        let extra: Vec<ExtraBytes> = common.columns.iter().filter(is_kept).cloned().collect();
        let kept = Self {
            columns,
            extra,
            of_files,
            common,
            all_extra,
            unwritable: Vec::new(),
        };
        let differing = &kept.common.stored_differently;
        let differs = |name: &&String| all_extra || named.contains(&&***name);
        if let Some(name) = differing.iter().find(differs) {
            let name = name.clone();
            let columns = kept.list_without(&[]);
            return Err(FeatureOptionError::ExtraStoredDifferently { name, columns }.into());
        }
        kept.with_width()
    }

    fn with_width(mut self) -> Result<Self> {
        let width = width_of_extra(&self.extra);
        let width = width.ok_or_else(|| FeatureOptionError::ExtraTooWide {
            columns: self.list_of(self.of_files, &[]),
        })?;
        self.columns = self.columns.with_extra_width(width);
        Ok(self)
    }

    /// Refuses new columns with the names of extra columns that are kept, and more columns than a
    /// file can have.
    pub(crate) fn check_new<'a>(&self, new: impl IntoIterator<Item = &'a str>) -> Result<()> {
        let new: Vec<&str> = new.into_iter().collect();
        let bytes: usize = self.extra.iter().map(|column| column.kind.bytes()).sum();
        let is_too_long = bytes + new.len() * NEW_BYTES > MOST_EXTRA_BYTES;
        let are_too_many = self.extra.len() + new.len() > MOST_EXTRA;
        if !self.extra.is_empty() && (is_too_long || are_too_many) {
            let columns = self.list_of(self.columns, &[]);
            return Err(FeatureOptionError::ExtraTooWide { columns }.into());
        }
        let is_new = |column: &&ExtraBytes| new.contains(&&*column.name);
        let Some(twice) = self.extra.iter().find(is_new) else {
            return Ok(());
        };
        Err(FeatureOptionError::ColumnTwice {
            name: twice.name.clone(),
            columns: self.list_without(&new),
        }
        .into())
    }

    /// A value of --columns that keeps the same columns, without some extra columns.
    fn list_without(&self, left_out: &[&str]) -> String {
        let stay = self.extra.iter().map(|column| &*column.name);
        let stay: Vec<&str> = stay.filter(|name| !left_out.contains(name)).collect();
        self.list_of(self.columns, &stay)
    }

    /// A value of --columns for these columns; `none` for no column.
    fn list_of(&self, columns: Columns, extra: &[&str]) -> String {
        let mut names = column_names(columns);
        names.extend(extra);
        if names.is_empty() {
            return "none".to_owned();
        }
        names.join(",")
    }

    /// Warnings of extra bytes that are not kept, though all are asked for.
    pub(crate) fn describe_lost(&self, catalogue: &Catalogue) -> Vec<String> {
        let mut found = Vec::new();
        if !self.all_extra {
            return found;
        }
        if !self.unwritable.is_empty() {
            let names = self.unwritable.join(", ");
            found.push(format!(
                "extra bytes without a name, or with one of more than {LONGEST_NAME} bytes, are not kept ({names})"
            ));
        }
        let some = &self.common.only_in_some;
        if !some.is_empty() {
            let names = some.join(", ");
            found.push(format!(
                "extra bytes that not all files have are not kept ({names})"
            ));
        }
        for file in catalogue.files() {
            let bytes = file.undescribed_bytes();
            if bytes > 0 {
                let path = file.path().display();
                found.push(format!(
                    "{path}: {bytes} extra bytes a point are not kept: no number type is stated for them"
                ));
            }
        }
        found
    }

    /// The extra columns in a summary.
    pub(crate) fn summary(&self) -> Vec<Value> {
        let columns = self.extra.iter();
        columns
            .map(|column| {
                json!({
                    "name": column.name,
                    "description": column.description,
                    "type": format!("{:?}", column.kind),
                    "scale": column.scale,
                    "offset": column.shift,
                    "no_data": column.no_data,
                })
            })
            .collect()
    }
}

/// Takes out the columns whose names no file of ours can have; returns these names.
fn leave_out_unwritable(common: &mut CommonExtra) -> Vec<String> {
    let can_be_written = |column: &ExtraBytes| (1..=LONGEST_NAME).contains(&column.name.len());
    let columns = std::mem::take(&mut common.columns).into_iter();
    let (columns, others): (Vec<_>, Vec<_>) = columns.partition(can_be_written);
    common.columns = columns;
    others.into_iter().map(|column| column.name).collect()
}

/// The columns that every file has.
pub(crate) fn columns_of_all(catalogue: &Catalogue) -> Columns {
    let files = catalogue.files().iter();
    files.fold(Columns::ALL, |common, file| {
        let missing = common.without(file.columns());
        common.without(missing)
    })
}

/// The attributes of a list: `all` of those that all files have, `none`, or names.
///
/// # Errors
/// An unknown name, extra bytes among them: they are no columns here.
pub(crate) fn kept_columns(list: &str, of_files: Columns) -> Result<Columns> {
    if list.split(',').any(|name| name.trim() == EXTRA) {
        return Err(unknown_column(EXTRA, None));
    }
    Ok(Kept::of_common(list, of_files, CommonExtra::default())?.columns)
}

/// The names of columns.
pub(crate) fn column_names(columns: Columns) -> Vec<&'static str> {
    let named = COLUMNS
        .iter()
        .filter(|(_, column)| columns.contains(*column));
    named.map(|(name, _)| *name).collect()
}

fn column_named(name: &str) -> Option<Columns> {
    let found = COLUMNS.iter().find(|(known, _)| *known == name);
    found.map(|(_, column)| *column)
}

/// `common`: the extra columns, where they can be kept.
fn unknown_column(name: &str, common: Option<&CommonExtra>) -> isopach::compute::Error {
    let standard = COLUMNS.iter().map(|(known, _)| *known);
    let extra = common.into_iter().flat_map(|common| {
        let names = common.columns.iter().map(|column| &*column.name);
        [EXTRA].into_iter().chain(names)
    });
    let known: Vec<&str> = standard.chain(extra).collect();
    FeatureOptionError::UnknownColumn {
        given: name.into(),
        known: known.join(", "),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach::las::ExtraKind;

    fn common_of(names: impl IntoIterator<Item = String>) -> CommonExtra {
        let column = |name: String| ExtraBytes::new(&name, "", ExtraKind::U8);
        CommonExtra {
            columns: names.into_iter().map(column).collect(),
            ..CommonExtra::default()
        }
    }

    #[test]
    fn names_that_no_file_can_have_are_left_out() {
        let names = [String::new(), "a".repeat(32), "b".repeat(33)];
        let mut common = common_of(names.clone());
        assert_eq!(leave_out_unwritable(&mut common), [&*names[0], &names[2]]);
        assert_eq!(common, common_of([names[1].clone()]));
    }

    #[test]
    fn columns_are_no_more_than_a_file_has_with_the_new_ones() {
        let common = common_of((0..MOST_EXTRA - 1).map(|number| number.to_string()));
        let kept = Kept::of_common("all", Columns::XYZ, common).unwrap();
        kept.check_new(["new"]).unwrap();
        let refused = kept.check_new(["new", "newer"]).unwrap_err().to_string();
        assert!(refused.contains("--columns none"), "{refused}");
    }

    #[test]
    fn extra_bytes_are_no_columns_of_patches() {
        let refused = kept_columns("class, extra", Columns::CLASSIFICATION).unwrap_err();
        let refused = refused.to_string();
        assert!(refused.contains("extra"), "{refused}");
        assert!(kept_columns("class", Columns::CLASSIFICATION).is_ok());
    }
}
