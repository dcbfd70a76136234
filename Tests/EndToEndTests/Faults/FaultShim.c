/* Stands between a program and the kernel's file calls (LD_PRELOAD), so that tests can make real
 * faults in the shipped command, which has no hook of its own. Built by the tests with cc.
 *
 * FAULT_UNDER=FOLDER                  files below this folder are meant, no others
 * FAULT_PLAN="ACTION OPS FIRST LAST PATH"
 *     ACTION  kill: SIGKILL instead of the call; tear: the call is made, a write by half, then
 *             SIGKILL; hang: the call never returns; error=N: the call fails with errno N
 *     OPS     letters of the calls that count: o open for writing, g read, w write, t truncate,
 *             a allocate, s sync, r rename, l link, u unlink, m mkdir
 *     FIRST LAST  which of these calls are met, counted from 1
 *     PATH    a part of the path, or - for every file
 * FAULT_LOG=FILE                      every call that changed something, in order, with its bytes
 * FAULT_CLOCK="CALLS SECONDS"         the wall clock jumps after so many readings
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum fate { PASS, TEAR, FAIL };

static char under[PATH_MAX], about[PATH_MAX], action[32], ops[32];
static long first, last, met, clock_calls, clock_limit = -1, clock_shift;
static int log_file = -1, failure;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void read_plan(void) {
  const char *folder = getenv("FAULT_UNDER"), *plan = getenv("FAULT_PLAN");
  const char *log = getenv("FAULT_LOG"), *shift = getenv("FAULT_CLOCK");
  if (folder) snprintf(under, sizeof under, "%s/", folder);
  if (plan) sscanf(plan, "%31s %31s %ld %ld %4095s", action, ops, &first, &last, about);
  if (strcmp(about, "-") == 0) about[0] = 0;
  sscanf(action, "error=%d", &failure);
  if (log)
    log_file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (shift) sscanf(shift, "%ld %ld", &clock_limit, &clock_shift);
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* The folder itself or anything below it. */
static int is_ours(const char *path) {
  size_t count = strlen(under);
  if (!count || !path) return 0;
  return strncmp(path, under, count) == 0 ||
         (strlen(path) == count - 1 && strncmp(path, under, count - 1) == 0);
}

static int path_of(int fd, char *path) {
  char link[64];
  int error = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t count = readlink(link, path, PATH_MAX - 1);
  path[count < 0 ? 0 : count] = 0;
  errno = error;
  return is_ours(path);
}

/* Takes the turn, so that the log's order is that of the calls, and says what becomes of this. */
static enum fate begin(char op, const char *path) {
  pthread_mutex_lock(&turn);
  if (!action[0] || !strchr(ops, op) || !strstr(path, about)) return PASS;
  met++;
  if (met < first || met > last) return PASS;
  if (strcmp(action, "kill") == 0) die();
  if (strcmp(action, "tear") == 0) return TEAR;
  if (strcmp(action, "hang") != 0) return FAIL;
  pthread_mutex_unlock(&turn);
  for (;;) pause();
}

static void put_all(const void *bytes, size_t count) {
  const char *next = bytes;
  while (count > 0) {
    ssize_t done = syscall(SYS_write, log_file, next, count);
    if (done <= 0) die(); /* a log with a gap would prove nothing */
    next += done;
    count -= done;
  }
}

static void note(char op, const char *path, const char *to, long at, long size, const void *bytes) {
  char line[96];
  int error = errno;
  if (log_file < 0) return;
  int count = snprintf(line, sizeof line, "%c %ld %ld %zu %zu %d\n", op, at, size, strlen(path),
                       to ? strlen(to) : 0, bytes != NULL);
  put_all(line, count);
  put_all(path, strlen(path));
  if (to) put_all(to, strlen(to));
  if (bytes) put_all(bytes, size);
  errno = error;
}

static long end(enum fate fate, long result) {
  if (fate == TEAR) die();
  pthread_mutex_unlock(&turn);
  return result;
}

static long refuse(void) {
  pthread_mutex_unlock(&turn);
  errno = failure;
  return -1;
}

/* A call on a path or descriptor without bytes: refused, or made, noted and perhaps the last. */
#define CALL(op, path, to, at, made)                                    \
  do {                                                                  \
    enum fate fate = begin(op, path);                                   \
    if (fate == FAIL) return refuse();                                  \
    long result = made;                                                 \
    if (result >= 0) note(op, path, to, at, 0, NULL);                   \
    return end(fate, result);                                           \
  } while (0)

