//! EXIF data of views: what a frame says of the place, the time and the camera, without what it
//! says of its own lens and size.
//!
//! COLMAP reads the focal length of an image from EXIF where nothing else gives it. That of a
//! panorama is wrong for its views, so fields of the lens are left out; `rig_config.json` states
//! the focal length exactly. Viewers take a picture with the panorama's XMP packet for a panorama:
//! it is left out too.

use exif::{Context, Exif, Field, In, Reader, Tag, Value, experimental::Writer};
use std::io::Cursor;

/// Most bytes of a field that is kept.
const MOST_BYTES: usize = 1024;

/// Fields that are kept, beside all of the place (GPS).
const KEPT: [Tag; 26] = [
    Tag::ImageDescription,
    Tag::Make,
    Tag::Model,
    Tag::Software,
    Tag::DateTime,
    Tag::Artist,
    Tag::Copyright,
    Tag::ExifVersion,
    Tag::DateTimeOriginal,
    Tag::DateTimeDigitized,
    Tag::OffsetTime,
    Tag::OffsetTimeOriginal,
    Tag::OffsetTimeDigitized,
    Tag::SubSecTime,
    Tag::SubSecTimeOriginal,
    Tag::SubSecTimeDigitized,
    Tag::ExposureTime,
    Tag::FNumber,
    Tag::ExposureProgram,
    Tag::PhotographicSensitivity,
    Tag::ExposureBiasValue,
    Tag::ExposureMode,
    Tag::WhiteBalance,
    Tag::BodySerialNumber,
    Tag::ColorSpace,
    Tag::ImageUniqueID,
];

/// The EXIF data of a view of a frame: a TIFF file. `None` if the frame's data have no field that
/// is kept, or cannot be read at all.
pub(crate) fn view_exif(of_frame: &[u8], columns: usize, rows: usize) -> Option<Vec<u8>> {
    let read = Reader::new()
        .continue_on_error(true)
        .read_raw(of_frame.to_vec())
        .or_else(|error| error.distill_partial_result(|_| ()));
    let frame: Exif = read.ok()?;
    let kept: Vec<&Field> = frame.fields().filter(|field| is_kept(field)).collect();
    if kept.is_empty() {
        return None;
    }
    let own = [
        own_field(Tag::Orientation, Value::Short(vec![1])),
        own_field(Tag::PixelXDimension, Value::Long(vec![columns as u32])),
        own_field(Tag::PixelYDimension, Value::Long(vec![rows as u32])),
    ];
    let mut writer = Writer::new();
    kept.into_iter()
        .chain(&own)
        .for_each(|field| writer.push_field(field));
    let mut bytes = Cursor::new(Vec::new());
    writer.write(&mut bytes, frame.little_endian()).ok()?;
    Some(bytes.into_inner())
}

fn is_kept(field: &Field) -> bool {
    let is_wanted = field.tag.context() == Context::Gps || KEPT.contains(&field.tag);
    field.ifd_num == In::PRIMARY && is_wanted && value_bytes(&field.value) <= MOST_BYTES
}

/// Bytes of a value; those that cannot be written are too many.
fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Byte(values) => values.len(),
        Value::Ascii(texts) => texts.iter().map(|text| text.len() + 1).sum(),
        Value::Short(values) => 2 * values.len(),
        Value::Long(values) => 4 * values.len(),
        Value::Rational(values) => 8 * values.len(),
        Value::SByte(values) => values.len(),
        Value::Undefined(values, _) => values.len(),
        Value::SShort(values) => 2 * values.len(),
        Value::SLong(values) => 4 * values.len(),
        Value::SRational(values) => 8 * values.len(),
        Value::Float(values) => 4 * values.len(),
        Value::Double(values) => 8 * values.len(),
        _ => usize::MAX,
    }
}

fn own_field(tag: Tag, value: Value) -> Field {
    Field {
        tag,
        ifd_num: In::PRIMARY,
        value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use exif::Rational;

    fn rational(num: u32, denom: u32) -> Rational {
        Rational { num, denom }
    }

    fn of_a_frame() -> Vec<u8> {
        let latitude = vec![rational(47, 1), rational(25, 1), rational(1234, 100)];
        let fields = [
            own_field(Tag::Make, Value::Ascii(vec![b"A camera".to_vec()])),
            own_field(Tag::Orientation, Value::Short(vec![6])),
            own_field(Tag::FocalLength, Value::Rational(vec![rational(12, 10)])),
            own_field(Tag::FocalLengthIn35mmFilm, Value::Short(vec![7])),
            own_field(Tag::PixelXDimension, Value::Long(vec![7680])),
            own_field(Tag::MakerNote, Value::Undefined(vec![3; 5000], 0)),
            own_field(Tag::GPSLatitudeRef, Value::Ascii(vec![b"N".to_vec()])),
            own_field(Tag::GPSLatitude, Value::Rational(latitude)),
            own_field(Tag::GPSAltitude, Value::Rational(vec![rational(4081, 10)])),
        ];
        let mut writer = Writer::new();
        fields.iter().for_each(|field| writer.push_field(field));
        let mut bytes = Cursor::new(Vec::new());
        writer.write(&mut bytes, true).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn place_and_camera_stay_and_the_lens_goes() {
        let of_view = view_exif(&of_a_frame(), 1920, 1080).unwrap();
        let read = Reader::new().read_raw(of_view).unwrap();
        let field = |tag| read.get_field(tag, In::PRIMARY);
        let number = |tag| field(tag).and_then(|field| field.value.get_uint(0));
        assert_eq!(number(Tag::Orientation), Some(1));
        assert_eq!(number(Tag::PixelXDimension), Some(1920));
        assert_eq!(number(Tag::PixelYDimension), Some(1080));
        for gone in [Tag::FocalLength, Tag::FocalLengthIn35mmFilm, Tag::MakerNote] {
            assert!(field(gone).is_none(), "{gone}");
        }
        assert!(field(Tag::Make).is_some());
        let Some(Value::Rational(latitude)) = field(Tag::GPSLatitude).map(|field| &field.value)
        else {
            panic!("no latitude");
        };
        assert_eq!(latitude[2].to_f64(), 12.34);
        assert!(field(Tag::GPSAltitude).is_some());
    }

    #[test]
    fn damaged_data_are_no_panic() {
        let whole = of_a_frame();
        for length in 0..whole.len() {
            let _ = view_exif(&whole[..length], 10, 10);
        }
        for at in 0..whole.len() {
            for value in [0, 1, 127, 255] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                let _ = view_exif(&damaged, 10, 10);
            }
        }
    }
}
