// SPDX-License-Identifier: Apache-2.0
// driftcage trace: the program's streams and status untouched, its calls told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/cli/command.h"
#include "tests/must_work.h"

namespace driftcage::cli_test {
namespace {

namespace fs = std::filesystem;
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
              ContainsRegex("cat\\[[^ ]+\\] +open <folder>/absent.txt = "
                            "ENOENT\n"));
}

TEST_F(Trace, PassesTheExitStatusOn) {
  EXPECT_EQ(driftcage({"trace", "--", "sh", "-c", "exit 7"}).code, 7);
  EXPECT_EQ(driftcage({"trace", "--", "sh", "-c", "kill -9 $$"}).code, 137);
  EXPECT_EQ(driftcage({"trace", "--", "sh", "-c", "kill -PIPE $$"}).code, 141);
}

TEST_F(Trace, OneImageAfterTheOther) {
  // The same machine as a directory: another image, with its own environment.
  Setting setting = here();
  setting.set["DRIFTCAGE_TEST_WORD"] = "callers";
  const std::vector<std::string> images = {"trace", "--image", "host",
                                           "--image", "dir:/"};
  auto words = images;
  words.insert(words.end(), {"--", "sh", "-c", "echo ${DRIFTCAGE_TEST_WORD-}"});
  const Outcome outcome = driftcage(words, setting);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "callers\n\n");
  EXPECT_THAT(outcome.err, ContainsRegex("driftcage: image host\n(.*\n)+"
                                         "driftcage: image dir:/\n"));
  words = images;
  words.insert(words.end(), {"-o", "trace.txt", "--", "true"});
  const Outcome refused = driftcage(words, setting);
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("the trace of one image"));
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

TEST_F(Trace, AProgramThatCannotBeStartedIsShownAsAShellWould) {
  write("plain", "echo x\n");
  const Outcome outcome = driftcage({"trace", "--", "./plain"}, here());
  EXPECT_EQ(outcome.code, 126);
  EXPECT_THAT(outcome.err, HasSubstr("exit 126"));
}

TEST_F(Trace, ATraceThatCannotBeWrittenStillTellsTheProgramsStatus) {
  const Outcome outcome =
      driftcage({"trace", "-o", "/dev/full", "--", "sh", "-c", "exit 5"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("the command itself ended with exit "
                                     "code 5"));
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

TEST_F(Trace, TheCallersOwnFilesCanBeChangedInTheCopy) {
  write("closed/f", "old\n");
  write("f", "old\n");
  fs::permissions(folder_ / "closed", fs::perms::owner_all);
  fs::permissions(folder_ / "f",
                  fs::perms::owner_read | fs::perms::owner_write);
  const Outcome outcome =
      driftcage({"trace", "-o", "/dev/null", "--", "sh", "-c",
                 "echo new >>f && cat f && cd closed && cat f && echo x >f && "
                 "mv f g && chmod 644 g && rm -r ../closed && stat -c %u ../f"},
                here());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "old\nnew\nold\n0\n");
  EXPECT_EQ(read_text(folder_ / "f"), "old\n");
  EXPECT_EQ(read_text(folder_ / "closed/f"), "old\n");
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
              ContainsRegex("sh\\[[^ ]+\\] +lookup no-such-program-here = "
                            "none   # tried "));
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

// What `driftcage trace --json` wrote, line by line.
std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> all;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    all.push_back(nlohmann::json::parse(line));
  return all;
}

TEST_F(Trace, ATraceThatCannotBeWrittenIsAnError) {
  for (const char* where : {"-o /dev/full", "2>/dev/full"}) {
    const Outcome outcome = execute(
        {"sh", "-c",
         std::string(DRIFTCAGE_PROGRAM) + " trace " + where + " -- true"});
    EXPECT_EQ(outcome.code, 3) << where;
  }
}

