// SPDX-License-Identifier: Apache-2.0
// driftcage trace: the program's streams and status untouched, its calls told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <sstream>

#include <nlohmann/json.hpp>

#include "tests/cli/command.h"

namespace driftcage::cli_test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Trace = CageProject;

TEST_F(Trace, ShowsTheFailedOpenAndItsProgram) {
  const Outcome outcome =
      driftcage({"trace", "--", "cat", "absent.txt"}, here());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(clean(outcome.err),
              HasSubstr("<time>  cat[<pid>]  open <folder>/absent.txt = "
                        "ENOENT\n"));
}

TEST_F(Trace, PassesTheExitStatusOn) {
  EXPECT_EQ(driftcage({"trace", "--", "sh", "-c", "exit 7"}).code, 7);
  EXPECT_EQ(driftcage({"trace", "--", "sh", "-c", "kill -9 $$"}).code, 137);
  EXPECT_EQ(driftcage({"trace", "--", "sh", "-c", "kill -PIPE $$"}).code, 141);
}

TEST_F(Trace, AClosedPipeEndsTheProgramAsItWouldOutside) {
  const Outcome outcome = driftcage({"trace", "-o", "/dev/null", "--", "bash",
                                     "-c", "set -o pipefail; yes | head -1"});
  EXPECT_EQ(outcome.code, 141);
  EXPECT_EQ(outcome.out, "y\n");
  EXPECT_THAT(outcome.err, IsEmpty());
}

TEST_F(Trace, AProgramThatIsNotThereIsShownAsAShellWould) {
  const Outcome outcome = driftcage({"trace", "--", "/no/such/program"});
  EXPECT_EQ(outcome.code, 127);
  EXPECT_THAT(outcome.err, HasSubstr("ENOENT"));
}

TEST_F(Trace, TheProgramHasTheRealStreams) {
  Setting setting = here();
  setting.input = "through the cage\n";
  const Outcome outcome = driftcage(
      {"trace", "-o", "trace.txt", "--", "sh", "-c", "cat; echo aside >&2"},
      setting);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "through the cage\n");
  EXPECT_EQ(outcome.err, "aside\n");
  EXPECT_THAT(read_text(folder_ / "trace.txt"), HasSubstr("exec "));
}

TEST_F(Trace, SeesTheWorkingDirectoryAndThrowsChangesAway) {
  write("kept.txt", "kept\n");
  const Outcome outcome =
      driftcage({"trace", "-o", "/dev/null", "--", "sh", "-c",
                 "pwd; cat kept.txt; echo new >new.txt; cat "
                 "kept.txt new.txt"},
                here());
  EXPECT_EQ(outcome.out, folder_.string() + "\nkept\nkept\nnew\n")
      << outcome.err;
  EXPECT_EQ(read_text(folder_ / "kept.txt"), "kept\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "new.txt"));
}

TEST_F(Trace, TheCallersVariablesAreThere) {
  Setting setting = here();
  setting.set["MY_OWN"] = "value";
  const Outcome outcome =
      driftcage({"trace", "-o", "/dev/null", "--", "sh", "-c",
                 "echo $MY_OWN; test \"$HOME\" != \"$OUTER_HOME\" && ls -A ~"},
                setting);
  EXPECT_EQ(outcome.out, "value\n") << outcome.err;
}

TEST_F(Trace, ALookupIsOneLine) {
  write("sub/run.sh", "no-such-program-here || exit 3\n");
  const Outcome outcome =
      driftcage({"trace", "--", "sh", "sub/run.sh"}, here());
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(clean(outcome.err),
              ContainsRegex("sh\\[<pid>\\]  lookup no-such-program-here = "
                            "none  \\(tried "));
}

TEST_F(Trace, FailedShowsEveryFailureAndNothingElse) {
  const Outcome outcome =
      driftcage({"trace", "--failed", "-o", "t", "--", "sh", "-c",
                 "test -e absent.txt; cat /etc/passwd >/dev/null"},
                here());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const std::string trace = clean(read_text(folder_ / "t"));
  EXPECT_THAT(trace, HasSubstr("stat <folder>/absent.txt = ENOENT\n"));
  EXPECT_THAT(trace, Not(HasSubstr(" = ok")));
}

TEST_F(Trace, AllShowsWhatSucceedsToo) {
  const Outcome outcome = driftcage(
      {"trace", "--all", "-o", "t", "--", "cat", "/etc/passwd"}, here());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(read_text(folder_ / "t"), HasSubstr("open /etc/passwd = ok\n"));
}

TEST_F(Trace, JsonHasOneObjectALine) {
  const Outcome outcome = driftcage(
      {"trace", "--json", "-o", "t", "--", "cat", "absent.txt"}, here());
  EXPECT_EQ(outcome.code, 1);
  std::istringstream lines(read_text(folder_ / "t"));
  bool found = false;
  for (std::string line; std::getline(lines, line);) {
    const auto event = nlohmann::json::parse(line);
    for (const char* key :
         {"time_ns", "pid", "program", "call", "path", "errno", "cause"})
      EXPECT_TRUE(event.contains(key)) << key << " in " << line;
    found = found || (event["path"] == "absent.txt" &&
                      event["errno"] == "ENOENT" && event["program"] == "cat");
  }
  EXPECT_TRUE(found);
}

TEST_F(Trace, WhatLooksLikeAnOptionBehindTheMarkIsTheCommands) {
  const Outcome outcome = driftcage(
      {"trace", "-o", "/dev/null", "--", "echo", "--json", "--", "[a,b]"});
  EXPECT_EQ(outcome.out, "--json -- [a,b]\n") << outcome.err;
}

TEST_F(Trace, AnOutputThatCannotBeMadeIsAnError) {
  const Outcome outcome =
      driftcage({"trace", "-o", "absent/t", "--", "echo", "ran"}, here());
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, HasSubstr("absent/t"));
}

TEST_F(Trace, CtrlCEndsItWithItsCode) {
  // Waits for input that never comes: the pipe's writer is the reader itself.
  const Outcome outcome =
      interrupt({DRIFTCAGE_PROGRAM, "trace", "-o", "/dev/null", "--", "bash",
                 "-c", "trap '' INT; exec 9<> <(:); echo up; read -r line <&9"},
                "up\n", SIGINT, here());
  EXPECT_EQ(outcome.code, 130) << outcome.err;
}

}  // namespace
}  // namespace driftcage::cli_test
