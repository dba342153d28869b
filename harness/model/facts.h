// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace driftcage::model {

// A program that `needs.tools` can name.
struct Tool {
  std::string name;
  std::string path;     // in the image
  std::string version;  // "1.19.8", empty when it tells none
  bool operator==(const Tool&) const = default;
};

// A Go toolchain that lies in an image, on PATH or not.
struct GoToolchain {
  std::string goroot;    // links resolved
  std::string version;   // "1.23.5", empty when it has no VERSION file
  std::string tool_dir;  // what GOTOOLDIR would be
  bool operator==(const GoToolchain&) const = default;
};

// What is known of an image, probed once in a healthy cage.
struct Facts {
  std::string image;  // the reference as the user wrote it
  std::vector<Tool> tools;
  std::map<std::string, std::string> go_env;  // `go env -json`; empty: no go
  std::vector<GoToolchain> toolchains;        // the one on PATH first
  std::vector<std::string> shells;            // paths
  std::vector<std::string> users;             // of its passwd file
  std::string libc;                           // "glibc", "musl" or empty
  std::string libc_version;
  std::string loader;        // "/lib64/ld-linux-x86-64.so.2"
  std::string architecture;  // "amd64"
  bool operator==(const Facts&) const = default;

  [[nodiscard]] const Tool* tool(const std::string& name) const;
};

}  // namespace driftcage::model
