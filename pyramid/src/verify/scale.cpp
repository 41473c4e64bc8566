#include "histoloom/pyramid/scale.h"

#include "rules.h"

namespace histoloom::pyramid {

TiffScale scale_of(const TiffFile& file) {
  ReaderView view = qupath_view(file);
  if (!view.opens) return {};
  const bool by_description = is_ome(file) || is_aperio(file);
  return {view.mpp_x, view.mpp_y, !by_description, view.magnification, std::move(view.associated)};
}

}  // namespace histoloom::pyramid
