//! How much of an instrument's sensitivity is left, by time.

use crate::arguments::Share;
use isopach::solar::Time;
use std::{error::Error, fs, path::Path};

/// Shares by wavelength and time.
pub(crate) struct Table {
    wavelengths: Vec<u16>,
    /// Days since 1970, and a share a wavelength; ascending.
    rows: Vec<(f64, Vec<f64>)>,
}

impl Table {
    /// Reads a CSV: `time,94,131,…`, then rows of ISO 8601 times and shares.
    pub(crate) fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        Self::parse(&text).map_err(|e| format!("{}: {e}", path.display()).into())
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let head = lines.next().ok_or("the table is empty")?;
        let wavelengths = head.split(',').skip(1).map(|w| w.trim().parse::<u16>());
        let wavelengths: Vec<u16> = wavelengths
            .collect::<Result<_, _>>()
            .map_err(|_| format!("the header must be time,94,131,…, not {head}"))?;
        let mut rows = vec![];
        for line in lines {
            let mut fields = line.split(',').map(str::trim);
            let time = fields.next().and_then(days).ok_or_else(|| format!("no ISO 8601 time in {line}"))?;
            let shares: Vec<f64> = fields.map(|x| x.parse().unwrap_or(f64::NAN)).collect();
            if shares.len() != wavelengths.len() || !shares.iter().all(|x| *x > 0.0 && x.is_finite()) {
                return Err(format!("{} shares above zero must be in {line}", wavelengths.len()));
            }
            rows.push((time, shares));
        }
        if rows.is_empty() || !rows.windows(2).all(|w| w[0].0 < w[1].0) {
            return Err("the times must ascend".into());
        }
        Ok(Self { wavelengths, rows })
    }

    /// Of a wavelength at a time, linear between rows.
    pub(crate) fn left(&self, wavelength: u16, time: &str) -> Result<f64, String> {
        let column = self.wavelengths.iter().position(|w| *w == wavelength);
        let column = column.ok_or_else(|| format!("the degradation table has no column {wavelength}"))?;
        let at = days(time).ok_or_else(|| format!("{time} is no ISO 8601 time"))?;
        let after = self.rows.partition_point(|(t, _)| *t < at);
        match (after.checked_sub(1).map(|i| &self.rows[i]), self.rows.get(after)) {
            (_, Some((t, shares))) if *t == at => Ok(shares[column]),
            (Some((t0, a)), Some((t1, b))) => Ok(a[column] + (b[column] - a[column]) * (at - t0) / (t1 - t0)),
            _ => Err(format!("the degradation table does not cover {time}")),
        }
    }
}

/// Shares in the order of the wavelengths; none where none was given.
pub(crate) fn by_wavelength(given: &[Share], wavelengths: &[u16]) -> Result<Vec<f64>, String> {
    let is_named = given.iter().any(|share| share.wavelength.is_some());
    if !is_named {
        let shares: Vec<f64> = given.iter().map(|share| share.left).collect();
        return if shares.is_empty() || shares.len() == wavelengths.len() {
            Ok(shares)
        } else {
            Err(format!(
                "--degradation has {} shares for {} channels: give one a channel",
                shares.len(),
                wavelengths.len()
            ))
        };
    }
    if let Some(share) = given.iter().find(|share| share.wavelength.is_none_or(|w| !wavelengths.contains(&w))) {
        let name = share.wavelength.map_or("without a wavelength".into(), |w| format!("of {w} Å"));
        return Err(format!("--degradation has the share {} {name}, but the channels are {wavelengths:?}", share.left));
    }
    let of = |wavelength: &u16| {
        let mut found = given.iter().filter(|share| share.wavelength == Some(*wavelength));
        match (found.next(), found.next()) {
            (Some(share), None) => Ok(share.left),
            (None, _) => Err(format!(
                "--degradation has no share of {wavelength} Å: give one a channel (1 where nothing was lost)"
            )),
            _ => Err(format!("--degradation has two shares of {wavelength} Å")),
        }
    };
    wavelengths.iter().map(of).collect()
}

fn days(time: &str) -> Option<f64> {
    Time::parse(time).map(Time::days)
}
