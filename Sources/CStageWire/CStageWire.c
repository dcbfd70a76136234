#define _GNU_SOURCE
#include "CStageWire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int anagen_wire_pair(int ends[2]) {
  return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ? -errno : 0;
}

ssize_t anagen_wire_send(
    int channel, const void *bytes, size_t count, const int *descriptors, int descriptor_count) {
  union {
    char room[CMSG_SPACE(sizeof(int) * anagen_wire_descriptors)];
    struct cmsghdr alignment;
  } control;
  struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (descriptor_count > anagen_wire_descriptors) return -EINVAL;
  if (descriptor_count > 0) {
    memset(&control, 0, sizeof control);
    message.msg_control = control.room;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptor_count);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * descriptor_count);
    memcpy(CMSG_DATA(header), descriptors, sizeof(int) * descriptor_count);
  }
  for (;;) {
    ssize_t sent = sendmsg(channel, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return sent;
    if (errno != EINTR) return -errno;
  }
}

ssize_t anagen_wire_receive(
    int channel, void *bytes, size_t capacity, int descriptors[2], int *descriptor_count) {
  union {
    char room[CMSG_SPACE(sizeof(int) * anagen_wire_descriptors)];
    struct cmsghdr alignment;
  } control;
  struct iovec part = {.iov_base = bytes, .iov_len = capacity};
  struct msghdr message = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room,
    .msg_controllen = sizeof control.room,
  };
  ssize_t count;
  do count = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
  while (count < 0 && errno == EINTR);
  *descriptor_count = 0;
  if (count < 0) return -errno;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t received = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t index = 0; index < received; index++) {
      int descriptor;
      memcpy(&descriptor, CMSG_DATA(header) + index * sizeof(int), sizeof(int));
      if (*descriptor_count < anagen_wire_descriptors) {
        descriptors[(*descriptor_count)++] = descriptor;
      } else {
        close(descriptor);
      }
    }
  }
  if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
    for (int index = 0; index < *descriptor_count; index++) close(descriptors[index]);
    *descriptor_count = 0;
    return -EMSGSIZE;
  }
  return count;
}

int anagen_wire_memory(size_t bytes) {
  int memory = memfd_create("anagen-slot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (memory < 0) return -errno;
  if (ftruncate(memory, (off_t)bytes) < 0 ||
      fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0) {
    int error = errno;
    close(memory);
    return -error;
  }
  return memory;
}

int anagen_wire_seal(int memory, int against_writing) {
  int seals = F_SEAL_SEAL | (against_writing ? F_SEAL_FUTURE_WRITE : 0);
  return fcntl(memory, F_ADD_SEALS, seals) < 0 ? -errno : 0;
}

int anagen_wire_wait(const int *descriptors, int count, int milliseconds) {
  struct pollfd polled[8];
  if (count > 8) return -EINVAL;
  for (int index = 0; index < count; index++) {
    polled[index] = (struct pollfd){.fd = descriptors[index], .events = POLLIN};
  }
  int ready;
  do ready = poll(polled, (nfds_t)count, milliseconds);
  while (ready < 0 && errno == EINTR);
  if (ready < 0) return -errno;
  int bits = 0;
  for (int index = 0; index < count; index++) {
    if (polled[index].revents != 0) bits |= 1 << index;
  }
  return bits;
}

int64_t anagen_wire_size(int file) {
  struct stat status;
  return fstat(file, &status) < 0 ? -errno : status.st_size;
}
