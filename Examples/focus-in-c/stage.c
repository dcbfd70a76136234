// A stage of Anagen in C, with nothing but the C library: docs/stage-protocol.md is all it needs.
// The numbers are those of its sentences.

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "focus.h"
#include "wire.h"

/// What the stage knows between two messages.
static struct {
  char makes[128];
  size_t border;
  const uint8_t *input;
  size_t slot_bytes;
  double heartbeat;
  bool is_open;
} stage = {.border = 8};

/// What came of a record.
enum outcome { done, cancelled, no_light, too_small };

/// The bytes of a body, held to what it names (2.5).
static const uint8_t *find(struct packet *packet, struct json body, size_t *bytes) {
  size_t offset, whole;
  const uint8_t *place;
  struct json in = json_member(body, "in");
  if (json_is(in, "tail")) {
    place = packet->tail, whole = packet->tail_bytes;
  } else if (json_is(in, "slot") && stage.input != NULL) {
    place = stage.input, whole = stage.slot_bytes;
  } else {
    wire_fault();
  }
  if (!json_size(json_member(body, "offset"), &offset)
      || !json_size(json_member(body, "bytes"), bytes) || offset > whole
      || *bytes > whole - offset)
    wire_fault();
  return place + offset;
}

/// A frame of a record by its name, held to its shape (3.2); NULL when it has none such. What lies
/// in the tail is copied to `room`, since it is not aligned and the next packet takes its place; what
/// lies in the slot is aligned (2.2) and stays.
static const void *frame(
    struct packet *packet, const char *name, const char *type, size_t sample_bytes,
    size_t shape[2], void *room) {
  struct json frames = json_member(json_member(packet->header, "record"), "frames");
  for (struct json one = json_first(frames); one.at != NULL; one = json_next(frames, one)) {
    if (!json_is(json_member(one, "name"), name) || !json_is(json_member(one, "type"), type))
      continue;
    struct json sizes = json_member(one, "shape"), rows = json_first(sizes);
    if (rows.at == NULL || !json_size(rows, &shape[0])) wire_fault();
    struct json columns = json_next(sizes, rows);
    if (columns.at == NULL || !json_size(columns, &shape[1])) wire_fault();
    if (json_next(sizes, columns).at != NULL) continue;
    size_t bytes;
    const uint8_t *samples = find(packet, json_member(one, "body"), &bytes);
    if (shape[0] == 0 || shape[1] == 0 || bytes % sample_bytes != 0
        || bytes / sample_bytes / shape[0] != shape[1]
        || bytes / sample_bytes % shape[0] != 0)
      wire_fault();
    bool lies_in_tail = samples >= packet->tail && samples < packet->tail + packet->tail_bytes;
    if (!lies_in_tail && (uintptr_t)samples % sample_bytes != 0) wire_fault();
    return lies_in_tail ? memcpy(room, samples, bytes) : samples;
  }
  return NULL;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/// Whether the host asked to stop; what else it says while the stage works needs no answer (5.5).
static bool is_cancelled(void) {
  struct packet packet = {.files = {-1, -1}};
  while (wire_receive(&packet, false))
    if (json_is(json_member(packet.header, "type"), "cancel")) return true;
  return false;
}

/// Measures the record's light: its grey plane, or its green one.
static enum outcome measure(struct packet *packet, struct focus *focus) {
  static float small_samples[wire_packet_bytes / sizeof(float)];
  static uint8_t small_mask[wire_packet_bytes];
  size_t shape[2], masked[2];
  const float *samples = frame(packet, "light", "f32", sizeof(float), shape, small_samples);
  if (samples == NULL)
    samples = frame(packet, "green", "f32", sizeof(float), shape, small_samples);
  if (samples == NULL) return no_light;
  const uint8_t *mask = frame(packet, "unmeasurable", "u8", 1, masked, small_mask);
  if (mask != NULL && (masked[0] != shape[0] || masked[1] != shape[1])) wire_fault();
  double next = now() + stage.heartbeat / 2;
  for (size_t y = 0; y < shape[0]; y++) {
    focus_add_row(focus, samples, mask, shape[1], shape[0], y, stage.border);
    if (is_cancelled()) return cancelled;
    if (now() < next) continue;
    wire_send(0, NULL, 0, "{\"type\":\"progress\"}");
    next = now() + stage.heartbeat / 2;
  }
  return focus->count == 0 ? too_small : done;
}

static void process(struct packet *packet) {
  struct json delivery = json_member(packet->header, "delivery");
  struct json attempt = json_member(packet->header, "attempt");
  char name[1024];
  size_t length = (size_t)(delivery.end - delivery.at), number;
  if (!stage.is_open || delivery.at == NULL || *delivery.at != '"' || length >= sizeof name
      || !json_size(attempt, &number))
    wire_fault();
  // As it stands in the packet, so that it needs no writing anew; the next packet takes its place.
  memcpy(name, delivery.at, length);
  name[length] = 0;
  uint64_t answers = packet->number;
  size_t bytes;
  find(packet, json_member(json_member(packet->header, "record"), "payload"), &bytes);
  struct focus focus = {0};
  enum outcome outcome = measure(packet, &focus);
  if (outcome == cancelled) {
    wire_send(
        answers, NULL, 0,
        "{\"type\":\"result\",\"delivery\":%s,\"attempt\":%zu,\"credits\":1,"
        "\"outcome\":\"cancelled\"}", name, number);
  } else if (outcome == done) {
    char payload[128];
    int filled = snprintf(
        payload, sizeof payload, "{\"laplacianVariance\":%.9g,\"pixels\":%zu}",
        focus_variance(&focus), focus.count);
    wire_send(
        answers, payload, (size_t)filled,
        "{\"type\":\"result\",\"delivery\":%s,\"attempt\":%zu,\"credits\":1,\"outcome\":\"done\","
        "\"record\":{\"schema\":\"%s\",\"payload\":{\"in\":\"tail\",\"offset\":0,\"bytes\":%d}}}",
        name, number, stage.makes, filled);
  } else {
    wire_send(
        answers, NULL, 0,
        "{\"type\":\"result\",\"delivery\":%s,\"attempt\":%zu,\"credits\":1,\"outcome\":\"failed\","
        "\"failure\":{\"class\":\"record\",\"code\":\"%s\",\"subject\":\"%s\",\"hint\":\"%s\"}}",
        name, number, outcome == no_light ? "no_light" : "too_small",
        outcome == no_light ? "the record has no samples" : "no pixel is left to measure",
        outcome == no_light ? "give it a calibrated picture" : "lower 'border'");
  }
}

// MARK: - The steps before the first record

static void refuse(struct packet *packet, const char *code, const char *subject) {
  wire_send(
      packet->number, NULL, 0,
      "{\"type\":\"failed\",\"failure\":{\"class\":\"fatal\",\"code\":\"%s\",\"subject\":\"%s\","
      "\"hint\":\"install the version of the plugin that belongs to this program\"}}",
      code, subject);
}

static void hello(struct packet *packet) {
  struct json protocols = json_member(packet->header, "protocols");
  size_t number = 0;
  for (struct json one = json_first(protocols); one.at != NULL; one = json_next(protocols, one))
    if (json_size(one, &number) && number == 1) break;
  if (number != 1) {
    refuse(packet, "no_common_protocol", "the plugin speaks stage protocol 1");
    return;
  }
  wire_send(
      packet->number, NULL, 0,
      "{\"type\":\"hello\",\"protocol\":1,\"name\":\"focus-in-c\",\"version\":\"1.0.0\","
      "\"requires\":[],\"manifestSHA256\":\"" MANIFEST_SHA256 "\"}");
}

/// The text of plugin.yaml, in whose folder the host starts the program (4.2, 7.1).
static void manifest(struct packet *packet) {
  char text[16384];
  int file = open("plugin.yaml", O_RDONLY | O_CLOEXEC);
  ssize_t bytes = file < 0 ? -1 : read(file, text, sizeof text);
  if (file >= 0) close(file);
  if (bytes <= 0 || bytes == sizeof text) {
    refuse(packet, "no_manifest", "plugin.yaml cannot be read");
    return;
  }
  wire_send(
      packet->number, text, (size_t)bytes,
      "{\"type\":\"manifest\",\"text\":{\"in\":\"tail\",\"offset\":0,\"bytes\":%zd}}", bytes);
}

static void configure(struct packet *packet) {
  struct json settings = json_member(packet->header, "settings");
  if (!json_is(json_member(packet->header, "stage"), "focus.index")) {
    refuse(packet, "unknown_stage", "the program has no stage of this id");
    return;
  }
  // The text goes into results as it is, so it may hold nothing that would need an escape.
  if (!json_text(json_member(packet->header, "schema"), stage.makes, sizeof stage.makes)
      || strpbrk(stage.makes, "\"\\") != NULL
      || !json_size(json_member(settings, "border"), &stage.border))
    wire_fault();
  wire_send(packet->number, NULL, 0, "{\"type\":\"configured\",\"problems\":[]}");
}

static void open_stage(struct packet *packet) {
  if (stage.makes[0] == 0 || stage.is_open || packet->files[0] < 0 || packet->files[1] < 0
      || !json_size(json_member(packet->header, "slotBytes"), &stage.slot_bytes)
      || !json_number(json_member(packet->header, "heartbeat"), &stage.heartbeat))
    wire_fault();
  // Results are small and go in packets, so the output slot is not mapped.
  struct stat file;
  if (fstat(packet->files[0], &file) != 0 || (size_t)file.st_size < stage.slot_bytes)
    wire_fault();
  void *slot = mmap(NULL, stage.slot_bytes, PROT_READ, MAP_SHARED, packet->files[0], 0);
  if (slot == MAP_FAILED) {
    refuse(packet, "no_memory", "the input slot cannot be mapped");
    return;
  }
  stage.input = slot;
  stage.is_open = true;
  wire_send(packet->number, NULL, 0, "{\"type\":\"opened\",\"credits\":1}");
}

int main(void) {
  struct stat channel;
  if (fstat(0, &channel) != 0 || !S_ISSOCK(channel.st_mode)) {
    puts("This is a plugin of Anagen, which starts it: 'anagen plugin test FOLDER' checks it.");
    return 64;
  }
  struct packet packet = {.files = {-1, -1}};
  for (;;) {
    wire_receive(&packet, true);
    struct json type = json_member(packet.header, "type");
    if (json_is(type, "hello")) hello(&packet);
    else if (json_is(type, "manifest")) manifest(&packet);
    else if (json_is(type, "configure")) configure(&packet);
    else if (json_is(type, "open")) open_stage(&packet);
    else if (json_is(type, "process")) process(&packet);
    else if (json_is(type, "drain")) wire_send(packet.number, NULL, 0, "{\"type\":\"drained\"}");
    else if (json_is(type, "close")) return 0;
  }
}
