#include "focus.h"

void focus_add_row(
    struct focus *focus, const float *samples, const uint8_t *mask, size_t width, size_t height,
    size_t y, size_t border) {
  if (border < 1) border = 1;
  if (y < border || y + border >= height || width <= 2 * border) return;
  const float *row = samples + y * width;
  for (size_t x = border; x + border < width; x++) {
    if (mask != NULL) {
      const uint8_t *at = mask + y * width + x;
      if (at[0] | at[-1] | at[1] | *(at - width) | at[width]) continue;
    }
    double laplacian = (double)row[x - 1] + row[x + 1] + *(row + x - width) + row[x + width]
        - 4.0 * row[x];
    // Welford's sums lose nothing where the mean is large beside the variance.
    double step = laplacian - focus->mean;
    focus->count++;
    focus->mean += step / (double)focus->count;
    focus->squares += step * (laplacian - focus->mean);
  }
}

double focus_variance(const struct focus *focus) {
  return focus->count == 0 ? 0 : focus->squares / (double)focus->count;
}
