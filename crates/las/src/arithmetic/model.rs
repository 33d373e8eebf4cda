//! Adaptive models: how often each symbol came, and which part of the interval it therefore has.

/// Parts of the whole interval.
const WHOLE: u32 = 1 << 15;

/// Cells of the look-up table of a [`Model`].
pub(crate) const SEARCHED: usize = 512;

/// Cells of a model that only encodes: symbols are known, so none is looked up.
pub(crate) const NOT_SEARCHED: usize = 0;

/// An adaptive model over up to 256 symbols.
pub(crate) type Model = SmallModel<SEARCHED>;

/// One over up to 1024 symbols.
pub(crate) type LargeModel = ModelOf<u16, 1024, 1025, 2048>;

/// [`Model`] for encoding.
pub(crate) type EncodingModel = SmallModel<NOT_SEARCHED>;

/// [`LargeModel`] for encoding.
pub(crate) type LargeEncodingModel = ModelOf<u16, 1024, 1025, NOT_SEARCHED>;

/// A model over up to 256 symbols: [`Model`] or [`EncodingModel`].
pub(crate) type SmallModel<const CELLS: usize> = ModelOf<u8, 256, 257, CELLS>;

/// An adaptive model over up to `MOST` symbols, a power of two; `ENDS` is one more, and the look-up
/// table has `CELLS`, twice as many as `MOST` or [`NOT_SEARCHED`].
pub(crate) struct ModelOf<C, const MOST: usize, const ENDS: usize, const CELLS: usize> {
    symbols: usize,
    /// A table cell is 2^shift parts.
    shift: u32,
    /// The symbol at the start of each cell.
    cells: [C; CELLS],
    /// First part of each symbol; the last symbol ends at [`WHOLE`].
    starts: [u16; ENDS],
    counts: [u16; MOST],
    total: u32,
    cycle: u32,
    until_update: u32,
}

/// An integer that symbols fit into.
pub(crate) trait Cell: Copy + Default + Into<usize> + TryFrom<usize> {}

impl<T: Copy + Default + Into<usize> + TryFrom<usize>> Cell for T {}

/// Position of a symbol in the interval.
pub(crate) struct Found {
    pub(crate) symbol: usize,
    pub(crate) low: u16,
    pub(crate) high: u16,
    pub(crate) is_last: bool,
}

/// A model that is made when it is first asked for: most of a chunk's never are.
#[inline(always)]
pub(crate) fn get_or_create<const CELLS: usize>(
    model: &mut Option<Box<SmallModel<CELLS>>>,
    symbols: usize,
) -> &mut SmallModel<CELLS> {
    model.get_or_insert_with(|| Box::new(SmallModel::new(symbols)))
}

