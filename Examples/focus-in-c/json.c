#include "json.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// Every value that leaves json_document was read whole once, so the walks behind it are safe.

static const struct json none = {NULL, NULL};

static const char *space(const char *at, const char *end) {
  while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
  return at;
}

static int hexadecimal(const char *at, const char *end) {
  if (end - at < 4) return -1;
  int value = 0;
  for (int index = 0; index < 4; index++) {
    char digit = at[index];
    int nibble = digit >= '0' && digit <= '9'   ? digit - '0'
        : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
        : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                       : -1;
    if (nibble < 0) return -1;
    value = value * 16 + nibble;
  }
  return value;
}

/// Behind a text's closing quote; NULL when it is no text.
static const char *text_end(const char *at, const char *end) {
  if (at >= end || *at != '"') return NULL;
  for (at++; at < end; at++) {
    if (*at == '"') return at + 1;
    if ((unsigned char)*at < 0x20) return NULL;
    if (*at != '\\') continue;
    if (++at >= end || *at == 0 || strchr("\"\\/bfnrtu", *at) == NULL) return NULL;
    if (*at == 'u') {
      if (hexadecimal(at + 1, end) < 0) return NULL;
      at += 4;
    }
  }
  return NULL;
}

static const char *digits(const char *at, const char *end) {
  const char *first = at;
  while (at < end && *at >= '0' && *at <= '9') at++;
  return at == first ? NULL : at;
}

static const char *number_end(const char *at, const char *end) {
  if (at < end && *at == '-') at++;
  const char *first = at;
  if ((at = digits(at, end)) == NULL || (*first == '0' && at > first + 1)) return NULL;
  if (at < end && *at == '.' && (at = digits(at + 1, end)) == NULL) return NULL;
  if (at < end && (*at == 'e' || *at == 'E')) {
    at++;
    if (at < end && (*at == '+' || *at == '-')) at++;
    at = digits(at, end);
  }
  return at;
}

static const char *value_end(const char *at, const char *end, int depth);

static const char *list_end(const char *at, const char *end, int depth, char close) {
  at = space(at + 1, end);
  if (at < end && *at == close) return at + 1;
  while (at < end) {
    if (close == '}') {
      if ((at = text_end(at, end)) == NULL) return NULL;
      at = space(at, end);
      if (at >= end || *at++ != ':') return NULL;
      at = space(at, end);
    }
    if ((at = value_end(at, end, depth + 1)) == NULL) return NULL;
    at = space(at, end);
    if (at >= end) return NULL;
    if (*at == close) return at + 1;
    if (*at++ != ',') return NULL;
    at = space(at, end);
  }
  return NULL;
}

static const char *value_end(const char *at, const char *end, int depth) {
  static const char *const words[] = {"true", "false", "null"};
  if (at >= end || depth > 64) return NULL;
  if (*at == '{') return list_end(at, end, depth, '}');
  if (*at == '[') return list_end(at, end, depth, ']');
  if (*at == '"') return text_end(at, end);
  for (int index = 0; index < 3; index++) {
    size_t length = strlen(words[index]);
    if ((size_t)(end - at) >= length && memcmp(at, words[index], length) == 0) return at + length;
  }
  return number_end(at, end);
}

struct json json_document(const char *text, size_t length) {
  const char *end = text + length, *at = space(text, end);
  const char *behind = value_end(at, end, 1);
  if (behind == NULL || space(behind, end) != end) return none;
  return (struct json){at, behind};
}

struct json json_member(struct json object, const char *name) {
  if (object.at == NULL || *object.at != '{') return none;
  struct json found = none;
  const char *at = space(object.at + 1, object.end);
  while (*at == '"') {
    struct json key = {at, text_end(at, object.end)};
    at = space(space(key.end, object.end) + 1, object.end);
    struct json value = {at, value_end(at, object.end, 1)};
    if (json_is(key, name)) found = value;
    at = space(value.end, object.end);
    if (*at == ',') at = space(at + 1, object.end);
  }
  return found;
}

struct json json_first(struct json array) {
  if (array.at == NULL || *array.at != '[') return none;
  const char *at = space(array.at + 1, array.end);
  return *at == ']' ? none : (struct json){at, value_end(at, array.end, 1)};
}

struct json json_next(struct json array, struct json element) {
  const char *at = space(element.end, array.end);
  if (*at != ',') return none;
  at = space(at + 1, array.end);
  return (struct json){at, value_end(at, array.end, 1)};
}

/// Puts a character in UTF-8; how many bytes it takes.
static int utf8(uint32_t character, char *into) {
  if (character < 0x80) return into[0] = (char)character, 1;
  int more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
  static const unsigned char marks[] = {0, 0xC0, 0xE0, 0xF0};
  for (int index = more; index > 0; index--, character >>= 6)
    into[index] = (char)(0x80 | (character & 0x3F));
  into[0] = (char)(marks[more] | character);
  return more + 1;
}

/// The character of an escape whose 'u' is at `at`; the last place that belongs to it, or NULL for
/// half a character.
static const char *escaped(const char *at, const char *end, uint32_t *character) {
  uint32_t high = (uint32_t)hexadecimal(at + 1, end);
  *character = high;
  if (high < 0xD800 || high > 0xDFFF) return at + 4;
  if (high > 0xDBFF || end - at < 11 || at[5] != '\\' || at[6] != 'u') return NULL;
  uint32_t low = (uint32_t)hexadecimal(at + 7, end);
  if (low < 0xDC00 || low > 0xDFFF) return NULL;
  *character = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
  return at + 10;
}

bool json_text(struct json value, char *into, size_t capacity) {
  static const char *const plain = "\"\\/bfnrt", *const meant = "\"\\/\b\f\n\r\t";
  if (value.at == NULL || *value.at != '"') return false;
  size_t filled = 0;
  for (const char *at = value.at + 1; at < value.end - 1; at++) {
    char bytes[4] = {*at};
    int count = 1;
    if (*at == '\\') {
      at++;
      if (*at == 'u') {
        uint32_t character;
        if ((at = escaped(at, value.end, &character)) == NULL) return false;
        count = utf8(character, bytes);
      } else {
        bytes[0] = meant[strchr(plain, *at) - plain];
      }
    }
    if (bytes[0] == 0 || filled + (size_t)count + 1 > capacity) return false;
    memcpy(into + filled, bytes, (size_t)count);
    filled += (size_t)count;
  }
  into[filled] = 0;
  return true;
}

bool json_is(struct json value, const char *text) {
  char own[128];
  return json_text(value, own, sizeof own) && strcmp(own, text) == 0;
}

bool json_number(struct json value, double *number) {
  char text[64];
  if (value.at == NULL || number_end(value.at, value.end) != value.end) return false;
  size_t length = (size_t)(value.end - value.at);
  if (length >= sizeof text) return false;
  memcpy(text, value.at, length);
  text[length] = 0;
  *number = strtod(text, NULL);
  return isfinite(*number);
}

bool json_size(struct json value, size_t *size) {
  double number;
  if (!json_number(value, &number) || number < 0 || number > 9007199254740992.0) return false;
  *size = (size_t)number;
  return (double)*size == number;
}
