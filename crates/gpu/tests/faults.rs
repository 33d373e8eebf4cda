//! Devices that are small, slow to be reached, or go away.
#![allow(clippy::print_stdout)]

use crate::{device, random};
use isopach_cloud::{Cloud, Positions};
use isopach_compute::{Cpu, Dispatcher, Error};
use isopach_gpu::{
    AdapterSelector, BufferReuse, Gpu, GpuOptions, KernelTiming, LoopBounds, Medians, MinimumWork,
    PointLayout, Reductions, Upload, WideIntegers, list_adapters,
};
use isopach_neighbours::{AxialStatistic, Cylinder, CylinderQuery, NeighbourSearch};
use random::random;
use std::sync::Arc;

fn cloud(n: usize) -> Cloud {
    let point = |i: usize| {
        [
            random(3 * i) * 60.0,
            random(3 * i + 1) * 60.0,
            random(3 * i + 2),
        ]
    };
    Cloud::from_points(&(0..n).map(point).collect::<Vec<_>>()).unwrap()
}

/// Everything that an index answers, against the CPU's.
fn agrees(on: &dyn NeighbourSearch, points: Positions<'_>) {
    let (device, cpu) = (on.index(points).unwrap(), Cpu.index(points).unwrap());
    assert!(device.nearest(points, 1.0).unwrap() == cpu.nearest(points, 1.0).unwrap());
    assert!(device.k_nearest(points, 9, 1.0).unwrap() == cpu.k_nearest(points, 9, 1.0).unwrap());
    assert!(device.within_radius(points, 0.7).unwrap() == cpu.within_radius(points, 0.7).unwrap());
    let counts =
        |all: Vec<isopach_neighbours::Covariance>| all.iter().map(|c| c.count).collect::<Vec<_>>();
    assert_eq!(
        counts(device.covariances_within(points, 0.7).unwrap()),
        counts(cpu.covariances_within(points, 0.7).unwrap())
    );
    let axes = vec![[0.0, 0.6, 0.8]; points.len()];
    let cylinder = Cylinder {
        radius: 0.5,
        half_length: 2.0,
    };
    for statistic in [AxialStatistic::MeanDeviation, AxialStatistic::MedianIqr] {
        let found = device
            .cylinder_statistics(
                points,
                &axes,
                CylinderQuery {
                    cylinder,
                    statistic,
                },
            )
            .unwrap();
        let expected = cpu
            .cylinder_statistics(
                points,
                &axes,
                CylinderQuery {
                    cylinder,
                    statistic,
                },
            )
            .unwrap();
        assert!(found.iter().zip(&expected).all(|(a, b)| a.count == b.count));
        let close = |a: f64, b: f64| (a - b).abs() < 1e-5 || (a.is_nan() && b.is_nan());
        assert!(
            found
                .iter()
                .zip(&expected)
                .all(|(a, b)| close(a.location, b.location) && close(a.spread, b.spread))
        );
    }
}

#[test]
fn few_workgroups_and_short_bindings_split_the_work() {
    let cloud = cloud(20_000);
    // 7² groups of 256 threads for the points; 20,000 queries do not fit 7² groups of 64.
    let options = GpuOptions {
        max_workgroups: Some(9),
        max_binding_bytes: Some(400 << 10),
        ..GpuOptions::default()
    };
    let Some(gpu) = device::open(options) else {
        return;
    };
    agrees(&gpu, cloud.positions());
}

#[test]
fn every_choice_gives_the_same() {
    let cloud = cloud(20_000);
    let (few, base) = (
        GpuOptions {
            queries_at_once: 700,
            ..GpuOptions::default()
        },
        GpuOptions::default(),
    );
    for options in [
        GpuOptions {
            upload: Upload::Queue,
            reuse: BufferReuse::Free,
            timing: KernelTiming::Off,
            loops: LoopBounds::Plain,
            ..few
        },
        GpuOptions {
            integers: WideIntegers::Native,
            ..base.clone()
        },
        GpuOptions {
            points: PointLayout::NumbersApart,
            ..base.clone()
        },
        GpuOptions {
            reductions: Reductions::Subgroups,
            medians: Medians::TwoKernels,
            ..base.clone()
        },
        GpuOptions {
            upload: Upload::Ring,
            reuse: BufferReuse::Keep,
            timing: KernelTiming::EveryKernel,
            loops: LoopBounds::Counted,
            ..base
        },
    ] {
        let GpuOptions { reuse, timing, .. } = options;
        let Some(gpu) = device::open(options) else {
            return;
        };
        agrees(&gpu, cloud.positions());
        let (counts, profile) = (gpu.pool_counts(), gpu.kernel_times());
        println!("{counts:?}");
        assert_eq!(counts.hits == 0, reuse == BufferReuse::Free);
        let nearest = profile.iter().find(|time| time.name == "nearest").unwrap();
        assert!(nearest.calls > 0);
        if gpu.adapter().features.timestamps {
            assert_eq!(nearest.timed > 0, timing == KernelTiming::EveryKernel);
            assert_eq!(nearest.seconds > 0.0, timing == KernelTiming::EveryKernel);
        }
    }
}

