// SPDX-License-Identifier: Apache-2.0
// Suites of small scenarios over a small image, and a listener to their runs.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/run/suite.h"
#include "tests/cage/cell_run.h"
#include "tests/must_work.h"

namespace driftcage::run {

namespace fs = std::filesystem;
using model::Verdict;
using nlohmann::json;

// Remembers what it was told.
class Listener : public SuiteObserver {
 public:
  void preparing(const std::string& what) override { said.push_back(what); }
  void started(std::size_t count, std::size_t, const std::string&) override {
    scenarios = count;
  }
  void running(const std::vector<RunningLeg>& legs, bool asked) override {
    if (!asked) return;
    asked_for.push_back(legs);
    if (on_asked) on_asked();
  }
  void interrupted(int signal) override { interrupted_by = signal; }
  [[nodiscard]] std::chrono::milliseconds tick() const override {
    return std::chrono::milliseconds(0);
  }
  void decided(Verdict) override {
    ++decisions;
    if (on_decided) on_decided();
  }
  void finished(const ScenarioResult& result) override {
    results.push_back(result);
    if (on_finished) on_finished();
  }

  std::vector<std::string> said;
  std::size_t scenarios = 0;
  std::vector<ScenarioResult> results;
  std::size_t decisions = 0;
  std::function<void()> on_finished;
  std::function<void()> on_decided;
  std::function<void()> on_asked;
  std::vector<std::vector<RunningLeg>> asked_for;
  int interrupted_by = 0;
};

inline model::EventLine line(model::Verb verb, const std::string& subject,
                             model::ResultPattern::Kind result) {
  model::EventLine line;
  line.verb = verb;
  line.subject = subject;
  line.result.kind = result;
  line.text = subject;
  return line;
}

// A program that is hidden by the fault.
inline scenario::Scenario hidden_program(const std::string& id) {
  scenario::Scenario scenario;
  scenario.id = id;
  scenario.source = "id = \"" + id + "\"\n";
  scenario.run = {"/bin/sh", "-c",
                  "/work/tool; code=$?; echo said; exit $code"};
  scenario::FileChange tool;
  tool.path = "tool";
  tool.text.emplace("#!/bin/sh\necho works\n");
  tool.mode = 0755;
  scenario.baseline.files = {tool};
  scenario::Fault fault;
  fault.id = "hide";
  fault.effects.hide = {"$WORK/tool"};
  scenario.faults = {fault};
  scenario.expect.leg.exit =
      scenario::ExitPattern{scenario::ExitPattern::Kind::Nonzero, {}, 0, 0, {}};
  scenario.expect.never = {
      line(model::Verb::Exec, "$WORK/tool", model::ResultPattern::Kind::Ok)};
  scenario::Fix fix;
  fix.id = "put-back";
  fix.lift = {"hide"};
  scenario::Fix decoy;
  decoy.id = "touch-other";
  decoy.run = {{"/bin/sh", "-c", "echo x > /work/other"}};
  decoy.wrong = true;
  scenario.fixes = {fix, decoy};
  return scenario;
}

class SuiteTest : public ::testing::Test {
 protected:
  void SetUp() override {
    DRIFTCAGE_SKIP_UNLESS_EMPTY(driftcage::testing::why_no_cages());
    std::string name = ::testing::TempDir() + "driftcage-suite-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    dir_ = name;
    ::setenv("DRIFTCAGE_CELL", driftcage::testing::cell_path().c_str(), 1);
    ::setenv("XDG_STATE_HOME", (dir_ / "state").c_str(), 1);
    ::setenv("XDG_CACHE_HOME", (dir_ / "cache").c_str(), 1);
    options_.images = {"dir:" + make_root()};
  }
  void TearDown() override {
    if (!dir_.empty()) fs::remove_all(dir_);
  }

  // The host's shell and libraries, and nothing else.
  std::string make_root() {
    const fs::path root = dir_ / "root";
    for (const char* folder : {"usr/bin", "etc", "tmp", "lib64", "lib"}) {
      fs::create_directories(root / folder);
    }
    fs::create_symlink("usr/bin", root / "bin");
    for (const char* file :
         {"/usr/bin/dash", "/usr/bin/env", "/usr/bin/true"}) {
      if (fs::exists(file)) fs::copy_file(file, root.string() + file);
    }
    fs::create_symlink("dash", root / "usr/bin/sh");
    for (const char* library :
         {"/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"}) {
      const fs::path to = root.string() + library;
      fs::create_directories(to.parent_path());
      fs::copy_file(library, to);
    }
    return root.string();
  }

  // A program "go" in the image; to build means to run `line` there.
  void add_go(const std::string& line) {
    for (const char* name : {"go", "ln"}) {
      fs::copy_file(std::string("/usr/bin/") + (name[0] == 'g' ? "true" : name),
                    dir_ / "root/usr/bin" / name);
    }
    std::ofstream(dir_ / "root/usr/bin/go")
        << "#!/bin/sh\ncase $1 in\n"
           "version) echo go version go1.24.1 linux/amd64 ;;\n"
           "env) echo '{\"GOCACHE\": \"/c/cache\"}' ;;\n"
           "build) "
        << line << " ;;\nesac\n";
  }
  void add_mkdir() {
    for (const char* file :
         {"/usr/bin/mkdir", "/lib/x86_64-linux-gnu/libselinux.so.1",
          "/lib/x86_64-linux-gnu/libpcre2-8.so.0"}) {
      if (fs::exists(file)) fs::copy_file(file, dir_.string() + "/root" + file);
    }
  }
  [[nodiscard]] bool was_started() const {
    std::error_code none;
    for (const auto& entry :
         fs::directory_iterator(dir_ / "cache/driftcage/warm", none)) {
      if (fs::exists(entry.path() / "started", none)) return true;
    }
    return false;
  }
  // What is in the folder of warm caches but locks.
  [[nodiscard]] int warm_folders() const {
    int count = 0;
    for (const auto& entry :
         fs::directory_iterator(dir_ / "cache/driftcage/warm")) {
      if (entry.is_directory()) ++count;
    }
    return count;
  }

  base::Result<SuiteResult> run(
      const std::vector<scenario::Scenario>& scenarios) {
    return run_suite(hold(scenarios), options_, listener_);
  }
  static json read_json(const fs::path& file) {
    std::ifstream in(file);
    return json::parse(in);
  }
  static std::string read_text(const fs::path& file) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }

  fs::path dir_;
  SuiteOptions options_;
  Listener listener_;
};

}  // namespace driftcage::run
