//! Thousands of damaged GeoTIFFs: an error or a raster; never a panic, a hang, or more memory than
//! the limits allow.
//!
//! `HOSTILE_CASES=100000 cargo test -p isopach-raster --test hostile_tiff -- --nocapture` runs as
//! many as docs/correctness.md reports.

#![allow(missing_docs, clippy::print_stderr)]

mod common;
mod tiff_numbers;

use common::tiff_file::{Compression, Layout, Picture, Place, TiffFile};
use isopach_cloud::Crs;
use isopach_raster::{
    GeoTiff, GeoTiffBlocks, GeoTiffLimits, Grid, ImageSource as _, Raster, write_geotiff,
};
use isopach_testkit::hostile::{self, MEMORY, PeakAlloc, Watch, random};
use ndarray::Array2;
use std::{
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};
use tiff_numbers::directories;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Memory is counted for the whole process: one test at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

const LIMITS: GeoTiffLimits = GeoTiffLimits {
    cells: 1 << 18,
    cells_per_byte: 16,
    block_bytes: 1 << 20,
    text_bytes: 1 << 16,
    memory_bytes: 4 << 20,
};

/// Values; a block as it is stored and as it is expanded, a decoder's window with what it grows
/// from; tables and texts.
const ALLOWED: usize = (4 + 2 + 1 + 8 + 1) << 20;

/// JPEG blocks.
const JPEG: [&str; 5] = [
    "jpeg_ycbcr",
    "jpeg_strips",
    "jpeg_rgb",
    "jpeg_planar",
    "jpeg_rgb_nir",
];

/// Files of every kind that is read, named.
fn wholes(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let layouts = [
        Layout::Strips(5),
        Layout::Strips(40),
        Layout::Tiles([16, 32]),
    ];
    let samples = [
        (3, 32, 1),
        (3, 32, 3),
        (3, 64, 1),
        (1, 8, 1),
        (2, 16, 2),
        (1, 32, 1),
        (1, 1, 1),
        (3, 16, 1),
    ];
    for (number, (compression, layout)) in Compression::ALL
        .into_iter()
        .flat_map(|one| layouts.map(|layout| (one, layout)))
        .enumerate()
    {
        for (format, bits, predictor) in samples {
            let is_small = number % 2 == 0;
            let mut file = TiffFile::new(number % 3 == 1, number % 4 == 3);
            let picture = Picture {
                columns: if is_small { 23 } else { 50 },
                rows: 33,
                bands: if number % 5 == 2 { 3 } else { 1 },
                is_planar: bits % 16 == 0,
                format,
                bits,
                predictor,
                compression,
                layout,
                is_sparse: number % 7 == 3,
                place: Some(if is_small { Place::Ties } else { Place::Matrix }),
                is_mask: false,
            };
            file.add(&picture);
            if number % 2 == 1 {
                file.add(&Picture {
                    bands: 1,
                    is_planar: false,
                    format: 1,
                    bits: 1,
                    predictor: 1,
                    place: None,
                    is_mask: true,
                    ..picture
                });
            }
            files.push((
                format!("{number}, {format}-{bits}, {compression:?}, {layout:?}"),
                file.bytes(),
            ));
        }
    }
    for (name, columns, rows) in [("small.tif", 60, 40), ("with_overviews.tif", 300, 280)] {
        let path = folder.join(name);
        write_geotiff(
            &path,
            &raster(columns, rows),
            &Crs {
                vertical: Some(5703),
                ..Crs::from_epsg(26917)
            },
        )
        .unwrap();
        files.push((name.into(), fs::read(path).unwrap()));
    }
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for name in JPEG {
        let path = data.join(format!("{name}.tif"));
        files.push((name.into(), fs::read(path).unwrap()));
    }
    files
}

fn raster(columns: usize, rows: usize) -> Raster {
    let grid = Grid {
        cell_size: 0.5,
        first: [1_260_000, 9_666_000],
        columns,
        rows,
    };
    let values = Array2::from_shape_fn((rows, columns), |(row, column)| {
        if (row * column) % 11 == 3 {
            f64::NAN
        } else {
            f64::from(((row * column) % 701) as u32) * 0.25
        }
    });
    Raster { grid, values }
}

/// A number that nobody expects in a place, of so many bytes.
fn lie(length: usize, state: &mut u64) -> u64 {
    let lies = [
        0,
        1,
        2,
        3,
        8,
        16,
        255,
        65_535,
        1 << 20,
        (1 << 31) - 1,
        u64::from(u32::MAX),
        1 << 40,
        (1 << 63) - 1,
        u64::MAX,
        length as u64,
        length as u64 - 1,
        length as u64 / 2,
    ];
    let number = random(state) as usize % (lies.len() + 3);
    lies.get(number)
        .copied()
        .unwrap_or_else(|| random(state) % (2 * length as u64))
}