// Ctrl-\ ends it as Ctrl-C does; what was seen is not lost.
TEST_F(Trace, QuitKeepsTheTrace) {
  const Outcome outcome =
      interrupt({DRIFTCAGE_PROGRAM, "trace", "-o", "t", "--", "sh", "-c",
                 "cat absent.txt; echo up; while :; do :; done"},
                "up", SIGQUIT, here());
  EXPECT_EQ(outcome.code, 128 + SIGQUIT) << outcome.err;
  EXPECT_THAT(read_text(folder_ / "t"), HasSubstr("absent.txt = ENOENT"));
}

TEST_F(Trace, JsonIsAsItsSchemaSays) {
  const Outcome outcome =
      driftcage({"trace", "--json", "--all", "--mapped", "-o", "t", "--", "sh",
                 "-c", "cat absent.txt; /usr/bin/env true"},
                here());
  EXPECT_EQ(outcome.code, 0);
  const auto all = json_lines(read_text(folder_ / "t"));
  ASSERT_GT(all.size(), 4U);
  EXPECT_EQ(all.front()["type"], "trace");
  EXPECT_EQ(all.front()["engine"], "seccomp");
  EXPECT_EQ(all.back()["type"], "end");
  EXPECT_EQ(all.back()["integrity"], "complete");
  std::size_t mapped = 0;
  bool absent = false;
  bool identified = false;
  for (const auto& line : all) {
    mapped += line["type"] == "mapped" ? 1 : 0;
    absent = absent || (line.value("path", "") == "absent.txt" &&
                        line["errno"] == "ENOENT" && line["program"] == "cat");
    identified = identified || line.contains("file");
  }
  EXPECT_GE(mapped, 3U);
  EXPECT_TRUE(absent);
  EXPECT_TRUE(identified);
  DRIFTCAGE_SKIP_UNLESS_EMPTY(
      std::system("/usr/bin/python3 -c 'import jsonschema' 2>/dev/null") == 0
          ? ""
          : "no python3-jsonschema");
  const std::string check =
      "/usr/bin/python3 " DRIFTCAGE_SOURCE_DIR
      "/tests/unit/report/check_schema.py " DRIFTCAGE_SOURCE_DIR
      "/docs/trace.schema.json cat " +
      (folder_ / "t").string();
  EXPECT_EQ(std::system(check.c_str()), 0);
}

TEST_F(Trace, AFilterIsAnEventLine) {
  const Outcome outcome = driftcage(
      {"trace", "--filter", "open $WORK/*.txt = fail by cat", "--", "sh", "-c",
       "cat absent.txt other.txt 2>/dev/null; test -e $0", "absent.md"},
      here());
  EXPECT_EQ(outcome.code, 1);
  const std::string shown = clean(outcome.err);
  EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), 2) << shown;
  EXPECT_THAT(shown, HasSubstr("open <folder>/other.txt = ENOENT"));
}

