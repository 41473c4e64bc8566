#include "npm_viewers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace histoloom::pyramid::test {
namespace {

using nlohmann::json;

const std::filesystem::path kSource = std::filesystem::path(HISTOLOOM_SOURCE) / "tests/viewers";
const std::filesystem::path kFolder = std::filesystem::path(HISTOLOOM_BUILD) / "viewers";

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// Why this machine's Node won't do.
std::string node_missing() {
  const Output node = shell("node --version");
  if (node.rc != 0 || !node.text.starts_with("v")) return "no node";
  const json package = json::parse(text_of(kSource / "package.json"));
  const std::string wanted = package["engines"]["node"];  // ">=20"
  const std::string version = node.text.substr(1, node.text.find('\n') - 1);
  if (std::stoi(version) < std::stoi(wanted.substr(2))) {
    return fmt::format("node is {}, the libraries need {}", version, wanted);
  }
  return shell("npm --version").rc == 0 ? "" : "no npm";
}

}  // namespace

std::string viewers_missing() {
  if (const std::string why = node_missing(); !why.empty()) return why;
  // The scripts lie beside their libraries, as Node looks for those from the script's place.
  std::filesystem::create_directories(kFolder);
  for (const auto& entry : std::filesystem::directory_iterator(kSource)) {
    std::filesystem::copy_file(entry.path(), kFolder / entry.path().filename(),
                               std::filesystem::copy_options::overwrite_existing);
  }
  // The lock is kept as "installed" once all of it is there.
  const std::filesystem::path installed = kFolder / "installed";
  if (text_of(installed) == text_of(kFolder / "package-lock.json")) return {};
  const Output npm = shell(fmt::format(
      "cd '{}' && timeout 300 npm ci --ignore-scripts --no-audit --no-fund --prefer-offline "
      "--fetch-retries=1 --fetch-timeout=60000",
      kFolder.string()));
  if (npm.rc != 0) return "npm ci failed: " + npm.text.substr(0, npm.text.find("    at "));
  std::filesystem::copy_file(kFolder / "package-lock.json", installed,
                             std::filesystem::copy_options::overwrite_existing);
  return {};
}

std::vector<ViewerRow> viewers_say(const std::vector<std::string>& readers,
                                   const std::vector<ViewerFile>& files,
                                   const std::filesystem::path& scratch) {
  json request{{"readers", readers}, {"limit", 60}, {"browser", "/usr/bin/chromium"}};
  for (const ViewerFile& file : files) {
    request["files"].push_back(
        {{"path", file.path}, {"tolerance", file.tolerance}, {"points", file.points}});
  }
  std::ofstream(scratch / "request.json") << request;
  const Output said = shell(fmt::format("node '{}' '{}'", (kFolder / "see.mjs").string(),
                                        (scratch / "request.json").string()));
  std::vector<ViewerRow> rows;
  std::istringstream lines(said.text);
  for (std::string line; std::getline(lines, line);) {
    const json row = json::parse(line);
    ViewerRow out{row["reader"],
                  row["version"],
                  row["file"].get<std::string>(),
                  row["opens"],
                  row["why"],
                  {},
                  {}};
    for (const auto& level : row["levels"]) {
      out.levels.push_back(fmt::format("{}", fmt::join(level.get<std::vector<int>>(), "x")));
    }
    if (row["pixels"].is_string()) out.pixels = row["pixels"];
    rows.push_back(std::move(out));
  }
  return rows;
}

ViewerFile viewer_file(const std::filesystem::path& path, const Picture& picture, int tolerance) {
  ViewerFile file{path, tolerance, {}};
  const std::int64_t w = picture.width;
  const std::int64_t h = picture.height;
  for (const auto& [x, y] : std::vector<std::pair<std::int64_t, std::int64_t>>{
           {0, 0}, {w / 2, h / 2}, {w - 1, h - 1}, {w - 1, 0}, {w * 3 / 4, h - 2}}) {
    std::vector<int> point{static_cast<int>(x), static_cast<int>(y)};
    for (int c = 0; c < picture.channels; ++c) point.push_back(picture.at(x, y, c));
    file.points.push_back(point);
  }
  return file;
}

}  // namespace histoloom::pyramid::test
