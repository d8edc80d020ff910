/* Writes down every change of a file under $RECORD_ROOT into $RECORD_LOG, in order.
 *
 * A record is one line, `name size offset`, then a path, then for a write its bytes and
 * for a rename or link the other path; paths are ended by a newline.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_FILES 4096
static char *names[MOST_FILES];
static int appends[MOST_FILES];
static int log_file = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define NEXT(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

static const char *inside(const char *path) {
    static __thread char whole[8192];
    const char *root = getenv("RECORD_ROOT");
    if (!root || !path) return NULL;
    if (path[0] == '/') {
        snprintf(whole, sizeof whole, "%s", path);
    } else {
        char here[4096];
        if (!getcwd(here, sizeof here)) return NULL;
        snprintf(whole, sizeof whole, "%s/%s", here, path);
    }
    size_t size = strlen(root);
    return strncmp(whole, root, size) == 0 && whole[size] == '/' ? whole + size + 1 : NULL;
}

static const char *inside_at(int folder, const char *path) {
    static __thread char joined[8192];
    if (!path || path[0] == '/' || folder == AT_FDCWD) return inside(path);
    if (folder < 0 || folder >= MOST_FILES || !names[folder]) return NULL;
    snprintf(joined, sizeof joined, "%s%s%s", names[folder],
             names[folder][0] ? "/" : "", path);
    return joined;
}

static void put(const void *bytes, size_t size) {
    const char *rest = bytes;
    while (size) {
        ssize_t done = syscall(SYS_write, log_file, rest, size);
        if (done <= 0) abort();
        rest += done;
        size -= done;
    }
}

static void record(const char *name, const char *path, const void *bytes, size_t size,
                   long long offset) {
    char head[128];
    pthread_mutex_lock(&lock);
    if (log_file < 0) {
        const char *log = getenv("RECORD_LOG");
        log_file = syscall(SYS_openat, AT_FDCWD, log,
                           O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (log_file < 0) abort();
    }
    int length = snprintf(head, sizeof head, "%s %zu %lld\n", name, size, offset);
    put(head, length);
    put(path, strlen(path));
    put("\n", 1);
    put(bytes, size);
    pthread_mutex_unlock(&lock);
}

static int opened(int file, const char *path, int flags) {
    if (file < 0 || file >= MOST_FILES) return file;
    free(names[file]);
    names[file] = NULL;
    if (!path) return file;
    names[file] = strdup(path);
    appends[file] = (flags & O_APPEND) != 0;
    if (flags & (O_WRONLY | O_RDWR)) {
        if (flags & O_CREAT) record("create", path, "", 0, 0);
        if (flags & O_TRUNC) record("truncate", path, "", 0, 0);
    }
    return file;
}

/* The root itself is synced too; its name is empty. */
static const char *root_or_inside(const char *path) {
    const char *root = getenv("RECORD_ROOT");
    if (root && path && strcmp(path, root) == 0) return "";
    return inside(path);
}

#define MODE_OF(flags)                                  \
    mode_t mode = 0;                                    \
    if (flags & (O_CREAT | O_TMPFILE)) {                \
        va_list rest;                                   \
        va_start(rest, flags);                          \
        mode = va_arg(rest, mode_t);                    \
        va_end(rest);                                   \
    }

int open(const char *path, int flags, ...) {
    MODE_OF(flags)
    return opened(NEXT(open)(path, flags, mode), root_or_inside(path), flags);
}
int open64(const char *path, int flags, ...) {
    MODE_OF(flags)
    return opened(NEXT(open64)(path, flags, mode), root_or_inside(path), flags);
}
int openat(int folder, const char *path, int flags, ...) {
    MODE_OF(flags)
    return opened(NEXT(openat)(folder, path, flags, mode), inside_at(folder, path), flags);
}
int openat64(int folder, const char *path, int flags, ...) {
    MODE_OF(flags)
    return opened(NEXT(openat64)(folder, path, flags, mode), inside_at(folder, path),
                  flags);
}
int close(int file) {
    if (file >= 0 && file < MOST_FILES) {
        free(names[file]);
        names[file] = NULL;
    }
    return NEXT(close)(file);
}

