//! Which compressed fields to decode.

use isopach_cloud::Columns;
use laz::DecompressionSelection;

/// The fields that columns need. Return numbers come with x and y. PDRF 0 to 5 decode everything
/// anyway.
pub(crate) fn layers_for(columns: Columns) -> DecompressionSelection {
    type Select = fn(DecompressionSelection) -> DecompressionSelection;
    let fields: [(Columns, Select); 9] = [
        (
            Columns::CLASSIFICATION,
            DecompressionSelection::decompress_classification,
        ),
        (
            Columns::INTENSITY,
            DecompressionSelection::decompress_intensity,
        ),
        (
            Columns::GPS_TIME,
            DecompressionSelection::decompress_gps_time,
        ),
        (Columns::RGB, DecompressionSelection::decompress_rgb),
        (
            Columns::POINT_SOURCE,
            DecompressionSelection::decompress_point_source_id,
        ),
        (
            Columns::SCAN_ANGLE,
            DecompressionSelection::decompress_scan_angle,
        ),
        (Columns::FLAGS, DecompressionSelection::decompress_flags),
        (
            Columns::USER_DATA,
            DecompressionSelection::decompress_user_data,
        ),
        (Columns::NIR, DecompressionSelection::decompress_nir),
    ];
    let mut base = DecompressionSelection::base().decompress_z();
    if columns.extra_width() > 0 {
        base = base.decompress_extra_bytes();
    }
    let wanted = fields
        .into_iter()
        .filter(|(column, _)| columns.contains(*column));
    wanted.fold(base, |selection, (_, select)| select(selection))
}
