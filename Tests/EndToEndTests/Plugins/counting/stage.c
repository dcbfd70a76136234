// A stage without any kit, from docs/stage-protocol.md alone: quick to start, since tests end it
// thousands of times. `counting.name` gives the subject of a photograph, `counting.send` sends the
// key of each record to server.py.
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { most = 65536, prefix = 32 };

static char packet[most + 1];  // One more for the end of a text.
static const char *header, *tail;
static uint64_t number, sent;
static const uint8_t *input;
static char digest[65];
static int is_sink, server = -1;

static void stop(const char *why) {
  fprintf(stderr, "%s\n", why);
  exit(65);
}

/// The text behind a key of the header, up to a quote.
static void text(const char *from, const char *key, char *value, size_t room) {
  char name[40];
  snprintf(name, sizeof name, "\"%s\":\"", key);
  const char *start = strstr(from, name), *end = start ? strchr(start + strlen(name), '"') : NULL;
  if (!end || (size_t)(end - start) >= room) stop("a message lacks a text");
  start += strlen(name);
  memcpy(value, start, (size_t)(end - start));
  value[end - start] = 0;
}

static long integer(const char *from, const char *key) {
  char name[40];
  snprintf(name, sizeof name, "\"%s\":", key);
  const char *start = strstr(from, name);
  if (!start) stop("a message lacks a number");
  return strtol(start + strlen(name), NULL, 10);
}

static int receive(int files[2]) {
  char control[CMSG_SPACE(2 * sizeof(int))];
  struct iovec part = {.iov_base = packet, .iov_len = most};
  struct msghdr message = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control,
  };
  ssize_t count = recvmsg(0, &message, MSG_CMSG_CLOEXEC);
  if (count <= 0) return 0;
  uint32_t header_bytes, tail_bytes;
  memcpy(&header_bytes, packet + 8, 4);
  memcpy(&tail_bytes, packet + 12, 4);
  if (count < prefix || memcmp(packet, "AnSt\1\0\0\0", 8) != 0 ||
      (uint64_t)header_bytes + tail_bytes + prefix != (uint64_t)count) {
    stop("a packet that is none");
  }
  memcpy(&number, packet + 16, 8);
  // The header begins where the prefix ends; a byte in front of the tail would be lost to its end.
  static char copy[most + 1];
  memcpy(copy, packet + prefix, header_bytes);
  copy[header_bytes] = 0;
  header = copy;
  tail = packet + prefix + header_bytes;
  packet[count] = 0;
  struct cmsghdr *files_header = CMSG_FIRSTHDR(&message);
  if (files_header && files_header->cmsg_len == CMSG_LEN(2 * sizeof(int))) {
    memcpy(files, CMSG_DATA(files_header), 2 * sizeof(int));
  }
  return 1;
}

static void answer(const char *json, const char *bytes) {
  char out[most];
  uint32_t sizes[2] = {(uint32_t)strlen(json), (uint32_t)strlen(bytes)};
  sent++;
  memcpy(out, "AnSt\1\0\0\0", 8);
  memcpy(out + 8, sizes, 8);
  memcpy(out + 16, &sent, 8);
  memcpy(out + 24, &number, 8);
  memcpy(out + prefix, json, sizes[0]);
  memcpy(out + prefix + sizes[0], bytes, sizes[1]);
  if (send(0, out, prefix + sizes[0] + sizes[1], MSG_NOSIGNAL) < 0) exit(0);
}

/// Says a word of a key to the server; whether it had the key.
static int ask(const char *word, const char *key) {
  char line[128];
  int count = snprintf(line, sizeof line, "%s %s\n", word, key);
  if (write(server, line, (size_t)count) != count || read(server, line, sizeof line) <= 0) {
    stop("the server is gone");
  }
  return line[0] == 'y';
}

static void open_stage(const int files[2]) {
  input = mmap(NULL, (size_t)integer(header, "slotBytes"), PROT_READ, MAP_SHARED, files[0], 0);
  if (input == MAP_FAILED) stop("the slot cannot be mapped");
  // For who looks for a stage that has opened.
  char path[4096];
  snprintf(path, sizeof path, "%s/%d", getenv("HOME"), getpid());
  FILE *file = fopen(path, "w");
  if (!file || fclose(file) != 0) stop("the scratch folder cannot be written");
  answer("{\"type\":\"opened\",\"credits\":1,\"destination\":\"counting\"}", "");
}

static void process(void) {
  char delivery[64], made[256], result[512], value[128];
  text(header, "delivery", delivery, sizeof delivery);
  const char *record = "";
  const char *body = strstr(header, "\"payload\":{");
  if (!body) stop("a record without payload");
  const char *place = strstr(body, "\"tail\"") ? tail : (const char *)input;
  made[0] = 0;
  if (is_sink) {
    text(header, "token", value, sizeof value);
    ask("put", value);
  } else {
    text(place + integer(body, "offset"), "subject", value, sizeof value);
    snprintf(made, sizeof made, "{\"subject\":\"%s\"}", value);
    record = ",\"record\":{\"schema\":\"counting.subject/1.0\","
             "\"payload\":{\"in\":\"tail\",\"offset\":0,\"bytes\":%zu}}";
  }
  char described[256];
  snprintf(described, sizeof described, record, strlen(made));
  snprintf(
      result, sizeof result,
      "{\"type\":\"result\",\"delivery\":\"%s\",\"attempt\":%ld,\"outcome\":\"done\","
      "\"credits\":1%s}",
      delivery, integer(header, "attempt"), described);
  answer(result, made);
}

int main(void) {
  int files[2] = {-1, -1};
  FILE *file = fopen("digest", "r");
  if (!file || fread(digest, 1, 64, file) != 64) stop("the digest of plugin.yaml is not here");
  while (receive(files)) {
    char type[32], token[128], hello[256];
    text(header, "type", type, sizeof type);
    if (strcmp(type, "hello") == 0) {
      snprintf(
          hello, sizeof hello,
          "{\"type\":\"hello\",\"protocol\":1,\"name\":\"counting\",\"version\":\"1.0.0\","
          "\"requires\":[],\"manifestSHA256\":\"%s\"}",
          digest);
      answer(hello, "");
    } else if (strcmp(type, "configure") == 0) {
      is_sink = strstr(header, "counting.send") != NULL;
      if (is_sink) {
        struct sockaddr_in place = {
          .sin_family = AF_INET, .sin_port = htons((uint16_t)integer(header, "port")),
          .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)},
        };
        server = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(server, (void *)&place, sizeof place) < 0) stop("the server is not there");
      }
      answer("{\"type\":\"configured\",\"problems\":[]}", "");
    } else if (strcmp(type, "open") == 0) {
      open_stage(files);
    } else if (strcmp(type, "process") == 0) {
      process();
    } else if (strcmp(type, "query") == 0) {
      text(header, "token", token, sizeof token);
      answer(
          ask("has", token) ? "{\"type\":\"answer\",\"has\":true}"
                            : "{\"type\":\"answer\",\"has\":false}", "");
    } else if (strcmp(type, "drain") == 0) {
      answer("{\"type\":\"drained\"}", "");
    } else if (strcmp(type, "close") == 0) {
      return 0;
    }
  }
  return 0;
}
