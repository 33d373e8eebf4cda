//! Selection of the columns of a cloud.

/// A set of attribute columns of points, such as those to read from a file; coordinates are always
/// part of it.
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

    /// Union with the other set, like `|`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The columns of this set that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// One bit per column, for serialisation: the numbers of the constants above.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Restores a selection from [`Self::bits`]; `None` for a bit that no column has.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits <= Self::ALL.0 {
            Some(Self(bits))
        } else {
            None
        }
    }

    /// Whether this set includes all columns of `other`.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
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
