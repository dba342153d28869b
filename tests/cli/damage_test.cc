// SPDX-License-Identifier: Apache-2.0
// Run records that are not what a run wrote: never good by that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/sys.h"
#include "tests/cli/command.h"
#include "tests/cli/scenario_text.h"
#include "tests/cli/tiny_project.h"

namespace driftcage::cli_test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class Damaged : public TinyProject {};

TEST_F(Damaged, ADamagedRecordIsNeverJudgedGood) {
  call({"run", "--record", "r"});
  const std::string whole =
      base::sys::read_file((folder_ / "r/host/tiny/a/scenario.toml").string())
          .value();
  // A cut file may still parse, and claims less then.
  for (const std::string& left : {std::string(), whole.substr(0, 60)}) {
    write("r/host/tiny/a/scenario.toml", left);
    const Outcome judged = call({"judge", "r/tiny/a"});
    EXPECT_EQ(judged.code, 3) << judged.out;
    EXPECT_THAT(judged.out, HasSubstr("ERROR       tiny/a"));
    EXPECT_THAT(judged.out, HasSubstr("is not what ran"));
  }
  write("r/host/tiny/a/scenario.toml", whole);
  EXPECT_EQ(call({"judge", "r/tiny/a"}).code, 0);
}

TEST_F(Damaged, MissingResultsAreToldWhoeverReadsThem) {
  write("scenarios/tiny/b.toml", scenario("tiny/b", "ENOENT"));
  call({"run", "--record", "r"});
  ASSERT_EQ(call({"judge", "r"}).code, 0);
  const std::string lines =
      base::sys::read_file((folder_ / "r/results.jsonl").string()).value();
  write("r/results.jsonl", lines.substr(0, lines.find('\n') + 1));
  for (const char* command : {"judge", "diff", "report"}) {
    const Outcome outcome = command == std::string("diff")
                                ? call({command, "r", "r"})
                                : call({command, "r"});
    EXPECT_THAT(outcome.err, HasSubstr("fewer results than the run had"))
        << command;
    EXPECT_NE(outcome.code, 0) << command;
  }
  // As errors in every report, and they are run again.
  const Outcome junit = call({"report", "r", "--format", "junit"});
  EXPECT_EQ(junit.code, 5);
  EXPECT_THAT(junit.out,
              HasSubstr("its result is missing from the run record"));
  EXPECT_THAT(call({"report", "r", "--format", "go-test"}).out,
              HasSubstr("\"Action\":\"fail\""));
  EXPECT_EQ(call({"judge", "r"}).code, 3);
  const Outcome again = call({"rerun", "failed", "r", "--record", "again"});
  EXPECT_EQ(again.code, 0) << again.out << again.err;
  EXPECT_EQ(call({"report", "again"}).code, 0);
}

TEST_F(Damaged, ADamagedResultIsAnErrorBesideTheOthers) {
  write("scenarios/tiny/b.toml", scenario("tiny/b", "ENOENT"));
  call({"run", "--record", "r"});
  const std::string file = (folder_ / "r/host/tiny/a/result.json").string();
  const std::string whole = base::sys::read_file(file).value();
  for (const std::string& left :
       {whole.substr(0, whole.size() / 2),
        std::string(whole).replace(whole.find("\"legs\""), 6, "{{{{{{"),
        std::string("{\"schema\": 99}")}) {
    write("r/host/tiny/a/result.json", left);
    for (const auto& info : {"text", "junit", "jsonl", "go-test", "tap",
                             "github", "github-summary", "html"}) {
      const Outcome outcome = call({"report", "r", "--format", info});
      EXPECT_EQ(outcome.code, 5) << info << outcome.err;
      EXPECT_THAT(outcome.out, ContainsRegex("tiny/b|tiny.*\"b\"")) << info;
      EXPECT_THAT(outcome.out, HasSubstr("host/tiny/a/result.json")) << info;
    }
    EXPECT_THAT(call({"report", "r"}).out, HasSubstr("2 pass, 1 error;"));
    EXPECT_EQ(call({"diff", "r", "r"}).code, 5);
    EXPECT_EQ(call({"merge", "r"}).code, 5);
    const Outcome edited =
        call({"judge", "r/tiny/a", "--scenario", "scenarios/tiny/a.toml"});
    EXPECT_EQ(edited.code, 3) << edited.err;
    EXPECT_THAT(edited.out, HasSubstr("ERROR       tiny/a"));
    const Outcome judged = call({"judge", "r"});
    EXPECT_EQ(judged.code, 3) << judged.err;
    EXPECT_THAT(judged.out, HasSubstr("PASS        tiny/b"));
    for (const char* command : {"shell", "accept", "mine"}) {
      const Outcome outcome = call({command, "r/tiny/a"});
      EXPECT_NE(outcome.code, 0) << command;
      EXPECT_THAT(outcome.err, HasSubstr("tiny/a/result.json"));
    }
  }
}

// What is missing at its end did not happen, for whoever does not look.
TEST_F(Damaged, ATraceThatIsCutIsNotComparedAndShown) {
  call({"run", "tiny/a", "--record", "r"});
  const std::string file = (folder_ / "r/host/tiny/a/fault/trace.dct").string();
  const std::string whole = base::sys::read_file(file).value();
  for (const std::size_t left : {std::size_t{0}, whole.size() / 2}) {
    write("r/host/tiny/a/fault/trace.dct", whole.substr(0, left));
    for (const char* command : {"diff", "mine"}) {
      const Outcome outcome = call({command, "r/tiny/a"});
      EXPECT_NE(outcome.code, 0) << command;
      EXPECT_EQ(outcome.out, "") << command;
    }
    EXPECT_THAT(call({"report", "r", "--format", "html"}).out,
                ContainsRegex("\"name\":\"fault\".*\"integrity\":\"[^\"]*"
                              "trunc"));
  }
}

