// Which thread of the whole dispatch this is.
//
// A dispatch has at most 65,535 workgroups in one dimension, so that a large one is folded into rows. The last row may be longer than what
// is left: every kernel compares its number with the count that its parameters give.

fn thread_of(id: vec3<u32>, groups: vec3<u32>) -> u32 {
    return id.x + id.y * groups.x * WORKGROUP;
}

// Whether all loops of this thread ran to their ends; to be asked last. `two` must be 2, but not so that a compiler sees it.
//
// Some drivers end loops after a number of rounds, without a word; every loop then runs once and no more. With llvmpipe it is 65,535 rounds of all loops of a
// vector of eight threads together: threads that loop in turns use them up for each other, so that no bound on a thread's own rounds shows that it is safe. A kernel whose loops are as long as its input asks this and marks its result, and the host returns an error instead of it.
fn is_complete(two: u32) -> bool {
    var rounds = 0u;
    for (var i = 0u; i < two; i++) { rounds += 1u; }
    return rounds == two;
}

// Which workgroup of the whole dispatch this is, from `workgroup_id`.
fn group_of(group: vec3<u32>, groups: vec3<u32>) -> u32 {
    return group.x + group.y * groups.x;
}
