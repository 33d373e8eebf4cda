//! Units of the systems that EPSG knows by number, for files that give no more than the number.

use crate::LengthUnit;

/// Ranges of codes whose unit is not the metre.
const TABLE: &str = include_str!("../data/epsg_units.csv");

/// Unit of easting and northing of a projected system.
pub fn unit_of_projected(code: u16) -> LengthUnit {
    look_up_unit("projected", code)
}

/// Unit of the heights of a vertical system.
pub fn unit_of_vertical(code: u16) -> LengthUnit {
    look_up_unit("vertical", code)
}

fn look_up_unit(kind: &str, code: u16) -> LengthUnit {
    match TABLE
        .lines()
        .find(|line| is_row_of(line, kind, code))
        .and_then(|line| line.rsplit(',').next())
    {
        None => LengthUnit::Metre,
        Some("foot") => LengthUnit::Foot,
        Some("us_survey_foot") => LengthUnit::SurveyFoot,
        Some("clarke_foot") => LengthUnit::ClarkeFoot,
        Some(_) => LengthUnit::Other,
    }
}

/// Whether a row of the table is of this kind of system and its range has the code.
fn is_row_of(line: &str, kind: &str, code: u16) -> bool {
    let fields: Vec<&str> = line.split(',').collect();
    let [row_kind, first, last, _] = fields[..] else {
        return false;
    };
    let range = first.parse::<u16>().ok().zip(last.parse::<u16>().ok());
    row_kind == kind && range.is_some_and(|(first, last)| (first..=last).contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_systems() {
        let projected = [
            (26917, LengthUnit::Metre),
            (2992, LengthUnit::Foot),
            (2226, LengthUnit::SurveyFoot),
            (2314, LengthUnit::ClarkeFoot),
        ];
        assert!(
            projected
                .iter()
                .all(|&(code, unit)| unit_of_projected(code) == unit)
        );
        assert_eq!(
            unit_of_projected(24_370),
            LengthUnit::Other,
            "Kalianpur 1880 / India zone 0: Indian yards"
        );
        let vertical = [
            (5703, LengthUnit::Metre),
            (6360, LengthUnit::SurveyFoot),
            (8228, LengthUnit::Foot),
        ];
        assert!(
            vertical
                .iter()
                .all(|&(code, unit)| unit_of_vertical(code) == unit)
        );
    }

    #[test]
    fn the_table_is_whole() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
        let whole = |line: &str| {
            let fields: Vec<&str> = line.split(',').collect();
            fields.len() == 4 && fields[1..3].iter().all(|code| code.parse::<u16>().is_ok())
        };
        assert!(lines.clone().count() > 100);
        assert_eq!(
            lines.filter(|line| !whole(line)).collect::<Vec<_>>(),
            [""; 0]
        );
    }
}
