#include "tool_agreement.h"

#include <fmt/format.h>

#include <fstream>
#include <map>
#include <regex>
#include <sstream>

#include "agreement.h"
#include "support.h"

namespace histoloom::pyramid::test {
namespace {

constexpr const char* kRefused = "doesn't open";

std::string sizes_of(const std::vector<PixelSize>& levels) {
  std::string out;
  for (const PixelSize size : levels) {
    out += (out.empty() ? "" : " ") + fmt::format("{}x{}", size.width, size.height);
  }
  return out;
}

std::string mpp_text(const std::optional<double>& mpp) {
  return mpp ? fmt::format("mpp {:.6g}", *mpp) : "no mpp";
}

// Microns of a unit that a program names; 0 of another.
double microns_of(const std::string& unit) {
  if (unit == "um" || unit == "micron") return 1;
  return unit == "cm" ? 10000 : unit == "in" || unit == "inch" ? 25400 : 0;
}

std::string first_group(const std::string& text, const char* pattern) {
  std::smatch m;
  return std::regex_search(text, m, std::regex(pattern)) ? m[1].str() : "";
}

}  // namespace

std::string packages_missing_for(const std::string& reader) {
  static const std::map<std::string, std::vector<std::pair<const char*, const char*>>> kNeeds{
      {"OpenImageIO", {{"openimageio-tools", "command -v oiiotool"}}},
      {"Orthanc WSI", {{"orthanc-wsi", "command -v OrthancWSIDicomizer"}}},
      {"IIPImage",
       {{"iipimage-server", "test -x /usr/lib/iipimage-server/iipsrv.fcgi"},
        {"libfcgi-bin", "command -v cgi-fcgi"}}},
      {"ImageJ",
       {{"imagej", "test -r /usr/share/java/ij.jar"},
        {"default-jdk-headless", "command -v javac"}}}};
  std::string missing;
  for (const auto& [package, command] : kNeeds.at(reader)) {
    if (shell(std::string(command) + " > /dev/null").rc != 0)
      missing += std::string(missing.empty() ? "no " : ", no ") + package;
  }
  return missing;
}

std::string openimageio_says(const std::filesystem::path& path) {
  const Output said = shell("oiiotool --info -v -a --hash '" + path.string() + "'");
  if (said.rc != 0) return kRefused;
  const std::string& text = said.text;
  // One block a subimage; that of a file with one has another head.
  const std::regex head("(subimage +[0-9]+|\\.[a-z]+) *: +([0-9]+) x +([0-9]+),");
  std::vector<std::pair<std::string, std::size_t>> blocks;
  for (std::sregex_iterator i(text.begin(), text.end(), head), end; i != end; ++i) {
    blocks.emplace_back((*i)[2].str() + "x" + (*i)[3].str(), i->position());
  }
  if (blocks.size() > 1) blocks.erase(blocks.begin());  // the summary
  std::string levels;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const std::size_t from = blocks[i].second;
    const std::size_t to = i + 1 < blocks.size() ? blocks[i + 1].second : text.size();
    const bool tiled = text.substr(from, to - from).find("tile size:") != std::string::npos;
    if (i == 0 || tiled) levels += (levels.empty() ? "" : " ") + blocks[i].first;
  }
  const std::string rest = text.substr(blocks.empty() ? 0 : blocks[0].second);
  const double unit = microns_of(first_group(rest, "ResolutionUnit: \"([a-z]+)\""));
  const std::string resolution = first_group(rest, "XResolution: ([0-9.e+]+)");
  const auto mpp = unit > 0 ? std::optional(unit / std::stod(resolution)) : std::nullopt;
  return fmt::format("{} of {} subimages, {}", levels, blocks.size(), mpp_text(mpp));
}

std::string openimageio_expected(const VerifyReport& report) {
  const ReaderView& view = view_of(report, "OpenImageIO");
  if (!view.opens) return kRefused;
  return fmt::format("{} of {} subimages, {}", sizes_of(view.levels), std::stoi(view.how.substr(3)),
                     mpp_text(view.mpp_x));
}

std::string orthanc_says(const std::filesystem::path& path, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  const Output log = shell(fmt::format("timeout 60 OrthancWSIDicomizer '{}' --folder '{}'",
                                       path.string(), folder.string()));
  if (log.rc != 0) return kRefused;
  std::string levels;
  const std::regex level("Creating level [0-9]+ of size ([0-9]+x[0-9]+)");
  for (std::sregex_iterator i(log.text.begin(), log.text.end(), level), end; i != end; ++i) {
    levels += (levels.empty() ? "" : " ") + (*i)[1].str();
  }
  return levels;
}

