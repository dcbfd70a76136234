#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

#include "CImageCodecs.h"

struct anagen_tiff_reader {
  TIFF *tiff;
  const uint8_t *bytes;
  size_t count, offset;
  anagen_codec_failure *failure;
  int failed, reading_pixels;
};

static tmsize_t take(thandle_t handle, void *target, tmsize_t count) {
  anagen_tiff_reader *reader = handle;
  size_t left = reader->count - reader->offset;
  size_t taken = (size_t)count < left ? (size_t)count : left;
  memcpy(target, reader->bytes + reader->offset, taken);
  reader->offset += taken;
  return (tmsize_t)taken;
}

static tmsize_t refuse_write(thandle_t handle, void *source, tmsize_t count) {
  (void)handle, (void)source, (void)count;
  return 0;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence) {
  anagen_tiff_reader *reader = handle;
  size_t base = whence == SEEK_CUR ? reader->offset : whence == SEEK_END ? reader->count : 0;
  size_t target = base + (size_t)offset;
  reader->offset = target < reader->count ? target : reader->count;
  return target <= reader->count ? target : (toff_t)-1;
}

static int close_nothing(thandle_t handle) {
  (void)handle;
  return 0;
}

static toff_t size(thandle_t handle) { return ((anagen_tiff_reader *)handle)->count; }

static int keep_first(TIFF *tiff, void *owner, const char *module, const char *format, va_list list) {
  anagen_tiff_reader *reader = owner;
  (void)tiff, (void)module;
  if (reader->failed) return 1;
  reader->failed = 1;
  reader->failure->status = ANAGEN_CODEC_CORRUPT;
  vsnprintf(reader->failure->message, sizeof reader->failure->message, format, list);
  return 1;
}

// Unknown tags warn and harm nobody; a warning while pixels are read means pixels that are wrong.
static int judge_warning(TIFF *tiff, void *owner, const char *module, const char *format,
                         va_list list) {
  if (!((anagen_tiff_reader *)owner)->reading_pixels) return 1;
  return keep_first(tiff, owner, module, format, list);
}

static TIFF *open_memory(anagen_tiff_reader *reader, size_t allocation_limit) {
  TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
  if (!options) return NULL;
  TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)allocation_limit);
  TIFFOpenOptionsSetErrorHandlerExtR(options, keep_first, reader);
  TIFFOpenOptionsSetWarningHandlerExtR(options, judge_warning, reader);
  TIFF *tiff = TIFFClientOpenExt("picture", "rm", reader, take, refuse_write, seek, close_nothing,
                                 size, NULL, NULL, options);
  TIFFOpenOptionsFree(options);
  return tiff;
}

static void describe_samples(TIFF *tiff, anagen_tiff_header *header) {
  uint16_t *extra = NULL;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &header->bits);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &header->samples);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &header->planar);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &header->sample_format);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &header->compression);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &header->extra_samples, &extra);
  if (!TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &header->photometric)) header->photometric = 0xFFFF;
  header->known_compression = TIFFIsCODECConfigured(header->compression);
  if (header->photometric == PHOTOMETRIC_PALETTE) {
    uint16_t *red = NULL, *green = NULL, *blue = NULL;
    TIFFGetField(tiff, TIFFTAG_COLORMAP, &red, &green, &blue);
    header->red = red, header->green = green, header->blue = blue;
  }
}

static void describe_page(TIFF *tiff, anagen_tiff_header *header) {
  uint32_t subfile = 0, icc_count = 0;
  void *icc = NULL, *ignored = NULL;
  uint16_t count = 0;
  TIFFGetField(tiff, TIFFTAG_SUBFILETYPE, &subfile);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &header->orientation);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_RESOLUTIONUNIT, &header->resolution_unit);
  TIFFGetField(tiff, TIFFTAG_XRESOLUTION, &header->x_resolution);
  TIFFGetField(tiff, TIFFTAG_YRESOLUTION, &header->y_resolution);
  if (TIFFGetField(tiff, TIFFTAG_ICCPROFILE, &icc_count, &icc)) {
    header->icc = icc;
    header->icc_count = icc_count;
  }
  header->reduced = (subfile & FILETYPE_REDUCEDIMAGE) != 0;
  header->raw = TIFFGetField(tiff, TIFFTAG_DNGVERSION, &ignored) ||
                TIFFGetField(tiff, TIFFTAG_CFAPATTERN, &count, &ignored);
  header->more_pages = !TIFFLastDirectory(tiff);
}

static void describe_blocks(TIFF *tiff, anagen_tiff_header *header) {
  header->tiled = TIFFIsTiled(tiff);
  if (header->tiled) {
    TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &header->block_width);
    TIFFGetField(tiff, TIFFTAG_TILELENGTH, &header->block_height);
    header->block_count = TIFFNumberOfTiles(tiff);
  } else {
    header->block_width = header->width;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &header->block_height);
    header->block_count = TIFFNumberOfStrips(tiff);
  }
}

static void describe(TIFF *tiff, anagen_tiff_header *header) {
  memset(header, 0, sizeof *header);
  TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &header->width);
  TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &header->height);
  describe_samples(tiff, header);
  describe_page(tiff, header);
  describe_blocks(tiff, header);
  if (header->compression == COMPRESSION_JPEG && header->photometric == PHOTOMETRIC_YCBCR) {
    TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  }
}

anagen_tiff_reader *anagen_tiff_open(const uint8_t *bytes, size_t count, size_t allocation_limit,
                                     anagen_tiff_header *header, anagen_codec_failure *failure) {
  anagen_tiff_reader *reader = calloc(1, sizeof *reader);
  anagen_codec_fail(failure, ANAGEN_CODEC_CORRUPT, "no directory");
  if (!reader) return NULL;
  reader->bytes = bytes;
  reader->count = count;
  reader->failure = failure;
  reader->tiff = open_memory(reader, allocation_limit);
  if (!reader->tiff) {
    free(reader);
    return NULL;
  }
  describe(reader->tiff, header);
  return reader;
}

int64_t anagen_tiff_read_block(anagen_tiff_reader *reader, uint32_t index, uint8_t *block,
                               size_t capacity, anagen_codec_failure *failure) {
  reader->failure = failure;
  reader->failed = 0;
  reader->reading_pixels = 1;
  anagen_codec_fail(failure, ANAGEN_CODEC_CORRUPT, "a block cannot be read");
  tmsize_t count = TIFFIsTiled(reader->tiff)
                       ? TIFFReadEncodedTile(reader->tiff, index, block, (tmsize_t)capacity)
                       : TIFFReadEncodedStrip(reader->tiff, index, block, (tmsize_t)capacity);
  return reader->failed ? -1 : count;
}

void anagen_tiff_close(anagen_tiff_reader *reader) {
  TIFFClose(reader->tiff);
  free(reader);
}
