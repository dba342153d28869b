// SPDX-License-Identifier: Apache-2.0
#include "harness/report/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cerrno>
#include <filesystem>

#include "harness/base/sys.h"
#include "harness/match/matcher.h"
#include "harness/scenario/parser.h"
#include "harness/wire/codec.h"
#include "tests/stored_trace.h"
#include "tests/unit/match/trace_builder.h"

namespace driftcage::report {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kSource =
    "id = \"go/x\"\n"
    "[expect]\n"
    "exit = 1\n"
    "see = [\"lookup gcc = none\"]\n";

model::EventLine see_line() {
  auto line = scenario::parse_event_line("lookup gcc = none",
                                         {"scenarios/go/x.toml", 4, 9, 17});
  return *line;
}

// The fault did not hide gcc: found in the second place.
match::TraceBuilder trace() {
  match::TraceBuilder trace;
  trace.program(1, "/usr/bin/cgo", "/work/bin:/usr/bin")
      .call(1, "openat", "/work/main.go")
      .call(1, "newfstatat", "/work/bin/gcc", ENOENT)
      .call(1, "newfstatat", "/usr/bin/gcc")
      .call(1, "openat", "/tmp/x")
      .end(1);
  return trace;
}

class ScenarioText : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder =
        (std::filesystem::temp_directory_path() / "driftcage-report-XXXXXX")
            .string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    result_.record_folder = folder;
    result_.image = "host";
    result_.duration_ns = 1'840'000'000;
    scenario::Scenario& scenario = result_.scenario;
    scenario.file = "scenarios/go/x.toml";
    scenario.source = kSource;
    scenario.id = "go/x";
    scenario.expect.see = {see_line()};
    scenario.expect.leg.exit.emplace();
    scenario.expect.leg.exit->kind = scenario::ExitPattern::Kind::Any;
    add_leg(scenario::Leg::Control, "control");
    add_leg(scenario::Leg::Fault, "fault");
  }
  void TearDown() override {
    std::filesystem::remove_all(result_.record_folder);
  }

  void add_leg(scenario::Leg which, const std::string& name) {
    match::LegResult leg;
    leg.leg = which;
    leg.name = name;
    leg.end.events = 5;
    leg.end.duration_ns = 920'000'000;
    leg.variables = {{"WORK", "/work"}, {"TMP", "/tmp"}};
    auto matcher =
        match::LineMatcher::make(result_.scenario.expect.see, leg.variables);
    std::string bytes;
    wire::encode(wire::Record(wire::Hello{}), bytes);
    for (const auto& record : trace_.records) {
      matcher->add(record);
      wire::encode(record, bytes);
    }
    matcher->finish();
    leg.lines = matcher->result();
    const std::string folder = result_.record_folder + "/" + name;
    ASSERT_TRUE(base::sys::make_directories(folder, 0755));
    run::store_trace(folder + "/trace.dct", bytes);
    result_.legs.push_back(std::move(leg));
  }

  std::string text(int verbosity = 0, bool color = false) {
    result_.judgement = match::judge(result_.scenario, result_.legs);
    TextStyle style;
    style.verbosity = verbosity;
    style.color = color;
    return scenario_text(result_, style);
  }

  run::ScenarioResult result_;
  match::TraceBuilder trace_ = trace();
};

TEST_F(ScenarioText, NoReproInFull) {
  std::string shown = text();
  const std::string folder = result_.record_folder;
  shown.replace(shown.find(folder), folder.size(), "RECORD");
  EXPECT_EQ(shown,
            "NO-REPRO    go/x                               1.84s\n"
            "  the fault does not show its signature\n"
            "\n"
            "  control    0.92s  exit 0, as stated\n"
            "> fault      0.92s  exit 0, 1 wrong\n"
            "\n"
            "  scenarios/go/x.toml:4:9: error: not seen in the fault leg\n"
            "      4 | see = [\"lookup gcc = none\"]\n"
            "        |         ^~~~~~~~~~~~~~~~~\n"
            "\n"
            "  closest events (of 5)\n"
            "    lookup gcc = ok              at /usr/bin/gcc  by cgo[101]  "
            "+0.000s  differs: result\n"
            "    stat $WORK/bin/gcc = ENOENT  by cgo[101]  +0.000s  "
            "differs: verb\n"
            "    stat /usr/bin/gcc = ok       by cgo[101]  +0.000s  "
            "differs: verb\n"
            "\n"
            "  trace around it (leg fault, process 101 cgo)\n"
            "      +0.000s  exec /usr/bin/cgo = ok\n"
            "      +0.000s  open $WORK/main.go = ok\n"
            "      +0.000s  stat $WORK/bin/gcc = ENOENT\n"
            "  >   +0.000s  stat /usr/bin/gcc = ok\n"
            "      +0.000s  open $TMP/x = ok\n"
            "\n"
            "  record  RECORD\n"
            "  next    driftcage run go/x -v                "
            "again, with the events that matched\n"
            "          driftcage check scenarios/go/x.toml  after an edit\n"
            "\n");
}

