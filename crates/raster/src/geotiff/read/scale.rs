//! Scale and offset of stored numbers, as GDAL's metadata (tag 42112) state them.

use super::fault::{Read, damaged, shortened};
use ndarray::Array2;

/// Makes values of stored numbers: number × scale + offset, of the band that has this index.
pub(super) fn apply_scale(values: &mut Array2<f64>, metadata: &str, band: usize) -> Read<()> {
    let scale = stated_number(metadata, "scale", band)?.unwrap_or(1.0);
    let offset = stated_number(metadata, "offset", band)?.unwrap_or(0.0);
    if (scale, offset) != (1.0, 0.0) {
        values.mapv_inplace(|value| value * scale + offset);
    }
    Ok(())
}

/// The number of the item with this role: `<Item name="SCALE" sample="0" role="scale">0.1</Item>`.
fn stated_number(metadata: &str, role: &str, band: usize) -> Read<Option<f64>> {
    for item in metadata.split("<Item ").skip(1) {
        let Some((attributes, rest)) = item.split_once('>') else {
            continue;
        };
        let has = |name: &str, value: &str| attributes.contains(&format!("{name}=\"{value}\""));
        if !has("role", role) || !has("sample", &band.to_string()) {
            continue;
        }
        let text = rest.split('<').next().unwrap_or_default().trim();
        return match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Some(value)),
            _ => damaged(format!(
                "the {role} of band {} is {:?}, but must be a number",
                band + 1,
                shortened(text)
            )),
        };
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_band_has_its_own() {
        let text = r#"<GDALMetadata>
            <Item name="OFFSET" sample="0" role="offset">100</Item>
            <Item name="SCALE" sample="0" role="scale">0.5</Item>
            <Item name="SCALE" sample="1" role="scale">x</Item></GDALMetadata>"#;
        let mut values = Array2::from_elem((1, 2), 3.0);
        apply_scale(&mut values, text, 0).unwrap();
        assert_eq!(values, Array2::from_elem((1, 2), 101.5));
        assert!(apply_scale(&mut values, text, 1).is_err());
        apply_scale(&mut values, text, 2).unwrap();
        assert_eq!(values[[0, 0]], 101.5);
    }
}
