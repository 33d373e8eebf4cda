//! From the text of an instrument file to the instrument.

use super::{
    Channel, Instrument,
    fields::{Fields, wrong_value},
    split_words,
};
use crate::{InstrumentError, TemperatureResponse};
use isopach_compute::Result;
use serde_json::Value;

/// DN of a photon are this over gain and wavelength: h c / 3.65 eV in Å.
const ANGSTROM_PER_ELECTRON: f64 = 3397.0;

/// Reads an instrument from the text of its file.
pub(super) fn parse_instrument(text: &str) -> Result<Instrument> {
    let most = Instrument::MOST_BYTES;
    if text.len() > most {
        return Err(InstrumentError::TooLarge {
            bytes: text.len(),
            most,
        }
        .into());
    }
    let value: Value = serde_json::from_str(text).map_err(InstrumentError::from)?;
    let fields = Fields::of_object("", &value)?;
    let name = parse_name(&fields)?;
    let headers = parse_headers(&fields)?;
    let pixel_arcsec = fields.get_positive("pixel_arcsec")?.ok_or_else(|| {
        fields.missing_key(
            "pixel_arcsec",
            "the side of a pixel of the detector, arcseconds",
        )
    })?;
    let binned_are_sums = match fields.get_text("binned")?.as_deref() {
        None | Some("mean") => false,
        Some("sum") => true,
        Some(other) => return Err(wrong_value("binned", "\"mean\" or \"sum\"", &other.into())),
    };
    let log_t = fields.get_numbers("log_t", "log10 of the temperatures of the responses, K")?;
    if log_t.len() < 2 || !log_t.windows(2).all(|w| w[0] < w[1]) {
        return Err(InstrumentError::Temperatures.into());
    }
    let defaults = ChannelDefaults::read_common(&fields)?;
    let unit = fields.get_text("unit")?;
    let response_until = fields.get_text("response_until")?;
    fields.get_text("source")?;
    let channels = parse_channels(&fields, &defaults, log_t.len())?;
    fields.refuse_unknown()?;
    check_names(&channels)?;
    Ok(Instrument {
        name,
        headers,
        pixel_arcsec,
        binned_are_sums,
        unit,
        response_until,
        log_t,
        channels,
    })
}

fn parse_name(fields: &Fields<'_>) -> Result<String> {
    let name = fields.get_text("instrument")?;
    let name = name.ok_or_else(|| fields.missing_key("instrument", "its name"))?;
    if name.contains([',', '=', ':']) {
        let must = "a name without , = and :";
        return Err(wrong_value("instrument", must, &name.into()));
    }
    Ok(name)
}

fn parse_channels(
    fields: &Fields<'_>,
    defaults: &ChannelDefaults,
    temperatures: usize,
) -> Result<Vec<Channel>> {
    let value = fields.require_value("channels", "a list of channels")?;
    let list = value
        .as_array()
        .ok_or_else(|| wrong_value("channels", "a list of channels", value))?;
    let most = TemperatureResponse::MOST_CHANNELS;
    if !(1..=most).contains(&list.len()) {
        return Err(InstrumentError::ChannelCount {
            channels: list.len(),
            most,
        }
        .into());
    }
    let numbered = list.iter().enumerate();
    numbered
        .map(|(i, value)| parse_channel(&format!("channels[{i}]."), value, defaults, temperatures))
        .collect()
}

/// Refuses two channels of one name.
fn check_names(channels: &[Channel]) -> Result<()> {
    for (i, channel) in channels.iter().enumerate() {
        let words = split_words(&channel.name);
        let mut before = channels[..i].iter();
        if let Some(first) = before.position(|other| split_words(&other.name) == words) {
            return Err(InstrumentError::SameName {
                first,
                second: i,
                name: channel.name.clone(),
            }
            .into());
        }
    }
    Ok(())
}

/// Values for all channels that have none of their own.
struct ChannelDefaults {
    gain: Option<f64>,
    read_noise: Option<f64>,
    saturation: Option<f64>,
}

impl ChannelDefaults {
    fn read_common(fields: &Fields<'_>) -> Result<Self> {
        Ok(Self {
            gain: fields.get_positive("gain")?,
            read_noise: fields.get_number("read_noise", "a number, zero or above", |x| x >= 0.0)?,
            saturation: fields.get_positive("saturation")?,
        })
    }
}

