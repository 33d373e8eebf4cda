//! The quantities that bands hold, as far as a file says them.

use super::{
    fault::{GeoTiffFault, ReadResult, unsupported},
    image::Image,
    tags::{Directory, Tiff, Values},
};
use crate::BandRole;
use std::io::Seek;

/// Remedy for numbers that are no brightness.
const EXPAND: &str = "rewrite it with gdal_translate -expand rgb";

/// Roles of the bands: of the photometric interpretation, the extra samples, and the metadata that
/// GDAL writes.
///
/// The first extra band of a red, green and blue image is near infrared unless the file says
/// otherwise: orthophotos have it, and TIFF has no word for it.
pub(super) fn read_roles<R: std::io::Read + Seek>(
    tiff: &mut Tiff<R>,
    directory: &Directory,
    image: &Image,
) -> ReadResult<Vec<BandRole>> {
    let colours: &[BandRole] = match image.photometric {
        0 | 1 | 4 => &[BandRole::Grey],
        2 | 6 => &[BandRole::Red, BandRole::Green, BandRole::Blue],
        3 => {
            return Err(GeoTiffFault::Unsupported {
                what: "an image of numbers of a palette, which are no brightness,".into(),
                remedy: EXPAND,
            });
        }
        5 => return unsupported("an image of inks (CMYK)"),
        8..=10 => return unsupported("an image in CIE L*a*b*"),
        other => return unsupported(format!("photometric interpretation {other}")),
    };
    let extra = tiff.read_numbers(directory, 338, image.bands as u64)?;
    let extra: Vec<u64> = extra.iter().flat_map(Values::iter).collect();
    let mut roles: Vec<BandRole> = colours.iter().copied().take(image.bands).collect();
    let is_rgb = colours.len() == 3 && image.bands >= 3;
    if !is_rgb && image.bands > 1 + extra.iter().filter(|kind| matches!(kind, 1 | 2)).count() {
        // Grey with extra bands is what writers state of bands that they know nothing of.
        roles.fill(BandRole::Other);
    }
    for number in roles.len()..image.bands {
        roles.push(match extra.get(number - colours.len()) {
            Some(1 | 2) => BandRole::Alpha,
            _ => BandRole::Other,
        });
    }
    let metadata = tiff.read_text(directory, 42112)?;
    name_by_metadata(&mut roles, &metadata);
    let has_infrared = roles.contains(&BandRole::NearInfrared);
    if let (true, false, Some(role)) = (is_rgb, has_infrared, roles.get_mut(3))
        && *role == BandRole::Other
    {
        *role = BandRole::NearInfrared;
    }
    Ok(roles)
}

/// Takes the roles that GDAL's metadata state: `<Item name="COLORINTERP" sample="3"
/// role="colorinterp">NIR</Item>`.
fn name_by_metadata(roles: &mut [BandRole], metadata: &str) {
    for (number, role) in roles.iter_mut().enumerate() {
        let sample = format!("sample=\"{number}\"");
        let items = metadata.split("<Item ").skip(1);
        let stated = items.filter_map(|item| {
            let (attributes, rest) = item.split_once('>')?;
            let is_it = attributes.contains("role=\"colorinterp\"") && attributes.contains(&sample);
            is_it.then(|| {
                rest.split('<')
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .to_ascii_lowercase()
            })
        });
        for name in stated {
            *role = match name.as_str() {
                "red" => BandRole::Red,
                "green" => BandRole::Green,
                "blue" => BandRole::Blue,
                "nir" => BandRole::NearInfrared,
                "alpha" => BandRole::Alpha,
                "gray" => BandRole::Grey,
                _ => *role,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_name_bands() {
        let mut roles = vec![BandRole::Red, BandRole::Other, BandRole::Other];
        let text = r#"<GDALMetadata><Item name="COLORINTERP" sample="2" role="colorinterp">NIR</Item>
            <Item name="COLORINTERP" sample="1" role="colorinterp">Undefined</Item></GDALMetadata>"#;
        name_by_metadata(&mut roles, text);
        assert_eq!(
            roles,
            [BandRole::Red, BandRole::Other, BandRole::NearInfrared]
        );
    }
}
