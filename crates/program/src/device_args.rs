//! Options that choose the devices of a computation.

use crate::ProgramError;
use clap::{Args, ValueEnum};
use isopach::{
    Backend,
    compute::{Dispatcher, Result},
    gpu::{AdapterSelector, DoublePrecision, GpuOptions, MinimumWork},
};

/// Options that choose the backend and its devices.
#[derive(Args, Clone, Debug)]
pub struct DeviceArgs {
    /// Backend to compute on: a GPU if there is one, with the CPU as fallback for work that it
    /// declines
    #[arg(long, value_enum, default_value_t = Kind::Auto)]
    backend: Kind,
    /// GPUs to share the work: all, or their numbers or names as the example `devices` lists them
    #[arg(long, value_delimiter = ',')]
    gpus: Vec<String>,
    /// Memory to use of each GPU, MiB
    #[arg(long)]
    gpu_memory: Option<u64>,
}

/// Limit on the MiB of a GPU, so that bytes can be counted.
const MOST_MEMORY: u64 = 1 << 40;

/// A kind of backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The CPU
    Cpu,
    /// A GPU, or an error if there is none
    Gpu,
    /// The best available one
    Auto,
}

impl DeviceArgs {
    /// Whether the options exclude every GPU.
    pub fn is_cpu_only(&self) -> bool {
        self.backend == Kind::Cpu
    }

    /// Refuses inconsistent options before any device is opened.
    pub fn check(&self) -> Result<()> {
        if let Some(mebibytes) = self
            .gpu_memory
            .filter(|mebibytes| !(1..=MOST_MEMORY).contains(mebibytes))
        {
            let must = format!("be from 1 to {MOST_MEMORY} MiB");
            return Err(ProgramError::invalid_option("--gpu-memory", mebibytes, must).into());
        }
        Ok(())
    }

    /// Opens the backends; `options` are the devices' defaults, which these options override. A
    /// device that the user requested also computes in double precision.
    pub fn open(&self, mut options: GpuOptions) -> Result<Dispatcher<dyn Backend>> {
        self.check()?;
        if let Some(mebibytes) = self.gpu_memory {
            options.budget_bytes = mebibytes << 20;
        }
        match (self.backend, &self.gpus[..]) {
            (Kind::Cpu, []) => Ok(isopach::cpu()),
            (Kind::Cpu, _) => Err(ProgramError::Exclusive {
                options: "--backend cpu and --gpus",
            }
            .into()),
            (Kind::Auto, []) => Ok(isopach::auto_with(&GpuOptions {
                minimum_work: MinimumWork::ESTIMATE,
                ..options
            })),
            (_, words) => {
                let wanted = selected_adapters(words);
                options.double_precision = DoublePrecision::Device;
                Ok(isopach::on_gpus(&wanted, &options).map_err(ProgramError::from)?)
            }
        }
    }
}

/// The named adapters; the best one if none is named.
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
