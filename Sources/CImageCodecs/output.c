#include <stdio.h>
#include <stdlib.h>

#include "CImageCodecs.h"

void anagen_codec_release(anagen_codec_output *output) {
  free(output->bytes);
  output->bytes = NULL;
  output->count = 0;
}

void anagen_codec_fail(anagen_codec_failure *failure, anagen_codec_status status, const char *text) {
  failure->status = status;
  snprintf(failure->message, sizeof failure->message, "%s", text);
}