TEST_F(ScenarioText, AFileInAnotherPlaceIsNamedByItsPath) {
  result_.scenario.file = "drafts/x.toml";
  EXPECT_THAT(text(), HasSubstr("next    driftcage run drafts/x.toml -v"));
}

TEST_F(ScenarioText, ReportWithoutRecordHasNoExcerpt) {
  std::filesystem::remove_all(result_.record_folder);
  EXPECT_THAT(text(), Not(HasSubstr("trace around")));
  result_.record_folder.clear();
  EXPECT_THAT(text(), Not(HasSubstr("record")));
}

TEST_F(ScenarioText, BrokenTraceFileDoesNotBreakTheReport) {
  ASSERT_TRUE(base::sys::write_file(result_.record_folder + "/fault/trace.dct",
                                    "no trace at all"));
  EXPECT_THAT(text(), HasSubstr("trace around it: it is damaged"));
}

TEST_F(ScenarioText, ATraceAroundALineTellsTheStage) {
  for (const bool linker : {true, false}) {
    trace_ = match::TraceBuilder();
    trace_.program(1, "/usr/lib/go/bin/go", "/work/bin:/usr/bin")
        .start(2, 1)
        .exec(2, linker ? "/usr/lib/go/pkg/tool/linux_amd64/link" : "/bin/gcc",
              {"x", "-o", "x"})
        .start(3, 2)
        .exec(3, "/usr/bin/gcc", {"gcc"})
        .call(3, "newfstatat", "/work/bin/gcc", ENOENT)
        .call(3, "newfstatat", "/usr/bin/gcc")
        .call(3, "openat", "/tmp/x")
        .end(3);
    result_.legs.clear();
    add_leg(scenario::Leg::Control, "control");
    add_leg(scenario::Leg::Fault, "fault");
    // The stage of gcc itself says nothing more than its name.
    EXPECT_THAT(text(), HasSubstr(linker ? "process 103 gcc, stage link)\n"
                                         : "process 103 gcc)\n"));
  }
}

TEST_F(ScenarioText, FalseAlarmShowsWhatWasSeen) {
  result_.scenario.expect.see = {*scenario::parse_event_line(
      "lookup gcc", {"scenarios/go/x.toml", 4, 9, 10})};
  result_.legs.clear();
  add_leg(scenario::Leg::Control, "control");
  add_leg(scenario::Leg::Fault, "fault");
  const std::string shown = text();
  EXPECT_THAT(shown, HasSubstr("FALSE-ALARM"));
  EXPECT_THAT(shown, HasSubstr("  seen (of 5)\n    lookup gcc = ok  at"));
  EXPECT_THAT(shown, HasSubstr("trace around it (leg control"));
}

TEST_F(ScenarioText, WrongExitShowsTheEndOfStderr) {
  result_.scenario.expect.see.clear();
  result_.scenario.expect.leg.exit->kind = scenario::ExitPattern::Kind::Codes;
  result_.scenario.expect.leg.exit->codes = {1};
  result_.scenario.expect.leg.exit->at = {"scenarios/go/x.toml", 3, 8, 1};
  for (int i = 1; i <= 20; ++i) {
    result_.legs[1].stderr_text += "/work/main.go:" + std::to_string(i) + "\n";
  }
  result_.legs[1].stderr_text += "https://u:p@h.example.com \x1b[2J\n";
  const std::string shown = text();
  EXPECT_THAT(shown, HasSubstr("leg fault: exit 0, expected exit 1"));
  EXPECT_THAT(shown, HasSubstr("      3 | exit = 1\n        |        ^\n"));
  EXPECT_THAT(shown, HasSubstr("stderr of the fault leg, last 8 of 21 lines"));
  EXPECT_THAT(shown, HasSubstr("    | $WORK/main.go:20\n"));
  EXPECT_THAT(shown, HasSubstr("    | https://***@h.example.com \\x1b[2J\n"));
  EXPECT_THAT(shown, Not(HasSubstr("main.go:13\n")));
}

