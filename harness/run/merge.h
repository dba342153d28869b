// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/run/record_reader.h"

namespace driftcage::run {

// Joins the run records of all shards of a run to one in `folder`, which must
// be empty or missing. Proves that they are complete: the same selection, each
// shard once, nothing twice, nothing missing. All that is wrong comes in one
// error, and then nothing is written. With `partial`, what is missing is
// accepted and stays "not run".
[[nodiscard]] base::Result<Record> merge_shards(
    const std::vector<Record>& shards, const std::string& folder, bool partial);

// Completes the record of a rerun: results of `earlier` that were not run again
// are taken over, with their folders. The record then tells about everything.
base::Status carry_over(const Record& earlier, const std::string& folder);

}  // namespace driftcage::run
