//! Colours.

/// Nine colours of equal steps of lightness.
pub(crate) type Palette = [[u8; 3]; 9];

/// matplotlib's "inferno": emission.
pub(crate) const INFERNO: Palette = [
    [0, 0, 4],
    [31, 12, 72],
    [85, 15, 109],
    [136, 34, 106],
    [186, 54, 85],
    [227, 89, 51],
    [249, 140, 10],
    [249, 201, 50],
    [252, 255, 164],
];

/// matplotlib's "viridis": temperature.
pub(crate) const VIRIDIS: Palette = [
    [68, 1, 84],
    [72, 40, 120],
    [62, 74, 137],
    [49, 104, 142],
    [38, 130, 142],
    [31, 158, 137],
    [53, 183, 121],
    [110, 206, 88],
    [253, 231, 37],
];

/// "cividis" (Nuñez, Anderton & Renslow 2018): χ².
pub(crate) const CIVIDIS: Palette = [
    [0, 32, 77],
    [0, 53, 112],
    [60, 77, 110],
    [92, 99, 111],
    [124, 123, 120],
    [155, 147, 117],
    [190, 173, 105],
    [226, 202, 84],
    [255, 234, 70],
];

/// Colour of a missing number.
pub(crate) const GREY: [u8; 3] = [150, 150, 150];

/// The colour at a share of the palette, from 0 to 1.
pub(crate) fn colour(palette: &Palette, share: f32) -> [u8; 3] {
    let at = share.clamp(0.0, 1.0) * (palette.len() - 1) as f32;
    let below = (at as usize).min(palette.len() - 2);
    let part = at - below as f32;
    std::array::from_fn(|c| {
        let a = f32::from(palette[below][c]);
        let b = f32::from(palette[below + 1][c]);
        (a + part * (b - a)).round() as u8
    })
}
