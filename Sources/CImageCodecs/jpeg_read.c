#include <stdlib.h>
#include <string.h>

#include "jpeg_errors.h"

struct anagen_jpeg_reader {
  struct jpeg_decompress_struct cinfo;
  anagen_jpeg_errors errors;
  struct jpeg_progress_mgr progress;
  int scan_limit;
  JOCTET *icc;
};

// A few bytes of file can ask for hundreds of passes over the whole picture.
static void watch_scans(j_common_ptr common) {
  anagen_jpeg_reader *reader = (anagen_jpeg_reader *)common;
  if (reader->cinfo.input_scan_number <= reader->scan_limit) return;
  anagen_codec_fail(reader->errors.failure, ANAGEN_CODEC_TOO_MANY_SCANS, "too many scans");
  longjmp(reader->errors.escape, 1);
}

static void find_exif(anagen_jpeg_reader *reader, anagen_jpeg_header *header) {
  for (jpeg_saved_marker_ptr marker = reader->cinfo.marker_list; marker; marker = marker->next) {
    if (marker->marker != JPEG_APP0 + 1 || marker->data_length < 6) continue;
    if (memcmp(marker->data, "Exif\0\0", 6) != 0) continue;
    header->exif = marker->data + 6;
    header->exif_count = marker->data_length - 6;
    return;
  }
}

static void describe(anagen_jpeg_reader *reader, anagen_jpeg_header *header) {
  unsigned int icc_count = 0;
  memset(header, 0, sizeof *header);
  header->width = reader->cinfo.image_width;
  header->height = reader->cinfo.image_height;
  header->components = reader->cinfo.num_components;
  header->bits = reader->cinfo.data_precision;
  header->multiple_scans = jpeg_has_multiple_scans(&reader->cinfo);
  if (reader->cinfo.saw_JFIF_marker) {
    header->density_unit = reader->cinfo.density_unit;
    header->x_density = reader->cinfo.X_density;
    header->y_density = reader->cinfo.Y_density;
  }
  find_exif(reader, header);
  if (jpeg_read_icc_profile(&reader->cinfo, &reader->icc, &icc_count)) {
    header->icc = reader->icc;
    header->icc_count = icc_count;
  }
}

anagen_jpeg_reader *anagen_jpeg_open(const uint8_t *bytes, size_t count, anagen_jpeg_header *header,
                                     anagen_codec_failure *failure) {
  anagen_jpeg_reader *reader = calloc(1, sizeof *reader);
  if (!reader) {
    anagen_codec_fail(failure, ANAGEN_CODEC_OUT_OF_MEMORY, "no memory for a decoder");
    return NULL;
  }
  reader->cinfo.err = anagen_jpeg_errors_start(&reader->errors);
  reader->errors.failure = failure;
  if (setjmp(reader->errors.escape)) {
    anagen_jpeg_close(reader);
    return NULL;
  }
  jpeg_create_decompress(&reader->cinfo);
  jpeg_mem_src(&reader->cinfo, (unsigned char *)bytes, count);
  jpeg_save_markers(&reader->cinfo, JPEG_APP0 + 1, 0xFFFF);
  jpeg_save_markers(&reader->cinfo, JPEG_APP0 + 2, 0xFFFF);
  jpeg_read_header(&reader->cinfo, TRUE);
  describe(reader, header);
  return reader;
}

static int read_as(anagen_jpeg_reader *reader, J_COLOR_SPACE colours, int scan_limit,
                   uint8_t *samples, anagen_codec_failure *failure) {
  struct jpeg_decompress_struct *cinfo = &reader->cinfo;
  reader->errors.failure = failure;
  reader->scan_limit = scan_limit;
  if (setjmp(reader->errors.escape)) return 0;
  reader->progress.progress_monitor = watch_scans;
  cinfo->progress = &reader->progress;
  cinfo->out_color_space = colours;
  jpeg_start_decompress(cinfo);
  size_t row_bytes = (size_t)cinfo->output_width * cinfo->output_components;
  while (cinfo->output_scanline < cinfo->output_height) {
    JSAMPROW row = samples + row_bytes * cinfo->output_scanline;
    jpeg_read_scanlines(cinfo, &row, 1);
  }
  jpeg_finish_decompress(cinfo);
  return 1;
}

int anagen_jpeg_read(anagen_jpeg_reader *reader, int scan_limit, uint8_t *samples,
                     anagen_codec_failure *failure) {
  J_COLOR_SPACE colours = reader->cinfo.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  return read_as(reader, colours, scan_limit, samples, failure);
}

void anagen_jpeg_scale(anagen_jpeg_reader *reader, int denominator, uint32_t *width,
                       uint32_t *height) {
  reader->cinfo.scale_num = 1;
  reader->cinfo.scale_denom = denominator;
  jpeg_calc_output_dimensions(&reader->cinfo);
  *width = reader->cinfo.output_width;
  *height = reader->cinfo.output_height;
}

int anagen_jpeg_read_luma(anagen_jpeg_reader *reader, int scan_limit, uint8_t *samples,
                          anagen_codec_failure *failure) {
  return read_as(reader, JCS_GRAYSCALE, scan_limit, samples, failure);
}

void anagen_jpeg_close(anagen_jpeg_reader *reader) {
  jpeg_destroy_decompress(&reader->cinfo);
  free(reader->icc);
  free(reader);
}
