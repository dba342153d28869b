// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

// Scenarios as tests of GoogleTest: filters, shards, XML output and CTest's
// discovery work on them as on all others. Linked as driftcage::gtest.
//
//   #include <driftcage/gtest.h>
//   int main(int argc, char** argv) {
//     testing::InitGoogleTest(&argc, argv);
//     if (!driftcage::gtest::register_scenarios("scenarios")) return 2;
//     return RUN_ALL_TESTS();
//   }
//
// "go/path-missing-gcc" becomes the test path_missing_gcc of the suite go; the
// id is its value parameter. A test passes when `driftcage run` exits with 0,
// is skipped when the scenario was, and fails with the report otherwise.
namespace driftcage::gtest {

// Registers every scenario of `folder`, each combination of a matrix for
// itself; call it before RUN_ALL_TESTS(). False, after saying why on standard
// error, when they cannot be listed: a mistake in a file, no such folder, no
// driftcage. Which program that is: the variable DRIFTCAGE_PROGRAM, else
// `program`, else driftcage beside this program, else that of PATH.
[[nodiscard]] bool register_scenarios(const std::string& folder,
                                      const std::string& program = {});

}  // namespace driftcage::gtest