fn parse_channel(
    place: &str,
    value: &Value,
    defaults: &ChannelDefaults,
    temperatures: usize,
) -> Result<Channel> {
    let fields = Fields::of_object(place, value)?;
    let name = fields
        .get_text("name")?
        .ok_or_else(|| fields.missing_key("name", "a name for reports and options"))?;
    if split_words(&name).is_empty() || name.contains([',', '=', ':']) {
        return Err(wrong_value(
            &fields.path_of("name"),
            "a name with letters or digits, without , = and :",
            &name.into(),
        ));
    }
    let wavelength = fields.get_positive("wavelength")?;
    let keywords = match fields.get_value("keywords") {
        Some(value) => parse_keywords(&fields.path_of("keywords"), value)?,
        None => Vec::new(),
    };
    let own = ChannelDefaults::read_common(&fields)?;
    let dn_per_photon = parse_dn_per_photon(&fields, own.gain.or(defaults.gain), wavelength)?;
    let read_noise = own
        .read_noise
        .or(defaults.read_noise)
        .ok_or_else(|| fields.missing_key("read_noise", "DN a pixel and exposure, 0 for none"))?;
    let saturation = own.saturation.or(defaults.saturation);
    let response = parse_response(&fields, temperatures)?;
    fields.refuse_unknown()?;
    Ok(Channel {
        name,
        wavelength,
        keywords,
        dn_per_photon,
        read_noise,
        saturation: saturation.unwrap_or(f64::INFINITY),
        response,
    })
}

/// DN of a photon, given or from gain and wavelength.
fn parse_dn_per_photon(
    fields: &Fields<'_>,
    gain: Option<f64>,
    wavelength: Option<f64>,
) -> Result<f64> {
    if let Some(dn) = fields.get_positive("dn_per_photon")? {
        return Ok(dn);
    }
    let (Some(gain), Some(wavelength)) = (gain, wavelength) else {
        let remedy = "give it, or gain (electrons a DN) and wavelength (Å)";
        return Err(fields.missing_key("dn_per_photon", remedy).into());
    };
    let dn = ANGSTROM_PER_ELECTRON / (gain * wavelength);
    if dn.is_finite() && dn > 0.0 {
        return Ok(dn);
    }
    Err(InstrumentError::NoDnPerPhoton {
        key: fields.path_of("gain"),
        gain,
        wavelength,
        dn,
    }
    .into())
}

fn parse_response(fields: &Fields<'_>, temperatures: usize) -> Result<Vec<f64>> {
    let what = "DN cm^5 s^-1 px^-1, one for each of log_t";
    let response = fields.get_numbers("response", what)?;
    let path = fields.path_of("response");
    if response.len() != temperatures {
        return Err(InstrumentError::ValueCount {
            key: path,
            values: response.len(),
            temperatures,
        }
        .into());
    }
    if !response.iter().any(|x| *x > 0.0) {
        return Err(InstrumentError::NoResponse { key: path }.into());
    }
    Ok(response)
}

fn parse_headers(fields: &Fields<'_>) -> Result<Vec<Vec<(String, String)>>> {
    let value = fields.require_value(
        "headers",
        "how files say what they are of: [{\"INSTRUME\": \"XRT\"}]",
    )?;
    let list = value.as_array().filter(|list| !list.is_empty());
    let list =
        list.ok_or_else(|| wrong_value("headers", "a list: [{\"INSTRUME\": \"XRT\"}]", value))?;
    list.iter()
        .enumerate()
        .map(|(i, value)| parse_keywords(&format!("headers[{i}]"), value))
        .collect()
}

