// A picture of 8 bits by a map of places, of an image in a texture: one thread for four samples of the picture, a word.
//
// A texel holds all bands of a pixel: they are added up together, once for each pixel that the word is of.

@group(0) @binding(1) var samples: texture_2d<u32>;

fn texel_at(column: i32, row: i32) -> vec4<i32> {
    let x = index_within(column, parameters.columns, parameters.wraps != 0u);
    let y = index_within(row, parameters.rows, false);
    return vec4<i32>(textureLoad(samples, vec2(x, y), 0));
}

fn values_at(place: vec2<i32>) -> vec4<u32> {
    if place.x == NOWHERE { return vec4(0u); }
    let column = first_of(place.x);
    let row = first_of(place.y);
    let across = weights_of(place.x);
    let down = weights_of(place.y);
    let taps = i32(parameters.taps);
    var sum = vec4(ONE * ONE / 2);
    for (var j = 0; j < taps; j++) {
        var along = vec4(0);
        for (var i = 0; i < taps; i++) {
            along += across[i] * texel_at(column + i, row + j);
        }
        sum += down[j] * along;
    }
    return vec4<u32>(clamp(sum >> vec4(22u), vec4(0), vec4(255)));
}

@compute @workgroup_size(WORKGROUP)
fn write_picture(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let word = thread_of(id, groups);
    if word >= parameters.count { return; }
    var four = 0u;
    var pixel = 0xffffffffu;
    var values = vec4(0u);
    for (var k = 0u; k < 4u; k++) {
        let sample = 4u * word + k;
        if sample >= parameters.samples { break; }
        if sample / parameters.bands != pixel {
            pixel = sample / parameters.bands;
            values = values_at(places[pixel]);
        }
        four |= values[sample % parameters.bands] << (8u * k);
    }
    picture[word] = four;
}
