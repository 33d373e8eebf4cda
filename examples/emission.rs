//! From images of the Sun to its emission measure: the program of `isopach-sun`. See `--help`.

fn main() -> std::process::ExitCode {
    isopach_sun::main()
}