// A block that a disk lost is zeros: its records still can be read, with other
// paths, and the line that they held is seen no more.
TEST_F(Damaged, ATraceWithAHoleIsNotJudged) {
  call({"run", "tiny/a", "--record", "r"});
  const std::string file = "r/host/tiny/a/fault/trace.dct";
  std::string bytes = base::sys::read_file((folder_ / file).string()).value();
  const std::size_t at = bytes.find("data.txt");
  ASSERT_NE(at, std::string::npos);
  write(file, bytes.replace(at, 4, std::string(4, '\0')));
  const Outcome judged = call({"judge", "r"});
  EXPECT_EQ(judged.code, 3) << judged.out;
  EXPECT_THAT(judged.out, HasSubstr("its checksum is another"));
  EXPECT_THAT(judged.out, Not(HasSubstr("driftcage doctor")));
  for (const char* command : {"diff", "mine"}) {
    const Outcome outcome = call({command, "r/tiny/a"});
    EXPECT_EQ(outcome.code, 3) << command;
    EXPECT_THAT(outcome.err, HasSubstr("its checksum is another"));
  }
}

// Also where the leg did not end by itself, and its verdict stays bad anyway.
TEST_F(Damaged, AHoleIsToldOfALegThatTimedOut) {
  write("scenarios/tiny/a.toml", endless("tiny/a"));
  const Outcome ran =
      call({"run", "tiny/a", "--timeout", "300ms", "--record", "r"});
  const auto says = ContainsRegex(
      "did not end within 300 ms; still ran: "
      "[a-z]+");
  EXPECT_THAT(ran.out, says);
  EXPECT_THAT(call({"judge", "r"}).out, says);
  const std::string file = "r/host/tiny/a/control/trace.dct";
  std::string bytes = base::sys::read_file((folder_ / file).string()).value();
  write(file, bytes.replace(bytes.find("/bin/"), 4, std::string(4, '\0')));
  EXPECT_THAT(call({"judge", "r"}).out, HasSubstr("its checksum is another"));
}

TEST_F(Damaged, ARecordThatCannotBeReadIsNotOneThatIsNotThere) {
  call({"run", "tiny/a", "--record", "r"});
  write("plain/file", "");
  const auto codes = [&](const std::string& run) {
    std::map<std::string, int> answers;
    for (const std::vector<std::string>& command :
         std::vector<std::vector<std::string>>{{"report", run},
                                               {"judge", run},
                                               {"rerun", "all", run},
                                               {"diff", run, run},
                                               {"mine", run + "/tiny/a"},
                                               {"accept", run + "/tiny/a"},
                                               {"shell", run + "/tiny/a"},
                                               {"merge", run, "--record", "m"}})
      answers[command[0]] = call(command).code;
    return answers;
  };
  for (const char* run : {"./none", "./plain"}) {
    for (const auto& [command, code] : codes(run)) {
      EXPECT_EQ(code, 2) << command << " " << run;
    }
  }
  for (const char* file : {"run.json", "plan.jsonl", "results.jsonl"}) {
    const std::string path = std::string("r/") + file;
    const std::string whole =
        base::sys::read_file((folder_ / path).string()).value();
    write(path, "[1]\n" + whole);
    for (const auto& [command, code] : codes("./r")) {
      EXPECT_EQ(code, 3) << command << " " << file;
    }
    if (std::string_view(file) != "run.json") {
      std::filesystem::remove(folder_ / path);
      for (const auto& [command, code] : codes("./r")) {
        EXPECT_EQ(code, 3) << command << " without " << file;
      }
    }
    write(path, whole);
  }
  std::filesystem::remove(folder_ / "r/host/tiny/a/fault/trace.dct");
  const Outcome judged = call({"judge", "r"});
  EXPECT_EQ(judged.code, 3);
  EXPECT_THAT(judged.out, Not(HasSubstr("driftcage doctor")));
}

// Whoever edits a record cannot make a bad result good by another's line.
TEST_F(Damaged, EachPlannedScenarioHasOneResult) {
  call({"run", "--record", "r"});
  const std::string lines =
      base::sys::read_file((folder_ / "r/results.jsonl").string()).value();
  const std::size_t bad = lines.find("\"id\":\"tiny/b\"");
  ASSERT_NE(bad, std::string::npos);
  const std::size_t begin = lines.rfind('\n', bad) + 1;
  const std::size_t end = lines.find('\n', bad) + 1;
  // They stand in the order in which they ended.
  const std::size_t good = lines.find("\"id\":\"tiny/a\"");
  ASSERT_NE(good, std::string::npos);
  const std::size_t begun = lines.rfind('\n', good) + 1;
  const std::string another =
      lines.substr(begun, lines.find('\n', good) + 1 - begun);
  for (const std::string& line :
       {another, std::string("{}\n"),
        std::string("{\"id\":\"tiny/b\",\"image\":\"host\",\"verdict\":"
                    "\"pass\",\"folder\":\"\"}\n")}) {
    write("r/results.jsonl", lines.substr(0, begin) + line + lines.substr(end));
    EXPECT_EQ(call({"report", "r"}).code, 5) << line;
    EXPECT_THAT(call({"report", "r"}).out, HasSubstr("ERROR       tiny/b"));
    EXPECT_EQ(call({"judge", "r"}).code, 3) << line;
  }
}

}  // namespace
}  // namespace driftcage::cli_test
