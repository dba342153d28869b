// SPDX-License-Identifier: Apache-2.0
#include "harness/run/warm_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "harness/base/path.h"
#include "harness/base/sys.h"
#include "harness/image/fingerprint.h"
#include "harness/plan/planner.h"
#include "harness/run/capture.h"
#include "harness/run/folders.h"

namespace driftcage::run {
namespace {

namespace fs = std::filesystem;
namespace op = model::op;

// Bumped when the programs below change.
constexpr const char* kRecipe = "warm-1";
constexpr std::uint64_t kTimeoutMs = 600'000;

constexpr const char* kHello = R"(package main

import (
	"fmt"
	"os"
)

func main() { fmt.Println("hello", len(os.Args)) }
)";
constexpr const char* kNet = R"(package main

import (
	"fmt"
	"net"
	"os/exec"
	"os/user"
)

func main() {
	u, err := user.Current()
	fmt.Println(net.ParseIP("::1"), u, err, exec.ErrNotFound)
}
)";
constexpr const char* kCgo = R"(package main

// static int answer(void) { return 42; }
import "C"
import "fmt"

func main() { fmt.Println(int(C.answer())) }
)";

std::string go_value(const model::Facts& facts, const std::string& name) {
  const auto value = facts.go_env.find(name);
  return value == facts.go_env.end() ? "" : value->second;
}

// Everything that Go's own action ids depend on, apart from sources.
std::string key_of(const image::Image& image, const model::Facts& facts) {
  image::Fingerprint key;
  key.add(kRecipe);
  key.add(image.root);
  for (const auto& [path, text] : image.warm.files) {
    key.add(path);
    key.add(text);
  }
  for (const auto& command : image.warm.commands) {
    for (const std::string& word : command) key.add(word);
    key.add("");
  }
  for (const char* name : {"go", "gcc"}) {
    if (const model::Tool* tool = facts.tool(name)) {
      key.add(tool->path);
      key.add(tool->version);
    }
  }
  for (const char* name : {"GOROOT", "GOVERSION", "GOARCH", "CC"}) {
    key.add(go_value(facts, name));
  }
  key.add_file(image.root, go_value(facts, "GOTOOLDIR") + "/compile");
  // A cage of root maps other ids than one of an ordinary user.
  key.add(std::to_string(::geteuid()));
  return key.text();
}

// A healthy cage in which what the payload builds stays in `directory`.
model::CageSpec warming_cage(const image::Image& image,
                             const model::Facts& facts,
                             const std::string& directory,
                             std::vector<std::string> command) {
  model::CageSpec spec = plan::healthy_cage(image, std::move(command));
  // The parent, so that the payload itself makes the cache: then it owns it,
  // whatever ids the cage maps.
  const std::string cache = go_value(facts, "GOCACHE");
  spec.ops.emplace_back(
      op::MountShared{directory, std::string(base::path::dir_name(cache))});
  spec.timeout_ms = kTimeoutMs;
  return spec;
}

// The builds that fill the cache, one cage each: with cgo and without, because
// a leg whose compiler is gone builds the second kind; then the recipe's own.
std::vector<model::CageSpec> builds(const image::Image& image,
                                    const model::Facts& facts,
                                    const std::string& directory) {
  const std::string go = facts.tool("go")->path;
  const bool cgo = facts.tool("gcc") != nullptr;
  std::vector<std::vector<std::string>> commands;
  if (cgo) {
    commands.push_back(
        {go, "build", "-o", "/tmp/warm/", "./hello", "./net", "./cgo"});
  }
  commands.push_back({go, "build", "-o", "/tmp/warm/", "./hello", "./net"});
  std::vector<model::CageSpec> specs;
  for (auto& command : commands) {
    model::CageSpec spec =
        warming_cage(image, facts, directory, std::move(command));
    const std::string work = plan::kWork;
    // Go 1.15 does not make the directory that -o names.
    spec.ops.emplace_back(op::MakeDirectory{"/tmp/warm", 0755});
    spec.ops.emplace_back(
        op::WriteFile{work + "/go.mod", "module warm\n\ngo 1.15\n"});
    spec.ops.emplace_back(op::WriteFile{work + "/hello/main.go", kHello});
    spec.ops.emplace_back(op::WriteFile{work + "/net/main.go", kNet});
    spec.ops.emplace_back(op::WriteFile{work + "/cgo/main.go", kCgo});
    spec.environment["CGO_ENABLED"] = specs.empty() && cgo ? "1" : "0";
    specs.push_back(std::move(spec));
  }
  for (const auto& command : image.warm.commands) {
    model::CageSpec spec = warming_cage(image, facts, directory, command);
    for (const auto& [path, text] : image.warm.files) {
      spec.ops.emplace_back(
          op::WriteFile{base::path::absolute(plan::kWork, path), text});
    }
    specs.push_back(std::move(spec));
  }
  return specs;
}

// Removes what killed runs left behind; called with the lock held.
void remove_leftovers(const std::string& folder, const std::string& prefix) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (!entry.path().filename().string().starts_with(prefix)) continue;
    std::error_code ignored;
    fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace

base::Result<std::string> warm_cache(
    Launcher& launcher, const image::Image& image, const model::Facts& facts,
    const std::string& folder,
    const std::function<void(const std::string&)>& preparing) {
  if (facts.tool("go") == nullptr ||
      !go_value(facts, "GOCACHE").starts_with('/')) {
    return "";
  }
  DRIFTCAGE_CHECK_OK(base::sys::make_directories(folder, 0700));
  const std::string key = key_of(image, facts);
  const std::string ready = folder + "/" + key;
  const std::string cache =
      ready + "/" +
      std::string(base::path::base_name(go_value(facts, "GOCACHE")));
  std::error_code none;
  if (fs::is_directory(cache, none)) return cache;

  preparing("warming the build cache of " + image.reference + " (once)");
  const base::UniqueFd lock =
      DRIFTCAGE_TRY(lock_file(folder + "/." + key + ".lock"));
  if (fs::is_directory(cache, none)) return cache;
  const std::string prefix = "." + key + ".tmp";
  remove_leftovers(folder, prefix);
  const std::string fresh = folder + "/" + prefix + std::to_string(::getpid());
  DRIFTCAGE_CHECK_OK(base::sys::mkdir(fresh, 0700));
  // Root's cages map other ids; the folder around keeps everybody else out.
  const mode_t open_mode = ::geteuid() == 0 ? 0777 : 0700;
  if (::chmod(fresh.c_str(), open_mode) != 0) {
    return base::fail("chmod", fresh, errno);
  }
  for (const model::CageSpec& spec : builds(image, facts, fresh)) {
    // One after the other: both want all CPUs.
    const auto results = capture(launcher, {spec});
    const auto& result = results.front();
    if (!result) return tl::make_unexpected(result.error());
    if (!result->success()) {
      // A build that was cut off says nothing itself.
      const bool ended = result->end.outcome == wire::Outcome::Finished;
      preparing("the build cache of " + image.reference + " stays cold: " +
                (ended ? result->err.substr(0, 200)
                       : std::string(wire::outcome_name(result->end.outcome))));
      remove_leftovers(folder, prefix);
      return "";
    }
  }
  if (::chmod(fresh.c_str(), 0755) != 0) {
    return base::fail("chmod", fresh, errno);
  }
  if (std::rename(fresh.c_str(), ready.c_str()) != 0) {
    return base::fail("rename", ready, errno);
  }
  return cache;
}

}  // namespace driftcage::run
