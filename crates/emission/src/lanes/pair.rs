//! Twice as many lanes, side by side: where steps wait for each other, two of each wait at the same
//! time.

use super::Lanes;
use std::ops::{Add, Div, Mul, Sub};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair<V>(V, V);

macro_rules! both {
    ($trait:ident, $name:ident) => {
        impl<V: Lanes> $trait for Pair<V> {
            type Output = Self;
            #[inline(always)]
            fn $name(self, other: Self) -> Self {
                Self(self.0.$name(other.0), self.1.$name(other.1))
            }
        }
    };
}
both!(Add, add);
both!(Sub, sub);
both!(Mul, mul);
both!(Div, div);

impl<V: Lanes> Lanes for Pair<V> {
    type Scalar = V::Scalar;
    type Mask = (V::Mask, V::Mask);
    const COUNT: usize = 2 * V::COUNT;

    #[inline(always)]
    fn splat(x: V::Scalar) -> Self {
        Self(V::splat(x), V::splat(x))
    }
    #[inline(always)]
    fn load(from: &[V::Scalar]) -> Self {
        Self(V::load(from), V::load(&from[V::COUNT..]))
    }
    #[inline(always)]
    fn store(self, to: &mut [V::Scalar]) {
        self.0.store(to);
        self.1.store(&mut to[V::COUNT..]);
    }
    #[inline(always)]
    fn square_root(self) -> Self {
        Self(self.0.square_root(), self.1.square_root())
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Self(self.0.abs(), self.1.abs())
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(self.0.max(other.0), self.1.max(other.1))
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0), self.1.min(other.1))
    }
    #[inline(always)]
    fn less_than(self, than: Self) -> Self::Mask {
        (self.0.less_than(than.0), self.1.less_than(than.1))
    }
    #[inline(always)]
    fn at_most(self, other: Self) -> Self::Mask {
        (self.0.at_most(other.0), self.1.at_most(other.1))
    }
    #[inline(always)]
    fn both_masks(a: Self::Mask, b: Self::Mask) -> Self::Mask {
        (V::both_masks(a.0, b.0), V::both_masks(a.1, b.1))
    }
    #[inline(always)]
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
        Self(
            V::select(mask.0, yes.0, no.0),
            V::select(mask.1, yes.1, no.1),
        )
    }
    #[inline(always)]
    fn any_lane(mask: Self::Mask) -> bool {
        V::any_lane(mask.0) | V::any_lane(mask.1)
    }
}
