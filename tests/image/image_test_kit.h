// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/cli/command.h"

// Tests that work on a store with the built program.
namespace driftcage::image_test {

using cli_test::Outcome;
using cli_test::Setting;

// A folder with a store of its own, thrown away afterwards.
class StoreTest : public cli_test::Project {
 protected:
  [[nodiscard]] Setting own() const;
  Outcome image(std::vector<std::string> arguments) const;
  // Runs a program that must succeed; its output.
  std::string must(const std::vector<std::string>& argv) const;
  // The same for a line of sh(1), in the folder.
  std::string shell(const std::string& line) const;
  [[nodiscard]] std::string at(const std::string& name) const {
    return (folder_ / name).string();
  }
  // The root of an image that is in the store.
  [[nodiscard]] std::string root_of(const std::string& reference) const;
};

// Skips when `program` is not installed; fails when everything must work.
void need_program(const std::string& program);

// A directory tree as one text: names, types, modes, targets and digests.
[[nodiscard]] std::string listing(const std::string& folder);

}  // namespace driftcage::image_test
