// Values of an image at places: one thread for a band at a place.
//
// The CPU has found, in double precision, which pixels contribute and by which weights. So a weight is zero here where it is zero
// there, and nothing depends on how a place rounds. What is left is to read up to sixteen samples and to add up their products.
//
// Whether a sample exists is decided by bits, not by comparing a float with itself, which a compiler may take for true. For the
// same reason results are bits, with two patterns of NaN as marks. Cubic values with a masked pixel among theirs are rare and need
// the weights of lines: they go back to the CPU.
//
// `sample_bits` reads a buffer (values_of_buffer.wgsl) or a texture (values_of_texture.wgsl).

struct Parameters {
    count: u32,
    columns: i32,
    rows: i32,
    bands: u32,
    kind: u32,
    wraps: u32,
    has_mask: u32,
    renormalised: u32,
}

struct Place {
    first: vec2<i32>,
    holder: u32,
    is_valid: u32,
    across: vec4<f32>,
    down: vec4<f32>,
}

@group(1) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read> mask: array<u32>;
@group(0) @binding(3) var<storage, read> places: array<Place>;
@group(0) @binding(4) var<storage, read_write> values: array<u32>;

const NONE = 0x7fc00000u;
const GIVEN_BACK = 0x7fc00001u;

// The bits of a sample as a number of single precision; NaN if the mask leaves out its pixel.
fn bits_of(at: vec2<u32>, pixel: u32, band: u32) -> u32 {
    if parameters.has_mask != 0u && low_bits_of(mask[pixel >> 2u], pixel, 2u) == 0u { return NONE; }
    return sample_bits(at, pixel, band);
}

fn is_missing(bits: u32) -> bool {
    return (bits & 0x7fffffffu) > 0x7f800000u;
}

fn value_of(place: Place, band: u32) -> u32 {
    if place.is_valid == 0u { return NONE; }
    let renormalised = parameters.renormalised != 0u;
    let columns = u32(parameters.columns);
    let holder = vec2(place.holder % columns, place.holder / columns);
    if renormalised && is_missing(bits_of(holder, place.holder, band)) { return NONE; }
    var sum = 0.0;
    var weights = 0.0;
    var is_masked = false;
    for (var j = 0; j < 4; j++) {
        let down = place.down[j];
        if down == 0.0 { continue; }
        let row = index_within(place.first.y + j, parameters.rows, false);
        for (var i = 0; i < 4; i++) {
            let across = place.across[i];
            if across == 0.0 { continue; }
            let column = index_within(place.first.x + i, parameters.columns, parameters.wraps != 0u);
            let bits = bits_of(vec2(u32(column), u32(row)), u32(row) * columns + u32(column), band);
            if is_missing(bits) {
                is_masked = true;
            } else {
                sum += down * across * bitcast<f32>(bits);
                weights += down * across;
            }
        }
    }
    if !is_masked { return bitcast<u32>(sum); }
    if !renormalised { return NONE; }
    // Lines have two weights at most along an axis.
    let is_cubic = place.across.z != 0.0 || place.across.w != 0.0 || place.down.z != 0.0 || place.down.w != 0.0;
    return select(bitcast<u32>(sum / weights), GIVEN_BACK, is_cubic);
}

@compute @workgroup_size(WORKGROUP)
fn gather_values(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = thread_of(id, groups);
    if i >= parameters.count { return; }
    values[i] = value_of(places[i / parameters.bands], i % parameters.bands);
}
