// Eigenvalues of a symmetric 3 × 3 matrix, and the direction in which it is smallest.
//
// As the CPU does it (Smith 1961, Eberly 2014), in f32: the eigenvalue that is far from the others first, by Newton's method, then its
// eigenvector as a cross product of rows, then the 2 × 2 problem across it. No gap between two eigenvalues makes this fail; a small gap only
// makes the direction what it is, an accident. Errors are some 1e-6 of the largest eigenvalue.

// v as a unit vector; any one where it has no length.
fn unit_of(v: vec3<f32>) -> vec3<f32> {
    let squared = dot(v, v);
    return select(vec3<f32>(0.0, 0.0, 1.0), v * inverseSqrt(squared), squared > 0.0);
}

// The unit vector that a matrix of rank two, less lambda on its diagonal, maps to zero. Diagonal xx, yy, zz; off it xy, xz, yz.
fn null_vector(diagonal: vec3<f32>, off: vec3<f32>, lambda: f32) -> vec3<f32> {
    let first = vec3<f32>(diagonal.x - lambda, off.x, off.y);
    let second = vec3<f32>(off.x, diagonal.y - lambda, off.z);
    let third = vec3<f32>(off.y, off.z, diagonal.z - lambda);
    var longest = cross(first, second);
    let other = cross(first, third);
    if dot(other, other) > dot(longest, longest) { longest = other; }
    let last = cross(second, third);
    if dot(last, last) > dot(longest, longest) { longest = last; }
    return unit_of(longest);
}

// Eigenvalues from the lowest to the highest, the eigenvector of the lowest, and planarity: (middle - lowest) over the highest, without the
// cancellation of the mean. Planarity is negative for a matrix of zeroes.
struct Eigen { values: vec3<f32>, axis: vec3<f32>, planarity: f32 }

fn eigen_of(squares: vec3<f32>, products: vec3<f32>) -> Eigen {
    let sizes = max(abs(squares), abs(products));
    let scale = max(sizes.x, max(sizes.y, sizes.z));
    if scale <= 0.0 { return Eigen(vec3<f32>(0.0), vec3<f32>(0.0), -1.0); }
    let mean = dot(squares / scale, vec3<f32>(1.0)) / 3.0;
    var diagonal = squares / scale - mean;
    var off = products / scale;
    let p = sqrt((dot(diagonal, diagonal) + 2.0 * dot(off, off)) / 6.0);
    if p < 1e-12 { return Eigen(vec3<f32>(mean * scale), vec3<f32>(0.0, 0.0, 1.0), 0.0); }
    diagonal /= p;
    off /= p;
    let determinant = diagonal.x * (diagonal.y * diagonal.z - off.z * off.z)
        - off.x * (off.x * diagonal.z - off.z * off.y)
        + off.y * (off.x * off.z - diagonal.y * off.y);
    let h = clamp(0.5 * determinant, -1.0, 1.0);
    // The root of x³ - 3x = 2|h| that is at least √3.
    var alone = 2.0;
    for (var i = 0u; i < 5u; i++) {
        alone -= (alone * (alone * alone - 3.0) - 2.0 * abs(h)) / (3.0 * (alone * alone - 1.0));
    }
    if h < 0.0 { alone = -alone; }
    let axis = null_vector(diagonal, off, alone);
    // Across it.
    var u = vec3<f32>(0.0, axis.z, -axis.y);
    if abs(axis.x) > abs(axis.y) { u = vec3<f32>(-axis.z, 0.0, axis.x); }
    u = unit_of(u);
    let w = cross(axis, u);
    let au = diagonal * u + vec3<f32>(dot(off.xy, u.yz), dot(off.xz, u.xz), dot(off.yz, u.xy));
    let aw = diagonal * w + vec3<f32>(dot(off.xy, w.yz), dot(off.xz, w.xz), dot(off.yz, w.xy));
    let uu = dot(u, au);
    let uw = dot(u, aw);
    let ww = dot(w, aw);
    let middle = 0.5 * (uu + ww);
    let half = 0.5 * (uu - ww);
    let radius = sqrt(half * half + uw * uw);
    // The eigenvector of middle + radius in the basis u, w; of two ways to write it, the one that does not cancel.
    var turn = vec2<f32>(uw, radius - half);
    if half >= 0.0 { turn = vec2<f32>(half + radius, uw); }
    let length = sqrt(dot(turn, turn));
    if length > 0.0 { turn /= length; } else { turn = vec2<f32>(1.0, 0.0); }
    let below = p * (middle - radius) + mean;
    let above = p * (middle + radius) + mean;
    let apart = p * alone + mean;
    if h < 0.0 {
        return Eigen(vec3<f32>(apart, below, above) * scale, axis, p * (middle - radius - alone) / above);
    }
    return Eigen(vec3<f32>(below, above, apart) * scale, turn.x * w - turn.y * u, p * 2.0 * radius / apart);
}
