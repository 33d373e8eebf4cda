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
    let matching = |line: &&str| {
        let mut fields = line.split(',');
        let same_kind = fields.next() == Some(kind);
        let mut bound = || fields.next().and_then(|field| field.parse::<u16>().ok());
        same_kind
            && bound()
                .zip(bound())
                .is_some_and(|(first, last)| (first..=last).contains(&code))
    };
    match TABLE
        .lines()
        .find(matching)
        .and_then(|line| line.rsplit(',').next())
    {
        None => LengthUnit::Metre,
        Some("foot") => LengthUnit::Foot,
        Some("us_survey_foot") => LengthUnit::SurveyFoot,
        Some("clarke_foot") => LengthUnit::ClarkeFoot,
        Some(_) => LengthUnit::Other,
    }
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
