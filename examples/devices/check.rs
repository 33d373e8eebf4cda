//! Every capability of a device against its definition.

use isopach::{emission, gpu::Gpu, neighbours, raster, registration};
use serde_json::json;
use std::{collections::BTreeMap, error::Error};

/// Prints what was found, a line an operation; the number of differences, declined operations left out.
pub(crate) fn run(gpu: &Gpu, as_json: bool) -> Result<usize, Box<dyn Error>> {
    let mut found = neighbours::conformance::conformance(gpu);
    found.extend(raster::conformance::conformance(gpu));
    found.extend(registration::conformance::conformance(gpu));
    found.extend(emission::conformance::conformance(gpu)?);
    let name = &gpu.adapter().name;
    let declined = |what: &str| what.contains("cannot");
    let differences = found.iter().filter(|finding| !declined(&finding.what)).count();
    let mut counts: BTreeMap<(&str, &str), (usize, &str)> = BTreeMap::new();
    for finding in &found {
        counts.entry((finding.operation, &finding.what)).or_insert((0, &finding.case)).0 += 1;
    }
    if as_json {
        let list: Vec<_> = counts
            .iter()
            .map(|((operation, what), (count, case))| json!({ "operation": operation, "what": what, "cases": count, "first": case }))
            .collect();
        println!("{}", json!({ "what": "conformance", "device": name, "differences": differences, "findings": list }));
        return Ok(differences);
    }
    println!("\n{name}: {differences} differences from the definitions");
    for ((operation, what), (count, case)) in counts {
        println!("  {operation}: {what} ({count} cases, the first: {case})");
    }
    Ok(differences)
}
