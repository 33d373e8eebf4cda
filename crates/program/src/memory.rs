//! Amounts of memory and disk on the command line: one way of writing them in all programs.

use crate::ProgramError;

/// Parses a number of bytes: 2GiB, 500MiB, 1.5GB; a plain number is MiB.
pub fn parse_bytes(option: &str, text: &str) -> Result<u64, ProgramError> {
    const UNITS: [(&str, f64); 8] = [
        ("KiB", 1024.0),
        ("MiB", 1_048_576.0),
        ("GiB", 1_073_741_824.0),
        ("TiB", 1_099_511_627_776.0),
        ("kB", 1e3),
        ("MB", 1e6),
        ("GB", 1e9),
        ("TB", 1e12),
    ];
    let unit = UNITS
        .iter()
        .find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, *bytes)));
    let (number, unit) = unit.unwrap_or((text, UNITS[1].1));
    let Ok(number) = number.trim().parse::<f64>() else {
        let value = format!("{text:?}");
        return Err(ProgramError::invalid_option(
            option,
            value,
            "be like 2GiB or 500MiB",
        ));
    };
    if !(number.is_finite() && number > 0.0) {
        let must = "be a finite number above zero";
        return Err(ProgramError::invalid_option(option, number, must));
    }
    let bytes = number * unit;
    if bytes >= 9e18 {
        return Err(ProgramError::invalid_option(option, text, "be below 8 EiB"));
    }
    Ok(bytes as u64)
}
