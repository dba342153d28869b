// SPDX-License-Identifier: Apache-2.0
// How long a layer takes to unpack, against bsdtar on the same archive, taking
// turns; and how long a stored image takes to be opened again.
//   unpack_bench ARCHIVE [ROUNDS]      a root file system; bsdtar is needed
#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/sys.h"
#include "harness/image/sources.h"
#include "harness/image/store.h"
#include "harness/image/tree_walk.h"
#include "harness/image/unpack.h"

namespace driftcage::image {
namespace {

namespace fs = std::filesystem;

double median(std::vector<double> values) {
  const auto middle =
      values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Milliseconds of `work`; negative when it fails.
template <class Work>
double time_of(Work work) {
  const std::uint64_t start = base::sys::monotonic_ns();
  if (!work()) return -1;
  return static_cast<double>(base::sys::monotonic_ns() - start) / 1e6;
}

bool bsdtar(const std::string& archive, const std::string& folder) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::execlp("bsdtar", "bsdtar", "-x", "-p", "-f", archive.c_str(), "-C",
             folder.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = 0;
  return pid > 0 && ::waitpid(pid, &status, 0) == pid && status == 0;
}

bool ours(const std::string& archive, const std::string& folder) {
  auto unpacker = Unpacker::open(folder, {});
  auto blob = open_blob(archive);
  return unpacker && blob && unpacker->add_layer(*std::move(blob)) &&
         unpacker->finish();
}

int bench(const std::string& archive, int rounds) {
  std::string top = (fs::temp_directory_path() / "unpackXXXXXX").string();
  if (::mkdtemp(top.data()) == nullptr) return 1;
  const auto parent =
      base::sys::open(fs::path(top).parent_path().string(), O_RDONLY);
  const auto once = [&](auto tool) {
    const std::string folder = top + "/tree";
    fs::create_directory(folder);
    const double time = time_of([&] { return tool(archive, folder); });
    const auto dir = base::sys::open(top, O_RDONLY);
    static_cast<void>(remove_tree(dir->get(), "tree"));
    return time;
  };
  std::vector<double> theirs;
  std::vector<double> mine;
  for (int round = -1; round < rounds; ++round) {
    const double peer = once(bsdtar);
    const double own = once(ours);
    if (own < 0 || peer < 0) {
      fmt::print(stderr, "unpack_bench: {} cannot unpack {}\n",
                 own < 0 ? "driftcage" : "bsdtar", archive);
      return 1;
    }
    if (round < 0) continue;  // warming up
    theirs.push_back(peer);
    mine.push_back(own);
  }
  fmt::print("bsdtar              {:9.1f} ms\n", median(theirs));
  fmt::print("driftcage           {:9.1f} ms\n", median(mine));
  fmt::print("driftcage / bsdtar  {:9.2f}\n", median(mine) / median(theirs));

  const auto store = Store::open(top + "/store");
  const auto source = parse_source("tar:" + archive);
  if (!store || !source || !provide_image(*store, **source, {})) return 1;
  std::vector<double> again;
  for (int i = 0; i < 50; ++i)
    again.push_back(time_of(
        [&] { return provide_image(*store, **source, {}).has_value(); }));
  fmt::print("opened again        {:9.3f} ms\n", median(again));
  return remove_tree(parent->get(), fs::path(top).filename()) ? 0 : 1;
}

}  // namespace
}  // namespace driftcage::image

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "unpack_bench ARCHIVE [ROUNDS]\n");
    return 2;
  }
  return driftcage::image::bench(argv[1], argc > 2 ? std::atoi(argv[2]) : 5);
}
