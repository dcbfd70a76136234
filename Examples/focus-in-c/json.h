#pragma once
#include <stdbool.h>
#include <stddef.h>

/// A piece of a JSON text: the value's characters as they stand, `at` NULL for none.
struct json {
  const char *at, *end;
};

/// The whole text as one value; none when it is no JSON, or nested more than 64 deep.
struct json json_document(const char *text, size_t length);
/// The value of a member of an object; none when it is no object or has no such member.
struct json json_member(struct json object, const char *name);
/// The first element of an array, and the one behind `element`; none at its end.
struct json json_first(struct json array);
struct json json_next(struct json array, struct json element);
/// A text without its escapes, in UTF-8; false when it is no text, does not fit, or holds a NUL.
bool json_text(struct json value, char *into, size_t capacity);
/// Whether a value is this text.
bool json_is(struct json value, const char *text);
/// A number; false when it is none.
bool json_number(struct json value, double *number);
/// A whole number from 0 to 2^53; false for any other.
bool json_size(struct json value, size_t *size);
