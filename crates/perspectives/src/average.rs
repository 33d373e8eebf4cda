//! The mean of blocks of pixels: views that are coarser than the panorama.

/// Averages blocks of `parts` × `parts` pixels, rounded half up once: from `columns · parts` pixels a
/// row to `columns`. Samples of `bands` lie together.
pub(crate) fn average_blocks(
    fine: &[u8],
    [columns, bands]: [usize; 2],
    parts: usize,
    coarse: &mut [u8],
) {
    let fine_row = columns * parts * bands;
    let count = (parts * parts) as u32;
    let mut sums = vec![0_u32; columns * bands];
    let rows = fine.chunks_exact(fine_row * parts);
    for (block_row, coarse_row) in rows.zip(coarse.chunks_exact_mut(columns * bands)) {
        sums.fill(0);
        for row in block_row.chunks_exact(fine_row) {
            let blocks = row.chunks_exact(parts * bands);
            for (block, sum) in blocks.zip(sums.chunks_exact_mut(bands)) {
                for pixel in block.chunks_exact(bands) {
                    for (sum, sample) in sum.iter_mut().zip(pixel) {
                        *sum += u32::from(*sample);
                    }
                }
            }
        }
        for (value, sum) in coarse_row.iter_mut().zip(&sums) {
            *value = ((2 * sum + count) / (2 * count)) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_averaged_band_by_band_and_rounded_half_up() {
        // Two blocks of 2 × 2 pixels with two bands.
        let fine = [
            0, 10, 1, 20, 255, 0, 255, 0, //
            1, 30, 0, 40, 255, 1, 255, 1,
        ];
        let mut coarse = [0; 4];
        average_blocks(&fine, [2, 2], 2, &mut coarse);
        assert_eq!(coarse, [1, 25, 255, 1]);
    }

    #[test]
    fn one_part_is_a_copy() {
        let fine: Vec<u8> = (0..60).collect();
        let mut coarse = vec![0; 60];
        average_blocks(&fine, [5, 3], 1, &mut coarse);
        assert_eq!(coarse, fine);
    }
}
