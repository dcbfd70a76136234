#include "jpeg_errors.h"

#include <jerror.h>

static anagen_codec_status status_of(int code) {
  switch (code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JERR_INPUT_EOF:
    case JERR_INPUT_EMPTY:
    case JERR_NO_IMAGE:
      return ANAGEN_CODEC_TRUNCATED;
    case JERR_BAD_PRECISION:
    case JERR_SOF_UNSUPPORTED:
    case JERR_ARITH_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_NOT_COMPILED:
      return ANAGEN_CODEC_UNSUPPORTED;
    case JERR_OUT_OF_MEMORY:
    case JERR_NO_BACKING_STORE:
      return ANAGEN_CODEC_OUT_OF_MEMORY;
    default:
      return ANAGEN_CODEC_CORRUPT;
  }
}

static void leave(j_common_ptr common) {
  anagen_jpeg_errors *errors = (anagen_jpeg_errors *)common->err;
  char text[JMSG_LENGTH_MAX];
  errors->manager.format_message(common, text);
  anagen_codec_fail(errors->failure, status_of(errors->manager.msg_code), text);
  longjmp(errors->escape, 1);
}

// libjpeg fills what it cannot read with grey and only warns: half a picture. Here it is an error.
static void emit(j_common_ptr common, int level) {
  if (level < 0) leave(common);
}

static void stay_silent(j_common_ptr common) { (void)common; }

struct jpeg_error_mgr *anagen_jpeg_errors_start(anagen_jpeg_errors *errors) {
  jpeg_std_error(&errors->manager);
  errors->manager.error_exit = leave;
  errors->manager.emit_message = emit;
  errors->manager.output_message = stay_silent;
  return &errors->manager;
}
