// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "harness/run/record.h"
#include "harness/run/record_reader.h"
#include "harness/scenario/parser.h"
#include "harness/wire/codec.h"
#include "tests/stored_trace.h"

// Run records without runs, for tests of what reads them.
namespace driftcage::run {

inline constexpr const char* kScenarioText = R"(schema = 1
id     = "ID"
title  = "A file that is not there"
run    = ["cat", "data.txt"]

[files]
"data.txt" = "here\n"

[[fault]]
id   = "no-data"
hide = ["$WORK/data.txt"]

[expect]
exit = 1
see  = ["open $WORK/data.txt = ENOENT by cat"]

[[fix]]
id   = "put-it-back"
lift = ["no-data"]
)";

inline std::string scenario_text(const std::string& id) {
  std::string text = kScenarioText;
  return text.replace(text.find("ID"), 2, id);
}

class WithFolder : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "driftcage-records-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    dir_ = name;
    ::setenv("XDG_STATE_HOME", (dir_ / "state").c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("XDG_STATE_HOME");
    std::filesystem::remove_all(dir_);
  }

  // A trace of cat: in the control leg it finds its file.
  static void write_trace(const std::filesystem::path& file, bool found) {
    std::string bytes;
    wire::encode(wire::Hello{}, bytes);
    wire::encode(wire::CageUp{"full", {}, {}}, bytes);
    model::ProcessStart start;
    start.process = 1;
    start.pid = 2;
    wire::encode(start, bytes);
    model::Event exec;
    exec.seq = 1;
    exec.process = 1;
    exec.verb = model::Verb::Exec;
    exec.syscall = model::Syscall::Execve;
    exec.path = exec.abs = exec.real = "/bin/cat";
    exec.exec.emplace();
    exec.exec->argv = {"cat", "data.txt"};
    exec.exec->exe = "/bin/cat";
    wire::encode(exec, bytes);
    model::Event open;
    open.seq = 2;
    open.process = 1;
    open.generation = 1;
    open.enter_ns = 1'000'000;
    open.exit_ns = 1'100'000;
    open.verb = model::Verb::Open;
    open.syscall = model::Syscall::Openat;
    open.path = "data.txt";
    open.abs = "/work/data.txt";
    open.err = found ? 0 : ENOENT;
    open.result = found ? 3 : -1;
    wire::encode(open, bytes);
    model::ProcessEnd ended;
    ended.process = 1;
    ended.at_ns = 2'000'000;
    ended.status = base::WaitStatus::exited(found ? 0 : 1);
    wire::encode(ended, bytes);
    wire::End end;
    end.status = ended.status;
    end.events = 2;
    end.duration_ns = 2'000'000;
    wire::encode(end, bytes);
    store_trace(file.string(), bytes);
  }

  struct Made {
    std::string id;
    model::Verdict verdict = model::Verdict::Pass;
    std::string image = "host";
    unsigned round = 0;
    std::size_t retried = 0;
    std::string stderr_text = {};
    std::string reason = {};
  };

  // A complete record with these results, in `folder` below the test's.
  Record make(const std::string& folder, const std::vector<Made>& results,
              RunHead head = {}) {
    if (head.images.empty()) {
      RecordedImage image;
      image.reference = "host";
      image.folder = "host";
      image.identity = "sha256:1";
      image.rung = "full";
      image.facts.libc = "glibc";
      image.facts.tools = {{"go", "/usr/bin/go", "1.24.1"}};
      image.facts.go_env = {{"GOCACHE", "/home/cage/.cache/go-build"}};
      head.images.push_back(image);
    }
    if (head.items.empty()) {
      for (const Made& made : results) {
        head.items.push_back({made.id, made.image, made.round});
      }
    }
    head.scenarios = head.items.size();
    if (head.selected == 0) head.selected = head.items.size();
    auto writer = RecordWriter::create((dir_ / folder).string());
    EXPECT_TRUE(writer) << writer.error().message();
    EXPECT_TRUE(writer->begin(head));
    SuiteResult suite;
    suite.planned = head.items.size();
    for (const Made& made : results) add(*writer, made, suite);
    suite.duration_ns = 5'000'000'000;
    EXPECT_TRUE(writer->finish(suite));
    auto record = Record::open((dir_ / folder).string());
    EXPECT_TRUE(record) << record.error().message() << record.error().hint;
    return *std::move(record);
  }

  std::filesystem::path dir_;

 private:
  static void add(RecordWriter& writer, const Made& made, SuiteResult& suite) {
    ScenarioResult result;
    const std::string source = scenario_text(made.id);
    auto parsed = scenario::parse(source, "scenarios/" + made.id + ".toml");
    ASSERT_TRUE(parsed);
    result.scenario = *std::move(parsed);
    result.image = made.image;
    result.round = made.round;
    result.duration_ns = 1'500'000'000;
    result.record_folder =
        *writer.scenario_folder(image_folder(made.image), made.id);
    std::ofstream(result.record_folder + "/scenario.toml") << source;
    result.judgement.verdict = made.verdict;
    result.judgement.reason = made.reason;
    for (std::size_t i = 0; i < made.retried; ++i) {
      result.retried.push_back(
          {model::Verdict::Timeout, "took too long", 1, result.record_folder});
    }
    const bool bad = !model::is_good(made.verdict);
    if (bad && made.reason.empty()) {
      result.judgement.reason = "the fault does not show its signature";
    }
    if (bad) {
      result.judgement.leg = "fault";
      match::Finding finding;
      finding.leg = "fault";
      finding.message = "not seen in the fault leg";
      finding.verdict = made.verdict;
      finding.at = result.scenario.expect.see.front().at;
      finding.closest.resize(1);
      finding.closest[0].program = "cat";
      finding.closest[0].differs = "result";
      finding.closest[0].event.verb = model::Verb::Open;
      finding.closest[0].event.abs = "/work/data.txt";
      result.judgement.findings.push_back(finding);
    }
    if (made.verdict != model::Verdict::Skip) {
      for (const char* name : {"control", "fault", "fix:put-it-back"}) {
        match::LegResult leg;
        leg.name = name;
        leg.leg = leg.name == "control" ? scenario::Leg::Control
                  : leg.name == "fault" ? scenario::Leg::Fault
                                        : scenario::Leg::Fix;
        const bool fault = leg.name == "fault";
        leg.end.status = base::WaitStatus::exited(fault ? 1 : 0);
        leg.end.events = 2;
        leg.lines.resize(1);
        leg.lines[0].count = fault ? 1 : 0;
        leg.lines[0].holds = fault;
        if (fault) {
          match::Sighting& seen = leg.lines[0].first.emplace_back();
          seen.program = "cat";
          seen.event.verb = model::Verb::Open;
          seen.event.abs = "/work/data.txt";
          seen.event.err = ENOENT;
        }
        const std::filesystem::path folder =
            std::filesystem::path(result.record_folder) / leg_folder(name);
        std::filesystem::create_directory(folder);
        write_trace(folder / "trace.dct", !fault);
        if (fault) std::ofstream(folder / "stderr") << made.stderr_text;
        result.legs.push_back(leg);
      }
    }
    ASSERT_TRUE(writer.add(result, {{"WORK", "/work"}}));
    ++suite.verdicts[static_cast<std::size_t>(made.verdict)];
    if (result.flaky()) ++suite.flaky;
  }
};

}  // namespace driftcage::run
