//! Whether images are of one place at one time.

use crate::SolarHeader;

/// Largest distance in pixels between a pixel's place and that in the first image.
const APART: f64 = 0.5;
/// Arcseconds by which the Sun turns a second at the middle of the disc: 13.2° a day seen from the
/// Earth (Snodgrass & Ulrich 1990), a radius of 960″.
const TURNS: f64 = 960.0 * 13.2 * (std::f64::consts::PI / 180.0) / 86_400.0;
/// By how many pixels the Sun may turn between two exposures: beyond the first it is said, beyond
/// the second refused.
const TURNED: [f64; 2] = [0.5, 5.0];

/// Property in which an image disagrees with the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum DisagreementKind {
    /// Its pixels lie elsewhere: resample it.
    Place,
    /// It was taken at another time.
    Time,
    /// It was taken from elsewhere: another face of the Sun, that no resampling puts right.
    Observer,
    /// It cannot be used by itself.
    Quality,
}

/// Degrees that observers may be apart. The Earth moves by a tenth of that in latitude a day.
const OBSERVERS: f64 = 1.0;

/// A reason why an image cannot be inverted with the others, in words.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Disagreement {
    /// Property that disagrees.
    pub kind: DisagreementKind,
    /// Number of the image.
    pub image: usize,
    /// Whether the image should be refused; otherwise a warning is enough.
    pub is_grave: bool,
    /// Description: "it was taken 2 days from the first".
    pub words: String,
}

/// Lists the reasons why images of `shape` (columns, rows) cannot be inverted together. Places and
/// times are compared with those of the first image.
#[must_use]
pub fn find_disagreements(images: &[SolarHeader], shape: [usize; 2]) -> Vec<Disagreement> {
    let mut found = Vec::new();
    for (image, observation) in images.iter().enumerate() {
        for words in &observation.unusable {
            found.push(Disagreement {
                kind: DisagreementKind::Quality,
                image,
                is_grave: true,
                words: words.clone(),
            });
        }
        if let (0, Err(reason)) = (image, &observation.wcs)
            && images.len() > 1
        {
            let words = format!(
                "where it lies on the Sun is not known ({reason}): whether the others lie there is not checked"
            );
            found.push(Disagreement {
                kind: DisagreementKind::Place,
                image,
                is_grave: false,
                words,
            });
        }
        let Some(first) = images.first().filter(|_| image > 0) else {
            continue;
        };
        found.extend(
            compare_places(first, observation, shape).map(|(is_grave, words)| Disagreement {
                kind: DisagreementKind::Place,
                image,
                is_grave,
                words,
            }),
        );
        found.extend(
            compare_observers(first, observation).map(|words| Disagreement {
                kind: DisagreementKind::Observer,
                image,
                is_grave: true,
                words,
            }),
        );
        found.extend(
            compare_times(first, observation).map(|(is_grave, words)| Disagreement {
                kind: DisagreementKind::Time,
                image,
                is_grave,
                words,
            }),
        );
    }
    found
}

fn compare_places(
    first: &SolarHeader,
    other: &SolarHeader,
    shape: [usize; 2],
) -> Option<(bool, String)> {
    match (&first.wcs, &other.wcs) {
        (Ok(first), Ok(other)) => {
            let off = first.largest_offset(other, shape);
            if off <= APART {
                return None;
            }
            let turned = (other.roll() - first.roll() + 540.0) % 360.0 - 180.0;
            let scale = other.pixel_size() / first.pixel_size();
            let far = if off < 1e6 {
                format!("{off:.1}")
            } else {
                format!("{off:.0e}")
            };
            let mut words = format!("its pixels lie up to {far} pixels from those of the first");
            if (scale - 1.0).abs() > 1e-3 {
                words += &if (1e-3..1e6).contains(&scale) {
                    format!("; they are {scale:.3} times as large")
                } else {
                    format!("; they are {scale:.1e} times as large")
                };
            }
            if turned.abs() > 0.01 {
                words += &format!("; they are turned by {turned:.2}°");
            }
            Some((true, words))
        }
        (Ok(_), Err(reason)) => Some((
            false,
            format!("whether it lies where the first does is not known: {reason}"),
        )),
        // Said of the first.
        (Err(_), _) => None,
    }
}

fn compare_observers(first: &SolarHeader, other: &SolarHeader) -> Option<String> {
    let [[a, b], [c, d]] =
        [first.observer?, other.observer?].map(|place| place.map(f64::to_radians));
    // Haversines: small angles keep their digits.
    let half = ((b - d) / 2.0).sin().powi(2) + b.cos() * d.cos() * ((a - c) / 2.0).sin().powi(2);
    let apart = 2.0 * half.min(1.0).sqrt().asin().to_degrees();
    (apart > OBSERVERS).then(|| {
        format!("it was taken from elsewhere: the observers are {apart:.1}° apart about the Sun (HGLN_OBS, HGLT_OBS)")
    })
}

fn compare_times(first: &SolarHeader, other: &SolarHeader) -> Option<(bool, String)> {
    let seconds = other.time?.seconds_since(first.time?).abs();
    let pixel = first.wcs.as_ref().map_or(0.6, crate::Wcs::pixel_size);
    let turned = seconds * TURNS / pixel;
    (turned > TURNED[0]).then(|| {
        (
            turned > TURNED[1],
            format!(
                "it was taken {} from the first: the Sun turned by {turned:.1} pixels",
                words_of(seconds)
            ),
        )
    })
}

fn words_of(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s if s < 170_000.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.1} days", s / 86_400.0),
    }
}
