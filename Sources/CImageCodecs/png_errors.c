#include "png_errors.h"

#include <stdio.h>

void anagen_png_leave(png_structp png, png_const_charp text) {
  anagen_png_errors *errors = png_get_error_ptr(png);
  anagen_codec_fail(errors->failure, errors->status, text);
  png_longjmp(png, 1);
}

void anagen_png_note(png_structp png, png_const_charp text) {
  anagen_png_errors *errors = png_get_error_ptr(png);
  if (!errors->warning[0]) snprintf(errors->warning, sizeof errors->warning, "%s", text);
}
