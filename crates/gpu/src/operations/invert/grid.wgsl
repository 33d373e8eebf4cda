// The grid of μ and the choice of λ.
//
// The grid is not stored. The discrepancy grows with μ, so the point where it crosses the target is found by bisection; the nearest and the second
// nearest point are among the four around it. μ itself is 2^((E + F) i / last) with the whole number E taken apart exactly, because logarithms and powers
// of f32 would lose the digits that E takes; what is left is computed here, and not by the device's own functions, which may be off by more.

struct Chosen {
    index: u32,
    mu: real,
    margin: real,
}

// log2 of a number from 1 to 2.
fn log2_of_mantissa(m: real) -> real {
    let large = m > 1.4142135623730951;
    let y = select(m, 0.5 * m, large);
    let r = (y - 1.0) / (y + 1.0);
    return 2.8853900817779268 * r * logarithm_series(r * r) + select(real(0.0), real(1.0), large);
}

// 2^x, |x| up to 1/2.
fn power_of_fraction(x: real) -> real {
    return exponential_series(x * 0.69314718055994531);
}

fn mu(system: System, i: u32) -> real {
    let last = i32(parameters.samples) - 1;
    let product = system.octaves * i32(i);
    let whole = product / last;
    let x = (real(product - whole * last) + system.fraction * real(i)) / real(last);
    let nearest = floor(x + 0.5);
    let octaves = whole + i32(nearest);
    let half = octaves / 2;
    return system.low * power_of_two(half) * power_of_two(octaves - half) * power_of_fraction(x - nearest);
}

fn discrepancy(system: System, mu: real) -> real {
    let a = mu / (system.squared[0] + mu);
    let b = mu / (system.squared[1] + mu);
    return dot(system.energy[0], a * a) + dot(system.energy[1], b * b);
}

fn distance_at(system: System, i: u32, goal: real) -> real {
    return abs(discrepancy(system, mu(system, i)) - goal);
}

// The point of the grid at which the discrepancy is nearest to the target, the first of several, and how much nearer than the second nearest it is. Where
// the target is beyond reach, that is the last: what is missing shrinks with μ.
fn choose(system: System, goal: real) -> Chosen {
    let samples = parameters.samples;
    if !(goal < system.total) {
        return Chosen(samples - 1u, mu(system, samples - 1u), 1.0);
    }
    // The first point above the target.
    var start = 0u;
    var end = samples;
    while start < end {
        let middle = (start + end) / 2u;
        if discrepancy(system, mu(system, middle)) > goal { end = middle; } else { start = middle + 1u; }
    }
    var below = HUGE;
    var further_below = HUGE;
    var above = HUGE;
    var further_above = HUGE;
    if start >= 1u { below = distance_at(system, start - 1u, goal); }
    if start >= 2u { further_below = distance_at(system, start - 2u, goal); }
    if start < samples { above = distance_at(system, start, goal); }
    if start + 1u < samples { further_above = distance_at(system, start + 1u, goal); }
    let first = below <= above;
    let best = min(below, above);
    let second = select(min(below, further_above), min(above, further_below), first);
    let index = select(start, start - 1u, first);
    return Chosen(index, mu(system, index), (second - best) / max(goal, 1e-30));
}
