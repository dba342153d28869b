// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/miner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace driftcage::mine {
namespace {

using model::Verb;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TraceLine line(Verb verb, const std::string& subject,
               const std::string& result = "ok", int err = 0,
               const std::string& program = "go") {
  TraceLine made;
  made.verb = verb;
  made.subject = subject;
  made.result = result;
  made.program = program;
  made.err = err;
  made.count = 1;
  return made;
}

std::vector<std::string> texts(const std::vector<Candidate>& list) {
  std::vector<std::string> found;
  for (const Candidate& one : list) found.push_back(one.line);
  return found;
}

const TraceLine kBuild = line(Verb::Exec, "go");
const TraceLine kNoGcc = line(Verb::Lookup, "gcc", "none", ENOENT);
const TraceLine kGcc = line(Verb::Exec, "gcc");

TEST(Miner, WhatIsInEveryBrokenRunAndInNoHealthyOneFlips) {
  const Mined mined = mine({{kBuild, kGcc}, {kBuild, kGcc}},
                           {{kBuild, kNoGcc}, {kBuild, kNoGcc}}, {});
  EXPECT_THAT(texts(mined.see), ElementsAre("lookup gcc = none"));
  EXPECT_THAT(texts(mined.never), ElementsAre("exec gcc = ok"));
  EXPECT_THAT(texts(mined.keep), ElementsAre("exec go = ok"));
}

TEST(Miner, WhatOnlySomeRunsHaveIsUnstable) {
  const Mined mined =
      mine({{kBuild}, {kBuild}}, {{kBuild, kNoGcc}, {kBuild}}, {});
  EXPECT_THAT(mined.see, IsEmpty());
  EXPECT_EQ(mined.unstable, 1u);
}

TEST(Miner, OneHealthyRunThatHasItIsEnoughToDropALine) {
  const Mined mined = mine({{kBuild}, {kBuild, kNoGcc}},
                           {{kBuild, kNoGcc}, {kBuild, kNoGcc}}, {});
  EXPECT_THAT(mined.see, IsEmpty());
}

TEST(Miner, TheProgramIsNamedOnlyWhereItTells) {
  const TraceLine by_make =
      line(Verb::Open, "$WORK/x", "ENOENT", ENOENT, "make");
  const TraceLine by_go = line(Verb::Open, "$WORK/x", "ENOENT", ENOENT);
  const Mined mined = mine({{by_make}}, {{by_make, by_go}}, {});
  EXPECT_THAT(texts(mined.see), ElementsAre("open $WORK/x = ENOENT by go"));
}

TEST(Miner, AVanishedOpenNeedsNoResult) {
  const Mined mined = mine({{line(Verb::Open, "$GOENV")}}, {{kBuild}}, {});
  EXPECT_THAT(texts(mined.never), ElementsAre("open $GOENV"));
}

TEST(Miner, WhatTheFaultChangesComesFirst) {
  const TraceLine other = line(Verb::Open, "$WORK/a", "ENOENT", ENOENT);
  const TraceLine changed = line(Verb::Open, "$WORK/b", "ENOENT", ENOENT);
  Clues clues;
  clues.places = {"$WORK/b"};
  const Mined mined = mine({{}}, {{other, changed}}, clues);
  EXPECT_THAT(texts(mined.see),
              ElementsAre("open $WORK/b = ENOENT", "open $WORK/a = ENOENT"));
}

TEST(Miner, WhatTheMessageNamesComesFirst) {
  const TraceLine other = line(Verb::Open, "$WORK/alpha", "EACCES", EACCES);
  const TraceLine named = line(Verb::Open, "$WORK/beta", "EACCES", EACCES);
  Clues clues;
  clues.said = "open beta: broken\n";
  const Mined mined = mine({{}}, {{other, named}}, clues);
  EXPECT_EQ(mined.see.at(0).line, "open $WORK/beta = EACCES");
}

TEST(Miner, AnErrorOfManyCallsIsOneLine) {
  std::vector<TraceLine> broken;
  for (const char* name : {"a", "b", "c", "d"}) {
    broken.push_back(
        line(Verb::Open, std::string("$WORK/") + name, "EMFILE", EMFILE));
  }
  const Mined mined = mine({{kBuild}}, {broken}, {});
  EXPECT_EQ(mined.see.at(0).line, "open ** = EMFILE");
  EXPECT_THAT(texts(choose(mined.see, 3)), ElementsAre("open ** = EMFILE"));
}

TEST(Miner, NoiseIsLast) {
  const TraceLine noise =
      line(Verb::Open, "/usr/lib/locale/C.utf8", "ENOENT", ENOENT);
  const TraceLine real = line(Verb::Stat, "$WORK/go.mod", "ENOENT", ENOENT);
  const Mined mined = mine({{}}, {{noise, real}}, {});
  EXPECT_EQ(mined.see.at(0).line, "stat $WORK/go.mod = ENOENT");
}

// Which folders PATH has is a matter of the machine.
TEST(Miner, AStepOfASearchTellsLittle) {
  const TraceLine found = line(Verb::Lookup, "as");
  TraceLine probe = line(Verb::Exec, "/opt/tools/bin/as", "ENOENT", ENOENT);
  probe.probe = true;
  const TraceLine other = line(Verb::Stat, "/etc/x.conf", "ENOENT", ENOENT);
  const Mined mined = mine({{kBuild}}, {{kBuild, probe, found, other}}, {});
  EXPECT_THAT(texts(mined.see),
              ElementsAre("lookup as = ok", "stat /etc/x.conf = ENOENT",
                          "exec /opt/tools/bin/as = ENOENT"));
  Clues clues;
  clues.places = {"/opt/tools/bin/as"};
  EXPECT_EQ(texts(mine({{kBuild}}, {{kBuild, probe, found}}, clues).see)[0],
            "exec /opt/tools/bin/as = ENOENT");
}

TEST(Miner, NothingIsMinedOfOneSideAlone) {
  EXPECT_THAT(mine({}, {{kNoGcc}}, {}).see, IsEmpty());
  EXPECT_THAT(mine({{kNoGcc}}, {}, {}).never, IsEmpty());
}

TEST(Choose, RepeatsNothing) {
  const TraceLine stat = line(Verb::Stat, "/usr/bin/ld", "ENOENT", ENOENT);
  const TraceLine exec = line(Verb::Exec, "/usr/bin/ld", "ENOENT", ENOENT);
  const Mined mined = mine({{}}, {{stat, exec}}, {});
  ASSERT_EQ(mined.see.size(), 2u);
  EXPECT_THAT(texts(choose(mined.see, 3)),
              ElementsAre("exec /usr/bin/ld = ENOENT"));
}

TEST(Choose, TakesTheBestEvenWhenNothingIsTelling) {
  const Mined mined = mine({{}}, {{line(Verb::Stat, "$WORK/x")}}, {});
  EXPECT_THAT(texts(choose(mined.see, 3)), ElementsAre("stat $WORK/x = ok"));
  EXPECT_THAT(choose({}, 3), IsEmpty());
}

TEST(Tells, OnlyWhatSpeaksOfTheFailure) {
  EXPECT_TRUE(tells(mine({{}}, {{kNoGcc}}, {}).see));
  EXPECT_FALSE(tells(mine({{}}, {{line(Verb::Stat, "$WORK/x")}}, {}).see));
  EXPECT_FALSE(tells({}));
}

}  // namespace
}  // namespace driftcage::mine
