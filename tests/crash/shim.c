/* Stands between a process and the C library (LD_PRELOAD): counts what it asks of the files below one folder and of sockets, writes down
 * what was asked, and at one chosen call kills the process, stops it, or refuses the call.
 *
 * Nothing happens before `crash_arm`, and nothing in a process that is started by exec afterwards: arming is in memory only.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum call { LOOK, MAKE, WRITE, SYNC, RENAME, UNLINK, CUT, FOLDER, NET, SAID, TIMES };
enum act { NOTHING, KILL, TORN, FAIL, SHORT, STOP };

struct entry { /* of the log: followed by both paths and the bytes */
    uint64_t began, ended, offset;
    int32_t call, result, pid;
    uint32_t path, other, bytes;
};

static struct {
    int on, log, keeps_bytes, act, error, forever;
    unsigned mask;
    uint64_t when;
    uint64_t *clock; /* shared by all armed processes of one trial */
    uint64_t count;
    size_t length;
    char root[PATH_MAX];
} s;

static uint64_t tick(void) { return __atomic_add_fetch(s.clock, 1, __ATOMIC_SEQ_CST); }

static void note(enum call call, uint64_t began, long result, const char *path, const char *other, uint64_t offset, const void *data, size_t size) {
    int kept = errno;
    if (!s.keeps_bytes && call != SAID) size = 0;
    struct entry e = {began, tick(), offset, call, (int32_t)result, getpid(), path ? strlen(path) : 0, other ? strlen(other) : 0, (uint32_t)size};
    struct iovec parts[4] = {{&e, sizeof e}, {(void *)path, e.path}, {(void *)other, e.other}, {(void *)data, size}};
    syscall(SYS_writev, s.log, parts, 4);
    errno = kept;
}

static int below(const char *path) { /* configuration is the user's, not ours */
    if (!s.on || !path || strncmp(path, s.root, s.length)) return 0;
    const char *rest = path + s.length;
    return !*rest || (*rest == '/' && strncmp(rest, "/config", 7));
}

static int named(int fd, char *path) { /* of an open file: is it ours? */
    char link[40];
    int kept = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, PATH_MAX - 1);
    errno = kept;
    path[n > 0 ? n : 0] = 0;
    return n > 0;
}

static int ours(int fd, char *path) { return s.on && named(fd, path) && below(path); }

static int wired(int fd, char *path) {
    return s.on && (s.mask & 1u << NET) && named(fd, path) && (!strncmp(path, "socket:", 7) || !strncmp(path, "pipe:", 5));
}

