// SPDX-License-Identifier: Apache-2.0
#include "harness/match/sequence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/scenario/parser.h"
#include "tests/unit/match/trace_builder.h"

namespace driftcage::match {
namespace {

model::EventLine line(const std::string& text) {
  const auto parsed = scenario::parse_event_line(text, {"t.toml", 1, 1, 1});
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : model::EventLine{};
}

LineMatch match(const std::vector<std::string>& steps,
                const std::vector<std::string>& gaps,
                const TraceBuilder& trace) {
  model::EventLine sequence;
  for (const std::string& step : steps) sequence.steps.push_back(line(step));
  for (const std::string& gap : gaps) sequence.gap_never.push_back(line(gap));
  auto matcher = LineMatcher::make({sequence}, {});
  if (!matcher) {
    ADD_FAILURE() << matcher.error().message();
    return {};
  }
  for (const auto& record : trace.records) matcher->add(record);
  matcher->finish();
  return matcher->result().at(0);
}

// go opens a and b, its child c opens c, a second child d opens d.
TraceBuilder tree() {
  TraceBuilder trace;
  trace.program(1, "/bin/go", "/usr/bin")
      .call(1, "openat", "/a")
      .start(2, 1)
      .call(2, "openat", "/c")
      .end(2)
      .call(1, "openat", "/b", ENOENT)
      .start(3, 1)
      .call(3, "openat", "/d")
      .end(3)
      .end(1);
  return trace;
}

TEST(Sequence, TakesStepsInOrderOnly) {
  EXPECT_EQ(match({"open /a", "open /b"}, {}, tree()).count, 1u);
  EXPECT_EQ(match({"open /b", "open /a"}, {}, tree()).count, 0u);
  EXPECT_EQ(match({"open /a", "open /b = ok"}, {}, tree()).count, 0u);
  EXPECT_EQ(
      match({"exec /bin/go", "open /a", "open /b = ENOENT"}, {}, tree()).count,
      1u);
}

TEST(Sequence, FollowsTheTreeOfItsFirstStep) {
  EXPECT_EQ(match({"open /a", "open /c", "open /d"}, {}, tree()).count, 1u);
  // Neither the parent nor a brother belongs to the tree below process 2.
  EXPECT_EQ(match({"open /c", "open /b"}, {}, tree()).count, 0u);
  EXPECT_EQ(match({"open /c", "open /d"}, {}, tree()).count, 0u);
}

TEST(Sequence, OneEventIsOneStep) {
  EXPECT_EQ(match({"open /a", "open /a"}, {}, tree()).count, 0u);
  EXPECT_EQ(match({"open /?", "open /?"}, {}, tree()).count, 2u);
}

TEST(Sequence, GapsEndTheAttempt) {
  EXPECT_EQ(match({"open /a", "open /d"}, {"open /b"}, tree()).count, 0u);
  EXPECT_EQ(match({"open /a", "open /d"}, {"open /x"}, tree()).count, 1u);
  // Before the first step and after the last there is no gap.
  EXPECT_EQ(match({"open /b", "open /d"}, {"open /a"}, tree()).count, 1u);
  EXPECT_EQ(match({"open /a", "open /c"}, {"open /b"}, tree()).count, 1u);
  // A step is no gap.
  EXPECT_EQ(match({"open /a", "open /b", "open /d"}, {"open /b"}, tree()).count,
            1u);
}

TEST(Sequence, StartsAgainAfterAGap) {
  TraceBuilder trace;
  trace.program(1, "/bin/go", "/usr/bin")
      .call(1, "openat", "/a")
      .call(1, "openat", "/gap")
      .call(1, "openat", "/a")
      .call(1, "openat", "/b")
      .end(1);
  EXPECT_EQ(match({"open /a", "open /b"}, {"open /gap"}, trace).count, 1u);
}

TEST(Sequence, TreesDoNotShareSteps) {
  TraceBuilder trace;
  trace.program(1, "/bin/sh", "/usr/bin")
      .start(2, 1)
      .start(3, 1)
      .call(2, "openat", "/a")
      .call(3, "openat", "/b")
      .call(3, "openat", "/a")
      .call(2, "openat", "/b")
      .end(2)
      .end(3)
      .end(1);
  EXPECT_EQ(match({"open /a", "open /b"}, {}, trace).count, 1u);
}

TEST(Sequence, DerivedEventsCountWhenComplete) {
  TraceBuilder trace;
  trace.program(1, "/bin/go", "/usr/local/bin:/usr/bin")
      .call(1, "openat", "/a")
      .call(1, "newfstatat", "/usr/local/bin/gcc", ENOENT)
      .call(1, "newfstatat", "/usr/bin/gcc", ENOENT)
      .call(1, "openat", "/b")
      .end(1);
  EXPECT_EQ(match({"open /a", "lookup gcc = none"}, {}, trace).count, 1u);
}

TEST(Sequence, TellsHowFarItCame) {
  const LineMatch none = match({"open /x", "open /a"}, {}, tree());
  EXPECT_EQ(none.reached, 0u);
  const LineMatch two =
      match({"open /a", "open /c", "open /b = ok"}, {}, tree());
  EXPECT_EQ(two.reached, 2u);
  ASSERT_EQ(two.closest.size(), 2u);
  EXPECT_EQ(two.closest[0].event.path, "/c");
  EXPECT_EQ(two.closest[0].differs, "the last step seen");
  EXPECT_EQ(two.closest[1].event.path, "/b");
  EXPECT_EQ(two.closest[1].differs, "result");
  const LineMatch gap = match({"open /a", "open /d"}, {"open /b"}, tree());
  EXPECT_EQ(gap.reached, 1u);
  ASSERT_EQ(gap.closest.size(), 2u);
  EXPECT_EQ(gap.closest[0].event.path, "/b");
  EXPECT_EQ(gap.closest[0].differs, "a gap_never event");
}

TEST(Sequence, ShowsTheStepsOfTheFirstRun) {
  const LineMatch seen = match({"open /a", "open /c", "open /d"}, {}, tree());
  ASSERT_EQ(seen.first.size(), 3u);
  EXPECT_EQ(seen.first[0].event.path, "/a");
  EXPECT_EQ(seen.first[2].event.path, "/d");
}

TEST(Sequence, KeepsItsPlaceAmongLines) {
  model::EventLine sequence;
  sequence.steps = {line("open /a"), line("open /b")};
  auto matcher =
      LineMatcher::make({line("open /a"), sequence, line("open /zz")}, {});
  ASSERT_TRUE(matcher);
  for (const auto& record : tree().records) matcher->add(record);
  matcher->finish();
  const auto result = matcher->result();
  EXPECT_EQ(result.at(0).count, 1u);
  EXPECT_EQ(result.at(1).count, 1u);
  EXPECT_EQ(result.at(2).count, 0u);
}

TEST(Sequence, BadGlobInAStepIsAnError) {
  model::EventLine sequence;
  sequence.steps = {line("open /a"), line("open /b")};
  sequence.steps[1].subject = "$NOBODY/x";
  EXPECT_FALSE(LineMatcher::make({sequence}, {}));
}

}  // namespace
}  // namespace driftcage::match
