//! The class of a point after a filter has found the ground.

/// ASPRS classes of ground, and of points that are not classified.
const CLASSES: [u8; 2] = [2, 1];

/// Returns the ASPRS class of a point after a filter has found whether it is ground: 2 if it is; 1
/// if it is not but was of class 2; else the class that it had.
///
/// ```
/// use isopach_features::class_after_filter;
/// assert_eq!([(5, true), (2, false), (5, false)].map(|(c, is)| class_after_filter(c, is)), [2, 1, 5]);
/// ```
#[must_use]
pub fn class_after_filter(class: u8, is_ground: bool) -> u8 {
    let [ground, unclassified] = CLASSES;
    match is_ground {
        true => ground,
        false if class == ground => unclassified,
        false => class,
    }
}
