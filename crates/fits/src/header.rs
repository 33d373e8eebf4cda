//! Keywords.

use crate::FitsError;
use fitskit::{HeaderValue, Keyword};
use isopach_compute::{Error, Result, catch_panic};
use std::{
    fmt::Display,
    io::{ErrorKind, Read},
};

/// Bytes of a FITS block.
pub(crate) const BLOCK: usize = 2880;
/// Bytes of a keyword's record.
const CARD: usize = 80;
/// The largest number of axes and of table columns of the standard.
pub(crate) const MOST_AXES: i64 = 999;

/// Keywords that describe the data of their own header.
const OWN: [&str; 19] = [
    "SIMPLE", "BITPIX", "NAXIS", "EXTEND", "PCOUNT", "GCOUNT", "GROUPS", "BSCALE", "BZERO",
    "BLANK", "DATAMIN", "DATAMAX", "CHECKSUM", "DATASUM", "EXTNAME", "EXTVER", "COMMENT",
    "HISTORY", "",
];

/// The keywords of an image's header.
#[derive(Clone, Debug)]
pub struct FitsHeader(pub(crate) fitskit::Header);

impl FitsHeader {
    /// Value of a numeric keyword.
    #[must_use]
    pub fn number(&self, keyword: &str) -> Option<f64> {
        self.0
            .get_float(keyword)
            .or_else(|| self.0.get_int(keyword).map(|i| i as f64))
    }

    /// Value of a text keyword. Bytes that FITS does not allow (all but printable ASCII) have
    /// become `?`.
    #[must_use]
    pub fn text(&self, keyword: &str) -> Option<&str> {
        self.0.get_string(keyword).map(str::trim)
    }

    /// Takes keywords of the primary header that are not stated here, if INHERIT says so (FITS
    /// standard 4.0, section 4.4.2.6). Those that describe its own data, and comments, are not
    /// taken.
    pub(crate) fn inherit_from(&mut self, primary: &Self) {
        if self.0.get_bool("INHERIT") != Some(true) {
            return;
        }
        for keyword in &primary.0.keywords {
            let name = keyword.name.as_str();
            let is_own = OWN.contains(&name)
                || name
                    .strip_prefix("NAXIS")
                    .is_some_and(|n| n.parse::<u16>().is_ok());
            if !is_own && self.0.find(name).is_none() {
                self.0.keywords.push(keyword.clone());
            }
        }
    }

    /// A whole number.
    pub(crate) fn integer(&self, keyword: &str) -> Option<i64> {
        self.0.get_int(keyword)
    }

    /// A size, or `usual` if the keyword is absent.
    fn size_or(&self, keyword: &str, usual: u64) -> Result<u64> {
        match self.0.find(keyword) {
            Some(_) => self.required_size(keyword),
            None => Ok(usual),
        }
    }

    /// A size that must be stated and not negative.
    pub(crate) fn required_size(&self, keyword: &str) -> Result<u64> {
        let stated = self.integer(keyword).ok_or_else(|| FitsError::NoNumber {
            keyword: keyword.into(),
        })?;
        u64::try_from(stated).map_err(|_| invalid_value(keyword, stated, "not be negative"))
    }

    /// Sizes along the axes, the fastest first: `NAXIS`, `NAXIS1`, …, or with the prefix Z those of
    /// a compressed image.
    pub(crate) fn axis_lengths(&self, prefix: &str) -> Result<Vec<u64>> {
        let name = format!("{prefix}NAXIS");
        let count = self
            .integer(&name)
            .filter(|count| (0..=MOST_AXES).contains(count));
        let count = count.ok_or_else(|| FitsError::CountOutOfRange {
            keyword: name.clone(),
            most: MOST_AXES,
        })?;
        (1..=count)
            .map(|axis| self.required_size(&format!("{name}{axis}")))
            .collect()
    }

