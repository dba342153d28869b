// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "harness/run/trace_file.h"

namespace driftcage::run {

// Writes `records`, encoded, as a run would.
inline void store_trace(const std::string& file, const std::string& records) {
  auto trace = TraceFile::create(file, records.size());
  ASSERT_TRUE(trace) << trace.error().message();
  ASSERT_TRUE(trace->add(records));
  ASSERT_TRUE(trace->seal());
}

}  // namespace driftcage::run
