// SPDX-License-Identifier: Apache-2.0
#include "harness/learn/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace driftcage::learn {
namespace {

using ::testing::HasSubstr;

class ProgressFile : public ::testing::Test {
 protected:
  ProgressFile() {
    std::string name = ::testing::TempDir() + "/learn-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~ProgressFile() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& text) const {
    std::ofstream(folder_ + "/learn.json") << text;
  }
  std::string folder_;
};

Attempt attempt(const std::string& started, bool solved) {
  Attempt one;
  one.started = started;
  one.solved = solved;
  return one;
}

TEST_F(ProgressFile, SurvivesARestart) {
  auto progress = Progress::load(folder_).value();
  EXPECT_EQ(progress.state("x/a"), State::Ready);
  Attempt one = attempt("2026-01-01T00:00:00Z", false);
  one.answer = "a, \"b\"\n\xff";
  one.decoys = {"d"};
  ASSERT_TRUE(progress.keep("x/a", one));
  EXPECT_EQ(Progress::load(folder_).value().state("x/a"), State::Open);
  one.solved = true;
  one.way = "lift";
  ASSERT_TRUE(progress.keep("x/a", one));
  const auto again = Progress::load(folder_).value();
  EXPECT_EQ(again.state("x/a"), State::Solved);
  EXPECT_EQ(again.attempts().at("x/a").size(), 1u);
  EXPECT_EQ(again.attempts().at("x/a")[0].way, "lift");
}

TEST_F(ProgressFile, TwoTerminalsLoseNothingOfEachOther) {
  auto here = Progress::load(folder_).value();
  auto there = Progress::load(folder_).value();
  ASSERT_TRUE(here.keep("x/a", attempt("1", true)));
  ASSERT_TRUE(there.keep("x/b", attempt("2", true)));
  ASSERT_TRUE(here.keep("x/a", attempt("3", false)));
  const auto all = Progress::load(folder_).value();
  EXPECT_EQ(all.attempts().at("x/a").size(), 2u);
  EXPECT_EQ(all.state("x/a"), State::Solved);
  EXPECT_EQ(all.state("x/b"), State::Solved);
}

TEST_F(ProgressFile, ADamagedFileIsNotWrittenOver) {
  for (const char* text :
       {"{", "[]", "{\"schema\": 9, \"lessons\": {}}",
        "{\"schema\": 1, \"lessons\": {\"x\": {\"attempts\": [{}]}}}"}) {
    write(text);
    const auto progress = Progress::load(folder_);
    ASSERT_FALSE(progress) << text;
    EXPECT_THAT(progress.error().object, HasSubstr("learn.json"));
  }
}

TEST(Export, IsSafeForSpreadsheets) {
  Attempt one = attempt("1", true);
  one.answer = "=cmd(), \"x\"";
  const std::string csv = progress_csv({{"x/a", {one}}});
  EXPECT_THAT(csv, HasSubstr("\nx/a,1,0,,no,yes,"));
  EXPECT_THAT(csv, HasSubstr("\"'=cmd(), \"\"x\"\"\""));
}

TEST(State, IsTheBestOfAllAttempts) {
  EXPECT_EQ(state_of({}), State::Ready);
  EXPECT_EQ(state_of({attempt("1", true), attempt("2", false)}), State::Solved);
  Attempt told = attempt("3", false);
  told.explained = true;  // after giving up
  EXPECT_EQ(state_of({told}), State::Open);
}

}  // namespace
}  // namespace driftcage::learn
