//! Shared parts of the programs that time neighbour searches: their arguments, clouds as arrays of
//! numpy, repeated measurement, and the line of JSON.

use std::{
    error::Error,
    fs,
    hint::black_box,
    path::{Path, PathBuf},
    time::Instant,
};

pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// `PROGRAM FOLDER THREADS SECONDS JOB…`; see `scripts/index_speeds.py`.
pub struct Arguments {
    /// Holds the arrays of a cloud.
    pub folder: PathBuf,
    pub threads: usize,
    /// Building and each job are repeated for as long.
    pub seconds: f64,
    pub jobs: Vec<Job>,
}

impl Arguments {
    pub fn from_environment() -> Outcome<Self> {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let [folder, threads, seconds, jobs @ ..] = &words[..] else {
            return Err("FOLDER THREADS SECONDS JOB…".into());
        };
        Ok(Self {
            folder: folder.into(),
            threads: threads.parse()?,
            seconds: seconds.parse()?,
            jobs: jobs.iter().map(|text| Job { text: text.clone() }).collect(),
        })
    }

    pub fn points(&self, name: &str) -> Outcome<Vec<[f64; 3]>> {
        read_points(&self.folder.join(name).with_extension("npy"))
    }
}

/// `OPERATION:PARAMETER:…`, for example `knn:within_ordered:20`.
pub struct Job {
    text: String,
}

impl Job {
    pub fn operation(&self) -> &str {
        self.text.split(':').next().unwrap_or_default()
    }

    pub fn parameter(&self, at: usize) -> Outcome<&str> {
        let missing = || format!("{} needs {} parameters", self.text, at + 1);
        Ok(self.text.split(':').nth(at + 1).ok_or_else(missing)?)
    }

    /// Prints the line of this job over queries.
    pub fn print(&self, least: Least, queries: usize, check: f64) {
        least.print(&self.text, queries, check);
    }
}

/// Reads an (n, 3) array of little-endian `f64` in C order, as `scripts/made_clouds.py` writes.
fn read_points(path: &Path) -> Outcome<Vec<[f64; 3]>> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let other = || format!("{}: not an array of made_clouds.py", path.display());
    if bytes.get(..8) != Some(b"\x93NUMPY\x01\x00") || bytes.len() < 10 {
        return Err(other().into());
    }
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8_lossy(bytes.get(10..start).ok_or_else(other)?);
    let is_ours = header.contains("'<f8'") && header.contains("False") && header.contains(", 3)");
    if !is_ours || (bytes.len() - start) % 24 != 0 {
        return Err(other().into());
    }
    let number = |bytes: &[u8]| bytes.try_into().map(f64::from_le_bytes).unwrap_or(f64::NAN);
    let point = |bytes: &[u8]| [0, 8, 16].map(|at| number(&bytes[at..at + 8]));
    Ok(bytes[start..].chunks_exact(24).map(point).collect())
}

/// Least processor and wall seconds of some repetitions.
#[derive(Clone, Copy)]
pub struct Least {
    pub cpu_s: f64,
    pub wall_s: f64,
    pub repeats: usize,
}

/// Repeats `work` for as long as `seconds`, at least once; gives what it gave last.
pub fn repeat<T>(seconds: f64, mut work: impl FnMut() -> Outcome<T>) -> Outcome<(T, Least)> {
    let begun = Instant::now();
    let mut least = Least {
        cpu_s: f64::INFINITY,
        wall_s: f64::INFINITY,
        repeats: 0,
    };
    loop {
        let cpu = processor_seconds()?;
        let wall = Instant::now();
        let found = black_box(work()?);
        least.wall_s = least.wall_s.min(wall.elapsed().as_secs_f64());
        least.cpu_s = least.cpu_s.min(processor_seconds()? - cpu);
        least.repeats += 1;
        if begun.elapsed().as_secs_f64() >= seconds {
            return Ok((found, least));
        }
    }
}

/// Time that all threads of this process have run, from Linux' scheduler, in nanoseconds there.
fn processor_seconds() -> Outcome<f64> {
    let mut nanoseconds = 0_u64;
    for task in fs::read_dir("/proc/self/task")? {
        let text = fs::read_to_string(task?.path().join("schedstat"))?;
        let ran = text.split(' ').next().ok_or("schedstat is empty")?;
        nanoseconds += ran.parse::<u64>()?;
    }
    Ok(nanoseconds as f64 * 1e-9)
}

/// Bytes of this process that are in memory.
pub fn resident_bytes() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(kibibytes.ok_or("no VmRSS")?.parse::<u64>()? * 1024)
}

impl Least {
    /// Prints a line: nanoseconds an item, and a number that other tools must reproduce.
    pub fn print(self, job: &str, items: usize, check: f64) {
        let [cpu, wall] = [self.cpu_s, self.wall_s].map(|seconds| seconds * 1e9 / items as f64);
        println!(
            "{{\"job\": \"{job}\", \"items\": {items}, \"cpu_ns\": {cpu:.2}, \"wall_ns\": {wall:.2}, \
             \"repeats\": {}, \"check\": {check:e}}}",
            self.repeats
        );
    }
}

/// Prints the bytes a point that an index holds.
pub fn print_memory(points: usize, before: u64, after: u64) {
    let bytes = after.saturating_sub(before) as f64 / points as f64;
    println!("{{\"job\": \"memory\", \"items\": {points}, \"bytes_a_point\": {bytes:.2}}}");
}
