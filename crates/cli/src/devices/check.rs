//! Every capability of a device against its definition.

use super::{own_kernel::Own, teller::Teller};
use isopach::{
    compute::conformance::Finding,
    emission,
    gpu::{AdapterSelector, Gpu, GpuOptions, OpenError},
    neighbours, raster, registration,
};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    sync::mpsc,
    thread,
    time::Instant,
};

type Suite = fn(&Gpu) -> isopach::compute::Result<Vec<Finding>>;

/// The suites by capability, the longest first.
const SUITES: [(&str, Suite); 5] = [
    ("neighbours", |gpu| {
        Ok(neighbours::conformance::conformance(gpu))
    }),
    ("emission", |gpu| emission::conformance::conformance(gpu)),
    ("alignment", |gpu| {
        Ok(registration::conformance::conformance(gpu))
    }),
    ("rasters", |gpu| Ok(raster::conformance::conformance(gpu))),
    ("images", |gpu| Ok(raster::gather::conformance(gpu))),
];

/// The result of a suite.
struct Outcome {
    suite: &'static str,
    found: isopach::compute::Result<Vec<Finding>>,
    own: Own,
    ran: BTreeSet<&'static str>,
    kernels: BTreeSet<&'static str>,
    seconds: f64,
}

/// Runs all suites in parallel, each on a freshly opened device, so that the device's work is
/// counted for each suite. Prints a line as each suite ends; returns the number of differences and
/// of suites in which the device did no work. Declined operations are listed separately.
pub(crate) fn run(
    wanted: &AdapterSelector,
    options: &GpuOptions,
    as_json: bool,
) -> Result<usize, Box<dyn Error>> {
    let (send, outcomes) = mpsc::channel::<Result<Outcome, OpenError>>();
    let mut failures = 0;
    let mut ran = BTreeSet::new();
    let mut kernels = BTreeSet::new();
    let about = Gpu::open(wanted.clone(), options.clone())?;
    let teller = Teller::new(Some(&about), as_json);
    drop(about);
    thread::scope(|scope| {
        for (name, suite) in SUITES {
            let send = send.clone();
            // The receiver lives as long as any sender.
            scope.spawn(move || send.send(check_one(name, suite, wanted, options)).is_ok());
        }
        drop(send);
        for outcome in outcomes {
            let outcome = outcome?;
            failures += print_check(&outcome, &teller);
            ran.extend(outcome.ran);
            kernels.extend(outcome.kernels);
        }
        Ok::<(), OpenError>(())
    })?;
    let idle: Vec<&str> = kernels.difference(&ran).copied().collect();
    let line = json!({ "what": "kernels_checked", "kernels": kernels.len(), "ran": ran.len(), "did_not_run": idle });
    teller.print_line(line, || {
        format!(
            "{} of {} kernels ran; not {}",
            ran.len(),
            kernels.len(),
            idle.join(", ")
        )
    });
    Ok(failures)
}

fn check_one(
    name: &'static str,
    suite: Suite,
    wanted: &AdapterSelector,
    options: &GpuOptions,
) -> Result<Outcome, OpenError> {
    let gpu = Gpu::open(wanted.clone(), options.clone())?;
    let start = Instant::now();
    let found = suite(&gpu);
    let ran = gpu
        .kernel_times()
        .iter()
        .filter(|kernel| kernel.calls > 0)
        .map(|kernel| kernel.name)
        .collect();
    let kernels = gpu.kernel_names().into_iter().collect();
    Ok(Outcome {
        suite: name,
        found,
        own: Own::of(&gpu),
        ran,
        kernels,
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// Prints the result of a suite; returns the number of differences.
fn print_check(
    Outcome {
        suite,
        found,
        own,
        seconds,
        ..
    }: &Outcome,
    teller: &Teller,
) -> usize {
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            let line = json!({ "what": "conformance", "suite": suite, "differences": 1, "failed": error.to_string() });
            teller.print_line(line, || format!("{suite}: {error}"));
            return 1;
        }
    };
    let declined = |finding: &Finding| finding.what.contains("cannot");
    let differences = found.iter().filter(|finding| !declined(finding)).count();
    let mut counts: BTreeMap<(&str, &str), (usize, &str)> = BTreeMap::new();
    for finding in found {
        counts
            .entry((finding.operation, &finding.what))
            .or_insert((0, &finding.case))
            .0 += 1;
    }
    let list: Vec<_> = counts
        .iter()
        .map(|((operation, what), (count, case))| json!({ "operation": operation, "what": what, "cases": count, "first": case }))
        .collect();
    let idle = own.dispatches == 0;
    let line = json!({
        "what": "conformance", "suite": suite, "differences": differences, "declined": found.len() - differences, "findings": list,
        "dispatches": own.dispatches, "given_back": own.given_back, "did_nothing": idle, "seconds": seconds,
    });
    teller.print_line(line, || {
        let mut words = format!(
            "{suite}: {differences} differences from the definitions, {} declined; {} kernels were started, in {seconds:.1} s",
            found.len() - differences,
            own.dispatches
        );
        for ((operation, what), (count, case)) in &counts {
            words += &format!("\n  {operation}: {what} ({count} cases, the first: {case})");
        }
        words
    });
    differences + usize::from(idle)
}
