#pragma once
#include <stdint.h>

#include "json.h"

// The channel of the stage protocol, version 1; the numbers are those of its sentences
// (docs/stage-protocol.md).

enum { wire_packet_bytes = 65536 };

/// A packet as it came. What it points to is valid until the next one is taken.
struct packet {
  uint64_t number;
  struct json header;
  const uint8_t *tail;
  size_t tail_bytes;
  /// The files that came with it, -1 for none; who takes one sets it to -1, the rest are closed.
  int files[2];
};

/// Waits for a packet, or takes one that is there: false when there is none. Ends the process when
/// the host is gone (1.6), and with status 65 when the packet is none (1.4).
bool wire_receive(struct packet *packet, bool wait);

/// Sends a header that is built as by printf, with a tail of bytes.
void wire_send(
    uint64_t answers, const void *tail, size_t tail_bytes, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/// Ends the process: the host broke the protocol.
_Noreturn void wire_fault(void);
