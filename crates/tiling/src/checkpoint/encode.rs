//! Results as bytes on disk.

use super::stream::{ResultReader, ResultWriter};
use isopach_cloud::{Attributes, Cloud, Columns, Origin, Rect};

/// A result that can be kept on disk and comes back the same, bit by bit. Numbers are
/// little-endian.
///
/// It passes through a small buffer, so that beside the result itself nothing of its size is in
/// memory.
///
/// ```
/// use isopach_tiling::Encode;
/// let bytes = (7_u32, vec![0.5_f64, f64::NAN]).to_bytes();
/// let (seven, halves) = <(u32, Vec<f64>)>::from_bytes(&bytes).unwrap();
/// assert!(seven == 7 && halves[0] == 0.5 && halves[1].is_nan());
/// ```
pub trait Encode: Sized {
    /// Appends the value.
    fn encode_into(&self, to: &mut ResultWriter<'_>);
    /// Reads the value from the front; `None` for bytes that are not such a value.
    ///
    /// The bytes may be damaged: allocate no more memory than in proportion to
    /// [`ResultReader::remaining_bytes`].
    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self>;

    /// The bytes of the value.
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = ResultWriter::new(&mut bytes);
        self.encode_into(&mut writer);
        match writer.finish() {
            Ok(_) => bytes,
            Err(_) => unreachable!("memory can be written"),
        }
    }

    /// Reads the value from all of `bytes`; `None` for bytes that are not such a value.
    fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let length = bytes.len() as u64;
        let mut reader = ResultReader::new(&mut bytes, length);
        let result = Self::decode_from(&mut reader)?;
        (reader.remaining_bytes() == 0).then_some(result)
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Encode for $number {
            #[inline]
            fn encode_into(&self, to: &mut ResultWriter<'_>) {
                to.write_bytes(&self.to_le_bytes());
            }
            #[inline]
            fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
                from.take_array().map(Self::from_le_bytes)
            }
        }
    )*};
}
numbers!(u8, u16, u32, u64, i8, i16, i32, i64, f32, f64);

impl Encode for bool {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        u8::from(*self).encode_into(to);
    }
    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        match u8::decode_from(from)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Encode for usize {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        (*self as u64).encode_into(to);
    }
    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        u64::decode_from(from)?.try_into().ok()
    }
}

impl Encode for () {
    fn encode_into(&self, _: &mut ResultWriter<'_>) {}
    fn decode_from(_: &mut ResultReader<'_>) -> Option<Self> {
        Some(())
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        self.len().encode_into(to);
        self.iter().for_each(|item| item.encode_into(to));
    }
    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        let count = usize::decode_from(from)?;
        let most = from.remaining_bytes() / size_of::<T>().max(1) as u64;
        let mut items = Self::with_capacity(count.min(usize::try_from(most).unwrap_or(usize::MAX)));
        for _ in 0..count {
            items.push(T::decode_from(from)?);
        }
        Some(items)
    }
}

impl<T: Encode + Copy + Default, const K: usize> Encode for [T; K] {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        self.iter().for_each(|item| item.encode_into(to));
    }
    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        let mut items = [T::default(); K];
        for item in &mut items {
            *item = T::decode_from(from)?;
        }
        Some(items)
    }
}

macro_rules! tuples {
    ($(($($name:ident . $field:tt),+)),*) => {$(
        impl<$($name: Encode),+> Encode for ($($name,)+) {
            fn encode_into(&self, to: &mut ResultWriter<'_>) {
                $(self.$field.encode_into(to);)+
            }
            fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
                Some(($($name::decode_from(from)?,)+))
            }
        }
    )*};
}
tuples!((A.0, C.1), (A.0, C.1, D.2), (A.0, C.1, D.2, E.3));

impl Encode for Rect {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        (self.min, self.max).encode_into(to);
    }
    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        let (min, max) = Encode::decode_from(from)?;
        Some(Self { min, max })
    }
}

impl Encode for Cloud {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        let positions = self.positions();
        positions.origin().0.encode_into(to);
        self.len().encode_into(to);
        positions
            .ticks()
            .iter()
            .for_each(|point| point.encode_into(to));
        self.attributes.columns().bits().encode_into(to);
        for column in self.attributes.column_bytes() {
            to.write_bytes(column);
        }
    }
    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        let origin = Origin(Encode::decode_from(from)?);
        let ticks: Vec<[i32; 3]> = Encode::decode_from(from)?;
        let columns = Columns::from_bits(Encode::decode_from(from)?)?;
        // Rows may be 64 KiB wide: a length that lies must take no memory.
        let bytes = Attributes::bytes_per_point(columns).checked_mul(ticks.len() as u64)?;
        if bytes > from.remaining_bytes() {
            return None;
        }
        let mut attributes = Attributes::zeroed(columns, ticks.len());
        for column in attributes.column_bytes_mut() {
            from.fill_bytes(column)?;
        }
        let mut cloud = Self::new(origin, ticks);
        cloud.attributes = attributes;
        Some(cloud)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_stored_comes_back_and_half_of_it_does_not(
            points in prop::collection::vec(prop::array::uniform3(-1000.0..1000.0f64), 0..30), bits in any::<[u64; 3]>(), cut in 0.0..1.0f64,
        ) {
            let mut cloud = Cloud::from_points(&points).unwrap();
            cloud.attributes = Attributes::zeroed(Columns::RGB.with(Columns::GPS_TIME), points.len());
            let result = (cloud, bits.map(f64::from_bits), vec![true, false]);
            let bytes = result.to_bytes();
            let back: (Cloud, [f64; 3], Vec<bool>) = Encode::from_bytes(&bytes).unwrap();
            prop_assert!(back.0 == result.0 && back.2 == result.2);
            prop_assert_eq!(back.1.map(f64::to_bits), bits);
            let part = (bytes.len() as f64 * cut) as usize;
            prop_assert!(<(Cloud, [f64; 3], Vec<bool>)>::from_bytes(&bytes[..part]).is_none());
        }
    }

    #[test]
    fn extra_bytes_that_lie_take_no_memory() {
        let cloud = Cloud::from_points(&[[1.0; 3]; 2]).unwrap();
        let mut bytes = cloud.to_bytes();
        let bits = bytes.len() - size_of::<u32>();
        let wide = Columns::XYZ.with_extra_width(u16::MAX).bits();
        bytes[bits..].copy_from_slice(&wide.to_le_bytes());
        assert!(Cloud::from_bytes(&bytes).is_none());
    }

    #[test]
    fn a_length_that_lies_takes_no_memory() {
        assert!(Vec::<u64>::from_bytes(&u64::MAX.to_le_bytes()).is_none());
    }
}
