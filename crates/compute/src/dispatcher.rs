//! The choice between backends, in order of preference.

use crate::{Compute, Error, Result};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// How often a backend declined work that then fell to the next one, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallbacks {
    /// Name of the backend's device.
    pub device: String,
    /// Declined pieces of work, by [`Error::cause`].
    pub causes: BTreeMap<&'static str, usize>,
}

/// A backend and its counts.
#[derive(Debug)]
struct Member<B: ?Sized> {
    causes: Mutex<BTreeMap<&'static str, usize>>,
    /// Pieces of work that it runs now.
    busy: AtomicUsize,
    backend: Arc<B>,
}

/// Backends in order of preference, and how often each of them declined work.
///
/// Backends of one rank (the GPUs of one machine) share the work: each piece goes to the one that
/// runs the fewest pieces. A dispatcher is not a backend, so it forwards nothing and forgets no
/// method.
///
/// ```
/// use isopach_compute::{Cpu, Dispatcher};
/// use std::sync::Arc;
/// let dispatcher = Dispatcher::new(vec![Arc::new(Cpu)]);
/// assert_eq!(dispatcher.run(|_cpu| Ok(2 + 2)).unwrap(), 4);
/// assert_eq!(dispatcher.fallback_count(), 0);
/// ```
#[derive(Debug)]
pub struct Dispatcher<B: ?Sized> {
    ranks: Vec<Vec<Member<B>>>,
    missing: Vec<String>,
}

impl<B: Compute + ?Sized> Dispatcher<B> {
    /// A dispatcher with one backend per rank, the preferred one first.
    #[must_use]
    pub fn new(ranked: Vec<Arc<B>>) -> Self {
        Self::from_ranks(ranked.into_iter().map(|backend| vec![backend]).collect())
    }

    /// A dispatcher with several backends per rank, the preferred rank first. Empty ranks are left
    /// out.
    #[must_use]
    pub fn from_ranks(ranks: Vec<Vec<Arc<B>>>) -> Self {
        let ranks = ranks.into_iter().filter(|rank| !rank.is_empty());
        Self {
            ranks: ranks
                .map(|rank| rank.into_iter().map(Member::new).collect())
                .collect(),
            missing: Vec::new(),
        }
    }

    /// Notes why a wanted backend is missing, for reports.
    #[must_use]
    pub fn with_missing(mut self, reason: impl Into<String>) -> Self {
        self.missing.push(reason.into());
        self
    }

    /// Why wanted backends are missing.
    #[must_use]
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// Runs `work` on the least busy backend of the first rank; if that fails recoverably, on one
    /// of the next rank, and so on.
    ///
    /// # Errors
    /// The first error that is not recoverable, else that of the last backend;
    /// [`Error::Unsupported`] without a backend.
    pub fn run<T>(&self, work: impl Fn(&B) -> Result<T>) -> Result<T> {
        let mut last = Err(Error::Unsupported {
            operation: "run anything: no backend was given",
        });
        for rank in &self.ranks {
            let Some(member) = rank
                .iter()
                .min_by_key(|member| member.busy.load(Ordering::Relaxed))
            else {
                continue;
            };
            last = member.run(&work);
            match &last {
                Err(error) if error.is_recoverable() => {
                    // A poisoned counter is still a counter: nothing of it can be half written.
                    let mut causes = member.causes.lock().unwrap_or_else(PoisonError::into_inner);
                    *causes.entry(error.cause()).or_default() += 1;
                }
                _ => return last,
            }
        }
        last
    }

    fn members(&self) -> impl Iterator<Item = &Member<B>> {
        self.ranks.iter().flatten()
    }

    /// The backends' devices, in order of preference.
    #[must_use]
    pub fn devices(&self) -> Vec<crate::Device> {
        self.members()
            .map(|member| member.backend.device())
            .collect()
    }

