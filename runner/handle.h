// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/run/record_reader.h"

namespace driftcage::runner {

// What RUN[/[IMAGE/]ID[/LEG]] names.
struct Handle {
  run::Record record;
  std::vector<run::Summary> results;  // with the id; all when none is given
  std::string id;
  std::string leg;  // may be empty

  // Of the results, which must be some.
  [[nodiscard]] const run::Summary& first_round() const;
};
// RUN is a folder, a run id, the end of one, or latest: see find_record. IMAGE
// is needed where a scenario ran on several. ID~N is round N of --repeat, from
// 1 on. An error names the nearest id.
[[nodiscard]] base::Result<Handle> resolve_handle(const std::string& text);

// The exit code after `error`: kExitUsage where there is no such record or
// nothing of that name in it, kExitHost where it cannot be read.
[[nodiscard]] int exit_code_of(const base::Error& error);

// Warns of what the record lacks; true when there was something.
bool warn_of_gaps(const run::Record& record);

}  // namespace driftcage::runner
