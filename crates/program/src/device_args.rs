//! What to compute on, as said on the command line.

use clap::{Args, ValueEnum};
use isopach::{
    Backend,
    compute::{Dispatcher, Error, Result},
    gpu::{AdapterSelector, DoublePrecision, GpuOptions, MinimumWork},
};

/// What to compute on.
#[derive(Args, Clone, Debug)]
pub struct DeviceArgs {
    /// What to compute on: a graphics processor that is there is used, and the processor for what
    /// that declines
    #[arg(long, value_enum, default_value_t = Kind::Auto)]
    backend: Kind,
    /// Graphics processors to share the work: all, or their numbers or names as the example
    /// `devices` lists them
    #[arg(long, value_delimiter = ',')]
    gpus: Vec<String>,
    /// Memory of each graphics processor that may be taken, MiB
    #[arg(long)]
    gpu_memory: Option<u64>,
}

/// MiB of a graphics processor at most, so that bytes can be counted.
const MOST_MEMORY: u64 = 1 << 40;

/// A kind of backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The processor
    Cpu,
    /// A graphics processor, or an error where there is none
    Gpu,
    /// The best there is
    Auto,
}

impl DeviceArgs {
    /// Whether no graphics processor is used, whichever there are.
    pub fn is_cpu_only(&self) -> bool {
        self.backend == Kind::Cpu
    }

    /// Refuses what makes no sense, before any device is opened.
    pub fn check(&self) -> Result<()> {
        if let Some(mebibytes) = self
            .gpu_memory
            .filter(|mebibytes| !(1..=MOST_MEMORY).contains(mebibytes))
        {
            let text =
                format!("--gpu-memory is {mebibytes}, but must be from 1 to {MOST_MEMORY} MiB");
            return Err(Error::InvalidInput(text));
        }
        Ok(())
    }

    /// The backends; devices are opened with `options`, as far as nothing else was said. A device
    /// that was asked for also computes in double precision.
    pub fn open(&self, mut options: GpuOptions) -> Result<Dispatcher<dyn Backend>> {
        self.check()?;
        if let Some(mebibytes) = self.gpu_memory {
            options.budget_bytes = mebibytes << 20;
        }
        match (self.backend, &self.gpus[..]) {
            (Kind::Cpu, []) => Ok(isopach::cpu()),
            (Kind::Cpu, _) => Err(Error::InvalidInput(
                "--backend cpu and --gpus exclude each other".into(),
            )),
            (Kind::Auto, []) => Ok(isopach::auto_with(&GpuOptions {
                minimum_work: MinimumWork::ESTIMATE,
                ..options
            })),
            (_, words) => {
                let wanted = selected_adapters(words);
                options.double_precision = DoublePrecision::Device;
                isopach::on_gpus(&wanted, &options)
                    .map_err(|absent| Error::InvalidInput(format!("no gpu: {absent}")))
            }
        }
    }
}

/// Those that were named; the best where none was.
fn selected_adapters(words: &[String]) -> Vec<AdapterSelector> {
    match words {
        [] => vec![AdapterSelector::Best],
        [all] if all == "all" => isopach::gpu::hardware_adapters(),
        _ => words
            .iter()
            .map(|word| {
                word.parse().map_or_else(
                    |_| AdapterSelector::Named(word.clone()),
                    AdapterSelector::Position,
                )
            })
            .collect(),
    }
}
