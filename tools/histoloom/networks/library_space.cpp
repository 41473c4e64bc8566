// Refuses an address space that is too small for a program with OpenBLAS, before it begins.
//
// OpenBLAS asks for a buffer for each of its threads when it is loaded, before main(), and where the
// address space (ulimit -v) has no room for one it asks again without end. So this function runs
// before all libraries' constructors: the program's own .preinit_array is called first (System V
// ABI, "Initialization and Termination Functions"). All libraries are mapped by then, and none but
// the C library may be used.
#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// Sanitizers map terabytes of addresses.
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

constexpr unsigned long long kMiB = 1 << 20;
constexpr unsigned long long kBlasBuffer = 128 * kMiB;  // of OpenBLAS 0.3.21, a thread
// What else has been mapped when main() begins: 44 MB of libtorch's and protobuf's tables.
constexpr unsigned long long kConstructors = 64 * kMiB;

unsigned long long bytes_mapped() {
  char text[64] = {};
  const int statm = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (statm < 0) return 0;
  const bool is_read = ::read(statm, text, sizeof(text) - 1) > 0;
  ::close(statm);
  const auto page = static_cast<unsigned long long>(::sysconf(_SC_PAGESIZE));
  return is_read ? std::strtoull(text, nullptr, 10) * page : 0;
}

// The number in the first of OpenBLAS's variables that holds one; 0: none.
int threads_asked(char** environment) {
  for (const char* name : {"OPENBLAS_NUM_THREADS=", "GOTO_NUM_THREADS=", "OMP_NUM_THREADS="})
    for (char** variable = environment; *variable != nullptr; ++variable) {
      const std::size_t length = std::strlen(name);
      if (std::strncmp(*variable, name, length) != 0) continue;
      if (const int threads = std::atoi(*variable + length); threads > 0) return threads;
    }
  return 0;
}

int blas_threads(char** environment) {
  cpu_set_t set;
  const int cpus = ::sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
  const int asked = threads_asked(environment);
  return asked > 0 ? std::min(asked, cpus) : cpus;
}

void require_space_for_libraries(int /*argc*/, char** /*argv*/, char** environment) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
  if (::dlsym(RTLD_DEFAULT, "openblas_get_corename") == nullptr) return;
  const int threads = blas_threads(environment);
  const unsigned long long needed =
      bytes_mapped() + static_cast<unsigned long long>(threads) * kBlasBuffer + kConstructors;
  if (needed <= limit.rlim_cur) return;
  char line[256];
  const int length = std::snprintf(
      line, sizeof(line),
      "histoloom: the address space is limited to %llu MiB (ulimit -v), the libraries alone take "
      "%llu MiB; raise that limit%s\n",
      static_cast<unsigned long long>(limit.rlim_cur) / kMiB, needed / kMiB,
      threads > 1 ? ", or set OPENBLAS_NUM_THREADS=1, which takes less" : "");
  static_cast<void>(::write(STDERR_FILENO, line, static_cast<std::size_t>(length)));
  ::_exit(2);
}

using Initializer = void (*)(int, char**, char**);
[[gnu::section(".preinit_array"), gnu::used]] const Initializer kBeforeLibraries =
    require_space_for_libraries;

}  // namespace

#endif
