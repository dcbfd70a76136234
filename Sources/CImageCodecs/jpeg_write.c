#include <stdlib.h>

#include "jpeg_errors.h"

static void configure(struct jpeg_compress_struct *cinfo, const anagen_jpeg_settings *settings) {
  cinfo->image_width = settings->width;
  cinfo->image_height = settings->height;
  cinfo->input_components = settings->components;
  cinfo->in_color_space = settings->components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(cinfo);
  jpeg_set_quality(cinfo, settings->quality, TRUE);
  cinfo->comp_info[0].h_samp_factor = settings->components == 1 ? 1 : settings->horizontal;
  cinfo->comp_info[0].v_samp_factor = settings->components == 1 ? 1 : settings->vertical;
  if (settings->progressive) jpeg_simple_progression(cinfo);
}

static void compress(struct jpeg_compress_struct *cinfo, const anagen_jpeg_settings *settings,
                     const uint8_t *samples) {
  size_t row_bytes = (size_t)settings->width * settings->components;
  jpeg_start_compress(cinfo, TRUE);
  if (settings->icc_count) jpeg_write_icc_profile(cinfo, settings->icc, settings->icc_count);
  while (cinfo->next_scanline < cinfo->image_height) {
    JSAMPROW row = (JSAMPROW)(samples + row_bytes * cinfo->next_scanline);
    jpeg_write_scanlines(cinfo, &row, 1);
  }
  jpeg_finish_compress(cinfo);
}

// libjpeg keeps pointers to these across the jump, so they do not lie in registers.
typedef struct {
  struct jpeg_compress_struct cinfo;
  anagen_jpeg_errors errors;
  unsigned char *bytes;
  unsigned long count;
} jpeg_writer;

static int run(jpeg_writer *writer, const anagen_jpeg_settings *settings, const uint8_t *samples) {
  writer->cinfo.err = anagen_jpeg_errors_start(&writer->errors);
  if (setjmp(writer->errors.escape)) return 0;
  jpeg_create_compress(&writer->cinfo);
  jpeg_mem_dest(&writer->cinfo, &writer->bytes, &writer->count);
  configure(&writer->cinfo, settings);
  compress(&writer->cinfo, settings, samples);
  return 1;
}

int anagen_jpeg_write(const anagen_jpeg_settings *settings, const uint8_t *samples,
                      anagen_codec_output *output, anagen_codec_failure *failure) {
  jpeg_writer writer = {.errors = {.failure = failure}};
  int done = run(&writer, settings, samples);
  jpeg_destroy_compress(&writer.cinfo);
  output->bytes = writer.bytes;
  output->count = writer.count;
  if (!done) anagen_codec_release(output);
  return done;
}
