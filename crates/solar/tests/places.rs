//! Places of pixels against astropy, and what headers say.

use isopach_solar::{CountUnit, DisagreementKind, Keywords, SolarHeader, Wcs, find_disagreements};
use std::collections::BTreeMap;

#[derive(Clone, Default)]
struct Cards(BTreeMap<String, String>);

impl Cards {
    fn of(stated: &str) -> Self {
        Self(
            stated
                .split(' ')
                .filter_map(|card| card.split_once('='))
                .map(|(k, v)| (k.into(), v.into()))
                .collect(),
        )
    }

    fn with(&self, keyword: &str, value: &str) -> Self {
        let mut cards = self.clone();
        cards.0.insert(keyword.into(), value.into());
        cards
    }
}

impl Keywords for Cards {
    fn number(&self, keyword: &str) -> Option<f64> {
        self.0.get(keyword)?.parse().ok()
    }

    fn text(&self, keyword: &str) -> Option<&str> {
        self.0
            .get(keyword)
            .map(String::as_str)
            .filter(|text| text.parse::<f64>().is_err())
    }
}

#[test]
fn pixels_are_where_astropy_has_them() {
    let table = include_str!("data/wcs.csv");
    let mut rows = 0;
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(';').collect();
        let numbers: Vec<f64> = fields[2]
            .split(',')
            .map(|number| number.parse().unwrap())
            .collect();
        let wcs = Wcs::from_keywords(&Cards::of(fields[1])).unwrap();
        let [x, y] = wcs.pixel_to_world([numbers[0], numbers[1]]);
        let off = (x - numbers[2]).hypot(y - numbers[3]);
        assert!(
            off < 1e-6,
            "{}: {x} {y}, but astropy {} {}",
            fields[0],
            numbers[2],
            numbers[3]
        );
        let [u, v] = wcs.world_to_pixel([x, y]);
        assert!(
            (u - numbers[0]).hypot(v - numbers[1]) < 1e-6,
            "{}: {u} {v}",
            fields[0]
        );
        rows += 1;
    }
    assert_eq!(rows, 42);
}

#[test]
fn headers_without_a_place_say_why() {
    let synoptic = aia();
    for (keyword, value, word) in [
        ("CTYPE1", "HPLN-CAR", "TAN"),
        ("CTYPE1", "RA---TAN", "helioprojective"),
        ("CUNIT1", "km", "angle"),
        ("CDELT1", "0", "area"),
        ("CRPIX2", "nan", "CRPIX2"),
        ("LONPOLE", "0", "LONPOLE"),
    ] {
        let reason = Wcs::from_keywords(&synoptic.with(keyword, value)).unwrap_err();
        assert!(
            reason.to_string().contains(word),
            "{keyword}={value}: {reason}"
        );
    }
}

fn aia() -> Cards {
    Cards::of(
        "CTYPE1=HPLN-TAN CTYPE2=HPLT-TAN CUNIT1=arcsec CUNIT2=arcsec CRPIX1=512.5 CRPIX2=512.5 CDELT1=2.4 CDELT2=2.4 CROTA2=0 \
         TELESCOP=SDO/AIA INSTRUME=AIA_3 WAVELNTH=171 EXPTIME=2 T_OBS=2014-01-01T00:00:12.34Z QUALITY=0 IMG_TYPE=LIGHT ACS_ECLP=NO PIXLUNIT=DN",
    )
}

fn seen(cards: &Cards) -> SolarHeader {
    SolarHeader::from_keywords(cards)
}

#[test]
fn what_programs_keep_up_to_date_is_taken() {
    let divided = seen(&aia().with("BUNIT", "DN / s"));
    assert_eq!(divided.unit, Ok(Some(CountUnit::PerSecond)));
    assert!(
        divided
            .remarks
            .iter()
            .any(|words| words.contains("PIXLUNIT")),
        "{:?}",
        divided.remarks
    );
    assert_eq!(
        (seen(&aia()).unit, seen(&aia()).remarks.len()),
        (Ok(Some(CountUnit::Total)), 0)
    );
    assert!(
        seen(&aia().with("BUNIT", "W m-2 sr-1"))
            .unit
            .unwrap_err()
            .to_string()
            .contains("BUNIT")
    );
    assert!(
        seen(&aia().with("EXPTIME", "0"))
            .exposure
            .unwrap_err()
            .to_string()
            .contains("EXPTIME")
    );
}

