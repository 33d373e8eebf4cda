//! For a moment.
use crate::Gpu;
use isopach_registration::Align;
impl Align for Gpu {}
impl isopach_raster::Rasterise for Gpu {
    fn rasterise(
        &self,
        _: isopach_cloud::Positions<'_>,
        _: &isopach_raster::Grid,
        _: &[isopach_raster::CellStatistic],
    ) -> isopach_compute::Result<Vec<isopach_raster::Raster>> {
        Err(isopach_compute::Error::Unsupported { operation: "rasterise" })
    }
}
