// The checkpoint reader on any bytes: tensors that lie within the file, or a UserError of one line;
// nothing else. The first byte says what the others are: a whole zip file where it is even, else a
// pickle, which is put into a zip file with the right checksums.
#include <cstdlib>
#include <string_view>

#include "checkpoint_directory.h"
#include "driver.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "touch.h"
#include "weights/checkpoint_builder.h"

namespace {

using namespace histoloom;

void read(std::span<const std::uint8_t> file) {
  try {
    const auto directory = parse_checkpoint(file, "fuzz.pt");
    for (const auto& [name, tensor] : directory.tensors) {
      fuzz::touch(file, 0, tensor.stored);
      check_crc(file, tensor.storage, directory.zip.at(tensor.storage), "fuzz.pt");
    }
  } catch (const UserError& error) {
    if (std::string_view(error.what()).find('\n') != std::string_view::npos) std::abort();
  }
}

// The storages of testdata/checkpoints, in the folder 'w'.
std::string zip_around(const std::string& pickled) {
  return checkpoint_builder::zip({{"w/data.pkl", pickled},
                                  {"w/data/0", std::string(96, '\1')},
                                  {"w/data/1", std::string(6, '\2')},
                                  {"w/data/2", std::string(16, '\3')}});
}

fuzz::Bytes tagged(std::uint8_t tag, std::string_view bytes) {
  fuzz::Bytes out{tag};
  out.insert(out.end(), bytes.begin(), bytes.end());
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  if (data[0] % 2 == 0) {
    read({data + 1, size - 1});
  } else {
    const std::string file = zip_around({reinterpret_cast<const char*>(data) + 1, size - 1});
    const fuzz::Bytes exact(file.begin(), file.end());
    read(exact);
  }
  return 0;
}

std::vector<fuzz::Bytes> fuzz::seeds() {
  std::vector<Bytes> out;
  for (const char* name : {"protocol2", "protocol3", "protocol4", "protocol5"}) {
    const std::string path = std::string(HISTOLOOM_TESTDATA "/checkpoints/") + name + ".pt";
    const std::string file = read_file(path);
    out.push_back(tagged(0, file));
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(file.data()), file.size());
    const auto pickled =
        parse_zip_directory(bytes, path).at(std::string(name) + "/data.pkl").in(bytes);
    out.push_back(tagged(1, {reinterpret_cast<const char*>(pickled.data()), pickled.size()}));
  }
  return out;
}
