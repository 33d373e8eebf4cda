//! From two LiDAR epochs to a map of what changed: the program of `isopach-survey`. See `--help`.

fn main() -> std::process::ExitCode {
    isopach_survey::main()
}
