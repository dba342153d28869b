// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

// Skips the test with `reason` unless that is empty. Fails it instead where
// DRIFTCAGE_MUST_WORK is set: a test suite that skips its core looks healthy.
#define DRIFTCAGE_SKIP_UNLESS_EMPTY(reason)                               \
  do {                                                                    \
    const std::string why_ = (reason);                                    \
    if (!why_.empty() && std::getenv("DRIFTCAGE_MUST_WORK") != nullptr) { \
      FAIL() << why_;                                                     \
    }                                                                     \
    if (!why_.empty()) GTEST_SKIP() << why_;                              \
  } while (false)

// For what only root can do. No failure for others even where everything must
// work: the same tests run as root, too.
#define DRIFTCAGE_ROOT_ONLY(reason) \
  if (::geteuid() != 0) GTEST_SKIP() << (reason)
