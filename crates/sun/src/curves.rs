//! Curves over temperature of single pixels and of the means of regions: emission measure with both
//! errors, and the EM loci of the channels.

mod mean;
mod place;
mod plot;

pub(crate) use place::Place;

use crate::source::Source;
use isopach::{
    Backend,
    compute::{Dispatcher, Result},
    emission::{Inversion, MonteCarlo, Observation, Real, RowBlock, Spread},
};
use isopach_program::write_file::write_file;
use mean::Mean;
use ndarray::{ArrayD, IxDyn};
use std::{error::Error, fmt::Write as _, path::Path};

/// The result of a place.
pub(crate) struct Curve {
    pub(crate) place: Place,
    /// The status, and χ² a channel.
    pub(crate) status: String,
    pub(crate) chi_squared: f64,
    /// The bins of temperature.
    bins: Vec<Bin>,
    /// EM loci by channel: log10 T and cm⁻⁵.
    loci: Vec<Vec<[f64; 2]>>,
    /// For a region: number of pixels in its mean; others lack a channel or are saturated in one.
    used: usize,
}

/// log10 T of the edges; cm⁻⁵, its vertical error, its horizontal error in dex (NaN if not
/// requested); mean and scatter of draws.
struct Bin {
    edges: [f64; 2],
    emission: f64,
    uncertainty: f64,
    resolution: f64,
    draws: Option<[f64; 2]>,
}

/// Pixels that are picked while blocks arrive, and regions that are read again after them.
pub(crate) struct Curves {
    wanted: Vec<Place>,
    draws: Option<MonteCarlo>,
    found: Vec<Curve>,
}

impl Curves {
    /// # Errors
    /// In words, for a place outside of the image.
    pub(crate) fn of(
        wanted: &[Place],
        leading: &[usize],
        draws: Option<MonteCarlo>,
    ) -> std::result::Result<Self, String> {
        let none = Self {
            wanted: vec![],
            draws,
            found: vec![],
        };
        let &[rows, columns] = leading else {
            let words = "--curve is for images, which have rows and columns";
            return if wanted.is_empty() {
                Ok(none)
            } else {
                Err(words.into())
            };
        };
        match wanted
            .iter()
            .find(|place| place.columns.end > columns || place.rows.end > rows)
        {
            Some(place) => Err(format!(
                "--curve {place} is outside of the image, which has {columns} × {rows} pixels"
            )),
            None => Ok(Self {
                wanted: wanted.to_vec(),
                ..none
            }),
        }
    }

    /// Takes the pixels of a block; `spread`: of draws.
    pub(crate) fn add<T: Real>(
        &mut self,
        block: &RowBlock<T>,
        spread: Option<&Spread>,
        inversion: &Inversion,
    ) {
        let map = &block.map;
        for place in self
            .wanted
            .iter()
            .filter(|place: &&Place| !place.is_region && block.rows.contains(&place.rows.start))
        {
            let at = [place.rows.start - block.rows.start, place.columns.start];
            let of = |array: Option<&ArrayD<T>>, t: usize| {
                array.map_or(f64::NAN, |array| array[&[at[0], at[1], t][..]].to_f64())
            };
            let bin = |t: usize| Bin {
                edges: [inversion.log_t_edges[t], inversion.log_t_edges[t + 1]],
                emission: of(Some(&map.emission), t),
                uncertainty: of(map.uncertainty.as_ref(), t),
                resolution: of(map.log_t_resolution.as_ref(), t),
                draws: spread.map(|spread| {
                    [&spread.mean, &spread.deviation].map(|array| array[&[at[0], at[1], t][..]])
                }),
            };
            self.found.push(Curve {
                place: place.clone(),
                status: map.status[&at[..]].to_string(),
                chi_squared: map.chi_squared[&at[..]].to_f64(),
                bins: (0..inversion.bins()).map(bin).collect(),
                loci: Vec::new(),
                used: 1,
            });
        }
    }

    /// Inverts the means of the regions, and rereads the counts of the pixels. The EM loci are the
    /// emission measure that each channel would need if all plasma had one temperature. Results are
    /// in the order of the request. `at_once`: rows that fit the memory.
    pub(crate) fn finish(
        mut self,
        source: &mut Source,
        at_once: usize,
        inversion: &Inversion,
        on: &Dispatcher<dyn Backend>,
    ) -> Result<Vec<Curve>> {
        for curve in &mut self.found {
            let place = &curve.place;
            let [counts, _] = source.read::<f64>(place.rows.clone())?;
            let counts =
                (0..inversion.channels()).map(|f| counts[&[0, place.columns.start, f][..]]);
            curve.loci = emission_loci(inversion, counts);
        }
        for place in self.wanted.iter().filter(|place| place.is_region) {
            let mean = Mean::of(place, source, at_once, inversion)?;
            self.found
                .push(region_of(place, &mean, inversion, on, self.draws)?);
        }
        let wanted = self.wanted;
        self.found
            .sort_by_key(|curve| wanted.iter().position(|place| *place == curve.place));
        Ok(self.found)
    }
}