#[test]
fn a_budget_of_eight_mebibytes_is_kept() {
    let Some(gpu) = device::open(GpuOptions {
        budget_bytes: 8 << 20,
        ..GpuOptions::default()
    }) else {
        return;
    };
    agrees(&gpu, cloud(20_000).positions());
    assert!(
        gpu.pool_counts().peak_bytes <= 8 << 20,
        "{:?}",
        gpu.pool_counts()
    );
    assert_eq!(gpu.options().budget_bytes, 8 << 20);
    let large = cloud(600_000);
    let refused = gpu.index(large.positions()).map(drop);
    let Err(Error::OutOfMemory {
        requested, budget, ..
    }) = refused
    else {
        panic!("{refused:?}")
    };
    assert!(requested > 9 << 20 && budget == 8 << 20);
    assert!(gpu.pool_counts().refusals > 0);
    let choice: Dispatcher<dyn NeighbourSearch> =
        Dispatcher::new(vec![Arc::new(gpu.clone()), Arc::new(Cpu)]);
    let few = Positions::new(large.positions().origin(), &large.positions().ticks()[..10]);
    let found = choice
        .run(|on| on.index(large.positions())?.nearest(few, 1.0))
        .unwrap();
    assert!(found.iter().all(Option::is_some));
    assert_eq!(choice.fallbacks()[0].causes["out of memory"], 1);
    // What did not fit left nothing behind.
    assert_eq!(
        gpu.pool_counts().held_bytes,
        gpu.pool_counts().held_bytes.min(2 << 20)
    );
    agrees(&gpu, cloud(5_000).positions());
}

#[test]
fn a_device_that_is_lost_is_opened_again_once() {
    let Some(gpu) = device::open(GpuOptions::default()) else {
        return;
    };
    let (cloud, choice) = (
        cloud(5_000),
        Dispatcher::new(vec![
            Arc::new(gpu.clone()) as Arc<dyn NeighbourSearch>,
            Arc::new(Cpu),
        ]),
    );
    let points = cloud.positions();
    let cpu = Cpu.index(points).unwrap().nearest(points, 1.0).unwrap();
    let index = gpu.index(points).unwrap();
    assert!(index.nearest(points, 1.0).unwrap() == cpu);
    // In the middle of a piece of work: it goes to the CPU.
    let lose = std::cell::Cell::new(true);
    let piece = |on: &(dyn NeighbourSearch + 'static)| {
        let index = on.index(points)?;
        if lose.replace(false) {
            gpu.simulate_loss();
        }
        index.nearest(points, 1.0)
    };
    assert!(choice.run(piece).unwrap() == cpu);
    assert_eq!(choice.fallbacks()[0].causes["device lost"], 1);
    // What was on it stays lost, the next piece finds it open again.
    assert!(matches!(
        index.nearest(points, 1.0),
        Err(Error::DeviceLost { .. })
    ));
    agrees(&gpu, points);
    assert!(choice.run(piece).unwrap() == cpu);
    assert_eq!(choice.fallback_count(), 1);
    // The second time it stays lost, and every piece says so. Between two pieces: the next is told.
    gpu.simulate_loss();
    for count in 2..5 {
        assert!(choice.run(piece).unwrap() == cpu);
        assert_eq!(choice.fallback_count(), count);
    }
    assert!(matches!(gpu.warm_up(), Err(Error::DeviceLost { .. })));
}

