//! Parameters and results as JSON and back.
#![cfg(feature = "serde")]

use isopach_emission::{
    Cpu, EmissionMap, Instrument, Inversion, Method, Observation, TemperatureResponse,
};
use ndarray::arr2;

fn round_trip<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

#[test]
fn an_inversion_and_its_map_come_back_the_same() {
    let edges = (0..=12).map(|i| 5.7 + 0.1 * f64::from(i)).collect();
    let inversion = Inversion {
        method: Method::Positive,
        ..Inversion::new(TemperatureResponse::aia(), edges)
    };
    assert_eq!(round_trip(&inversion), inversion);
    let counts = arr2(&[[3.4, 13.8, 520.0, 680.0, 230.0, 15.0]]).into_dyn();
    let sigma = arr2(&[[0.75, 1.2, 7.0, 7.5, 4.3, 0.86]]).into_dyn();
    let seen = Observation {
        counts: counts.view(),
        sigma: sigma.view(),
    };
    let map: EmissionMap<f64> = inversion.run(&Cpu, seen).unwrap();
    assert_eq!(round_trip(&map), map);
    let mut aia = Instrument::aia().unwrap();
    for channel in &mut aia.channels {
        channel.saturation = channel.saturation.min(1e9); // JSON has no infinity
    }
    assert_eq!(round_trip(&aia), aia);
}
