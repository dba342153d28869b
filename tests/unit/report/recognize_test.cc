// SPDX-License-Identifier: Apache-2.0
#include "harness/report/recognize.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "harness/scenario/parser.h"

namespace driftcage::report {
namespace {

model::EventLine line(const std::string& text) {
  auto parsed = scenario::parse_event_line(text, {"t.toml", 1, 1, 1});
  EXPECT_TRUE(parsed) << text;
  return *parsed;
}

scenario::Scenario one(const std::string& id, const std::string& see,
                       const std::string& message) {
  scenario::Scenario scenario;
  scenario.id = id;
  scenario.title = id;
  scenario.expect.see = {line(see)};
  scenario::OutputPattern output;
  output.text = message;
  scenario.expect.leg.output = {output};
  return scenario;
}

std::vector<scenario::Scenario> some() {
  std::vector<scenario::Scenario> list{
      one("root", "stat /nonexistent/go = ENOENT", "cannot find GOROOT"),
      one("null", "open /dev/null = ENOENT", "open of the null device fails"),
      one("parent", "open $WORK/go.mod = ok", "package of nobody at all"),
      one("other", "open $CXX/x = ENOENT", "something quite different")};
  list[0].faults.resize(1);
  list[0].faults[0].effects.env["GOROOT"] = "/nonexistent/go";
  return list;
}

model::Event event(model::Verb verb, const std::string& path, int err) {
  model::Event result;
  result.seq = 1;
  result.process = 1;
  result.verb = verb;
  result.path = path;
  result.abs = path;
  result.err = err;
  return result;
}

std::vector<std::string> ids(const std::vector<model::Event>& events,
                             const std::string& message, bool failed = true) {
  const auto scenarios = some();
  auto recognizer =
      Recognizer::make(scenarios, {{"WORK", "/w"}}, {{"GOROOT", "/opt/gone"}});
  EXPECT_TRUE(recognizer);
  for (const model::Event& one : events) recognizer->add(one);
  std::vector<std::string> list;
  for (const Recognition& found : recognizer->result(message, failed)) {
    list.push_back(found.scenario->id);
  }
  return list;
}

using Ids = std::vector<std::string>;

TEST(Recognizer, TakesTheReadersOwnValueOfAVariable) {
  EXPECT_EQ(ids({event(model::Verb::Stat, "/opt/gone", ENOENT)}, ""),
            Ids{"root"});
  EXPECT_EQ(ids({event(model::Verb::Stat, "/nonexistent/go", ENOENT)}, ""),
            Ids{});
}

TEST(Recognizer, ByTraceOfACommandThatEndsWell) {
  EXPECT_EQ(ids({event(model::Verb::Open, "/dev/null", ENOENT)},
                "cannot find GOROOT", false),
            Ids{"null"});
}

TEST(Recognizer, BothTogetherBeatOne) {
  EXPECT_EQ(ids({event(model::Verb::Stat, "/opt/gone", ENOENT),
                 event(model::Verb::Open, "/dev/null", ENOENT)},
                "go: cannot find GOROOT directory"),
            Ids{"root"});
}

TEST(Recognizer, ACallThatWorkedIsNoSymptomAlone) {
  EXPECT_EQ(ids({event(model::Verb::Open, "/w/go.mod", 0)}, "boom"), Ids{});
}

// Programs of the reader's have names of their own.
TEST(Recognizer, AProgramOfTheScenarioIsAnyProgramOfTheReaders) {
  std::vector<scenario::Scenario> scenarios{
      one("script", "exec $WORK/gow = no-interpreter", "none of these words"),
      one("noexec", "exec $TMP/go-build{n}/b001/exe/t = noexec", "nor those"),
      one("fine", "exec $WORK/gow = ok", "at all")};
  scenarios[0].baseline.files = {{"gow", "#!/bin/sh\n", {}, {}}};
  scenarios[1].baseline.files = {{"go.mod", "module t\n\ngo 1.15\n", {}, {}}};
  scenarios[0].expect.never = {line("exec $WORK/gow = ok")};
  scenarios[2].baseline.files = scenarios[0].baseline.files;
  const auto recognized = [&](const std::string& path, model::Cause cause) {
    auto recognizer =
        Recognizer::make(scenarios, {{"WORK", "/w"}, {"TMP", "/tmp"}}, {});
    model::Event failed = event(model::Verb::Exec, path, EACCES);
    failed.cause = cause;
    // Whoever starts it was started well, too.
    recognizer->add(event(model::Verb::Exec, "/bin/sh", 0));
    recognizer->add(failed);
    Ids list;
    for (const Recognition& found : recognizer->result("", true)) {
      list.push_back(found.scenario->id);
    }
    return list;
  };
  EXPECT_EQ(recognized("/opt/x/up.sh", model::Cause::NoInterpreter),
            Ids{"script"});
  EXPECT_EQ(recognized("/tmp/go-build7/b001/exe/app", model::Cause::Noexec),
            Ids{"noexec"});
  EXPECT_EQ(recognized("/opt/x/app", model::Cause::Noexec), Ids{});
}

}  // namespace
}  // namespace driftcage::report
