#include "histoloom/pyramid/libtiff_log.h"

#include <tiffio.h>

namespace histoloom::pyramid {

void silence_libtiff() {
  TIFFSetErrorHandler(nullptr);
  TIFFSetWarningHandler(nullptr);
}

}  // namespace histoloom::pyramid