static long put(int fd, const void *bytes, size_t count, off_t offset) {
  char path[PATH_MAX];
  if (!path_of(fd, path))
    return offset < 0 ? syscall(SYS_write, fd, bytes, count)
                      : syscall(SYS_pwrite64, fd, bytes, count, offset);
  enum fate fate = begin('w', path);
  if (fate == FAIL) return refuse();
  int appends = syscall(SYS_fcntl, fd, F_GETFL) & O_APPEND;
  off_t at = offset < 0 ? lseek(fd, 0, appends ? SEEK_END : SEEK_CUR) : offset;
  size_t part = fate == TEAR ? (count + 1) / 2 : count;
  long done = offset < 0 ? syscall(SYS_write, fd, bytes, part)
                         : syscall(SYS_pwrite64, fd, bytes, part, offset);
  if (done > 0) note('w', path, NULL, at, done, bytes);
  return end(fate, done);
}

ssize_t write(int fd, const void *bytes, size_t count) { return put(fd, bytes, count, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) { return put(fd, bytes, count, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t at) { return put(fd, bytes, count, at); }

static long get(int fd, void *bytes, size_t count, off_t offset) {
  char path[PATH_MAX];
  if (strchr(ops, 'g') && path_of(fd, path)) {
    if (begin('g', path) == FAIL) return refuse();
    pthread_mutex_unlock(&turn);
  }
  return offset < 0 ? syscall(SYS_read, fd, bytes, count)
                    : syscall(SYS_pread64, fd, bytes, count, offset);
}

ssize_t read(int fd, void *bytes, size_t count) { return get(fd, bytes, count, -1); }
ssize_t pread(int fd, void *bytes, size_t count, off_t at) { return get(fd, bytes, count, at); }
ssize_t pread64(int fd, void *bytes, size_t count, off_t at) { return get(fd, bytes, count, at); }

static long sync_file(int fd, long call) {
  char path[PATH_MAX];
  if (!path_of(fd, path)) return syscall(call, fd);
  CALL('s', path, NULL, 0, syscall(call, fd));
}

int fsync(int fd) { return sync_file(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_file(fd, SYS_fdatasync); }

int ftruncate(int fd, off_t size) {
  char path[PATH_MAX];
  if (!path_of(fd, path)) return syscall(SYS_ftruncate, fd, size);
  CALL('t', path, NULL, size, syscall(SYS_ftruncate, fd, size));
}
int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }

static long allocate(int fd, off_t at, off_t size) {
  char path[PATH_MAX];
  if (!path_of(fd, path)) return syscall(SYS_fallocate, fd, 0, at, size);
  CALL('a', path, NULL, at + size, syscall(SYS_fallocate, fd, 0, at, size));
}
int posix_fallocate(int fd, off_t at, off_t size) { return allocate(fd, at, size) == 0 ? 0 : errno; }
int posix_fallocate64(int fd, off_t at, off_t size) { return posix_fallocate(fd, at, size); }

static long open_file(int folder, const char *path, int flags, mode_t mode) {
  if (!is_ours(path) || (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) == 0)
    return syscall(SYS_openat, folder, path, flags, mode);
  enum fate fate = begin('o', path);
  if (fate == FAIL) return refuse();
  int is_new = syscall(SYS_faccessat, AT_FDCWD, path, F_OK) != 0;
  long result = syscall(SYS_openat, folder, path, flags, mode);
  if (result >= 0 && is_new) note('o', path, NULL, 0, 0, NULL);
  if (result >= 0 && !is_new && flags & O_TRUNC) note('t', path, NULL, 0, 0, NULL);
  return end(fate, result);
}

#define OPEN(name, parameters, folder)                                  \
  int name parameters {                                                 \
    va_list rest;                                                       \
    va_start(rest, flags);                                              \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                       \
    return open_file(folder, path, flags, mode);                        \
  }
OPEN(open, (const char *path, int flags, ...), AT_FDCWD)
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD)
OPEN(openat, (int folder, const char *path, int flags, ...), folder)
OPEN(openat64, (int folder, const char *path, int flags, ...), folder)

int rename(const char *path, const char *to) {
  if (!is_ours(to)) return syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, to, 0);
  CALL('r', path, to, 0, syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, to, 0));
}

int unlink(const char *path) {
  if (!is_ours(path)) return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
  CALL('u', path, NULL, 0, syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

int link(const char *path, const char *to) {
  if (!is_ours(to)) return syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, to, 0);
  CALL('l', path, to, 0, syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, to, 0));
}

int mkdir(const char *path, mode_t mode) {
  if (!is_ours(path)) return syscall(SYS_mkdirat, AT_FDCWD, path, mode);
  CALL('m', path, NULL, 0, syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}

static long shifted(clockid_t clock) {
  if (clock != CLOCK_REALTIME || clock_limit < 0) return 0;
  return __atomic_add_fetch(&clock_calls, 1, __ATOMIC_RELAXED) > clock_limit ? clock_shift : 0;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  int result = syscall(SYS_clock_gettime, clock, time);
  if (result == 0) time->tv_sec += shifted(clock);
  return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  int result = syscall(SYS_gettimeofday, time, zone);
  if (result == 0) time->tv_sec += shifted(CLOCK_REALTIME);
  return result;
}
