// SPDX-License-Identifier: Apache-2.0
// Lessons without a person: the menu, refusals, the export, and the author's
// proof, in which everything is typed at a terminal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tests/cli/command.h"
#include "tests/cli/terminal.h"

namespace driftcage::cli_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Needs nothing but cat: what it reads is elsewhere.
std::string tiny_lesson(const std::string& learn,
                        const std::string& fixes = {}) {
  return R"(schema = 1
id     = "tiny/elsewhere"
title  = "A name that leads elsewhere"
sh     = 'exec cat "$DATA"'

[env]
DATA = "data.txt"

[files]
"data.txt" = "here\n"

[[fault]]
id       = "renamed"
env.DATA = "data.old"

[expect]
exit  = 1
see   = ["open $WORK/data.old = ENOENT by cat"]
never = ["open $WORK/data.txt = ok by cat"]

[[fix]]
id   = "name"
say  = "Name the file that is there."
lift = ["renamed"]

[[fix]]
id    = "again"
say   = "Tempting: a third name. Nothing of that name is there either."
env.DATA = "data.new"
wrong = true
)" + fixes +
         R"(
[learn]
story   = "A file was renamed. The program was not told."
ask     = "Which name does it open?"
hints   = ["Look at the open.", "Where does the name come from?", "Print DATA."]
debrief = "A name is data, too."
)" + learn;
}

class Lessons : public CageProject {
 protected:
  void lesson(const std::string& text) {
    write("scenarios/tiny/elsewhere.toml", text);
  }
  Outcome verify() {
    return driftcage({"learn", "verify", "--pack", "scenarios"}, own());
  }
};

TEST_F(Lessons, AreProvenByTyping) {
  lesson(tiny_lesson(""));
  const Outcome outcome = verify();
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("good  tiny/elsewhere  (3 typed)"));
  EXPECT_THAT(outcome.out, HasSubstr("1 lessons: 1 good, 0 bad"));
}

TEST_F(Lessons, ALineThatDoesNotHelpIsABadLesson) {
  lesson(tiny_lesson("type.name = [\"export DATA=nothing\"]\n"));
  const Outcome outcome = verify();
  EXPECT_EQ(outcome.code, 1) << outcome.out;
  EXPECT_THAT(outcome.out,
              HasSubstr("fix name is typed and does not solve it"));
}

TEST_F(Lessons, ADecoyThatHelpsIsABadLesson) {
  lesson(tiny_lesson("type.again = [\"export DATA=data.txt\"]\n"));
  const Outcome outcome = verify();
  EXPECT_EQ(outcome.code, 1) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("decoy again solves it"));
}

TEST_F(Lessons, FilesAndModesOfTheStudentCount) {
  // Solved in the student's files, below a folder that it makes itself.
  lesson(tiny_lesson(
      "type.name = [\"mkdir sub && cp data.txt sub/x && chmod 400 sub/x\", "
      "\"ln -s sub/x data.old\", \"export DATA=data.txt\"]\n"));
  EXPECT_EQ(verify().code, 0);
}

TEST_F(Lessons, AProtectedFileMustNotBeChanged) {
  lesson(
      tiny_lesson("protect = [\"data.txt\"]\n"
                  "type.name = [\"export DATA=data.txt\", "
                  "\"echo more >>data.txt\"]\n"));
  const Outcome outcome = verify();
  EXPECT_EQ(outcome.code, 1) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("files unchanged?  NO"));
}

TEST_F(Lessons, ResetGivesAFreshCage) {
  lesson(
      tiny_lesson("type.name = [\"rm data.txt\", \"reset\", "
                  "\"export DATA=data.txt\"]\n"));
  const Outcome outcome = verify();
  EXPECT_EQ(outcome.code, 0) << outcome.out;
}

TEST_F(Lessons, WhatCannotBeTriedHereIsNotBad) {
  std::string text = tiny_lesson("");
  text.insert(text.find("[env]"),
              "[needs]\ntools = { no-such-tool = \"*\" }\n\n");
  lesson(text);
  const Outcome outcome = verify();
  EXPECT_EQ(outcome.code, 3) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("?     tiny/elsewhere"));
  EXPECT_THAT(outcome.out, HasSubstr("no-such-tool"));
}