#[test]
fn wavelengths_have_units() {
    for (number, unit, expected) in [
        ("171", "angstrom", 171.0),
        ("17.1", "nm", 171.0),
        ("17.1", "-9", 171.0),
        ("171 A", "angstrom", 171.0),
        ("171", "", 171.0),
    ] {
        let found = seen(&aia().with("WAVELNTH", number).with("WAVEUNIT", unit))
            .wavelength
            .unwrap();
        assert!((found - expected).abs() < 1e-9, "{number} {unit}: {found}");
    }
}

#[test]
fn instruments_are_told_apart() {
    assert_eq!(seen(&aia()).instrument.as_deref(), Some("SDO/AIA AIA_3"));
    let other = aia().with("TELESCOP", "GOES-16").with("INSTRUME", "SUVI");
    assert_eq!(seen(&other).instrument.as_deref(), Some("GOES-16 SUVI"));
    assert_eq!(seen(&Cards::of("WAVELNTH=171")).instrument, None);
}

#[test]
fn images_that_do_not_belong_together_are_named() {
    let first = seen(&aia());
    let against = |cards: &Cards| find_disagreements(&[first.clone(), seen(cards)], [1024, 1024]);
    assert_eq!(
        against(
            &aia()
                .with("CRPIX1", "512.8")
                .with("T_OBS", "2014-01-01T00:00:20Z")
        ),
        []
    );
    let grave = |cards: &Cards, kind: DisagreementKind, words: &str| {
        let found = against(cards);
        assert!(
            found
                .iter()
                .any(|d| d.kind == kind && d.is_grave && d.image == 1 && d.words.contains(words)),
            "{words}: {found:?}"
        );
    };
    grave(
        &aia().with("CRPIX1", "502.5"),
        DisagreementKind::Place,
        "10.0 pixels",
    );
    grave(
        &aia().with("CDELT1", "0.6").with("CDELT2", "0.6"),
        DisagreementKind::Place,
        "0.250 times",
    );
    grave(
        &aia().with("CROTA2", "0.2"),
        DisagreementKind::Place,
        "0.20°",
    );
    grave(
        &aia().with("T_OBS", "2014-01-03T00:00:12Z"),
        DisagreementKind::Time,
        "2.0 days",
    );
    grave(
        &aia().with("QUALITY", &((1 << 30) + (1 << 18)).to_string()),
        DisagreementKind::Quality,
        "calibration",
    );
    grave(
        &aia().with("IMG_TYPE", "DARK"),
        DisagreementKind::Quality,
        "DARK",
    );
    grave(
        &aia().with("ACS_ECLP", "YES"),
        DisagreementKind::Quality,
        "eclipsed",
    );
    let near = aia().with("HGLN_OBS", "0.01").with("HGLT_OBS", "-6.2");
    let ahead = seen(&near.with("HGLN_OBS", "359.9"));
    let apart = |cards: &Cards| find_disagreements(&[ahead.clone(), seen(cards)], [1024, 1024]);
    assert_eq!(apart(&near), [], "across the meridian");
    let other = apart(&near.with("HGLN_OBS", "80"));
    assert!(
        other.len() == 1
            && other[0].kind == DisagreementKind::Observer
            && other[0].words.contains("79.5°"),
        "{other:?}"
    );
    let later = against(&aia().with("T_OBS", "2014-01-01T00:12:12Z"));
    assert!(
        later.len() == 1 && !later[0].is_grave && later[0].words.contains("12 min"),
        "{later:?}"
    );
    let unknown = against(&aia().with("CTYPE1", "HPLN-CAR"));
    assert!(
        unknown.len() == 1
            && !unknown[0].is_grave
            && unknown[0].words.contains("cannot be compared"),
        "{unknown:?}"
    );
}
