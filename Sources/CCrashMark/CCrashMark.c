#include "CCrashMark.h"
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

static _Atomic(volatile uint32_t *) mark;
static const int signals[] = {SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV};
static struct sigaction before[sizeof signals / sizeof *signals];

// The faulting instruction runs again after the return and meets the handler from before. A signal
// that another process sent, as systemd's watchdog does, is no fault of what is in hand, and nothing
// would send it again: it ends the program here.
static void note(int number, siginfo_t *info, void *context) {
  (void)context;
  if (info && info->si_code <= 0 && info->si_pid != getpid()) {
    signal(number, SIG_DFL);
    raise(number);
    return;
  }
  volatile uint32_t *place = atomic_load(&mark);
  if (place) *place = (uint32_t)number;
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    if (signals[i] == number) sigaction(number, &before[i], NULL);
}

void anagen_mark_crash_at(volatile uint32_t *place) {
  static atomic_flag installed = ATOMIC_FLAG_INIT;
  atomic_store(&mark, place);
  if (!place || atomic_flag_test_and_set(&installed)) return;
  struct sigaction action = {
      .sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    sigaction(signals[i], &action, &before[i]);
}
