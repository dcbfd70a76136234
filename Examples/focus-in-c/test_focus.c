// Tests of the stage's own arithmetic and of its JSON scan: make test

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "focus.h"
#include "json.h"

static int failures = 0;

#define EXPECT(condition)                                                     \
  do {                                                                        \
    if (!(condition)) {                                                       \
      failures++;                                                             \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
    }                                                                         \
  } while (0)

enum { width = 80, height = 60 };
static float plane[width * height];
static uint8_t mask[width * height];

static double variance(const uint8_t *masked, size_t *count) {
  struct focus focus = {0};
  for (size_t y = 0; y < height; y++) focus_add_row(&focus, plane, masked, width, height, y, 8);
  if (count != NULL) *count = focus.count;
  return focus_variance(&focus);
}

static void fill(double (*value)(int x, int y)) {
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) plane[y * width + x] = (float)value(x, y);
}

static double ramp(int x, int y) { return 0.25 + x / 256.0 + y / 512.0; }
static double board(int x, int y) { return (x + y) % 2; }
/// A wave of 16 pixels: four whole ones lie between the borders.
static double wave(int x, int y) { return (void)y, 0.5 + 0.25 * sin(x * M_PI / 8); }

static void focus_tests(void) {
  size_t count;
  fill(ramp);
  EXPECT(variance(NULL, &count) < 1e-12);  // a slope has no Laplacian
  EXPECT(count == (width - 16) * (height - 16));
  fill(board);
  EXPECT(fabs(variance(NULL, NULL) - 16) < 1e-9);  // +4 and -4 in turn
  fill(wave);
  double gain = 0.25 * (2 - 2 * cos(M_PI / 8));
  EXPECT(fabs(variance(NULL, NULL) - gain * gain / 2) < 1e-8);
  // A dead pixel takes itself and its four neighbours out.
  memset(mask, 0, sizeof mask);
  plane[30 * width + 40] = 1e6F;
  mask[30 * width + 40] = 255;
  variance(mask, &count);
  EXPECT(count == (width - 16) * (height - 16) - 5);
  EXPECT(variance(mask, NULL) < 1);
}

static struct json read(const char *text) { return json_document(text, strlen(text)); }

static void json_tests(void) {
  static const char *const bad[] = {
      "", "{", "{\"a\"}", "{\"a\":1,}", "[1 2]", "01", "1.", "-", "1e", "\"\\x\"", "\"\\u12\"",
      "\"open", "\"\n\"", "nul", "{} {}", "[\"a\" \"b\"]", "+1"};
  for (size_t index = 0; index < sizeof bad / sizeof *bad; index++)
    EXPECT(read(bad[index]).at == NULL);
  char deep[200];
  memset(deep, '[', 100), memset(deep + 100, ']', 100);
  EXPECT(json_document(deep, 200).at == NULL);
  EXPECT(json_document(deep + 40, 120).at != NULL);

  struct json object = read(
      " { \"a\\\"}\" : [ 1 , {\"b\": \"]\"} ] , \"typ\\u0065\" : \"\\\\a\\u00e9\\ud83d\\ude00\","
      "\"n\":-0.5e1 , \"size\": 4e3, \"a\": null } ");
  char text[32];
  EXPECT(json_text(json_member(object, "type"), text, sizeof text));
  EXPECT(strcmp(text, "\\a\xc3\xa9\xf0\x9f\x98\x80") == 0);
  double number;
  EXPECT(json_number(json_member(object, "n"), &number) && number == -5);
  size_t size;
  EXPECT(json_size(json_member(object, "size"), &size) && size == 4000);
  EXPECT(!json_size(json_member(object, "n"), &size));
  EXPECT(!json_number(json_member(object, "type"), &number));
  EXPECT(json_member(object, "absent").at == NULL && json_member(read("[]"), "a").at == NULL);
  struct json array = json_member(object, "a\"}");
  struct json second = json_next(array, json_first(array));
  EXPECT(json_is(json_member(second, "b"), "]"));
  EXPECT(json_next(array, second).at == NULL && json_first(read("[]")).at == NULL);
  EXPECT(!json_text(read("\"\\ud83d\""), text, sizeof text));
  EXPECT(!json_text(read("\"\\u0000\""), text, sizeof text));
  EXPECT(!json_text(read("\"four\""), text, 4) && json_text(read("\"fou\""), text, 4));
  EXPECT(!json_size(read("1e30"), &size) && !json_size(read("1.5"), &size));
}

int main(void) {
  focus_tests();
  json_tests();
  if (failures == 0) puts("all passed");
  return failures == 0 ? 0 : 1;
}