TEST_F(ScenarioText, ErrorsPointToTheDoctor) {
  result_.legs[0].end.outcome = wire::Outcome::CageError;
  result_.legs[0].end.error = {"unshare", "user namespace", EPERM, "try sudo"};
  const std::string shown = text();
  EXPECT_THAT(shown, HasSubstr("ERROR"));
  EXPECT_THAT(shown, HasSubstr("unshare: user namespace: Operation not "
                               "permitted (EPERM); try sudo"));
  EXPECT_THAT(shown, HasSubstr("driftcage doctor"));
  EXPECT_THAT(shown, Not(HasSubstr("driftcage check")));
}

TEST_F(ScenarioText, ErrorsThatAreNotTheHostsDoNot) {
  result_.judgement.verdict = model::Verdict::Error;
  result_.judgement.reason = "host/go/x/result.json is gone or damaged";
  const std::string shown = scenario_text(result_, {});
  EXPECT_THAT(shown, HasSubstr("is gone or damaged"));
  EXPECT_THAT(shown, Not(HasSubstr("driftcage doctor")));
}

TEST_F(ScenarioText, ManyFindingsAreCounted) {
  result_.scenario.expect.see.assign(20, see_line());
  for (auto& leg : result_.legs) leg.lines.assign(20, leg.lines[0]);
  const std::string shown = text();
  EXPECT_THAT(shown, HasSubstr("and 14 more"));
  EXPECT_LT(shown.size(), 12'000u);
}

TEST_F(ScenarioText, GoodResultsAreOneLine) {
  result_.scenario.expect.see.clear();
  EXPECT_EQ(text(), "PASS        go/x                               1.84s\n");
  EXPECT_EQ(text(-1), "");
  result_.image = "dir:/srv/x";
  EXPECT_THAT(text(), HasSubstr("on dir:/srv/x"));
}

TEST_F(ScenarioText, SkipSaysWhy) {
  result_.judgement.verdict = model::Verdict::Skip;
  result_.judgement.reason = "needs gcc";
  EXPECT_EQ(
      scenario_text(result_, {}),
      "SKIP        go/x                               1.84s  needs gcc\n");
}

TEST_F(ScenarioText, VerboseShowsWhatMatched) {
  result_.scenario.expect.see[0].result.kind = model::ResultPattern::Kind::Ok;
  result_.scenario.expect.see[0].text = "lookup gcc = ok";
  result_.scenario.fault_leg_only = true;
  result_.legs.clear();
  add_leg(scenario::Leg::Fault, "fault");
  const std::string shown = text(1);
  EXPECT_THAT(shown, HasSubstr("PASS"));
  EXPECT_THAT(shown, HasSubstr("weak"));
  EXPECT_THAT(shown, HasSubstr("see   lookup gcc = ok\n"));
  EXPECT_THAT(shown, HasSubstr("fault        1  lookup gcc = ok  at "
                               "/usr/bin/gcc  by cgo[101]"));
}

TEST_F(ScenarioText, ColoursOnlyWhenAsked) {
  EXPECT_THAT(text(0, false), Not(HasSubstr("\x1b")));
  EXPECT_THAT(text(0, true), HasSubstr("\x1b[31mNO-REPRO    \x1b[0mgo/x"));
}

TEST(SummaryText, CountsByVerdict) {
  run::SuiteResult result;
  result.verdicts[static_cast<std::size_t>(model::Verdict::Pass)] = 10;
  result.verdicts[static_cast<std::size_t>(model::Verdict::NoRepro)] = 1;
  result.verdicts[static_cast<std::size_t>(model::Verdict::Skip)] = 2;
  result.weak = 1;
  result.duration_ns = 4'200'000'000;
  result.record_folder = "/r";
  EXPECT_EQ(summary_text(result, {}),
            "13 scenarios: 10 pass, 1 no-repro, 2 skip; 1 weak, without a "
            "control leg; 4.20s\nrecord: /r\n");
  TextStyle quiet;
  quiet.verbosity = -1;
  EXPECT_THAT(summary_text(result, quiet), Not(HasSubstr("/r")));
  result.signal = 2;
  EXPECT_THAT(summary_text(result, {}), HasSubstr("stopped by SIGINT, with a verdict"));
}

TEST(SummaryText, NothingRan) {
  EXPECT_THAT(summary_text({}, {}), HasSubstr("0 scenarios: nothing was run"));
}

}  // namespace
}  // namespace driftcage::report
