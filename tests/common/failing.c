// Loaded before the C library: calls on files fail as those of a server of files that was lost.
//
// FAILING_CALL (open, read, write) on paths that have FAILING_PATH in them ends with the number FAILING_ERRNO.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int fails(const char *call, const char *path) {
    const char *wanted = getenv("FAILING_CALL"), *part = getenv("FAILING_PATH"), *number = getenv("FAILING_ERRNO");
    if (!wanted || !part || !number || strcmp(wanted, call) || !strstr(path, part)) return 0;
    errno = atoi(number);
    return 1;
}

static int fails_at(const char *call, int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return fails(call, path);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    if (fails("open", path)) return -1;
    return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64"))(path, flags, mode);
}

ssize_t read(int file, void *to, size_t bytes) {
    if (fails_at("read", file)) return -1;
    return ((ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read"))(file, to, bytes);
}

ssize_t pread64(int file, void *to, size_t bytes, off64_t at) {
    if (fails_at("read", file)) return -1;
    return ((ssize_t(*)(int, void *, size_t, off64_t))dlsym(RTLD_NEXT, "pread64"))(file, to, bytes, at);
}

ssize_t write(int file, const void *from, size_t bytes) {
    if (fails_at("write", file)) return -1;
    return ((ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write"))(file, from, bytes);
}
