#include <stdlib.h>
#include <string.h>

#include "png_errors.h"

// The writer lies outside the function that jumps, so that the jump leaves it whole.
typedef struct {
  png_structp png;
  png_infop info;
  anagen_png_errors errors;
  anagen_codec_output *output;
  size_t capacity;
} png_writer;

static void give(png_structp png, png_bytep bytes, size_t count) {
  png_writer *writer = png_get_io_ptr(png);
  anagen_codec_output *output = writer->output;
  if (output->count + count > writer->capacity) {
    size_t capacity = 2 * (output->count + count) + 4096;
    uint8_t *grown = realloc(output->bytes, capacity);
    if (!grown) {
      writer->errors.status = ANAGEN_CODEC_OUT_OF_MEMORY;
      png_error(png, "no memory for the encoded picture");
    }
    output->bytes = grown;
    writer->capacity = capacity;
  }
  memcpy(output->bytes + output->count, bytes, count);
  output->count += count;
}

static void flush(png_structp png) { (void)png; }

static void compress(png_writer *writer, const anagen_png_settings *settings,
                     const uint8_t *samples) {
  const uint16_t one = 1;
  size_t row_bytes = (size_t)settings->width * settings->channels * (settings->bits / 8);
  int type = settings->channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB;
  png_set_IHDR(writer->png, writer->info, settings->width, settings->height, settings->bits, type,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level(writer->png, settings->compression);
  if (settings->icc_count) {
    png_set_iCCP(writer->png, writer->info, "profile", PNG_COMPRESSION_TYPE_DEFAULT, settings->icc,
                 settings->icc_count);
  }
  png_write_info(writer->png, writer->info);
  if (settings->bits == 16 && *(const uint8_t *)&one) png_set_swap(writer->png);
  for (uint32_t y = 0; y < settings->height; y++) {
    png_write_row(writer->png, samples + row_bytes * y);
  }
  png_write_end(writer->png, NULL);
}

static int run(png_writer *writer, const anagen_png_settings *settings, const uint8_t *samples) {
  if (setjmp(png_jmpbuf(writer->png))) return 0;
  writer->info = png_create_info_struct(writer->png);
  if (!writer->info) png_error(writer->png, "no memory for an encoder");
  png_set_user_limits(writer->png, 0x7FFFFFFF, 0x7FFFFFFF);
  png_set_write_fn(writer->png, writer, give, flush);
  compress(writer, settings, samples);
  return 1;
}

int anagen_png_write(const anagen_png_settings *settings, const uint8_t *samples,
                     anagen_codec_output *output, anagen_codec_failure *failure) {
  png_writer writer = {.errors = {failure, ANAGEN_CODEC_CORRUPT, ""}, .output = output};
  memset(output, 0, sizeof *output);
  writer.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &writer.errors, anagen_png_leave,
                                       anagen_png_note);
  if (!writer.png) {
    anagen_codec_fail(failure, ANAGEN_CODEC_OUT_OF_MEMORY, "no memory for an encoder");
    return 0;
  }
  int done = run(&writer, settings, samples);
  png_destroy_write_struct(&writer.png, &writer.info);
  if (!done) anagen_codec_release(output);
  return done;
}
