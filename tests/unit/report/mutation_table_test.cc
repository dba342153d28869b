// SPDX-License-Identifier: Apache-2.0
#include "harness/report/mutation_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcage::report {
namespace {

using match::Mutant;
using model::Verdict;
using testing::HasSubstr;

Mutant mutant(Mutant::Kind kind, const std::string& what) {
  Mutant result;
  result.kind = kind;
  result.what = what;
  return result;
}

TEST(MutationTable, CountsWhatTurnedRed) {
  MutationTable table;
  // A mutant's result may come first.
  table.add("go/x", "host", mutant(Mutant::Kind::Fault, "f"), Verdict::NoRepro);
  table.add("go/x", "host", Verdict::Pass, "");
  table.add("go/x", "host", mutant(Mutant::Kind::Fix, "g"), Verdict::NotFixed);
  EXPECT_TRUE(table.all_red());
  EXPECT_THAT(table.markdown(), HasSubstr("| `go/x` | | 1/1 | 1/1 |\n"));
}

TEST(MutationTable, ASurvivorIsNamed) {
  MutationTable table;
  table.add("go/x", "host", Verdict::Pass, "");
  table.add("go/x", "host", mutant(Mutant::Kind::Line, "see a|b"),
            Verdict::Pass);
  EXPECT_FALSE(table.all_red());
  EXPECT_THAT(table.markdown(), HasSubstr("- `go/x`: see a\\|b: pass\n"));
  EXPECT_THAT(table.markdown(), HasSubstr("| `go/x` | 0/1 | | |\n"));
}

TEST(MutationTable, ASkippedCaseProvesNothingAndBreaksNothing) {
  MutationTable table;
  table.add("go/x", "host", Verdict::Skip, "no gcc");
  table.add("go/x", "host", mutant(Mutant::Kind::Fault, "f"), Verdict::Skip);
  EXPECT_TRUE(table.all_red());
  EXPECT_THAT(table.markdown(), HasSubstr("- `go/x`: no gcc\n"));
  table.add("go/y", "host", Verdict::Fail, "exit 1");
  EXPECT_FALSE(table.all_red());
}

}  // namespace
}  // namespace driftcage::report