    /// Bytes of the data that follow: `|BITPIX| / 8 · GCOUNT · (PCOUNT + NAXIS1 · NAXIS2 · …)`.
    pub(crate) fn data_bytes(&self) -> Result<u64> {
        let axes = self.axis_lengths("")?;
        if axes.is_empty() {
            return Ok(0);
        }
        let bits = self
            .integer("BITPIX")
            .filter(|bits| matches!(bits, 8 | 16 | 32 | 64 | -32 | -64));
        let bits = bits.ok_or(FitsError::UnknownNumbers { keyword: "BITPIX" })?;
        let parameters = self.size_or("PCOUNT", 0)?;
        let groups = self.size_or("GCOUNT", 1)?;
        let bytes = checked_product(&axes)
            .and_then(|pixels| pixels.checked_add(parameters))
            .and_then(|values| values.checked_mul(groups))
            .and_then(|values| values.checked_mul(bits.unsigned_abs() / 8));
        bytes.ok_or_else(|| FitsError::ArrayTooLarge { axes }.into())
    }

    /// Reads a header up to the end of its last block; `None` if the file ends before the first.
    ///
    /// Letters that FITS does not allow become `?` (astropy reads such files too, with a warning).
    /// A record whose value cannot be read is an error that names its keyword, but for COMMENT,
    /// HISTORY and those without a name, which have none.
    pub(crate) fn read(reader: &mut impl Read, limit: u64) -> Result<Option<Self>> {
        let mut keywords: Vec<Keyword> = Vec::new();
        let mut read = 0;
        loop {
            let mut block = [0; BLOCK];
            match reader.read_exact(&mut block) {
                Err(error) if error.kind() == ErrorKind::UnexpectedEof && read == 0 => {
                    return Ok(None);
                }
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Err(FitsError::HeaderTruncated.into());
                }
                other => other.map_err(Error::source)?,
            }
            read += BLOCK as u64;
            if read > limit {
                return Err(FitsError::HeaderTooLong { limit }.into());
            }
            for card in block.as_chunks::<CARD>().0 {
                let card = card.map(|byte| {
                    if matches!(byte, b' '..=b'~') {
                        byte
                    } else {
                        b'?'
                    }
                });
                if card.starts_with(b"END") && card[3..8].iter().all(|byte| *byte == b' ') {
                    return Ok(Some(Self(fitskit::Header { keywords })));
                }
                push_card(&mut keywords, &card)?;
            }
        }
    }
}

/// The error of a value that violates a condition, to be read after "must".
pub(crate) fn invalid_value(keyword: &str, value: impl Display, must: &str) -> Error {
    FitsError::InvalidValue {
        keyword: keyword.into(),
        value: value.to_string(),
        must: must.into(),
    }
    .into()
}

/// Adds a record; one of the name CONTINUE goes on with the text before.
fn push_card(keywords: &mut Vec<Keyword>, card: &[u8; CARD]) -> Result<()> {
    let name = String::from_utf8_lossy(&card[..8]).trim_end().to_owned();
    let parsed = catch_panic(|| Keyword::parse(card).map_err(|error| error.to_string()));
    let keyword = match parsed {
        Ok(keyword) => keyword,
        Err(_) if matches!(name.as_str(), "" | "COMMENT" | "HISTORY") => {
            Keyword::commentary(&name, String::from_utf8_lossy(&card[8..]).trim_end())
        }
        Err(reason) => {
            return Err(FitsError::MalformedKeyword {
                keyword: name,
                reason,
            }
            .into());
        }
    };
    if keyword.name != "CONTINUE" {
        keywords.push(keyword);
        return Ok(());
    }
    let before = keywords.last_mut().and_then(|last| last.value.as_mut());
    if let (Some(HeaderValue::String(text)), Some(HeaderValue::String(more))) =
        (before, continued_text(card))
    {
        text.push_str(&more);
    }
    Ok(())
}

/// The text of a CONTINUE record, which has no `=`.
fn continued_text(card: &[u8; CARD]) -> Option<HeaderValue> {
    let mut with_sign = *card;
    with_sign[8..10].copy_from_slice(b"= ");
    catch_panic(|| Keyword::parse(&with_sign).map_err(|error| error.to_string()))
        .ok()?
        .value
}