std::string orthanc_expected(const VerifyReport& report) {
  const ReaderView& view = view_of(report, "Orthanc WSI");
  return view.opens ? sizes_of(view.levels) : kRefused;
}

// The server speaks FastCGI: it is asked over a socket, and ended by its own number.
std::string iipimage_says(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const std::string script =
      "cd '" + folder.string() +
      "' && rm -f iip.socket\n"
      "/usr/lib/iipimage-server/iipsrv.fcgi --bind ./iip.socket > /dev/null 2>&1 &\n"
      "server=$!\n"
      "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do\n"
      "  test -S iip.socket && break; sleep 0.1\n"
      "done\n"
      "ask() {\n"
      "  REQUEST_METHOD=GET QUERY_STRING=\"FIF=" +
      path.string() +
      "&$1\" \\\n"
      "    timeout 20 cgi-fcgi -bind -connect ./iip.socket | tr -d '\\r'\n"
      "}\n"
      "ask obj=Resolutions | grep -a Resolutions:\n"
      "count=$(ask obj=Resolution-number | sed -n 's/^Resolution-number://p')\n"
      "level=0\n"
      "while [ $level -lt ${count:-0} ]; do\n"
      "  ask JTL=$level,0 | head -c 20 | grep -a -c Status:\n"
      "  level=$((level + 1))\n"
      "done\n"
      "kill $server\n";
  std::istringstream lines(shell("{ " + script + "}").text);
  std::string line;
  std::getline(lines, line);
  const std::string head = "Resolutions:";
  if (!line.starts_with(head)) return kRefused;
  // Both lists begin with the smallest.
  std::istringstream sizes(line.substr(head.size()));
  std::string out;
  bool any = false;
  for (std::string size; std::getline(sizes, size, ',') && std::getline(lines, line);) {
    size[size.find(' ')] = 'x';
    any = any || line == "0";
    out = size + (line == "0" ? "" : "!") + (out.empty() ? "" : " " + out);
  }
  return any ? out : kRefused;
}

std::string iipimage_expected(const VerifyReport& report, const TiffFile& file) {
  const ReaderView& view = view_of(report, "IIPImage");
  if (!view.opens) return kRefused;
  std::string out;
  for (std::size_t i = 0; i < view.levels.size(); ++i) {
    out += (out.empty() ? "" : " ") + sizes_of({view.levels[i]}) + (file.chain[i].tiled ? "" : "!");
  }
  return out;
}

// ImageJ's menus need a display, even with -batch; its Opener doesn't.
std::vector<std::string> imagej_says(const std::vector<std::filesystem::path>& paths,
                                     const std::filesystem::path& folder) {
  std::ofstream(folder / "Open.java") <<
      R"(import ij.*; import ij.io.*; import java.io.*;
public class Open {
  public static void main(String[] paths) {
    PrintStream out = System.out;
    System.setOut(new PrintStream(OutputStream.nullOutputStream()));
    for (String path : paths) {
      File file = new File(path);
      ImagePlus image = null;
      try {
        String parent = file.getParent() + "/";
        if (new TiffDecoder(parent, file.getName()).getTiffInfo() != null)
          image = new Opener().openTiff(parent, file.getName());
      } catch (Exception e) {}
      out.println(image == null ? "none" : image.getWidth() + "x" + image.getHeight() + " " +
          image.getCalibration().pixelWidth + " " +
          image.getCalibration().getUnit().replace('\u00b5', 'u'));
    }
  }
})";
  std::string command = "cd '" + folder.string() +
                        "' && java -Djava.awt.headless=true -cp /usr/share/java/ij.jar Open.java";
  for (const auto& path : paths) command += " '" + path.string() + "'";
  std::istringstream lines(shell("(" + command + " 2> /dev/null)").text);
  std::vector<std::string> out;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string size;
    double width = 0;
    std::string unit;
    words >> size >> width >> unit;
    const double microns = microns_of(unit);
    const auto mpp = microns > 0 ? std::optional(microns * width) : std::nullopt;
    out.push_back(size == "none" ? kRefused : size + ", " + mpp_text(mpp));
  }
  return out;
}

std::string imagej_expected(const VerifyReport& report) {
  const ReaderView& view = view_of(report, "ImageJ");
  return view.opens ? sizes_of(view.levels) + ", " + mpp_text(view.mpp_x) : kRefused;
}

}  // namespace histoloom::pyramid::test
