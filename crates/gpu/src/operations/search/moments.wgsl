// Mean and covariance in two passes.
//
// Everything is measured from the first point that is found, as an exact difference in ticks: equal points have no covariance at all, and
// nothing large is subtracted from anything large. The first pass sums offsets, the second the products of deviations from their mean,
// and the deviations themselves, whose sum is what rounding left of zero and corrects both. Each span is summed on its own before it
// is added to the total, which keeps the error of a long sum small.

struct Moments {
    count: u32,
    // The first point, from the query; ticks.
    base: vec3<i32>,
    // From `base`, ticks.
    mean: vec3<f32>,
    // Of offsets, then of deviations.
    sum: vec3<f32>,
    // xx, yy, zz and xy, xz, yz.
    squares: vec3<f32>,
    products: vec3<f32>,
}

fn no_moments() -> Moments {
    let zero = vec3<f32>(0.0);
    return Moments(0u, vec3<i32>(0), zero, zero, zero, zero);
}

// Between the passes.
fn settle_mean(m: ptr<function, Moments>) {
    (*m).mean = (*m).sum / f32(max((*m).count, 1u));
    (*m).sum = vec3<f32>(0.0);
}

// Mean from `base`, and the covariance xx, yy, zz and xy, xz, yz with divisor n - 1; ticks and square ticks.
struct Spread { mean: vec3<f32>, squares: vec3<f32>, products: vec3<f32> }

// After the second pass.
fn spread_of(m: Moments) -> Spread {
    let left = m.sum / f32(max(m.count, 1u));
    let divisor = f32(max(m.count, 2u) - 1u);
    let squares = (m.squares - m.sum * left) / divisor;
    let products = (m.products - m.sum.xxy * left.yzz) / divisor;
    return Spread(m.mean + left, squares, products);
}

const ENTRY: u32 = 13u;

// Count, base, mean from base, and the covariance xx, xy, xz, yy, yz, zz.
fn write_moments(to: u32, m: Moments) {
    let spread = spread_of(m);
    let at = to * ENTRY;
    found[at] = m.count;
    found[at + 1u] = bitcast<u32>(m.base.x);
    found[at + 2u] = bitcast<u32>(m.base.y);
    found[at + 3u] = bitcast<u32>(m.base.z);
    found[at + 4u] = bitcast<u32>(spread.mean.x);
    found[at + 5u] = bitcast<u32>(spread.mean.y);
    found[at + 6u] = bitcast<u32>(spread.mean.z);
    found[at + 7u] = bitcast<u32>(spread.squares.x);
    found[at + 8u] = bitcast<u32>(spread.products.x);
    found[at + 9u] = bitcast<u32>(spread.products.y);
    found[at + 10u] = bitcast<u32>(spread.squares.y);
    found[at + 11u] = bitcast<u32>(spread.products.z);
    found[at + 12u] = bitcast<u32>(spread.squares.z);
}
