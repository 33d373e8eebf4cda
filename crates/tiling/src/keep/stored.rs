//! Results as bytes.

use isopach_cloud::{Attributes, Cloud, Columns, Origin, Rect};

/// A result that can be kept on disk and comes back the same, bit by bit. Numbers are little-endian.
///
/// ```
/// use isopach_tiling::Stored;
/// let mut bytes = Vec::new();
/// (7_u32, vec![0.5_f64, f64::NAN]).store(&mut bytes);
/// let (seven, halves) = <(u32, Vec<f64>)>::restore(&mut &bytes[..]).unwrap();
/// assert!(seven == 7 && halves[0] == 0.5 && halves[1].is_nan());
/// ```
pub trait Stored: Sized {
    /// Appends it.
    fn store(&self, to: &mut Vec<u8>);
    /// Takes it off the front; `None` where the bytes are none of it.
    fn restore(from: &mut &[u8]) -> Option<Self>;
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Stored for $number {
            #[inline]
            fn store(&self, to: &mut Vec<u8>) {
                to.extend_from_slice(&self.to_le_bytes());
            }
            #[inline]
            fn restore(from: &mut &[u8]) -> Option<Self> {
                let (bytes, rest) = from.split_first_chunk()?;
                *from = rest;
                Some(Self::from_le_bytes(*bytes))
            }
        }
    )*};
}
numbers!(u8, u16, u32, u64, i8, i16, i32, i64, f32, f64);

impl Stored for bool {
    fn store(&self, to: &mut Vec<u8>) {
        to.push(u8::from(*self));
    }
    fn restore(from: &mut &[u8]) -> Option<Self> {
        match u8::restore(from)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Stored for usize {
    fn store(&self, to: &mut Vec<u8>) {
        (*self as u64).store(to);
    }
    fn restore(from: &mut &[u8]) -> Option<Self> {
        u64::restore(from)?.try_into().ok()
    }
}

impl Stored for () {
    fn store(&self, _: &mut Vec<u8>) {}
    fn restore(_: &mut &[u8]) -> Option<Self> {
        Some(())
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn store(&self, to: &mut Vec<u8>) {
        self.len().store(to);
        to.reserve(size_of_val(&self[..]));
        self.iter().for_each(|item| item.store(to));
    }
    fn restore(from: &mut &[u8]) -> Option<Self> {
        let count = usize::restore(from)?;
        let mut items = Self::with_capacity(count.min(from.len()));
        for _ in 0..count {
            items.push(T::restore(from)?);
        }
        Some(items)
    }
}

impl<T: Stored + Copy + Default, const K: usize> Stored for [T; K] {
    fn store(&self, to: &mut Vec<u8>) {
        self.iter().for_each(|item| item.store(to));
    }
    fn restore(from: &mut &[u8]) -> Option<Self> {
        let mut items = [T::default(); K];
        for item in &mut items {
            *item = T::restore(from)?;
        }
        Some(items)
    }
}

macro_rules! tuples {
    ($(($($name:ident . $field:tt),+)),*) => {$(
        impl<$($name: Stored),+> Stored for ($($name,)+) {
            fn store(&self, to: &mut Vec<u8>) {
                $(self.$field.store(to);)+
            }
            fn restore(from: &mut &[u8]) -> Option<Self> {
                Some(($($name::restore(from)?,)+))
            }
        }
    )*};
}
tuples!((A.0, C.1), (A.0, C.1, D.2), (A.0, C.1, D.2, E.3));

impl Stored for Rect {
    fn store(&self, to: &mut Vec<u8>) {
        (self.min, self.max).store(to);
    }
    fn restore(from: &mut &[u8]) -> Option<Self> {
        let (min, max) = Stored::restore(from)?;
        Some(Self { min, max })
    }
}

impl Stored for Cloud {
    fn store(&self, to: &mut Vec<u8>) {
        let positions = self.positions();
        positions.origin().0.store(to);
        self.len().store(to);
        positions.ticks().iter().for_each(|point| point.store(to));
        self.attributes.columns().bits().store(to);
        for column in self.attributes.column_bytes() {
            to.extend_from_slice(column);
        }
    }
    fn restore(from: &mut &[u8]) -> Option<Self> {
        let origin = Origin(Stored::restore(from)?);
        let ticks: Vec<[i32; 3]> = Stored::restore(from)?;
        let columns = Columns::from_bits(Stored::restore(from)?)?;
        let mut attributes = Attributes::zeroed(columns, ticks.len());
        for column in attributes.column_bytes_mut() {
            column.copy_from_slice(from.split_off(..column.len())?);
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
            let mut bytes = Vec::new();
            result.store(&mut bytes);
            let mut rest = &bytes[..];
            let back: (Cloud, [f64; 3], Vec<bool>) = Stored::restore(&mut rest).unwrap();
            prop_assert!(rest.is_empty() && back.0 == result.0 && back.2 == result.2);
            prop_assert_eq!(back.1.map(f64::to_bits), bits);
            let part = (bytes.len() as f64 * cut) as usize;
            prop_assert!(<(Cloud, [f64; 3], Vec<bool>)>::restore(&mut &bytes[..part]).is_none());
        }
    }

    #[test]
    fn a_length_that_lies_takes_no_memory() {
        assert!(Vec::<u64>::restore(&mut &u64::MAX.to_le_bytes()[..]).is_none());
    }
}
