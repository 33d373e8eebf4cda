//! LAS and LAZ: headers, columns, chunks decoded in parallel, extra bytes, written atomically.
