//! The markers of a JPEG file: size, kind, EXIF and colour profile, and whether the file is whole.

use crate::{FrameError, chroma::Chroma};
use std::ops::Range;

/// The format's name in messages.
const FORMAT: &str = "JPEG";
/// Start of a segment with EXIF data.
const EXIF: &[u8] = b"Exif\0\0";
/// Start of a segment with a part of a colour profile; two bytes count the parts.
const PROFILE: &[u8] = b"ICC_PROFILE\0";
/// Start of a segment that names the colours, in its twelfth byte.
const ADOBE: &[u8] = b"Adobe";
/// Number of brightness and differences of colour in that byte; 0 of red, green and blue.
const ADOBE_PLANES: u8 = 1;

/// Contents of a JPEG file, without its pixels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct JpegHeader {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    /// 1 of grey pictures, 3 of colours, 4 of inks.
    pub(crate) components: usize,
    pub(crate) bits: u8,
    /// Whether the decoder must hold all coefficients.
    pub(crate) is_progressive: bool,
    /// Name, samples along columns and along rows of each component.
    sampling: Vec<[u8; 3]>,
    /// What the Adobe segment says of the colours.
    adobe: Option<u8>,
    /// The first EXIF data: a TIFF file.
    pub(crate) exif: Option<Range<usize>>,
    /// Parts of the colour profile with their numbers.
    profile: Vec<(u8, Range<usize>)>,
}

impl JpegHeader {
    /// Reads all markers of a file, to its end.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, FrameError> {
        let cut_short = FrameError::CutShort {
            format: FORMAT,
            bytes: bytes.len(),
        };
        let mut header = Self::default();
        let mut at = 2;
        loop {
            let (marker, after) = next_marker(bytes, at).ok_or_else(|| cut_short.clone())?;
            if marker == END {
                break;
            }
            if is_alone(marker) {
                at = after;
                continue;
            }
            let length = bytes
                .get(after..after + 2)
                .ok_or_else(|| cut_short.clone())?;
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            let segment = after + 2..after + length.max(2);
            let contents = bytes
                .get(segment.clone())
                .ok_or_else(|| cut_short.clone())?;
            header.take_segment(marker, contents, segment.start)?;
            at = segment.end;
        }
        if header.columns == 0 || header.rows == 0 {
            return Err(FrameError::Damaged {
                format: FORMAT,
                reason: "it has no size".into(),
            });
        }
        Ok(header)
    }

    fn take_segment(
        &mut self,
        marker: u8,
        contents: &[u8],
        start: usize,
    ) -> Result<(), FrameError> {
        match marker {
            // Start of a frame: not tables (DHT, JPG, DAC).
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => {
                let [bits, r0, r1, c0, c1, components, ref each @ ..] = *contents else {
                    return Err(FrameError::Damaged {
                        format: FORMAT,
                        reason: "the segment of its size is too short".into(),
                    });
                };
                self.bits = bits;
                self.rows = usize::from(u16::from_be_bytes([r0, r1]));
                self.columns = usize::from(u16::from_be_bytes([c0, c1]));
                self.components = usize::from(components);
                self.is_progressive = !matches!(marker, 0xC0 | 0xC1);
                self.sampling = each
                    .chunks_exact(3)
                    .map(|of| [of[0], of[1] >> 4, of[1] & 15])
                    .collect();
            }
            0xE1 if contents.starts_with(EXIF) && self.exif.is_none() => {
                self.exif = Some(start + EXIF.len()..start + contents.len());
            }
            0xE2 if contents.starts_with(PROFILE) && contents.len() >= PROFILE.len() + 2 => {
                let data = start + PROFILE.len() + 2..start + contents.len();
                self.profile.push((contents[PROFILE.len()], data));
            }
            0xEE if contents.starts_with(ADOBE) => self.adobe = contents.get(11).copied(),
            _ => {}
        }
        Ok(())
    }

    /// Resolution of the colours, if the components are brightness and differences of colour for
    /// any decoder, by their names and the Adobe segment, and the resolution is one that views may
    /// have. Other files are for the decoder to convert.
    pub(crate) fn plane_chroma(&self) -> Option<Chroma> {
        let [[1, across, down], [2, 1, 1], [3, 1, 1]] = self.sampling[..] else {
            return None;
        };
        if self.adobe.is_some_and(|named| named != ADOBE_PLANES) {
            return None;
        }
        match [across, down] {
            [2, 2] => Some(Chroma::Half),
            [2, 1] => Some(Chroma::HalfColumns),
            [1, 1] => Some(Chroma::Full),
            _ => None,
        }
    }

    /// The colour profile, of all its parts.
    pub(crate) fn profile(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut parts = self.profile.clone();
        parts.sort_by_key(|(number, _)| *number);
        let profile: Vec<u8> = parts
            .into_iter()
            .flat_map(|(_, part)| &bytes[part])
            .copied()
            .collect();
        (!profile.is_empty()).then_some(profile)
    }
}