TEST_F(Lessons, TheMenuHidesNamesUntilTheyAreEarned) {
  lesson(tiny_lesson(""));
  const Outcome outcome = driftcage({"learn"}, own());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("A file was renamed."));
  EXPECT_THAT(outcome.out, Not(HasSubstr("elsewhere")));
}

TEST_F(Lessons, ATourLeadsToTheEnd) {
  lesson(tiny_lesson(""));
  Setting setting = own();
  setting.set["TERM"] = "xterm";
  OnTerminal tour({DRIFTCAGE_PROGRAM, "learn", "--tour", "1"}, setting);
  ASSERT_TRUE(tour.wait_for("A guided tour")) << tour.screen();
  // First what tempts, then what helps, with its words.
  ASSERT_TRUE(tour.wait_for("export DATA=data.new")) << tour.screen();
  ASSERT_TRUE(tour.wait_for("It does not help.")) << tour.screen();
  ASSERT_TRUE(tour.wait_for("Name the file that is there."));
  ASSERT_TRUE(tour.wait_for("export DATA=data.txt"));
  ASSERT_TRUE(tour.wait_for("[lesson 1]")) << tour.screen();
  tour.type("export DATA=data.new\ncheck\n");
  ASSERT_TRUE(tour.wait_for("Not yet.")) << tour.screen();
  tour.type("reset\n");
  ASSERT_TRUE(tour.wait_for("A fresh cage")) << tour.screen();
  ASSERT_TRUE(tour.wait_for("[lesson 1]")) << tour.screen();
  tour.type("export DATA=data.txt\ncheck\n");
  ASSERT_TRUE(tour.wait_for("SOLVED")) << tour.screen();
  tour.type("exit\n");
  EXPECT_EQ(tour.finish(), 0) << tour.screen();
  const Outcome kept = driftcage({"learn", "export", "--json"}, own());
  EXPECT_THAT(kept.out, HasSubstr("\"solved\": true"));
  EXPECT_THAT(kept.out, HasSubstr("\"gave_up\": true"));
}

TEST_F(Lessons, ATourNeedsALesson) {
  lesson(tiny_lesson(""));
  const Outcome outcome = driftcage({"learn", "--tour"}, own());
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("driftcage learn --tour 1"));
}

TEST_F(Lessons, NeedATerminal) {
  lesson(tiny_lesson(""));
  const Outcome outcome = driftcage({"learn", "1"}, own());
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("needs a terminal"));
  EXPECT_EQ(driftcage({"learn", "2"}, own()).code, 2);
  EXPECT_EQ(driftcage({"learn", "watch"}, own()).code, 2);
  EXPECT_EQ(driftcage({"learn", "1", "2"}, own()).code, 2);
}

TEST(Pages, OfTheCourseAreCurrent) {
  const std::filesystem::path root = DRIFTCAGE_SOURCE_DIR;
  std::string fresh = ::testing::TempDir() + "/pages-XXXXXX";
  ASSERT_NE(::mkdtemp(fresh.data()), nullptr);
  const Outcome outcome =
      driftcage({"learn", "pages", fresh}, {root.string(), {}, {}});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  std::size_t pages = 0;
  for (const auto& entry : std::filesystem::directory_iterator(fresh)) {
    const auto name = entry.path().filename();
    EXPECT_EQ(read_text(root / "docs/learn" / name), read_text(entry.path()))
        << "write them anew with: driftcage learn pages docs/learn";
    ++pages;
  }
  std::size_t published = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(root / "docs/learn")) {
    published += entry.path().extension() == ".md" ? 1 : 0;
  }
  EXPECT_EQ(pages, published) << "a page of a lesson that is gone";
  EXPECT_GT(pages, 20u);
  std::filesystem::remove_all(fresh);
}

TEST_F(Lessons, TheExportOfNothingIsAHeader) {
  const Outcome csv = driftcage({"learn", "export"}, own());
  EXPECT_EQ(csv.code, 0);
  EXPECT_THAT(csv.out, ::testing::StartsWith("lesson,started,"));
  const Outcome json = driftcage({"learn", "export", "--json"}, own());
  EXPECT_THAT(json.out, HasSubstr("\"schema\": 1"));
  write("state/driftcage/learn.json", "{");
  const Outcome damaged = driftcage({"learn"}, own());
  EXPECT_EQ(damaged.code, 3);
  EXPECT_THAT(damaged.err, HasSubstr("damaged"));
}

}  // namespace
}  // namespace driftcage::cli_test
