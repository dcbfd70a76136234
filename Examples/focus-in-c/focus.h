#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// How sharp a plane is: the variance of its Laplacian (Pech-Pacheco et al., "Diatom autofocusing in
/// brightfield microscopy", ICPR 2000). Rows are added one by one, so that a caller can do other
/// things between them.
struct focus {
  size_t count;
  double mean, squares;
};

/// Adds row y of a plane. Pixels within `border` of an edge, and those that the mask marks with
/// anything but 0 at the pixel or one of its four neighbours, do not count. `mask` may be NULL.
void focus_add_row(
    struct focus *focus, const float *samples, const uint8_t *mask, size_t width, size_t height,
    size_t y, size_t border);

/// The variance over the pixels that counted; 0 for none.
double focus_variance(const struct focus *focus);
