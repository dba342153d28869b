// SPDX-License-Identifier: Apache-2.0
#include "harness/match/condition.h"

#include <gtest/gtest.h>

#include "harness/scenario/text_format.h"

namespace driftcage::match {
namespace {

const Variables kVariables{{"GOROOT", "/usr/lib/go"}};
const std::map<std::string, std::string> kValues{
    {"tool", "/usr/lib/go/pkg/compile"}, {"seen", "1.22"}};

bool holds(const std::string& text) {
  const auto condition = scenario::condition(text);
  EXPECT_TRUE(condition) << text;
  std::string shown;
  return condition && condition_holds(*condition, kValues, kVariables, &shown);
}

TEST(Condition, Compares) {
  EXPECT_TRUE(holds("${seen} == 1.22"));
  EXPECT_FALSE(holds("${seen} == 1.23"));
  EXPECT_TRUE(holds("go${seen} != go1.23"));
  EXPECT_FALSE(holds("${seen} != 1.22"));
  EXPECT_TRUE(holds("${tool} under $GOROOT"));
  EXPECT_TRUE(holds("$GOROOT under /usr"));
  EXPECT_FALSE(holds("${tool} under /usr/lib/go-1.22"));
  EXPECT_FALSE(holds("${tool} under /usr/lib/g"));
}

TEST(Condition, DoesNotHoldWithoutItsValue) {
  const auto condition = scenario::condition("${other} != 1");
  std::string shown;
  EXPECT_FALSE(condition_holds(*condition, kValues, kVariables, &shown));
  EXPECT_EQ(shown, "${other} != 1: nothing was captured");
}

TEST(Condition, ShowsValues) {
  const auto condition = scenario::condition("${seen} != 1.22");
  std::string shown;
  EXPECT_FALSE(condition_holds(*condition, kValues, kVariables, &shown));
  EXPECT_EQ(shown, "${seen} != 1.22: 1.22 != 1.22");
}

TEST(Captured, FromLinesAndOutput) {
  scenario::Expect expect;
  model::EventLine plain;
  model::EventLine named;
  named.capture = "tool";
  model::EventLine absent;
  absent.capture = "nothing";
  expect.see = {plain};
  expect.keep = {named, absent};
  scenario::OutputPattern regex;
  regex.regex = true;
  regex.text = R"(version go(?P<seen>[\d.]+))";
  expect.leg.output = {regex};
  LegResult leg;
  leg.stderr_text = "compile: version go1.22 is not 1.24\n";
  leg.lines.resize(3);
  leg.lines[0].first.resize(1);
  leg.lines[1].first.resize(2);
  leg.lines[1].first[0].event.path = "compile";
  leg.lines[1].first[0].event.abs = "/x/compile";
  leg.lines[1].first[1].event.abs = "/y/compile";
  const auto values = captured(expect, leg);
  EXPECT_EQ(values, (std::map<std::string, std::string>{{"tool", "/x/compile"},
                                                        {"seen", "1.22"}}));
}

}  // namespace
}  // namespace driftcage::match
