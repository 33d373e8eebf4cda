//! Places in whole 1/2048 pixel, in little memory: a picture's map is larger than the caches, and is
//! read from memory for every image.

/// Places that share a base.
pub(super) const SHARED: usize = 16;

/// Stands for a coordinate of a place without a value; others are not below 0.
pub(super) const NOWHERE: i32 = i32::MIN;

/// Places, sixteen at a time: the first as a base, all as differences from it, if those fit in 16
/// bits.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FixedPlaces {
    groups: Vec<Shared>,
    /// x and y of the groups that [`Shared::base`] numbers.
    wide: Vec<Coordinates>,
}

/// The x and the y of sixteen places.
pub(super) type Coordinates = [[i32; SHARED]; 2];

/// Sixteen places.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shared {
    /// The first place; [`NOWHERE`] and a number among [`FixedPlaces::wide`] if they are there.
    base: [i32; 2],
    x: [i16; SHARED],
    y: [i16; SHARED],
}

/// The places of a group as they are held.
#[derive(Clone, Copy, Debug)]
pub(super) enum Group<'a> {
    /// A base and differences from it, for x and y.
    Shared([i32; 2], [&'a [i16; SHARED]; 2]),
    /// Each by itself.
    Wide(&'a Coordinates),
}

impl FixedPlaces {
    /// Places in order.
    pub(super) fn pack(places: &[Option<[i32; 2]>]) -> Self {
        let mut wide = Vec::new();
        let groups = places
            .chunks(SHARED)
            .map(|places| {
                let mut coordinates = [[NOWHERE; SHARED]; 2];
                for (i, place) in places.iter().enumerate() {
                    if let Some(place) = place {
                        [coordinates[0][i], coordinates[1][i]] = *place;
                    }
                }
                pack_group(coordinates).unwrap_or_else(|| {
                    wide.push(coordinates);
                    Shared {
                        // Fewer than 2³¹: a picture has fewer pixels.
                        base: [NOWHERE, wide.len() as i32 - 1],
                        x: [0; SHARED],
                        y: [0; SHARED],
                    }
                })
            })
            .collect();
        Self { groups, wide }
    }

    /// The place of a number; `None` without a value.
    #[inline]
    pub(super) fn place(&self, index: usize) -> Option<[i32; 2]> {
        let i = index % SHARED;
        let place = match self.group(index / SHARED) {
            Group::Shared(base, offsets) => {
                [0, 1].map(|axis| base[axis] + i32::from(offsets[axis][i]))
            }
            Group::Wide(coordinates) => [coordinates[0][i], coordinates[1][i]],
        };
        (place[0] != NOWHERE).then_some(place)
    }

    /// Sixteen places, the last of which may be beyond the end and have no value.
    #[inline]
    pub(super) fn group(&self, number: usize) -> Group<'_> {
        let shared = &self.groups[number];
        let [x, y] = shared.base;
        if x == NOWHERE {
            Group::Wide(&self.wide[y as usize])
        } else {
            Group::Shared([x, y], [&shared.x, &shared.y])
        }
    }

    /// Bytes that the places hold.
    pub(super) fn bytes(&self) -> u64 {
        (size_of_val(self.groups.as_slice()) + size_of_val(self.wide.as_slice())) as u64
    }
}

/// Sixteen places as differences from the first; `None` if one has no value or is too far away.
fn pack_group(coordinates: Coordinates) -> Option<Shared> {
    let base = coordinates.map(|axis| axis[0]);
    let mut shared = Shared {
        base,
        x: [0; SHARED],
        y: [0; SHARED],
    };
    for (offsets, (axis, base)) in [&mut shared.x, &mut shared.y]
        .into_iter()
        .zip(coordinates.iter().zip(base))
    {
        for (offset, &at) in offsets.iter_mut().zip(axis) {
            if at == NOWHERE {
                return None;
            }
            *offset = i16::try_from(at - base).ok()?;
        }
    }
    Some(shared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn places_come_back(
            steps in prop::collection::vec((-3000..3000_i32, -40_000..40_000_i32, 0..40_u8), 1..100),
        ) {
            let mut at = [1 << 30; 2];
            let places: Vec<Option<[i32; 2]>> = steps
                .iter()
                .map(|&(near, far, kind)| {
                    at = [at[0] + if kind == 1 { far } else { near }, at[1] - near];
                    (kind != 2).then_some(at)
                })
                .collect();
            let packed = FixedPlaces::pack(&places);
            let back: Vec<_> = (0..places.len()).map(|i| packed.place(i)).collect();
            prop_assert_eq!(back, places);
        }
    }

    #[test]
    fn neighbours_take_four_and_a_half_bytes() {
        let near: Vec<_> = (0..1600).map(|i| Some([2048 * i, 100 * i])).collect();
        assert_eq!(FixedPlaces::pack(&near).bytes(), 7200);
        let far: Vec<_> = (0..1600).map(|i| Some([20_480 * i, 100 * i])).collect();
        assert_eq!(FixedPlaces::pack(&far).bytes(), 20_000);
    }
}
