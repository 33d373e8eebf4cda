//! Which panics end a run: ours. Those of a codec are caught and become errors.

use std::process;

/// Ends the process at every panic that is not in one of `codecs`, which are names of packages.
pub(crate) fn end_at_ours(codecs: &'static [&'static str]) {
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic
            .location()
            .map(|place| place.file())
            .unwrap_or_default();
        if !codecs
            .iter()
            .any(|codec| place.contains(&format!("/{codec}-")))
        {
            eprintln!("{panic}");
            process::abort();
        }
    }));
}
