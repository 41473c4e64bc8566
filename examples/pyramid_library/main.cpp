// Writes a slide of 3000 x 2000 px, a gradient, row by row: write_slide OUT.svs
#include <cstdint>
#include <iostream>
#include <vector>

#include "histoloom/pyramid/writer.h"

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: write_slide OUT.svs\n";
    return 2;
  }
  histoloom::pyramid::WriterOptions options;
  options.profile = histoloom::pyramid::profile_for(argv[1]);
  options.size = {3000, 2000};
  options.mpp = 0.5;
  options.objective_power = 20;
  options.software = "write_slide";

  histoloom::pyramid::PyramidWriter writer(argv[1], options);
  std::vector<std::uint8_t> row(3000 * 3);
  for (int y = 0; y < 2000; ++y) {
    for (int x = 0; x < 3000; ++x) {
      row[3 * x] = static_cast<std::uint8_t>(255 * x / 3000);
      row[3 * x + 1] = static_cast<std::uint8_t>(255 * y / 2000);
      row[3 * x + 2] = 128;
    }
    writer.write_rows({row.data(), {3000, 1}, 3, 0});
  }
  writer.finish();
} catch (const histoloom::UserError& error) {
  std::cerr << error.what() << " (" << name_of(error.code()) << ")\n";
  return 1;
}
