// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/scenario/checker.h"
#include "harness/scenario/document.h"
#include "harness/scenario/parser.h"

namespace driftcage::scenario {

// How deep files can include each other.
inline constexpr std::size_t kMaxIncludeDepth = 3;

// Takes the keys of the files that `include` names into `root`: tables are
// merged key by key, of everything else the including file's own counts, and a
// later file's before an earlier one's. Mistakes inside an included file are
// reported with that file's text; what comes of its keys later points to the
// `include`.
void include_files(const std::string& file, const ReadFile& read, Node* root,
                   Mistakes* mistakes);

}  // namespace driftcage::scenario
