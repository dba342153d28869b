// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/plan/planner.h"

namespace driftcage::plan {

// A host with Debian's Go, as the facts probe would describe it.
inline Ground host_ground() {
  Ground ground;
  ground.image.reference = "host";
  ground.image.root = "/";
  ground.image.is_host = true;
  ground.image.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                              {"LANG", "C.UTF-8"}};
  ground.image.masks = {"/home", "/root"};
  ground.image.let_in = {{.from = "/root/sdk", .at = "/root/sdk"}};
  ground.image.architecture = "amd64";
  ground.facts.tools = {{"go", "/usr/bin/go", "1.19.8"},
                        {"gcc", "/usr/bin/gcc", "12.2.0"},
                        {"sh", "/bin/sh", ""}};
  ground.facts.go_env = {{"GOROOT", "/usr/lib/go-1.19"},
                         {"GOCACHE", "/home/cage/.cache/go-build"},
                         {"GOENV", "/home/cage/.config/go/env"},
                         {"CC", "gcc"}};
  ground.facts.libc = "glibc";
  ground.facts.loader = "/lib64/ld-linux-x86-64.so.2";
  ground.rung = "full";
  ground.warm_cache = "/var/cache/warm";
  return ground;
}

inline Ground ground_without_go() {
  Ground ground = host_ground();
  ground.facts.tools.clear();
  ground.facts.go_env.clear();
  ground.warm_cache.clear();
  return ground;
}

inline scenario::FileChange file_with(const std::string& path,
                                      const std::string& text,
                                      std::optional<std::uint32_t> mode = {}) {
  scenario::FileChange file;
  file.path = path;
  file.text.emplace(text);
  file.mode = mode;
  return file;
}

inline scenario::MountChange mount_at(const std::string& at) {
  scenario::MountChange mount;
  mount.at = at;
  return mount;
}

}  // namespace driftcage::plan
