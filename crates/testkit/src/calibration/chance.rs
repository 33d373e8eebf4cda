//! Random numbers that are the same everywhere: a hash of a counter.

/// A sequence of random numbers.
#[derive(Debug)]
pub struct Chance {
    seed: u64,
    drawn: u64,
}

impl Chance {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self {
            seed: mixed(seed ^ 0x9E37_79B9_7F4A_7C15),
            drawn: 0,
        }
    }

    /// Uniform between 0 and 1, both excluded.
    pub fn uniform(&mut self) -> f64 {
        self.drawn += 1;
        ((mixed(self.seed ^ mixed(self.drawn)) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// Normal, of unit variance (Box & Muller 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// The last step of splitmix64.
pub fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
