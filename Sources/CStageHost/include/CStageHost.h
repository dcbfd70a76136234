#pragma once
#include <stdint.h>

/// What a stage's process may do.
struct anagen_confinement {
  /// The most private memory, in bytes.
  uint64_t memory_bytes;
  /// The largest file that it may write, in bytes.
  uint64_t file_bytes;
  /// The most open files.
  uint64_t open_files;
  /// Whether it may use the network and start processes.
  int network, processes;
  /// What it may read and run, and write: lists of paths that end with NULL.
  const char *const *readable;
  const char *const *writable;
  /// The process that it dies with.
  int parent;
};

/// What of a confinement this kernel cannot hold: bits.
enum {
  anagen_no_landlock = 1,
  anagen_no_seccomp = 2,
};

/// Confines the calling process and what it becomes.
///
/// Returns the bits that could not be held, or -errno when a limit was refused.
int anagen_confine(const struct anagen_confinement *confinement);

/// What of a confinement this kernel cannot hold.
int anagen_confinement_lacks(void);

/// Starts a program as the head of a process group of its own, with these descriptors as 0, 1 and 2
/// and no others; returns its process id, or -errno. Keeps this process's own from others in /proc.
int anagen_start(
    const char *path, char *const arguments[], char *const environment[], const char *folder,
    const int descriptors[3]);

/// Waits until a process has ended and leaves it for anagen_reap; 1 when it has, 0 after
/// milliseconds, -errno otherwise. -1 waits for ever.
int anagen_wait_end(int process, int milliseconds);

/// Takes an ended process away; its exit status, or 256 and the signal that ended it, or -errno.
int anagen_reap(int process);

/// The processor time of a process so far in nanoseconds, or -errno.
int64_t anagen_processor_time(int process);

/// The short name of a signal, such as KILL; NULL for none.
const char *anagen_signal_name(int signal);
