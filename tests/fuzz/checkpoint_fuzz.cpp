// The checkpoint reader on any bytes: tensors that lie within the file, or a UserError of one line;
// nothing else. The first byte says what the others are: a whole zip file where it is even, else a
// pickle, which is put into a zip file with the right checksums.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "checkpoint_directory.h"
#include "one_line.h"
#include "touch.h"
#include "weights/checkpoint_builder.h"

namespace {

using namespace histoloom;

void read(std::span<const std::uint8_t> file) {
  fuzz::refuses_in_one_line([&] {
    const auto directory = parse_checkpoint(file, "fuzz.pt");
    for (const auto& [name, tensor] : directory.tensors) {
      fuzz::touch(file, 0, tensor.stored);
      check_crc(file, tensor.storage, directory.zip.at(tensor.storage), "fuzz.pt");
    }
  });
}

// The storages of testdata/checkpoints, in the folder 'w'.
std::string zip_around(const std::string& pickled) {
  return checkpoint_builder::zip({{"w/data.pkl", pickled},
                                  {"w/data/0", std::string(96, '\1')},
                                  {"w/data/1", std::string(6, '\2')},
                                  {"w/data/2", std::string(16, '\3')}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  if (data[0] % 2 == 0) {
    read({data + 1, size - 1});
  } else {
    const std::string file = zip_around({reinterpret_cast<const char*>(data) + 1, size - 1});
    const std::vector<std::uint8_t> exact(file.begin(), file.end());
    read(exact);
  }
  return 0;
}