/// EM loci: counts over response within the temperatures of the bins.
fn emission_loci(inversion: &Inversion, counts: impl Iterator<Item = f64>) -> Vec<Vec<[f64; 2]>> {
    let response = &inversion.response;
    let low = inversion.log_t_edges[0];
    let high = inversion.log_t_edges[inversion.bins()];
    let of = |(channel, count): (&Vec<f64>, f64)| {
        let points = response
            .log_t
            .iter()
            .zip(channel)
            .filter(|(t, k)| (low..=high).contains(*t) && **k > 0.0);
        if count > 0.0 {
            points.map(|(t, k)| [*t, count / k]).collect()
        } else {
            Vec::new()
        }
    };
    response.channels.iter().zip(counts).map(of).collect()
}

/// The inversion of the mean counts of a region.
fn region_of(
    place: &Place,
    Mean {
        counts,
        sigma,
        used,
    }: &Mean,
    inversion: &Inversion,
    on: &Dispatcher<dyn Backend>,
    draws: Option<MonteCarlo>,
) -> Result<Curve> {
    let mut curve = Curve {
        place: place.clone(),
        status: "no pixel with all channels".into(),
        chi_squared: f64::NAN,
        bins: Vec::new(),
        loci: Vec::new(),
        used: *used,
    };
    if *used == 0 {
        return Ok(curve);
    }
    let [c, e] = [counts, sigma]
        .map(|numbers| ArrayD::from_shape_fn(IxDyn(&[numbers.len()]), |at| numbers[at[0]]));
    let observation = || Observation {
        counts: c.view(),
        sigma: e.view(),
    };
    let map = on.run(|on| inversion.run(on, observation()))?;
    let spread = draws
        .map(|draws| on.run(|on| draws.run(inversion, on, &observation())))
        .transpose()?;
    let of = |array: Option<&ArrayD<f64>>, t: usize| array.map_or(f64::NAN, |array| array[[t]]);
    let bin = |t: usize| Bin {
        edges: [inversion.log_t_edges[t], inversion.log_t_edges[t + 1]],
        emission: map.emission[[t]],
        uncertainty: of(map.uncertainty.as_ref(), t),
        resolution: of(map.log_t_resolution.as_ref(), t),
        draws: spread
            .as_ref()
            .map(|spread| [spread.mean[[t]], spread.deviation[[t]]]),
    };
    curve.status = map.status[&[][..]].to_string();
    curve.chi_squared = map.chi_squared[&[][..]];
    curve.bins = (0..inversion.bins()).map(bin).collect();
    curve.loci = emission_loci(inversion, counts.iter().copied());
    Ok(curve)
}

impl Curve {
    /// The title of a curve: its place and its status.
    pub(crate) fn curve_title(&self) -> String {
        let Self {
            place,
            status,
            chi_squared,
            used,
            ..
        } = self;
        let of = if place.is_region {
            let width = place.columns.len();
            let height = place.rows.len();
            let left_out = match place.pixels_at() - used {
                0 => String::new(),
                n => format!(", without {n} that are saturated or miss a channel"),
            };
            format!(
                "Mean of {width} × {height} pixels from {}, {}{left_out}",
                place.columns.start, place.rows.start
            )
        } else {
            format!("Pixel {}, {}", place.columns.start, place.rows.start)
        };
        format!("{of}: {status}, χ² a channel {chi_squared:.2}")
    }

    /// Writes the bins as CSV.
    pub(crate) fn write(&self, out: &Path) -> std::result::Result<(), Box<dyn Error>> {
        let has_draws = self.bins.iter().any(|bin| bin.draws.is_some());
        let more = if has_draws {
            ",draws_mean_cm-5,draws_deviation_cm-5"
        } else {
            ""
        };
        let mut text = format!(
            "log_t_from,log_t_to,emission_cm-5,uncertainty_cm-5,log_t_resolution_dex{more}\n"
        );
        for Bin {
            edges: [from, to],
            emission,
            uncertainty,
            resolution,
            draws,
        } in &self.bins
        {
            let _ = write!(
                text,
                "{from},{to},{emission:e},{uncertainty:e},{resolution}"
            );
            if let Some([mean, deviation]) = draws {
                let _ = write!(text, ",{mean:e},{deviation:e}");
            }
            text.push('\n');
        }
        Ok(write_file(&out.join(self.place.file()), text.as_bytes())?)
    }
}
