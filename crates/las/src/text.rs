//! Fixed-length text fields of headers and records.

/// Text up to its first zero byte.
pub(crate) fn trimmed_text(bytes: &[u8]) -> String {
    let end = bytes
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).trim().to_owned()
}
