#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// What Swift cannot call of the kernel's interface: variadic functions, macros of control messages,
// and what glibc shows only with _GNU_SOURCE. Every function returns -errno when it fails.

/// The most descriptors that a packet carries.
enum { anagen_wire_descriptors = 2 };

/// Makes both ends of a channel; neither is handed on by exec.
int anagen_wire_pair(int ends[2]);

/// Sends one packet with up to anagen_wire_descriptors descriptors; never waits.
ssize_t anagen_wire_send(
    int channel, const void *bytes, size_t count, const int *descriptors, int descriptor_count);

/// Waits for one packet; 0 when the other end is closed.
///
/// *descriptor_count is how many descriptors came, which belong to the caller and are not handed on
/// by exec. -EMSGSIZE when the packet or its control data are longer than there is room for.
ssize_t anagen_wire_receive(
    int channel, void *bytes, size_t capacity, int descriptors[2], int *descriptor_count);

/// Makes shared memory of a size that nobody can change.
int anagen_wire_memory(size_t bytes);

/// Lets nobody map or write the memory any more who has not mapped it yet; then nobody seals it.
int anagen_wire_seal(int memory, int against_writing);

/// Waits until one of the descriptors can be read, or milliseconds have passed; -1 waits for ever.
///
/// Bit n of the result is set when descriptor n can be read or is at its end.
int anagen_wire_wait(const int *descriptors, int count, int milliseconds);

/// The size of an open file.
int64_t anagen_wire_size(int file);