/// Damages a file in one of many ways.
fn damaged(whole: &[u8], state: &mut u64) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let pick = |state: &mut u64, count: usize| random(state) as usize % count.max(1);
    let numbers = directories(whole);
    match pick(state, 10) {
        0 => bytes.truncate(pick(state, whole.len())),
        // Fields of directories: tags, types, counts, values, the places of the next ones.
        1..=4 => {
            for _ in 0..=pick(state, 3) {
                let field = numbers.fields[pick(state, numbers.fields.len())];
                field.set(&mut bytes, lie(whole.len(), state));
            }
        }
        // Tables of blocks: one of them, or all alike, so that they lie in each other.
        5 | 6 => {
            let table = &numbers.tables[pick(state, numbers.tables.len())];
            let value = lie(whole.len(), state);
            let first = pick(state, table.len());
            let count = if pick(state, 2) == 0 { 1 } else { table.len() };
            table
                .iter()
                .skip(if count == 1 { first } else { 0 })
                .take(count)
                .for_each(|f| f.set(&mut bytes, value));
        }
        // Two fields change places.
        7 => {
            let [a, b] = [0; 2].map(|_| numbers.fields[pick(state, numbers.fields.len())]);
            let [of_a, of_b] = [a, b].map(|field| field.get(whole));
            a.set(&mut bytes, of_b);
            b.set(&mut bytes, of_a);
        }
        8 => {
            let at = pick(state, whole.len());
            let end = (at + [1, 4, 8, 64][pick(state, 4)]).min(whole.len());
            bytes[at..end].fill([0, 0x7F, 0x80, 0xFF][pick(state, 4)]);
        }
        _ => (0..=pick(state, 8)).for_each(|_| {
            let at = pick(state, whole.len());
            bytes[at] = random(state) as u8;
        }),
    }
    bytes
}

/// Reads the first band, and puts it on the absolute grid; whether there was one.
fn read(path: &Path) -> bool {
    let found = GeoTiff::read_band_within(path, 1, LIMITS);
    if let Err(error) = &found {
        assert!(error.to_string().contains("a.tif"), "{error}");
    }
    let Ok(found) = found else { return false };
    let (rows, columns) = found.values.dim();
    if let Ok(raster) = found.into_raster() {
        assert_eq!((raster.grid.rows, raster.grid.columns), (rows, columns));
    }
    true
}

/// Blocks of a level that are read of a damaged file: it may claim many.
const SOME_BLOCKS: usize = 40;

/// Reads blocks of all bands of all levels; whether all could be read.
fn read_blocks(path: &Path) -> bool {
    let image = match GeoTiffBlocks::open_within(path, LIMITS) {
        Ok(image) => image,
        Err(error) => {
            assert!(error.to_string().contains("a.tif"), "{error}");
            return false;
        }
    };
    let mut are_whole = true;
    for (level, shape) in image.description().levels.iter().enumerate() {
        let [across, down] = shape.blocks();
        let most = (across * down).min(SOME_BLOCKS);
        for number in 0..most {
            let block = [number % across, number / across];
            match image.read_block(level, block) {
                Ok(found) => assert_eq!(found.size(), shape.size_of_block(block)),
                Err(error) => {
                    assert!(error.to_string().contains("a.tif"), "{error}");
                    are_whole = false;
                }
            }
        }
    }
    are_whole
}

#[test]
fn nothing_but_errors_and_rasters() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    // Panics of codecs are caught and become errors; their backtraces would only take time. Ours
    // are told.
    std::panic::set_hook(Box::new(|panic| {
        let codecs = ["ruzstd-", "weezl-", "flate2-", "miniz_oxide-", "zune-"];
        if !panic
            .location()
            .is_some_and(|place| codecs.iter().any(|codec| place.file().contains(codec)))
        {
            eprintln!("{panic}");
        }
    }));
    let cases = hostile::cases(3000);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let wholes = wholes(folder.path());
    for (name, whole) in &wholes {
        fs::write(&path, whole).unwrap();
        let found = GeoTiff::read_band_within(&path, 1, LIMITS);
        assert!(found.is_ok(), "{name}: {}", found.unwrap_err());
    }
    let mut state = 20_261_128;
    let (mut read_some, mut watch) = (0, Watch::new(ALLOWED));
    for case in 0..cases {
        let (name, whole) = &wholes[random(&mut state) as usize % wholes.len()];
        fs::write(&path, damaged(whole, &mut state)).unwrap();
        let read_both = || {
            let is_read = read(&path);
            read_blocks(&path) || is_read
        };
        let found = watch.case(read_both).unwrap_or_else(|much| {
            let kept = std::env::temp_dir().join("isopach_hostile.tif");
            fs::copy(&path, &kept).unwrap();
            panic!("case {case}, of {name}: {much}: see {}", kept.display());
        });
        read_some += usize::from(found);
    }
    eprintln!(
        "{cases} damaged files of {}: {read_some} could still be read; {watch}",
        wholes.len()
    );
    assert!(read_some > 0 && read_some < cases);
}

