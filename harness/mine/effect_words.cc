// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/effect_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "harness/base/path.h"
#include "harness/base/result.h"

namespace driftcage::mine {
namespace {

// Letters, digits and dashes: what ids may hold.
std::string as_id(std::string_view text) {
  std::string id;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (letter) {
      id += c;
    } else if (c >= 'A' && c <= 'Z') {
      id += static_cast<char>(c - 'A' + 'a');
    } else if (!id.empty() && id.back() != '-') {
      id += '-';
    }
  }
  constexpr std::size_t kLongest = 40;
  if (id.size() > kLongest) id.resize(kLongest);
  while (!id.empty() && id.back() == '-') id.pop_back();
  return id.empty() ? "fault" : id;
}

std::string base(const std::string& path) {
  return std::string(base::path::base_name(path));
}

std::string mount_flaws(const scenario::MountChange& mount) {
  std::vector<std::string> flaws;
  if (!mount.from_path.empty()) flaws.push_back("another tree");
  if (mount.size)
    flaws.push_back(fmt::format("room for {} bytes", *mount.size));
  if (mount.inodes) flaws.push_back(fmt::format("{} inodes", *mount.inodes));
  if (mount.noexec) flaws.push_back("noexec");
  if (mount.read_only) flaws.push_back("read-only");
  if (flaws.empty()) flaws.push_back("empty");
  return fmt::format("{}", fmt::join(flaws, ", "));
}

void add_environment(const scenario::Effects& effects,
                     std::vector<EffectWords>* list) {
  for (const auto& [name, value] : effects.env) {
    if (!value) {
      list->push_back({as_id("no-" + name), fmt::format("without {}", name),
                       fmt::format("Set {} again.", name)});
    } else {
      const bool is_short = value->size() <= 20;
      list->push_back(
          {as_id(is_short && !value->empty() ? name + "-" + base(*value)
                                             : name),
           fmt::format("with {}={}", name, *value),
           fmt::format("Set {} as it was, or unset it.", name)});
    }
  }
  const scenario::PathChange& path = effects.path;
  if (!path.drop.empty()) {
    const auto names = fmt::format("{}", fmt::join(path.drop, ", "));
    list->push_back({as_id("no-" + path.drop[0]),
                     fmt::format("without {} on PATH", names),
                     fmt::format("Put {} back on PATH.", path.drop[0])});
  }
  if (!path.prepend.empty()) {
    list->push_back({"path-first",
                     fmt::format("with {} first on PATH", path.prepend[0]),
                     fmt::format("Take {} out of PATH.", path.prepend[0])});
  }
  if (!path.remove.empty()) {
    list->push_back({"path-without",
                     fmt::format("without {} in PATH", path.remove[0]),
                     fmt::format("Put {} back into PATH.", path.remove[0])});
  }
  if (path.set) {
    list->push_back({"path-set", fmt::format("with PATH={}", *path.set),
                     "Set PATH as it was."});
  }
}

void add_files(const scenario::Effects& effects,
               std::vector<EffectWords>* list) {
  for (const std::string& path : effects.hide) {
    list->push_back({as_id("no-" + base(path)), fmt::format("without {}", path),
                     fmt::format("Put {} back.", path)});
  }
  for (const auto& file : effects.files) {
    list->push_back(
        {as_id("other-" + base(file.path)),
         fmt::format("with {} {}", file.symlink ? "a link" : "another",
                     file.path),
         fmt::format("Take this {} away, or put the right one there.",
                     file.path)});
  }
  for (const auto& [path, mode] : effects.chmod) {
    list->push_back({as_id("mode-" + base(path)),
                     fmt::format("with mode {:04o} on {}", mode, path),
                     fmt::format("Give {} its mode back.", path)});
  }
  for (const auto& [path, size] : effects.truncate) {
    list->push_back({as_id("cut-" + base(path)),
                     fmt::format("with {} cut off", path),
                     fmt::format("Install {} anew.", path)});
  }
  for (const auto& corrupt : effects.corrupt) {
    list->push_back({as_id("broken-" + base(corrupt.path)),
                     fmt::format("with {} damaged", corrupt.path),
                     fmt::format("Install {} anew.", corrupt.path)});
  }
  for (const auto& mount : effects.mounts) {
    list->push_back(
        {as_id((mount.noexec      ? "noexec-"
                : mount.read_only ? "read-only-"
                : mount.tmpfs     ? "small-"
                                  : "mounted-") +
               base(mount.at)),
         fmt::format("with {} mounted {}", mount.at, mount_flaws(mount)),
         fmt::format("Mount {} as it was.", mount.at)});
  }
}

void add_limits(const model::Limits& limits, std::vector<EffectWords>* list) {
  const auto add = [&](const auto& limit, const char* what, const char* id) {
    if (!limit) return;
    list->push_back({id, fmt::format("with {} limited to {}", what, *limit),
                     fmt::format("Raise the limit of {}.", what)});
  };
  add(limits.nofile, "open files", "few-files");
  add(limits.nproc, "processes", "few-processes");
  add(limits.fsize, "file sizes", "small-files");
  add(limits.data, "private memory", "little-memory");
  add(limits.as, "the address space", "little-address-space");
  add(limits.stack, "the stack", "small-stack");
  add(limits.cpu, "processor time", "little-time");
  add(limits.core, "core dumps", "no-core");
}

void add_others(const scenario::Effects& effects,
                std::vector<EffectWords>* list) {
  if (effects.user) {
    list->push_back({as_id("user-" + *effects.user),
                     fmt::format("as user {}", *effects.user),
                     "Run it as the user that it was made for."});
  }
  if (effects.umask) {
    list->push_back({"umask", fmt::format("with umask {:04o}", *effects.umask),
                     "Use the usual umask."});
  }
  if (effects.net) {
    list->push_back({"network", "with another network",
                     "Give it the network that it had."});
  }
  if (effects.proc) {
    list->push_back({"no-proc", "without /proc", "Mount /proc."});
  }
  for (const std::string& name : effects.drop_devices) {
    list->push_back({as_id("no-dev-" + name),
                     fmt::format("without /dev/{}", name),
                     fmt::format("Make /dev/{} again.", name)});
  }
  if (effects.clock_offset_s) {
    list->push_back({"clock", "with another date", "Set the clock right."});
  }
  if (effects.cache) {
    list->push_back({"cache", "with the build cache in another state",
                     "Use the build cache as it was."});
  }
  for (const auto& injection : effects.inject) {
    list->push_back(
        {as_id(injection.syscall + "-" + base::errno_name(injection.err)),
         fmt::format("with {} answered by {}", injection.syscall,
                     base::errno_name(injection.err)),
         fmt::format("Let {} through.", injection.syscall)});
  }
  for (const auto& command : effects.setup) {
    list->push_back(
        {"setup",
         fmt::format("after {}",
                     command.size() > 2 && command[1] == "-c"
                         ? command[2]
                         : fmt::format("{}", fmt::join(command, " "))),
         "Undo what was done before."});
  }
}

}  // namespace

EffectWords words_of(const scenario::Effects& effects) {
  std::vector<EffectWords> list;
  add_environment(effects, &list);
  add_files(effects, &list);
  add_limits(effects.limits, &list);
  add_others(effects, &list);
  if (list.empty()) return {"fault", "with the fault", "Undo the fault."};
  EffectWords words = list.front();
  constexpr std::size_t kSaid = 3;
  for (std::size_t i = 1; i < std::min(list.size(), kSaid); ++i) {
    words.phrase += " and " + list[i].phrase;
  }
  if (list.size() > 1) {
    words.undo.pop_back();
    words.undo += "; undo the rest, too.";
  }
  return words;
}

}  // namespace driftcage::mine
