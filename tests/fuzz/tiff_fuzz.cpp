// The TIFF reader and all rules of verify() on any bytes: a report or a UserError, nothing else.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>

#include "driver.h"
#include "histoloom/core/error.h"
#include "histoloom/pyramid/verify.h"
#include "histoloom/pyramid/writer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace histoloom;
  try {
    const auto source = pyramid::memory_byte_source({data, size});
    const auto report = pyramid::verify(pyramid::read_tiff(*source, "fuzz.tif"));
    if (pyramid::describe(report).empty()) std::abort();
  } catch (const UserError& error) {
    if (std::string_view(error.what()).find('\n') != std::string_view::npos) std::abort();
  }
  return 0;
}

namespace {

using namespace histoloom::pyramid;
using histoloom::fuzz::Bytes;

class BytesSink final : public Sink {
 public:
  explicit BytesSink(Bytes& bytes) : bytes_(bytes) {}
  std::uint64_t found() override { return bytes_.size(); }
  void cut(std::uint64_t size) override { bytes_.resize(size); }
  void append(std::span<const std::uint8_t> b) override {
    bytes_.insert(bytes_.end(), b.begin(), b.end());
  }
  void read_at(std::uint64_t offset, std::span<std::uint8_t> b) override {
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), b.size(), b.begin());
  }
  void write_at(std::uint64_t offset, std::span<const std::uint8_t> b) override {
    std::copy(b.begin(), b.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  void sync() override {}
  void commit() override {}
  void suspend() noexcept override {}
  void discard() noexcept override {}

 private:
  Bytes& bytes_;
};

// Flat, so that it is small: the directories are most of the file.
Bytes seed_slide(Profile profile, Container container) {
  WriterOptions options;
  options.size = {100, 70};
  options.tile = 16;
  options.profile = profile;
  options.container = container;
  options.mpp = 0.5;
  options.objective_power = 20;
  options.associated_images = profile != Profile::generic;
  Bytes bytes;
  PyramidWriter writer(std::make_unique<BytesSink>(bytes), "seed", options);
  const Bytes rows(100 * 70 * 3, 200);
  writer.write_rows(rows.data(), 70, 300);
  writer.finish();
  return bytes;
}

}  // namespace

std::vector<Bytes> histoloom::fuzz::seeds() {
  std::vector<Bytes> out;
  for (const auto profile : {Profile::generic, Profile::svs, Profile::ome})
    for (const auto container : {Container::classic, Container::big})
      out.push_back(seed_slide(profile, container));
  return out;
}
