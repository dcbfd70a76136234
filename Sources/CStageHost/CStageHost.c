#define _GNU_SOURCE
#include "CStageHost.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// The kernel's interface of Landlock (landlock(7)); Debian 12's headers have its first version only.
struct ruleset {
  uint64_t files, network, scopes;
};
struct __attribute__((packed)) path_rule {
  uint64_t access;
  int32_t folder;
};
enum {
  run_file = 1 << 0, write_file = 1 << 1, read_file = 1 << 2, read_folder = 1 << 3,
  truncate_file = 1 << 14,
};
#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset 444
#define __NR_landlock_add_rule 445
#define __NR_landlock_restrict_self 446
#endif

static int landlock_version(void) {
  long version = syscall(__NR_landlock_create_ruleset, NULL, 0, 1);
  return version < 0 ? 0 : (int)version;
}

/// All rights to files that a version of Landlock knows.
static uint64_t all_rights(int version) {
  if (version >= 5) return (1 << 16) - 1;
  if (version >= 3) return (1 << 15) - 1;
  if (version >= 2) return (1 << 14) - 1;
  return (1 << 13) - 1;
}

static int allow(int ruleset, const char *path, uint64_t rights) {
  int folder = open(path, O_PATH | O_CLOEXEC);
  if (folder < 0) return 0;  // What is not there needs no leave.
  struct stat status;
  if (fstat(folder, &status) == 0 && !S_ISDIR(status.st_mode)) {
    rights &= run_file | write_file | read_file | truncate_file | 1 << 15;
  }
  struct path_rule rule = {.access = rights, .folder = folder};
  int result = (int)syscall(__NR_landlock_add_rule, ruleset, 1, &rule, 0);
  int error = errno;
  close(folder);
  return result < 0 ? -error : 0;
}

static int confine_files(const struct anagen_confinement *confinement) {
  int version = landlock_version();
  if (version == 0) return anagen_no_landlock;
  uint64_t all = all_rights(version);
  struct ruleset rules = {.files = all};
  size_t size = version >= 6 ? sizeof rules : version >= 4 ? 16 : 8;
  if (version >= 4 && !confinement->network) rules.network = 3;
  if (version >= 6) rules.scopes = 3;  // Abstract sockets and signals stay within.
  int ruleset = (int)syscall(__NR_landlock_create_ruleset, &rules, size, 0);
  if (ruleset < 0) return -errno;
  int error = 0;
  uint64_t reading = (run_file | read_file | read_folder) & all;
  for (const char *const *path = confinement->readable; *path && !error; path++) {
    error = allow(ruleset, *path, reading);
  }
  for (const char *const *path = confinement->writable; *path && !error; path++) {
    error = allow(ruleset, *path, all);
  }
  if (!error && syscall(__NR_landlock_restrict_self, ruleset, 0) < 0) error = -errno;
  close(ruleset);
  return error;
}

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define REFUSE(error) ANSWER(SECCOMP_RET_ERRNO | ((error) & SECCOMP_RET_DATA))
#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
/// Goes on behind the next instruction unless the loaded value is this one.
#define UNLESS(value) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, 1)

static int confine_calls(const struct anagen_confinement *confinement) {
#ifdef ARCHITECTURE
  struct sock_filter filter[96];
  size_t count = 0;
#define ADD(...) filter[count++] = (struct sock_filter)__VA_ARGS__
  ADD(LOAD(arch));
  ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
  ADD(ANSWER(SECCOMP_RET_KILL_PROCESS));
  ADD(LOAD(nr));
#ifdef __x86_64__
  // The other numbering of the same calls.
  ADD(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1));
  ADD(REFUSE(ENOSYS));
#endif
  // Nothing that takes hold of another process or of the kernel's own interfaces.
  ADD(UNLESS(__NR_ptrace));
  ADD(REFUSE(EPERM));
  ADD(UNLESS(__NR_process_vm_writev));
  ADD(REFUSE(EPERM));
  ADD(UNLESS(425));  // io_uring_setup: it would pass by this filter.
  ADD(REFUSE(ENOSYS));
  // Modes, owners, times and attributes of files, which the rules for paths do not cover.
  static const unsigned marks[] = {
#ifdef __NR_chmod
      __NR_chmod, __NR_chown, __NR_lchown, __NR_utime, __NR_utimes, __NR_futimesat,
#endif
      __NR_fchmodat, 452 /* fchmodat2 */, __NR_fchownat, __NR_utimensat, __NR_setxattr,
      __NR_lsetxattr, __NR_removexattr, __NR_lremovexattr,
  };
  for (size_t index = 0; index < sizeof marks / sizeof *marks; index++) {
    ADD(UNLESS(marks[index]));
    ADD(REFUSE(EPERM));
  }
  // The limits of another process: of none but the caller's own, which is 0.
  ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_prlimit64, 0, 4));
  ADD(LOAD(args[0]));
  ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1));
  ADD(ANSWER(SECCOMP_RET_ALLOW));
  ADD(REFUSE(EPERM));
  if (!confinement->network) {
    ADD(UNLESS(__NR_socket));
    ADD(REFUSE(EACCES));
  }
  if (!confinement->processes) {
#ifdef __NR_fork
    ADD(UNLESS(__NR_fork));
    ADD(REFUSE(EPERM));
    ADD(UNLESS(__NR_vfork));
    ADD(REFUSE(EPERM));
#endif
    ADD(UNLESS(435));  // clone3: the flags lie in memory; the C library falls back to clone.
    ADD(REFUSE(ENOSYS));
    // A thread is not a process.
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone, 0, 3));
    ADD(LOAD(args[0]));
    ADD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0));
    ADD(REFUSE(EPERM));
  }
  ADD(ANSWER(SECCOMP_RET_ALLOW));
  struct sock_fprog program = {.len = (unsigned short)count, .filter = filter};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0) return 0;
