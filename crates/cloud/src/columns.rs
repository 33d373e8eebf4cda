//! Selection of the columns of a cloud.

/// A set of attribute columns of points, such as those to read from a file; coordinates are always
/// part of it. Beside the columns that all formats know, a point may have a number of extra bytes
/// ([`Self::extra_width`]).
///
/// ```
/// use isopach_cloud::Columns;
/// let wanted = Columns::CLASSIFICATION | Columns::RETURNS;
/// assert!(wanted.contains(Columns::RETURNS) && !wanted.contains(Columns::RGB));
/// assert_eq!(Columns::XYZ | wanted, wanted);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Columns(u32);

impl Columns {
    /// Coordinates alone.
    pub const XYZ: Self = Self(0);
    /// ASPRS class of each point.
    pub const CLASSIFICATION: Self = Self(1);
    /// Pulse return magnitude.
    pub const INTENSITY: Self = Self(2);
    /// Return number and number of returns.
    pub const RETURNS: Self = Self(4);
    /// GPS time, seconds.
    pub const GPS_TIME: Self = Self(8);
    /// Red, green and blue, 16 bits each.
    pub const RGB: Self = Self(16);
    /// Point source identifier (flight line).
    pub const POINT_SOURCE: Self = Self(32);
    /// Angle of the pulse, degrees.
    pub const SCAN_ANGLE: Self = Self(64);
    /// Flags of class, scanner channel, scan direction and edge of flight line.
    pub const FLAGS: Self = Self(128);
    /// User data.
    pub const USER_DATA: Self = Self(256);
    /// Near infrared.
    pub const NIR: Self = Self(512);
    /// All columns that the source has: readers leave out those that a file lacks.
    ///
    /// A column that is named by itself, or in a smaller set, is an error if the file lacks it.
    pub const ALL: Self = Self(1023);

    /// Lowest bit of the width of the extra bytes.
    const EXTRA: u32 = 16;

    /// Bits of the columns that all formats know.
    const fn standard_bits(self) -> u32 {
        self.0 & ((1 << Self::EXTRA) - 1)
    }

    /// Bytes a point of [`Attributes::extra`](crate::Attributes::extra); 0 if there are none.
    #[must_use]
    pub const fn extra_width(self) -> u16 {
        (self.0 >> Self::EXTRA) as u16
    }

    /// The same columns, and so many extra bytes a point.
    ///
    /// ```
    /// use isopach_cloud::Columns;
    /// let columns = Columns::INTENSITY.with_extra_width(6);
    /// assert!(columns.contains(Columns::INTENSITY) && columns.extra_width() == 6);
    /// assert!(!columns.contains(Columns::XYZ.with_extra_width(5)));
    /// ```
    #[must_use]
    pub const fn with_extra_width(self, bytes: u16) -> Self {
        Self(self.standard_bits() | (bytes as u32) << Self::EXTRA)
    }

    /// Union with the other set, like `|`. Of two widths of extra bytes it has the larger.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        let [a, b] = [self.extra_width(), other.extra_width()];
        let width = if a > b { a } else { b };
        Self(self.standard_bits() | other.standard_bits()).with_extra_width(width)
    }

    /// The columns of this set that are not in `other`; no extra bytes if `other` has some.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        let width = if other.extra_width() > 0 {
            0
        } else {
            self.extra_width()
        };
        Self(self.standard_bits() & !other.standard_bits()).with_extra_width(width)
    }

    /// One bit per column, the numbers of the constants above, and from bit 16 the width of the
    /// extra bytes: for serialisation.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Restores a selection from [`Self::bits`]; `None` for a bit that no column has.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if Self(bits).standard_bits() <= Self::ALL.0 {
            Some(Self(bits))
        } else {
            None
        }
    }

    /// Whether this set includes all columns of `other`: if it has extra bytes, as many.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        let [a, b] = [self.extra_width(), other.extra_width()];
        let standard = other.standard_bits();
        self.standard_bits() & standard == standard && (b == 0 || a == b)
    }
}

impl std::ops::BitOr for Columns {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.with(other)
    }
}

impl std::ops::BitOrAssign for Columns {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.with(other);
    }
}
