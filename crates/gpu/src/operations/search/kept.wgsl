// Order statistics of few offsets, which a thread keeps and sorts where they are. A kernel's State has their `count` and `kept`.

const KEPT: u32 = 64u;

fn keep(along: f32, state: ptr<function, State>) {
    if (*state).count < KEPT { (*state).kept[(*state).count] = along; }
    (*state).count += 1u;
}

// Keeps the offsets around a query along `axis`, and counts them all: FLAGGED where that is not known.
fn keep_all(query: vec3<i32>, state: ptr<function, State>) -> u32 {
    let axis = (*state).axis;
    if any(axis != vec3<f32>(0.0)) { walk_cylinder(query, axis, state); }
    return select(FLAGGED, (*state).count, is_complete(two()));
}

fn sort_kept(state: ptr<function, State>) {
    for (var i = 1u; i < (*state).count; i++) {
        let moving = (*state).kept[i];
        var to = i;
        while to > 0u {
            let before = (*state).kept[to - 1u];
            if before <= moving { break; }
            (*state).kept[to] = before;
            to -= 1u;
        }
        (*state).kept[to] = moving;
    }
}

fn values_kept(ranks: array<u32, RANKS>, state: ptr<function, State>) -> array<f32, RANKS> {
    sort_kept(state);
    var wanted = ranks;
    var values: array<f32, RANKS>;
    for (var rank = 0u; rank < RANKS; rank++) { values[rank] = (*state).kept[wanted[rank]]; }
    return values;
}