/// The product of sizes, if it is a number of 64 bits.
pub(crate) fn checked_product(sizes: &[u64]) -> Option<u64> {
    sizes
        .iter()
        .try_fold(1_u64, |product, size| product.checked_mul(*size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cards: &[&str]) -> Result<FitsHeader> {
        let mut bytes: Vec<u8> = Vec::new();
        for card in cards {
            let mut card = card.as_bytes().to_vec();
            card.resize(CARD, b' ');
            bytes.extend(card);
        }
        bytes.resize(bytes.len().next_multiple_of(BLOCK), b' ');
        FitsHeader::read(&mut &bytes[..], 1 << 20).map(|header| header.unwrap())
    }

    #[test]
    fn letters_that_fits_does_not_allow_are_marked() {
        let header = read(&[
            "OBSERVER= 'Ångström'",
            "A       =   4.5 / \u{1b}[31m 5 µm",
            "END",
        ])
        .unwrap();
        assert_eq!(header.text("OBSERVER"), Some("??ngstr??m"));
        assert_eq!(header.number("A"), Some(4.5));
    }

    #[test]
    fn comments_may_look_like_values_but_values_must_be_whole() {
        let header = read(&[
            "HISTORY = 'it is not closed",
            "COMMENT (x",
            "B       = 7",
            "END",
        ])
        .unwrap();
        assert_eq!(header.number("B"), Some(7.0));
        let error = read(&["OBJECT  = 'it is not closed", "END"])
            .unwrap_err()
            .to_string();
        assert!(error.contains("the keyword OBJECT"), "{error}");
    }

    #[test]
    fn long_texts_go_on() {
        let header = read(&[
            "NAME    = 'one &'",
            "CONTINUE  'two&'",
            "CONTINUE  'three'  / and why",
            "END",
        ])
        .unwrap();
        assert_eq!(header.text("NAME"), Some("one twothree"));
    }

    #[test]
    fn keywords_are_inherited_where_that_is_said() {
        let primary = read(&[
            "SIMPLE  = T",
            "BITPIX  = 8",
            "NAXIS   = 0",
            "A       = 1",
            "B       = 2",
            "BZERO   = 9",
            "END",
        ])
        .unwrap();
        for (inherit, expected) in [
            ("INHERIT = T", Some(1.0)),
            ("INHERIT = F", None),
            ("C       = 1", None),
        ] {
            let mut header = read(&[
                "XTENSION= 'IMAGE'",
                "BITPIX  = -32",
                "B       = 3",
                inherit,
                "END",
            ])
            .unwrap();
            header.inherit_from(&primary);
            assert_eq!(
                (
                    header.number("A"),
                    header.number("B"),
                    header.number("BZERO")
                ),
                (expected, Some(3.0), None)
            );
            assert_eq!(
                (header.number("BITPIX"), header.number("NAXIS")),
                (Some(-32.0), None)
            );
        }
    }

    #[test]
    fn a_header_without_an_end_is_refused() {
        assert!(
            read(&["A       = 1"])
                .unwrap_err()
                .to_string()
                .contains("no END")
        );
        let endless = vec![b' '; 3 << 20];
        assert!(
            FitsHeader::read(&mut &endless[..], 1 << 20)
                .unwrap_err()
                .to_string()
                .contains("no END within")
        );
        assert!(FitsHeader::read(&mut &b""[..], 1 << 20).unwrap().is_none());
    }

    #[test]
    fn sizes_are_multiplied_with_care() {
        let bytes = |cards: &[&str]| {
            read(&[cards, &["END"]].concat()).and_then(|header| header.data_bytes())
        };
        let axes = |a: &str, b: &str| bytes(&["BITPIX  = -64", "NAXIS   = 2", a, b]);
        assert_eq!(axes("NAXIS1  = 30", "NAXIS2  = 40").unwrap(), 9600);
        assert!(
            axes("NAXIS1  = 4294967296", "NAXIS2  = 4294967296")
                .unwrap_err()
                .to_string()
                .contains("exceeds")
        );
        assert!(
            axes("NAXIS1  = -1", "NAXIS2  = 4")
                .unwrap_err()
                .to_string()
                .contains("NAXIS1 is -1")
        );
        assert!(
            axes("NAXIS1  = 1", "A       = 4")
                .unwrap_err()
                .to_string()
                .contains("NAXIS2 is missing")
        );
        assert!(
            bytes(&["BITPIX  = 8", "NAXIS   = 1000000000"])
                .unwrap_err()
                .to_string()
                .contains("999")
        );
        assert!(bytes(&["BITPIX  = 8", "NAXIS   = 1", "NAXIS1  = 9", "PCOUNT  = -3"]).is_err());
    }
}
