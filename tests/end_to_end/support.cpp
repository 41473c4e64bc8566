#include "support.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vips/vips.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace histoloom::test {

namespace fs = std::filesystem;

SmallDisk::SmallDisk(const fs::path& path) : path_(path) { fs::create_directories(path); }

SmallDisk::~SmallDisk() { umount2(path_.c_str(), MNT_DETACH); }

bool SmallDisk::resize(const char* size) {
  const std::string options = fmt::format("size={}", size);
  const bool good = mounted_
                        ? mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT, options.c_str()) == 0
                        : unshare(CLONE_NEWNS) == 0 &&
                              mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                              mount("tmpfs", path_.c_str(), "tmpfs", 0, options.c_str()) == 0;
  if (!good) why_ = fmt::format("mounting a small disk is not permitted: {}", strerror(errno));
  mounted_ = mounted_ || good;
  return good;
}

bool SmallDisk::close() {
  if (!mounted_ && !resize("64k")) return false;
  if (mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0) return true;
  why_ = fmt::format("closing a small disk is not permitted: {}", strerror(errno));
  return false;
}

namespace {

std::string text_of(std::FILE* file) {
  std::rewind(file);
  std::string text;
  std::array<char, 4096> buffer{};
  std::size_t n = 0;
  while ((n = std::fread(buffer.data(), 1, buffer.size(), file)) > 0) text.append(buffer.data(), n);
  return text;
}

// In the child: nothing but system calls, since the parent may have threads.
[[noreturn]] void become(char* const* argv, int out, int err) {
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  execv(argv[0], argv);
  _exit(127);
}

}  // namespace

Process::Process(const Arguments& arguments, const fs::path& program)
    : out_(std::tmpfile()), err_(std::tmpfile()) {
  if (out_ == nullptr || err_ == nullptr) throw std::runtime_error("no temporary file");
  Arguments all{program.string()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : all) argv.push_back(argument.data());
  argv.push_back(nullptr);
  child_ = fork();
  if (child_ == 0) become(argv.data(), fileno(out_), fileno(err_));
  if (child_ < 0) throw std::runtime_error("can't fork");
}

Process::~Process() {
  if (child_ > 0) {
    kill(child_, SIGKILL);
    waitpid(child_, &status_, 0);
  }
  std::fclose(out_);
  std::fclose(err_);
}

void Process::send(int signal) const {
  if (child_ > 0) kill(child_, signal);
}

bool Process::hold() {
  if (child_ < 0) return false;
  kill(child_, SIGSTOP);
  waitpid(child_, &status_, WUNTRACED);
  if (!WIFSTOPPED(status_)) child_ = -1;
  return child_ > 0;
}

bool Process::hold_at(const std::function<bool()>& done) {
  // No measure of anything: a program that hangs would otherwise hang the test.
  const auto never = std::chrono::steady_clock::now() + std::chrono::minutes(5);
  while (hold()) {
    if (done()) return true;
    send(SIGCONT);
    if (std::chrono::steady_clock::now() > never) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

Outcome Process::wait() {
  if (child_ > 0) waitpid(child_, &status_, 0);
  child_ = -1;
  const int code = WIFSIGNALED(status_) ? 128 + WTERMSIG(status_) : WEXITSTATUS(status_);
  return {code, text_of(out_), text_of(err_)};
}

Outcome run(const Arguments& arguments, const fs::path& program) {
  return Process(arguments, program).wait();
}

namespace {

Arguments command(const char* name, const fs::path& out, const Arguments& arguments) {
  Arguments all{name, "-o", out.string(), "--quiet"};
  if (std::find(arguments.begin(), arguments.end(), "--model") == arguments.end())
    all.insert(all.end(), {"--model", model_under_test().string()});
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

}  // namespace

Arguments generate(const fs::path& out, const Arguments& arguments) {
  return command("generate", out, arguments);
}

Arguments mask(const fs::path& out, const Arguments& arguments) {
  return command("mask", out, arguments);
}

Arguments by_default_model(const Arguments& command) {
  Arguments all = command;
  if (const auto at = std::find(all.begin(), all.end(), "--model"); at != all.end())
    all.erase(at, at + 2);
  return all;
}

fs::path model_under_test() {
  const char* other = std::getenv("HISTOLOOM_TEST_MODEL");
  return other != nullptr ? fs::path(other) : fs::path(HISTOLOOM_SMALL_MODEL);
}

fs::path copy_model(const Folder& folder) {
  const fs::path copy = folder / "model";
  fs::copy(model_under_test(), copy);
  return copy;
}

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

namespace {

void start_vips() {
  static const bool started = VIPS_INIT("end_to_end_test") == 0;
  if (!started) throw std::runtime_error("libvips does not start");
}

VipsImage* open_page(const fs::path& path, int page) {
  start_vips();
  VipsImage* image = nullptr;
  if (vips_tiffload(path.c_str(), &image, "page", page, "fail_on", VIPS_FAIL_ON_WARNING, nullptr) !=
      0)
    return nullptr;
  return image;
}

}  // namespace

void write_mask(const fs::path& path, int width, int height,
                const std::function<int(int, int)>& value) {
  write_image(path, width, height, 1, [&](int x, int y, int) { return value(x, y); });
}

void write_image(const fs::path& path, int width, int height, int bands,
                 const std::function<int(int, int, int)>& value) {
  start_vips();
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int band = 0; band < bands; ++band)
        pixels.push_back(static_cast<std::uint8_t>(value(x, y, band)));
  VipsImage* image = vips_image_new_from_memory(pixels.data(), pixels.size(), width, height, bands,
                                                VIPS_FORMAT_UCHAR);
  const int code = vips_pngsave(image, path.c_str(), nullptr);
  g_object_unref(image);
  if (code != 0) throw std::runtime_error(vips_error_buffer());
}

Page read_page(const fs::path& path, int page) {
  VipsImage* image = open_page(path, page);
  if (image == nullptr) return {};
  Page out{
      vips_image_get_width(image), vips_image_get_height(image), vips_image_get_bands(image), {}};
  std::size_t size = 0;
  void* memory = vips_image_write_to_memory(image, &size);
  g_object_unref(image);
  if (memory == nullptr) return out;
  const auto* first = static_cast<const std::uint8_t*>(memory);
  out.pixels.assign(first, first + size);
  g_free(memory);
  return out;
}

int page_count(const fs::path& path) {
  VipsImage* image = open_page(path, 0);
  if (image == nullptr) return 0;
  const int pages = vips_image_get_n_pages(image);
  g_object_unref(image);
  return pages;
}

}  // namespace histoloom::test
