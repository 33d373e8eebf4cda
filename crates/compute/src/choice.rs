//! Backends in order of preference.

use crate::{Compute, Error, Result};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// How often a backend passed work on to the next, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOn {
    /// Name of the backend's device.
    pub device: String,
    /// Pieces of work passed on, by [`Error::cause`].
    pub causes: BTreeMap<&'static str, usize>,
}

#[derive(Debug)]
struct Ranked<B: ?Sized> {
    causes: Mutex<BTreeMap<&'static str, usize>>,
    backend: Arc<B>,
}

/// Backends in order of preference, and how often each had to pass work on.
///
/// ```
/// use isopach_compute::{Choice, Cpu};
/// use std::sync::Arc;
/// let choice = Choice::new(vec![Arc::new(Cpu)]);
/// assert_eq!(choice.run(|_cpu| Ok(2 + 2)).unwrap(), 4);
/// assert_eq!(choice.reruns(), 0);
/// ```
#[derive(Debug)]
pub struct Choice<B: ?Sized> {
    ranked: Vec<Ranked<B>>,
}

impl<B: Compute + ?Sized> Choice<B> {
    /// The first is asked first.
    #[must_use]
    pub fn new(ranked: Vec<Arc<B>>) -> Self {
        let ranked = ranked.into_iter().map(|backend| Ranked { backend, causes: Mutex::default() }).collect();
        Self { ranked }
    }

    /// Runs `work` on the first backend; where that declines recoverably, on the next, and so on.
    ///
    /// # Errors
    /// The first error that is not recoverable, else that of the last backend; [`Error::Unsupported`] where there is none.
    pub fn run<T>(&self, work: impl Fn(&B) -> Result<T>) -> Result<T> {
        let mut last = Err(Error::Unsupported { operation: "run anything: no backend was given" });
        for Ranked { backend, causes } in &self.ranked {
            last = work(backend);
            match &last {
                Err(error) if error.is_recoverable() => {
                    // A poisoned counter is still a counter: nothing of it can be half written.
                    *causes.lock().unwrap_or_else(PoisonError::into_inner).entry(error.cause()).or_default() += 1;
                }
                _ => return last,
            }
        }
        last
    }

    /// The backends' devices, in order of preference.
    #[must_use]
    pub fn devices(&self) -> Vec<crate::Device> {
        self.ranked.iter().map(|ranked| ranked.backend.device()).collect()
    }

    /// What each backend passed on, those with nothing to tell left out.
    #[must_use]
    pub fn passed_on(&self) -> Vec<PassedOn> {
        self.ranked
            .iter()
            .map(|ranked| PassedOn {
                device: ranked.backend.device().name,
                causes: ranked.causes.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            })
            .filter(|passed| !passed.causes.is_empty())
            .collect()
    }

    /// Pieces of work that any backend passed on, all causes together.
    #[must_use]
    pub fn reruns(&self) -> usize {
        self.passed_on().iter().flat_map(|passed| passed.causes.values()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Device;

    #[derive(Debug)]
    struct Named(&'static str);
    impl Compute for Named {
        fn device(&self) -> Device {
            Device { name: self.0.into(), working_set_bytes: 0 }
        }
    }

    fn choice() -> Choice<Named> {
        Choice::new(vec![Arc::new(Named("gpu")), Arc::new(Named("cpu"))])
    }

    #[test]
    fn the_first_one_wins() {
        let choice = choice();
        assert_eq!(choice.run(|b| Ok(b.0)).unwrap(), "gpu");
        assert!(choice.passed_on().is_empty());
    }

    #[test]
    fn what_may_succeed_elsewhere_is_passed_on_and_counted_by_cause() {
        let choice = choice();
        let lost = |b: &Named| {
            if b.0 == "gpu" { Err(Error::DeviceLost { device: b.0.into() }) } else { Ok(b.0) }
        };
        assert_eq!(choice.run(lost).unwrap(), "cpu");
        assert_eq!(choice.run(lost).unwrap(), "cpu");
        let passed = choice.passed_on();
        assert_eq!((passed[0].device.as_str(), passed[0].causes["device lost"], choice.reruns()), ("gpu", 2, 2));
    }

    #[test]
    fn a_callers_mistake_is_never_retried() {
        let (choice, calls) = (choice(), std::cell::Cell::new(0));
        let result: Result<()> = choice.run(|_| {
            calls.set(calls.get() + 1);
            Err(Error::InvalidParameter { name: "radius", value: -1.0, must: "be positive" })
        });
        assert!(result.is_err());
        assert_eq!((calls.get(), choice.reruns()), (1, 0));
    }

    #[test]
    fn no_backend_is_an_error_not_a_panic() {
        assert!(Choice::<Named>::new(vec![]).run(|_| Ok(())).is_err());
    }
}