static void die(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

/* Is this the call? What happens to it then; a kill before it does not come back. */
static enum act turn(enum call call) {
    if (!(s.mask & 1u << call)) return NOTHING;
    uint64_t n = __atomic_add_fetch(&s.count, 1, __ATOMIC_SEQ_CST);
    if (n != s.when && !(s.forever && n > s.when)) return NOTHING;
    if (s.act == KILL) die();
    if (s.act == STOP) syscall(SYS_kill, getpid(), SIGSTOP);
    if (s.act == SHORT && n > s.when) return FAIL;
    return s.act;
}

#define REFUSED(call, path) do { errno = s.error; note(call, 0, -s.error, path, 0, 0, 0, 0); return -1; } while (0)

/* ---- what the harness calls */
int crash_arm(const char *root, unsigned mask, uint64_t when, int act, int error, int forever, const char *log, int keeps_bytes) {
    char clock[PATH_MAX];
    snprintf(clock, sizeof clock, "%s.clock", log);
    int fd = syscall(SYS_openat, AT_FDCWD, clock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || syscall(SYS_ftruncate, fd, 4096)) return -1;
    s.clock = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    s.log = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (s.log < 0 || s.clock == MAP_FAILED || strlen(root) >= PATH_MAX) return -1;
    strcpy(s.root, root);
    s.length = strlen(root), s.mask = mask, s.when = when, s.act = act, s.error = error, s.forever = forever, s.keeps_bytes = keeps_bytes;
    s.count = 0, s.on = 1;
    return 0;
}

void crash_disarm(void) { s.on = 0; }

void crash_said(const char *what) {
    if (s.on) note(SAID, tick(), 0, 0, 0, 0, what, strlen(what));
}

/* ---- files by name */
static int opened(const char *path, int flags, mode_t mode) {
    if (!below(path)) return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    enum call call = flags & O_CREAT ? MAKE : LOOK;
    enum act act = turn(call);
    if (act == FAIL || act == SHORT) REFUSED(call, path);
    uint64_t began = tick();
    int fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    note(call, began, fd, path, 0, flags, 0, 0);
    if (act == TORN) die();
    return fd;
}

#define OPEN(name)                                 \
    int name(const char *path, int flags, ...) {   \
        va_list more;                              \
        va_start(more, flags);                     \
        mode_t mode = va_arg(more, mode_t);        \
        va_end(more);                              \
        return opened(path, flags, mode);          \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                         \
    int name(int at, const char *path, int flags, ...) {                                     \
        va_list more;                                                                        \
        va_start(more, flags);                                                               \
        mode_t mode = va_arg(more, mode_t);                                                  \
        va_end(more);                                                                        \
        return *path == '/' || at == AT_FDCWD ? opened(path, flags, mode) : (int)syscall(SYS_openat, at, path, flags, mode); \
    }
OPENAT(openat)
OPENAT(openat64)

#define BY_NAME(call, path, other, real)                         \
    if (!below(path)) return real;                               \
    enum act act = turn(call);                                   \
    if (act == FAIL || act == SHORT) REFUSED(call, path);        \
    uint64_t began = tick();                                     \
    int result = real;                                           \
    note(call, began, result, path, other, 0, 0, 0);             \
    if (act == TORN) die();                                      \
    return result

int rename(const char *from, const char *to) { BY_NAME(RENAME, from, to, syscall(SYS_rename, from, to)); }
int unlink(const char *path) { BY_NAME(UNLINK, path, 0, syscall(SYS_unlink, path)); }
int mkdir(const char *path, mode_t mode) { BY_NAME(FOLDER, path, 0, syscall(SYS_mkdir, path, mode)); }

/* ---- open files */
static int synced(int fd, long number) {
    char path[PATH_MAX];
    if (!ours(fd, path)) return syscall(number, fd);
    enum act act = turn(SYNC);
    if (act == FAIL || act == SHORT) REFUSED(SYNC, path);
    uint64_t began = tick();
    int result = 0; /* what a cut leaves the model tells: no disk need wait */
    note(SYNC, began, result, path, 0, 0, 0, 0);
    if (act == TORN) die();
    return result;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

static int cut(int fd, off_t length) {
    char path[PATH_MAX];
    if (!ours(fd, path)) return syscall(SYS_ftruncate, fd, length);
    enum act act = turn(CUT);
    if (act == FAIL || act == SHORT) REFUSED(CUT, path);
    uint64_t began = tick();
    int result = syscall(SYS_ftruncate, fd, length);
    note(CUT, began, result, path, 0, length, 0, 0);
    if (act == TORN) die();
    return result;
}
int ftruncate(int fd, off_t length) { return cut(fd, length); }
int ftruncate64(int fd, off_t length) { return cut(fd, length); }

static ssize_t written(int fd, const void *data, size_t size, off_t offset, int placed) {
    char path[PATH_MAX];
    if (wired(fd, path)) {
        turn(NET);
        note(NET, tick(), 0, path, 0, 0, 0, 0);
        return syscall(SYS_write, fd, data, size);
    }
    if (!ours(fd, path)) return placed ? syscall(SYS_pwrite64, fd, data, size, offset) : syscall(SYS_write, fd, data, size);
    enum act act = turn(WRITE);
    if (act == FAIL || (act == SHORT && size < 2)) REFUSED(WRITE, path);
    if (act == TORN || act == SHORT) size = size > 1 ? size / 2 : size;
    uint64_t began = tick();
    ssize_t done = placed ? syscall(SYS_pwrite64, fd, data, size, offset) : syscall(SYS_write, fd, data, size);
    if (done >= 0 && !placed) offset = syscall(SYS_lseek, fd, 0, SEEK_CUR) - done;
    note(WRITE, began, done, path, 0, offset, data, done > 0 ? done : 0);
    if (act == TORN) die();
    return done;
}
ssize_t write(int fd, const void *data, size_t size) { return written(fd, data, size, 0, 0); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { return written(fd, data, size, offset, 1); }
ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) { return written(fd, data, size, offset, 1); }

/* ---- the network */
#define WIRED(real)                                  \
    char path[PATH_MAX];                             \
    if (wired(fd, path)) {                           \
        turn(NET);                                   \
        note(NET, tick(), 0, path, 0, 0, 0, 0);      \
    }                                                \
    return real

ssize_t send(int fd, const void *data, size_t size, int flags) { WIRED(syscall(SYS_sendto, fd, data, size, flags, 0, 0)); }
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) { WIRED(syscall(SYS_sendmsg, fd, message, flags)); }
ssize_t recv(int fd, void *data, size_t size, int flags) { WIRED(syscall(SYS_recvfrom, fd, data, size, flags, 0, 0)); }
ssize_t read(int fd, void *data, size_t size) {
    char path[PATH_MAX];
    if (s.on && (s.mask & 1u << NET) && named(fd, path) && !strncmp(path, "socket:", 7)) {
        turn(NET);
        note(NET, tick(), 0, path, 0, 0, 0, 0);
    }
    return syscall(SYS_read, fd, data, size);
}