/// Every kind of file gives the cells that were put into it.
#[test]
fn whole_files_are_read_right() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let picture = Picture::plain(50, 33);
    for (compression, predictor) in [
        (Compression::None, 1),
        (Compression::Lzw, 2),
        (Compression::Deflate, 3),
        (Compression::PackBits, 1),
        (Compression::Zstd, 3),
    ] {
        for layout in [
            Layout::Strips(5),
            Layout::Strips(40),
            Layout::Tiles([16, 32]),
        ] {
            let mut file = TiffFile::new(predictor == 2, predictor == 1);
            let picture = Picture {
                compression,
                predictor,
                layout,
                ..picture
            };
            file.add(&picture);
            fs::write(&path, file.bytes()).unwrap();
            let found = GeoTiff::read_within(&path, LIMITS).unwrap();
            let value = |(row, column)| {
                Some(Picture::value(row, column, 0) as f64).filter(|value| *value != 99.0)
            };
            let expected = Array2::from_shape_fn((33, 50), value);
            let found = found
                .values
                .mapv(|value| Some(value).filter(|value| !value.is_nan()));
            assert_eq!(found, expected, "{compression:?}, {layout:?}");
        }
    }
}

/// What claims more than a limit is refused before memory is taken for it, and the message says
/// which limit.
#[test]
fn claims_are_held_to_the_limits() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let refused = |picture: &Picture, limits: GeoTiffLimits| {
        let mut file = TiffFile::new(false, false);
        file.add_unwritten(picture);
        fs::write(&path, file.bytes()).unwrap();
        let mut watch = Watch::new(1 << 20);
        watch
            .case(|| GeoTiff::read_within(&path, limits).unwrap_err().to_string())
            .unwrap()
    };
    // Tiles that were never written: 65,536 × 65,536 cells that a file of half a kilobyte claims.
    let wide = Picture {
        layout: Layout::Tiles([1 << 15; 2]),
        bits: 8,
        format: 1,
        ..Picture::plain(1 << 16, 1 << 16)
    };
    let said = refused(&wide, GeoTiffLimits::default());
    assert!(
        said.contains("claims 4294967296 cells") && said.contains("Limits::cells_per_byte"),
        "{said}"
    );
    let few = Picture {
        layout: Layout::Tiles([16; 2]),
        ..Picture::plain(64, 64)
    };
    let said = refused(
        &few,
        GeoTiffLimits {
            memory_bytes: 64 * 64 * 8 - 1,
            ..GeoTiffLimits::default()
        },
    );
    assert!(
        said.contains("claims 32768 bytes of values") && said.contains("Limits::memory_bytes"),
        "{said}"
    );
    let padded = Picture {
        layout: Layout::Tiles([1 << 15; 2]),
        ..Picture::plain(10, 10)
    };
    let said = refused(&padded, GeoTiffLimits::default());
    assert!(
        said.contains("claims 4294967296 bytes of a block") && said.contains("Limits::block_bytes"),
        "{said}"
    );

    // A row of cells in tiles that are a thousand times as high: all of them together.
    let mut file = TiffFile::new(false, false);
    file.add(&Picture {
        layout: Layout::Tiles([16, 1024]),
        compression: Compression::Deflate,
        ..Picture::plain(1600, 1)
    });
    fs::write(&path, file.bytes()).unwrap();
    assert!(GeoTiff::read(&path).is_ok());
    let said = GeoTiff::read_within(
        &path,
        GeoTiffLimits {
            cells_per_byte: 0,
            ..LIMITS
        },
    )
    .unwrap_err()
    .to_string();
    assert!(said.contains("claims 1638400 samples of blocks"), "{said}");
}

