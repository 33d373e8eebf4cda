//! The consumer of inverted rows, in their order: files, maps and counts of the whole image,
//! curves.

use crate::{
    BANDS,
    curves::{Curve, Curves},
    inverting::{Inverting, RowProgress},
    options::{Compress, EmissionOptions},
    overview::Overview,
    sink::{Number, Sink},
    source::{About, CubeKeyword},
};
use isopach::{
    compute::Result,
    emission::{RowBlock, Spread},
};
use serde_json::{Map, Value, json};

/// Rows that were taken so far.
pub(crate) struct Collected<'a> {
    inverting: &'a Inverting<'a>,
    sink: Sink,
    found: Overview,
    curves: Curves,
    progress: RowProgress<'a>,
}

/// The results of all rows.
pub(crate) struct Inverted {
    pub(crate) found: Overview,
    pub(crate) curves: Vec<Curve>,
    /// For compressed cubes: their names and the largest errors of rounding.
    pub(crate) errors: Map<String, Value>,
}

impl<'a> Collected<'a> {
    /// Opens the files of the results.
    ///
    /// # Errors
    /// If the files cannot be written.
    pub(crate) fn create<T: Number>(
        options: &EmissionOptions,
        about: &About,
        inverting: &'a Inverting<'a>,
        curves: Curves,
        history: &[CubeKeyword],
    ) -> Result<Self> {
        let Inverting {
            inversion, shape, ..
        } = inverting;
        let sink = Sink::create::<T>(options, inversion, about, *shape, history)?;
        let found = Overview::new(
            *shape,
            inversion.channels(),
            inverting.source.borrow().has_truth(),
        );
        Ok(Self {
            inverting,
            sink,
            found,
            curves,
            progress: RowProgress::begin(inverting.listener, shape[0]),
        })
    }

    /// Takes the next rows.
    ///
    /// # Errors
    /// If the rows cannot be written.
    pub(crate) fn take_rows<T: Number>(
        &mut self,
        block: &RowBlock<T>,
        spread: Option<&Spread>,
    ) -> Result<()> {
        let Inverting {
            inversion, source, ..
        } = self.inverting;
        let bands = inversion.in_bands(block.map.emission.view(), &BANDS)?;
        let temperature = inversion.mean_temperature(block.map.emission.view())?;
        if let Some(truth) = source.borrow().truth(block.rows.clone())? {
            self.found.add_truth(block.rows.start, &truth);
        }
        self.found.add(block, &bands, &temperature);
        if let Some(spread) = spread {
            self.found.add_draws(block, spread);
        }
        self.curves.add(block, spread, inversion);
        self.progress.add(block.rows.len());
        self.sink.write(block, &bands, &temperature, spread)
    }

    /// Gives the files their names, after `prepare` has removed the files that describe earlier
    /// results.
    ///
    /// # Errors
    /// Of `prepare`, the files and the curves.
    pub(crate) fn finish_files(self, prepare: impl FnOnce() -> Result<()>) -> Result<Inverted> {
        let Self {
            inverting,
            sink,
            found,
            curves,
            progress,
        } = self;
        prepare()?;
        let errors = sink
            .largest_errors()
            .into_iter()
            .map(|(name, error)| (name, json!(error)))
            .collect();
        sink.finish()?;
        drop(progress);
        let mut source = inverting.source.borrow_mut();
        let curves = curves.finish(
            &mut source,
            inverting.rows_at_once,
            inverting.inversion,
            &inverting.on,
        )?;
        Ok(Inverted {
            found,
            curves,
            errors,
        })
    }
}

/// Adds to a summary how the rows were inverted.
pub(crate) fn add_to_summary(
    summary: &mut Value,
    options: &EmissionOptions,
    inverting: &Inverting<'_>,
    inverted: &Inverted,
) {
    let Inverted { found, errors, .. } = inverted;
    if options.compress != Compress::None {
        let name = format!("{:?}", options.compress).to_lowercase();
        summary["compression"] = json!({ "by": name, "largest_error_of_rounding": errors });
    }
    if let Some(draws) = inverting.draws {
        let ratio = |q: f64| found.scatter_over_stated(q);
        let ratios = json!({ "p16": ratio(0.16), "median": ratio(0.5), "p84": ratio(0.84) });
        summary["monte_carlo"] =
            json!({ "draws": draws.draws, "seed": draws.seed, "scatter_over_stated": ratios });
    }
    let on = &inverting.on;
    summary["devices"] = on.devices().into_iter().map(|device| device.name).collect();
    summary["backends_absent"] = on.missing().into();
    summary["passed_on"] = on
        .fallbacks()
        .into_iter()
        .map(|passed| json!({ "device": passed.device, "causes": passed.causes }))
        .collect();
}
