#ifndef ANAGEN_PNG_ERRORS_H
#define ANAGEN_PNG_ERRORS_H

#include <png.h>

#include "CImageCodecs.h"

// What libpng's error pointer points to.
typedef struct {
  anagen_codec_failure *failure;
  anagen_codec_status status;  // what an error means now; reading past the end changes it
  char warning[256];
} anagen_png_errors;

// libpng's error function: fills `failure` and jumps to png_jmpbuf.
void anagen_png_leave(png_structp png, png_const_charp text);
// libpng's warning function: keeps the first.
void anagen_png_note(png_structp png, png_const_charp text);

#endif
