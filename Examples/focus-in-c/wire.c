#include "wire.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { prefix_bytes = 32, channel = 0, status_protocol = 65, status_io = 74 };

static void put(uint8_t *at, int bytes, uint64_t value) {
  for (int index = 0; index < bytes; index++) at[index] = (uint8_t)(value >> (8 * index));
}

static uint64_t get(const uint8_t *at, int bytes) {
  uint64_t value = 0;
  for (int index = 0; index < bytes; index++) value |= (uint64_t)at[index] << (8 * index);
  return value;
}

_Noreturn void wire_fault(void) { _exit(status_protocol); }

static void close_files(struct packet *packet) {
  for (int index = 0; index < 2; index++) {
    if (packet->files[index] >= 0) close(packet->files[index]);
    packet->files[index] = -1;
  }
}

/// Takes the descriptors out of a message.
static void take_files(struct packet *packet, struct msghdr *message) {
  int count = 0;
  for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    size_t files = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t index = 0; index < files && count < 2; index++, count++)
      memcpy(&packet->files[count], CMSG_DATA(part) + index * sizeof(int), sizeof(int));
  }
}

bool wire_receive(struct packet *packet, bool wait) {
  static uint8_t bytes[wire_packet_bytes];
  union {
    struct cmsghdr head;
    char room[CMSG_SPACE(2 * sizeof(int))];
  } ancillary;
  close_files(packet);
  struct iovec place = {bytes, sizeof bytes};
  struct msghdr message = {
      .msg_iov = &place, .msg_iovlen = 1, .msg_control = &ancillary,
      .msg_controllen = sizeof ancillary};
  ssize_t count;
  do {
    count = recvmsg(channel, &message, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
  } while (count < 0 && errno == EINTR);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
  if (count <= 0) _exit(0);
  take_files(packet, &message);
  // 1.2 to 1.4.
  if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || count < prefix_bytes) wire_fault();
  size_t header = get(bytes + 8, 4), tail = get(bytes + 12, 4);
  if (memcmp(bytes, "AnSt", 4) != 0 || get(bytes + 4, 2) != 1 || get(bytes + 6, 2) != 0
      || header + tail != (size_t)count - prefix_bytes)
    wire_fault();
  packet->number = get(bytes + 16, 8);
  packet->header = json_document((const char *)bytes + prefix_bytes, header);
  packet->tail = bytes + prefix_bytes + header;
  packet->tail_bytes = tail;
  char type[64];
  struct json named = json_member(packet->header, "type");
  // 1.5: a type of another length than any of ours is an unknown one.
  if (named.at == NULL || *named.at != '"') wire_fault();
  if (!json_text(named, type, sizeof type)) return wire_receive(packet, wait);
  return true;
}

void wire_send(
    uint64_t answers, const void *tail, size_t tail_bytes, const char *format, ...) {
  static uint64_t number = 0;
  static uint8_t bytes[wire_packet_bytes];
  va_list arguments;
  va_start(arguments, format);
  int header = vsnprintf(
      (char *)bytes + prefix_bytes, sizeof bytes - prefix_bytes, format, arguments);
  va_end(arguments);
  if (header < 0 || (size_t)header + tail_bytes + prefix_bytes >= sizeof bytes) _exit(70);
  memset(bytes, 0, prefix_bytes);
  memcpy(bytes, "AnSt", 4);
  put(bytes + 4, 2, 1);
  put(bytes + 8, 4, (uint64_t)header);
  put(bytes + 12, 4, tail_bytes);
  put(bytes + 16, 8, ++number);
  put(bytes + 24, 8, answers);
  if (tail_bytes > 0) memcpy(bytes + prefix_bytes + header, tail, tail_bytes);
  size_t whole = prefix_bytes + (size_t)header + tail_bytes;
  ssize_t sent;
  do {
    sent = send(channel, bytes, whole, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent != (ssize_t)whole) _exit(errno == EPIPE || errno == ECONNRESET ? 0 : status_io);
}
