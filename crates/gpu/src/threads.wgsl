// Which thread of the whole dispatch this is.
//
// A dispatch has at most 65,535 workgroups in one dimension, so that a large one is folded into rows. The last row may be longer than what
// is left: every kernel compares its number with the count that its parameters give.

fn thread_of(id: vec3<u32>, groups: vec3<u32>) -> u32 {
    return id.x + id.y * groups.x * WORKGROUP;
}

// Which workgroup of the whole dispatch this is, from `workgroup_id`.
fn group_of(group: vec3<u32>, groups: vec3<u32>) -> u32 {
    return group.x + group.y * groups.x;
}
