// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/fix_ideas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcage::mine {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

scenario::Scenario broken(const std::string& program) {
  scenario::Scenario scenario;
  scenario.run = {program, "build"};
  scenario::Fault fault;
  fault.id = "goenv-off";
  fault.effects.env["GOENV"] = "off";
  scenario.faults.push_back(fault);
  return scenario;
}

std::vector<std::string> ids(const std::vector<FixIdea>& ideas) {
  std::vector<std::string> found;
  for (const FixIdea& idea : ideas) found.push_back(idea.id);
  return found;
}

TEST(FixIdeas, UndoingIsAlwaysOne) {
  const auto ideas = fix_ideas(broken("make"), "");
  ASSERT_THAT(ids(ideas), ElementsAre("undo"));
  EXPECT_THAT(ideas[0].lines, ElementsAre(R"(lift = ["goenv-off"])"));
}

TEST(FixIdeas, WhatTheMessageAdvises) {
  const auto ideas = fix_ideas(broken("go"),
                               "go: updates to go.mod needed; to update it:\n"
                               "\tgo mod tidy\n");
  ASSERT_THAT(ids(ideas), Contains("advice"));
  EXPECT_THAT(ideas[1].lines, ElementsAre(R"(run = ["go", "mod", "tidy"])"));
}

TEST(FixIdeas, NotWhatTheFaultDoesAlready) {
  EXPECT_THAT(ids(fix_ideas(broken("go"), "goenv")), Not(Contains("no-goenv")));
}

TEST(FixIdeas, FitTheMessage) {
  EXPECT_THAT(ids(fix_ideas(broken("go"), "gcc: not found")),
              Contains("without-cgo"));
  EXPECT_THAT(ids(fix_ideas(broken("go"), "nothing")),
              Not(Contains("without-cgo")));
}

}  // namespace
}  // namespace driftcage::mine
