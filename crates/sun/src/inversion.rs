//! The inversion that the options describe: bins of temperature, method, weights, saturation.

use crate::{
    options::{EmissionOptions, MOST_BINS, MethodName, OnSaturation, Output, SolveFor},
    source::About,
};
use isopach::emission::{
    Compatibility, Inversion, Method, MissingCounts, Outputs, Quantity, Saturation, Weights,
};
use std::error::Error;

/// Edges of the bins of temperature, log₁₀ K.
///
/// # Errors
/// If the file of edges cannot be read, or has too many.
pub(crate) fn bin_edges(options: &EmissionOptions) -> Result<Vec<f64>, Box<dyn Error>> {
    if let Some(path) = &options.log_t_edges {
        let edges = isopach_npy::read(path)?.values;
        if edges.len() > MOST_BINS + 1 {
            let bins = edges.len() - 1;
            return Err(format!(
                "--log-t-edges {} has {bins} bins, but must have {MOST_BINS} at most",
                path.display()
            )
            .into());
        }
        return Ok(edges);
    }
    let [low, high] = options.log_t[..] else {
        return Err("--log-t needs two numbers".into());
    };
    Ok((0..=options.bins)
        .map(|i| low + (high - low) * i as f64 / options.bins as f64)
        .collect())
}

/// Builds the inversion from the description of the inputs.
///
/// # Errors
/// If options contradict the inputs.
pub(crate) fn build_inversion(
    options: &EmissionOptions,
    about: &About,
    edges: Vec<f64>,
) -> Result<Inversion, Box<dyn Error>> {
    let mut inversion = Inversion::new(about.response.clone(), edges);
    inversion.report = Quantity::Integrated;
    inversion.missing = MissingCounts::Drop;
    inversion.max_iterations = options.max_iterations;
    inversion.chi_squared_target = options.chi2_target;
    inversion.target_growth = options.growth.unwrap_or(inversion.target_growth);
    inversion.solve_for = match options.solve_for {
        SolveFor::Differential => Quantity::Differential,
        SolveFor::Integrated => Quantity::Integrated,
    };
    inversion.weights = constraint_weights(options, about)?;
    inversion.method = match options.method {
        MethodName::Regularised => Method::Regularised,
        MethodName::Positive => Method::Positive,
        MethodName::NonNegative => Method::NonNegative,
    };
    inversion.compat = if options.compat {
        Compatibility::Strict
    } else {
        Compatibility::Off
    };
    inversion.negative_tolerance = options.negative_tolerance;
    inversion.pad_value = options.pad_value;
    if options.counts.is_none() && options.pad_value.is_some_and(|pad| pad != 0.0) {
        return Err(
            "--pad-value of FITS files must be 0: other numbers are divided by the exposure before they are compared"
                .into(),
        );
    }
    let asked = |output| options.outputs.contains(&output);
    inversion.outputs = Outputs {
        uncertainty: asked(Output::Uncertainty),
        log_t_resolution: asked(Output::Resolution),
        averaging_kernel: asked(Output::Kernel),
    };
    let then = match options.saturation {
        OnSaturation::Reject => MissingCounts::Reject,
        OnSaturation::Drop => MissingCounts::Drop,
        OnSaturation::Keep => return Ok(inversion),
    };
    inversion.saturation = about
        .levels
        .clone()
        .map(|levels| Saturation { levels, then });
    Ok(inversion)
}

/// The weights of the constraint.
fn constraint_weights(options: &EmissionOptions, about: &About) -> Result<Weights, String> {
    match &options.loci[..] {
        [] => Ok(Weights::SelfNormalised),
        [all] if all.eq_ignore_ascii_case("all") => Ok(Weights::EmissionMeasureLoci(
            (0..about.response.channels.len()).collect(),
        )),
        names => {
            let positions = names.iter().map(|name| about.channel("--loci", name));
            positions
                .collect::<Result<Vec<_>, _>>()
                .map(Weights::EmissionMeasureLoci)
        }
    }
}
