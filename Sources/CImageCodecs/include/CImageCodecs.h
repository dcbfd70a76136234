#ifndef C_IMAGE_CODECS_H
#define C_IMAGE_CODECS_H

// The part of image coding that has to be C: libjpeg and libpng report errors by longjmp, which
// must not cross Swift, and libtiff reads its tags through variable arguments. Sizes, limits and
// formats are judged in Swift; a reader only ever writes into memory that its caller measured.

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  ANAGEN_CODEC_TRUNCATED = 1,
  ANAGEN_CODEC_CORRUPT,
  ANAGEN_CODEC_UNSUPPORTED,
  ANAGEN_CODEC_TOO_MANY_SCANS,
  ANAGEN_CODEC_OUT_OF_MEMORY,
} anagen_codec_status;

// What went wrong, in the library's words; set only when a function says it failed.
typedef struct {
  anagen_codec_status status;
  char message[256];
} anagen_codec_failure;

// Encoded bytes; released with anagen_codec_release.
typedef struct {
  uint8_t *bytes;
  size_t count;
} anagen_codec_output;

void anagen_codec_release(anagen_codec_output *output);
void anagen_codec_fail(anagen_codec_failure *failure, anagen_codec_status status, const char *text);

// JPEG. `bytes` outlive the reader; `exif` and `icc` live as long as it.
typedef struct anagen_jpeg_reader anagen_jpeg_reader;
typedef struct {
  uint32_t width, height;
  int components, bits, multiple_scans;
  int density_unit, x_density, y_density;  // 0 an aspect ratio, 1 per inch, 2 per centimetre
  const uint8_t *exif;
  size_t exif_count;
  uint8_t *icc;
  size_t icc_count;
} anagen_jpeg_header;

anagen_jpeg_reader *anagen_jpeg_open(const uint8_t *bytes, size_t count, anagen_jpeg_header *header,
                                     anagen_codec_failure *failure);
// Writes width * height * components samples, grey or red, green, blue; 1 when it succeeds.
int anagen_jpeg_read(anagen_jpeg_reader *reader, int scan_limit, uint8_t *samples,
                     anagen_codec_failure *failure);
// Sets the size that `anagen_jpeg_read_luma` writes: a half, quarter or eighth of each side.
void anagen_jpeg_scale(anagen_jpeg_reader *reader, int denominator, uint32_t *width,
                       uint32_t *height);
// Decodes the whole entropy stream and writes luma alone, at the scale set; 1 when it succeeds.
int anagen_jpeg_read_luma(anagen_jpeg_reader *reader, int scan_limit, uint8_t *samples,
                          anagen_codec_failure *failure);
void anagen_jpeg_close(anagen_jpeg_reader *reader);

typedef struct {
  uint32_t width, height;
  int components, quality;
  int horizontal, vertical;  // luma samples for each chroma sample: 1 or 2
  int progressive;
  const uint8_t *icc;
  size_t icc_count;
} anagen_jpeg_settings;

int anagen_jpeg_write(const anagen_jpeg_settings *settings, const uint8_t *samples,
                      anagen_codec_output *output, anagen_codec_failure *failure);

// PNG.
typedef struct anagen_png_reader anagen_png_reader;
typedef struct {
  uint32_t width, height;
  int bits;  // of the file: 1, 2, 4, 8 or 16
  int colour, palette, alpha, interlaced;
  int srgb;
  double gamma;                     // 0 when not given
  uint32_t x_per_metre, y_per_metre;  // 0 when not given
  const uint8_t *exif;
  size_t exif_count;
  const uint8_t *icc;
  size_t icc_count;
  const char *warning;  // the first one, or NULL
} anagen_png_header;

anagen_png_reader *anagen_png_open(const uint8_t *bytes, size_t count, anagen_png_header *header,
                                   anagen_codec_failure *failure);
// Writes `height` rows of `row_bytes`: palette and small depths expanded, alpha last when there is
// any, 16 bit in the machine's order; 1 when it succeeds.
int anagen_png_read(anagen_png_reader *reader, size_t row_bytes, uint8_t *samples,
                    anagen_codec_failure *failure);
void anagen_png_close(anagen_png_reader *reader);

typedef struct {
  uint32_t width, height;
  int channels, bits, compression;
  const uint8_t *icc;
  size_t icc_count;
} anagen_png_settings;

int anagen_png_write(const anagen_png_settings *settings, const uint8_t *samples,
                     anagen_codec_output *output, anagen_codec_failure *failure);

// TIFF, first page. A block is a strip or a tile.
typedef struct anagen_tiff_reader anagen_tiff_reader;
typedef struct {
  uint32_t width, height;
  uint32_t block_width, block_height, block_count;
  uint16_t bits, samples, photometric, planar, sample_format, compression;
  uint16_t orientation, extra_samples;
  uint16_t resolution_unit;  // 2 per inch, 3 per centimetre
  float x_resolution, y_resolution;
  int tiled, more_pages, reduced, raw, known_compression;
  const uint16_t *red, *green, *blue;  // palettes: 1 << bits entries
  const uint8_t *icc;
  size_t icc_count;
} anagen_tiff_header;

anagen_tiff_reader *anagen_tiff_open(const uint8_t *bytes, size_t count, size_t allocation_limit,
                                     anagen_tiff_header *header, anagen_codec_failure *failure);
// Decodes block `index` into `capacity` bytes; how many were written, or -1.
int64_t anagen_tiff_read_block(anagen_tiff_reader *reader, uint32_t index, uint8_t *block,
                               size_t capacity, anagen_codec_failure *failure);
void anagen_tiff_close(anagen_tiff_reader *reader);

#ifdef __cplusplus
}
#endif

#endif
