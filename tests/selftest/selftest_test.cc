// SPDX-License-Identifier: Apache-2.0
// Broken scenarios: each must get the verdict that expected.json says, decided
// by the leg that it names, and no other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <ostream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/model/verdict.h"
#include "tests/cli/command.h"

namespace driftcage::cli_test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const fs::path kFolder = fs::path(DRIFTCAGE_SOURCE_DIR) / "tests/selftest";

struct Case {
  std::string file;
  std::vector<std::string> arguments;
  std::string verdict;  // empty: the file is refused, nothing runs
  std::string leg;      // that decides; empty: none does
  int exit = 0;
  std::size_t scenarios = 1;
};

void PrintTo(const Case& test, std::ostream* out) { *out << test.file; }

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const Json& item : Json::parse(read_text(kFolder / "expected.json"))) {
    all.push_back({item.at("file"),
                   item.value("arguments", std::vector<std::string>{}),
                   item.value("verdict", ""), item.value("leg", ""),
                   item.at("exit"), item.value("scenarios", std::size_t{1})});
  }
  return all;
}

std::string test_name(const ::testing::TestParamInfo<Case>& info) {
  std::string name = fs::path(info.param.file).stem().string();
  for (const std::string& argument : info.param.arguments) name += argument;
  std::erase_if(name, [](char c) { return !::isalnum(c) && c != '-'; });
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

class Selftest : public CageProject,
                 public ::testing::WithParamInterface<Case> {};

class Collect : public CageProject {};

TEST_P(Selftest, GetsItsVerdict) {
  const Case& test = GetParam();
  std::vector<std::string> arguments{"run", "--record", "record"};
  for (const std::string& argument : test.arguments) {
    const bool file = argument.ends_with(".toml");
    arguments.push_back(file ? (kFolder / argument).string() : argument);
  }
  arguments.push_back(kFolder / test.file);
  const Outcome outcome = driftcage(arguments, here());
  EXPECT_EQ(outcome.code, test.exit) << outcome.out << outcome.err;

  const fs::path record = folder_ / "record";
  if (test.verdict.empty()) {
    EXPECT_FALSE(fs::exists(record)) << "something was run";
    EXPECT_THAT(outcome.err, ::testing::HasSubstr(test.file + ":"));
    return;
  }
  std::istringstream summaries(read_text(record / "results.jsonl"));
  std::size_t scenarios = 0;
  for (std::string line; std::getline(summaries, line); ++scenarios) {
    const Json summary = Json::parse(line);
    EXPECT_EQ(summary.at("verdict"), test.verdict) << outcome.out;
    const Json result = Json::parse(read_text(
        record / summary.at("folder").get<std::string>() / "result.json"));
    EXPECT_EQ(result.at("decided_by"), test.leg) << outcome.out;
  }
  EXPECT_EQ(scenarios, test.scenarios);
}

INSTANTIATE_TEST_SUITE_P(Broken, Selftest, ::testing::ValuesIn(cases()),
                         test_name);

// What on_fail collects, in the cage of the leg that decided.
TEST_F(Collect, RunsInTheLegThatDecided) {
  const Outcome outcome = driftcage(
      {"run", "--record", "record", kFolder / "no-repro-see.toml"}, here());
  EXPECT_EQ(outcome.code, 1) << outcome.out << outcome.err;
  const fs::path leg = folder_ / "record/host/selftest/no-repro-see/fault";
  EXPECT_EQ(read_text(leg / "collect-1.txt"), "ready\n");
  EXPECT_THAT(read_text(leg / "collect-2.txt"),
              ::testing::HasSubstr("No such file or directory"));
}

TEST(SelftestFolder, ListsEveryScenario) {
  std::set<std::string> listed;
  for (const Case& test : cases()) listed.insert(test.file);
  std::set<std::string> there;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".toml") && !name.starts_with('_')) there.insert(name);
  }
  EXPECT_EQ(listed, there);
}

// Leak is missing: nothing outlives the end of a pid namespace.
TEST(SelftestFolder, HoldsEveryVerdictThatCanBeReached) {
  std::set<std::string> reached;
  for (const Case& test : cases()) reached.insert(test.verdict);
  using model::Verdict;
  for (const Verdict verdict :
       {Verdict::Pass, Verdict::NoRepro, Verdict::FalseAlarm, Verdict::NotFixed,
        Verdict::DecoyWorks, Verdict::Fail, Verdict::Unresolved, Verdict::Error,
        Verdict::Timeout, Verdict::Skip, Verdict::Xfail, Verdict::Xpass,
        Verdict::Expired}) {
    EXPECT_TRUE(reached.contains(std::string(model::verdict_name(verdict))))
        << model::verdict_name(verdict);
  }
}

}  // namespace
}  // namespace driftcage::cli_test