impl<C: Cell, const MOST: usize, const ENDS: usize, const CELLS: usize>
    ModelOf<C, MOST, ENDS, CELLS>
{
    /// All of 2 to `MOST` symbols equally likely.
    pub(crate) fn new(symbols: usize) -> Self {
        let bits = symbols.next_power_of_two().trailing_zeros() + 1;
        let mut counts = [0; MOST];
        counts[..symbols].fill(1);
        let mut model = Self {
            symbols,
            shift: 15 - bits,
            cells: [C::default(); CELLS],
            starts: [0; ENDS],
            counts,
            total: 0,
            cycle: symbols as u32,
            until_update: 0,
        };
        model.update_table();
        model.cycle = (symbols as u32 + 6) >> 1;
        model.until_update = model.cycle;
        model
    }

    /// The symbol that has the given part, which is below [`WHOLE`].
    #[inline(always)]
    pub(crate) fn find_symbol(&self, part: u32) -> Found {
        let mut symbol = self.cells[(part >> self.shift) as usize & (CELLS - 1)].into();
        while u32::from(self.starts[symbol + 1]) <= part && symbol < MOST - 1 {
            symbol += 1;
        }
        let [low, high] = [self.starts[symbol], self.starts[symbol + 1]];
        Found {
            symbol,
            low,
            high,
            is_last: symbol == self.symbols - 1,
        }
    }

    /// The parts that a symbol of the alphabet has.
    #[inline(always)]
    pub(crate) fn parts_of(&self, symbol: usize) -> Found {
        let symbol = symbol & (MOST - 1);
        Found {
            symbol,
            low: self.starts[symbol],
            high: self.starts[symbol + 1],
            is_last: symbol == self.symbols - 1,
        }
    }

    /// Notes that a symbol came.
    #[inline(always)]
    pub(crate) fn count_symbol(&mut self, symbol: usize) {
        self.counts[symbol & (MOST - 1)] += 1;
        self.until_update -= 1;
        if self.until_update == 0 {
            self.update_table();
        }
    }

    /// Recomputes the parts of all symbols from their counts.
    #[inline(never)]
    fn update_table(&mut self) {
        self.total += self.cycle;
        let counts = &mut self.counts[..self.symbols];
        if self.total > WHOLE {
            self.total = 0;
            for count in &mut *counts {
                *count = (*count + 1) >> 1;
                self.total += u32::from(*count);
            }
        }
        let scale = (1 << 31) / self.total;
        let mut sum = 0;
        let mut at = 0;
        let width = 1 << self.shift;
        for (symbol, count) in counts.iter().enumerate() {
            self.starts[symbol] = ((scale * sum) >> 16) as u16;
            sum += u32::from(*count);
            if CELLS == NOT_SEARCHED {
                continue;
            }
            let end = if symbol + 1 == self.symbols {
                WHOLE
            } else {
                (scale * sum) >> 16
            };
            let next = end.div_ceil(width) as usize;
            // it fits: below `MOST`
            self.cells[at..next].fill(C::try_from(symbol).unwrap_or_default());
            at = next;
        }
        self.starts[self.symbols] = WHOLE as u16;
        self.cycle = ((5 * self.cycle) >> 2).min((self.symbols as u32 + 6) << 3);
        self.until_update = self.cycle;
    }
}

/// An adaptive model of a bit.
pub(crate) struct BitModel {
    zeros: u32,
    total: u32,
    zero: u32,
    cycle: u32,
    until_update: u32,
}

impl BitModel {
    /// Both equally likely.
    pub(crate) fn new() -> Self {
        Self {
            zeros: 1,
            total: 2,
            zero: 1 << 12,
            cycle: 4,
            until_update: 4,
        }
    }

    /// Probability of a zero, in units of 1/2¹³.
    pub(crate) fn zero_bound(&self) -> u32 {
        self.zero
    }

    /// Notes that a bit came.
    pub(crate) fn count_bit(&mut self, bit: bool) {
        self.zeros += u32::from(!bit);
        self.until_update -= 1;
        if self.until_update > 0 {
            return;
        }
        self.total += self.cycle;
        if self.total > 1 << 13 {
            self.total = (self.total + 1) >> 1;
            self.zeros = (self.zeros + 1) >> 1;
            self.total += u32::from(self.zeros == self.total);
        }
        self.zero = (self.zeros * ((1 << 31) / self.total)) >> 18;
        self.cycle = ((5 * self.cycle) >> 2).min(64);
        self.until_update = self.cycle;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The look-up table finds the symbol that a search by the definition finds, for any history.
    #[test]
    fn every_part_belongs_to_the_symbol_that_starts_before_it() {
        for symbols in [2, 3, 13, 16, 33, 128, 256] {
            let mut model = Model::new(symbols);
            for round in 0..20_000 {
                if round % 1_999 == 0 {
                    for part in (0..WHOLE).step_by(7) {
                        let expected = (0..symbols).rfind(|&s| u32::from(model.starts[s]) <= part);
                        let found = model.find_symbol(part);
                        assert_eq!(
                            Some(found.symbol),
                            expected,
                            "{symbols} symbols, round {round}, part {part}"
                        );
                        assert!(u32::from(found.low) <= part && part < u32::from(found.high));
                    }
                }
                model.count_symbol((round * round) % symbols);
            }
        }
    }
}
