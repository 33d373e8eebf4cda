// The offsets along an axis of the points in a cylinder, one by one: what kernels of medians share. A kernel's State has `axis` and `count`, and the kernel
// says what it does with an offset (`take`).

fn visit(first: u32, end: u32, query: vec3<i32>, state: ptr<function, State>) {
    if (*state).count == FLAGGED { return; }
    for (var i = first; i < end; i++) {
        var along: f32;
        let where_it_is = inside(position_of(i) - query, (*state).axis, &along);
        if where_it_is == 0u { continue; }
        if where_it_is == 2u {
            (*state).count = FLAGGED;
            return;
        }
        take(along, state);
    }
}