    /// The roundings of results ([`Compute::precision`]), in order of preference, each once.
    #[must_use]
    pub fn precisions(&self) -> Vec<&'static str> {
        let mut all = Vec::new();
        for member in self.members() {
            let precision = member.backend.precision();
            if !all.contains(&precision) {
                all.push(precision);
            }
        }
        all
    }

    /// The declined work of each backend that declined any.
    #[must_use]
    pub fn fallbacks(&self) -> Vec<Fallbacks> {
        self.members()
            .map(|member| Fallbacks {
                device: member.backend.device().name,
                causes: member
                    .causes
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone(),
            })
            .filter(|fallbacks| !fallbacks.causes.is_empty())
            .collect()
    }

    /// Pieces of work that backends declined, all causes together.
    #[must_use]
    pub fn fallback_count(&self) -> usize {
        self.fallbacks()
            .iter()
            .flat_map(|fallbacks| fallbacks.causes.values())
            .sum()
    }
}

impl<B: ?Sized> Member<B> {
    fn new(backend: Arc<B>) -> Self {
        Self {
            causes: Mutex::default(),
            busy: AtomicUsize::new(0),
            backend,
        }
    }

    fn run<T>(&self, work: impl Fn(&B) -> Result<T>) -> Result<T> {
        /// Uncounts the piece of work, however it ends.
        struct Busy<'a>(&'a AtomicUsize);
        impl Drop for Busy<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        self.busy.fetch_add(1, Ordering::Relaxed);
        let _busy = Busy(&self.busy);
        work(&self.backend)
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
            Device {
                name: self.0.into(),
            }
        }
    }

    fn choice() -> Dispatcher<Named> {
        Dispatcher::new(vec![Arc::new(Named("gpu")), Arc::new(Named("cpu"))])
    }

    #[test]
    fn the_first_one_wins() {
        let choice = choice();
        assert_eq!(choice.run(|b| Ok(b.0)).unwrap(), "gpu");
        assert!(choice.fallbacks().is_empty());
    }

    #[test]
    fn work_that_may_succeed_elsewhere_falls_to_the_next_and_is_counted() {
        let choice = choice();
        let lost = |b: &Named| {
            if b.0 == "gpu" {
                Err(Error::DeviceLost { device: b.0.into() })
            } else {
                Ok(b.0)
            }
        };
        assert_eq!(choice.run(lost).unwrap(), "cpu");
        assert_eq!(choice.run(lost).unwrap(), "cpu");
        let passed = choice.fallbacks();
        assert_eq!(
            (
                passed[0].device.as_str(),
                passed[0].causes["device lost"],
                choice.fallback_count()
            ),
            ("gpu", 2, 2)
        );
    }

    #[test]
    fn a_callers_mistake_is_never_retried() {
        let (choice, calls) = (choice(), std::cell::Cell::new(0));
        let result: Result<()> = choice.run(|_| {
            calls.set(calls.get() + 1);
            Err(Error::InvalidParameter {
                name: "radius",
                value: -1.0,
                must: "be positive",
            })
        });
        assert!(result.is_err());
        assert_eq!((calls.get(), choice.fallback_count()), (1, 0));
    }

    #[test]
    fn equals_share_the_work_and_the_next_rank_gets_what_they_decline() {
        let [a, b, cpu] = ["a", "b", "cpu"].map(|name| Arc::new(Named(name)));
        let choice = Dispatcher::from_ranks(vec![vec![a, b], vec![], vec![cpu]]);
        // While one of them has work, the other is asked.
        let both = choice
            .run(|first| Ok([first.0, choice.run(|second| Ok(second.0))?]))
            .unwrap();
        assert_eq!(both, ["a", "b"]);
        let lost = |on: &Named| {
            if on.0 == "cpu" {
                Ok(on.0)
            } else {
                Err(Error::DeviceLost {
                    device: on.0.into(),
                })
            }
        };
        assert_eq!(choice.run(lost).unwrap(), "cpu");
        assert_eq!((choice.fallback_count(), choice.devices().len()), (1, 3));
    }

    #[test]
    fn missing_backends_are_reported() {
        assert_eq!(
            choice().with_missing("gpu: no driver").missing(),
            ["gpu: no driver"]
        );
    }

    #[test]
    fn no_backend_is_an_error_not_a_panic() {
        assert!(Dispatcher::<Named>::new(vec![]).run(|_| Ok(())).is_err());
    }
}
