// What ThreadSanitizer cannot see of `Synchronization.Mutex` on Linux.
//
// An uncontended lock and unlock are atomics inlined into our own, instrumented code. A contended
// one calls into libswiftSynchronization, which is not instrumented: the sanitizer then misses that
// one thread's unlock comes before the other's lock, and reports every access under the lock as a
// race. This library is loaded before the runtime's, forwards the three slow paths to it, and tells
// the sanitizer what they order; nothing is suppressed. A race that no lock orders is still found:
// `planted_race.swift` holds it to that.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self

// Absent in programs that are not instrumented, such as the one that starts the tests.
void __tsan_acquire(void *) __attribute__((weak));
void __tsan_release(void *) __attribute__((weak));

SWIFT void lock_slow(uint32_t thread, SELF) __asm__(LOCK);
SWIFT bool try_slow(SELF) __asm__(TRY);
SWIFT void unlock_slow(SELF) __asm__(UNLOCK);

static void *runtime(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (!found) {
    fprintf(stderr, "error: this Swift runtime has no %s; mend mutex_annotations.c\n", name);
    abort();
  }
  return found;
}

SWIFT void lock_slow(uint32_t thread, SELF) {
  ((SWIFT void (*)(uint32_t, SELF))runtime(LOCK))(thread, self);
  if (__tsan_acquire) __tsan_acquire(self);
}

SWIFT bool try_slow(SELF) {
  bool locked = ((SWIFT bool (*)(SELF))runtime(TRY))(self);
  if (locked && __tsan_acquire) __tsan_acquire(self);
  return locked;
}

SWIFT void unlock_slow(SELF) {
  if (__tsan_release) __tsan_release(self);
  ((SWIFT void (*)(SELF))runtime(UNLOCK))(self);
}