/// End of the picture.
const END: u8 = 0xD9;

/// Whether a marker has no segment: restarts, starts, and a filler that old files have.
fn is_alone(marker: u8) -> bool {
    matches!(marker, 0x01 | 0xD0..=0xD8)
}

/// The next marker from `at` on, and the place behind it: compressed data are passed over, whose
/// bytes FF are followed by 00.
fn next_marker(bytes: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == 0xFF)?;
        let marker = *bytes.get(at + 1)?;
        match marker {
            0xFF => at += 1,
            0x00 => at += 2,
            _ => return Some((marker, at + 2)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use libjpeg_turbo_rs::{Encoder, PixelFormat, Subsampling};

    fn picture() -> Vec<u8> {
        let pixels: Vec<u8> = (0..64 * 32 * 3)
            .map(|i: u32| ((i * 7919) >> 4) as u8)
            .collect();
        Encoder::new(&pixels, 64, 32, PixelFormat::Rgb)
            .quality(90)
            .subsampling(Subsampling::S420)
            .exif_data(b"MM\0*\0\0\0\x08\0\0\0\0\0\0")
            .icc_profile(&[7; 70_000])
            .encode()
            .unwrap()
    }

    #[test]
    fn size_and_segments_are_found() {
        let bytes = picture();
        let header = JpegHeader::read(&bytes).unwrap();
        assert_eq!(
            [header.columns, header.rows, header.components],
            [64, 32, 3]
        );
        assert!(!header.is_progressive && header.bits == 8);
        assert_eq!(&bytes[header.exif.clone().unwrap()][..4], b"MM\0*");
        assert_eq!(header.profile(&bytes).unwrap(), [7; 70_000]);
    }

    #[test]
    fn planes_are_told_by_names_sampling_and_the_adobe_segment() {
        let mut header = JpegHeader::read(&picture()).unwrap();
        assert_eq!(header.plane_chroma(), Some(Chroma::Half));
        header.adobe = Some(ADOBE_PLANES);
        assert_eq!(header.plane_chroma(), Some(Chroma::Half));
        header.adobe = Some(0);
        assert_eq!(header.plane_chroma(), None);
        header.adobe = None;
        header.sampling[0] = [1, 2, 1];
        assert_eq!(header.plane_chroma(), Some(Chroma::HalfColumns));
        header.sampling[0] = [1, 1, 1];
        assert_eq!(header.plane_chroma(), Some(Chroma::Full));
        header.sampling[0] = [1, 1, 2];
        assert_eq!(header.plane_chroma(), None);
        header.sampling = [*b"R\x01\x01", *b"G\x01\x01", *b"B\x01\x01"].to_vec();
        assert_eq!(header.plane_chroma(), None);
    }

    #[test]
    fn a_file_that_ends_early_anywhere_is_cut_short() {
        let bytes = picture();
        for length in 2..bytes.len() - 1 {
            let found = JpegHeader::read(&bytes[..length]);
            assert!(
                matches!(found, Err(FrameError::CutShort { .. })),
                "{length}: {found:?}"
            );
        }
    }
}
