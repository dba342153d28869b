// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/effects.h"

#include <algorithm>
#include <charconv>

#include "harness/base/path.h"

namespace driftcage::plan {
namespace {

namespace op = model::op;
namespace path = base::path;

std::string join(const std::vector<std::string>& parts) {
  std::string list;
  for (const std::string& part : parts) {
    if (!list.empty()) list += ':';
    list += part;
  }
  return list;
}

void merge(model::Limits& into, const model::Limits& from) {
  const auto take = [](auto& old, const auto& fresh) {
    if (fresh) old = fresh;
  };
  take(into.nofile, from.nofile);
  take(into.nproc, from.nproc);
  take(into.fsize, from.fsize);
  take(into.data, from.data);
  take(into.as, from.as);
  take(into.stack, from.stack);
  take(into.cpu, from.cpu);
  take(into.core, from.core);
}

base::Result<std::uint32_t> user_id(const std::string& user) {
  if (user == "root") return 0;
  if (user == "nobody") return 65534;
  std::uint32_t id = 0;
  const auto [end, error] =
      std::from_chars(user.data(), user.data() + user.size(), id);
  if (error != std::errc() || end != user.data() + user.size()) {
    return base::fail("find user", user, 0, "use root, nobody or a number");
  }
  return id;
}

// The host directory that is the root of the image in
// `from = { image = …, path = … }`.
base::Result<std::string> source_root(const Ground& ground,
                                      const std::string& reference) {
  if (reference.empty() || reference == ground.image.reference)
    return ground.image.root;
  if (reference == "host") return "/";
  if (reference.starts_with("dir:/")) return reference.substr(4);
  const auto other = ground.others.find(reference);
  if (other != ground.others.end()) return DRIFTCAGE_TRY(other->second).root;
  return base::fail("mount a tree of image", reference, 0,
                    "an image is `host`, `dir:PATH` or what --image takes");
}

// env(1) arguments that turn the environment `now` into `then`.
std::vector<std::string> changes(
    const std::map<std::string, std::string>& now,
    const std::map<std::string, std::string>& then) {
  std::vector<std::string> arguments;
  for (const auto& [name, value] : now) {
    if (!then.contains(name)) {
      arguments.emplace_back("-u");
      arguments.push_back(name);
    }
  }
  for (const auto& [name, value] : then) {
    const auto old = now.find(name);
    if (old == now.end() || old->second != value) {
      arguments.push_back(name + '=' + value);
    }
  }
  return arguments;
}

}  // namespace

LegBuilder::LegBuilder(const Ground& ground, Expander& expand,
                       model::CageSpec healthy, scenario::CacheState cache)
    : ground_(ground),
      expand_(expand),
      spec_(std::move(healthy)),
      cache_(cache),
      cache_op_(spec_.ops.size()) {}

base::Status LegBuilder::add(const scenario::Effects& effects) {
  DRIFTCAGE_CHECK_OK(add_environment(effects));
  DRIFTCAGE_CHECK_OK(add_tree(effects));
  DRIFTCAGE_CHECK_OK(set_identity(effects));
  set_surroundings(effects);
  for (model::Injection injection : effects.inject) {
    if (!injection.path_glob.empty()) {
      injection.path_glob = DRIFTCAGE_TRY(expand_.path(injection.path_glob));
    }
    spec_.injections.push_back(std::move(injection));
  }
  if (!effects.path.drop.empty()) {
    spec_.ops.emplace_back(op::DropPrograms{effects.path.drop});
  }
  for (const auto& command : effects.setup) {
    add_command(command, false);
  }
  return {};
}

void LegBuilder::add_fix_commands(
    const std::vector<std::vector<std::string>>& commands) {
  for (const auto& command : commands) add_command(command, true);
}

base::Status LegBuilder::add_environment(const scenario::Effects& effects) {
  auto& environment = spec_.environment;
  for (const auto& [name, value] : effects.env) {
    if (value) {
      environment[name] = DRIFTCAGE_TRY(expand_.value(*value, environment));
    } else {
      environment.erase(name);
    }
  }
  const scenario::PathChange& change = effects.path;
  if (change.set) {
    environment["PATH"] =
        DRIFTCAGE_TRY(expand_.value(*change.set, environment));
  }
  if (change.remove.empty() && change.prepend.empty()) return {};
  const auto old = environment.find("PATH");
  std::vector<std::string> entries;
  for (const std::string& entry : change.prepend) {
    entries.push_back(DRIFTCAGE_TRY(expand_.path(entry)));
  }
  std::vector<std::string> removed;
  for (const std::string& entry : change.remove) {
    removed.push_back(DRIFTCAGE_TRY(expand_.path(entry)));
  }
  if (old != environment.end()) {
    for (const std::string& entry : path::split_list(old->second)) {
      const std::string name = path::absolute(kWork, entry);
      if (std::find(removed.begin(), removed.end(), name) == removed.end()) {
        entries.push_back(entry);
      }
    }
  }
  environment["PATH"] = join(entries);
  return {};
}

base::Status LegBuilder::add_tree(const scenario::Effects& effects) {
  const auto is_late = [](const scenario::MountChange& mount) {
    return !mount.tmpfs && !mount.size && !mount.inodes &&
           mount.from_path.empty();
  };
  for (const auto& mount : effects.mounts) {
    if (!is_late(mount)) DRIFTCAGE_CHECK_OK(add_mount(mount));
  }
  DRIFTCAGE_CHECK_OK(add_files(effects.files));
  for (const auto& [name, mode] : effects.chmod) {
    spec_.ops.emplace_back(op::Chmod{DRIFTCAGE_TRY(expand_.path(name)), mode});
  }
  for (const auto& [name, size] : effects.truncate) {
    spec_.ops.emplace_back(
        op::Truncate{DRIFTCAGE_TRY(expand_.path(name)), size});
  }
  for (op::Corrupt damage : effects.corrupt) {
    damage.path = DRIFTCAGE_TRY(expand_.path(damage.path));
    spec_.ops.emplace_back(std::move(damage));
  }
  for (const std::string& name : effects.hide) {
    spec_.ops.emplace_back(op::Hide{DRIFTCAGE_TRY(expand_.path(name))});
  }
  for (const auto& mount : effects.mounts) {
    if (is_late(mount)) DRIFTCAGE_CHECK_OK(add_mount(mount));
  }
  return {};
}

base::Status LegBuilder::add_mount(const scenario::MountChange& mount) {
  const std::string at = DRIFTCAGE_TRY(expand_.path(mount.at));
  if (!mount.from_path.empty()) {
    spec_.ops.emplace_back(
        op::MountTree{DRIFTCAGE_TRY(expand_.path(mount.from_path)), at,
                      mount.read_only, mount.noexec, /*own_ids=*/false,
                      DRIFTCAGE_TRY(source_root(ground_, mount.from_image))});
  } else if (mount.tmpfs || mount.size || mount.inodes) {
    // Writable for everybody, so that a fault of size is not one of mode.
    spec_.ops.emplace_back(op::MountTmpfs{at, mount.size, mount.inodes, 01777,
                                          mount.noexec, mount.read_only});
  } else {
    spec_.ops.emplace_back(op::Remount{at, mount.noexec, mount.read_only});
  }
  return {};
}

base::Status LegBuilder::add_files(
    const std::vector<scenario::FileChange>& files) {
  for (const scenario::FileChange& file : files) {
    std::string name = DRIFTCAGE_TRY(expand_.path(file.path));
    if (file.symlink) {
      spec_.ops.emplace_back(op::MakeSymlink{
          std::move(name), DRIFTCAGE_TRY(expand_.text(*file.symlink))});
    } else if (file.text) {
      spec_.ops.emplace_back(
          op::WriteFile{std::move(name), *file.text, file.mode.value_or(0644)});
    } else if (file.mode) {
      spec_.ops.emplace_back(op::Chmod{std::move(name), *file.mode});
    }
  }
  return {};
}

base::Status LegBuilder::set_identity(const scenario::Effects& effects) {
  if (effects.user) {
    spec_.uid = DRIFTCAGE_TRY(user_id(*effects.user));
    spec_.gid = spec_.uid;
    spec_.groups.clear();
    // Root takes nobody's place: all files are as good as its own.
    if (spec_.uid == 0) spec_.owner_uid = spec_.owner_gid = 0;
  }
  return {};
}

void LegBuilder::set_surroundings(const scenario::Effects& effects) {
  merge(spec_.limits, effects.limits);
  if (effects.umask) spec_.umask = *effects.umask;
  if (effects.net) spec_.network = *effects.net;
  if (effects.proc) spec_.proc = *effects.proc;
  if (effects.clock_offset_s) spec_.clock_offset_s = *effects.clock_offset_s;
  if (effects.cache) cache_ = *effects.cache;
  spec_.drop_devices.insert(spec_.drop_devices.end(),
                            effects.drop_devices.begin(),
                            effects.drop_devices.end());
}

void LegBuilder::add_command(const std::vector<std::string>& argv,
                             bool may_fail) {
  commands_.push_back({spec_.ops.size(), spec_.environment});
  spec_.ops.emplace_back(op::RunCommand{expand_.command(argv), may_fail});
}

model::CageSpec LegBuilder::finish() {
  // Commands run with the payload's environment, which is the last stage's.
  // Where an earlier one differs (`go env -w` before a fault sets GOENV=off),
  // env(1) puts it back.
  for (const Command& command : commands_) {
    const auto arguments = changes(spec_.environment, command.environment);
    if (arguments.empty()) continue;
    auto& argv = std::get<op::RunCommand>(spec_.ops[command.op]).argv;
    std::vector<std::string> wrapped{"/usr/bin/env"};
    wrapped.insert(wrapped.end(), arguments.begin(), arguments.end());
    wrapped.insert(wrapped.end(), argv.begin(), argv.end());
    argv = std::move(wrapped);
  }
  if (cache_ == scenario::CacheState::Warm && !ground_.warm_cache.empty()) {
    const auto place = ground_.facts.go_env.find("GOCACHE");
    if (place != ground_.facts.go_env.end() && !place->second.empty()) {
      // Copy-on-write: each leg starts from the same state.
      spec_.ops.emplace(
          spec_.ops.begin() + static_cast<std::ptrdiff_t>(cache_op_),
          op::MountTree{ground_.warm_cache, place->second, false, false});
    }
  }
  return std::move(spec_);
}

}  // namespace driftcage::plan