static const char *name_of(int file) {
    return file >= 0 && file < MOST_FILES ? names[file] : NULL;
}

static long long place(int file) {
    return lseek(file, 0, appends[file] ? SEEK_END : SEEK_CUR);
}

ssize_t write(int file, const void *bytes, size_t size) {
    const char *path = name_of(file);
    long long offset = path ? place(file) : 0;
    ssize_t done = NEXT(write)(file, bytes, size);
    if (path && done > 0) record("write", path, bytes, done, offset);
    return done;
}
#define PWRITE(function, off)                                                      \
    ssize_t function(int file, const void *bytes, size_t size, off offset) {       \
        ssize_t done = NEXT(function)(file, bytes, size, offset);                  \
        const char *path = name_of(file);                                          \
        if (path && done > 0) record("write", path, bytes, done, offset);          \
        return done;                                                               \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)
ssize_t writev(int file, const struct iovec *parts, int count) {
    if (!name_of(file)) return NEXT(writev)(file, parts, count);
    return count ? write(file, parts[0].iov_base, parts[0].iov_len) : 0;
}

/* Callers fall back to reading and writing. */
ssize_t sendfile(int to, int from, off_t *offset, size_t size) {
    errno = EINVAL;
    return -1;
}
ssize_t sendfile64(int to, int from, off64_t *offset, size_t size) {
    errno = EINVAL;
    return -1;
}
ssize_t copy_file_range(int from, off64_t *a, int to, off64_t *b, size_t size,
                        unsigned flags) {
    errno = EXDEV;
    return -1;
}
#define TRUNCATE(function, off)                                                    \
    int function(int file, off size) {                                             \
        int code = NEXT(function)(file, size);                                     \
        const char *path = name_of(file);                                          \
        if (!code && path) record("truncate", path, "", 0, size);                  \
        return code;                                                               \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define SYNC(function)                                                             \
    int function(int file) {                                                       \
        int code = NEXT(function)(file);                                           \
        if (!code && name_of(file)) record("sync", name_of(file), "", 0, 0);       \
        return code;                                                               \
    }
SYNC(fsync)
SYNC(fdatasync)

static void record_pair(const char *name, const char *from, const char *to) {
    char kept[8192];
    if (!to) abort();
    snprintf(kept, sizeof kept, "%s", from);
    record(name, kept, to, strlen(to), 0);
}

#define PAIR(function)                                                             \
    int function(const char *from, const char *to) {                               \
        int code = NEXT(function)(from, to);                                       \
        char kept[8192];                                                           \
        const char *path = inside(from);                                           \
        if (!code && path) {                                                       \
            snprintf(kept, sizeof kept, "%s", path);                               \
            record_pair(#function, kept, inside(to));                              \
        }                                                                          \
        return code;                                                               \
    }
PAIR(rename)
PAIR(link)

int unlink(const char *path) {
    int code = NEXT(unlink)(path);
    if (!code && inside(path)) record("unlink", inside(path), "", 0, 0);
    return code;
}
int unlinkat(int folder, const char *path, int flags) {
    int code = NEXT(unlinkat)(folder, path, flags);
    const char *name = inside_at(folder, path);
    if (!code && name) record(flags & AT_REMOVEDIR ? "rmdir" : "unlink", name, "", 0, 0);
    return code;
}
int mkdir(const char *path, mode_t mode) {
    int code = NEXT(mkdir)(path, mode);
    if (!code && inside(path)) record("mkdir", inside(path), "", 0, 0);
    return code;
}
int rmdir(const char *path) {
    int code = NEXT(rmdir)(path);
    if (!code && inside(path)) record("rmdir", inside(path), "", 0, 0);
    return code;
}
