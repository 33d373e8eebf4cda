//! Amounts as people read them.

/// Bytes in MiB.
pub(crate) fn to_mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Digits in threes: 1,234,567.
pub(crate) fn group_digits(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn digits_come_in_threes() {
        assert_eq!(
            [0, 7, 999, 1000, 12_345_678].map(super::group_digits),
            ["0", "7", "999", "1,000", "12,345,678"]
        );
    }
}
