#include "activation_memory.h"

#include <sys/mman.h>

#include <cstdint>

namespace histoloom {

namespace {
constexpr std::size_t kLarge = 32 << 20;  // bytes; glibc's malloc keeps smaller blocks for reuse
constexpr std::uintptr_t kPage = 4096;
}  // namespace

at::Tensor empty_activation(at::IntArrayRef sizes, const at::TensorOptions& options) {
  const at::Tensor out = at::empty(sizes, options, at::MemoryFormat::ChannelsLast);
#ifdef MADV_HUGEPAGE
  if (out.is_cpu() && out.nbytes() >= kLarge) {
    const auto begin = reinterpret_cast<std::uintptr_t>(out.data_ptr());
    const std::uintptr_t first = (begin + kPage - 1) / kPage * kPage;
    const std::uintptr_t last = (begin + out.nbytes()) / kPage * kPage;
    // Only advice: a refusal changes nothing but the time.
    madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
  }
#endif
  return out;
}

}  // namespace histoloom
