// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

// Runs the built programs and compares whole screens.
namespace driftcage::cli_test {

struct Outcome {
  int code = -1;  // as a shell shows it: 128 + signal
  std::string out;
  std::string err;
};

struct Setting {
  std::string directory;                   // empty: the caller's
  std::map<std::string, std::string> set;  // environment, on top
  std::string input;                       // standard input
};

// Runs `argv` to its end.
Outcome execute(const std::vector<std::string>& argv,
                const Setting& setting = {});
// Runs driftcage with `arguments`.
Outcome driftcage(std::vector<std::string> arguments,
                  const Setting& setting = {});

// Turns the process, a fresh child, into `argv`, with these standard streams.
[[noreturn]] void become(const std::vector<std::string>& argv,
                         const Setting& setting, int in, int out, int err);

// Starts `argv`, waits until its standard output holds `mark`, sends `signal`
// to it, and waits for its end.
Outcome interrupt(const std::vector<std::string>& argv, const std::string& mark,
                  int signal, const Setting& setting = {});

// Times, process ids, run ids and `folder` replaced by words.
std::string normalized(const std::string& text, const std::string& folder = {});

// Compares with tests/cli/golden/NAME.txt; with DRIFTCAGE_UPDATE_GOLDEN set,
// writes it.
void expect_golden(const std::string& name, const std::string& text);

std::string read_text(const std::filesystem::path& path);

// A project folder of its own, thrown away afterwards: scenario files lie in
// its folder `scenarios`.
class Project : public ::testing::Test {
 protected:
  Project();
  ~Project() override;

  void write(const std::string& name, const std::string& text) const;
  [[nodiscard]] Setting here() const { return {folder_.string(), {}, {}}; }
  // The same with run records of its own.
  [[nodiscard]] Setting own() const {
    return {folder_.string(),
            {{"XDG_STATE_HOME", (folder_ / "state").string()}},
            {}};
  }
  [[nodiscard]] std::string clean(const std::string& text) const {
    return normalized(text, folder_.string());
  }

  std::filesystem::path folder_;
};

// A Project whose tests need cages. Where the machine cannot build any they
// are skipped with the doctor's reason; with DRIFTCAGE_MUST_WORK=1 they fail.
class CageProject : public Project {
 protected:
  void SetUp() override;
  Outcome call(const std::vector<std::string>& arguments) const {
    return driftcage(arguments, own());
  }
};

}  // namespace driftcage::cli_test
