// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/draft.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/scenario/parser.h"

namespace driftcage::mine {
namespace {

Head head() {
  Head head;
  head.id = "my/case";
  head.title = "go run . without \"gcc\"";
  head.tags = {"go"};
  head.run = {"go", "run", "."};
  head.files = {{"a.txt", "it's\n"}, {"b.txt", "\\d 'quoted' '''\n"}};
  head.fault_id = "no-gcc";
  head.fault = {R"(path.drop = ["gcc"])"};
  return head;
}

TEST(Draft, WhatIsWrittenIsReadBack) {
  Signature signature;
  signature.exit = "1";
  signature.error = "\"gcc\": not found";
  signature.see = {"lookup gcc = none"};
  const std::string text = compose(
      head_text(head()), signature,
      {{{"undo", "Put it back.", {R"(lift = ["no-gcc"])"}, false}, false},
       {{"cache", "Clean it.", {R"(run = ["true"])"}, true}, true}});
  const auto scenario = scenario::parse(text, "x.toml");
  ASSERT_TRUE(scenario) << text << scenario.error()[0].message;
  EXPECT_EQ(scenario->id, "my/case");
  EXPECT_EQ(scenario->title, "go run . without \"gcc\"");
  EXPECT_EQ(scenario->baseline.files.size(), 2u);
  EXPECT_EQ(scenario->baseline.files[1].text, "\\d 'quoted' '''\n");
  EXPECT_EQ(scenario->faults.at(0).effects.path.drop.at(0), "gcc");
  EXPECT_EQ(scenario->expect.leg.output.at(0).text, "\"gcc\": not found");
  EXPECT_TRUE(scenario->fixes.at(1).wrong);
  EXPECT_EQ(scenario->fixes.at(1).say, "Tempting: clean it. It does not help.");
}

TEST(HeadOf, KeepsWhatStandsAboveTheExpectation) {
  const std::string text = head_of(
      "# why\nschema = 1\nid = \"a/b\"  \nabout = '''\n[expect]\nid = 1\n'''\n"
      "[[fault]]\nid = \"f\"\n[expect]\nsee = []\n[[expect.event]]\n[[fix]]\n"
      "id = \"g\"\n",
      "c/d");
  EXPECT_EQ(text,
            "# why\nschema = 1\nid = \"c/d\"\nabout = '''\n[expect]\nid = 1\n"
            "'''\n[[fault]]\nid = \"f\"\n");
}

}  // namespace
}  // namespace driftcage::mine
