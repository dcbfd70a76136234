#ifndef ANAGEN_JPEG_ERRORS_H
#define ANAGEN_JPEG_ERRORS_H

#include <setjmp.h>
#include <stdio.h>
#include <jpeglib.h>

#include "CImageCodecs.h"

// First member of what `cinfo.err` points to: libjpeg's error manager, and where to return to.
typedef struct {
  struct jpeg_error_mgr manager;
  anagen_codec_failure *failure;
  jmp_buf escape;
} anagen_jpeg_errors;

// The error manager to put into `cinfo.err`: errors and warnings fill `failure` and jump.
struct jpeg_error_mgr *anagen_jpeg_errors_start(anagen_jpeg_errors *errors);

#endif