TEST_F(Trace, AFilterWithAMistakeIsShownWithACaret) {
  const Outcome outcome =
      driftcage({"trace", "--filter", "opne x", "--", "echo", "ran"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, HasSubstr("did you mean \"open\"?"));
  EXPECT_THAT(outcome.err, HasSubstr("^"));
  EXPECT_EQ(outcome.err.find("error"), outcome.err.rfind("error"));
}

TEST_F(Trace, AFilterWithAnUnknownNameIsToldTheKnownOnes) {
  const auto told = [](const char* filter) {
    return driftcage({"trace", "--filter", filter, "--", "true"}).err;
  };
  EXPECT_THAT(told("chdir /x"), HasSubstr("verbs are exec, open, stat, "));
  // One of scenarios, and none at all.
  for (const char* filter : {"open $GOCACHE/x", "open $NOSUCH/x"})
    EXPECT_THAT(told(filter), HasSubstr("known here are $WORK, $HOME, $TMP"));
  EXPECT_THAT(told("open $HOMR/x"),
              HasSubstr("did you mean $HOME? (known here are $WORK, "));
}

TEST_F(Trace, ABadEndTellsOfFailuresThatAreNotShown) {
  const Outcome bad = driftcage(
      {"trace", "-o", "t", "--", "sh", "-c", "test -e absent"}, here());
  EXPECT_EQ(bad.code, 1);
  EXPECT_THAT(bad.err, IsEmpty());
  EXPECT_THAT(read_text(folder_ / "t"),
              HasSubstr("driftcage: note: 1 failed call is not shown (stat 1): "
                        "--failed shows it\n"));
  for (const char* option : {"--failed", "--all", "--json", "--strace"}) {
    const Outcome other = driftcage(
        {"trace", option, "--", "sh", "-c", "test -e absent"}, here());
    EXPECT_THAT(other.err, Not(HasSubstr("not shown"))) << option;
  }
  const Outcome well =
      driftcage({"trace", "--", "sh", "-c", "test -e absent; exit 0"}, here());
  EXPECT_THAT(well.err, Not(HasSubstr("not shown")));
}

TEST_F(Trace, AFilterThatCannotBeMeantIsAMistakeOfUse) {
  for (const char* filter : {"open $NOSUCH/x", "open ** x3"}) {
    const Outcome outcome =
        driftcage({"trace", "--filter", filter, "--", "echo", "ran"});
    EXPECT_EQ(outcome.code, 2) << filter;
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_THAT(outcome.err, HasSubstr("--filter"));
  }
}

TEST_F(Trace, StraceLines) {
  const Outcome outcome = driftcage(
      {"trace", "--strace", "-o", "t", "--", "cat", "absent.txt"}, here());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(read_text(folder_ / "t"),
              ContainsRegex("[0-9]+ +openat\\(AT_FDCWD, \"absent.txt\", "
                            "O_RDONLY\\) = -1 ENOENT \\(No such file or "
                            "directory\\)\n"));
  EXPECT_THAT(read_text(folder_ / "t"),
              ContainsRegex("[0-9]+ +\\+\\+\\+ exited with 1 \\+\\+\\+\n$"));
}

TEST_F(Trace, PerfettoJson) {
  const Outcome outcome = driftcage(
      {"trace", "--perfetto", "-o", "t", "--", "cat", "absent.txt"}, here());
  EXPECT_EQ(outcome.code, 1);
  const auto json = nlohmann::json::parse(read_text(folder_ / "t"));
  EXPECT_EQ(json["otherData"]["integrity"], "complete");
  EXPECT_EQ(json["otherData"]["outcome"], "finished");
  bool slice = false;
  for (const auto& item : json["traceEvents"])
    slice = slice || (item["ph"] == "X" && item["name"] == "cat" &&
                      item["args"]["end"] == "exit 1");
  EXPECT_TRUE(slice);
}

TEST_F(Trace, BothEnginesSeeTheSame) {
  write("f", "x\n");
  const Outcome outcome =
      driftcage({"trace", "--verify", "--failed", "-o", "/dev/null", "--", "sh",
                 "-c", "cat f none; exit 4"},
                here());
  EXPECT_EQ(outcome.code, 4) << outcome.err;
  EXPECT_EQ(outcome.out, "x\n");
  EXPECT_THAT(outcome.err, HasSubstr("both engines saw the same "));
}

TEST_F(Trace, VerifyTellsWhatDiffers) {
  // A time is a name that no second run asks for again.
  const Outcome outcome =
      driftcage({"trace", "--verify", "-o", "/dev/null", "--", "sh", "-c",
                 "cat $(date +%N | tr 0-9 a-j) 2>/dev/null; true"},
                here());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("the engines saw different calls"));
  EXPECT_THAT(outcome.err, HasSubstr("1 times, 0 times: openat "));
}