#endif
  return anagen_no_seccomp;
}

static int limit(int resource, uint64_t most) {
  struct rlimit now, limit = {.rlim_cur = most, .rlim_max = most};
  if (getrlimit(resource, &now) == 0 && now.rlim_max < most) {
    limit.rlim_cur = limit.rlim_max = now.rlim_max;
  }
  return setrlimit(resource, &limit) < 0 ? -errno : 0;
}

/// Gives up what root may do beyond its files.
static int drop_capabilities(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[2];
  memset(none, 0, sizeof none);
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

/// Makes the kernel end this process, and not the run, when the machine is short of memory.
static int be_ended_first(void) {
  int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return errno == ENOENT ? 0 : -errno;
  int error = write(file, "1000", 4) == 4 ? 0 : -errno;
  close(file);
  return error;
}

int anagen_confine(const struct anagen_confinement *confinement) {
  int error = prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ? -errno : 0;
  // The parent may have ended before that.
  if (!error && getppid() != confinement->parent) error = -ESRCH;
  if (!error) error = be_ended_first();
  if (!error) error = limit(RLIMIT_CORE, 0);
  if (!error) error = limit(RLIMIT_DATA, confinement->memory_bytes);
  if (!error) error = limit(RLIMIT_FSIZE, confinement->file_bytes);
  if (!error) error = limit(RLIMIT_NOFILE, confinement->open_files);
  if (!error && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) error = -errno;
  if (!error) error = drop_capabilities();
  if (error) return error;
  int files = confine_files(confinement);
  if (files < 0) return files;
  return files | confine_calls(confinement);
}

int anagen_confinement_lacks(void) {
  int lacks = landlock_version() == 0 ? anagen_no_landlock : 0;
#ifndef ARCHITECTURE
  lacks |= anagen_no_seccomp;
#else
  if (prctl(PR_GET_SECCOMP) < 0) lacks |= anagen_no_seccomp;
#endif
  return lacks;
}

int anagen_start(
    const char *path, char *const arguments[], char *const environment[], const char *folder,
    const int descriptors[3]) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  pid_t process = 0;
  // From here on nobody without root's rights reads this process's environment or open files in
  // /proc, and no core of it is written.
  prctl(PR_SET_DUMPABLE, 0);
  int error = posix_spawn_file_actions_init(&actions);
  if (error) return -error;
  error = posix_spawnattr_init(&attributes);
  if (error) {
    posix_spawn_file_actions_destroy(&actions);
    return -error;
  }
  sigemptyset(&none);
  sigfillset(&all);
  // A descriptor that is its own target would stay closed on exec.
  int moved[3];
  for (int index = 0; index < 3; index++) moved[index] = fcntl(descriptors[index], F_DUPFD_CLOEXEC, 3);
  for (int index = 0; index < 3 && !error; index++) {
    error = moved[index] < 0 ? EMFILE
                             : posix_spawn_file_actions_adddup2(&actions, moved[index], index);
  }
  if (!error) error = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  if (!error) error = posix_spawn_file_actions_addchdir_np(&actions, folder);
  if (!error) error = posix_spawnattr_setpgroup(&attributes, 0);
  if (!error) error = posix_spawnattr_setsigmask(&attributes, &none);
  if (!error) error = posix_spawnattr_setsigdefault(&attributes, &all);
  if (!error) {
    error = posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  if (!error) error = posix_spawn(&process, path, &actions, &attributes, arguments, environment);
  for (int index = 0; index < 3; index++) {
    if (moved[index] >= 0) close(moved[index]);
  }
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error ? -error : process;
}

int anagen_wait_end(int process, int milliseconds) {
  int handle = (int)syscall(SYS_pidfd_open, process, 0);
  if (handle < 0) return -errno;
  struct pollfd polled = {.fd = handle, .events = POLLIN};
  int ready;
  do ready = poll(&polled, 1, milliseconds);
  while (ready < 0 && errno == EINTR);
  int error = errno;
  close(handle);
  return ready < 0 ? -error : ready;
}

int anagen_reap(int process) {
  int status;
  pid_t reaped;
  do reaped = waitpid(process, &status, 0);
  while (reaped < 0 && errno == EINTR);
  if (reaped < 0) return -errno;
  return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

int64_t anagen_processor_time(int process) {
  clockid_t clock;
  struct timespec time;
  int error = clock_getcpuclockid(process, &clock);
  if (error) return -error;
  return clock_gettime(clock, &time) < 0 ? -errno : time.tv_sec * 1000000000LL + time.tv_nsec;
}

const char *anagen_signal_name(int signal) { return sigabbrev_np(signal); }
