// The k nearest points of each query, k at most MOST.
//
// A sorted list in the thread's own memory: squared distances in f32 and places in the sorted points. A candidate that is nearer than the last moves in
// from the end; where f32 cannot decide, both points are looked at again and compared by whole numbers, then by number. The first block is one
// that holds k points at the mean density; it then grows as for the nearest, at once as far as the last of a full list is away.

struct State { count: u32, worst: f32, query: vec3<i32>, squared: array<f32, MOST>, place: array<u32, MOST> }

fn is_beyond(height: i32, state: ptr<function, State>) -> bool {
    let h = f32(height);
    return h * h > (*state).worst * (1.0 + GUARD);
}

// Whether candidate a comes before candidate b.
fn precedes(squared_a: f32, a: u32, squared_b: f32, b: u32, query: vec3<i32>) -> bool {
    if squared_a < squared_b * (1.0 - GUARD) { return true; }
    if squared_a > squared_b * (1.0 + GUARD) { return false; }
    let exact_a = squared_exactly(position_of(a) - query);
    let exact_b = squared_exactly(position_of(b) - query);
    if !is_same(exact_a, exact_b) { return is_less(exact_a, exact_b); }
    return number_of(a) < number_of(b);
}

fn visit(first: u32, end: u32, query: vec3<i32>, state: ptr<function, State>) {
    for (var i = first; i < end; i++) {
        let d = position_of(i) - query;
        let squared = squared_roughly(d);
        if squared > (*state).worst * (1.0 + GUARD) { continue; }
        let count = (*state).count;
        var at = count;
        if count == parameters.wanted {
            at = count - 1u;
            if !precedes(squared, i, (*state).squared[at], (*state).place[at], query) { continue; }
        } else {
            if !is_within(d, squared, parameters.limit, parameters.roughly) { continue; }
            (*state).count = count + 1u;
        }
        while at > 0u {
            let before = at - 1u;
            let its = (*state).squared[before];
            if !precedes(squared, i, its, (*state).place[before], query) { break; }
            (*state).squared[at] = its;
            (*state).place[at] = (*state).place[before];
            at = before;
        }
        (*state).squared[at] = squared;
        (*state).place[at] = i;
        if (*state).count == parameters.wanted { (*state).worst = (*state).squared[parameters.wanted - 1u]; }
    }
}

fn find(query: vec3<i32>, state: ptr<function, State>) {
    (*state).count = 0u;
    (*state).worst = parameters.roughly;
    var block = block_around(query, parameters.reach);
    walk(block, query, state);
    for (var round = 0u; round < 64u; round++) {
        let clear = f32(clearance(query, block));
        let worst = (*state).worst;
        if clear < 0.0 || clear * clear > worst * (1.0 + GUARD) { break; }
        var outer = grown(block, 1u << min(round, 30u));
        if (*state).count == parameters.wanted {
            let reach = i32(min(sqrt(worst) * (1.0 + 4.0 * GUARD) + 2.0, 2147483392.0));
            outer = hull(block, block_around(query, reach));
        }
        walk_ring(block, outer, query, state);
        block = outer;
    }
}
