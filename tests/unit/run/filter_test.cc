// SPDX-License-Identifier: Apache-2.0
#include "harness/run/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcage::run {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

scenario::Scenario sample() {
  scenario::Scenario s;
  s.id = "go/path-missing-gcc";
  s.tags = {"go", "cgo"};
  s.needs.tools = {{"gcc", "*"}};
  s.needs.libc = "glibc";
  s.faults.emplace_back();
  s.faults[0].id = "no-cc";
  s.faults[0].effects.path.drop = {"gcc"};
  return s;
}

bool holds(const std::string& expression) {
  const auto filter = Filter::parse(expression);
  EXPECT_TRUE(filter) << expression << filter.error().hint;
  return filter && filter->matches(sample(), "debian/trixie");
}

TEST(Filter, EachPredicateLooksAtItsPart) {
  for (const char* yes :
       {"id(go/path-missing-gcc)", "id(go/*)", "tag(cgo)", "tag(c*)",
        "fault(no-cc)", "fault(path.*)", "image(*trixie*)", "needs(gcc)",
        "needs(glibc)", "all()"})
    EXPECT_TRUE(holds(yes)) << yes;
  for (const char* no : {"id(go)", "tag(slow)", "fault(env)", "image(host)",
                         "needs(go)", "weak()"})
    EXPECT_FALSE(holds(no)) << no;
}

TEST(Filter, OperatorsBindAsWritten) {
  EXPECT_TRUE(holds("tag(cgo) & !tag(slow) & image(*trixie*)"));
  EXPECT_TRUE(holds("tag(cgo) | tag(slow) & tag(slow)"));
  EXPECT_FALSE(holds("(tag(cgo) | tag(slow)) & tag(slow)"));
  EXPECT_TRUE(holds("tag(cgo) and not tag(slow)"));
  EXPECT_TRUE(holds("tag(x) or (tag(go))"));
  EXPECT_TRUE(holds("not(tag(x))"));
  EXPECT_TRUE(holds("tag(go)&&tag(cgo)||weak()"));
  EXPECT_TRUE(holds("!!tag(go)"));
}

TEST(Filter, AMistakeHasAPlaceAndANearName) {
  const auto filter = Filter::parse("tag(go) & tga(x)");
  ASSERT_FALSE(filter);
  EXPECT_THAT(filter.error().hint,
              HasSubstr("\n              ^ there is no predicate tga; "
                        "did you mean tag?"));
  for (const char* bad :
       {"", "tag", "tag(", "tag()", "weak(x)", "(tag(x)", "tag(x))",
        "tag(x) tag(y)", "& tag(x)", "tag(x) |", "!", "tag(a\\"})
    EXPECT_FALSE(Filter::parse(bad)) << bad;
}

TEST(Filter, DepthIsBounded) {
  EXPECT_FALSE(Filter::parse(std::string(100'000, '(')));
  EXPECT_FALSE(Filter::parse(std::string(100'000, '!') + "all()"));
}

TEST(Filter, TellsWhichPredicatesNeverHeld) {
  const auto filter = Filter::parse("tag(go) & !tag(slwo)");
  ASSERT_TRUE(filter);
  EXPECT_TRUE(filter->matches(sample(), "host"));
  EXPECT_THAT(filter->never_held(), ElementsAre("tag(slwo)"));
  const auto unasked = Filter::parse("tag(x) & tag(y)");
  ASSERT_TRUE(unasked);
  EXPECT_FALSE(unasked->matches(sample(), "host"));
  EXPECT_THAT(unasked->never_held(), ElementsAre("tag(x)"));
}

}  // namespace
}  // namespace driftcage::run
