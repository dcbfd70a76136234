#include <stdlib.h>
#include <string.h>

#include "png_errors.h"

struct anagen_png_reader {
  png_structp png;
  png_infop info;
  anagen_png_errors errors;
  const uint8_t *bytes;
  size_t count, offset;
};

static void take(png_structp png, png_bytep target, size_t count) {
  anagen_png_reader *reader = png_get_io_ptr(png);
  if (count > reader->count - reader->offset) {
    reader->errors.status = ANAGEN_CODEC_TRUNCATED;
    png_error(png, "the data ends too early");
  }
  memcpy(target, reader->bytes + reader->offset, count);
  reader->offset += count;
}

// Text and suggested palettes are never used, and each could inflate to megabytes.
static void bound_chunks(png_structp png) {
  static const png_byte skipped[] = "tEXt\0zTXt\0iTXt\0sPLT\0hIST\0pCAL\0sCAL\0oFFs";
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, skipped, sizeof skipped / 5);
  png_set_chunk_cache_max(png, 64);
  png_set_chunk_malloc_max(png, 8 << 20);
  png_set_user_limits(png, 0x7FFFFFFF, 0x7FFFFFFF);
}

static void describe_colour(anagen_png_reader *reader, anagen_png_header *header) {
  png_charp name;
  int method, intent;
  png_bytep profile;
  png_uint_32 profile_count;
  header->srgb = png_get_sRGB(reader->png, reader->info, &intent) != 0;
  if (!png_get_gAMA(reader->png, reader->info, &header->gamma)) header->gamma = 0;
  if (png_get_iCCP(reader->png, reader->info, &name, &method, &profile, &profile_count)) {
    header->icc = profile;
    header->icc_count = profile_count;
  }
}

static void describe(anagen_png_reader *reader, anagen_png_header *header) {
  int type = png_get_color_type(reader->png, reader->info);
  png_bytep exif;
  png_uint_32 exif_count;
  memset(header, 0, sizeof *header);
  header->width = png_get_image_width(reader->png, reader->info);
  header->height = png_get_image_height(reader->png, reader->info);
  header->bits = png_get_bit_depth(reader->png, reader->info);
  header->colour = (type & PNG_COLOR_MASK_COLOR) != 0;
  header->palette = (type & PNG_COLOR_MASK_PALETTE) != 0;
  header->alpha = (type & PNG_COLOR_MASK_ALPHA) != 0 ||
                  png_get_valid(reader->png, reader->info, PNG_INFO_tRNS) != 0;
  header->interlaced = png_get_interlace_type(reader->png, reader->info) != PNG_INTERLACE_NONE;
  header->x_per_metre = png_get_x_pixels_per_meter(reader->png, reader->info);
  header->y_per_metre = png_get_y_pixels_per_meter(reader->png, reader->info);
  if (png_get_eXIf_1(reader->png, reader->info, &exif_count, &exif)) {
    header->exif = exif;
    header->exif_count = exif_count;
  }
  describe_colour(reader, header);
  header->warning = reader->errors.warning[0] ? reader->errors.warning : NULL;
}

static anagen_png_reader *make(const uint8_t *bytes, size_t count, anagen_codec_failure *failure) {
  anagen_png_reader *reader = calloc(1, sizeof *reader);
  if (!reader) return NULL;
  reader->errors.failure = failure;
  reader->errors.status = ANAGEN_CODEC_CORRUPT;
  reader->bytes = bytes;
  reader->count = count;
  reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader->errors, anagen_png_leave,
                                       anagen_png_note);
  reader->info = reader->png ? png_create_info_struct(reader->png) : NULL;
  if (reader->info) return reader;
  anagen_png_close(reader);
  return NULL;
}

anagen_png_reader *anagen_png_open(const uint8_t *bytes, size_t count, anagen_png_header *header,
                                   anagen_codec_failure *failure) {
  anagen_png_reader *reader = make(bytes, count, failure);
  if (!reader) {
    anagen_codec_fail(failure, ANAGEN_CODEC_OUT_OF_MEMORY, "no memory for a decoder");
    return NULL;
  }
  if (setjmp(png_jmpbuf(reader->png))) {
    anagen_png_close(reader);
    return NULL;
  }
  png_set_read_fn(reader->png, reader, take);
  bound_chunks(reader->png);
  png_read_info(reader->png, reader->info);
  describe(reader, header);
  return reader;
}

static int is_little_endian(void) {
  const uint16_t one = 1;
  return *(const uint8_t *)&one;
}

int anagen_png_read(anagen_png_reader *reader, size_t row_bytes, uint8_t *samples,
                    anagen_codec_failure *failure) {
  reader->errors.failure = failure;
  if (setjmp(png_jmpbuf(reader->png))) return 0;
  png_set_expand(reader->png);
  if (is_little_endian()) png_set_swap(reader->png);
  int passes = png_set_interlace_handling(reader->png);
  png_read_update_info(reader->png, reader->info);
  if (png_get_rowbytes(reader->png, reader->info) != row_bytes) {
    png_error(reader->png, "rows of another size than the header says");
  }
  png_uint_32 height = png_get_image_height(reader->png, reader->info);
  for (int pass = 0; pass < passes; pass++) {
    for (png_uint_32 y = 0; y < height; y++) {
      png_read_row(reader->png, samples + row_bytes * y, NULL);
    }
  }
  png_read_end(reader->png, NULL);
  return 1;
}

void anagen_png_close(anagen_png_reader *reader) {
  png_destroy_read_struct(&reader->png, &reader->info, NULL);
  free(reader);
}
