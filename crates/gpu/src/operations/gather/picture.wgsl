// A picture of 8 bits by a map of places: one thread for four samples of the picture, a word.

@group(0) @binding(1) var<storage, read> samples: array<u32>;

fn sample_at(column: i32, row: i32, band: u32) -> i32 {
    let x = u32(index_within(column, parameters.columns, parameters.wraps != 0u));
    let y = u32(index_within(row, parameters.rows, false));
    let index = (y * u32(parameters.columns) + x) * parameters.bands + band;
    return i32(low_bits_of(samples[index >> 2u], index, 2u));
}

fn value_at(place: vec2<i32>, band: u32) -> u32 {
    if place.x == NOWHERE { return 0u; }
    let column = first_of(place.x);
    let row = first_of(place.y);
    let across = weights_of(place.x);
    let down = weights_of(place.y);
    let taps = i32(parameters.taps);
    var sum = ONE * ONE / 2;
    for (var j = 0; j < taps; j++) {
        var along = 0;
        for (var i = 0; i < taps; i++) {
            along += across[i] * sample_at(column + i, row + j, band);
        }
        sum += down[j] * along;
    }
    return u32(clamp(sum >> 22u, 0, 255));
}

@compute @workgroup_size(WORKGROUP)
fn write_picture(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let word = thread_of(id, groups);
    if word >= parameters.count { return; }
    var four = 0u;
    for (var k = 0u; k < 4u; k++) {
        let sample = 4u * word + k;
        if sample < parameters.samples {
            four |= value_at(places[sample / parameters.bands], sample % parameters.bands) << (8u * k);
        }
    }
    picture[word] = four;
}