/// A block of 6,600 bytes in a ZSTD frame that asks for a window of 128 MiB and goes on for 400: no
/// more is decoded than the block has.
#[test]
fn a_decoder_is_given_no_larger_window_than_its_block() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let mut frame = vec![0x28, 0xB5, 0x2F, 0xFD, 0, (27 - 10) << 3];
    for number in 0..3200 {
        // RFC 8878, 3.1.1.2: 128 KiB of one byte
        let head = u32::from(number == 3199) | 1 << 1 | (128 << 10) << 3;
        frame.extend(&head.to_le_bytes()[..3]);
        frame.push(0);
    }
    let mut file = TiffFile::new(false, false);
    file.add_stored(
        &Picture {
            compression: Compression::Zstd,
            ..Picture::plain(50, 33)
        },
        vec![frame],
    );
    fs::write(&path, file.bytes()).unwrap();
    let (found, held) = held(|| GeoTiff::read(&path).unwrap());
    assert!(found.values.iter().all(|value| *value == 0.0));
    assert!(held < 1024, "{held} KiB");
}

#[test]
fn bands_are_counted_from_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let mut file = TiffFile::new(true, false);
    file.add(&Picture {
        bands: 3,
        ..Picture::plain(5, 4)
    });
    fs::write(&path, file.bytes()).unwrap();
    assert_eq!(
        GeoTiff::read_band(&path, 3).unwrap().values[[0, 0]],
        Picture::value(0, 0, 2) as f64
    );
    let said = |error: isopach_compute::Error| error.to_string();
    let [unsaid, zero, beyond] = [
        GeoTiff::read(&path),
        GeoTiff::read_band(&path, 0),
        GeoTiff::read_band(&path, 4),
    ]
    .map(|r| said(r.unwrap_err()));
    assert!(
        unsaid.contains("there are 3 bands: choose one, 1 to 3, with GeoTiff::read_band"),
        "{unsaid}"
    );
    assert!(zero.contains("band is 0, but must be at least 1"), "{zero}");
    assert!(
        beyond.contains("there is no band 4: the file has bands 1 to 3"),
        "{beyond}"
    );
}

/// A chain of directories that ends in a circle ends there; those that lie in each other, more than
/// a file can have, are refused.
#[test]
fn directories_are_no_more_than_the_file_has() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let mut file = TiffFile::new(false, false);
    file.add(&Picture::plain(5, 4));
    let mut bytes = file.bytes();
    let fields = directories(&bytes).fields;
    let (first, next) = (fields[1], *fields.last().unwrap());
    let start = first.get(&bytes);
    next.set(&mut bytes, start);
    fs::write(&path, &bytes).unwrap();
    assert!(GeoTiff::read(&path).is_ok());

    // 20 entries from byte 10 on; among them, at byte 20, a directory of 10.
    let mut bytes = vec![0; 254];
    bytes[..6].copy_from_slice(b"II*\0\x08\0");
    (bytes[8], bytes[250], bytes[20]) = (20, 20, 10);
    fs::write(&path, &bytes).unwrap();
    let error = GeoTiff::read(&path).unwrap_err().to_string();
    assert!(error.contains("its directories overlap"), "{error}");
}

/// Reading holds the values and a block; writing some blocks, whatever the raster has.
#[test]
fn no_raster_is_copied() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let (columns, rows) = (2500, 1600);
    let values = columns * rows * 8;
    for (name, layout) in [
        ("one strip", Layout::Strips(rows)),
        ("strips", Layout::Strips(16)),
    ] {
        let mut file = TiffFile::new(false, false);
        file.add(&Picture {
            layout,
            ..Picture::plain(columns, rows)
        });
        file.add(&Picture {
            layout,
            is_mask: true,
            format: 1,
            bits: 8,
            place: None,
            ..Picture::plain(columns, rows)
        });
        fs::write(&path, file.bytes()).unwrap();
        let (found, held) = held(|| GeoTiff::read(&path).unwrap().into_raster().unwrap());
        eprintln!(
            "{columns} × {rows} f32 in {name}, with a mask: {} KiB of values, {held} KiB held",
            values >> 10
        );
        assert_eq!(found.values.dim(), (rows, columns));
        assert!(held < (values >> 10) + 1024, "{held} KiB");
    }
    for rows in [800, 1600] {
        let raster = raster(columns, rows);
        let ((), held) = held(|| write_geotiff(&path, &raster, &Crs::default()).unwrap());
        eprintln!(
            "{columns} × {rows}: {} KiB of values, {held} KiB held to write them",
            raster.values.len() >> 7
        );
        // 64 complete blocks, 16 MiB, what they are compressed to, and the blocks of overviews; a
        // copy would take 31 MiB more.
        assert!(held < 36 << 10, "{held} KiB");
    }
}

/// What a step hands out, and KiB that it held at most, that included.
fn held<T>(step: impl FnOnce() -> T) -> (T, usize) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let found = step();
    (found, MEMORY.peak_usage().saturating_sub(before) >> 10)
}