/// Keywords and the words they must have.
fn parse_keywords(path: &str, value: &Value) -> Result<Vec<(String, String)>> {
    let must = "keywords and their text: {\"INSTRUME\": \"XRT\"}";
    let object = value
        .as_object()
        .filter(|object| !object.is_empty())
        .ok_or_else(|| wrong_value(path, must, value))?;
    object
        .iter()
        .map(|(keyword, value): (&String, &Value)| {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => {
                    return Err(wrong_value(
                        &format!("{path}.{keyword}"),
                        "a text or a number",
                        value,
                    ));
                }
            };
            if split_words(&text).is_empty() {
                return Err(wrong_value(
                    &format!("{path}.{keyword}"),
                    "a text with letters or digits",
                    value,
                ));
            }
            Ok((keyword.to_uppercase(), text))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn good() -> Value {
        json!({
            "instrument": "XRT", "headers": [{ "INSTRUME": "XRT" }], "pixel_arcsec": 1.03, "gain": 57.5, "read_noise": 0,
            "log_t": [6.0, 6.5], "channels": [
                { "name": "Al-poly", "keywords": { "EC_FW1_": "Al_poly" }, "dn_per_photon": 0.06, "response": [1e-26, 0] },
                { "name": "195", "wavelength": 195.1, "response": [1e-26, 2e-26], "saturation": 2500 },
            ],
        })
    }

    fn refused(change: impl Fn(&mut Value), words: &[&str]) {
        let mut value = good();
        change(&mut value);
        let error = parse_instrument(&value.to_string())
            .unwrap_err()
            .to_string();
        assert!(
            words.iter().all(|word| error.contains(word)),
            "{error} without {words:?}"
        );
    }

    #[test]
    fn a_file_is_what_it_says() {
        let found = parse_instrument(&good().to_string()).unwrap();
        let [poly, euv] = &found.channels[..] else {
            panic!()
        };
        assert_eq!(
            (poly.dn_per_photon, poly.read_noise, poly.saturation),
            (0.06, 0.0, f64::INFINITY)
        );
        assert_eq!(
            (euv.dn_per_photon, euv.saturation),
            (3397.0 / (57.5 * 195.1), 2500.0)
        );
        assert!(!found.binned_are_sums);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_field() {
        let channel = |i: usize, key: &'static str, to: Value| {
            move |value: &mut Value| value["channels"][i][key] = to.clone()
        };
        refused(
            channel(1, "gian", json!(3)),
            &["channels[1].gian", "did you mean gain?"],
        );
        refused(
            |v| v["respons_until"] = json!("2010"),
            &["respons_until", "did you mean response_until?"],
        );
        refused(
            |v| v["zzz"] = json!("2010"),
            &["zzz", "known are binned, channels"],
        );
        refused(
            channel(0, "dn_per_photon", Value::Null),
            &["channels[0].dn_per_photon is missing", "wavelength"],
        );
        refused(
            channel(0, "dn_per_photon", json!(-1)),
            &["channels[0].dn_per_photon is -1", "above zero"],
        );
        refused(
            channel(0, "response", json!([1e-26])),
            &["channels[0].response has 1 numbers for 2 temperatures"],
        );
        refused(
            channel(0, "response", json!([0, -1])),
            &["channels[0].response is nowhere above zero"],
        );
        refused(
            channel(0, "response", json!([0, "a"])),
            &["channels[0].response[1] is \"a\""],
        );
        refused(
            channel(1, "name", json!("al poly")),
            &["channels[0] and channels[1]", "same name"],
        );
        refused(
            channel(1, "name", json!("a=b")),
            &["channels[1].name", "without , = and :"],
        );
        refused(
            channel(1, "keywords", json!({ "A": "--" })),
            &["channels[1].keywords.A"],
        );
        refused(
            channel(1, "gain", json!(1e308)),
            &["channels[1].gain is 1e308", "would make 0 DN"],
        );
        refused(
            |v| (v["gain"], v["channels"][1]["wavelength"]) = (json!(1e-308), json!(1e-9)),
            &["would make inf DN"],
        );
        refused(
            |v| v["read_noise"] = Value::Null,
            &["channels[0].read_noise is missing"],
        );
        refused(|v| v["log_t"] = json!([6.5, 6.0]), &["log_t", "ascend"]);
        refused(|v| v["channels"] = json!([]), &["channels has 0 entries"]);
        refused(
            |v| v["channels"] = json!([1]),
            &["channels[0] is 1", "object"],
        );
        refused(|v| v["headers"] = json!([]), &["headers is []"]);
        refused(|v| v["headers"] = json!([{}]), &["headers[0] is {}"]);
        refused(
            |v| v["binned"] = json!("sums"),
            &["binned is \"sums\"", "\"mean\" or \"sum\""],
        );
        refused(|v| v["instrument"] = json!(""), &["instrument is \"\""]);
        refused(|v| *v = json!([1, 2]), &["the file is [1,2]"]);
        assert!(
            parse_instrument("{\"instrument\": 1e999}")
                .unwrap_err()
                .to_string()
                .contains("no JSON")
        );
        assert!(
            parse_instrument(&"[".repeat(100_000))
                .unwrap_err()
                .to_string()
                .contains("no JSON")
        );
        let long = parse_instrument(&json!({ "instrument": vec![0; 10_000] }).to_string())
            .unwrap_err()
            .to_string();
        assert!(long.len() < 300, "{long}");
    }

    proptest::proptest! {
        #[test]
        fn damaged_files_are_an_instrument_or_an_error(at in 0_usize..600, byte in "[ -~]") {
            let mut text = good().to_string();
            let at = at % text.len();
            if text.is_char_boundary(at) && text.is_char_boundary(at + 1) {
                text.replace_range(at..=at, &byte);
            }
            let _ = parse_instrument(&text);
        }
    }
}
