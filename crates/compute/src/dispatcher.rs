//! Backends in order of preference.

use crate::{Compute, Error, Result};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// How often a backend passed work on to the next, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallbacks {
    /// Name of the backend's device.
    pub device: String,
    /// Pieces of work passed on, by [`Error::cause`].
    pub causes: BTreeMap<&'static str, usize>,
}

/// A backend, and what became of the work that it was given.
#[derive(Debug)]
struct Member<B: ?Sized> {
    causes: Mutex<BTreeMap<&'static str, usize>>,
    /// Pieces of work that it has now.
    busy: AtomicUsize,
    backend: Arc<B>,
}

/// Backends in order of preference, and how often each had to pass work on.
///
/// Several can be of the same rank (the graphics cards of one machine): each piece of work goes to
/// the one that has the least to do at the moment.
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
    absent: Vec<String>,
}

impl<B: Compute + ?Sized> Dispatcher<B> {
    /// The first is asked first.
    #[must_use]
    pub fn new(ranked: Vec<Arc<B>>) -> Self {
        Self::of_ranks(ranked.into_iter().map(|backend| vec![backend]).collect())
    }

    /// Those of the first rank are asked first; those of one rank share the work.
    #[must_use]
    pub fn of_ranks(ranks: Vec<Vec<Arc<B>>>) -> Self {
        let member = |backend| Member {
            causes: Mutex::default(),
            busy: AtomicUsize::new(0),
            backend,
        };
        let ranks = ranks.into_iter().filter(|rank| !rank.is_empty());
        Self {
            ranks: ranks
                .map(|rank| rank.into_iter().map(member).collect())
                .collect(),
            absent: Vec::new(),
        }
    }

    /// Notes that a backend was wanted but is not there, and why, for reports.
    #[must_use]
    pub fn with_missing(mut self, reason: impl Into<String>) -> Self {
        self.absent.push(reason.into());
        self
    }

    /// Backends that were wanted but are not there, and why.
    #[must_use]
    pub fn absent(&self) -> &[String] {
        &self.absent
    }

    /// Runs `work` on a backend of the first rank; where that declines recoverably, on one of the
    /// next, and so on.
    ///
    /// # Errors
    /// The first error that is not recoverable, else that of the last backend;
    /// [`Error::Unsupported`] where there is none.
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

    /// What results may be rounded by ([`Compute::precision`]), in order of preference, each once.
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

    /// What each backend passed on, those with nothing to tell left out.
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
            .filter(|passed| !passed.causes.is_empty())
            .collect()
    }

    /// Pieces of work that any backend passed on, all causes together.
    #[must_use]
    pub fn fallback_count(&self) -> usize {
        self.fallbacks()
            .iter()
            .flat_map(|passed| passed.causes.values())
            .sum()
    }
}

impl<B: ?Sized> Member<B> {
    fn run<T>(&self, work: impl Fn(&B) -> Result<T>) -> Result<T> {
        /// Takes the piece off the count however it ends.
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
                working_set_bytes: 0,
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
    fn what_may_succeed_elsewhere_is_passed_on_and_counted_by_cause() {
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
        let choice = Dispatcher::of_ranks(vec![vec![a, b], vec![], vec![cpu]]);
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
    fn what_is_not_there_is_told() {
        assert_eq!(
            choice().with_missing("gpu: no driver").absent(),
            ["gpu: no driver"]
        );
    }

    #[test]
    fn no_backend_is_an_error_not_a_panic() {
        assert!(Dispatcher::<Named>::new(vec![]).run(|_| Ok(())).is_err());
    }
}
