//! The remaining sensitivity of an instrument, by time.

use crate::{
    instruments::{Found, only_instrument},
    options::Share,
};
use isopach::{compute::Error as Failure, solar::ObservationTime};
use std::{error::Error, fs, path::Path};

/// Shares by channel and time.
pub(crate) struct Table {
    channels: Vec<String>,
    /// Days since 1970, and a share a channel; ascending.
    rows: Vec<(f64, Vec<f64>)>,
}

/// The word for the shipped table of AIA, and its date: later losses are not in it.
const SHIPPED: &str = "builtin";
const MADE: &str = "2020-10-26";

/// Whether a table is the one that is shipped, not a file.
pub(crate) fn is_shipped(path: &Path) -> bool {
    path.as_os_str() == SHIPPED && !path.is_file()
}

/// A warning about an image that is later than the shipped table.
pub(crate) fn later_than_shipped(latest: ObservationTime) -> Option<String> {
    let is_later = ObservationTime::parse(MADE).is_some_and(|made| latest > made);
    is_later.then(|| {
        format!(
            "the images are of {latest}, but the shipped table of AIA's sensitivity is of {MADE} and has it constant since then: a newer one is better \
             (docs/algorithms/solar-images.md has ten lines that make one)"
        )
    })
}

/// The share that is left of a channel of AIA, by the table that is shipped.
pub(crate) fn shipped_share(channel: &Found, time: Option<&str>) -> Option<f64> {
    let table = Table::parse(include_str!("aia_degradation.csv"))
        .ok()
        .filter(|_| channel.is_aia())?;
    table.share_left(channel, time?).ok()
}

impl Table {
    /// Reads a CSV: `time,94,131,…`, then rows of ISO 8601 times and shares.
    pub(crate) fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        if is_shipped(path) {
            return Ok(Self::parse(include_str!("aia_degradation.csv"))?);
        }
        let text = fs::read_to_string(path).map_err(|error| Failure::of_file(path, error))?;
        Self::parse(&text).map_err(|e| format!("{}: {e}", path.display()).into())
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let head = lines.next().ok_or("the table is empty")?;
        let channels: Vec<String> = head
            .split(',')
            .skip(1)
            .map(|name| name.trim().to_owned())
            .collect();
        let is_time = head
            .split(',')
            .next()
            .is_some_and(|first| first.trim().parse::<f64>().is_err());
        if !is_time || channels.is_empty() || channels.iter().any(String::is_empty) {
            return Err(format!("the header must be time,94,131,…, not {head}"));
        }
        let mut rows = vec![];
        for line in lines {
            let mut fields = line.split(',').map(str::trim);
            let time = fields
                .next()
                .and_then(days_since)
                .ok_or_else(|| format!("no ISO 8601 time in {line}"))?;
            let shares: Vec<f64> = fields.map(|x| x.parse().unwrap_or(f64::NAN)).collect();
            if shares.len() != channels.len() || !shares.iter().all(|x| *x > 0.0 && x.is_finite()) {
                return Err(format!(
                    "{} shares above zero must be in {line}",
                    channels.len()
                ));
            }
            rows.push((time, shares));
        }
        if rows.is_empty() || !rows.windows(2).all(|w| w[0].0 < w[1].0) {
            return Err("the times must ascend".into());
        }
        Ok(Self { channels, rows })
    }

    /// Refuses columns that two instruments have.
    pub(crate) fn check_shares(&self, channels: &[&Found]) -> Result<(), String> {
        let ambiguous = self.channels.iter().find(|name| {
            channels
                .iter()
                .filter(|channel| channel.is_meant_by(name))
                .count()
                > 1
        });
        match ambiguous {
            Some(name) => Err(format!(
                "--degradation-table has a column {name}, which two instruments have: name it INSTRUMENT:{name}"
            )),
            None => Ok(()),
        }
    }

    /// Whether there is a column of a channel.
    pub(crate) fn has(&self, channel: &Found) -> bool {
        self.channels.iter().any(|name| channel.is_meant_by(name))
    }

    /// The remaining share of a channel at a time, linear between rows.
    pub(crate) fn share_left(&self, channel: &Found, time: &str) -> Result<f64, String> {
        let column = self
            .channels
            .iter()
            .position(|name| channel.is_meant_by(name));
        let column = column
            .ok_or_else(|| format!("the degradation table has no column {}", channel.name()))?;
        let at = days_since(time).ok_or_else(|| format!("{time} is not an ISO 8601 time"))?;
        let after = self.rows.partition_point(|(t, _)| *t < at);
        match (
            after.checked_sub(1).map(|i| &self.rows[i]),
            self.rows.get(after),
        ) {
            (_, Some((t, shares))) if *t == at => Ok(shares[column]),
            (Some((t0, a)), Some((t1, b))) => {
                Ok(a[column] + (b[column] - a[column]) * (at - t0) / (t1 - t0))
            }
            _ => Err(format!("the degradation table does not cover {time}")),
        }
    }
}

/// Shares in the order of the channels; none if none were given.
pub(crate) fn by_channel(given: &[Share], channels: &[&Found]) -> Result<Vec<f64>, String> {
    let is_named = given.iter().any(|share| share.name.is_some());
    if !is_named {
        let shares: Vec<f64> = given.iter().map(|share| share.value).collect();
        return if shares.is_empty() || shares.len() == channels.len() {
            Ok(shares)
        } else {
            Err(format!(
                "--degradation has {} shares for {} channels: give one for each channel",
                shares.len(),
                channels.len()
            ))
        };
    }
    for share in given {
        let Some(name) = &share.name else {
            return Err(format!(
                "--degradation has the share {} without a channel among shares that have one",
                share.value
            ));
        };
        only_instrument("--degradation", name, channels)?;
    }
    let of = |channel: &&Found| {
        let mut found = given.iter().filter(|share| {
            share
                .name
                .as_ref()
                .is_some_and(|name| channel.is_meant_by(name))
        });
        match (found.next(), found.next()) {
            (Some(share), None) => Ok(share.value),
            (None, _) => Err(format!(
                "--degradation has no share of {}: give one for each channel (1 for no loss)",
                channel.channel_label()
            )),
            _ => Err(format!(
                "--degradation has two shares of {}",
                channel.channel_label()
            )),
        }
    };
    channels.iter().map(of).collect()
}

fn days_since(time: &str) -> Option<f64> {
    ObservationTime::parse(time).map(ObservationTime::days_since_1970)
}
