#pragma once
#include <stdint.h>

/// Writes the number of a signal that ends the process to *mark before it ends; NULL stops that.
///
/// Only signals that the process raises by its own fault: SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE,
/// SIGSEGV. Handlers that were there before still run.
void anagen_mark_crash_at(volatile uint32_t *mark);
