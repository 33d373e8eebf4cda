//! Panics of codecs that are caught and become errors: their messages are not printed on the
//! terminal.

/// Crates whose panics are a file's fault, and which their callers catch.
const CODECS: [&str; 11] = [
    "kamadak-exif",
    "libjpeg-turbo-rs",
    "png",
    "zune-jpeg",
    "laz",
    "las",
    "fitskit",
    "flate2",
    "miniz_oxide",
    "ruzstd",
    "weezl",
];

/// Suppresses the output of panics in a codec from now on; other panics are printed as usual.
pub fn silence_codecs() {
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic
            .location()
            .is_some_and(|place| is_in_a_codec(place.file()))
        {
            told(panic);
        }
    }));
}

/// Whether a source file is one of a codec, as a registry has them: `…/laz-0.13.0/src/…`.
pub fn is_in_a_codec(file: &str) -> bool {
    file.split(['/', '\\']).any(|folder| {
        let named = |codec: &&str| {
            let version = folder
                .strip_prefix(*codec)
                .and_then(|rest| rest.strip_prefix('-'));
            version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
        };
        CODECS.iter().any(named)
    })
}
