// SPDX-License-Identifier: Apache-2.0
// driftcage-gtest DIR: a test program made of a folder of scenarios.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>

#include "driftcage/gtest.h"

namespace {

constexpr int kUsage = 2;
constexpr const char* kHelp =
    "Usage: driftcage-gtest [DIR] [--gtest_...]\n"
    "\n"
    "Runs the scenarios of DIR as tests of GoogleTest: \"go/no-gcc\" is the "
    "test\ngo.no_gcc. Without DIR: the variable DRIFTCAGE_SCENARIOS, else "
    "./scenarios.\n"
    "\n"
    "Examples:\n"
    "  driftcage-gtest scenarios --gtest_list_tests\n"
    "  driftcage-gtest scenarios --gtest_filter='go.*' "
    "--gtest_output=xml:out.xml\n"
    "  GTEST_TOTAL_SHARDS=4 GTEST_SHARD_INDEX=0 driftcage-gtest scenarios\n"
    "\n"
    "The variable DRIFTCAGE_PROGRAM names another driftcage than the one "
    "beside it.\n\n";

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--help") == 0) {
      std::cout << kHelp;
      testing::InitGoogleTest(&argc, argv);  // adds its own options
      return RUN_ALL_TESTS();
    }
  }
  // Takes the options that it knows away.
  testing::InitGoogleTest(&argc, argv);
  const char* named = std::getenv("DRIFTCAGE_SCENARIOS");
  std::string folder = named != nullptr && *named != '\0' ? named : "scenarios";
  if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
    if (std::strcmp(argv[argc - 1], "--help") != 0) {
      std::cerr << "driftcage-gtest: there is no option or second folder \""
                << argv[argc - 1] << "\"\n"
                << kHelp;
      return kUsage;
    }
  } else if (argc == 2) {
    folder = argv[1];
  }
  if (!driftcage::gtest::register_scenarios(folder)) return kUsage;
  if (testing::UnitTest::GetInstance()->total_test_count() == 0) {
    std::cerr << "driftcage-gtest: there is no scenario in " << folder << "\n";
    return kUsage;
  }
  return RUN_ALL_TESTS();
}