#[test]
fn a_device_that_is_lost_while_others_work_on_it() {
    let Some(gpu) = device::open(GpuOptions::default()) else {
        return;
    };
    let cloud = cloud(10_000);
    let points = cloud.positions();
    let cpu = Cpu.index(points).unwrap().nearest(points, 1.0).unwrap();
    let choice = Dispatcher::new(vec![
        Arc::new(gpu.clone()) as Arc<dyn NeighbourSearch>,
        Arc::new(Cpu),
    ]);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..6 {
                    assert!(
                        choice
                            .run(|on| on.index(points)?.nearest(points, 1.0))
                            .unwrap()
                            == cpu
                    );
                }
            });
        }
        std::thread::sleep(std::time::Duration::from_millis(60));
        gpu.simulate_loss();
    });
    assert!(choice.fallback_count() >= 1);
    assert!(
        choice.fallbacks()[0]
            .causes
            .keys()
            .all(|cause| *cause == "device lost"),
        "{:?}",
        choice.fallbacks()
    );
}

#[test]
fn impatience_ends_in_the_right_answer_or_in_loss() {
    let timeout = std::time::Duration::from_micros(1);
    let Some(gpu) = device::open(GpuOptions {
        timeout,
        ..GpuOptions::default()
    }) else {
        return;
    };
    let cloud = cloud(20_000);
    let points = cloud.positions();
    let found = gpu
        .index(points)
        .and_then(|index| index.nearest(points, 1.0));
    match found {
        Ok(found) => assert!(found == Cpu.index(points).unwrap().nearest(points, 1.0).unwrap()),
        Err(error) => assert!(matches!(error, Error::DeviceLost { .. }), "{error}"),
    }
}

#[test]
fn too_little_work_is_left_to_the_next() {
    let minimum_work = MinimumWork {
        points: 1_000,
        pixels: 0,
    };
    let Some(gpu) = device::open(GpuOptions {
        minimum_work,
        ..GpuOptions::default()
    }) else {
        return;
    };
    let choice = Dispatcher::new(vec![
        Arc::new(gpu) as Arc<dyn NeighbourSearch>,
        Arc::new(Cpu),
    ]);
    let (little, enough) = (cloud(999), cloud(1_000));
    let nearest = |points: Positions<'_>| {
        choice
            .run(|on| on.index(points)?.nearest(points, 1.0))
            .unwrap()
            .len()
    };
    assert_eq!(
        (nearest(enough.positions()), choice.fallback_count()),
        (1_000, 0)
    );
    assert_eq!(
        (nearest(little.positions()), choice.fallback_count()),
        (999, 1)
    );
    assert_eq!(choice.fallbacks()[0].causes["too little work"], 1);
}

#[test]
fn several_threads_share_a_device() {
    let Some(gpu) = device::open(GpuOptions {
        budget_bytes: 256 << 20,
        ..GpuOptions::default()
    }) else {
        return;
    };
    let clouds: Vec<Cloud> = (0..3).map(|thread| cloud(3_000 + 1_000 * thread)).collect();
    std::thread::scope(|scope| {
        for cloud in &clouds {
            scope.spawn(|| (0..3).for_each(|_| agrees(&gpu, cloud.positions())));
        }
    });
}

#[test]
fn two_devices_know_nothing_of_each_other() {
    let (Some(a), Some(b)) = (device::open(GpuOptions::default()), device::gpu()) else {
        return;
    };
    let cloud = cloud(5_000);
    let points = cloud.positions();
    let found: Vec<_> = std::thread::scope(|scope| {
        let threads = [&a, b]
            .map(|gpu| scope.spawn(|| gpu.index(points).unwrap().nearest(points, 1.0).unwrap()));
        threads.map(|thread| thread.join().unwrap()).into()
    });
    assert!(found[0] == found[1]);
    a.simulate_loss();
    agrees(b, points);
}

#[test]
fn what_there_is_can_be_listed_and_asked_for() {
    let all = list_adapters();
    for (position, adapter) in all.iter().enumerate() {
        println!(
            "{position}: {} ({:?}, {:?}, {})",
            adapter.name, adapter.kind, adapter.interface, adapter.driver
        );
    }
    let refused = Gpu::open(
        AdapterSelector::Named("no such device".into()),
        GpuOptions::default(),
    );
    let message = refused
        .err()
        .map(|absent| absent.to_string())
        .unwrap_or_default();
    assert!(
        message.contains("no such device") || all.is_empty(),
        "{message}"
    );
    if all.iter().all(isopach_gpu::Adapter::is_software) {
        println!(
            "{}",
            Gpu::open(AdapterSelector::Best, GpuOptions::default()).unwrap_err()
        );
    }
}