TEST_F(Trace, VerifyNeedsTwoEngines) {
  const Outcome one =
      execute({DRIFTCAGE_DENY_CALL, "seccomp", DRIFTCAGE_PROGRAM, "trace",
               "--verify", "-o", "t", "--", "true"},
              here());
  EXPECT_EQ(one.code, 3);
  EXPECT_THAT(one.err, HasSubstr("there is one engine here only: ptrace"));
  const Outcome other = driftcage(
      {"trace", "--verify", "--engine", "ptrace", "-o", "t", "--", "true"},
      here());
  EXPECT_EQ(other.code, 0);
  EXPECT_THAT(other.err, HasSubstr("both engines saw the same "));
}

TEST_F(Trace, WithoutFiltersTheOtherEngineIsTaken) {
  Setting setting = here();
  const Outcome outcome =
      execute({DRIFTCAGE_DENY_CALL, "seccomp", DRIFTCAGE_PROGRAM, "trace",
               "--json", "-o", "t", "--", "cat", "absent.txt"},
              setting);
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  const auto all = json_lines(read_text(folder_ / "t"));
  EXPECT_EQ(all.front()["engine"], "ptrace");
  EXPECT_TRUE(std::any_of(all.begin(), all.end(), [](const auto& line) {
    return line.value("path", "") == "absent.txt";
  }));
  EXPECT_EQ(all.back()["integrity"], "complete");
}

TEST_F(Trace, WhereNobodyMayBeTracedNothingRuns) {
  const Outcome outcome =
      execute({DRIFTCAGE_DENY_CALL, "ptrace", DRIFTCAGE_PROGRAM, "trace", "--",
               "sh", "-c", "echo ran"},
              here());
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("ptrace: PTRACE_SEIZE: Operation not "
                                     "permitted (EPERM)\n  hint: "));
  EXPECT_EQ(outcome.out, "");
  const Outcome doctor =
      execute({DRIFTCAGE_DENY_CALL, "ptrace", DRIFTCAGE_PROGRAM, "doctor"}, {});
  EXPECT_THAT(doctor.out, HasSubstr("E-PTRACE-DENIED"));
}

TEST_F(Trace, SecretsAreHiddenUnlessAskedFor) {
  Setting setting = here();
  setting.set["DC_API_TOKEN"] = "hush";
  for (const bool show : {false, true}) {
    std::vector<std::string> words = {"trace", "--json", "-o", "t"};
    if (show) words.emplace_back("--show-secrets");
    words.insert(words.end(), {"--", "true"});
    EXPECT_EQ(driftcage(words, setting).code, 0);
    EXPECT_EQ(read_text(folder_ / "t").find("hush") != std::string::npos, show);
  }
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

TEST_F(Trace, TheTraceGoesToNoStandardOutput) {
  const Outcome outcome =
      driftcage({"trace", "-o", "-", "--", "echo", "ran"}, here());
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, HasSubstr("standard error"));
  EXPECT_FALSE(fs::exists(folder_ / "-"));
}

TEST_F(Trace, WhatWasStoppedSaysSo) {
  const auto stopped = [this](std::vector<std::string> options) {
    std::vector<std::string> words = {DRIFTCAGE_PROGRAM, "trace", "-o", "t"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(),
                 {"--", "sh", "-c", "echo up; while :; do :; done"});
    return interrupt(words, "up", SIGTERM, here());
  };
  const std::string note =
      "driftcage: note: stopped by SIGTERM, everything was killed\n";
  const Outcome text = stopped({"--verify"});
  EXPECT_EQ(text.code, 128 + SIGTERM);
  EXPECT_TRUE(read_text(folder_ / "t").ends_with("SIGKILL\n" + note))
      << read_text(folder_ / "t");
  EXPECT_THAT(text.err, HasSubstr("the second run did not happen"));
  EXPECT_EQ(stopped({"--perfetto"}).code, 128 + SIGTERM);
  const auto json = nlohmann::json::parse(read_text(folder_ / "t"));
  EXPECT_EQ(json["otherData"]["outcome"], "cancelled");
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
