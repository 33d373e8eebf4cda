// The points within a radius, as moments: see moments.wgsl. The cells are walked twice; no list is written.

struct State { moments: Moments, second: bool }

fn is_beyond(height: i32, state: ptr<function, State>) -> bool {
    return height > parameters.reach;
}

fn visit(first: u32, end: u32, query: vec3<i32>, state: ptr<function, State>) {
    var count = 0u;
    var base = (*state).moments.base;
    let mean = (*state).moments.mean;
    var unknown = (*state).moments.count == 0u;
    var sum = vec3<f32>(0.0);
    var squares = vec3<f32>(0.0);
    var products = vec3<f32>(0.0);
    for (var i = first; i < end; i++) {
        let d = position_of(i) - query;
        if !is_within(d, squared_roughly(d), parameters.limit, parameters.roughly) { continue; }
        if unknown {
            base = d;
            unknown = false;
        }
        count += 1u;
        let e = vec3<f32>(d - base) - mean;
        sum += e;
        squares += e * e;
        products += e.xxy * e.yzz;
    }
    if count == 0u { return; }
    (*state).moments.sum += sum;
    if (*state).second {
        (*state).moments.squares += squares;
        (*state).moments.products += products;
    } else {
        (*state).moments.count += count;
        (*state).moments.base = base;
    }
}

// Of the points within the radius of a query; after both passes.
fn moments_around(query: vec3<i32>) -> Moments {
    var state = State(no_moments(), false);
    let block = block_around(query, parameters.reach);
    walk(block, query, &state);
    if state.moments.count > 1u {
        var m = state.moments;
        settle_mean(&m);
        state.moments = m;
        state.second = true;
        walk(block, query, &state);
    }
    return state.moments;
}
