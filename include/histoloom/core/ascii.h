// Letters without regard to case, in ASCII alone: the same in every locale.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace histoloom {

// "ABC.SVS" as "abc.svs"; bytes that are no ASCII stay.
inline std::string ascii_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// The ending of a file's name in small letters, with its dot: ".svs" of "A.SVS", "" of "a".
inline std::string ending_of(const std::filesystem::path& path) {
  return ascii_lower(path.extension().string());
}

}  // namespace histoloom
